//! Headers as they are kept: a line each, `name: value`, secret ones left out.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The headers but those named in `secret`, in one buffer.
///
/// Values may hold any byte but a line break, which no header value can have.
pub fn encode(headers: &HeaderMap, secret: &[HeaderName]) -> Vec<u8> {
    let kept = || headers.iter().filter(|(name, _)| !secret.contains(name));
    let size = kept().map(|(name, value)| name.as_str().len() + value.len() + 3).sum();
    let mut encoded = Vec::with_capacity(size);
    for (name, value) in kept() {
        encoded.extend_from_slice(name.as_str().as_bytes());
        encoded.extend_from_slice(b": ");
        encoded.extend_from_slice(value.as_bytes());
        encoded.push(b'\n');
    }
    encoded
}

/// The headers back. A line that is none is left out.
pub fn decode(encoded: &[u8]) -> HeaderMap {
    encoded
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            let (name, value) = line.split_at_checked(colon)?;
            let name = HeaderName::from_bytes(name).ok()?;
            Some((name, HeaderValue::from_bytes(value.strip_prefix(b": ")?).ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_the_secrets_comes_back() {
        let mut headers = HeaderMap::new();
        headers.append("event-type", HeaderValue::from_static("a: b"));
        headers.append("x", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        headers.append("x", HeaderValue::from_static(""));
        headers.append("authorization", HeaderValue::from_static("hush"));
        let encoded = encode(&headers, &[http::header::AUTHORIZATION]);
        headers.remove("authorization");
        assert_eq!(decode(&encoded), headers);
        assert!(decode(b"").is_empty());
        assert!(decode(b"no header\n: \n").is_empty());
    }
}
