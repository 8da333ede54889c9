//! HTTP/1.1 answers, as they come in: just enough of it to know the status and the end.

use crate::Result;

/// An answer that is being received.
#[derive(Debug, Default)]
pub(super) struct Answer {
    head: Vec<u8>,
    /// Once the head is there: the status, and how much of the body is still to come.
    known: Option<(u16, usize)>,
}

/// The longest head that is waited for.
const LONGEST_HEAD: usize = 16 << 10;

impl Answer {
    /// Takes in what came; the status once the answer is complete. Then it is ready for the next one.
    ///
    /// # Errors
    ///
    /// What it cannot read: an answer without `content-length`, or more than one answer.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Option<u16>> {
        let (status, missing) = if let Some((status, missing)) = self.known {
            (status, missing.checked_sub(bytes.len()))
        } else {
            self.head.extend_from_slice(bytes);
            let Some(end) = self.head.windows(4).position(|four| four == b"\r\n\r\n") else {
                let is_long = self.head.len() > LONGEST_HEAD;
                return if is_long { Err("an answer whose head does not end".into()) } else { Ok(None) };
            };
            let (status, length) = read(self.head.get(..end).unwrap_or_default())?;
            let come = self.head.len() - end - 4;
            self.head.clear();
            (status, length.checked_sub(come))
        };
        match missing {
            Some(0) => {
                self.known = None;
                Ok(Some(status))
            }
            Some(missing) => {
                self.known = Some((status, missing));
                Ok(None)
            }
            None => Err("more than the answer to one request".into()),
        }
    }
}

/// The status and the length of the body.
fn read(head: &[u8]) -> Result<(u16, usize)> {
    let head = std::str::from_utf8(head)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
    let status = status.ok_or("an answer that is not HTTP/1.1")?;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            return Ok((status, value.trim().parse()?));
        }
    }
    Err(format!("an answer without content-length: {head}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 5\r\n\r\nhello";

    #[test]
    fn an_answer_is_complete_wherever_it_is_torn() {
        for torn in 0..ANSWER.len() {
            let mut answer = Answer::default();
            assert_eq!(answer.push(&ANSWER[..torn]).unwrap(), None, "{torn}");
            assert_eq!(answer.push(&ANSWER[torn..]).unwrap(), Some(200), "{torn}");
        }
    }

    #[test]
    fn the_next_answer_follows() {
        let mut answer = Answer::default();
        assert_eq!(answer.push(ANSWER).unwrap(), Some(200));
        assert_eq!(answer.push(b"HTTP/1.1 503 X\r\ncontent-length:0\r\n\r\n").unwrap(), Some(503));
    }

    #[test]
    fn what_it_cannot_read_is_an_error() {
        let faults: [&[u8]; 4] = [
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\nx",
            b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        ];
        for fault in faults {
            assert!(Answer::default().push(fault).is_err(), "{}", String::from_utf8_lossy(fault));
        }
        assert!(Answer::default().push(&vec![b'x'; LONGEST_HEAD + 1]).is_err());
    }
}
