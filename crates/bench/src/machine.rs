//! What the figures were taken on.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::Result;

/// The machine, its disk and the versions, as names and values.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) free_disk: u64,
}

impl Machine {
    /// Looks around: `folder` lies on the disk that is measured, and `receiver` is the program that is measured.
    pub(crate) fn look(folder: &Path, receiver: &Path) -> Result<Self> {
        let folder = folder.canonicalize()?;
        let space = rustix::fs::statvfs(&folder)?;
        let free_disk = space.f_bavail * space.f_frsize;
        let read = |file: &str| fs::read_to_string(file).unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let facts = vec![
            ("cores", cores.to_string()),
            ("CPU", value_of(&read("/proc/cpuinfo"), "model name").unwrap_or_else(unknown)),
            ("memory", value_of(&read("/proc/meminfo"), "MemTotal").unwrap_or_else(unknown)),
            ("kernel", read("/proc/sys/kernel/osrelease").trim().to_owned()),
            ("disk", disk(&read("/proc/mounts"), &folder).unwrap_or_else(unknown)),
            ("load before the run", read("/proc/loadavg").split(' ').take(3).collect::<Vec<_>>().join(" ")),
            ("rustc", version("rustc", "--version")),
            ("SQLite", format!("{}, WAL, synchronous = FULL", rusqlite::version())),
            ("hooklatch", format!("{}, {}", version(receiver, "--version"), build(receiver))),
        ];
        Ok(Self { facts, free_disk })
    }
}

/// The machine's processor time since it was started, in ticks of its clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ticks {
    all: u64,
    /// What a hypervisor gave to other machines while this one had work to do.
    stolen: u64,
}

impl Ticks {
    pub(crate) fn look() -> Option<Self> {
        Self::read(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// The first line sums up all processors: user, nice, system, idle, iowait, irq, softirq, steal; guests are among them.
    fn read(stat: &str) -> Option<Self> {
        let ticks = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace();
        let ticks = ticks.take(8).map(str::parse).collect::<Result<Vec<u64>, _>>().ok()?;
        Some(Self { all: ticks.iter().sum(), stolen: *ticks.get(7)? })
    }

    /// The share that was stolen since then.
    pub(crate) fn stolen_since(self, then: Self) -> f64 {
        // The kernel may set such a counter back a little.
        let all = self.all.saturating_sub(then.all).max(1);
        self.stolen.saturating_sub(then.stolen) as f64 / all as f64
    }
}

/// Names a build by its folder and file, such as `release/hooklatch` or `dist/hooklatch`.
fn build(receiver: &Path) -> String {
    let folder = receiver.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
    receiver.strip_prefix(folder).unwrap_or(receiver).display().to_string()
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn version(program: impl AsRef<OsStr>, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.ok().filter(|text| !text.is_empty()).unwrap_or_else(unknown)
}

/// The value of the first line `name: value`.
fn value_of(text: &str, name: &str) -> Option<String> {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(found, _)| found.trim() == name).map(|(_, value)| value.trim().to_owned())
}

/// The device and the filesystem that a folder lies on: the longest place of a mount that leads to it.
fn disk(mounts: &str, folder: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, words.next()?, words.next()?, words.next()?))
    });
    let (device, _, filesystem, options) =
        mounts.filter(|(_, place, ..)| folder.starts_with(place)).max_by_key(|(_, place, ..)| place.len())?;
    Some(format!("{device}, {filesystem} ({options})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disk_is_that_of_the_longest_place() {
        let mounts = "/dev/a / ext4 rw 0 0\n/dev/b /data xfs rw,noatime 0 0\n/dev/c /database ext4 rw 0 0\n";
        assert_eq!(disk(mounts, Path::new("/data/x")).unwrap(), "/dev/b, xfs (rw,noatime)");
        assert_eq!(disk(mounts, Path::new("/srv")).unwrap(), "/dev/a, ext4 (rw)");
    }

    #[test]
    fn a_build_is_told_by_its_folder() {
        assert_eq!(build(Path::new("/somewhere/target/dist/hooklatch")), "dist/hooklatch");
        assert_eq!(build(Path::new("/hooklatch")), "hooklatch");
    }

    #[test]
    fn what_was_stolen_is_the_eighth_figure() {
        let then = Ticks::read("cpu  10 0 10 70 0 0 0 10 5 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n").unwrap();
        assert_eq!(then, Ticks { all: 100, stolen: 10 });
        let now = Ticks::read("cpu  20 0 20 120 0 0 0 40 9 0\n").unwrap();
        assert!((now.stolen_since(then) - 0.3).abs() < 1e-9);
        assert!(now.stolen_since(now).abs() < 1e-9);
        assert!(then.stolen_since(now).abs() < 1e-9);
        assert_eq!(Ticks::read("cpu  1 2 3\n"), None);
    }

    #[test]
    fn values_are_found_by_name() {
        assert_eq!(value_of("a: 1\nmodel name\t: X Y\n", "model name").unwrap(), "X Y");
        assert_eq!(value_of("", "a"), None);
    }
}
