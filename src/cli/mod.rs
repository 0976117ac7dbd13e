//! The command line: one file per sub-command, or a folder. It is the outermost room; only `main` uses it.
//!
//! Exit codes: 0 if it was done; 1 if it was not, for which one line on standard error says why; 2 if the command line
//! was not understood. `verify` and `fsck` give 1 a meaning of its own, a file that does not verify, and something
//! damaged, so that scripts can tell a bad file from a bad command.

mod arenas;
mod backup;
mod child;
mod config;
mod demo;
mod fsck;
mod key;
mod licences;
mod log;
mod manual;
mod migrate;
mod progress;
mod restore;
mod serve;
mod start;
mod terminal;
mod user;
mod verify;
mod witness;

use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::{
    children,
    cli::start::{block_on, open_to_continue},
    config::{Layers, mask_password},
    error::{Error, Result},
};

/// Rooms in which the parties to a ship-to-ship transfer clear it, and snapshots of them that last.
#[derive(Debug, Parser)]
#[command(name = "sts-clearance", version = env!("CLEARANCE_VERSION"), after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    shared: SharedFlags,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Exit codes: 0 it was done; 1 it was not, and a line says why; 2 the command line was not understood. Commands that \
give them another meaning say so in their help.

Examples:
  sts-clearance serve --demo       try it, with a room full of data
  sts-clearance user add --role admin --keep-password
  sts-clearance serve --data-dir /var/lib/sts-clearance
  sts-clearance config             what is set, and where
  sts-clearance verify report.pdf --key log.key";

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
#[expect(clippy::doc_markdown, reason = "the help shows names as they are typed")]
struct SharedFlags {
    /// The directory of database and files [env: STS_DATA_DIR] [default: data]
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
    /// `postgres://…`, or the path of an SQLite file [env: STS_DATABASE_URL] [default: sts_clearance.db in the data directory]
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// The directory of the file store [env: STS_FILES_URL] [default: files in the data directory]
    #[arg(long, global = true, value_name = "URL")]
    files_url: Option<String>,
    /// The file of settings [env: STS_CONFIG] [default: sts-clearance.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until it is stopped
    Serve(serve::Flags),
    /// Move the database's schema up or down
    #[command(
        subcommand,
        after_help = "Examples:\n  sts-clearance migrate status\n  sts-clearance migrate up\n  sts-clearance migrate down --to 002"
    )]
    Migrate(migrate::Command),
    /// Add, list, disable users, and set their passwords
    #[command(
        subcommand,
        after_help = "Examples:\n  sts-clearance user list\n  sts-clearance user disable --email ops@example.com\n  \
                            sts-clearance user set-password --email ops@example.com --password-stdin < password"
    )]
    User(user::Command),
    /// Show, replace or make the key that signs the logs
    #[command(
        subcommand,
        after_help = "Examples:\n  sts-clearance key show\n  sts-clearance key rotate\n  \
                            export STS_LOG_KEY=$(sts-clearance key new --name clearance.example.com)"
    )]
    Key(key::Command),
    /// Have logs go on of which signed entries are lost
    #[command(
        subcommand,
        after_help = "Examples:\n  sts-clearance log continue --all --reason 'backup of 3 May restored'\n  \
                            sts-clearance log continue --platform --reason 'backup of 3 May restored' --yes"
    )]
    Log(log::Command),
    /// Check logs, records and files against the logs and their signatures
    #[command(
        after_help = "Exit codes: 0 nothing is damaged, or all of it was repaired; 1 something is, or it could not be checked.\n\n\
                            Examples:\n  sts-clearance fsck\n  sts-clearance fsck --repair"
    )]
    Fsck(fsck::Flags),
    /// Copy database, files and keys of a server, also while it runs, into a directory of backups
    #[command(after_help = "Exit codes: 0 the backup is whole; 1 it is not, or it could not be made.\n\n\
                            Examples:\n  sts-clearance backup /mnt/backup/sts\n  \
                            sts-clearance backup --with-keys --keep 30 /mnt/backup/sts\n  \
                            sts-clearance backup --check /mnt/backup/sts")]
    Backup(backup::Flags),
    /// Bring a backup back into an empty place
    #[command(
        after_help = "Exit codes: 0 everything is back, and nothing is damaged; 1 something is, or it could not be done.\n\n\
                            Examples:\n  sts-clearance restore /mnt/backup/sts\n  \
                            sts-clearance restore --backup 2026-11-29T020000Z /mnt/backup/sts\n  \
                            STS_LOG_KEY=$(cat log.key) sts-clearance restore --data-dir /var/lib/sts /mnt/backup/sts"
    )]
    Restore(restore::Flags),
    /// Check a snapshot's file, or that one goes on from an older: offline, with a key that you trust
    #[command(
        after_help = "Exit codes: 0 verified; 1 it does not verify; 2 it cannot be read; 3 it cannot be judged.\n\n\
                            Examples:\n  curl -o log.key https://clearance.example.com/.well-known/sts-clearance/log-key\n  \
                            sts-clearance verify report.pdf --key log.key\n  \
                            sts-clearance verify january.pdf march.pdf --key log.key\n  \
                            sts-clearance verify report.json --key clearance.example.com+1a2b3c4d+A… --json"
    )]
    Verify(verify::Flags),
    /// Cosign the heads of others' logs, each only if it goes on from the last one, until it is stopped
    #[command(
        after_help = "Examples:\n  sts-clearance witness --name witness.example.net --log clearance.example.com+1a2b3c4d+A…\n  \
                            sts-clearance witness --logs policy --listen 127.0.0.1:9001 --dir /var/lib/witness\n  \
                            curl 'http://127.0.0.1:8081/checkpoint?origin=clearance.example.com/heads'"
    )]
    Witness(witness::Flags),
    /// Print the settings in force, where each comes from, and where the files are; refuse what `serve` would
    #[command(after_help = "Exit codes: 0 a server can start with them; 1 it cannot, and a line says why.\n\n\
                            Examples:\n  STS_LISTEN=127.0.0.1:9000 sts-clearance config\n  sts-clearance config --json")]
    Config(config::Flags),
    /// Print the licences of this program and of the fonts in it
    #[command(after_help = "Example:\n  sts-clearance licences | less")]
    Licences,
    /// Print a script that lets a shell complete commands and flags
    #[command(after_help = "Example:\n  sts-clearance completions bash > /etc/bash_completion.d/sts-clearance")]
    Completions(manual::CompletionsFlags),
    /// Print the manual page, or write those of all commands
    #[command(
        after_help = "Examples:\n  sts-clearance man | man -l -\n  sts-clearance man --dir /usr/local/share/man/man1"
    )]
    Man(manual::ManFlags),
    /// Do for the server what could end a process; the server starts it
    #[command(name = children::COMMAND, hide = true)]
    Child(child::Flags),
}

