//! Bodies that no provider would send: they are told apart, and never do harm.

use serde_json::Value;

use super::mutate::Noise;
use super::tree::distinct_places;
use super::values::assert_bounded;
use super::{Bench, Report};
use crate::{Handler, UndecodableKind, json};

pub(super) fn run(bench: &Bench<'_>, handler: &dyn Handler, report: &mut Report) {
    whole_bodies(bench, handler, report);
    cut_bodies(bench, handler, report);
    nesting(bench, handler, report);
    broken_texts(bench, handler, report);
    arbitrary_bodies(bench, handler, report);
}

/// Bodies that are no JSON, or JSON of no use.
fn whole_bodies(bench: &Bench<'_>, handler: &dyn Handler, report: &mut Report) {
    use UndecodableKind::{Depth, Missing, Syntax, Type};

    let mut checked = 0;
    for case in bench.cases.known_shapes() {
        let genuine = case.body();
        let lengthened = |tail: &[u8]| [genuine.as_slice(), tail].concat();
        let hostile: Vec<(&str, Vec<u8>, UndecodableKind)> = vec![
            ("empty", Vec::new(), Syntax),
            ("white space", b" \n".to_vec(), Syntax),
            ("no JSON", b"status=PAID".to_vec(), Syntax),
            ("byte-order mark", [b"\xef\xbb\xbf", genuine.as_slice()].concat(), Syntax),
            ("byte-order mark of UTF-16", [b"\xff\xfe", genuine.as_slice()].concat(), Syntax),
            ("UTF-16", genuine.iter().flat_map(|&byte| [byte, 0]).collect(), Syntax),
            ("trailing object", lengthened(b"{}"), Syntax),
            ("trailing comma", lengthened(b","), Syntax),
            ("trailing zero", lengthened(b"\0"), Syntax),
            ("trailing byte that is no text", lengthened(b"\xff"), Syntax),
            ("comment", lengthened(b"// done"), Syntax),
            ("single quotes", genuine.iter().map(|&b| if b == b'"' { b'\'' } else { b }).collect(), Syntax),
            ("null", b"null".to_vec(), Type),
            ("number", b"1".to_vec(), Type),
            ("text", b"\"text\"".to_vec(), Type),
            ("empty array", b"[]".to_vec(), Type),
            ("array", b"[[], {}]".to_vec(), Type),
            ("array around it", [b"[", genuine.as_slice(), b"]"].concat(), Type),
            ("empty object", b"{}".to_vec(), Missing),
            ("200000 brackets", b"[".repeat(200_000), Depth),
            ("200000 braces", b"{\"a\":".repeat(200_000), Depth),
        ];
        for (what, body, expected) in hostile {
            let what = format!("case `{}`, {what}", case.name);
            bench.verify_anything(handler, case, &body);
            let error = bench.undecodable(handler, &case.kind, body, &what);
            assert_eq!(error.kind(), expected, "{what}: {error}");
            checked += 1;
        }
    }
    report.passed("hostile body", checked);
}

/// A body that breaks off is never read as if it were whole.
fn cut_bodies(bench: &Bench<'_>, handler: &dyn Handler, report: &mut Report) {
    const MOST: usize = 200;
    let mut checked = 0;
    for case in bench.cases.known_shapes() {
        let body = case.body();
        let body = body.trim_ascii();
        for end in (0..body.len()).step_by(body.len().div_ceil(MOST)) {
            let what = format!("case `{}`, cut after {end} bytes", case.name);
            let error = bench.undecodable(handler, &case.kind, body[..end].to_vec(), &what);
            assert_eq!(error.kind(), UndecodableKind::Syntax, "{what}: {error}");
            checked += 1;
        }
    }
    report.passed("body cut off", checked);
}

