//! `config`: the settings in force, where each comes from, and where the files are that follow from them.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::{
    cli::terminal::{print, print_json},
    config::{Config, Layers, mask_password},
    db::Db,
    error::Result,
};

/// The flags of `config`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Shown<'a> {
    settings: Vec<SettingShown>,
    places: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct SettingShown {
    name: String,
    /// As TOML, secrets masked.
    value: String,
    origin: String,
}

/// Where something is kept.
#[derive(Serialize)]
struct Place<'a> {
    what: &'a str,
    /// The path, or the address of the database.
    at: String,
    /// Whether it is there. `None` if only the database itself could say so.
    exists: Option<bool>,
}

/// Prints one setting a line, as a file of settings would have it, and then the places as comments.
pub(super) fn print_settings(layers: &Layers, settings: &Config, flags: &Flags) -> Result<()> {
    let places = places(settings);
    if flags.json {
        let shown = layers.shown().into_iter();
        let settings =
            shown.map(|setting| SettingShown { name: setting.name, value: setting.shown, origin: setting.origin });
        return print_json(&Shown { settings: settings.collect(), places });
    }
    for setting in layers.shown() {
        print(&format!("{} = {}  # {}", setting.name, setting.shown, setting.origin))?;
    }
    print("\n# Where things are:")?;
    for Place { what, at, exists } in places {
        let missing = if exists == Some(false) { "  (not there yet)" } else { "" };
        print(&format!("# {:<14}{at}{missing}", format!("{what}:")))?;
    }
    Ok(())
}

fn places(settings: &Config) -> Vec<Place<'static>> {
    let place = |what, path: PathBuf| Place { what, exists: Some(path.exists()), at: absolute(&path) };
    let database = match Db::file_of(&settings.database_url()) {
        Some(file) => place("database", file.to_owned()),
        None => Place { what: "database", at: mask_password(&settings.database_url()), exists: None },
    };
    let files = settings.files_url();
    let mut places = vec![
        place("data", settings.data_dir().to_owned()),
        database,
        place("files", files.strip_prefix("file://").unwrap_or(&files).into()),
    ];
    if settings.log_key.is_empty() {
        places.push(place("log's key", settings.log_key_file()));
    }
    places.push(place("seal", settings.seal_file().unwrap_or_else(|| settings.self_made_seal_file())));
    places.extend(settings.font_dir().map(|path| place("fonts", path)));
    places.extend(settings.timestamp_authorities().map(|path| place("authorities", path)));
    places
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
