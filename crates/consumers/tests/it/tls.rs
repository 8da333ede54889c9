//! The same over TLS.

use std::sync::{Arc, Mutex};

use hooklatch_consumers::http::{client, client_with_tls};
use hooklatch_consumers::{HttpConfig, HttpConsumer};
use hooklatch_core::{Consumer, FailureKind};
use http::Response;
use http_body_util::Full;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::dispatch::dispatch;
use crate::endpoint::{Received, serve};
use crate::http::NOW;

/// An endpoint with a certificate of its own making: its URL, whom to trust, and what it received.
async fn endpoint() -> (String, ClientConfig, Arc<Mutex<Vec<Received>>>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let provider = Arc::new(default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.clone()],
            PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()).into(),
        )
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let trusting = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();

    let acceptor = TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    let received = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&received);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not trust the certificate ends the handshake.
            if let Ok(stream) = acceptor.accept(stream).await {
                tokio::spawn(serve(stream, 0, Arc::new(|| Response::new(Full::default())), Arc::clone(&log)));
            }
        }
    });
    (url, trusting, received)
}

#[tokio::test]
async fn a_trusted_endpoint_gets_the_event() {
    let (url, mut trusting, received) = endpoint().await;
    trusting.alpn_protocols = vec![b"h2".to_vec()];
    let consumer =
        HttpConsumer::new(HttpConfig::new(url), client_with_tls(trusting), Arc::new(|| NOW)).unwrap();
    consumer.consume(&dispatch("{}")).await.unwrap();
    assert_eq!(received.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn an_endpoint_that_nobody_vouches_for_gets_nothing() {
    let (url, _, received) = endpoint().await;
    let consumer = HttpConsumer::new(HttpConfig::new(url), client().unwrap(), Arc::new(|| NOW)).unwrap();
    let failure = consumer.consume(&dispatch("{}")).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Retry);
    assert!(failure.to_string().contains("certificate"), "{failure}");
    assert!(received.lock().unwrap().is_empty());
}
