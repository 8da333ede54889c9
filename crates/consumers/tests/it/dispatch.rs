//! Dispatches to hand on.

use bytes::Bytes;
use hooklatch_core::{Dispatch, EventId, Proof, Request, Verified};
use time::macros::datetime;

/// A body with everything that a reader might be tempted to put right.
pub(crate) const ODD: &str = "{\r\n  \"amount\": 1.10, \"big\": 12345678901234567890123,\t\"é\": \"\\u00e9 \\/ \\n  x\",\n  \"a\": [ ], \"a\": 1e2 }";

/// The first attempt of an event with this body.
pub(crate) fn dispatch(data: impl Into<Bytes>) -> Dispatch {
    let received_at = datetime!(2024-07-01 19:00:01.5 UTC);
    let request = Request::new(::http::HeaderMap::new(), data, received_at);
    Dispatch {
        id: "01907008-9a70-7000-8000-00000000002a".parse::<EventId>().unwrap(),
        source: "picpay".into(),
        kind: "picpay.TransactionUpdateMessage".into(),
        subject: Some("charge/61e35ec2".into()),
        time: datetime!(2024-07-01 16:00:00 -3),
        received_at,
        topic: "payment.refunded".into(),
        proof: Proof::Token,
        attributes: vec![("merchant".into(), "7".into())],
        attempt: 3,
        is_replay: false,
        request: Verified::from_inbox(request, Proof::Token),
        handler: None,
    }
}

/// An event whose body and id hold this number.
pub(crate) fn numbered(number: u32) -> Dispatch {
    let mut id = [0; 16];
    id[12..].copy_from_slice(&number.to_be_bytes());
    Dispatch { id: EventId::from_bytes(id), ..dispatch(format!("{{\"number\":{number}}}")) }
}
