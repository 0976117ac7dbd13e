//! The way back: from a backup into an empty place.
//!
//! The database comes last. Until then there is nothing that a server could start on, and a restore that broke off can
//! be repeated: the files that are there already are not copied again. A marker in the data directory keeps a server
//! from starting before the logs have been told of what they lost.
//!
//! Nobody can tell from a backup what was signed after it. So every log goes on under a new origin, with an entry that
//! names the last head that is known: what the parties have of later entries then shows as lost, and not as another
//! history of the same log. Only who knows that nothing was written after the backup can have the logs go on as they are.

use std::{
    fs,
    path::{Path, PathBuf},
};

use room::{Log, Time};
use serde::Serialize;
use tokio::io::AsyncReadExt;

use super::{
    COPY, PART, digest,
    directory::{self, BackupDirectory},
    manifest::{Manifest, Missing, NamedFile},
};
use crate::{
    app::App,
    clock::Clock,
    config::Config,
    db::{self, Db, Tx, migrations},
    domain::{
        fsck::{self, Mode},
        heads_log,
        log::{Actor, continuation},
        start,
    },
    error::{Error, Result},
    evidence::Checkpoint,
    files::{self, Files, durable},
    heads::Heads,
    keys,
};

/// The file in the data directory that says which backup is being brought back.
const MARKER: &str = "restoring";

/// What is known of what was written after the backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Losses {
    /// Something may have been written, so that every log goes on under a new name.
    Possible,
    /// Nothing was, so that logs keep their names.
    None,
}

/// How a backup is to be brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What is known of what was written after it.
    pub losses: Losses,
    /// Whether files that are damaged or missing in the backup are left out, and the rest is brought back.
    pub without_damaged: bool,
}

/// What a restore has brought back.
#[derive(Debug, Serialize)]
pub struct Restored {
    /// The name of the backup.
    pub backup: String,
    /// When it was made.
    pub made_at: Time,
    /// The logs, up to which entry they are there.
    pub logs: Vec<RestoredLog>,
    /// How many files of documents and snapshots were brought back.
    pub files: usize,
    /// How many bytes these have.
    pub bytes: u64,
    /// Files that the backup does not have, or not as they were.
    pub missing: Vec<String>,
    /// What the check of everything has found.
    pub fsck: fsck::Outcome,
}

/// A log that was brought back.
#[derive(Debug, Serialize)]
pub struct RestoredLog {
    /// The id of the room, or `platform`.
    pub log: String,
    /// The title of the room; null for the platform, and for a room that was deleted.
    pub title: Option<String>,
    /// How many of its entries are there.
    pub entries: u64,
    /// The time of the last of these; null if there is none.
    pub last_at: Option<Time>,
    /// How many entries are known to have been signed, if these are more; null if nothing is known.
    pub signed: Option<u64>,
    /// The name under which the log goes on; null if its room is lost as a whole.
    pub origin: Option<String>,
}

/// Brings a backup back into an empty place, has its logs go on, and checks everything.
///
/// # Errors
///
/// Fails, before anything is written, if the place is not empty, if the backup is of the other kind of database, or if
/// the key of its logs is not at hand.
pub async fn restore(
    config: &Config,
    (directory, name): (&Path, Option<&str>),
    Options { losses, without_damaged }: Options,
    watch: &mut dyn fsck::Watch,
) -> Result<Restored> {
    let directory = BackupDirectory::open(directory)?;
    let (name, mut manifest) = directory.find(name)?;
    refuse_unfit(config, &manifest)?;
    refuse_occupied(config, &name).await?;
    if losses == Losses::None {
        refuse_losses(config, &manifest)?;
    }
    // No server may start on it meanwhile, nor another restore.
    let _held = start::hold(config)?;
    let damaged = place_files(config, &directory, (&name, &manifest), without_damaged).await?;
    manifest.missing.extend(damaged);
    let app = App::open_existing(config.clone(), Clock::System)?;
    // Under a name that a log has gone on with from here already, there is another history.
    app.heads.take_over(&directory.heads()?);
    let logs = tell_logs(&app, (&name, &manifest), losses).await?;
    note_heads(&directory, &app);
    // Sessions and links that were ended after the backup would be alive again, and mails that have arrived since would go out again.
    let now = app.now();
    let forget = async move |tx: &mut Tx| {
        db::sessions::delete_all(tx).await?;
        db::links::end_all(tx, now).await?;
        db::news::delete(tx, None).await?;
        db::outbox::delete_waiting(tx).await
    };
    app.db.write(forget).await?;
    let fsck = fsck::run(&app, Mode::Look, watch).await?;
    app.heads.save()?;
    let marker = marker(config);
    fs::remove_file(&marker).map_err(|error| directory::fault(&marker, "removed", &error))?;
    Ok(Restored {
        backup: name,
        made_at: manifest.made_at,
        logs,
        files: manifest.files.len() - manifest.missing.len(),
        bytes: manifest.bytes(),
        missing: manifest.missing.into_iter().map(|missing| missing.name).collect(),
        fsck,
    })
}

