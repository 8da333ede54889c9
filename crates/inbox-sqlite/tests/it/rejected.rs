//! The rejected log: what it keeps, what it lets go, what becomes of what is admitted.

use hooklatch_inbox::{
    MOST_REJECTED, MOST_REJECTED_BYTES, RejectedBody, RejectedCause, RejectedContent, RejectedId,
    RejectedLog as _, RejectedPage, RejectedQuery, RejectedRequest, RejectedStore as _,
};

use super::*;

fn request(source: &str, body: Result<Bytes, &str>) -> RejectedRequest {
    RejectedRequest {
        source: source.into(),
        received_at: NOON,
        peer: Some([192, 0, 2, 7].into()),
        cause: RejectedCause {
            kind: "mismatch".to_owned(),
            near_miss: Some("case".to_owned()),
            text: "the `authorization` header matches none".to_owned(),
        },
        omitted: 3,
        content: RejectedContent {
            path_token: Some("a-token".into()),
            headers: b"authorization: hush\n".to_vec(),
            body: body.map_err(str::to_owned),
        },
    }
}

async fn list(
    fixture: &Fixture,
    source: Option<&str>,
    limit: usize,
    after: Option<RejectedId>,
) -> RejectedPage {
    let query = RejectedQuery { source: source.map(str::to_owned), after, limit };
    fixture.inbox.rejected(query).await.unwrap()
}

#[tokio::test]
async fn a_rejected_request_comes_back_whole() {
    let fixture = Fixture::new(&[]).await;
    fixture.inbox.keep(request("shop", Ok(Bytes::from_static(b"{}")))).await.unwrap();
    fixture.inbox.keep(request("shop", Err("it is too large"))).await.unwrap();
    fixture.inbox.keep(request("other", Ok(Bytes::new()))).await.unwrap();

    let page = list(&fixture, Some("shop"), 10, None).await;
    let bodies: Vec<_> = page.requests.iter().map(|record| record.body.clone()).collect();
    assert_eq!(bodies, [RejectedBody::NotKept { why: "it is too large".to_owned() }, RejectedBody::Kept(2)]);
    let first = &page.requests[1];
    assert_eq!((first.source.as_str(), first.received_at, first.omitted), ("shop", NOON, 3));
    assert_eq!(first.peer, Some([192, 0, 2, 7].into()));
    assert_eq!(first.cause.near_miss.as_deref(), Some("case"));

    let sent = request("shop", Ok(Bytes::from_static(b"{}")));
    let detail = fixture.inbox.rejected_one(first.id).await.unwrap().unwrap();
    assert_eq!((&detail.record, detail.content), (first, Some(sent.content)));
    let unkept = fixture.inbox.rejected_one(page.requests[0].id).await.unwrap().unwrap();
    assert_eq!(unkept.content.unwrap().body, Err("it is too large".to_owned()));
    assert_eq!(fixture.inbox.rejected_one(RejectedId(1000)).await.unwrap(), None);

    let beside = SqliteLog::open(&fixture.folder.path().join("hooklatch.db")).unwrap();
    assert_eq!(beside.rejected_one(first.id).await.unwrap().unwrap().record, *first);
}

