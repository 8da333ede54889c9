//! What is left in the file after crashes, full disks and rotation.

use std::fs;

use super::*;

const OURS: &str = r#"{"specversion":"1.0","id":"0191"}"#;

/// What the file holds after one more line was appended to what a crash left.
#[track_caller]
fn check(left: &[u8], expected: impl AsRef<[u8]>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.ndjson");
    fs::write(&path, left).unwrap();
    Appender::new(path.clone()).write(b"next\n").unwrap();
    let (found, expected) = (fs::read(&path).unwrap(), expected.as_ref());
    assert!(
        found == expected,
        "{} instead of {}",
        String::from_utf8_lossy(&found),
        String::from_utf8_lossy(expected)
    );
}

#[test]
fn whole_lines_stay() {
    check(b"", "next\n");
    check(b"\n", "\nnext\n");
    check(format!("{OURS}\n").as_bytes(), format!("{OURS}\nnext\n"));
}

#[test]
fn every_beginning_of_our_own_line_is_cut_off() {
    for length in 1..OURS.len() {
        check(&OURS.as_bytes()[..length], "next\n");
        check(format!("{OURS}\n{}", &OURS[..length]).as_bytes(), format!("{OURS}\nnext\n"));
    }
    check(format!("{OURS}\n{}\0\0\0", &OURS[..20]).as_bytes(), format!("{OURS}\nnext\n"));
    check(format!("{OURS}\n\0\0\0").as_bytes(), format!("{OURS}\nnext\n"));
}

#[test]
fn a_whole_line_without_its_end_is_ended() {
    check(OURS.as_bytes(), format!("{OURS}\nnext\n"));
    check(format!("{OURS}\n{OURS}").as_bytes(), format!("{OURS}\n{OURS}\nnext\n"));
}

#[test]
fn what_others_wrote_is_never_cut_off() {
    for others in ["notes", "{\"level\":\"info\"", "a\nb", "{\"specversion\":\"0.3\",\"id\":\"1"] {
        check(others.as_bytes(), format!("{others}\nnext\n"));
    }
}

#[test]
fn a_torn_line_that_is_too_long_to_look_at_is_ended() {
    let mut left = OURS.as_bytes()[..30].to_vec();
    left.resize(usize::try_from(TAIL_BYTES).unwrap() + 1, b'x');
    let expected = [&left[..], b"\nnext\n"].concat();
    check(&left, expected);
}

#[test]
fn only_regular_files_are_taken() {
    let directory = tempfile::tempdir().unwrap();
    for path in [Path::new("/dev/full"), directory.path(), &directory.path().join("none/events.ndjson")] {
        let error = Appender::new(path.to_owned()).check().unwrap_err();
        assert!(error.to_string().starts_with(&format!("{}: ", path.display())), "{error}");
    }
}

#[test]
fn one_writer_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.ndjson");
    let (mut first, mut second) = (Appender::new(path.clone()), Appender::new(path.clone()));
    second.check().unwrap();
    first.write(b"1\n").unwrap();
    let error = second.write(b"2\n").unwrap_err();
    assert!(error.to_string().contains("another consumer or program"), "{error}");
    drop(first);
    second.write(b"2\n").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"1\n2\n");
}
