//! How long the write-ahead log becomes.

use super::*;

const MIB: u64 = 1 << 20;

impl Fixture {
    fn log_length(&self) -> u64 {
        std::fs::metadata(self.folder.path().join("hooklatch.db-wal")).unwrap().len()
    }
}

#[tokio::test]
async fn a_reader_that_holds_an_old_snapshot_lets_the_log_grow_only_for_so_long() {
    let fixture = Fixture::new(&[]).await;
    fixture.append("a", "before").await;
    let reader = rusqlite::Connection::open(fixture.folder.path().join("hooklatch.db")).unwrap();
    let count = || reader.query_row("SELECT count(*) FROM event", [], |row| row.get::<_, i64>(0)).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(count(), 1);
    let filler = "x".repeat(8 << 20);
    for number in 0..18 {
        fixture.append("a", &format!("{number}{filler}")).await;
    }
    assert_eq!(count(), 1, "the snapshot is an old one");
    let grown = fixture.log_length();
    assert!(grown > 144 * MIB, "{} MiB", grown / MIB);

    reader.execute_batch("COMMIT").unwrap();
    let begun = std::time::Instant::now();
    let mut after = 0;
    while fixture.log_length() > 128 * MIB {
        assert!(begun.elapsed() < Duration::from_secs(40), "{} MiB", fixture.log_length() / MIB);
        after += 1;
        fixture.append("a", &format!("after {after}")).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(count(), 1 + 18 + after);
}
