//! The settings: defaults, then a file, then the environment, then flags, each layer above the one before; checked
//! once.
//!
//! `config.default.toml` is the lowest layer and the manual. A setting that it does not name is an error, and the
//! server does not start.

use std::{
    fmt,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use room::{clocks::KEPT_AT_LEAST_YEARS, visible::cut};
use serde::Deserialize;
use toml::{Table, Value, de::DeTable};

use crate::{
    error::{Error, Result},
    exchange, files,
    mail::{MailServer, MailSettings},
    network::TrustedProxies,
    witnesses::WitnessAddress,
};

/// The lowest layer, which names every setting and explains it.
pub const DEFAULTS: &str = include_str!("../config.default.toml");
/// The file that is read if the command line names none.
const DEFAULT_FILE: &str = "sts-clearance.toml";
/// Settings whose values are never printed.
const SECRETS: &[&str] = &["log_key", "seal_password", "mail_url", "metrics_token"];
/// The shortest token that is accepted, in characters: a shorter one can be guessed.
const METRICS_TOKEN_LENGTH: usize = 16;
/// The prefix of settings in the environment.
const PREFIX: &str = "STS_";
/// The settings that are whole numbers, with what is allowed.
const NUMBERS: &[(&str, RangeInclusive<u32>)] = &[
    ("session_hours", 1..=8_784),
    ("session_idle_minutes", 5..=527_040),
    ("render_workers", 1..=1_024),
    ("upload_limit_mib", 1..=1_048_576),
    ("room_entries_per_day", 0..=1_000_000_000),
    ("room_upload_mib_per_day", 0..=1_048_576),
    ("state_memory_mib", 1..=1_048_576),
    ("retention_years", KEPT_AT_LEAST_YEARS..=100),
    ("fsck_hours", 0..=8_784),
    ("heads_minutes", 0..=1_440),
    ("backup_hours", 1..=8_784),
    ("backup_keep", 0..=10_000),
];
/// How much of a value that is refused is shown, in characters.
const LONGEST_VALUE: usize = 100;
/// How alike two names have to be for one to be meant by the other, of 1 for the same.
const ALIKE: f64 = 0.85;

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
    room_entries_per_day: u32,
    room_upload_mib_per_day: u32,
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
    public_url: String,
    mail_url: String,
    mail_from: String,
    mail_authorities: String,
    invitations_by: String,
    #[serde(skip)]
    mail_server: Option<MailServer>,
    /// The token that opens the metrics, besides an admin's session; empty if there is none. Secret.
    pub metrics_token: String,
    #[serde(skip)]
    origins: Vec<(String, String)>,
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
    /// `default`, or the line of the file, the variable or the flag that sets it.
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
        let table: Table = text.parse().map_err(|error| self.unreadable(path, &text, &error))?;
        let lines = lines_of_keys(&text);
        for (name, value) in table {
            let line = lines.iter().find(|(key, _)| *key == name).map_or(0, |(_, line)| *line);
            self.set(&name, value, &format!("{}, line {line}", path.display()))?;
        }
        Ok(())
    }

    /// Returns what is wrong with a file that is no TOML, and how its line should be if it sets one of the settings.
    fn unreadable(&self, path: &Path, text: &str, error: &toml::de::Error) -> Error {
        let line = line_at(text, error.span().map_or(0, |span| span.start));
        let origin = format!("{}, line {line}", path.display());
        let (name, value) = text.lines().nth(line - 1).and_then(|line| line.split_once('=')).unwrap_or_default();
        let (name, value) = (name.trim(), value.split('#').next().unwrap_or_default().trim());
        match self.values.get(name) {
            Some(Value::String(_)) if !is_twice(error) && !value.starts_with(['"', '\'']) => {
                let is_secret = SECRETS.contains(&name) || value.contains("://") || value.contains(['"', '\\']);
                let value = if is_secret { "…" } else { value };
                Error::setup(format!("{origin}: `{name}` must be text in quotes: `{name} = \"{value}\"`"))
            }
            Some(Value::Integer(_)) if !is_twice(error) => refused(&origin, name, allowed_number(name), Some(value)),
            _ if is_twice(error) => {
                Error::setup(format!("{origin}: `{name}` is set twice in this file; keep one of the lines"))
            }
            _ => Error::setup(format!("{origin}: {}", error.message().replace('\n', ", "))),
        }
    }

    /// Sets a value that came as text, which is read as the type that the default has.
    fn set_text(&mut self, name: &str, text: &str, origin: &str) -> Result<()> {
        let number = matches!(self.values.get(name), Some(Value::Integer(_))).then(|| text.trim().parse().ok());
        let value = number.flatten().map_or_else(|| Value::String(text.to_owned()), Value::Integer);
        self.set(name, value, origin)
    }

    fn set(&mut self, name: &str, value: Value, origin: &str) -> Result<()> {
        if !self.values.contains_key(name) {
            let hint =
                if value.is_table() { "; settings stand in no section".into() } else { self.meant(name, origin) };
            return Err(Error::setup(format!("{origin}: there is no setting `{name}`{hint}")));
        }
        self.values.insert(name.to_owned(), value);
        for known in self.origins.iter_mut().filter(|(known, _)| known == name) {
            origin.clone_into(&mut known.1);
        }
        Ok(())
    }

    /// Returns the setting that was meant by an unknown name, in words; nothing if none is alike.
    fn meant(&self, name: &str, origin: &str) -> String {
        let likeness = |known: &str| strsim::jaro_winkler(known, name);
        let closest = self.values.keys().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        match closest.filter(|known| likeness(known) >= ALIKE) {
            Some(known) if origin.starts_with(PREFIX) => format!("; did you mean `{PREFIX}{}`?", known.to_uppercase()),
            Some(known) => format!("; did you mean `{known}`?"),
            None => "; without it, `sts-clearance config` lists all".into(),
        }
    }

    /// Returns the settings in force, or an error that names the first one with an unacceptable value.
    pub fn config(&self) -> Result<Config> {
        self.check()?;
        let mut config: Config = self
            .values
            .clone()
            .try_into()
            .map_err(|error: toml::de::Error| Error::setup(format!("the settings: {}", error.message())))?;
        config.proxies = config.trusted_proxies.parse().map_err(|why| self.unfit("trusted_proxies", why))?;
        if !config.timestamp_url.is_empty() {
            exchange::check(&config.timestamp_url).map_err(|why| self.unfit("timestamp_url", why))?;
        }
        config.witness_addresses =
            WitnessAddress::read_list(&config.witnesses).map_err(|why| self.unfit("witnesses", why))?;
        let (url, from, authorities) = (&config.mail_url, &config.mail_from, &config.mail_authorities);
        config.mail_server =
            MailServer::read(MailSettings { url, from, authorities }).map_err(|(name, why)| self.unfit(name, why))?;
        if config.mail_server.is_some() && config.public_url.is_empty() {
            return Err(self.unfit("public_url", "has to be set where `mail_url` is: links in mails begin with it"));
        }
        config.origins.clone_from(&self.origins);
        Ok(config)
    }

    /// Checks each value by itself.
    fn check(&self) -> Result<()> {
        for (name, value) in &self.values {
            let is_fit = match (NUMBERS.iter().find(|(number, _)| number == name), value) {
                (Some((_, bounds)), Value::Integer(value)) => u32::try_from(*value).is_ok_and(|n| bounds.contains(&n)),
                (None, Value::String(_)) => true,
                _ => false,
            };
            if !is_fit {
                let is_number = NUMBERS.iter().any(|(number, _)| number == name);
                let is_quoted = value.as_str().is_some_and(|text| text.trim().parse::<i64>().is_ok());
                let quotes = if is_quoted { ", without quotes" } else { "" };
                let allowed = if is_number { allowed_number(name) + quotes } else { "text in quotes".into() };
                return Err(self.refused(name, allowed));
            }
        }
        if self.text("data_dir").is_empty() {
            return Err(self.refused("data_dir", "a directory"));
        }
        if !["text", "json"].contains(&self.text("log_format")) {
            return Err(self.refused("log_format", "`text` or `json`"));
        }
        if !["brokers", "admins"].contains(&self.text("invitations_by")) {
            return Err(self.refused("invitations_by", "`brokers` or `admins`"));
        }
        let (host, port) = self.text("listen").rsplit_once(':').unwrap_or_default();
        if host.is_empty() || port.parse::<u16>().is_err() {
            return Err(self.refused("listen", "an address with a port, such as `127.0.0.1:8080`"));
        }
        // Without the address itself, which may have a password in it.
        if let Some((scheme, _)) = self.text("database_url").split_once("://")
            && !["postgres", "postgresql"].contains(&scheme)
        {
            let allowed = "an address that begins with `postgres://`, or the path of an SQLite file";
            return Err(self.unfit("database_url", format!("must be {allowed}, and not begin with `{scheme}://`")));
        }
        files::directory_of(self.text("files_url")).map_err(|why| self.unfit("files_url", why))?;
        if !is_public_url(self.text("public_url")) {
            let allowed = "an address without a path, such as `https://clearance.example.com`, or empty";
            return Err(self.refused("public_url", allowed));
        }
        if (1..METRICS_TOKEN_LENGTH).contains(&self.text("metrics_token").len()) {
            return Err(
                self.refused("metrics_token", format!("of {METRICS_TOKEN_LENGTH} characters at least, or empty"))
            );
        }
        Ok(())
    }

    fn text(&self, name: &str) -> &str {
        self.values.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn refused(&self, name: &str, allowed: impl fmt::Display) -> Error {
        let value = self.values.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), Into::into));
        refused(origin(&self.origins, name), name, allowed, value.as_deref())
    }

    /// Returns the refusal of a setting for a reason that names the value itself, if that may be shown.
    fn unfit(&self, name: &str, why: impl fmt::Display) -> Error {
        Error::setup(format!("{}: `{name}`: {why}", origin(&self.origins, name)))
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

/// Returns the refusal of a setting: where it is set, what is allowed, and the value, unless that is a secret.
fn refused(origin: &str, name: &str, allowed: impl fmt::Display, value: Option<&str>) -> Error {
    let value = match value.filter(|_| !SECRETS.contains(&name)) {
        Some("") => ", and not be empty".to_owned(),
        Some(value) => format!(", not `{}`", cut(&mask_password(value), LONGEST_VALUE)),
        None => String::new(),
    };
    Error::setup(format!("{origin}: `{name}` must be {allowed}{value}"))
}

/// Whether a file is no TOML because it sets something twice.
fn is_twice(error: &toml::de::Error) -> bool {
    error.message().contains("duplicate key")
}

/// Returns whether links can begin with an address: it has a host, and neither path nor query.
fn is_public_url(url: &str) -> bool {
    let rest =
        url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).map(|rest| rest.trim_end_matches('/'));
    let is_host = |host: &str| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ', '"', '<', '>']);
    url.is_empty() || rest.is_some_and(is_host)
}