/// Notes beside the backups under which names the logs go on. That it cannot be written, as where they lie on a disk that
/// is only read, is no reason not to bring one back.
fn note_heads(directory: &BackupDirectory, app: &App) {
    let noted = directory.heads().and_then(|heads| {
        heads.take_over(&app.heads);
        heads.save()
    });
    if let Err(error) = noted {
        tracing::warn!(%error, "beside the backups it cannot be noted that one was brought back: bring none back again");
    }
}

/// Returns an error if a restore into this place has not come to its end.
pub fn refuse_unfinished(config: &Config) -> Result<()> {
    match unfinished(config) {
        None => Ok(()),
        Some(name) => Err(Error::setup(format!(
            "the restore of the backup `{name}` into {} has not come to its end; repeat `sts-clearance restore`",
            config.data_dir().display()
        ))),
    }
}

fn marker(config: &Config) -> PathBuf {
    config.data_dir().join(MARKER)
}

/// Returns the name of the backup whose restore did not come to its end. `None` if there is none.
fn unfinished(config: &Config) -> Option<String> {
    fs::read_to_string(marker(config)).ok().map(|text| text.trim().to_owned())
}

fn refuse_unfit(config: &Config, manifest: &Manifest) -> Result<()> {
    let kind = Db::kind(&config.database_url());
    if manifest.database != kind {
        return Err(Error::setup(format!(
            "the backup is of a database of the kind {}, and the setting `database_url` names one of the kind {kind}",
            manifest.database
        )));
    }
    let Some(key) = keys::log_key_in_force(config)? else {
        if manifest.keys.is_empty() {
            return Err(Error::setup(format!(
                "the backup has no keys (they are in it with `backup --with-keys`), and there is none at {}; put the key \
                 `{}` there, or give it as STS_LOG_KEY",
                config.log_key_file().display(),
                manifest.log_key
            )));
        }
        return Ok(());
    };
    let is_trusted = config.trusted_log_keys.split_whitespace().any(|trusted| trusted == manifest.log_key);
    if key.public() != manifest.log_key && !is_trusted {
        return Err(Error::setup(format!(
            "the logs of the backup are signed with the key `{}`, and the one in force here is `{}`; if that has replaced \
             it, name the older one in `trusted_log_keys`",
            manifest.log_key,
            key.public()
        )));
    }
    Ok(())
}

/// Returns an error if there is a database or a file, unless a restore of the same backup has put it there.
async fn refuse_occupied(config: &Config, name: &str) -> Result<()> {
    if let Some(other) = unfinished(config) {
        if other == name {
            return Ok(());
        }
        return Err(Error::setup(format!(
            "the restore of another backup, `{other}`, into {} has not come to its end; go on with it, or empty the place",
            config.data_dir().display()
        )));
    }
    if Db::is_there(&config.database_url()).await? {
        return Err(Error::setup(format!(
            "there is a database already, {}, or what is left of one (`-wal`, `-shm`); a backup is brought back into an empty \
             place, so move all of it away first",
            crate::config::mask_password(&config.database_url())
        )));
    }
    let files = config.files_url();
    if fs::read_dir(Path::new(&files).join("rooms")).is_ok_and(|mut rooms| rooms.next().is_some()) {
        return Err(Error::setup(format!(
            "there are files already in {files}; a backup is brought back into an empty place, so move them away first"
        )));
    }
    Ok(())
}

/// Returns an error if a memory of heads that is left tells of entries that the backup does not have.
fn refuse_losses(config: &Config, manifest: &Manifest) -> Result<()> {
    for (log, signed) in Heads::open(config.data_dir())?.all() {
        let copied = manifest.logs.iter().find(|known| known.log == log.key());
        if copied.is_none_or(|copied| (&copied.origin, copied.size) != (&signed.origin, signed.size)) && signed.size > 0
        {
            return Err(Error::setup(format!(
                "the memory of heads in {} says that {} entries of the log `{}` were signed, and the backup has {}: restore \
                 without `--nothing-lost`, or take a newer backup",
                config.data_dir().display(),
                signed.size,
                signed.origin,
                copied.map_or(0, |copied| copied.size)
            )));
        }
    }
    Ok(())
}

/// Puts files, keys and database in their places, in this order. Returns the files that are left out.
async fn place_files(
    config: &Config,
    directory: &BackupDirectory,
    (name, manifest): (&str, &Manifest),
    without_damaged: bool,
) -> Result<Vec<Missing>> {
    files::make_private_dir(config.data_dir())?;
    let (marker, folder) = (marker(config), directory.folder(name));
    if unfinished(config).is_none() {
        let made = durable::create(&marker, format!("{name}\n").as_bytes());
        made.map_err(|error| directory::fault(&marker, "written", &error))?;
    }
    let store = Files::open(&config.files_url())?;
    let missing: Vec<_> = manifest.missing.iter().map(|missing| &missing.name).collect();
    let mut damaged = Vec::new();
    for file in manifest.files.iter().filter(|file| !missing.contains(&&file.name)) {
        match place_file(&store, directory, file).await? {
            Ok(()) => {}
            Err(fault) if without_damaged => damaged.push(Missing { name: file.name.clone(), fault }),
            Err(fault) => {
                return Err(Error::setup(format!(
                    "{fault}; put it back, take an older backup, or bring the rest back without it: `--without-damaged`"
                )));
            }
        }
    }
    for key in &manifest.keys {
        let path = folder.join(&key.name);
        check_file(&path, key)?;
        let bytes = fs::read(&path).map_err(|error| directory::fault(&path, "read", &error))?;
        keys::bring_back(config, &key.name, &bytes)?;
    }
    if Db::is_there(&config.database_url()).await? {
        return Ok(damaged);
    }
    let copy = folder.join(COPY);
    check_file(&copy, &manifest.copy)?;
    Db::bring_back(&copy, &config.database_url()).await.map(|()| damaged)
}

