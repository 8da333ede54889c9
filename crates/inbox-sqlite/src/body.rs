//! Bodies as they are kept: packed, where they resemble the provider's sample of their kind.
//!
//! Every body of a kind has the names of its members, and more of its form, in common with that sample. LZ4 with the
//! sample as its dictionary leaves what is different: fewer bytes to log, to sync, to copy and to keep.

use std::collections::HashMap;

use bytes::Bytes;
use lz4_flex::block::{
    compress_prepend_size_with_dict, decompress_size_prepended_with_dict, uncompressed_size,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::row::corrupt;

/// From this many bytes on a body is packed; what it saves below is not worth the time.
const WORTHWHILE: usize = 256;
/// LZ4 turns a byte into no more than so many.
const MOST_EACH: usize = 255;

/// A body on its way into the file.
#[derive(Debug)]
pub(crate) struct Body {
    /// As it is kept.
    pub(crate) bytes: Bytes,
    /// What it was packed with; `None` where it is kept as it came.
    pub(crate) sample: Option<&'static [u8]>,
}

impl Body {
    /// Packs a body that resembles `sample`, where that makes it smaller.
    pub(crate) fn pack(bytes: Bytes, sample: Option<&'static [u8]>) -> Self {
        let Some(sample) = sample.filter(|_| bytes.len() >= WORTHWHILE) else {
            return Self { bytes, sample: None };
        };
        let packed = compress_prepend_size_with_dict(&bytes, sample);
        if packed.len() < bytes.len() {
            Self { bytes: packed.into(), sample: Some(sample) }
        } else {
            Self { bytes, sample: None }
        }
    }
}

/// The columns that [`read`] needs.
pub(crate) const COLUMNS: &str =
    "event.body AS kept, event.sample AS packed_with, sample.body AS sample_body";
/// What [`COLUMNS`] asks for beside `event`.
pub(crate) const JOIN: &str = "LEFT JOIN sample ON sample.id = event.sample";

/// The body as it came.
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Bytes> {
    let kept = row.get_ref("kept")?.as_blob()?;
    if row.get_ref("packed_with")? == ValueRef::Null {
        return Ok(Bytes::copy_from_slice(kept));
    }
    let unreadable =
        |column, name| row.as_ref().column_index(column).map_or_else(|error| error, |at| corrupt(at, name));
    let sample = row.get_ref("sample_body")?.as_blob_or_null()?;
    let sample = sample.ok_or_else(|| unreadable("packed_with", "sample"))?;
    unpack(kept, sample).ok_or_else(|| unreadable("kept", "body"))
}

fn unpack(packed: &[u8], sample: &[u8]) -> Option<Bytes> {
    // A damaged size must not ask for all the memory there is.
    let (size, block) = uncompressed_size(packed).ok()?;
    if size > block.len().saturating_mul(MOST_EACH) {
        return None;
    }
    let body = decompress_size_prepended_with_dict(packed, sample).ok()?;
    // A block that was cut off in the right place unpacks to less.
    (body.len() == size).then(|| body.into())
}

/// The numbers of the samples in the file, as far as they were asked for, by where the samples are in memory.
#[derive(Debug, Default)]
pub(crate) struct Samples(HashMap<(usize, usize), i64>);

impl Samples {
    /// The number of a sample, which is written down when the file has not got it.
    pub(crate) fn number(&mut self, connection: &Connection, sample: &'static [u8]) -> rusqlite::Result<i64> {
        // It stays where it is as long as the process runs, so its place tells which one it is.
        let place = (sample.as_ptr().addr(), sample.len());
        if let Some(number) = self.0.get(&place) {
            return Ok(*number);
        }
        let known = connection
            .query_row("SELECT id FROM sample WHERE body = ?1", params![sample], |row| row.get(0))
            .optional()?;
        let number = if let Some(number) = known {
            number
        } else {
            connection.execute("INSERT INTO sample (body) VALUES (?1)", params![sample])?;
            connection.last_insert_rowid()
        };
        self.0.insert(place, number);
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const SAMPLE: &[u8] = br#"{"event":"charge","data":{"amount":100,"merchantChargeId":"abc","status":"PAID","customer":
        {"name":"Somebody","document":"000.000.000-00","email":"somebody@example.com"},"paymentSource":"CHECKOUT"}}"#;

    /// A body of the same kind.
    fn alike(name: &str) -> Bytes {
        let body = std::str::from_utf8(SAMPLE).unwrap().replace("Somebody", name).replace("100", "7");
        [body.as_str(), "          ", body.as_str()].concat().into()
    }

    #[test]
    fn what_resembles_the_sample_is_kept_in_a_few_bytes_and_comes_back() {
        let body = alike("Maria");
        let packed = Body::pack(body.clone(), Some(SAMPLE));
        assert_eq!(packed.sample, Some(SAMPLE));
        assert!(packed.bytes.len() * 4 < body.len(), "{} of {}", packed.bytes.len(), body.len());
        assert_eq!(unpack(&packed.bytes, SAMPLE), Some(body));
    }

    #[test]
    fn what_would_not_become_smaller_is_kept_as_it_came() {
        let noise: Vec<u8> =
            (0..1000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
        for (body, sample) in [
            (Bytes::from(noise), Some(SAMPLE)),
            (Bytes::from_static(SAMPLE), Some(SAMPLE)),
            (Bytes::new(), Some(SAMPLE)),
            (alike("Maria"), None),
        ] {
            let kept = Body::pack(body.clone(), sample);
            assert_eq!((kept.bytes, kept.sample), (body, None));
        }
    }

    #[test]
    fn what_is_damaged_is_refused_and_takes_no_memory() {
        let packed = Body::pack(alike("Maria"), Some(SAMPLE)).bytes;
        for end in 0..packed.len() {
            assert_eq!(unpack(&packed[..end], SAMPLE), None, "{end} bytes of {}", packed.len());
        }
        assert_eq!(unpack(&packed, b""), None);
        assert_eq!(unpack(b"", SAMPLE), None);
        let huge = [&u32::MAX.to_le_bytes(), &packed[4..]].concat();
        assert_eq!(unpack(&huge, SAMPLE), None);
    }

    /// Pieces of the sample with anything between them, some so often that LZ4 no longer reaches back to the sample.
    fn resembling() -> impl Strategy<Value = Vec<u8>> {
        let piece = (0..SAMPLE.len(), 0..SAMPLE.len())
            .prop_map(|(one, other)| &SAMPLE[one.min(other)..one.max(other)]);
        let pieces = vec((piece, vec(any::<u8>(), 0..20)), 0..20);
        (pieces, prop_oneof![4 => Just(1), 1 => 1..200_usize]).prop_map(|(pieces, times)| {
            pieces
                .into_iter()
                .flat_map(|(piece, other)| [piece, &other].concat())
                .collect::<Vec<_>>()
                .repeat(times)
        })
    }

    proptest! {
        #[test]
        fn whatever_is_packed_comes_back(body in resembling()) {
            let kept = Body::pack(body.clone().into(), Some(SAMPLE));
            let back = kept.sample.map_or(Some(kept.bytes.clone()), |sample| unpack(&kept.bytes, sample));
            prop_assert_eq!(back, Some(body.into()));
        }

        #[test]
        fn damage_anywhere_is_bounded(body in resembling(), at in any::<prop::sample::Index>(), byte: u8) {
            let mut kept = Body::pack(body.into(), Some(SAMPLE)).bytes.to_vec();
            if let Some(place) = (!kept.is_empty()).then(|| at.index(kept.len())) {
                kept[place] = byte;
            }
            let unpacked = unpack(&kept, SAMPLE).map_or(0, |body| body.len());
            prop_assert!(unpacked <= kept.len() * MOST_EACH);
        }
    }
}
