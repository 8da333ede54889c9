//! A standard output of its own for the consumer: that of a child process.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use futures_util::future::join_all;
use hooklatch_consumers::StdoutConsumer;
use hooklatch_core::{Consumer, FailureKind};
use serde_json::Value;

use crate::dispatch::numbered;

fn child(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--ignored", "--exact", name, "--nocapture"]).stdout(Stdio::piped());
    command
}

#[test]
fn events_are_written_a_line_each() {
    let output = child("stdout::writer").output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    // The test harness writes to the same output, perhaps in front of the first line.
    let lines = text.lines().filter_map(|line| line.find('{').map(|begin| &line[begin..]));
    let numbers: Vec<_> = lines
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["data"]["number"].as_u64().unwrap())
        .collect();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
}

#[test]
fn a_reader_that_went_away_is_a_retry() {
    let mut child = child("stdout::writer_to_nobody").stderr(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("specversion") {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "the child ended early");
    }
    drop(output);
    // The test harness of the child cannot report to a closed output, so the child reports to its standard error.
    let output = child.wait_with_output().unwrap();
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(report.starts_with("Retry: cannot write: Broken pipe"), "{report}");
}

#[tokio::test]
#[ignore = "writes to standard output; another test runs it in a process of its own"]
async fn writer() {
    let consumer = StdoutConsumer::new().unwrap();
    let events: Vec<_> = (0..100).map(numbered).collect();
    let outcomes = join_all(events.iter().map(|event| consumer.consume(event))).await;
    assert!(outcomes.iter().all(Result::is_ok));
}

#[tokio::test]
#[ignore = "writes to standard output; another test runs it in a process of its own"]
async fn writer_to_nobody() {
    let consumer = StdoutConsumer::new().unwrap();
    let failure = loop {
        match consumer.consume(&numbered(0)).await {
            Ok(()) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
            Err(failure) => break failure,
        }
    };
    assert_eq!(failure.kind(), FailureKind::Retry);
    eprintln!("{:?}: {failure}", failure.kind());
}
