//! What the feed sends is what the receivers take for genuine and new.

use std::collections::{HashMap, HashSet};

use hooklatch_core::{Handler as _, Identity, Request, authenticate};
use http::{HeaderMap, HeaderName, HeaderValue};
use time::macros::datetime;

use super::*;

/// Takes a request apart and hands it to the provider's handler: its source, identity, subject.
fn take_in(accounts: &[Account], bytes: &[u8]) -> (String, Identity, Option<String>, Vec<u8>) {
    let text = std::str::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let path = lines.next().unwrap().strip_prefix("POST /").unwrap().strip_suffix(" HTTP/1.1").unwrap();
    let (provider, token) = path.split_once('/').map_or((path, None), |(name, token)| (name, Some(token)));
    let mut headers = HeaderMap::new();
    for (name, value) in lines.map(|line| line.split_once(": ").unwrap()) {
        headers.insert(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    assert_eq!(headers["content-length"].to_str().unwrap(), body.len().to_string());

    let account = accounts.iter().find(|account| account.provider == provider).unwrap();
    let body = body.as_bytes().to_vec();
    let mut request = Request::new(headers, body.clone(), datetime!(2026-01-02 03:04:05 UTC));
    request.path_token = token.map(Into::into);
    let verified = authenticate(&*account.handler, request).unwrap();
    let decoded = account.handler.decode(&verified).unwrap();
    assert!(decoded.drift.paths().is_empty(), "{:?}", decoded.drift);
    let subject = decoded.event.subject().map(hooklatch_core::Subject::into_string);
    (format!("{provider}.{}", decoded.event.kind()), decoded.event.identity(), subject, body)
}

fn requests(feed: &mut Feed, count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|_| {
            let mut request = Vec::new();
            feed.write(&mut request);
            request
        })
        .collect()
}

#[test]
fn every_request_is_genuine_and_new() {
    let accounts = Account::all().unwrap();
    let mut feed = Feed::new(What::Mix, &accounts, Reuse::KeepAlive).unwrap();
    let (mut kinds, mut seen) = (HashMap::<String, usize>::new(), HashSet::new());
    for request in requests(&mut feed, 4000) {
        let (kind, identity, subject, body) = take_in(&accounts, &request);
        assert!(seen.insert((kind.clone(), identity.key(&kind, &body))), "{kind} came before");
        assert!(subject.is_some(), "{kind} is about nothing");
        *kinds.entry(kind).or_default() += 1;
    }
    assert_eq!(kinds.len(), 32, "{kinds:?}");
}

#[test]
fn signatures_made_ahead_are_those_made_in_time() {
    let accounts = Account::all().unwrap();
    let feed = || Feed::new(What::Provider("piriod"), &accounts, Reuse::KeepAlive).unwrap();
    let (mut ahead, mut in_time) = (feed(), feed());
    ahead.sign_ahead(50);
    assert_eq!(ahead.signed.len(), 50);
    assert_eq!(requests(&mut ahead, 80), requests(&mut in_time, 80));
    assert!(ahead.signed.is_empty());
}

#[test]
fn an_object_is_spoken_of_three_times() {
    let mut times = HashMap::<u64, usize>::new();
    for number in 0..EVENTS_PER_OBJECT * OBJECTS_AT_ONCE * 4 {
        *times.entry(object(number)).or_default() += 1;
    }
    assert_eq!(times.len() as u64, OBJECTS_AT_ONCE * 4);
    assert!(times.values().all(|times| *times == 3));
}

#[test]
fn a_period_comes_again_byte_for_byte() {
    let accounts = Account::all().unwrap();
    let mut feed = Feed::new(What::Charge, &accounts, Reuse::Close).unwrap().repeating(3);
    let sent = requests(&mut feed, 6);
    assert_eq!(sent[..3], sent[3..]);
    assert_ne!(sent[0], sent[1]);
    assert!(sent[0].windows(19).any(|part| part == b"connection: close\r\n"));
}

#[test]
fn feeds_that_start_apart_share_nothing() {
    let accounts = Account::all().unwrap();
    let identities = |start| -> HashSet<_> {
        let mut feed = Feed::new(What::Charge, &accounts, Reuse::KeepAlive).unwrap().starting_at(start);
        let all = requests(&mut feed, 100);
        all.iter()
            .map(|request| take_in(&accounts, request))
            .map(|(_, of, _, body)| of.key("", &body))
            .collect()
    };
    assert!(identities(0).is_disjoint(&identities(100)));
}

#[test]
fn a_large_body_is_a_charge_still() {
    let accounts = Account::all().unwrap();
    let mut feed = Feed::new(What::Large(256 << 10), &accounts, Reuse::KeepAlive).unwrap();
    let (kind, _, _, body) = take_in(&accounts, &requests(&mut feed, 1)[0]);
    assert_eq!(kind, "picpay.TransactionUpdateMessage");
    assert!((256 << 10..(256 << 10) + 64).contains(&body.len()), "{}", body.len());
}
