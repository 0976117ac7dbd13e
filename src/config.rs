//! The settings: defaults, then a file, then the environment, then flags; checked once.
//!
//! `config.default.toml` is the lowest layer and the manual. A name that it does not know stops the
//! start.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use room::clocks::KEPT_AT_LEAST_YEARS;
use serde::Deserialize;
use toml::{Table, Value};

use crate::{
    authority,
    error::{Error, Result},
    network::TrustedProxies,
};

/// The lowest layer, which names every setting.
pub const DEFAULTS: &str = include_str!("../config.default.toml");
/// The file that is read where none is named.
const DEFAULT_FILE: &str = "sts-clearance.toml";
/// Settings that are shown to nobody.
const SECRETS: &[&str] = &["log_key", "seal_password", "metrics_token"];
/// Shorter ones can be guessed.
const METRICS_TOKEN_LENGTH: usize = 16;
/// Before the name of a setting in the environment.
const PREFIX: &str = "STS_";

/// The settings in force; some are secret, so that they have no `Debug`.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    data_dir: PathBuf,
    database_url: String,
    files_url: String,
    /// The address that `serve` listens on.
    pub listen: String,
    trusted_proxies: String,
    #[serde(skip)]
    proxies: TrustedProxies,
    font_dir: String,
    /// How log lines are written.
    pub log_format: LogFormat,
    /// What is logged, as a `tracing` filter.
    pub log_filter: String,
    session_hours: u32,
    session_idle_minutes: u32,
    /// Reports rendered at once.
    pub render_workers: u32,
    upload_limit_mib: u32,
    /// The key that signs logs, where it is no file's; never shown.
    pub log_key: String,
    log_key_file: String,
    /// Public keys that are trusted besides the one in force and those that it follows.
    pub trusted_log_keys: String,
    /// Name of a key that is made.
    pub log_name: String,
    seal_file: String,
    /// What opens the file of the seal, where it is under a password; never shown.
    pub seal_password: String,
    /// The time-stamp authority; empty for none.
    pub timestamp_url: String,
    timestamp_authorities: String,
    /// Years for which a closed room's papers are kept.
    pub retention_years: u32,
    fsck_hours: u32,
    /// What opens the metrics, besides an admin's session; empty: nothing. Never shown.
    pub metrics_token: String,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// To be read.
    Text,
    /// To be collected.
    Json,
}

/// One setting, its value, and where that comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// Name.
    pub name: String,
    /// Value, with secrets masked.
    pub shown: String,
    /// `default`, a file, a variable or a flag.
    pub origin: String,
}

/// The layers, merged, each value with its origin.
pub struct Layers {
    values: Table,
    origins: Vec<(String, String)>,
}

impl Layers {
    /// Reads the layers. `flags` holds the settings given on the command line.
    pub fn read(file: Option<&Path>, environment: &[(String, String)], flags: &[(&str, String)]) -> Result<Self> {
        let defaults: Table =
            DEFAULTS.parse().map_err(|error| Error::setup(format!("config.default.toml: {error}")))?;
        let mut layers = Self { values: Table::new(), origins: Vec::new() };
        for (name, value) in defaults {
            layers.values.insert(name.clone(), value);
            layers.origins.push((name, "default".into()));
        }
        layers.add_file(file)?;
        for (variable, text) in environment {
            let Some(name) = variable.strip_prefix(PREFIX).map(str::to_lowercase) else { continue };
            if name == "config" || name.starts_with("test_") {
                continue;
            }
            layers.set_text(&name, text, variable)?;
        }
        for (name, text) in flags {
            layers.set_text(name, text, &format!("--{}", name.replace('_', "-")))?;
        }
        Ok(layers)
    }

