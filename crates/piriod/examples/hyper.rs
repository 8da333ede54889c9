//! A receiver of Piriod's webhooks with bare hyper, and nothing else of Hooklatch.
//!
//! ```sh
//! PIRIOD_SECRET=whsecret_of_the_panel cargo run -p hooklatch-piriod --example hyper
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it does")]

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use hooklatch_core::{Provider, Refusal, Request, Secret, Settings};
use hooklatch_piriod::payload::Kind;
use hooklatch_piriod::{Event, Piriod};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;

/// A body is two members; whoever sends more has no notification.
const MAX_BODY: usize = 64 * 1024;
/// Piriod waits six seconds for the answer.
const BODY_WITHIN: Duration = Duration::from_secs(3);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = Secret::new(std::env::var("PIRIOD_SECRET")?).ok_or("PIRIOD_SECRET is empty")?;
    let receiver = Receiver::new(Piriod::new(Settings::with_secret(secret))?);
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!("listening on http://{}", listener.local_addr()?);
    serve(listener, Arc::new(receiver)).await?;
    Ok(())
}

async fn serve(listener: TcpListener, receiver: Arc<Receiver>) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        let receiver = Arc::clone(&receiver);
        tokio::spawn(async move {
            let service = service_fn(|request| receiver.answer(request));
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(BODY_WITHIN)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            if let Err(error) = served {
                eprintln!("connection: {error}");
            }
        });
    }
}

struct Receiver {
    piriod: Piriod,
    /// The status of the latest refusal.
    last_refusal: AtomicU16,
}

impl Receiver {
    fn new(piriod: Piriod) -> Self {
        Self { piriod, last_refusal: AtomicU16::new(0) }
    }

    async fn answer(&self, request: hyper::Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
        let mut response = Response::new(Empty::new());
        *response.status_mut() = self.status(request).await;
        Ok(response)
    }

    async fn status(&self, request: hyper::Request<Incoming>) -> StatusCode {
        if request.method() != Method::POST {
            return self.refusal(StatusCode::METHOD_NOT_ALLOWED);
        }
        let (head, body) = request.into_parts();
        let body = match tokio::time::timeout(BODY_WITHIN, Limited::new(body, MAX_BODY).collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(_)) => return self.refusal(StatusCode::BAD_REQUEST),
            Err(_) => return self.refusal(StatusCode::REQUEST_TIMEOUT),
        };
        match self.piriod.accept(Request::new(head.headers, body, now())) {
            Ok(event) => {
                handle(&event);
                StatusCode::OK
            }
            Err(Refusal::Rejected(rejected)) => {
                eprintln!("rejected: {}", rejected.cause);
                self.refusal(StatusCode::UNAUTHORIZED)
            }
            // It is genuine: a refusal would only count against the feed.
            Err(Refusal::Undecodable(error)) => {
                eprintln!("cannot be read: {error}");
                StatusCode::ACCEPTED
            }
        }
    }

    /// Piriod switches a webhook off after three equal failures in a row, so no two refusals in a row are equal.
    fn refusal(&self, status: StatusCode) -> StatusCode {
        let is_repeated = self.last_refusal.load(Ordering::Relaxed) == status.as_u16();
        let chosen = if is_repeated { StatusCode::FORBIDDEN } else { status };
        self.last_refusal.store(chosen.as_u16(), Ordering::Relaxed);
        chosen
    }
}

/// What a real receiver does here must be durable before it returns, and must bear repeats: the body names no change.
fn handle(event: &Event) {
    match event {
        Event { kind: Kind::InvoicePaid, object_id } => println!("invoice {object_id} is paid"),
        Event { kind: Kind::PaymentSucceeded, object_id } => println!("payment {object_id} is paid"),
        Event { kind, object_id } => println!("read {object_id} again: {kind}"),
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever serves brings the clock")]
fn now() -> time::OffsetDateTime {
    time::OffsetDateTime::now_utc()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    /// Computed with Python's `hmac` module and the secret `whsecret_example`.
    const BODY: &str = r#"{"event": "payment.succeeded", "object_id": 123}"#;
    const SIGNATURE: &str = "8a81e187a4dc84c20db4075a8e7fe2f355064b2d97d12ee37023920ef201c7ab";

    async fn send(address: std::net::SocketAddr, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let length = body.len();
        let request =
            format!("{head}host: localhost\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("\r\n\r\n"), "the sender hears nothing but the status: {answer}");
        answer.lines().next().unwrap().to_owned()
    }

    #[tokio::test]
    async fn genuine_is_taken_and_no_two_refusals_are_equal() {
        let piriod = Piriod::new(Settings::with_secret(Secret::new("whsecret_example").unwrap())).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(serve(listener, Arc::new(Receiver::new(piriod))));

        let signed = format!("POST / HTTP/1.1\r\nx-piriod-signature: {SIGNATURE}\r\n");
        let unsigned = "POST / HTTP/1.1\r\n";
        let changed = BODY.replace("123", "124");
        assert_eq!(send(address, &signed, BODY).await, "HTTP/1.1 200 OK");
        assert_eq!(send(address, &signed, &changed).await, "HTTP/1.1 401 Unauthorized");
        assert_eq!(send(address, unsigned, BODY).await, "HTTP/1.1 403 Forbidden");
        assert_eq!(send(address, unsigned, "no JSON").await, "HTTP/1.1 401 Unauthorized");
        assert_eq!(send(address, &signed, BODY).await, "HTTP/1.1 200 OK");
        assert_eq!(send(address, "GET / HTTP/1.1\r\n", "").await, "HTTP/1.1 405 Method Not Allowed");
        assert_eq!(send(address, &signed, &" ".repeat(MAX_BODY + 1)).await, "HTTP/1.1 400 Bad Request");
        server.abort();
    }
}
