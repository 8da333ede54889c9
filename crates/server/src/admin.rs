//! Health, on an address of its own.

use bytes::Bytes;
use hooklatch_inbox::Inbox;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;

/// Answers `GET /healthz` and `GET /readyz`.
pub(crate) fn answer(inbox: &dyn Inbox, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    match (request.uri().path(), request.method()) {
        ("/healthz" | "/readyz", method) if !matches!(*method, Method::GET | Method::HEAD) => {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, String::new());
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            response
        }
        ("/healthz", _) => plain(StatusCode::OK, "alive\n".to_owned()),
        ("/readyz", _) => match inbox.check_ready() {
            Ok(()) => plain(StatusCode::OK, "ready\n".to_owned()),
            Err(error) => plain(StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
        },
        _ => plain(StatusCode::NOT_FOUND, String::new()),
    }
}

fn plain(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
