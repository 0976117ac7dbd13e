//! The settings: defaults, then a file, then the environment, then flags, each layer above the one before; checked
//! once.
//!
//! `config.default.toml` is the lowest layer and the manual. A setting that it does not name is an error, and the
//! server does not start.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use room::clocks::KEPT_AT_LEAST_YEARS;
use serde::Deserialize;
use toml::{Table, Value};

use crate::{
    error::{Error, Result},
    exchange,
    network::TrustedProxies,
    witnesses::WitnessAddress,
};

/// The lowest layer, which names every setting and explains it.
pub const DEFAULTS: &str = include_str!("../config.default.toml");
/// The file that is read if the command line names none.
const DEFAULT_FILE: &str = "sts-clearance.toml";
/// Settings whose values are never printed.
const SECRETS: &[&str] = &["log_key", "seal_password", "metrics_token"];
/// The shortest token that is accepted, in characters: a shorter one can be guessed.
const METRICS_TOKEN_LENGTH: usize = 16;
/// The prefix of settings in the environment.
const PREFIX: &str = "STS_";

/// The settings in force. There is no `Debug`, since some of them are secret.
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
    /// The format of log lines.
    pub log_format: LogFormat,
    /// Which events are logged, as a `tracing` filter.
    pub log_filter: String,
    session_hours: u32,
    session_idle_minutes: u32,
    /// How many reports are drawn at once.
    pub render_workers: u32,
    upload_limit_mib: u32,
    state_memory_mib: u32,
    /// The key that signs logs, if it is not read from a file. Secret.
    pub log_key: String,
    log_key_file: String,
    /// Public keys that are trusted besides the key in force and its predecessors.
    pub trusted_log_keys: String,
    /// The name given to a key that is generated.
    pub log_name: String,
    witnesses: String,
    #[serde(skip)]
    witness_addresses: Vec<WitnessAddress>,
    seal_file: String,
    /// The password of the seal's file, if it has one. Secret.
    pub seal_password: String,
    /// The URL of the time-stamp authority; empty if there is none.
    pub timestamp_url: String,
    timestamp_authorities: String,
    /// For how many years a closed room and its documents are kept.
    pub retention_years: u32,
    fsck_hours: u32,
    heads_minutes: u32,
    backup_dir: String,
    backup_hours: u32,
    backup_keep: u32,
    /// The token that opens the metrics, besides an admin's session; empty if there is none. Secret.
    pub metrics_token: String,
}

/// The format of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Lines for people to read.
    Text,
    /// One JSON object a line, for programs that collect logs.
    Json,
}

/// One setting with its value and the layer that the value comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The setting's name in the file.
    pub name: String,
    /// The value as TOML, with secrets masked.
    pub shown: String,
    /// `default`, or the file, variable or flag that sets it.
    pub origin: String,
}

/// The layers merged into one table, each value with its origin.
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
            // Not settings: `STS_CONFIG` names the file, and `STS_TEST_…` belongs to the test suite.
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
        // A file that was named must exist; the default one may be missing.
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

    /// Sets a value that came as text, which is read as the type that the default has.
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

    /// Returns the settings in force, or an error that names the first one with an unacceptable value.
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
            ("state_memory_mib", config.state_memory_mib, 1..=u32::MAX),
            ("retention_years", config.retention_years, KEPT_AT_LEAST_YEARS..=100),
            ("fsck_hours", config.fsck_hours, 0..=8_784),
            ("heads_minutes", config.heads_minutes, 0..=1_440),
            ("backup_hours", config.backup_hours, 1..=8_784),
            ("backup_keep", config.backup_keep, 0..=10_000),
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
            exchange::check(&config.timestamp_url)
                .map_err(|why| Error::setup(format!("the setting `timestamp_url`: {why}")))?;
        }
        config.witness_addresses = WitnessAddress::read_list(&config.witnesses)
            .map_err(|why| Error::setup(format!("the setting `witnesses`: {why}")))?;
        if (1..METRICS_TOKEN_LENGTH).contains(&config.metrics_token.len()) {
            let least = METRICS_TOKEN_LENGTH;
            return Err(Error::setup(format!("the setting `metrics_token` must have at least {least} characters")));
        }
        Ok(config)
    }

    /// Returns every setting with its origin, for people to read.
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

/// Hides the passwords in a URL: the one before the host, and the one among the query parameters.
pub fn mask_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    // From the right: a password may contain `@`, a host may not.
    let rest = match rest.rsplit_once('@').and_then(|(login, host)| Some((login.split_once(':')?.0, host))) {
        Some((user, host)) => format!("{user}:****@{host}"),
        None => rest.to_owned(),
    };
    let Some((before, secret)) = rest.split_once("password=") else { return format!("{scheme}://{rest}") };
    let end = secret.find(['&', '"', '`', ' ']).unwrap_or(secret.len());
    format!("{scheme}://{before}password=****{}", &secret[end..])
}

