//! Places in the order of arrival, and the event ids that hold them.
//!
//! A position is a millisecond since 1970 and a number within it, so positions grow with time and never repeat.
//! The event id is a UUIDv7 (RFC 9562) of the same millisecond, with the number where the RFC allows a counter and
//! this inbox's own random bits behind it. Each can be computed from the other, so no index of ids is needed.

use hooklatch_core::EventId;
use time::OffsetDateTime;

/// Bits of the number within a millisecond.
const COUNTER_BITS: u32 = 20;
const COUNTER_MASK: u64 = (1 << COUNTER_BITS) - 1;
/// Bits behind the counter: 128 less 48 of time, 4 of version, 2 of variant and the counter.
const INSTANCE_BITS: u32 = 54;
const INSTANCE_MASK: u64 = (1 << INSTANCE_BITS) - 1;

/// The next position after `last` at the time `now`; it grows even when the clock is set back.
pub(crate) fn next(last: i64, now: OffsetDateTime) -> i64 {
    let milliseconds = i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default().max(0);
    (milliseconds << COUNTER_BITS).max(last + 1)
}

/// The first position of the millisecond of `time`.
pub(crate) fn first_at(time: OffsetDateTime) -> i64 {
    next(-1, time)
}

/// The id of the event at `position` in the inbox with this random number.
pub(crate) fn event_id(position: i64, instance: i64) -> EventId {
    let position = position.cast_unsigned();
    let milliseconds = position >> COUNTER_BITS;
    let counter = position & COUNTER_MASK;
    let instance = instance.cast_unsigned() & INSTANCE_MASK;

    let high = (milliseconds << 16) | (0x7 << 12) | (counter >> 8);
    let low = (0b10 << 62) | ((counter & 0xff) << INSTANCE_BITS) | instance;
    EventId::from_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
}

/// The position that an event id holds, or `None` when the id is not of this inbox.
pub(crate) fn position(id: EventId, instance: i64) -> Option<i64> {
    let bits = u128::from_be_bytes(*id.as_bytes());
    let high = u64::try_from(bits >> 64).ok()?;
    let low = u64::try_from(bits & u128::from(u64::MAX)).ok()?;
    let counter = ((high & 0xfff) << 8) | ((low >> INSTANCE_BITS) & 0xff);
    let position = (((high >> 16) << COUNTER_BITS) | counter).cast_signed();
    (event_id(position, instance) == id).then_some(position)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn positions_grow_whatever_the_clock_does() {
        let noon = datetime!(2026-01-01 12:00 UTC);
        let first = next(0, noon);
        assert_eq!(next(first, noon), first + 1);
        assert_eq!(next(first, noon - time::Duration::hours(1)), first + 1);
        assert!(next(first, noon + time::Duration::milliseconds(1)) > first + 1);
    }

    #[test]
    fn an_id_is_a_uuid_of_version_7_and_holds_its_position() {
        let instance = 0x1234_5678_9abc_def0;
        let noon = datetime!(2026-01-01 12:00 UTC);
        let mut last = 0;
        let mut ids = Vec::new();
        for _ in 0..1000 {
            last = next(last, noon);
            let id = event_id(last, instance);
            assert_eq!(position(id, instance), Some(last));
            assert_eq!(position(id, instance + 1), None);
            ids.push(id);
        }
        assert!(ids.is_sorted());
        let text = ids[999].to_string();
        assert_eq!(text.as_bytes()[14], b'7', "{text}");
        assert!(matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b'), "{text}");
        let milliseconds = u64::from_str_radix(&text.replace('-', "")[..12], 16).unwrap();
        assert_eq!(milliseconds, 1_767_268_800_000);
    }
}
