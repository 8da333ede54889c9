//! What becomes of an event by what the endpoint answers, or fails to.

use std::time::Duration;

use hooklatch_consumers::HttpConfig;
use hooklatch_core::{Consumer, Failure, FailureKind};
use http::Response;
use http_body_util::Full;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use crate::dispatch::{ODD, dispatch};
use crate::endpoint::{Endpoint, raw};
use crate::http::consumer;

/// What becomes of an event whose endpoint answers with exactly these bytes and closes.
async fn answered(bytes: impl Into<Vec<u8>>) -> Result<(), Failure> {
    let bytes = bytes.into();
    let url = raw(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            // The client may hang up before it has read everything.
            _ = stream.write_all(&bytes).await;
        }
    })
    .await;
    consumer(HttpConfig::new(url)).consume(&dispatch(ODD)).await
}

#[track_caller]
fn is_retry(outcome: Result<(), Failure>, message: &str) {
    let failure = outcome.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Retry);
    assert_eq!(failure.to_string(), message);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Endpoint::with_status(200).await;
    for status in [301, 302, 303, 307, 308] {
        let location = elsewhere.url();
        let endpoint = Endpoint::answering(move || {
            Response::builder().status(status).header("location", &location).body(Full::default()).unwrap()
        })
        .await;
        let failure = consumer(HttpConfig::new(endpoint.url())).consume(&dispatch("{}")).await.unwrap_err();
        assert_eq!(failure.kind(), FailureKind::Retry);
        assert!(failure.to_string().ends_with("; redirects are not followed"), "{failure}");
        endpoint.only();
    }
    assert_eq!(elsewhere.received().len(), 0);
}

#[tokio::test]
async fn gone_pauses_and_named_statuses_are_final() {
    let endpoint = Endpoint::with_status(410).await;
    let outcome = consumer(HttpConfig::new(endpoint.url())).consume(&dispatch("{}")).await;
    assert_eq!(outcome, Err(Failure::pause("answered 410 Gone")));

    let endpoint = Endpoint::with_status(422).await;
    let config = HttpConfig { give_up_on: vec![422], ..HttpConfig::new(endpoint.url()) };
    let outcome = consumer(config).consume(&dispatch("{}")).await;
    assert_eq!(outcome, Err(Failure::give_up("answered 422 Unprocessable Entity")));
    endpoint.only();
}

#[tokio::test]
async fn retry_after_is_seconds_or_a_date_by_the_clock_that_came_in() {
    for (text, seconds) in [("120", 120), ("Sun, 06 Nov 1994 08:49:37 GMT", 37), ("999999", 86_400)] {
        let answer = format!("HTTP/1.1 503 x\r\nretry-after: {text}\r\ncontent-length: 0\r\n\r\n");
        let expected = Failure::retry_after(Duration::from_secs(seconds), "answered 503 Service Unavailable");
        assert_eq!(answered(answer).await, Err(expected));
    }
}

#[tokio::test]
async fn failures_say_what_happened_and_nothing_of_the_body() {
    is_retry(
        answered("HTTP/1.1 500 hush\r\ncontent-length: 4\r\n\r\nhush").await,
        "answered 500 Internal Server Error",
    );
    is_retry(answered("HTTP/1.1 299 x\r\n").await, "no answer: connection closed before message completed");
    is_retry(answered("").await, "no answer: connection closed before message completed");
    is_retry(answered("SSH-2.0-OpenSSH_9.2\r\n\r\n").await, "no answer: invalid HTTP version parsed");
    is_retry(answered([0xff; 100]).await, "no answer: invalid HTTP version parsed");
    is_retry(
        answered(format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(1_000_000))).await,
        "no answer: message head is too large",
    );
    is_retry(
        answered(format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(1000))).await,
        "no answer: message head is too large",
    );
    let switching = "HTTP/1.1 101 x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
    is_retry(answered(switching).await, "answered 101 Switching Protocols");
}

#[tokio::test]
async fn nobody_there_is_a_retry() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let failure = consumer(HttpConfig::new(url)).consume(&dispatch("{}")).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Retry);
    assert!(failure.to_string().starts_with("cannot connect: Connection refused"), "{failure}");

    let url = "http://hooklatch.invalid/?key=hush";
    let failure = consumer(HttpConfig::new(url)).consume(&dispatch("{}")).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Retry);
    assert!(!failure.to_string().contains("hush"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_never_answers_ends_at_the_time_limit() {
    let url = raw(|stream| async move {
        sleep(Duration::from_hours(1)).await;
        drop(stream);
    })
    .await;
    let begun = Instant::now();
    is_retry(consumer(HttpConfig::new(url)).consume(&dispatch("{}")).await, "no answer within 10s");
    assert_eq!(begun.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_ends_at_the_time_limit() {
    let url = raw(|mut stream| async move {
        for byte in "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".bytes() {
            _ = stream.write_all(&[byte]).await;
            sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    let begun = Instant::now();
    is_retry(consumer(HttpConfig::new(url)).consume(&dispatch("{}")).await, "no answer within 10s");
    assert_eq!(begun.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_success_stands_when_its_body_breaks_off() {
    assert_eq!(answered("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nx").await, Ok(()));
    assert_eq!(answered("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\ngarbage").await, Ok(()));
}

#[tokio::test]
async fn a_success_stands_when_its_body_drips_and_does_not_hold_up_the_next_event() {
    let url = raw(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n").await.unwrap();
        while stream.write_all(b"x").await.is_ok() {
            sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    let begun = Instant::now();
    assert_eq!(consumer(HttpConfig::new(url)).consume(&dispatch("{}")).await, Ok(()));
    assert!(begun.elapsed() < Duration::from_secs(5));
}
