//! Backups: a consistent copy of database, files and keys of a server that runs, and the way back.
//!
//! The order is what makes a copy consistent. The database is copied first, as of one instant, and then the files that
//! the copy names: a file is in the store before a row names it. A file that was removed in between, with its row, has
//! the database copied once more.
//!
//! What is acknowledged before a backup begins is in it. `directory.rs` has the form on the disk, `manifest.rs` what is
//! written down of a backup, `restore.rs` the way back, and `check.rs` the proof that it can be gone.

mod check;
mod directory;
mod manifest;
mod restore;

use std::{
    io::Read,
    path::{Path, PathBuf},
};

pub use check::check;
pub use directory::BackupDirectory;
pub use manifest::{Manifest, ManifestLog, Missing, NamedFile};
pub use restore::{Losses, Options as RestoreOptions, Restored, RestoredLog, refuse_unfinished, restore};
use sha2::{Digest, Sha256};

use crate::{
    app::App,
    config::Config,
    db::Db,
    error::{Error, Result},
    files::durable,
    keys,
};

/// The copy of the database in the folder of a backup.
const COPY: &str = "database";
/// How many bytes of a file are read at once.
const PART: usize = 1024 * 1024;
/// How often the database is copied again because files went while they were copied.
const TRIES: u32 = 5;

/// What a backup is to do besides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Whether the keys are copied as well.
    pub with_keys: bool,
    /// How many backups are kept in the directory, this one among them. `None`: all.
    pub keep: Option<usize>,
    /// Whether files that are kept already are read again, and copied again if they are damaged.
    pub reread: bool,
}

/// What has been done so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// How many files were looked at, of how many.
    pub files: (usize, usize),
    /// How many bytes of them were copied.
    pub bytes: u64,
}

/// A backup that was made.
#[derive(Debug)]
pub struct Taken {
    /// Its name in the directory.
    pub name: String,
    /// What it is of.
    pub manifest: Manifest,
    /// How many bytes of files were new in the directory.
    pub new_bytes: u64,
    /// The older backups that were removed.
    pub removed: Vec<String>,
}

/// Makes a backup in a directory, which gets only those files that it has not yet.
///
/// # Errors
///
/// Fails if the directory cannot be written, or is inside of what is backed up. A file that the store has lost is no error:
/// the manifest names it.
pub async fn take(
    app: &App,
    directory: &Path,
    options: Options,
    goes_on: &mut (dyn FnMut(Progress) + Send),
) -> Result<Taken> {
    refuse_inside(&app.config, directory)?;
    let directory = BackupDirectory::open_to_write(directory)?;
    let made_at = app.now();
    let unfinished = directory.begin()?;
    let copy = unfinished.path.join(COPY);
    let (mut new_bytes, mut missing) = (0, Vec::new());
    let mut tries = 0;
    let kind = Db::kind(&app.config.database_url());
    let mut manifest = loop {
        tries += 1;
        // The one of the try before.
        let _ = std::fs::remove_file(&copy);
        let contents = app.db.copy(&copy).await?;
        let described = Manifest::new(made_at, kind, app.log_key().public(), digest(COPY, &copy)?, &contents);
        directory.refuse_unlike(&described)?;
        let (new, lacking) = copy_files(app, &directory, &described.files, options.reread, goes_on).await?;
        new_bytes += new;
        // A file that is not there was removed with its row since the database was copied, and another copy does not name
        // it; or it is lost, and every copy does.
        let is_lost = lacking.is_empty() || lacking == missing || tries == TRIES;
        missing = lacking;
        if is_lost {
            break Manifest { missing, ..described };
        }
    };
    if options.with_keys {
        for (name, text) in keys::to_back_up(&app.config)? {
            let path = unfinished.path.join(name);
            durable::create(&path, &text).map_err(|error| directory::fault(&path, "written", &error))?;
            manifest.keys.push(digest(name, &path)?);
        }
    }
    let name = directory.finish(&unfinished, &manifest)?;
    let removed = options.keep.map_or_else(|| Ok(Vec::new()), |keep| directory.prune(&name, keep))?;
    Ok(Taken { name, manifest, new_bytes, removed })
}

/// Copies the files that are not in the directory yet. Returns how many bytes were new, and the files that it cannot have.
async fn copy_files(
    app: &App,
    directory: &BackupDirectory,
    files: &[NamedFile],
    reread: bool,
    goes_on: &mut (dyn FnMut(Progress) + Send),
) -> Result<(u64, Vec<Missing>)> {
    let (mut bytes, mut missing) = (0, Vec::new());
    for (done, file) in files.iter().enumerate() {
        match directory.keep(&app.files, file, reread).await? {
            Ok(new) => bytes += new,
            Err(fault) => missing.push(Missing { name: file.name.clone(), fault }),
        }
        goes_on(Progress { files: (done + 1, files.len()), bytes });
    }
    Ok((bytes, missing))
}

/// Refuses a directory that would be lost together with what it is to replace.
pub fn refuse_inside(config: &Config, directory: &Path) -> Result<()> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let target = absolute(directory);
    let files = PathBuf::from(config.files_url());
    for place in [config.data_dir(), &files] {
        if target.starts_with(absolute(place)) {
            return Err(Error::setup(format!(
                "{} is inside of {}, and would be lost together with it; name a directory on another disk",
                directory.display(),
                place.display()
            )));
        }
    }
    Ok(())
}

/// Describes a file that lies beside the manifest.
fn digest(name: &str, path: &Path) -> Result<NamedFile> {
    let failed = |error| directory::fault(path, "read", &error);
    let (mut file, mut hash) = (std::fs::File::open(path).map_err(failed)?, Sha256::new());
    let (mut size, mut part) = (0, vec![0; PART]);
    loop {
        let read = file.read(&mut part).map_err(failed)?;
        if read == 0 {
            return Ok(NamedFile::new(name, size, &hash.finalize().into()));
        }
        hash.update(&part[..read]);
        size += read as u64;
    }
}
