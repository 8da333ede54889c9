//! Bytes as a request: the token of the path in the first line, a header a line, an empty line, the body.

use std::fmt;

use hooklatch_core::{
    Contract, Decoded, Handler, Proof, Provider, Request, Signed, Unauthenticated, Undecodable, Verified,
    authenticate,
};
use hooklatch_inbox::headers;
use http::HeaderName;
use time::OffsetDateTime;

/// The request that `bytes` stand for; without an empty line there is no body, and an empty first line is no token.
pub(crate) fn parse(bytes: &[u8]) -> Request {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = end.map_or((bytes, &[][..]), |end| (&bytes[..end], &bytes[end + 2..]));
    let (token, lines) = match head.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&head[..end], &head[end + 1..]),
        None => (head, &[][..]),
    };
    let request = Request::new(headers::decode(lines), body.to_vec(), OffsetDateTime::UNIX_EPOCH);
    match std::str::from_utf8(token) {
        Ok("") | Err(_) => request,
        Ok(token) => request.with_path_token(token),
    }
}

/// The bytes that stand for a request.
pub(crate) fn write(request: &Request) -> Vec<u8> {
    let token = request.path_token.as_deref().unwrap_or_default();
    let lines = headers::encode(&request.headers, &[]);
    [token.as_bytes(), b"\n", &lines, b"\n", &request.body].concat()
}

/// The same request with another proof and all that a genuine sender adds.
pub(crate) fn signed(signed: &Signed, body: &[u8]) -> Request {
    let request = Request::new(signed.headers.clone(), body.to_vec(), OffsetDateTime::UNIX_EPOCH);
    match &signed.path_token {
        Some(token) => request.with_path_token(token.as_str()),
        None => request,
    }
}

/// Proves any request, so that any body can be read.
pub(crate) fn believe<P: Provider>(handler: &'static P, request: Request) -> Verified {
    authenticate(&Credulous(handler), request).unwrap()
}

/// A handler that believes everybody.
struct Credulous<P: 'static>(&'static P);

impl<P: Provider> fmt::Debug for Credulous<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Credulous").field(self.0).finish()
    }
}

impl<P: Provider> Handler for Credulous<P> {
    fn provider(&self) -> &'static str {
        P::NAME
    }

    fn contract(&self) -> Contract {
        self.0.contract()
    }

    fn verify(&self, _: &Request) -> Result<Proof, Unauthenticated> {
        Ok(Proof::None)
    }

    fn decode(&self, request: &Verified) -> Result<Decoded, Undecodable> {
        self.0.decode(request)
    }

    fn unproven_body(&self) -> usize {
        self.0.unproven_body()
    }

    fn secret_headers(&self) -> Vec<HeaderName> {
        self.0.secret_headers()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let bytes = b"token\nx-a: 1\nx-b: \n\n{\n\n}";
        let request = parse(bytes);
        assert_eq!(request.path_token.as_deref(), Some("token"));
        assert_eq!(request.headers.len(), 2);
        assert_eq!(request.body, &b"{\n\n}"[..]);
        assert_eq!(write(&request), bytes);
        assert_eq!(parse(b"\n\n{}").body, &b"{}"[..]);
        assert_eq!(parse(b"\n\n{}").path_token, None);
        assert_eq!(parse(b"x").path_token.as_deref(), Some("x"));
    }
}
