//! The signature itself.

use hooklatch_core::{Handler, NearMiss, Provider, Secret, Sender, Settings, UnauthenticatedKind};
use hooklatch_piriod::Piriod;

use super::{piriod, request, sign, verify, with_secrets};

/// Computed with Python's `hmac` module from the sender's published rule, not with this crate.
const VECTORS: [(&str, &str); 3] = [
    (
        r#"{"event": "invoice.finalized", "object_id": "inv_XsTY9J7C12iAD9Zc1J"}"#,
        "89f396233d2a9d77d08992baf85c6f66e641fd6884f514dc49bdb51fe10369c0",
    ),
    (
        r#"{"object_id": "inv_XsTY9J7C12iAD9Zc1J", "event": "invoice.finalized"}"#,
        "eaa0d41f4ecdb330266d6f8a6cab7a60f63dd41d07b249092827906211c500ca",
    ),
    (
        r#"{"event": "payment.succeeded", "object_id": 123}"#,
        "8a81e187a4dc84c20db4075a8e7fe2f355064b2d97d12ee37023920ef201c7ab",
    ),
];

#[test]
fn vectors_of_an_independent_oracle() {
    for (body, signature) in VECTORS {
        assert_eq!(sign(body).as_deref(), Some(signature));
        verify(body, signature).unwrap();
    }
}

#[test]
fn white_space_and_escapes_are_not_signed() {
    let (_, signature) = VECTORS[0];
    for body in [
        r#"{"event":"invoice.finalized","object_id":"inv_XsTY9J7C12iAD9Zc1J"}"#,
        "\r\n{\t\"event\" :\n\"invoice.finalized\" , \"object_id\": \"inv_XsTY9J7C12iAD9Zc1J\" } ",
        r#"{"ev\u0065nt":"invoice\u002efinalized","object_id":"inv_XsTY9J7C12iAD9Zc1J"}"#,
    ] {
        verify(body, signature).unwrap();
    }
}

#[test]
fn the_secret_is_the_whole_text() {
    let (body, signature) = VECTORS[0];
    for secret in ["example", "whsecret_", "whsecret_exampl", "whsecret_example "] {
        let cause = with_secrets(&[secret]).verify(&request(body, signature)).unwrap_err();
        assert_eq!(cause.kind(), UnauthenticatedKind::Mismatch, "{secret}");
    }
    with_secrets(&["whsecret_old", "whsecret_example"]).verify(&request(body, signature)).unwrap();
}

#[test]
fn only_64_lower_case_digits_are_a_signature() {
    let (body, signature) = VECTORS[0];
    for malformed in [
        signature.to_uppercase(),
        format!("sha256={signature}"),
        format!("{signature}00"),
        signature[..62].to_owned(),
        format!("{}g", &signature[..63]),
        format!("{signature} "),
    ] {
        let cause = verify(body, &malformed).unwrap_err();
        assert_eq!(cause.kind(), UnauthenticatedKind::Malformed, "{malformed}");
    }
}

#[test]
fn a_near_miss_is_told_to_the_operator() {
    let (body, signature) = VECTORS[0];
    let near_miss = |secret: &str, given: &str| {
        with_secrets(&[secret]).verify(&request(body, given)).unwrap_err().near_miss()
    };
    let right = "whsecret_example";
    assert_eq!(near_miss(right, ""), Some(NearMiss::Empty));
    assert_eq!(near_miss(right, &signature.to_uppercase()), Some(NearMiss::Case));
    assert_eq!(near_miss(right, &format!("{signature} ")), Some(NearMiss::Spaced));
    assert_eq!(near_miss(right, &format!("sha256={signature}")), Some(NearMiss::Scheme));
    assert_eq!(near_miss(right, &signature[..63]), Some(NearMiss::Length));
    assert_eq!(near_miss(right, "whsecret_example"), Some(NearMiss::Length));
    assert_eq!(near_miss(right, &"0".repeat(64)), None);
    assert_eq!(near_miss("example", signature), Some(NearMiss::Prefix));
    assert_eq!(near_miss("another", signature), None);

    let signed_without_prefix = with_secrets(&["example"]).sign("", body.as_bytes());
    let given = signed_without_prefix.headers[super::SIGNATURE].to_str().unwrap();
    assert_eq!(near_miss(right, given), Some(NearMiss::Prefix));

    let mut settings = Settings::with_secret(Secret::new("whsecret_new").unwrap());
    settings.access.retired = vec![Secret::new(right).unwrap()];
    let cause = Piriod::new(settings).unwrap().verify(&request(body, signature)).unwrap_err();
    assert_eq!((cause.kind(), cause.near_miss()), (UnauthenticatedKind::Mismatch, Some(NearMiss::Retired)));
}

#[test]
fn what_cannot_be_signed_is_refused_before_any_secret_is_tried() {
    let any = "0".repeat(64);
    let deep = format!(r#"{{"event":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "event=invoice.paid",
        r#"{"event":"invoice.paid","object_id":1.0}"#,
        r#"{"event":"invoice.paid","object_id":1e3}"#,
        r#"{"event":"invoice.paid","object_id":-0}"#,
        r#"{"event":"invoice.paid","object_id":["inv_1"]}"#,
        r#"{"event":"invoice.paid","object_id":{"id":"inv_1"}}"#,
        r#"{"event":"invoice.paid","object_id":"\ud800"}"#,
        r#"{"event":"invoice.paid","object_id":"inv_1"}{}"#,
        "{\"event\":\"invoice.paid\",\"object_id\":\"inv_1\"}\0",
        &deep,
    ] {
        let cause = verify(body, &any).unwrap_err();
        assert_eq!(cause.kind(), UnauthenticatedKind::Unsignable, "{body:.80}");
    }

    let mut body = br#"{"event":"invoice.paid","object_id":"inv_1"}"#.to_vec();
    body[40] = 0xff;
    let mut invalid = request("", &any);
    invalid.body = body.into();
    let cause = piriod().verify(&invalid).unwrap_err();
    assert_eq!(cause.kind(), UnauthenticatedKind::Unsignable);
}

/// What is genuine and of no use is kept, not refused: the sender would count a refusal as a failure.
#[test]
fn an_id_of_another_type_is_genuine_and_cannot_be_read() {
    for id in ["null", "true"] {
        let body = format!(r#"{{"event":"invoice.paid","object_id":{id}}}"#);
        let request = request(&body, &sign(&body).unwrap());
        let verified = hooklatch_core::authenticate(&piriod(), request).unwrap();
        assert_eq!(piriod().read(&verified).unwrap_err().path(), "object_id");
    }
}

#[test]
fn a_path_token_can_be_asked_for_besides() {
    let (body, signature) = VECTORS[0];
    let mut settings = Settings::with_path_token(Secret::new("in-the-path").unwrap());
    settings.secrets = vec![Secret::new("whsecret_example").unwrap()];
    let piriod = Piriod::new(settings).unwrap();
    let cause = piriod.verify(&request(body, signature)).unwrap_err();
    assert_eq!(cause.kind(), UnauthenticatedKind::Missing);
    let proof = piriod.verify(&request(body, signature).with_path_token("in-the-path")).unwrap();
    assert_eq!(proof, hooklatch_core::Proof::Signature);
}
