//! Traces that prove a sync, and traces that only look so.

use super::*;

const WRITE: &str = r#"7 pwrite64(9</i/h.db-wal>, "..body-17..", 4096, 56) = 4096"#;
const SYNC: &str = "7 fdatasync(9</i/h.db-wal>) = 0";
const ANSWER: &str = r#"8  writev(12<TCP:[127.0.0.1:1->127.0.0.1:2]>, [{iov_base="HTTP/1.1 200 OK\r\n\r\nid-17\n", iov_len=9}], 1) = 9"#;

fn check(lines: &[&str]) -> Result<(), String> {
    Trace::parse(&lines.join("\n")).check("body-17", "id-17")
}

#[test]
fn a_sync_between_write_and_answer_is_a_proof() {
    check(&[WRITE, SYNC, ANSWER]).unwrap();
    let interrupted = [
        WRITE,
        "7 fdatasync(9</i/h.db-wal> <unfinished ...>",
        "8 sendto(3<TCP:[x]>, \"other\", 5) = 5",
        "7 <... fdatasync resumed>) = 0",
        ANSWER,
    ];
    check(&interrupted).unwrap();
}

#[test]
fn anything_else_is_none() {
    assert!(check(&[WRITE, ANSWER]).is_err());
    assert!(check(&[WRITE, ANSWER, SYNC]).is_err());
    assert!(check(&[SYNC, WRITE, ANSWER]).is_err());
    assert!(check(&[WRITE, SYNC]).is_err());
    assert!(check(&[SYNC, ANSWER]).is_err());
    assert!(check(&[WRITE, "7 fdatasync(9</i/h.db>) = 0", ANSWER]).is_err(), "another file");
    assert!(check(&[WRITE, "7 fdatasync(9</i/h.db-wal>) = -1 EIO (Input/output error)", ANSWER]).is_err());
    let begun = "7 fdatasync(9</i/h.db-wal> <unfinished ...>";
    assert!(check(&[WRITE, begun, ANSWER, "7 <... fdatasync resumed>) = 0"]).is_err(), "not yet returned");
    let writing = r#"7 pwrite64(9</i/h.db-wal>, "..body-17..", 4096, 56 <unfinished ...>"#;
    let written = "7 <... pwrite64 resumed>) = 4096";
    assert!(check(&[writing, "9 fsync(9</i/h.db-wal>) = 0", written, ANSWER]).is_err(), "began before");
}
