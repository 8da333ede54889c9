//! `hooklatch serve`

use super::Exit;
use super::output::remark;
use crate::config::Config;
use crate::providers;
use crate::server::Server;

/// Serves until it is told to stop.
pub(super) async fn run(config: Config) -> Result<(), Exit> {
    for (source, secret) in &config.made {
        let secret = secret.expose_str();
        remark(&format!("hooklatch: made a secret for source `{source}`, kept and shown only now: {secret}"));
    }
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    if providers::KNOWN.is_empty() {
        tracing::warn!("no provider is built into this program; it can only answer 404");
    }
    let sources: Vec<_> = config.sources.iter().map(|source| source.path.clone()).collect();
    let consumers = config.consumers.len();
    let inbox = config.inbox.path.clone();
    let running = Server::new(config).start().await?;
    tracing::info!(
        listen = %running.address(),
        admin = running.admin_address().map_or_else(|| "off".to_owned(), |address| address.to_string()),
        inbox = %inbox.display(),
        sources = sources.join(" "),
        consumers,
        "ready"
    );
    #[cfg(unix)]
    tokio::spawn(refuse_to_reload());
    running.run(asked_to_stop()).await;
    Ok(())
}

/// SIGHUP would end the program; until it can re-read its configuration, it says so and goes on.
#[cfg(unix)]
async fn refuse_to_reload() {
    let Ok(mut hangups) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()) else {
        return;
    };
    while hangups.recv().await.is_some() {
        tracing::warn!("this version does not re-read its configuration; restart it");
    }
}

/// Waits for Ctrl-C, or for SIGTERM where there is such a thing.
pub(super) async fn asked_to_stop() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler the system's own way of stopping still works.
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