#[tokio::test]
async fn the_list_is_paged_newest_first() {
    let fixture = Fixture::new(&[]).await;
    for number in 0..5 {
        let source = if number == 2 { "other" } else { "shop" };
        fixture.inbox.keep(request(source, Ok(Bytes::new()))).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = list(&fixture, None, 2, after).await;
        seen.extend(page.requests.iter().map(|record| record.id.0));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert!(seen.is_sorted_by(|left, right| left > right), "{seen:?}");
    assert_eq!(seen.len(), 5);
    let page = list(&fixture, Some("shop"), 4, None).await;
    assert_eq!((page.requests.len(), page.next), (4, None));
    assert_eq!(list(&fixture, None, usize::MAX, None).await.requests.len(), 5);
}

#[tokio::test]
async fn the_oldest_of_a_source_go_beyond_a_number() {
    let fixture = Fixture::new(&[]).await;
    fixture.inbox.keep(request("other", Ok(Bytes::new()))).await.unwrap();
    let fixture = Arc::new(fixture);
    // Beside each other, so that many share a transaction.
    let mut keeping = tokio::task::JoinSet::new();
    for _ in 0..MOST_REJECTED + 50 {
        let fixture = Arc::clone(&fixture);
        keeping.spawn(async move { fixture.inbox.keep(request("shop", Ok(Bytes::new()))).await.unwrap() });
    }
    keeping.join_all().await;
    let page = list(&fixture, Some("shop"), 2 * MOST_REJECTED, None).await;
    assert_eq!(page.requests.len(), MOST_REJECTED);
    let newest = page.requests[0].id.0;
    assert_eq!(page.requests.last().unwrap().id.0, newest - i64::try_from(MOST_REJECTED).unwrap() + 1);
    assert_eq!(list(&fixture, Some("other"), 10, None).await.requests.len(), 1, "others lose nothing");
}

#[tokio::test]
async fn the_oldest_of_a_source_go_beyond_a_size() {
    let fixture = Fixture::new(&[]).await;
    let body = Bytes::from(vec![b'x'; 64 << 10]);
    fixture.inbox.keep(request("other", Ok(body.clone()))).await.unwrap();
    let fitting = MOST_REJECTED_BYTES / (body.len() + 200);
    for _ in 0..fitting + 20 {
        fixture.inbox.keep(request("shop", Ok(body.clone()))).await.unwrap();
    }
    let kept = list(&fixture, Some("shop"), MOST_REJECTED, None).await.requests;
    assert!((fitting..=MOST_REJECTED_BYTES / body.len()).contains(&kept.len()), "{}", kept.len());
    assert_eq!(list(&fixture, Some("other"), 10, None).await.requests.len(), 1);

    // One that alone is beyond the bound is not kept, nor is what was there before.
    let huge = Bytes::from(vec![b'x'; MOST_REJECTED_BYTES + 1]);
    fixture.inbox.keep(request("shop", Ok(huge))).await.unwrap();
    assert!(list(&fixture, Some("shop"), 10, None).await.requests.is_empty());
    fixture.inbox.keep(request("shop", Ok(Bytes::new()))).await.unwrap();
    let next = list(&fixture, Some("shop"), 10, None).await.requests;
    assert!(next[0].id > kept[0].id, "a number is never given twice");
}

#[tokio::test]
async fn what_is_admitted_keeps_its_event_and_nothing_secret() {
    let fixture = Fixture::new(&[]).await;
    fixture.inbox.keep(request("shop", Ok(Bytes::from_static(b"{}")))).await.unwrap();
    let id = list(&fixture, None, 1, None).await.requests[0].id;
    let first = fixture.append("a", "a1").await.id;
    let second = fixture.append("a", "a2").await.id;
    fixture.inbox.mark_admitted(id, first).await.unwrap();
    fixture.inbox.mark_admitted(id, second).await.unwrap();
    let detail = fixture.inbox.rejected_one(id).await.unwrap().unwrap();
    assert_eq!(detail.record.admitted, Some(first), "it stays the event that it became");
    assert_eq!((detail.record.body, detail.content), (RejectedBody::Admitted, None));

    let stranger = EventId::from_bytes([7; 16]);
    let error = fixture.inbox.mark_admitted(id, stranger).await.unwrap_err();
    assert_eq!(error.kind(), InboxErrorKind::Invalid);
    fixture.inbox.mark_admitted(RejectedId(1000), first).await.unwrap();
}

#[tokio::test]
async fn the_secrets_of_what_is_admitted_are_overwritten() {
    let fixture = Fixture::new(&[]).await;
    for length in [10, 20_000] {
        let mut kept = request("shop", Ok(Bytes::from("hush-body".repeat(length))));
        kept.content.headers = b"authorization: hush-header\n".to_vec();
        fixture.inbox.keep(kept).await.unwrap();
    }
    let path = fixture.folder.path().join("hooklatch.db");
    let holds_secrets = || {
        let bytes = std::fs::read(&path).unwrap();
        bytes.windows(b"hush".len()).any(|window| window == b"hush")
    };
    let event = fixture.append("a", "a1").await.id;
    let requests = list(&fixture, None, 2, None).await.requests;
    let fixture = fixture.crash(&[]).await;
    assert!(holds_secrets());
    for record in requests {
        fixture.inbox.mark_admitted(record.id, event).await.unwrap();
    }
    fixture.inbox.close().await;
    assert!(!holds_secrets());
}

#[tokio::test]
async fn one_peer_does_not_crowd_out_what_others_sent() {
    let fixture = Fixture::new(&[]).await;
    let from = |peer: &str, size| RejectedRequest {
        peer: Some(peer.parse().unwrap()),
        ..request("shop", Ok(Bytes::from(vec![b'x'; size])))
    };
    fixture.inbox.keep(from("192.0.2.1", 1000)).await.unwrap();
    for number in 0..100 {
        // One network is one peer, however many addresses it has.
        fixture.inbox.keep(from(&format!("2001:db8::{number}"), 64 << 10)).await.unwrap();
    }
    fixture.inbox.keep(from("192.0.2.1", 1000)).await.unwrap();
    let kept = list(&fixture, Some("shop"), MOST_REJECTED, None).await.requests;
    let of = |peer: &str| kept.iter().filter(|kept| kept.peer == Some(peer.parse().unwrap())).count();
    assert_eq!((of("192.0.2.1"), of("2001:db8::0"), of("2001:db8::99")), (2, 0, 1));
    assert!((50..66).contains(&kept.len()), "{}", kept.len());
}
