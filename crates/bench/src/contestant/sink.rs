//! An HTTP endpoint that takes whatever a consumer is handed, and counts it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::process::pause;
use crate::Result;

/// A running endpoint, on a thread of its own. It ends with the program.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    taken: Arc<AtomicU64>,
}

impl Sink {
    pub(crate) fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let taken = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&taken);
        std::thread::Builder::new()
            .name("sink".to_owned())
            .spawn(move || runtime.block_on(serve(listener, counter)))?;
        Ok(Self { address, taken })
    }

    /// How many requests it has answered.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Waits for the first request, and then until there were `count`: how long that took.
    pub(crate) fn wait(&self, count: u64, at_most: Duration) -> Result<Duration> {
        let asked = Instant::now();
        let mut began = None;
        loop {
            let taken = self.taken();
            if taken > 0 && began.is_none() {
                began = Some(Instant::now());
            }
            if taken >= count {
                return Ok(began.unwrap_or(asked).elapsed());
            }
            if asked.elapsed() > at_most {
                return Err(format!("{taken} of {count} events came within {at_most:?}").into());
            }
            pause(Duration::from_millis(1));
        }
    }
}

async fn serve(listener: TcpListener, taken: Arc<AtomicU64>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let taken = Arc::clone(&taken);
        let service = service_fn(move |request| answer(request, Arc::clone(&taken)));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    taken: Arc<AtomicU64>,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    let mut body = request.into_body();
    while let Some(Ok(frame)) = body.frame().await {
        drop(frame);
    }
    taken.fetch_add(1, Ordering::Relaxed);
    Ok(Response::new(Full::default()))
}
