//! Endpoints on loopback: one that speaks HTTP and records, one that writes whatever bytes it is told.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Which connection it came over, counted from zero.
    pub(crate) connection: usize,
}

/// An endpoint that speaks HTTP and keeps what it received.
pub(crate) struct Endpoint {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Endpoint {
    /// An endpoint that answers every request like this.
    pub(crate) async fn answering(
        answer: impl Fn() -> Response<Full<Bytes>> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&received));
        let connections = AtomicUsize::new(0);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let connection = connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, connection, Arc::clone(&answer), Arc::clone(&log)));
            }
        });
        Self { address, received }
    }

    /// An endpoint that answers with this status and no body.
    pub(crate) async fn with_status(status: u16) -> Self {
        Self::answering(move || Response::builder().status(status).body(Full::default()).unwrap()).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hooks?tenant=1", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The one request that came in.
    #[track_caller]
    pub(crate) fn only(&self) -> Received {
        let received = self.received();
        assert_eq!(received.len(), 1);
        received[0].clone()
    }
}

/// Serves one connection, whatever carries it.
pub(crate) async fn serve<S, A>(stream: S, connection: usize, answer: Arc<A>, log: Arc<Mutex<Vec<Received>>>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    A: Fn() -> Response<Full<Bytes>> + Send + Sync + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            log.lock().unwrap().push(Received {
                method: head.method,
                uri: head.uri,
                headers: head.headers,
                body,
                connection,
            });
            Ok::<_, Infallible>(answer())
        }
    });
    // A client that goes away in mid-connection is part of the tests.
    _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// The URL of an endpoint that reads a request and then does as it is told with the connection.
pub(crate) async fn raw<F>(answer: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 16 * 1024];
            if stream.read(&mut request).await.unwrap() > 0 {
                tokio::spawn(answer(stream));
            }
        }
    });
    format!("http://{address}/")
}
