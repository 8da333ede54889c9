//! Proofs that any source can ask for, above all those of providers that have none of their own.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use ipnet::IpNet;

use crate::secret::{equal, equals_any};
use crate::{NearMiss, Proof, Request, Secret, Unauthenticated, UnauthenticatedKind};

/// What a source asks for beside the provider's own proof. Everything that is set must hold.
#[derive(Clone, Default)]
pub struct Access {
    /// The URL must end with one of these.
    pub path_tokens: Vec<Secret>,
    /// This header must carry one of these values.
    pub header: Option<(HeaderName, Vec<Secret>)>,
    /// One of these must be given by HTTP basic authentication.
    pub basic: Vec<Basic>,
    /// The connection must come from one of these networks.
    pub addresses: Vec<IpNet>,
    /// Secrets of any sort that are believed no longer, so that a refusal can say that it was one of them.
    pub retired: Vec<Secret>,
}

/// A user name and password of HTTP basic authentication, kept as the header value that proves them.
#[derive(Clone, Debug)]
pub struct Basic(Secret);

impl Basic {
    /// The credentials `user` and `password`.
    pub fn new(user: &str, password: &Secret) -> Option<Self> {
        let credentials = format!("{user}:{}", password.expose_str());
        Secret::new(STANDARD.encode(credentials)).map(Self)
    }

    /// The value of the `Authorization` header that a genuine sender gives.
    pub fn header_value(&self) -> String {
        format!("Basic {}", self.0.expose_str())
    }
}

impl Access {
    /// Whether nothing here proves a sender. Addresses alone do not: many senders share one.
    pub fn is_open(&self) -> bool {
        self.path_tokens.is_empty() && self.header.is_none() && self.basic.is_empty()
    }

    /// Checks everything that is set, and says how much that proves.
    ///
    /// # Errors
    ///
    /// [`Unauthenticated`] with the first thing that does not hold.
    pub fn verify(&self, request: &Request) -> Result<Proof, Unauthenticated> {
        let mut proof = Proof::None;
        if !self.addresses.is_empty() {
            self.verify_address(request)?;
        }
        if !self.path_tokens.is_empty() {
            self.verify_path_token(request)?;
            proof = Proof::Path;
        }
        if let Some((name, values)) = &self.header {
            self.verify_header(request, name, values)?;
            proof = Proof::Token;
        }
        if !self.basic.is_empty() {
            self.verify_basic(request)?;
            proof = Proof::Token;
        }
        Ok(proof)
    }

