//! Accepts connections, within limits, until told to stop.

mod connections;
mod stream;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use connections::Connections;
use stream::Stream;

/// Limits on connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_connections: usize,
    pub(crate) header_timeout: Duration,
    pub(crate) shutdown_grace: Duration,
}

/// How many connections may wait to be accepted; the system may allow fewer.
///
/// What finds no room there is not refused: its sender tries again a second later.
const MOST_TO_ACCEPT: u32 = 1024;
/// The most bytes of headers that a connection may have in memory: strangers can have it from all connections at once.
const MOST_BUFFERED: usize = 16 << 10;
/// How long what was answered may stay unread.
#[cfg(target_os = "linux")]
const UNREAD_TIMEOUT: Duration = Duration::from_secs(30);
/// When to look again for connections that can make room, where all had a request under way.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// The longest wait after the system refused to accept a connection.
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);

/// Listens on `address`: from now on the system lets connections wait.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // The address is free again as soon as a server has ended, although its connections linger.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(MOST_TO_ACCEPT)
}

/// Serves connections until `stopped`, then lets those under way end within the grace period.
pub(crate) async fn serve<F, Fut>(
    listener: TcpListener,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
    respond: F,
) where
    F: Fn(SocketAddr, Request<Incoming>) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let mut server = http1::Builder::new();
    // Without a timer hyper ignores the limit on the time of headers.
    server.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout).half_close(true);
    server.max_buf_size(MOST_BUFFERED);
    let permits = Arc::new(Semaphore::new(limits.max_connections));
    let connections = Arc::new(Connections::default());
    let graceful = GracefulShutdown::new();
    let mut backoff = Duration::from_millis(5);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(backoff).await;
                backoff = (backoff * 2).min(LONGEST_BACKOFF);
                continue;
            }
        };
        backoff = Duration::from_millis(5);
        // Only this one connection is held without a permit; those behind it wait in the system's queue.
        let permit = tokio::select! {
            permit = permit(&permits, &connections) => permit,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        let _ = stream.set_nodelay(true);
        end_when_unread(&stream);
        let connection = connections.open(peer.ip());
        let (number, phase) = (connection.number(), Arc::clone(&connection.phase));
        let stream = Stream {
            io: TokioIo::new(stream),
            phase: Arc::clone(&phase),
            connections: Arc::clone(&connections),
        };
        let respond = respond.clone();
        let service = service_fn(move |request| {
            let may_answer = phase.begin();
            let (phase, respond) = (Arc::clone(&phase), respond.clone());
            // Boxed, since a connection keeps room for it, also one that waits for its next request.
            Box::pin(async move {
                if !may_answer {
                    return std::future::pending().await;
                }
                // Made in here: a future that is moved in before it is awaited takes its room twice.
                let response = respond(peer, request).await;
                phase.answer();
                Ok::<_, Infallible>(response)
            })
        });
        let serving = graceful.watch(server.serve_connection(stream, service));
        let task = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::debug!(%peer, %error, "a connection ended early");
            }
            drop(connection);
            drop(permit);
        });
        connections.serve(number, task.abort_handle());
    }
    drop(listener);
    if tokio::time::timeout(limits.shutdown_grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests did not end within the grace period");
    }
}

/// A permit for one more connection; where none is free, connections without a request make room.
async fn permit(permits: &Arc<Semaphore>, connections: &Connections) -> Option<OwnedSemaphorePermit> {
    loop {
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Some(permit);
        }
        connections.make_room();
        let acquiring = Arc::clone(permits).acquire_owned();
        if let Ok(permit) = tokio::time::timeout(LOOK_AGAIN, acquiring).await {
            return permit.ok();
        }
    }
}

/// Whoever does not read the answers loses the connection; hyper itself has no limit on the time of writing.
#[cfg(target_os = "linux")]
fn end_when_unread(stream: &TcpStream) {
    let timeout = u32::try_from(UNREAD_TIMEOUT.as_millis()).unwrap_or(u32::MAX);
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(stream, timeout) {
        tracing::debug!(%error, "answers may stay unread for as long as the sender likes");
    }
}

/// Other systems have no such limit on a connection.
#[cfg(not(target_os = "linux"))]
fn end_when_unread(_stream: &TcpStream) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// A sender that closes each connection opens many at once after an outage.
    #[tokio::test]
    async fn a_burst_of_connections_waits_to_be_accepted() {
        let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let burst = allowed.trim().parse::<usize>().unwrap().min(300);
        let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = |_| std::net::TcpStream::connect_timeout(&address, Duration::from_millis(500)).unwrap();
        let connections: Vec<_> = (0..burst).map(connect).collect();
        assert_eq!(connections.len(), burst);
    }

    #[tokio::test]
    async fn answers_may_not_stay_unread_for_ever() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        end_when_unread(&stream);
        assert_eq!(rustix::net::sockopt::tcp_user_timeout(&stream).unwrap(), 30_000);
    }
}