/// In every object of a body: what is as deep as allowed is read, one level more is refused.
fn nesting(bench: &Bench<'_>, handler: &dyn Handler, report: &mut Report) {
    let arrays = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let objects = |levels: usize| format!("{}{{}}{}", "{\"a\":".repeat(levels - 1), "}".repeat(levels - 1));
    let mut checked = 0;
    for case in bench.cases.known_shapes() {
        let body = case.slim();
        for (place, depth) in objects_in(&body) {
            for (what, nested) in [("arrays", &arrays as &dyn Fn(usize) -> String), ("objects", &objects)] {
                let what = format!("case `{}`, {what} in `{place}`", case.name);
                let with = |levels: usize| with_member(&body, &place, &nested(levels));
                let decoded = bench.decode(handler, &case.kind, with(json::MAX_DEPTH - depth));
                let decoded = decoded.unwrap_or_else(|error| panic!("{what}: {error}"));
                // Where any member may stand, this one is no drift either.
                assert!(decoded.drift.paths().len() <= 1, "{what}: {:?}", decoded.drift);
                let error = bench.undecodable(handler, &case.kind, with(json::MAX_DEPTH - depth + 1), &what);
                assert_eq!(error.kind(), UndecodableKind::Depth, "{what}: {error}");
                checked += 2;
            }
        }
    }
    report.passed("nested to the limit and beyond", checked);
}

/// The pointers of all objects, and how many arrays and objects each stands in, itself included.
fn objects_in(body: &Value) -> Vec<(String, usize)> {
    let inner = distinct_places(body).into_iter().filter(|place| place.value(body).is_object());
    [(String::new(), 1)].into_iter().chain(inner.map(|place| (place.pointer, place.depth + 1))).collect()
}

fn with_member(body: &Value, object: &str, json: &str) -> Vec<u8> {
    const MARK: &str = "the one place where other JSON goes";
    let mut changed = body.clone();
    changed
        .pointer_mut(object)
        .and_then(Value::as_object_mut)
        .unwrap()
        .insert("brand_new".into(), MARK.into());
    changed.to_string().replace(&format!("\"{MARK}\""), json).into_bytes()
}

/// Texts that are no text: bytes that are not UTF-8, and halves of characters.
fn broken_texts(bench: &Bench<'_>, handler: &dyn Handler, report: &mut Report) {
    let (mut bytes, mut halves) = (0, 0);
    for case in bench.cases.known_shapes() {
        let body = case.slim();
        let texts = distinct_places(&body).into_iter().filter(|place| place.value(&body).is_string());
        for (index, place) in texts.enumerate() {
            let what = format!("case `{}`, a broken text at `{}`", case.name, place.path);
            // Never valid, cut short, half a surrogate pair, and a slash in two bytes: each at some of the places.
            let broken = [&b"\"\xff\""[..], b"\"\xc3\"", b"\"\xed\xa0\x80\"", b"\"\xc0\xaf\""];
            for broken in broken.into_iter().skip(index % 2).step_by(2) {
                let written = place.write(&body, broken);
                bench.verify_anything(handler, case, &written);
                let error = bench.undecodable(handler, &case.kind, written, &what);
                assert_eq!(error.kind(), UndecodableKind::Syntax, "{what}: {error}");
                bytes += 1;
            }
            let half = [r#""\ud800""#, r#""\ud800A""#, r#""\ud800\u0041""#, r#""\udc00\ud800""#];
            for half in half.into_iter().skip(index % 2).step_by(2) {
                let written = place.write(&body, half.as_bytes());
                bench.verify_anything(handler, case, &written);
                let error = bench.undecodable(handler, &case.kind, written, &what);
                let found = (error.kind(), error.path());
                assert_eq!(found, (UndecodableKind::Type, place.path.as_str()), "{what}: {error}");
                halves += 1;
            }
        }
    }
    report.passed("text that is not UTF-8", bytes);
    report.passed("text with half a character", halves);
}

/// Whatever the bytes: no panic, and nothing that people see grows with them.
fn arbitrary_bodies(bench: &Bench<'_>, handler: &dyn Handler, report: &mut Report) {
    const ROUNDS: usize = 400;
    let shapes = bench.cases.shapes();
    let names: Vec<String> =
        shapes.iter().flat_map(|case| distinct_places(&case.slim())).filter_map(|place| place.name).collect();
    let mut noise = Noise::new();
    for _ in 0..ROUNDS {
        let case = shapes[noise.below(shapes.len())];
        for body in [noise.bytes(), noise.json(&names), noise.damaged(&case.body())] {
            bench.verify_anything(handler, case, &body);
            match bench.decode(handler, &case.kind, body) {
                Ok(decoded) => {
                    assert_bounded(&decoded.drift, &case.name);
                    let event = decoded.event;
                    let _ =
                        (event.identity(), event.subject(), event.time(), event.topic(), event.attributes());
                }
                Err(error) => assert!(error.to_string().len() < 1024, "{}: {error}", case.name),
            }
        }
    }
    report.passed("arbitrary body", ROUNDS * 3);
}
