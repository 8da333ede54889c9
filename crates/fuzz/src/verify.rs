//! Who is believed: exactly those whom a plain statement of the rule believes, and nobody after a change.

use hooklatch_core::{Event as _, Identity, Proof, Request, Subject, Topic, Unauthenticated, authenticate};
use http::HeaderValue;

use crate::account::Account;
use crate::request;

/// Judges the request that the bytes stand for, and the one that a genuine sender would make of its body.
pub(crate) fn check<P: Account>(bytes: &[u8]) {
    let given = request::parse(bytes);
    let genuine = request::signed(&P::handler().sign("", &given.body), &given.body);
    for request in [given, genuine] {
        if is_believed::<P>(&request) {
            refuse_changed_proofs::<P>(&request);
            refuse_changed_bodies::<P>(&request);
        }
    }
}

/// Verifies, and checks what can be known about the answer.
fn is_believed<P: Account>(request: &Request) -> bool {
    let handler = P::handler();
    let answer = handler.verify(request);
    assert_eq!(answer, handler.verify(request), "the same request, another answer");
    assert_eq!(answer.as_ref().map(drop).map_err(Unauthenticated::kind), P::judge(request));
    if handler.unproven_body() == 0 {
        let bodiless = Request { body: Vec::new().into(), ..request.clone() };
        assert_eq!(answer, handler.verify(&bodiless), "the body was looked at");
    }
    match answer {
        Ok(proof) => assert_eq!(proof, P::PROOF),
        Err(error) => {
            let shown = format!("{error} {error:?} {request:?}");
            assert!(shown.len() < 512, "not brief: {shown}");
            assert!(!P::SECRETS.iter().any(|secret| shown.contains(secret)), "a secret is shown: {shown}");
            return false;
        }
    }
    true
}

fn believes<P: Account>(request: &Request) -> bool {
    P::handler().verify(request).is_ok()
}

/// A bit of the proof flipped, the proof cut, lengthened, given twice or left out: nobody is believed.
fn refuse_changed_proofs<P: Account>(genuine: &Request) {
    let proof = proof_of::<P>(genuine);
    let cut = proof[..proof.len() - 1].to_vec();
    let longer = [proof.as_slice(), b"0"].concat();
    for changed in flipped(&proof).chain([cut, longer, Vec::new()]) {
        if let Some(forged) = with_proof::<P>(genuine, &changed) {
            assert!(!believes::<P>(&forged), "believed with another proof");
        }
    }
    let mut without = Request { path_token: None, ..genuine.clone() };
    let mut doubled = without.clone();
    without.headers.clear();
    for value in genuine.headers.values() {
        doubled.headers.append("authorization", value.clone());
        doubled.headers.append("x-piriod-signature", value.clone());
    }
    assert!(!believes::<P>(&without), "believed without a proof");
    assert!(!believes::<P>(&doubled), "believed with two proofs");
}

/// With the proof of the genuine body, another body is refused, or says the same.
fn refuse_changed_bodies<P: Account>(genuine: &Request) {
    if P::PROOF != Proof::Signature {
        return;
    }
    let said = said::<P>(genuine);
    for body in flipped(&genuine.body) {
        let changed = Request { body: body.into(), ..genuine.clone() };
        if believes::<P>(&changed) {
            let says = self::said::<P>(&changed);
            assert!(says.is_none() || says == said, "{says:?} with the signature of {said:?}");
        }
    }
    for body in P::forgeries(genuine) {
        let forged = Request { body: body.into(), ..genuine.clone() };
        if believes::<P>(&forged) {
            let says = self::said::<P>(&forged);
            let is_known =
                |said: &Option<Said>| said.as_ref().is_some_and(|said| said.topic != Topic::Unknown);
            // What a name means that no page mentions, nobody knows yet: only there a signature may fit two events.
            assert!(
                says.is_none() || says == said || !is_known(&says) && !is_known(&said),
                "{says:?} with the signature of {said:?}"
            );
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Said {
    kind: String,
    topic: Topic,
    subject: Option<Subject>,
    identity: Identity,
}

/// What a request that is believed says, if it can be read.
fn said<P: Account>(request: &Request) -> Option<Said> {
    let verified = authenticate(P::handler(), request.clone()).unwrap();
    let event = P::handler().read(&verified).ok()?.event;
    Some(Said {
        kind: event.kind().to_owned(),
        topic: event.topic(),
        subject: event.subject(),
        identity: event.identity(),
    })
}

fn proof_of<P: Account>(request: &Request) -> Vec<u8> {
    match P::PROOF {
        Proof::Path => request.path_token.as_deref().unwrap().as_bytes().to_vec(),
        _ => request.headers[P::PROOF_HEADER].as_bytes().to_vec(),
    }
}

/// The request with another proof, as far as HTTP can carry it.
fn with_proof<P: Account>(request: &Request, proof: &[u8]) -> Option<Request> {
    let mut changed = request.clone();
    match P::PROOF {
        Proof::Path => changed.path_token = Some(std::str::from_utf8(proof).ok()?.into()),
        _ => drop(changed.headers.insert(P::PROOF_HEADER, HeaderValue::from_bytes(proof).ok()?)),
    }
    Some(changed)
}

/// Copies with one bit flipped: a few bits all over the text, which are others in a text of another length.
fn flipped(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    const MOST: usize = 16;
    let bits = bytes.len() * 8;
    // An odd step, so that it is not the same bit of every byte.
    let step = bits.div_ceil(MOST) | 1;
    (bytes.len() % step..bits).step_by(step).map(|bit| {
        let mut copy = bytes.to_vec();
        copy[bit / 8] ^= 1 << (bit % 8);
        copy
    })
}
