//! Python packages from PyPI, pinned by their digests: taken apart into a folder for PYTHONPATH, without being installed.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use libtest_mimic::Failed;

use crate::pair::told;

/// The folder `done`, made now if it is not there: each list of pins is downloaded with its more options, and a script takes what came
/// apart, whose arguments are the folder of the downloads and the one to fill.
pub fn unpacked(done: PathBuf, what: &str, downloads: &[(&Path, &[&str])], script: &str) -> Result<PathBuf, Failed> {
    if done.exists() {
        return Ok(done);
    }
    let building = tempfile::tempdir_in(done.parent().ok_or("a folder has a parent")?)?;
    let (wheels, unpacked) = (building.path().join("wheels"), building.path().join("unpacked"));
    let download = |(list, more): &(&Path, &[&str])| {
        let mut command = Command::new("python3");
        command.args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "--disable-pip-version-check",
        ]);
        command.args(*more).arg("--dest").arg(&wheels).arg("-r").arg(list);
        command
    };
    let mut unpack = Command::new("python3");
    unpack.args(["-c", script]).arg(&wheels).arg(&unpacked);
    for mut command in downloads.iter().map(download).chain([unpack]) {
        let (code, _, errors) = told(command.output()?);
        if code != 0 {
            return Err(format!("{what} could not be installed: {errors}").into());
        }
    }
    // servers' accounts read it, too
    fs::set_permissions(&unpacked, fs::Permissions::from_mode(0o755))?;
    match fs::rename(&unpacked, &done) {
        Err(error) if !done.exists() => Err(error.into()),
        _ => Ok(done), // or another process was quicker
    }
}
