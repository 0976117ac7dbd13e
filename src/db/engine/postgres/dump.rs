//! Copies of a PostgreSQL database, by its own programs `pg_dump` and `pg_restore`.

use std::{io::ErrorKind, path::Path, process::Stdio};

use tokio::process::Command;
use tokio_postgres::{Config, NoTls, config::Host};

use crate::{
    db::engine::tx::Tx,
    error::{Error, Result},
};

/// Writes the database, as this transaction sees it, into a file in the custom format of `pg_dump`.
///
/// # Errors
///
/// Fails if the program is not installed, or older than the server, or cannot write the file.
pub(in crate::db) async fn dump(tx: &mut Tx, config: &Config, to: &Path) -> Result<()> {
    // The transaction has nothing to do while the program works, for as long as that takes.
    tx.exec("SET LOCAL idle_in_transaction_session_timeout = 0", &[]).await?;
    let snapshot: String = tx.one("SELECT pg_export_snapshot()", &[]).await?.get(0)?;
    let mut command = command("pg_dump", config);
    command.args(["--format=custom", "--no-owner", "--no-privileges", "--snapshot", &snapshot, "--file"]).arg(to);
    run("pg_dump", command).await?;
    let synced = std::fs::File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|error| Error::setup(format!("{} cannot be written: {error}", to.display())))
}

/// Fills an empty database from a file that [`dump`] has written, all of it or nothing.
///
/// # Errors
///
/// Fails if the program is not installed, or refuses the file, or finds something in the database.
pub(in crate::db) async fn restore(config: &Config, from: &Path) -> Result<()> {
    let mut command = command("pg_restore", config);
    command.args(["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--dbname"]);
    command.arg(name(config)).arg(from);
    run("pg_restore", command).await
}

/// Creates a database beside the one that the settings name, and returns how to connect to it.
pub(in crate::db) async fn create_beside(config: &Config, name: &str) -> Result<Config> {
    execute(config, &format!("CREATE DATABASE \"{name}\" TEMPLATE template0")).await?;
    let mut beside = config.clone();
    beside.dbname(name);
    Ok(beside)
}

/// Removes a database that was created by [`create_beside`].
pub(in crate::db) async fn drop_beside(config: &Config, name: &str) -> Result<()> {
    execute(config, &format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await
}

/// Runs a statement that has to be outside of a transaction.
async fn execute(config: &Config, sql: &str) -> Result<()> {
    let (client, connection) = config.connect(NoTls).await?;
    let connection = tokio::spawn(connection);
    let done = client.batch_execute(sql).await;
    drop(client);
    // Its errors are those of the statement.
    let _ = connection.await;
    Ok(done?)
}

fn name(config: &Config) -> &str {
    config.get_dbname().or(config.get_user()).unwrap_or("postgres")
}

/// Returns a program that connects as these settings say. By variables: everybody on the machine can read the arguments
/// of a process.
fn command(program: &str, config: &Config) -> Command {
    let mut command = Command::new(program);
    let host = |host: &Host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(path) => path.display().to_string(),
    };
    let hosts: Vec<_> = config.get_hosts().iter().map(host).collect();
    let ports: Vec<_> = config.get_ports().iter().map(u16::to_string).collect();
    for (variable, value) in [("PGHOST", hosts.join(",")), ("PGPORT", ports.join(","))] {
        if !value.is_empty() {
            command.env(variable, value);
        }
    }
    let texts = [("PGUSER", config.get_user()), ("PGOPTIONS", config.get_options())];
    command.envs(texts.into_iter().filter_map(|(variable, value)| Some((variable, value?))));
    if let Some(password) = config.get_password() {
        command.env("PGPASSWORD", String::from_utf8_lossy(password).as_ref());
    }
    command.env("PGDATABASE", name(config)).env("PGCONNECT_TIMEOUT", "10").env("LC_MESSAGES", "C");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs a program to its end. What it complains of first is the error.
async fn run(program: &str, mut command: Command) -> Result<()> {
    let ended = command.output().await.map_err(|error| {
        Error::setup(match error.kind() {
            ErrorKind::NotFound => format!(
                "`{program}` is not installed here; it comes with the client programs of PostgreSQL (Debian: \
                 `postgresql-client`), and must not be older than the server"
            ),
            _ => format!("`{program}` cannot be started: {error}"),
        })
    })?;
    if ended.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ended.stderr);
    let said = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it does not say why");
    Err(Error::setup(format!("`{program}` failed: {}", said.strip_prefix(&format!("{program}: ")).unwrap_or(said))))
}
