//! `hooklatch check`

use serde_json::json;

use super::output::{remark, say, table};
use crate::admin::document;
use crate::config::Config;

/// Says what the configuration means. That it can be used, reading it has shown.
pub(super) fn run(config: &Config, as_json: bool) {
    config.warnings.iter().for_each(|warning| remark(&format!("hooklatch: {warning}")));
    if as_json {
        say(&meaning(config).to_string());
        return;
    }
    let server = &config.server;
    say(&format!("listen   {}", server.listen));
    say(&format!(
        "admin    {}",
        server.admin.map_or_else(|| "off".to_owned(), |address| address.to_string())
    ));
    say(&format!("inbox    {}", config.inbox.path.display()));

    let mut sources = table(&["SOURCE", "PROVIDER", "PATH", "PROOF"]);
    for source in &config.sources {
        let path =
            if source.has_path_token { format!("{}/<token>", source.path) } else { source.path.clone() };
        let proof = if source.is_open { "none" } else { "required" };
        sources.add_row([&*source.name, source.handler.provider(), &path, proof]);
    }
    say(&format!("\n{}", sources.trim_fmt()));

    let mut consumers = table(&["CONSUMER", "WHERE", "WHICH"]);
    for consumer in &config.consumers {
        let filter = &consumer.filter;
        let mut which = Vec::new();
        for (key, patterns) in [("topic", &filter.topic), ("source", &filter.source), ("type", &filter.kind)]
        {
            if !patterns.is_empty() {
                which.push(format!("{key}={}", patterns.join("|")));
            }
        }
        which.extend(filter.attributes.iter().map(|(name, values)| format!("{name}={}", values.join("|"))));
        let which = if which.is_empty() { "everything".to_owned() } else { which.join(" and ") };
        consumers.add_row([consumer.name.as_str(), &document::place(&consumer.target), &which]);
    }
    if config.consumers.is_empty() {
        say("\nno consumer: events are kept and handed to nobody");
    } else {
        say(&format!("\n{}", consumers.trim_fmt()));
    }
}

fn meaning(config: &Config) -> serde_json::Value {
    let sources: Vec<_> = config.sources.iter().map(document::source).collect();
    let consumers: Vec<_> = config.consumers.iter().map(document::configured).collect();
    json!({
        "listen": config.server.listen.to_string(),
        "admin": config.server.admin.map(|address| address.to_string()),
        "inbox": config.inbox.path,
        "sources": sources,
        "consumers": consumers,
        "warnings": config.warnings,
    })
}
