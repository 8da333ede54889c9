//! The token is kept privately, and nothing else is taken for it.

use super::*;

/// A folder with an inbox in it.
fn inbox() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let inbox = folder.path().join("hooklatch.db");
    std::fs::write(&inbox, "").unwrap();
    (folder, inbox)
}

#[test]
fn a_token_is_made_once_and_only_its_owner_may_read_it() {
    let (folder, inbox) = inbox();
    assert_eq!(read(&inbox).unwrap_err().kind(), io::ErrorKind::NotFound);
    let token = read_or_make(&inbox).unwrap();
    assert_eq!(token.expose().len(), 64);
    assert_eq!(read_or_make(&inbox).unwrap(), token);
    assert_eq!(read(&inbox).unwrap(), token);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let mode = std::fs::metadata(file(&inbox)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let link = folder.path().join("link.db");
        symlink(&inbox, &link).unwrap();
        assert_eq!(read(&link).unwrap(), token, "a link leads to the same inbox");
    }
    drop(folder);
}

#[test]
fn what_is_no_token_is_not_taken_for_one() {
    let (_folder, inbox) = inbox();
    for text in ["", "\n", "two words\n", "line\nline\n", "tökén\n", &"x".repeat(5000).replace("xx", "x\n")]
    {
        private::write(&file(&inbox), text).unwrap();
        for error in [read(&inbox).unwrap_err(), read_or_make(&inbox).unwrap_err()] {
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{text:?}");
            assert!(error.to_string().contains("delete it"), "{error}");
        }
        assert_eq!(std::fs::read_to_string(file(&inbox)).unwrap(), text, "nothing is made in its place");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_others_could_have_read_or_put_there_is_not_believed() {
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    let (folder, inbox) = inbox();
    let token = read_or_make(&inbox).unwrap();
    let file = file(&inbox);
    let refused = |why: &str| {
        for error in [read(&inbox).unwrap_err(), read_or_make(&inbox).unwrap_err()] {
            let shown = error.to_string();
            assert!(shown.contains(why) && shown.contains("delete it"), "{shown}");
            assert!(!shown.contains(token.expose_str()), "{shown}");
        }
    };
    for mode in [0o640, 0o604, 0o620, 0o602, 0o666, 0o610] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        refused(&format!("mode {mode:o}"));
    }
    for mode in [0o600, 0o400] {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(read(&inbox).unwrap(), token, "{mode:o}");
    }

    // Only root can give a file away; for anybody else there is nothing to try here.
    if rustix::process::geteuid().is_root() {
        chown(&file, Some(4711), None).unwrap();
        refused("belongs to user 4711");
        chown(&inbox, Some(4711), None).unwrap();
        assert_eq!(read(&inbox).unwrap(), token, "it is the inbox of that user");
        let served = read_or_make(&inbox).unwrap_err().to_string();
        assert!(served.contains("belongs to user 4711"), "a server believes its own user only: {served}");
        chown(&file, Some(0), None).unwrap();
    }

    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    refused("symbolic link");
    std::fs::remove_file(&file).unwrap();
    symlink(folder.path().join("nowhere"), &file).unwrap();
    refused("symbolic link");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    refused("not a regular file");
    std::fs::remove_dir(&file).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &file, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    refused("not a regular file");
}
