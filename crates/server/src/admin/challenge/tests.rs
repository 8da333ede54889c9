//! Only whoever knows the token proves anything, and a proof is for one thing.

use http::HeaderValue;

use super::*;

const HERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8401);
const ELSEWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8402);

fn token(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn shared(token: &Secret) -> Shared<'_> {
    Shared { token, address: HERE }
}

fn headers(value: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
}

#[test]
fn both_sides_must_know_the_token_and_mean_the_same_address() {
    let (hush, other) = (token("hush"), token("other"));
    let (known, unknown) = (shared(&hush), shared(&other));
    let elsewhere = Shared { address: ELSEWHERE, ..known };
    let challenge = Challenge::new().unwrap();
    let value = headers(&challenge.authorization(known));
    assert_eq!(asked(&value, known).as_ref(), Some(&challenge.nonce));
    assert_eq!(asked(&value, unknown), None);
    assert_eq!(asked(&value, elsewhere), None);

    let given = hexadecimal::random().unwrap();
    let proof = known.of_server(&challenge.nonce, &given).unwrap();
    assert_eq!(challenge.turn(known, &given, &proof), Some(Turn { nonce: given.clone() }));
    assert_eq!(challenge.turn(unknown, &given, &proof), None);
    assert_eq!(challenge.turn(elsewhere, &given, &proof), None);
    assert_eq!(challenge.turn(known, &hexadecimal::random().unwrap(), &proof), None, "the turn is another");
    assert_eq!(Challenge::new().unwrap().turn(known, &given, &proof), None, "no nonce comes twice");
}

#[test]
fn what_one_side_says_is_no_proof_of_the_other() {
    let hush = token("hush");
    let known = shared(&hush);
    let challenge = Challenge::new().unwrap();
    let value = challenge.authorization(known);
    let proven = value.rsplit_once('.').unwrap().1;
    for nonce in ["", &challenge.nonce] {
        assert_eq!(challenge.turn(known, nonce, proven), None);
        assert_eq!(challenge.turn(known, nonce, ""), None);
    }
}

#[test]
fn nothing_is_answered_to_what_is_no_challenge() {
    let hush = token("hush");
    let known = shared(&hush);
    let challenge = Challenge::new().unwrap();
    let value = challenge.authorization(known);
    let (nonce, proven) = value.trim_start_matches(ASKING).split_once('.').unwrap();
    for wrong in [
        String::new(),
        "Bearer hush".to_owned(),
        ASKING.to_owned(),
        format!("{ASKING}{nonce}"),
        format!("{ASKING}{nonce}."),
        format!("{ASKING}.{}", known.of_command("").unwrap()),
        format!("{ASKING}{nonce}.{}", &proven[1..]),
        format!("{ASKING}{nonce}.{}", known.of_server(nonce, nonce).unwrap()),
        format!("{CALLING}{nonce}.{proven}"),
    ] {
        assert_eq!(asked(&headers(&wrong), known), None, "{wrong}");
    }
    let mut twice = headers(&value);
    twice.append(AUTHORIZATION, HeaderValue::from_str(&value).unwrap());
    assert_eq!(asked(&twice, known), None);
}

#[test]
fn a_call_and_its_answer_are_proven_whole() {
    let hush = token("hush");
    let known = shared(&hush);
    let turn = Turn { nonce: hexadecimal::random().unwrap() };
    let value = turn.authorization(known, &Method::POST, "/api/v1/prune?x=1", b"{}");
    let (claimed, proof) = called(&headers(&value)).unwrap();
    assert_eq!(claimed, turn);
    let is_call = |shared, method, target, body| turn.is_call(shared, &proof, &method, target, body);
    assert!(is_call(known, Method::POST, "/api/v1/prune?x=1", b"{}"));
    assert!(!is_call(known, Method::GET, "/api/v1/prune?x=1", b"{}"));
    assert!(!is_call(known, Method::POST, "/api/v1/prune", b"{}"));
    assert!(!is_call(known, Method::POST, "/api/v1/prune?x=1", b"{ }"));
    assert!(!is_call(Shared { address: ELSEWHERE, ..known }, Method::POST, "/api/v1/prune?x=1", b"{}"));
    let other = Turn { nonce: hexadecimal::random().unwrap() };
    assert!(!other.is_call(known, &proof, &Method::POST, "/api/v1/prune?x=1", b"{}"));

    let answer = known.of_answer(&turn, StatusCode::OK, b"{}").unwrap();
    assert!(turn.is_answer(known, answer.as_bytes(), StatusCode::OK, b"{}"));
    assert!(!turn.is_answer(known, answer.as_bytes(), StatusCode::CONFLICT, b"{}"));
    assert!(!turn.is_answer(known, answer.as_bytes(), StatusCode::OK, b"{\"events\":0}"));
    assert!(!turn.is_answer(known, proof.as_bytes(), StatusCode::OK, b"{}"));
    assert!(!other.is_answer(known, answer.as_bytes(), StatusCode::OK, b"{}"));
}
