//! What is read out of a body: nothing lost, nothing made up, nothing shown in an error.

use hooklatch_core::{
    Attributes, Drift, EventTime, Identity, IdentityKey, Subject, Topic, Undecodable, UndecodableKind,
    Verified,
};

use crate::account::Account;
use crate::naive::{self, Fault, Json};
use crate::request;
use crate::{losses, privacy};

/// Reads the body of the request that the bytes stand for, whoever sent it.
pub(crate) fn check<P: Account>(bytes: &[u8]) {
    let verified = request::believe(P::handler(), request::parse(bytes));
    let sent = naive::parse(verified.body());
    match read::<P>(&verified) {
        Ok(read) => {
            let sent = sent.unwrap_or_else(|fault| panic!("read in spite of {fault:?}"));
            assert_complete(&read, &sent);
            read_again::<P>(&verified, &read);
        }
        Err(error) => {
            privacy::assert_plain(&error);
            match sent {
                Ok(sent) => {
                    let is_about_json =
                        matches!(error.kind(), UndecodableKind::Syntax | UndecodableKind::Depth);
                    assert!(!is_about_json, "said of good JSON: {error}");
                    privacy::assert_place(&error, &sent);
                }
                Err(Fault::Depth) => assert_eq!(error.kind(), UndecodableKind::Depth),
                // Whatever else is wrong with it may be said first.
                Err(Fault::Syntax) => {}
            }
        }
    }
}

/// Everything that is read out of a body.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    meaning: Meaning,
    key: IdentityKey,
    drift: Drift,
    /// The event as JSON; a kind that nobody knows need not have one.
    written: Option<String>,
}

/// What the event says, whatever the bytes.
#[derive(Debug, PartialEq, Eq)]
struct Meaning {
    kind: String,
    identity: Identity,
    subject: Option<Subject>,
    time: Option<EventTime>,
    topic: Topic,
    attributes: Attributes,
}

/// Reads as a type and as a trait object, each twice, which must all come to the same.
fn read<P: Account>(verified: &Verified) -> Result<Read, Undecodable> {
    let handler = P::handler();
    let typed = || {
        let decoded = handler.read(verified)?;
        let meaning = meaning(&decoded.event);
        let key = meaning.identity.key(&meaning.kind, verified.body());
        let written = serde_json::to_string(&decoded.event).ok();
        Ok(Read { meaning, key, drift: decoded.drift, written })
    };
    let first = typed();
    assert_eq!(first, typed(), "the same bytes, read differently");
    let boxed = handler.decode(verified).map(|decoded| (meaning(decoded.event.as_ref()), decoded.drift));
    assert_eq!(
        first.as_ref().map(|read| (&read.meaning, &read.drift)),
        boxed.as_ref().map(|(m, drift)| (m, drift))
    );
    first
}

fn meaning(event: &dyn hooklatch_core::Event) -> Meaning {
    let attributes = event.attributes();
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase());
    assert!(attributes.iter().all(|(name, _)| is_name(name)), "{attributes:?}");
    Meaning {
        kind: event.kind().to_owned(),
        identity: event.identity(),
        subject: event.subject(),
        time: event.time(),
        topic: event.topic(),
        attributes,
    }
}

/// Every member of the body was taken over as it was, or is reported; what is reported is there.
fn assert_complete(read: &Read, sent: &Json) {
    let is_unknown = read.meaning.topic == Topic::Unknown;
    assert!(!is_unknown || !read.drift.is_empty(), "an unknown kind that nobody hears of");
    let Some(written) = &read.written else {
        assert!(is_unknown, "a known kind that cannot be written");
        assert_eq!(read.drift.paths().len(), 1, "the kind alone is reported");
        return;
    };
    let written = naive::parse(written.as_bytes()).unwrap();
    let unknown = losses::find(sent, &written);
    losses::assert_reported(&unknown, &written, &read.drift);
}

/// What was written is read as the same event, with nothing more to report than words.
fn read_again<P: Account>(verified: &Verified, first: &Read) {
    let Some(written) = &first.written else { return };
    let mut request = verified.request().clone();
    request.body = written.clone().into();
    let second = self::read::<P>(&request::believe(P::handler(), request));
    let second = second.unwrap_or_else(|error| panic!("what was written cannot be read: {error}"));
    assert_eq!(second.meaning, first.meaning);
    assert_eq!(second.written, first.written);
    let words = &first.drift.paths()[first.drift.paths().len() - second.drift.paths().len()..];
    assert_eq!(second.drift.paths(), words);
}
