//! Small file systems, and folders nobody can write to. Both take root.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Something mounted, until this is dropped.
#[derive(Debug)]
pub(super) struct Mount(PathBuf);

impl Mount {
    /// An empty file system in memory with so much room; an error is why there is none.
    pub(super) fn tmpfs(folder: &Path, size: &str) -> Result<Self, String> {
        std::fs::create_dir_all(folder).unwrap();
        mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "hooklatch-test"], folder)?;
        Ok(Self(folder.to_owned()))
    }

    /// The folder as it is, for reading only. Permissions would not hold root up.
    pub(super) fn read_only(folder: &Path) -> Result<Self, String> {
        let path = folder.to_str().unwrap();
        mount(&["--bind", path], folder)?;
        let mounted = Self(folder.to_owned());
        mount(&["-o", "remount,ro,bind", path], folder)?;
        Ok(mounted)
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: whoever still has a file open there must not keep it for ever.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(arguments: &[&str], folder: &Path) -> Result<(), String> {
    let is_remount = arguments.contains(&"remount,ro,bind");
    let mut command = Command::new("mount");
    command.args(arguments);
    if !is_remount {
        command.arg(folder);
    }
    match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(format!("mount: {error}")),
    }
}
