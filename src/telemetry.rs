//! Logging: structured events on standard error, as text or JSON.

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    config::{Config, LogFormat},
    error::{Error, Result},
};

/// Starts logging in the format and with the filter of the settings.
pub fn start(config: &Config) -> Result<()> {
    let filter = filter(config)?;
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    let started = match config.log_format {
        LogFormat::Text => registry.with(lines.with_ansi(false)).try_init(),
        LogFormat::Json => registry.with(lines.json().flatten_event(true)).try_init(),
    };
    started.map_err(|error| Error::setup(format!("logging cannot start: {error}")))
}

/// Returns the filter of the settings.
pub fn filter(config: &Config) -> Result<EnvFilter> {
    EnvFilter::try_new(&config.log_filter).map_err(|error| {
        let origin = config.origin("log_filter");
        let allowed = "a level (error, warn, info, debug, trace) or a filter such as `info,sts_clearance=debug`";
        Error::setup(format!("{origin}: `log_filter` must be {allowed}, not `{}`: {error}", config.log_filter))
    })
}
