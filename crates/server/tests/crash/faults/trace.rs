//! Reads what `strace` saw, and asks of it whether answers came after syncs.

#[cfg(test)]
mod tests;

/// Calls in the order in which they began and ended.
#[derive(Debug)]
pub(super) struct Trace {
    calls: Vec<Call>,
}

/// A system call that returned.
#[derive(Debug, PartialEq, Eq)]
struct Call {
    name: String,
    /// The arguments, with the file or socket behind each descriptor.
    arguments: String,
    /// The places in the trace where it began and where it had returned.
    began: usize,
    returned: usize,
    /// Whether it returned an error.
    failed: bool,
}

impl Trace {
    /// Reads the output of `strace -f -yy`.
    ///
    /// What another thread interrupts is written in two lines: `… <unfinished ...>` and `<... NAME resumed>…`.
    pub(super) fn parse(text: &str) -> Self {
        let mut calls = Vec::new();
        let mut open: Vec<(&str, usize, &str)> = Vec::new();
        for (place, line) in text.lines().enumerate() {
            let Some((thread, rest)) = line.split_once(' ') else { continue };
            let rest = rest.trim_start();
            if let Some(start) = rest.strip_suffix("<unfinished ...>") {
                open.push((thread, place, start));
            } else if let Some(resumed) = rest.strip_prefix("<... ") {
                let Some(index) = open.iter().position(|(other, ..)| *other == thread) else { continue };
                let (_, began, start) = open.swap_remove(index);
                let end = resumed.split_once("resumed>").map_or("", |(_, end)| end);
                calls.extend(Call::parse(&format!("{start}{end}"), began, place));
            } else {
                calls.extend(Call::parse(rest, place, place));
            }
        }
        calls.sort_by_key(|call| call.began);
        Self { calls }
    }

    /// Whether the request that `mark` stands in was answered with `answer` only after it was durable.
    ///
    /// # Errors
    ///
    /// Which of the three calls is missing or in the wrong place.
    pub(super) fn check(&self, mark: &str, answer: &str) -> Result<(), String> {
        let answered = self.calls.iter().find(|call| call.is_answer() && call.arguments.contains(answer));
        let answered = answered.ok_or_else(|| format!("no call writes the answer {answer}"))?;
        let is_write = |call: &&Call| call.is_to_log() && call.name.starts_with("pwrite");
        let written = self.calls.iter().filter(is_write).find(|call| call.arguments.contains(mark));
        let written = written.ok_or_else(|| format!("no call writes {mark} to the log"))?;
        let is_sync = |call: &&Call| matches!(call.name.as_str(), "fsync" | "fdatasync") && call.is_to_log();
        let covers = |sync: &&Call| sync.began > written.returned && sync.returned < answered.began;
        let sync = self.calls.iter().filter(is_sync).filter(|sync| !sync.failed).find(covers);
        sync.map(drop).ok_or_else(|| {
            format!(
                "{mark} is in the log at line {}, the answer {answer} begins at {}, and no sync lies between",
                written.returned + 1,
                answered.began + 1
            )
        })
    }
}

impl Call {
    fn parse(text: &str, began: usize, returned: usize) -> Option<Self> {
        let (name, rest) = text.split_once('(')?;
        let (arguments, result) = rest.rsplit_once(" = ")?;
        let failed = result.starts_with('-');
        Some(Self { name: name.to_owned(), arguments: arguments.to_owned(), began, returned, failed })
    }

    fn is_to_log(&self) -> bool {
        self.arguments.split_once('>').is_some_and(|(file, _)| file.ends_with("-wal"))
    }

    /// Whether it answers a request with a 2xx; consumers are sent requests.
    fn is_answer(&self) -> bool {
        let target = self.arguments.split_once('<').map_or("", |(_, target)| target);
        let is_to_socket = matches!(self.name.as_str(), "write" | "writev" | "sendto" | "sendmsg");
        is_to_socket && target.starts_with("TCP") && self.arguments.contains("\"HTTP/1.1 2")
    }
}
