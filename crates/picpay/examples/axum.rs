//! A receiver of PicPay's webhooks with axum, and nothing else of Hooklatch.
//!
//! ```sh
//! PICPAY_TOKEN=the-token-of-the-merchant-panel cargo run -p hooklatch-picpay --example axum
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it does")]

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hooklatch_core::{Event as _, Provider, Refusal, Request, Secret, Settings};
use hooklatch_picpay::payload::ChargeStatus;
use hooklatch_picpay::{Event, PicPay};
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let token = Secret::new(std::env::var("PICPAY_TOKEN")?).ok_or("PICPAY_TOKEN is empty")?;
    let picpay = PicPay::new(Settings::with_secret(token))?;
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!("listening on http://{}/picpay", listener.local_addr()?);
    Ok(axum::serve(listener, router(picpay)).await?)
}

fn router(picpay: PicPay) -> Router {
    Router::new()
        .route("/picpay", post(receive))
        // The pictures of QR codes are in the bodies.
        .layer(DefaultBodyLimit::max(1024 * 1024))
        .with_state(Arc::new(picpay))
}

async fn receive(State(picpay): State<Arc<PicPay>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let request = Request::new(headers, body.clone(), now());
    match picpay.accept(request) {
        Ok(event) => {
            handle(&event);
            StatusCode::OK
        }
        // Why it was not believed is for the log; the sender hears nothing but the status.
        Err(Refusal::Rejected(rejected)) => {
            eprintln!("rejected: {}", rejected.cause);
            StatusCode::UNAUTHORIZED
        }
        // It is genuine, and PicPay promises no second try: keep the bytes for a person, and take it.
        Err(Refusal::Undecodable(error)) => {
            eprintln!("kept {} bytes that cannot be read: {error}", body.len());
            StatusCode::ACCEPTED
        }
    }
}

/// What a real receiver does here must be durable before it returns: after the 200 nobody sends it again.
fn handle(event: &Event) {
    match event {
        Event::Charge(charge) => match &charge.data.status {
            ChargeStatus::Paid => {
                println!("{} paid {} centavos", charge.data.merchant_charge_id, charge.data.amount);
            }
            ChargeStatus::Refunded => println!("{} refunded", charge.data.merchant_charge_id),
            other => println!("{} is {other}", charge.data.merchant_charge_id),
        },
        Event::Challenge(challenge) => {
            println!("{}: challenge {}", challenge.data.merchant_charge_id, challenge.data.status);
        }
        Event::PaymentLink(link) => {
            println!("{} is {}", link.data.transaction.id, link.data.transaction.status);
        }
        other => println!("{}: not known to this version", other.kind()),
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

    const TOKEN: &str = "a45c2dee-6435-1234-5678-b2a5f0ae7a8a";
    const BODY: &str =
        r#"{"type":"PAYMENT","data":{"status":"PAID","amount":10000,"merchantChargeId":"order-7"}}"#;

    /// Sends one request over loopback and gives the whole answer.
    async fn answer(authorization: &str, body: &str) -> String {
        let picpay = PicPay::new(Settings::with_secret(Secret::new(TOKEN).unwrap())).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move { axum::serve(listener, router(picpay)).await });

        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST /picpay HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{authorization}\
             event-type: TransactionUpdateMessage\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        server.abort();
        answer
    }

    #[track_caller]
    fn check(answer: &str, status: &str) {
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "the sender hears nothing but the status: {answer}");
    }

    #[tokio::test]
    async fn genuine_is_taken_and_forged_is_not() {
        let genuine = format!("authorization: {TOKEN}\r\n");
        check(&answer(&genuine, BODY).await, "200 OK");
        check(&answer(&genuine, "{\"type\":\"PAYMENT\"}").await, "202 Accepted");
        check(&answer(&genuine, "no JSON").await, "202 Accepted");
        check(&answer("", BODY).await, "401 Unauthorized");
        check(&answer("authorization: another-token\r\n", BODY).await, "401 Unauthorized");
        check(&answer(&format!("authorization: Bearer {TOKEN}\r\n"), BODY).await, "401 Unauthorized");
        check(&answer(&genuine.repeat(2), BODY).await, "401 Unauthorized");
        check(&answer("", "no JSON").await, "401 Unauthorized");
    }
}
