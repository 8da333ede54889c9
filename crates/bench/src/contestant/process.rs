//! A receiver as a process: started, watched, ended.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Result;

/// A receiver that answers. It ends with this value.
#[derive(Debug)]
pub(crate) struct Receiver {
    child: Child,
    pub(crate) address: SocketAddr,
    folder: PathBuf,
    /// From its start until it answered a request.
    pub(crate) took: Duration,
}

/// How long it may take to answer.
const START_WITHIN: Duration = Duration::from_mins(1);
/// How long it may take to stop when it is asked to.
const STOP_WITHIN: Duration = Duration::from_mins(1);

impl Receiver {
    /// Starts it and waits until it answers. What it writes goes to files in `folder`.
    pub(crate) fn start(mut command: Command, address: SocketAddr, folder: &Path) -> Result<Self> {
        command.stdout(File::create(folder.join("stdout"))?).stderr(File::create(folder.join("stderr"))?);
        let began = Instant::now();
        let child =
            command.spawn().map_err(|error| format!("{}: {error}", command.get_program().display()))?;
        let mut receiver = Self { child, address, folder: folder.to_owned(), took: Duration::ZERO };
        while !answers(address) {
            if let Some(status) = receiver.child.try_wait()? {
                return Err(receiver.complaint(&format!("ended with {status}")));
            }
            if began.elapsed() > START_WITHIN {
                return Err(receiver.complaint("does not answer"));
            }
            pause(Duration::from_micros(500));
        }
        receiver.took = began.elapsed();
        Ok(receiver)
    }

    /// The most memory that it had at a time, in bytes.
    pub(crate) fn peak_memory(&self) -> Result<f64> {
        self.status("VmHWM:")
    }

    /// The memory that it has now, in bytes.
    pub(crate) fn memory(&self) -> Result<f64> {
        self.status("VmRSS:")
    }

    /// The processor time that it has taken so far, in its own code and in the kernel's.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        Ok(processor_time(&text).ok_or("no times of the receiver")?)
    }

    fn status(&self, name: &str) -> Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        Ok(kibibytes(&text, name).ok_or_else(|| format!("no {name} of the receiver"))? * 1024.0)
    }

    /// What it has written to standard output.
    pub(crate) fn output(&self) -> Result<String> {
        Ok(fs::read_to_string(self.folder.join("stdout"))?)
    }

    /// Asks it to stop, waits for that, and gives what it has written to standard output.
    pub(crate) fn stop(mut self) -> Result<String> {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).ok_or("no process")?;
        kill_process(pid, Signal::TERM)?;
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.has_ended()? {
                break status;
            }
            if began.elapsed() > STOP_WITHIN {
                return Err(self.complaint("does not stop"));
            }
            pause(Duration::from_millis(1));
        };
        // A program without a handler ends by the very signal that asked it to.
        if status.success() || status.signal() == Some(Signal::TERM.as_raw()) {
            self.output()
        } else {
            Err(self.complaint(&format!("was asked to stop and ended with {status}")))
        }
    }

    /// Whether it has ended, and how.
    pub(crate) fn has_ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    fn complaint(&self, what: &str) -> crate::Error {
        let said = fs::read_to_string(self.folder.join("stderr")).unwrap_or_default();
        format!("the receiver {what}: {}", said.trim()).into()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether a request is answered, whatever the answer; a port may be open long before that.
fn answers(address: SocketAddr) -> bool {
    let ask = || -> io::Result<usize> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(START_WITHIN))?;
        stream.write_all(b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n")?;
        stream.read(&mut [0; 64])
    };
    ask().is_ok_and(|length| length > 0)
}

/// An address on which nobody listens.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Waits, where nothing tells when to go on.
pub(crate) fn pause(duration: Duration) {
    let (_keep, never) = mpsc::channel::<()>();
    let _ = never.recv_timeout(duration);
}

/// A line of `/proc/<pid>/status` that counts kibibytes.
fn kibibytes(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// The times of `/proc/<pid>/stat`, which counts in hundredths of a second whatever the kernel's own clock does.
fn processor_time(stat: &str) -> Option<Duration> {
    // The name of the program may hold anything, but ends with the last bracket.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut times = rest.split_ascii_whitespace().skip(11);
    let mut ticks = || times.next()?.parse::<u64>().ok();
    Some(Duration::from_millis((ticks()? + ticks()?) * 10))
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;

    use super::*;

    #[test]
    fn times_are_read_from_the_stat_line_whatever_the_name() {
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 150 50 7 7 20 0 1 0";
        assert_eq!(processor_time(stat), Some(Duration::from_secs(2)));
        assert_eq!(processor_time("42 (a) S 1"), None);
    }

    #[test]
    fn memory_is_read_from_the_status() {
        let status = "Name:\tx\nVmHWM:\t   12345 kB\nVmRSS:\t 678 kB\n";
        assert_eq!(kibibytes(status, "VmHWM:"), Some(12345.0));
        assert_eq!(kibibytes(status, "VmRSS:"), Some(678.0));
        assert_eq!(kibibytes(status, "VmSwap:"), None);
    }

    #[test]
    fn a_receiver_that_does_not_start_says_why() {
        let folder = std::env::temp_dir();
        let folder = folder.join(format!("hooklatch-bench-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", "echo no port for me >&2; exit 3"]);
        let error = Receiver::start(command, free_address().unwrap(), &folder).unwrap_err().to_string();
        fs::remove_dir_all(&folder).unwrap();
        assert!(error.contains("exit status: 3") && error.contains("no port for me"), "{error}");
    }

    #[test]
    fn a_receiver_that_fails_while_it_stops_is_an_error() {
        let stopped = |script: &str| {
            let child = Command::new("sh").args(["-c", script]).stdout(Stdio::piped()).spawn();
            let mut child = child.unwrap();
            // It says when it is ready to be asked.
            child.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
            let (address, folder) = (free_address().unwrap(), PathBuf::from("nowhere"));
            let error = Receiver { child, address, folder, took: Duration::ZERO }.stop().unwrap_err();
            error.to_string()
        };
        let failed = stopped("trap 'exit 3' TERM; echo; while :; do :; done");
        assert!(failed.contains("ended with exit status: 3"), "{failed}");
        // What cannot be read is what it has written, which comes after how it ended.
        for well in ["trap 'exit 0' TERM; echo; while :; do :; done", "echo; while :; do :; done"] {
            let error = stopped(well);
            assert!(error.contains("No such file"), "{error}");
        }
    }
}