    fn add_file(&mut self, named: Option<&Path>) -> Result<()> {
        let path = named.unwrap_or_else(|| Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Error::setup(format!("{} cannot be read: {error}", path.display()))),
        };
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            Error::setup(format!("{}, line {line}: {}", path.display(), error.message().replace('\n', ", ")))
        })?;
        for (name, value) in table {
            self.set(&name, value, &path.display().to_string())?;
        }
        Ok(())
    }

    /// A value that came as text takes the type of the default.
    fn set_text(&mut self, name: &str, text: &str, origin: &str) -> Result<()> {
        let value = match self.values.get(name) {
            Some(Value::Integer(_)) => text
                .parse()
                .map(Value::Integer)
                .map_err(|_| Error::setup(format!("{origin} must be a whole number, not `{text}`")))?,
            _ => Value::String(text.to_owned()),
        };
        self.set(name, value, origin)
    }

    fn set(&mut self, name: &str, value: Value, origin: &str) -> Result<()> {
        if !self.values.contains_key(name) {
            return Err(Error::setup(format!("{origin}: there is no setting `{name}`")));
        }
        self.values.insert(name.to_owned(), value);
        for known in self.origins.iter_mut().filter(|(known, _)| known == name) {
            origin.clone_into(&mut known.1);
        }
        Ok(())
    }

    /// The settings in force.
    pub fn config(&self) -> Result<Config> {
        let mut config: Config = self
            .values
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| Error::setup(format!("the settings: {}", error.message())))?;
        for (name, number, bounds) in [
            ("session_hours", config.session_hours, 1..=u32::MAX),
            ("session_idle_minutes", config.session_idle_minutes, 5..=u32::MAX),
            ("render_workers", config.render_workers, 1..=u32::MAX),
            ("upload_limit_mib", config.upload_limit_mib, 1..=u32::MAX),
            ("retention_years", config.retention_years, KEPT_AT_LEAST_YEARS..=100),
            ("fsck_hours", config.fsck_hours, 0..=8_784),
        ] {
            if number < *bounds.start() {
                return Err(Error::setup(format!("the setting `{name}` must be at least {}", bounds.start())));
            }
            if number > *bounds.end() {
                return Err(Error::setup(format!("the setting `{name}` must be at most {}", bounds.end())));
            }
        }
        config.proxies = config
            .trusted_proxies
            .parse()
            .map_err(|why| Error::setup(format!("the setting `trusted_proxies`: {why}")))?;
        if !config.timestamp_url.is_empty() {
            authority::check(&config.timestamp_url)
                .map_err(|why| Error::setup(format!("the setting `timestamp_url`: {why}")))?;
        }
        if (1..METRICS_TOKEN_LENGTH).contains(&config.metrics_token.len()) {
            let least = METRICS_TOKEN_LENGTH;
            return Err(Error::setup(format!("the setting `metrics_token` must have at least {least} characters")));
        }
        Ok(config)
    }

    /// Every setting with its origin, for people.
    pub fn shown(&self) -> Vec<Setting> {
        let shown = |(name, origin): &(String, String)| {
            let value = self.values.get(name).map(ToString::to_string).unwrap_or_default();
            let secret = SECRETS.contains(&name.as_str()) && value != "\"\"";
            let shown = if secret { "\"****\"".to_owned() } else { mask_password(&value) };
            Setting { name: name.clone(), shown, origin: origin.clone() }
        };
        self.origins.iter().map(shown).collect()
    }
}

/// Hides the passwords of a URL: the one before its host, and the one among its parameters.
pub fn mask_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let rest = match rest.rsplit_once('@').and_then(|(login, host)| Some((login.split_once(':')?.0, host))) {
        Some((user, host)) => format!("{user}:****@{host}"),
        None => rest.to_owned(),
    };
    let Some((before, secret)) = rest.split_once("password=") else { return format!("{scheme}://{rest}") };
    let end = secret.find(['&', '"', '`', ' ']).unwrap_or(secret.len());
    format!("{scheme}://{before}password=****{}", &secret[end..])
}

impl Config {
    /// The directory of what is kept.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Where the database is.
    pub fn database_url(&self) -> String {
        if self.database_url.is_empty() {
            self.data_dir.join("sts_clearance.db").display().to_string()
        } else {
            self.database_url.clone()
        }
    }

    /// Where the files are.
    pub fn files_url(&self) -> String {
        if self.files_url.is_empty() {
            self.data_dir.join("files").display().to_string()
        } else {
            self.files_url.clone()
        }
    }

    /// The proxies that are believed when they say whom a request came from.
    pub fn trusted_proxies(&self) -> &TrustedProxies {
        &self.proxies
    }

    /// Where the key that signs logs is kept.
    pub fn log_key_file(&self) -> PathBuf {
        if self.log_key_file.is_empty() { self.data_dir.join("keys/log.key") } else { self.log_key_file.clone().into() }
    }

    /// Where the certificate and key of the seal are, where they are somebody's.
    pub fn seal_file(&self) -> Option<PathBuf> {
        (!self.seal_file.is_empty()).then(|| self.seal_file.clone().into())
    }

    /// Where the certificates of the time-stamp authorities are whose time counts.
    pub fn timestamp_authorities(&self) -> Option<PathBuf> {
        (!self.timestamp_authorities.is_empty()).then(|| self.timestamp_authorities.clone().into())
    }

    /// Where those are that were made here.
    pub fn self_made_seal_file(&self) -> PathBuf {
        self.data_dir.join("keys/seal.pem")
    }

    /// How long a session lasts.
    pub fn session_duration(&self) -> Duration {
        Duration::from_secs(u64::from(self.session_hours) * 3600)
    }

    /// How long a session lasts that is not used.
    pub fn session_idle_duration(&self) -> Duration {
        Duration::from_secs(u64::from(self.session_idle_minutes) * 60)
    }

    /// How often everything stored is checked; none where that is not to be.
    pub fn fsck_period(&self) -> Option<Duration> {
        (self.fsck_hours > 0).then(|| Duration::from_secs(u64::from(self.fsck_hours) * 3600))
    }

    /// The largest file that is taken, in bytes.
    pub fn upload_limit(&self) -> u64 {
        u64::from(self.upload_limit_mib) * 1024 * 1024
    }

    /// The directory of further fonts, as an absolute path. `None` where there is none.
    pub fn font_dir(&self) -> Option<PathBuf> {
        if self.font_dir.is_empty() {
            return None;
        }
        // A path that cannot be made absolute is used as it is, and refused where it is read.
        Some(std::path::absolute(&self.font_dir).unwrap_or_else(|_| PathBuf::from(&self.font_dir)))
    }

    /// The fonts of reports.
    pub fn fonts(&self) -> Result<report::Fonts> {
        let Some(directory) = self.font_dir() else { return Ok(report::Fonts::embedded()) };
        report::Fonts::with_directory(&directory)
            .map_err(|error| Error::setup(format!("the fonts of {}: {error}", self.font_dir)))
    }
}