/// Returns the grammar of the command line. Its golden file is compared with the help that follows from it.
pub fn grammar() -> clap::Command {
    Cli::command()
}

/// Runs the command that the arguments name, and returns the exit code of the process.
pub fn run() -> ExitCode {
    let matches = match grammar().try_get_matches() {
        Ok(matches) => matches,
        Err(said) => said.exit(),
    };
    // Files and directories that are made from here on are for their owner alone, whatever the umask was: database,
    // keys and reports hold what the parties tell each other. Here, before there are threads, since the umask is the
    // process's.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(said) => said.exit(),
    };
    if let Command::User(command) = &cli.command
        && let Err(said) = user::check(command)
    {
        said.exit();
    }
    match execute(cli) {
        Ok(code) => code,
        Err(error) => {
            // If standard error is closed, there is nowhere left to say so; the exit code still says that it failed. An
            // error may name the database's address, with its password.
            let _ = writeln!(io::stderr(), "sts-clearance: {}", mask_password(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: Cli) -> Result<ExitCode> {
    let Cli { shared, command } = cli;
    // Read only by the commands that need them. A person who verifies a file may have no server, and must not be kept
    // from it by a file of settings that cannot be read; a child gets all it may know from its parent.
    let settings = || read_layers(&shared, None)?.config();
    let done = match command {
        Command::Verify(flags) => return verify::run(&flags),
        Command::Fsck(flags) => return block_on(fsck::run(settings()?, flags)),
        Command::Backup(flags) => return block_on(backup::run(settings()?, flags)),
        Command::Restore(flags) => return block_on(restore::run(settings()?, flags)),
        Command::Child(flags) => child::run(&flags),
        Command::Licences => licences::run(),
        Command::Completions(flags) => manual::print_completions(&flags),
        Command::Man(flags) => manual::print_manual(flags),
        Command::Config(flags) => {
            let layers = read_layers(&shared, None)?;
            // Settings that would not start a server are refused here too, and not shown as if they were in force.
            let settings = layers.config()?;
            start::check(&settings)?;
            config::print_settings(&layers, &settings, &flags)
        }
        Command::Serve(flags) => serve::run(read_layers(&shared, flags.listen.as_deref())?.config()?, &flags),
        Command::Witness(flags) => witness::run(&settings()?, flags),
        Command::Migrate(command) => block_on(migrate::run(settings()?, command)),
        Command::Key(command) => block_on(key::run(settings()?, command)),
        Command::Log(command) => block_on(log::run(open_to_continue(settings()?)?, command)),
        Command::User(command) => block_on(user::run(settings()?, command)),
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// Reads the settings of all layers: defaults, the file of settings, the environment, the flags. `listen` is a flag of
/// `serve` alone.
fn read_layers(shared: &SharedFlags, listen: Option<&str>) -> Result<Layers> {
    // A variable that is not UTF-8 is not one of ours, and no reason to refuse to start.
    let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    let environment: Vec<(String, String)> = std::env::vars_os().filter_map(text).collect();
    refuse_password_in_sight(shared.database_url.as_deref())?;
    let flags = [
        ("data_dir", shared.data_dir.clone()),
        ("database_url", shared.database_url.clone()),
        ("files_url", shared.files_url.clone()),
        ("listen", listen.map(str::to_owned)),
    ];
    let flags: Vec<_> = flags.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let from_environment =
        environment.iter().find(|(name, _)| name == "STS_CONFIG").map(|(_, file)| PathBuf::from(file));
    Layers::read(shared.config.clone().or(from_environment).as_deref(), &environment, &flags)
}

/// Refuses a password on the command line, which everybody on the machine can read in the list of processes.
fn refuse_password_in_sight(database_url: Option<&str>) -> Result<()> {
    if database_url.is_some_and(|url| mask_password(url) != url) {
        return Err(Error::setup(
            "a password in `--database-url` can be read in the list of processes; give the address as \
             `STS_DATABASE_URL`, or as `database_url` in the file of settings",
        ));
    }
    Ok(())
}
