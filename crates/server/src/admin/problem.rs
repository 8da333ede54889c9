//! Errors as RFC 9457 writes them.

use std::fmt;

use bytes::Bytes;
use hooklatch_inbox::{InboxError, InboxErrorKind};
use http::header::{ALLOW, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

use super::keep_private;

/// Why a call was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    status: StatusCode,
    /// What would be right, for people.
    detail: Option<String>,
    /// The parameter of the query, or the member of the document, that is wrong.
    parameter: Option<String>,
    /// The methods that there are instead.
    allow: Option<&'static str>,
}

impl Problem {
    /// A problem that its status says all about.
    pub(crate) fn of(status: StatusCode) -> Self {
        Self { status, detail: None, parameter: None, allow: None }
    }

    /// The same with an explanation.
    pub(crate) fn because(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// A parameter of the query, or a member of the document, that makes no sense.
    pub(crate) fn with(parameter: &str, detail: impl fmt::Display) -> Self {
        Self {
            detail: Some(format!("`{parameter}`: {detail}")),
            parameter: Some(parameter.to_owned()),
            ..Self::of(StatusCode::BAD_REQUEST)
        }
    }

    /// There is no such thing.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::of(StatusCode::NOT_FOUND).because(detail)
    }

    /// Another method would be right.
    pub(crate) fn wrong_method(allow: &'static str) -> Self {
        Self { allow: Some(allow), ..Self::of(StatusCode::METHOD_NOT_ALLOWED) }
    }

    fn document(&self) -> Value {
        let mut document = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
        });
        if let Some(members) = document.as_object_mut() {
            members.extend(self.detail.iter().map(|detail| ("detail".to_owned(), detail.as_str().into())));
            members.extend(self.parameter.iter().map(|name| ("parameter".to_owned(), name.as_str().into())));
        }
        document
    }

    pub(super) fn into_response(self) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(Bytes::from(self.document().to_string())));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        keep_private(headers);
        response
    }
}

/// What would be right, or else what the status says.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => f.write_str(detail),
            None => write!(f, "{}", self.status),
        }
    }
}

impl From<InboxError> for Problem {
    fn from(error: InboxError) -> Self {
        let status = match error.kind() {
            InboxErrorKind::Invalid => StatusCode::BAD_REQUEST,
            InboxErrorKind::Busy | InboxErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::of(status).because(error.to_string())
    }
}
