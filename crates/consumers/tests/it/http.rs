//! What an endpoint gets, and what settings are refused.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cloudevents::binding::http::to_event;
use cloudevents::{AttributesReader, Data};
use hooklatch_consumers::http::{Clock, InvalidHttpConfig, Mode, client};
use hooklatch_consumers::{HttpConfig, HttpConsumer, envelope};
use hooklatch_core::{Consumer, Secret};
use http::{Method, Response};
use http_body_util::Full;
use standardwebhooks::Webhook;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::dispatch::{ODD, dispatch, numbered};
use crate::endpoint::Endpoint;

pub(crate) const NOW: OffsetDateTime = datetime!(1994-11-06 08:49:00 UTC);
const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

fn fixed() -> Clock {
    Arc::new(|| NOW)
}

#[expect(clippy::disallowed_methods, reason = "the verifier compares with the wall clock")]
fn wall() -> Clock {
    Arc::new(OffsetDateTime::now_utc)
}

pub(crate) fn consumer(config: HttpConfig) -> HttpConsumer {
    HttpConsumer::new(config, client().unwrap(), fixed()).unwrap()
}

#[tokio::test]
async fn a_post_carries_the_event_and_its_id() {
    let endpoint = Endpoint::with_status(204).await;
    consumer(HttpConfig::new(endpoint.url())).consume(&dispatch(ODD)).await.unwrap();

    let received = endpoint.only();
    assert_eq!((received.method, received.uri.to_string().as_str()), (Method::POST, "/hooks?tenant=1"));
    assert_eq!(received.headers["content-type"], "application/cloudevents+json");
    assert_eq!(received.headers["content-length"], received.body.len().to_string());
    assert_eq!(received.headers["user-agent"], concat!("hooklatch/", env!("CARGO_PKG_VERSION")));
    assert_eq!(received.headers["webhook-id"], "01907008-9a70-7000-8000-00000000002a");
    assert_eq!(received.headers["webhook-timestamp"], "784111740");
    assert!(!received.headers.contains_key("webhook-signature"));
    assert_eq!(received.body, envelope::structured(&dispatch(ODD)));

    let event = to_event(&received.headers, received.body.to_vec()).unwrap();
    assert_eq!(event.id(), "01907008-9a70-7000-8000-00000000002a");
}

#[tokio::test]
async fn signatures_are_verified_by_the_library_of_standard_webhooks() {
    let raw = Webhook::from_bytes(b"hush: not base64".to_vec()).unwrap();
    for (secret, verifier) in [(SECRET, Webhook::new(SECRET).unwrap()), ("hush: not base64", raw)] {
        for mode in [Mode::Structured, Mode::Binary] {
            let endpoint = Endpoint::with_status(200).await;
            let config = HttpConfig { secret: Secret::new(secret), mode, ..HttpConfig::new(endpoint.url()) };
            let consumer = HttpConsumer::new(config, client().unwrap(), wall()).unwrap();
            consumer.consume(&dispatch(ODD)).await.unwrap();

            let received = endpoint.only();
            verifier.verify(&received.body, &received.headers).unwrap();
            assert!(verifier.verify(&received.body[1..], &received.headers).is_err());
        }
    }
}

#[tokio::test]
async fn binary_mode_posts_the_bytes_as_received() {
    let endpoint = Endpoint::with_status(200).await;
    let config = HttpConfig { mode: Mode::Binary, ..HttpConfig::new(endpoint.url()) };
    consumer(config).consume(&dispatch(ODD)).await.unwrap();

    let received = endpoint.only();
    assert_eq!(received.headers["content-type"], "application/json");
    assert_eq!(received.body, ODD);
    let event = to_event(&received.headers, received.body.to_vec()).unwrap();
    assert_eq!(event.subject(), Some("charge/61e35ec2"));
    assert_eq!(event.data(), Some(&Data::Binary(ODD.into())));
}

#[tokio::test]
async fn a_large_event_arrives_whole() {
    let endpoint = Endpoint::with_status(200).await;
    let large = dispatch(format!("{:?}", "x".repeat(1_000_000)));
    consumer(HttpConfig::new(endpoint.url())).consume(&large).await.unwrap();
    assert_eq!(endpoint.only().body, envelope::structured(&large));
}

/// The connection of each of four requests whose answers have this status and this many bytes.
async fn connections(status: u16, body: usize) -> Vec<usize> {
    let answer =
        move || Response::builder().status(status).body(Full::new(Bytes::from(vec![b'x'; body]))).unwrap();
    let endpoint = Endpoint::answering(answer).await;
    let consumer = consumer(HttpConfig::new(endpoint.url()));
    for number in 0..4 {
        assert_eq!(consumer.consume(&numbered(number)).await.is_ok(), status == 200);
    }
    endpoint.received().iter().map(|received| received.connection).collect()
}

#[tokio::test]
async fn connections_are_used_again_unless_the_answer_is_too_long_to_be_read() {
    assert_eq!(connections(200, 0).await, [0, 0, 0, 0]);
    assert_eq!(connections(200, 60_000).await, [0, 0, 0, 0]);
    assert_eq!(connections(500, 1000).await, [0, 0, 0, 0]);
    assert_eq!(connections(200, 10_000_000).await, [0, 1, 2, 3]);
}

#[track_caller]
fn refused(config: HttpConfig, expected: &InvalidHttpConfig) {
    let refusal = HttpConsumer::new(config, client().unwrap(), fixed()).unwrap_err();
    assert_eq!(&refusal, expected);
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for url in [
        "",
        "/hooks",
        "example.com",
        "ftp://example.com/",
        "http://",
        "http:///hooks",
        "https://exa mple.com",
    ] {
        refused(HttpConfig::new(url), &InvalidHttpConfig::Url);
    }
    refused(HttpConfig::new("https://me:hush@example.com/"), &InvalidHttpConfig::Credentials);

    let config = HttpConfig::new("https://example.com/");
    let secret = Secret::new("whsec_plain text");
    refused(HttpConfig { secret, ..config.clone() }, &InvalidHttpConfig::Secret);
    refused(HttpConfig { timeout: Duration::ZERO, ..config.clone() }, &InvalidHttpConfig::Timeout);
    for status in [0, 200, 299, 600] {
        refused(
            HttpConfig { give_up_on: vec![400, status], ..config.clone() },
            &InvalidHttpConfig::Status(status),
        );
    }
}

#[test]
fn nothing_secret_is_printed() {
    let config =
        HttpConfig { secret: Secret::new("hush"), ..HttpConfig::new("http://127.0.0.1/hush?key=hush") };
    let printed = format!("{config:?} {:?}", consumer(config.clone()));
    assert!(!printed.contains("hush"), "{printed}");
}