impl Config {
    /// The directory in which database, files and keys are kept by default.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Returns the same settings and keys for a copy of the system in another directory.
    #[must_use]
    pub fn elsewhere(&self, data_dir: &Path, database_url: &str) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            database_url: database_url.to_owned(),
            files_url: String::new(),
            log_key_file: self.log_key_file().display().to_string(),
            ..self.clone()
        }
    }

    /// Returns the same settings with one more public key that is trusted.
    #[must_use]
    pub fn trusting(&self, public_key: &str) -> Self {
        Self { trusted_log_keys: format!("{} {public_key}", self.trusted_log_keys), ..self.clone() }
    }

    /// The URL or path of the database.
    pub fn database_url(&self) -> String {
        if self.database_url.is_empty() {
            self.data_dir.join("sts_clearance.db").display().to_string()
        } else {
            self.database_url.clone()
        }
    }

    /// The URL or path of the file store.
    pub fn files_url(&self) -> String {
        if self.files_url.is_empty() {
            self.data_dir.join("files").display().to_string()
        } else {
            self.files_url.clone()
        }
    }

    /// The proxies that are believed when they name the client of a request.
    pub fn trusted_proxies(&self) -> &TrustedProxies {
        &self.proxies
    }

    /// The witnesses that are asked to cosign what this server signs.
    pub fn witnesses(&self) -> &[WitnessAddress] {
        &self.witness_addresses
    }

    /// The file of the key that signs logs.
    pub fn log_key_file(&self) -> PathBuf {
        if self.log_key_file.is_empty() { self.data_dir.join("keys/log.key") } else { self.log_key_file.clone().into() }
    }

    /// The file of the seal's certificate and key. `None` if the operator has set none.
    pub fn seal_file(&self) -> Option<PathBuf> {
        (!self.seal_file.is_empty()).then(|| self.seal_file.clone().into())
    }

    /// The file with the certificates of the time-stamp authorities that are trusted. `None` if there is none.
    pub fn timestamp_authorities(&self) -> Option<PathBuf> {
        (!self.timestamp_authorities.is_empty()).then(|| self.timestamp_authorities.clone().into())
    }

    /// The file of the seal's certificate and key that the server generates for itself.
    pub fn self_made_seal_file(&self) -> PathBuf {
        self.data_dir.join("keys/seal.pem")
    }

    /// How long a session lasts at most.
    pub fn session_duration(&self) -> Duration {
        Duration::from_secs(u64::from(self.session_hours) * 3600)
    }

    /// How long a session lasts without being used.
    pub fn session_idle_duration(&self) -> Duration {
        Duration::from_secs(u64::from(self.session_idle_minutes) * 60)
    }

    /// How often everything stored is checked. `None` if it is not.
    pub fn fsck_period(&self) -> Option<Duration> {
        (self.fsck_hours > 0).then(|| Duration::from_secs(u64::from(self.fsck_hours) * 3600))
    }

    /// Returns how long to wait before heads are taken into the log of heads again. `None`: never.
    pub fn heads_interval(&self) -> Option<Duration> {
        (self.heads_minutes > 0).then(|| Duration::from_secs(u64::from(self.heads_minutes) * 60))
    }

    /// The directory into which the server makes backups by itself, and how often. `None` if it makes none.
    pub fn scheduled_backup(&self) -> Option<(PathBuf, Duration)> {
        let period = Duration::from_secs(u64::from(self.backup_hours) * 3600);
        (!self.backup_dir.is_empty()).then(|| (self.backup_dir.clone().into(), period))
    }

    /// How many backups stay in that directory. `None`: all.
    pub fn backups_kept(&self) -> Option<usize> {
        (self.backup_keep > 0).then_some(self.backup_keep as usize)
    }

    /// The memory for the states of the logs in use, in bytes, about.
    pub fn state_memory(&self) -> usize {
        usize::try_from(u64::from(self.state_memory_mib) * 1024 * 1024).unwrap_or(usize::MAX)
    }

    /// The largest file that can be uploaded, in bytes.
    pub fn upload_limit(&self) -> u64 {
        u64::from(self.upload_limit_mib) * 1024 * 1024
    }

    /// The directory of further fonts, as an absolute path. `None` if there is none.
    pub fn font_dir(&self) -> Option<PathBuf> {
        if self.font_dir.is_empty() {
            return None;
        }
        // Children run in `/`, so a relative path would mean another directory there. A path that cannot be made
        // absolute is used as it is, and refused when it is read.
        Some(std::path::absolute(&self.font_dir).unwrap_or_else(|_| PathBuf::from(&self.font_dir)))
    }

    /// Loads the fonts in which reports are drawn.
    pub fn fonts(&self) -> Result<report::Fonts> {
        let Some(directory) = self.font_dir() else { return Ok(report::Fonts::embedded()) };
        report::Fonts::with_directory(&directory)
            .map_err(|error| Error::setup(format!("the fonts of {}: {error}", self.font_dir)))
    }
}
