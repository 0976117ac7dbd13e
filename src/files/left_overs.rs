//! What stays in the store when a process ends halfway: files that are half written, and files that no row came to name.

use std::{
    collections::HashSet,
    fs, io,
    path::Path as FilePath,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::TryStreamExt;
use object_store::{ObjectStore, path::Path};

use super::{Files, staging::WAITING};
use crate::error::{Error, Result};

/// What the last look through the store took for left over. Only what a later look finds again is removed.
///
/// The age of a file says little by itself: with a clock that was set ahead, a file that is about to get its row would
/// look old. Looks are counted, not timed, for the same reason.
#[derive(Debug, Default)]
pub struct LeftOvers(Mutex<Looks>);

#[derive(Debug, Default)]
struct Looks {
    runs: u32,
    seen: HashSet<String>,
}

impl LeftOvers {
    /// Returns whether this run is one of every so many, the first among them.
    pub fn is_turn(&self, of: u32) -> bool {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.runs = looks.runs.wrapping_add(1);
        looks.runs % of == 1
    }

    /// Takes what this look has found, and returns what the last one had found, too.
    pub fn found_again(&self, found: HashSet<String>) -> Vec<String> {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut again: Vec<_> = found.intersection(&looks.seen).cloned().collect();
        again.sort();
        looks.seen = found;
        again
    }
}

impl Files {
    /// Lists the files that are half written, or wait for their names, since longer ago than this. Each is given as a path
    /// in the directory.
    ///
    /// The directory itself is read, since the store does not list files that are half written.
    pub async fn half_written(&self, older_than: Duration) -> Result<Vec<String>> {
        let directory = self.directory.clone();
        let walked = tokio::task::spawn_blocking(move || {
            let mut found = Vec::new();
            walk(&directory, "", older_than, &mut found).map(|()| found)
        });
        let found = walked.await.map_err(|error| Error::internal(format!("the store: {error}")))?;
        found.map_err(|error| Error::internal(format!("the store cannot be looked through: {error}")))
    }

    /// Removes a file that [`Files::half_written`] has listed. It is no error if it is gone already.
    pub async fn remove_half_written(&self, path: &str) -> io::Result<()> {
        match tokio::fs::remove_file(self.directory.join(path)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome,
        }
    }

    /// Lists the names of the folders in a folder.
    pub async fn folders(&self, folder: &str) -> Result<Vec<String>> {
        let listed = self.store.list_with_delimiter(Some(&Path::from(folder))).await?;
        Ok(listed.common_prefixes.iter().filter_map(|path| path.filename().map(str::to_owned)).collect())
    }

    /// Lists the keys of the files below a folder that were written longer ago than this, all at once.
    pub async fn all_listed(&self, folder: &str, older_than: Duration) -> Result<Vec<String>> {
        let old = |(key, age): (String, Duration)| async move { Ok((age > older_than).then_some(key)) };
        self.listed(folder).try_filter_map(old).try_collect().await
    }
}

/// Adds the files below a directory that are half written, or wait for their names.
fn walk(directory: &FilePath, folder: &str, older_than: Duration, found: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        // What has another name than the store gives is no file of the store.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
        // It may have got its name, or have been removed, since the directory was read.
        let Ok(about) = entry.metadata() else { continue };
        if about.is_dir() {
            walk(&entry.path(), &path, older_than, found)?;
        } else if (is_half_written(&path) || folder == WAITING)
            && about.modified()?.elapsed().is_ok_and(|age| age > older_than)
        {
            found.push(path);
        }
    }
    Ok(())
}

/// Returns whether this is a name under which the store writes a file before it gives it its own: `….pdf#1`.
fn is_half_written(path: &str) -> bool {
    let number = path.rsplit_once('#').map(|(_, number)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}