/// Copies one file into the store, unless it is there. Returns what is wrong with it in the backup.
async fn place_file(store: &Files, directory: &BackupDirectory, file: &NamedFile) -> Result<Result<(), String>> {
    let there = store.digest(&file.name).await?;
    if there.is_some_and(|(size, sha256)| size == file.size && hex::encode(sha256) == file.sha256) {
        return Ok(Ok(()));
    }
    let path = directory.file(&file.sha256);
    let failed = |error| format!("{} cannot be read: {error}", path.display());
    let mut source = match tokio::fs::File::open(&path).await {
        Ok(source) => source,
        Err(error) => return Ok(Err(failed(error))),
    };
    let mut staging = store.stage(&crate::random::new_uuid().to_string()).await?;
    let mut part = vec![0; PART];
    loop {
        let read = match source.read(&mut part).await {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) => return Ok(Err(failed(error))),
        };
        staging.add(&part[..read]).await?;
    }
    let staged = staging.finish().await?;
    if staged.size() != file.size || hex::encode(staged.sha256()) != file.sha256 {
        return Ok(Err(format!("{} is damaged: it is not what the manifest says", path.display())));
    }
    staged.keep_as(&file.name).await.map(|_| Ok(()))
}

/// Returns an error if a file in the backup is not what the manifest says.
pub(super) fn check_file(path: &Path, named: &NamedFile) -> Result<()> {
    if digest(&named.name, path)? == *named {
        return Ok(());
    }
    Err(Error::setup(format!("{} is damaged: it is not what the manifest says; take an older backup", path.display())))
}

/// Has the logs go on under new names, unless nothing was written after the backup, and returns how far each is there.
async fn tell_logs(app: &App, (name, manifest): (&str, &Manifest), losses: Losses) -> Result<Vec<RestoredLog>> {
    // Without adopting anything: that would append to the logs before they go on.
    migrations::prepare(&app.db, app.now()).await?;
    let mut logs = Vec::new();
    for signed in manifest.logs.iter().filter(|log| log.checkpoint.is_some()) {
        let (log, head) = signed.head()?;
        app.heads.remember(log, head);
    }
    let heads_log = manifest.heads_log.as_ref().and_then(|note| Checkpoint::unchecked(note).ok());
    if let Some(head) = &heads_log {
        app.heads.remember_heads_log(head.clone());
    }
    app.heads.save()?;
    let reason = format!("the backup `{name}` was brought back");
    // The platform's log first: it tells of rooms that are lost as a whole.
    let mut known: Vec<_> = manifest.logs.iter().collect();
    known.sort_by_key(|log| log.log != Log::Platform.key());
    for described in known {
        let (log, head) = described.head()?;
        // Of a log that was never signed, nobody can have anything that is lost here.
        let gone_on = match losses {
            Losses::Possible if described.checkpoint.is_some() => {
                continuation::go_on_from_copy(app, &Actor::Operator, (log, &head), &reason).await?
            }
            _ => None,
        };
        let signed = gone_on.as_ref().map(|gone_on| gone_on.lost.size).filter(|signed| *signed > head.size);
        logs.push(RestoredLog {
            log: described.log.clone(),
            title: described.title.clone(),
            entries: head.size,
            last_at: described.last_at,
            signed,
            origin: Some(gone_on.and_then(|gone_on| gone_on.origin).unwrap_or(head.origin)),
        });
    }
    logs.extend(give_up_lost(app, manifest, &reason).await?);
    if losses == Losses::Possible && heads_log.is_some() {
        heads_log::go_on(app).await?;
    }
    Ok(logs)
}

/// Has the platform's log tell of the rooms that are remembered to have been signed and of which the backup has nothing.
async fn give_up_lost(app: &App, manifest: &Manifest, reason: &str) -> Result<Vec<RestoredLog>> {
    let mut lost = Vec::new();
    for (log, head) in app.heads.all() {
        let is_known = manifest.logs.iter().any(|known| known.log == log.key());
        if is_known || head.size == 0 || log == Log::Platform {
            continue;
        }
        continuation::go_on(app, &Actor::Operator, log, reason).await?;
        lost.push(RestoredLog {
            log: log.key(),
            title: None,
            entries: 0,
            last_at: None,
            signed: Some(head.size),
            origin: None,
        });
    }
    Ok(lost)
}
