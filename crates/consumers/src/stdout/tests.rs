//! A reader that is slow, or goes away.

use super::*;

/// Takes at most `room` bytes, seven at a time, and is broken after that until it gets more room.
struct Pipe {
    taken: Vec<u8>,
    room: usize,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(7).min(self.room);
        if taken == 0 {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.room -= taken;
        self.taken.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[track_caller]
fn check(room: usize, expected: &str) {
    let mut stream = Stream::new(Pipe { taken: Vec::new(), room });
    assert!(stream.write(b"{\"a\":1}\n{\"b\":2}\n").is_err());
    assert!(stream.write(b"{\"c\":3}\n").is_err());
    stream.output.room = 100;
    stream.write(b"{\"d\":4}\n").unwrap();
    stream.write(b"{\"e\":5}\n").unwrap();
    assert_eq!(String::from_utf8(stream.output.taken).unwrap(), expected);
}

#[test]
fn a_torn_line_is_ended_before_the_next() {
    check(12, "{\"a\":1}\n{\"b\"\n{\"d\":4}\n{\"e\":5}\n");
}

#[test]
fn nothing_is_ended_that_is_whole() {
    check(0, "{\"d\":4}\n{\"e\":5}\n");
    check(8, "{\"a\":1}\n{\"d\":4}\n{\"e\":5}\n");
}