    /// Names of the headers that carry a secret of these rules.
    pub fn secret_headers(&self) -> Vec<HeaderName> {
        let always = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];
        self.header.iter().map(|(name, _)| name.clone()).chain(always).collect()
    }

    fn verify_address(&self, request: &Request) -> Result<(), Unauthenticated> {
        let peer = request.peer.map(|address| address.to_canonical());
        let allowed = peer.is_some_and(|peer| self.addresses.iter().any(|network| network.contains(&peer)));
        if allowed {
            Ok(())
        } else {
            Err(Unauthenticated::new(UnauthenticatedKind::Address, "the peer's address"))
        }
    }

    /// Checks that the header carries one of `tokens` and nothing else.
    ///
    /// # Errors
    ///
    /// [`Unauthenticated`] with what the header resembles.
    pub fn verify_header(
        &self,
        request: &Request,
        name: &HeaderName,
        tokens: &[Secret],
    ) -> Result<(), Unauthenticated> {
        let given = request.proof_header(name)?;
        if equals_any(given, tokens) {
            return Ok(());
        }
        let mismatch = Unauthenticated::of_header(UnauthenticatedKind::Mismatch, name);
        Err(mismatch.resembling(NearMiss::find(given, tokens, &self.retired)))
    }

    fn verify_path_token(&self, request: &Request) -> Result<(), Unauthenticated> {
        const WHAT: &str = "the token in the path";
        let given = request
            .path_token
            .as_deref()
            .ok_or_else(|| Unauthenticated::new(UnauthenticatedKind::Missing, WHAT))?;
        if equals_any(given.as_bytes(), &self.path_tokens) {
            Ok(())
        } else {
            let near_miss = NearMiss::find(given.as_bytes(), &self.path_tokens, &self.retired);
            Err(Unauthenticated::new(UnauthenticatedKind::Mismatch, WHAT).resembling(near_miss))
        }
    }

    fn verify_basic(&self, request: &Request) -> Result<(), Unauthenticated> {
        let fail = |kind| Unauthenticated::of_header(kind, &AUTHORIZATION);
        let given = request.proof_header(&AUTHORIZATION)?;
        // The scheme's name is case-insensitive (RFC 9110, section 11.1); what follows it is not.
        let (scheme, credentials) =
            given.split_at_checked(b"Basic ".len()).ok_or_else(|| fail(UnauthenticatedKind::Malformed))?;
        if !scheme.eq_ignore_ascii_case(b"Basic ") {
            return Err(fail(UnauthenticatedKind::Malformed));
        }
        let known =
            self.basic.iter().fold(false, |known, basic| equal(credentials, basic.0.expose()) | known);
        if known { Ok(()) } else { Err(fail(UnauthenticatedKind::Mismatch)) }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("path_tokens", &self.path_tokens.len())
            .field("header", &self.header.as_ref().map(|(name, _)| name))
            .field("basic", &self.basic.len())
            .field("addresses", &self.addresses)
            .field("retired", &self.retired.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use time::OffsetDateTime;

    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text).unwrap()
    }

    fn request(headers: &[(&'static str, &'static str)]) -> Request {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Request::new(map, "", OffsetDateTime::UNIX_EPOCH)
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "every caller has just made it")]
    fn check(access: &Access, request: Request, expected: Result<Proof, UnauthenticatedKind>) {
        assert_eq!(access.verify(&request).map_err(|error| error.kind()), expected);
    }

    #[test]
    fn path_token() {
        let access = Access { path_tokens: vec![secret("old"), secret("new")], ..Access::default() };
        check(&access, request(&[]).with_path_token("new"), Ok(Proof::Path));
        check(&access, request(&[]).with_path_token("old"), Ok(Proof::Path));
        check(&access, request(&[]).with_path_token(""), Err(UnauthenticatedKind::Mismatch));
        check(&access, request(&[]).with_path_token("newer"), Err(UnauthenticatedKind::Mismatch));
        check(&access, request(&[]), Err(UnauthenticatedKind::Missing));
    }

    #[test]
    fn header() {
        let name = HeaderName::from_static("x-shop");
        let access = Access { header: Some((name, vec![secret("abc")])), ..Access::default() };
        check(&access, request(&[("x-shop", "abc")]), Ok(Proof::Token));
        check(&access, request(&[("x-shop", "ABC")]), Err(UnauthenticatedKind::Mismatch));
        check(&access, request(&[("x-shop", "abc"), ("x-shop", "abc")]), Err(UnauthenticatedKind::Missing));
        check(&access, request(&[]), Err(UnauthenticatedKind::Missing));
    }

    /// The credentials and their encoding are the example of RFC 7617, section 2.
    #[test]
    fn basic() {
        let basic = Basic::new("Aladdin", &secret("open sesame")).unwrap();
        assert_eq!(basic.header_value(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let access = Access { basic: vec![basic], ..Access::default() };
        check(&access, request(&[("authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")]), Ok(Proof::Token));
        check(&access, request(&[("authorization", "basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")]), Ok(Proof::Token));
        for malformed in ["", "Basic", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="] {
            let given = request(&[("authorization", malformed)]);
            check(&access, given, Err(UnauthenticatedKind::Malformed));
        }
        for wrong in ["Basic ", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ", "Basic qWxhZGRpbjpvcGVuIHNlc2FtZQ=="] {
            check(&access, request(&[("authorization", wrong)]), Err(UnauthenticatedKind::Mismatch));
        }
    }

    #[test]
    fn a_near_miss_is_told_to_the_operator() {
        let name = HeaderName::from_static("x-shop");
        let access = Access {
            path_tokens: vec![secret("in-the-path")],
            header: Some((name, vec![secret("Abc")])),
            retired: vec![secret("old")],
            ..Access::default()
        };
        let near_miss = |token: &str, values: &[&'static str]| {
            let headers: Vec<_> = values.iter().map(|value| ("x-shop", *value)).collect();
            access.verify(&request(&headers).with_path_token(token)).unwrap_err().near_miss()
        };
        assert_eq!(near_miss("In-The-Path", &["Abc"]), Some(NearMiss::Case));
        assert_eq!(near_miss("old", &["Abc"]), Some(NearMiss::Retired));
        assert_eq!(near_miss("", &["Abc"]), Some(NearMiss::Empty));
        assert_eq!(near_miss("in-the-path", &["abc"]), Some(NearMiss::Case));
        assert_eq!(near_miss("in-the-path", &["Bearer Abc"]), Some(NearMiss::Scheme));
        assert_eq!(near_miss("in-the-path", &["old"]), Some(NearMiss::Retired));
        assert_eq!(near_miss("in-the-path", &["Abd"]), None);
        assert_eq!(near_miss("in-the-path", &["Abc", "Abc"]), Some(NearMiss::Doubled));
        assert_eq!(near_miss("in-the-path", &[]), None);

        let cause =
            access.verify(&request(&[("x-shop", " Abc")]).with_path_token("in-the-path")).unwrap_err();
        let text = "the `x-shop` header matches none of the configured secrets: \
                    it would match without the white space around it";
        assert_eq!(cause.to_string(), text);
    }

    #[test]
    fn addresses_are_required_besides() {
        let access = Access {
            path_tokens: vec![secret("t")],
            addresses: vec!["10.1.0.0/16".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
            ..Access::default()
        };
        let from = |peer: &str| request(&[]).with_path_token("t").with_peer(peer.parse().unwrap());
        check(&access, from("10.1.2.3"), Ok(Proof::Path));
        check(&access, from("::ffff:10.1.2.3"), Ok(Proof::Path));
        check(&access, from("2001:db8::1"), Ok(Proof::Path));
        check(&access, from("10.2.0.1"), Err(UnauthenticatedKind::Address));
        check(&access, request(&[]).with_path_token("t"), Err(UnauthenticatedKind::Address));
    }
}
