//! `hooklatch serve`

use super::Exit;
use super::output::remark;
use crate::config::Config;
use crate::providers;
use crate::server::Server;

/// Serves until it is told to stop.
pub(super) async fn run(config: Config) -> Result<(), Exit> {
    config.warnings.iter().for_each(|warning| remark(&format!("hooklatch: {warning}")));
    if providers::KNOWN.is_empty() {
        tracing::warn!("no provider is built into this program; it can only answer 404");
    }
    for source in &config.sources {
        if source.is_open {
            tracing::warn!(source = %source.name, "nothing proves the sender of this source");
        }
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
    running.run(asked_to_stop()).await;
    Ok(())
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
