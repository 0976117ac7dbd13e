//! Whether a backup could be brought back: it is, into a temporary place, and compared.

use std::{fs, path::Path};

use super::{
    COPY,
    directory::{self, BackupDirectory},
    manifest::{Manifest, NamedFile},
    restore::check_file,
};
use crate::{
    app::App,
    clock::Clock,
    config::Config,
    db::{Db, migrations},
    domain::fsck::{self, Mode, Outcome},
    error::{Error, Result},
    files::make_private_dir,
    keys, random,
};

/// What a check has found.
#[derive(Debug)]
pub struct Checked {
    /// The name of the backup.
    pub name: String,
    /// What it is of.
    pub manifest: Manifest,
    /// What differs between the manifest and what was brought back.
    pub differences: Vec<String>,
    /// What the check of everything has found in what was brought back.
    pub fsck: Outcome,
    /// Whether the key that the logs are checked with is known from the backup alone, and vouched for by nobody here.
    pub is_key_its_own: bool,
}

/// Brings a backup back into a temporary place beside it, and compares that with the manifest and with its own logs. The
/// place is removed afterwards.
///
/// A PostgreSQL database is brought back into another one beside the one of the settings, so the account has to be
/// allowed to create databases.
///
/// # Errors
///
/// Fails if the backup cannot be read, or if a file is not what the manifest says.
pub async fn check(
    config: &Config,
    (directory, name): (&Path, Option<&str>),
    watch: &mut dyn fsck::Watch,
) -> Result<Checked> {
    let directory = BackupDirectory::open(directory)?;
    let (name, manifest) = directory.find(name)?;
    let place = directory.begin()?;
    let copy = directory.folder(&name).join(COPY);
    check_file(&copy, &manifest.copy)?;
    for key in &manifest.keys {
        check_file(&directory.folder(&name).join(&key.name), key)?;
    }
    link_files(&directory, &manifest, &place.path.join("files"))?;
    let is_key_its_own = keys::log_key_in_force(config)?.is_none();
    let url = config.database_url();
    let (found, differences) = if manifest.database == Db::kind("") {
        let elsewhere = place.path.join("sts_clearance.db").display().to_string();
        Db::bring_back(&copy, &elsewhere).await?;
        compare(config.elsewhere(&place.path, &elsewhere), &manifest, watch).await?
    } else if Db::kind(&url) == manifest.database {
        let database = format!("sts_check_{}", random::new_uuid().simple());
        let elsewhere = Db::create_beside(&url, &database).await?;
        let compared = async {
            Db::bring_back(&copy, &elsewhere).await?;
            compare(config.elsewhere(&place.path, &elsewhere), &manifest, watch).await
        };
        let compared = compared.await;
        // Whatever came of it: nobody else knows the name.
        Db::drop_beside(&url, &database).await?;
        compared?
    } else {
        return Err(Error::setup(
            "the backup is of a PostgreSQL database; name one by STS_DATABASE_URL, beside which another can be created",
        ));
    };
    Ok(Checked { name, manifest, differences, fsck: found, is_key_its_own })
}

/// Checks what was brought back, and returns what was found and what differs.
async fn compare(config: Config, manifest: &Manifest, watch: &mut dyn fsck::Watch) -> Result<(Outcome, Vec<String>)> {
    let config = config.trusting(&manifest.log_key);
    let app = App::open_existing(config, Clock::System)?;
    let differences = manifest.differences(&app.db.contents().await?);
    // Of an older version of the program; after the comparison, since it may change rows.
    migrations::prepare(&app.db, app.now()).await?;
    let found = Box::pin(fsck::run(&app, Mode::Look, watch)).await?;
    Ok((found, differences))
}

/// Lays the files of the backup out as the store has them, by links where the file system has these.
fn link_files(directory: &BackupDirectory, manifest: &Manifest, store: &Path) -> Result<()> {
    make_private_dir(store)?;
    let is_missing = |file: &&NamedFile| manifest.missing.iter().any(|missing| missing.name == file.name);
    for file in manifest.files.iter().filter(|file| !is_missing(file)) {
        let source = directory.file(&file.sha256);
        let target = store.join(Path::new(&file.name).components().filter(is_plain).collect::<std::path::PathBuf>());
        make_private_dir(target.parent().unwrap_or(store))?;
        if fs::hard_link(&source, &target).is_err() {
            fs::copy(&source, &target).map_err(|error| directory::fault(&source, "read", &error))?;
        }
    }
    Ok(())
}

/// Whether a part of a key is a name, and leads nowhere else.
fn is_plain(part: &std::path::Component<'_>) -> bool {
    matches!(part, std::path::Component::Normal(_))
}
