//! Receivers that are not part of this project, where they are installed.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::Result;

/// Why adnanh/webhook cannot run.
pub(super) fn missing_webhook() -> Option<String> {
    let runs = Command::new("webhook").arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    runs.err().map(|_| "no `webhook` on the path; Debian has it as the package of this name".to_owned())
}

/// It runs a program for each request and has no store.
pub(super) fn webhook(address: SocketAddr, folder: &Path) -> Result<Command> {
    let hooks = json!([{ "id": "picpay", "execute-command": "/bin/true", "trigger-rule": { "match": {
        "type": "value", "value": "bench-secret", "parameter": { "source": "header", "name": "Authorization" }
    } } }]);
    let file = folder.join("hooks.json");
    fs::write(&file, hooks.to_string())?;
    let mut command = Command::new("webhook");
    command.args(["-urlprefix", "", "-ip"]).arg(address.ip().to_string());
    command.arg("-port").arg(address.port().to_string()).arg("-hooks").arg(file);
    Ok(command)
}

/// Why Express cannot run.
pub(super) fn missing_express() -> Option<String> {
    let script = "require('express'); require('better-sqlite3')";
    let runs = Command::new("node").args(["-e", script]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match runs {
        Ok(status) if status.success() => None,
        Ok(_) => Some(
            "node finds no `express` and `better-sqlite3`; install both with npm and let NODE_PATH name their folder"
                .to_owned(),
        ),
        Err(_) => Some("no `node` on the path".to_owned()),
    }
}

/// A commit a request, as in the hand-written receiver.
pub(super) fn express(address: SocketAddr, folder: &Path) -> Result<Command> {
    let script = folder.join("express.js");
    fs::write(&script, include_str!("express.js"))?;
    let mut command = Command::new("node");
    command.env("NODE_ENV", "production").arg(script);
    command.arg(address.port().to_string()).arg(folder.join("express.db"));
    Ok(command)
}
