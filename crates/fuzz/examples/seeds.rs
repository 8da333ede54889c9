//! Writes what fuzzing begins with: a folder a target, a file an input.

use std::path::PathBuf;
use std::{env, fs, io};

use hooklatch_fuzz::TARGETS;

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| io::Error::other("usage: seeds FOLDER"))?;
    for target in TARGETS {
        let folder = folder.join(target.name);
        fs::create_dir_all(&folder)?;
        for seed in target.seeds() {
            fs::write(folder.join(seed.name), seed.bytes)?;
        }
    }
    Ok(())
}
