//! A file consumer through rotation, crashes and a full disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use futures_util::future::join_all;
use hooklatch_consumers::{FileConfig, FileConsumer};
use hooklatch_core::{Consumer, FailureKind};
use serde_json::Value;
use tempfile::TempDir;

use crate::dispatch::{ODD, dispatch, numbered};

/// Tells the child of [`a_full_disk_leaves_whole_lines_only`] where its file is.
const FILE_OF_CHILD: &str = "HOOKLATCH_TEST_FILE";

fn consumer(path: &Path) -> FileConsumer {
    FileConsumer::open(FileConfig { path: path.to_owned() }).unwrap()
}

fn path() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.ndjson");
    (directory, path)
}

/// The numbers of the events in a file that must consist of whole lines.
#[track_caller]
fn numbers(path: &Path) -> Vec<u64> {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    let number = |line| serde_json::from_str::<Value>(line).unwrap()["data"]["number"].as_u64().unwrap();
    text.lines().map(number).collect()
}

#[tokio::test]
async fn a_thousand_events_at_once_are_all_there_once_and_in_order() {
    let (_directory, path) = path();
    let consumer = consumer(&path);
    let events: Vec<_> = (0..1000).map(numbered).collect();
    let outcomes = join_all(events.iter().map(|event| consumer.consume(event))).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(numbers(&path), (0..1000).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_on_several_threads_share_the_file() {
    let (_directory, path) = path();
    let consumer = std::sync::Arc::new(consumer(&path));
    let tasks = (0..1000).map(|number| {
        let consumer = std::sync::Arc::clone(&consumer);
        tokio::spawn(async move { consumer.consume(&numbered(number)).await })
    });
    assert!(join_all(tasks).await.into_iter().all(|outcome| outcome.unwrap().is_ok()));
    let mut numbers = numbers(&path);
    numbers.sort_unstable();
    assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_line_is_the_envelope_and_only_the_owner_reads_it() {
    let (_directory, path) = path();
    consumer(&path).consume(&dispatch(ODD)).await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), hooklatch_consumers::envelope::line(&dispatch(ODD)));
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_second_run_appends_and_ends_what_the_first_left_torn() {
    let (_directory, path) = path();
    consumer(&path).consume(&numbered(0)).await.unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, [&whole, &whole[..whole.len() / 2]].concat()).unwrap();
    consumer(&path).consume(&numbered(1)).await.unwrap();
    assert_eq!(numbers(&path), [0, 1]);
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_followed_by_a_new_one() {
    let (_directory, path) = path();
    let rotated = path.with_extension("1");
    let consumer = consumer(&path);
    consumer.consume(&numbered(0)).await.unwrap();
    fs::rename(&path, &rotated).unwrap();
    consumer.consume(&numbered(1)).await.unwrap();
    assert_eq!((numbers(&rotated), numbers(&path)), (vec![0], vec![1]));

    fs::remove_file(&path).unwrap();
    fs::write(&path, "").unwrap();
    consumer.consume(&numbered(2)).await.unwrap();
    assert_eq!(numbers(&path), [2]);
}

#[tokio::test]
async fn a_file_that_was_truncated_in_place_is_filled_from_its_beginning() {
    let (_directory, path) = path();
    let consumer = consumer(&path);
    consumer.consume(&numbered(0)).await.unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    consumer.consume(&numbered(1)).await.unwrap();
    assert_eq!(numbers(&path), [1]);
}

#[tokio::test]
async fn a_directory_that_is_gone_is_a_retry_until_it_is_back() {
    let (directory, path) = path();
    let consumer = consumer(&path);
    fs::remove_dir_all(directory.path()).unwrap();
    let failure = consumer.consume(&numbered(0)).await.unwrap_err();
    assert_eq!(failure.kind(), FailureKind::Retry);
    assert!(failure.to_string().starts_with("cannot write: "), "{failure}");
    fs::create_dir(directory.path()).unwrap();
    consumer.consume(&numbered(0)).await.unwrap();
    assert_eq!(numbers(&path), [0]);
}

/// The kernel refuses to let the child's file grow beyond eight blocks: the write that reaches the limit is short,
/// the next one fails, as on a full disk.
#[test]
fn a_full_disk_leaves_whole_lines_only() {
    let (_directory, path) = path();
    let output = Command::new("sh")
        .args(["-c", r#"trap '' XFSZ; ulimit -f 8; exec "$0" --ignored --exact file::child"#])
        .arg(std::env::current_exe().unwrap())
        .env(FILE_OF_CHILD, &path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    let numbers = numbers(&path);
    assert_eq!(numbers.last(), Some(&1000));
    assert_eq!(numbers[..numbers.len() - 1], (0..numbers.len() as u64 - 1).collect::<Vec<_>>());
}

#[tokio::test]
#[ignore = "needs a limit on the size of files; another test runs it with one"]
async fn child() {
    let path = PathBuf::from(std::env::var_os(FILE_OF_CHILD).unwrap());
    let consumer = consumer(&path);
    let large = |number: u32| dispatch(format!("{{\"number\":{number},\"filler\":\"{}\"}}", "x".repeat(500)));
    let mut number = 0;
    let failure = loop {
        match consumer.consume(&large(number)).await {
            Ok(()) => number += 1,
            Err(failure) => break failure,
        }
    };
    assert!(number > 2);
    assert_eq!(failure.kind(), FailureKind::Retry);
    assert_eq!(numbers(&path).len(), usize::try_from(number).unwrap());

    // A whole batch that does not fit is taken back as a whole.
    let length = path.metadata().unwrap().len();
    let batch: Vec<_> = (0..100).map(numbered).collect();
    let outcomes = join_all(batch.iter().map(|event| consumer.consume(event))).await;
    assert!(outcomes.iter().any(Result::is_err));
    numbers(&path);

    // There is room again.
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length).unwrap();
    let length: usize = fs::read_to_string(&path).unwrap().lines().take(3).map(|line| line.len() + 1).sum();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length as u64).unwrap();
    consumer.consume(&numbered(1000)).await.unwrap();
}
