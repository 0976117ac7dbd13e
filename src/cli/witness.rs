//! `witness`: a server that cosigns the heads of others' logs.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    children,
    cli::{
        start::{GRACE, cancel_at_signal, runtime},
        terminal::print,
    },
    clock::Clock,
    config::Config,
    db::witness_memory::WitnessMemory,
    error::{Error, Result},
    evidence::WitnessKey,
    files, http, keys, random, telemetry,
    witness::{WitnessState, WitnessedLogs, router},
};

/// The flags of `witness`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// Name of the witness, needed at its first start: one word, best its address without `https://`
    #[arg(long)]
    name: Option<String>,
    /// Public key of a server whose heads are cosigned; `KEY@ORIGIN` cosigns the log of that origin instead
    #[arg(long = "log", value_name = "KEY", required_unless_present = "logs")]
    log: Vec<String>,
    /// File of further keys, with lines `log KEY` (C2SP tlog-policy)
    #[arg(long, value_name = "FILE")]
    logs: Option<PathBuf>,
    /// The address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8081")]
    listen: String,
    /// The directory of its key and its memory [default: witness in the data directory]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn run(settings: &Config, flags: Flags) -> Result<()> {
    telemetry::start(settings)?;
    // Before the key is read: from here on, no other process of this user can read this one's memory.
    children::hide_memory()?;
    let runtime = runtime()?;
    let served = runtime.block_on(serve(settings, flags));
    runtime.shutdown_background();
    served
}

async fn serve(settings: &Config, flags: Flags) -> Result<()> {
    let Flags { name, log, logs, listen, dir } = flags;
    let logs = read_logs(&log, logs)?;
    let (key, memory) = open(&dir.unwrap_or_else(|| settings.data_dir().join("witness")), name)?;
    let listener = TcpListener::bind(&listen)
        .await
        .map_err(|error| Error::setup(format!("{listen} cannot be listened on: {error}")))?;
    let address =
        listener.local_addr().map_err(|error| Error::setup(format!("the address cannot be told: {error}")))?;
    let stop = CancellationToken::new();
    cancel_at_signal(&stop)?;
    explain(&key, address)?;

    let trusted_proxies = settings.trusted_proxies().clone();
    let router = router(WitnessState { key, logs, memory, clock: Clock::System, trusted_proxies });
    let mut server = tokio::spawn(http::serve(listener, router, http::Limits::of(settings), stop.clone()));
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        _ = &mut server => return Err(Error::internal("the listener has ended; the log says why")),
    }
    tracing::info!("stopping; requests in progress are finished");
    if tokio::time::timeout(GRACE, server).await.is_err() {
        tracing::warn!("some requests were not finished in time");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Reads the logs that are witnessed, from the flags and the file that they name.
fn read_logs(keys: &[String], file: Option<PathBuf>) -> Result<WitnessedLogs> {
    let Some(file) = file else { return WitnessedLogs::read(keys, "").map_err(Error::setup) };
    let text = fs::read_to_string(&file)
        .map_err(|error| Error::setup(format!("the logs of {} cannot be read: {error}", file.display())))?;
    WitnessedLogs::read(keys, &text).map_err(|why| Error::setup(format!("the logs of {}: {why}", file.display())))
}

/// Opens key and memory of a directory, and makes both at the first start.
fn open(dir: &Path, name: Option<String>) -> Result<(WitnessKey, WitnessMemory)> {
    let (key_file, memory_file) = (dir.join("witness-key"), dir.join("witness.db"));
    let Some(key) = keys::witness_key(&key_file)? else {
        let name = name.ok_or_else(|| {
            Error::setup(format!("{} has no key of a witness yet; give its name by `--name`", dir.display()))
        })?;
        files::make_private_dir(dir)?;
        // The memory first: a key without a memory is one that has forgotten, and is refused below.
        let memory = WitnessMemory::open(&memory_file)?;
        return Ok((keys::create_witness_key(&key_file, &name, random::new_secret())?, memory));
    };
    let public = key.public();
    if name.as_deref().is_some_and(|name| name != public.name()) {
        let (file, name) = (key_file.display(), public.name());
        return Err(Error::setup(format!("the key in {file} has the name `{name}`; leave out `--name`")));
    }
    if !memory_file.exists() {
        return Err(Error::setup(format!(
            "{} is missing, so that the witness does not know what it has cosigned, and could cosign another history; \
             bring it back, or begin anew with another key in another directory",
            memory_file.display()
        )));
    }
    Ok((key, WitnessMemory::open(&memory_file)?))
}

/// Prints where the witness is, and what others write down to use it.
fn explain(key: &WitnessKey, address: SocketAddr) -> Result<()> {
    let key = key.public();
    let name = key.name();
    print(&format!("STS Clearance listens on http://{address} as the witness {name} (C2SP tlog-witness)"))?;
    print(&format!("Its public key: {key}"))?;
    print("For the settings of a server whose heads it is to cosign, with the URL at which that server reaches it:")?;
    print(&format!("  witnesses = \"{key} http://{address}\""))?;
    print("For the policy of those who verify (C2SP tlog-policy):")?;
    print(&format!("  witness {name} {key} http://{address}"))
}