/// Returns in words which numbers a setting may have.
fn allowed_number(name: &str) -> String {
    let bounds = NUMBERS.iter().find(|(number, _)| *number == name).map_or(&(0..=u32::MAX), |(_, bounds)| bounds);
    format!("a whole number from {} to {}", bounds.start(), bounds.end())
}

fn origin<'a>(origins: &'a [(String, String)], name: &str) -> &'a str {
    origins.iter().find(|(known, _)| known == name).map_or("default", |(_, origin)| origin)
}

/// Returns the names in a file of settings, each with its line.
fn lines_of_keys(text: &str) -> Vec<(String, usize)> {
    let Ok(table) = DeTable::parse(text) else { return Vec::new() };
    table.get_ref().keys().map(|key| (key.get_ref().to_string(), line_at(text, key.span().start))).collect()
}

/// Returns the number of the line with this byte, counted from 1.
fn line_at(text: &str, byte: usize) -> usize {
    text.get(..byte).unwrap_or_default().matches('\n').count() + 1
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

    /// Where a setting comes from: `default`, or the line of the file, the variable or the flag that sets it.
    pub fn origin(&self, name: &str) -> &str {
        origin(&self.origins, name)
    }

    /// Returns the refusal of a setting for a reason that names the value itself.
    pub fn unfit(&self, name: &str, why: impl fmt::Display) -> Error {
        Error::setup(format!("{}: `{name}`: {why}", self.origin(name)))
    }

    /// Returns an error for a file that a system has and that is not there: its path, and the setting that leads to it.
    pub fn nothing_at(&self, what: &str, path: &Path) -> Error {
        let own = match what {
            "database" => "database_url",
            _ => "log_key_file",
        };
        let name = if self.origin(own) == "default" { "data_dir" } else { own };
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let flag = if name == "log_key_file" { String::new() } else { format!(" or `--{}`", name.replace('_', "-")) };
        Error::setup(format!(
            "there is no {what} {}, where `{name}` puts it ({}); `{PREFIX}{}`{flag} names another place",
            path.display(),
            self.origin(name),
            name.to_uppercase(),
        ))
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

    /// The mail server. `None` if no mail goes out.
    pub fn mail_server(&self) -> Option<&MailServer> {
        self.mail_server.as_ref()
    }

    /// Whether brokers invite people to their rooms, and not admins alone.
    pub fn brokers_invite(&self) -> bool {
        self.invitations_by == "brokers"
    }

    /// The address under which people reach this server, without a slash at its end. `None` if the operator has set none.
    pub fn public_url(&self) -> Option<&str> {
        Some(self.public_url.trim_end_matches('/')).filter(|url| !url.is_empty())
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

    /// How many entries a party may add to the log of a room in a day. `None`: any number.
    pub fn room_entries_per_day(&self) -> Option<u64> {
        (self.room_entries_per_day > 0).then_some(u64::from(self.room_entries_per_day))
    }

    /// How many bytes a party may upload to a room in a day. `None`: any number.
    pub fn room_upload_per_day(&self) -> Option<u64> {
        (self.room_upload_mib_per_day > 0).then_some(u64::from(self.room_upload_mib_per_day) * 1024 * 1024)
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
        report::Fonts::with_directory(&directory).map_err(|error| self.unfit("font_dir", error))
    }
}
