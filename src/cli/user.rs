//! `user`: manages accounts from the server's own machine, without a second admin.

use std::io::Read;

use clap::{ArgAction, Args, CommandFactory, Subcommand, error::ErrorKind};
use room::Role;
use serde_json::{Value, json};

use crate::{
    app::App,
    cli::{
        Cli,
        start::{look, open_for_first_account, open_there},
        terminal::{self, ask, ask_password, print, print_json},
    },
    config::Config,
    db::{self, migrations, users::User},
    domain::{
        accounts::{
            look_alikes,
            users::{self, GivenPassword, NewUser},
        },
        log::{self, Actor},
    },
    error::{Error, Result},
};

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an account for a person or a program; at a terminal, what is missing is asked for
    #[command(after_help = "Examples:\n  sts-clearance user add --role admin --keep-password\n  \
                            printf '%s' \"$PASSWORD\" | sts-clearance user add --email ops@example.com \\\n      --name 'Ops Desk' --role broker --password-stdin")]
    Add {
        /// E-mail address; matched without regard to case
        #[arg(long)]
        email: Option<String>,
        /// The name that others see
        #[arg(long)]
        name: Option<String>,
        /// owner, broker, charterer, seller, buyer or admin
        #[arg(long, value_parser = role)]
        role: Option<Role>,
        #[command(flatten)]
        password: Password,
    },
    /// List all accounts, disabled ones included
    List {
        /// Print a JSON array
        #[arg(long)]
        json: bool,
    },
    /// Refuse an account's sign-ins from now on, and end its sessions
    Disable {
        /// E-mail address of the account
        #[arg(long)]
        email: String,
    },
    /// Let a disabled account sign in again
    Enable {
        /// E-mail address of the account
        #[arg(long)]
        email: String,
    },
    /// Replace an account's password, and end its sessions; at a terminal, it is asked for
    SetPassword {
        /// E-mail address of the account
        #[arg(long)]
        email: String,
        #[command(flatten)]
        password: Password,
    },
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Password {
    /// Read the password from standard input, to its end
    #[arg(long, action = ArgAction::SetTrue)]
    password_stdin: bool,
    /// Let the password stay, for a program or because the account is your own; otherwise its owner has to replace it
    /// before anything else
    #[arg(long)]
    keep_password: bool,
}

impl From<Password> for GivenPassword {
    fn from(Password { keep_password, .. }: Password) -> Self {
        if keep_password { Self::Kept } else { Self::ToReplace }
    }
}

impl Password {
    /// Reads the password from standard input, or asks for it.
    fn take(self) -> Result<String> {
        if self.password_stdin { password_from_stdin() } else { ask_password() }
    }
}

fn role(word: &str) -> Result<Role, String> {
    word.parse().map_err(|_| "must be one of owner, broker, charterer, seller, buyer, admin".to_owned())
}

/// Returns an error of the command line if something is missing and there is no terminal to ask at.
pub(super) fn check(command: &Command) -> Result<(), clap::Error> {
    let missing = match command {
        Command::Add { email, name, role, password } => [
            ("--email", email.is_some()),
            ("--name", name.is_some()),
            ("--role", role.is_some()),
            ("--password-stdin", password.password_stdin),
        ],
        Command::SetPassword { password, .. } => {
            let given = ("--password-stdin", password.password_stdin);
            [given; 4]
        }
        _ => return Ok(()),
    };
    let mut missing: Vec<_> = missing.iter().filter(|(_, is_given)| !is_given).map(|(flag, _)| *flag).collect();
    missing.dedup();
    // With the password on standard input, nothing else can be asked for there.
    let can_ask = terminal::is_there() && missing.contains(&"--password-stdin");
    if missing.is_empty() || can_ask {
        return Ok(());
    }
    let words = format!("standard input is no terminal to ask at; give {}", missing.join(", "));
    Err(Cli::command().error(ErrorKind::MissingRequiredArgument, words))
}

pub(super) async fn run(settings: Config, command: Command) -> Result<()> {
    match command {
        Command::Add { email, name, role, password } => add(settings, (email, name, role), password).await,
        Command::List { json } => list(&look(settings)?, json).await,
        Command::Disable { email } => {
            let app = open_ready(settings).await?;
            let user = users::named(&app, &email).await?;
            users::disable(&app, &Actor::Operator, user.id).await?;
            print(&format!("disabled {}; its sessions have ended", user.email))
        }
        Command::Enable { email } => {
            let app = open_ready(settings).await?;
            let user = users::named(&app, &email).await?;
            users::enable(&app, &Actor::Operator, user.id).await?;
            print(&format!("enabled {}", user.email))
        }
        Command::SetPassword { email, password } => {
            let app = open_ready(settings).await?;
            let (user, given) = (users::named(&app, &email).await?, password.take()?);
            users::give_password(&app, &Actor::Operator, user.id, &given, password.into()).await?;
            print(&format!("replaced the password of {}; its sessions have ended", user.email))
        }
    }
}

/// Opens the system that is there, ready for a change.
async fn open_ready(settings: Config) -> Result<App> {
    let app = open_there(settings)?;
    log::schema::prepare_existing(&app, &Actor::Operator).await?;
    log::keys::register(&app).await?;
    Ok(app)
}

/// Makes an account. The first one may make the system too.
async fn add(
    settings: Config,
    (email, name, role): (Option<String>, Option<String>, Option<Role>),
    password: Password,
) -> Result<()> {
    // Asked before anything is opened: who gives up leaves nothing behind.
    let new = NewUser {
        email: email.map_or_else(|| ask("E-mail address"), Ok)?,
        name: name.map_or_else(|| ask("Name that others see"), Ok)?,
        role: role.map_or_else(ask_role, Ok)?,
        password: Some(password.take()?),
    };
    let app = open_for_first_account(settings).await?;
    log::schema::prepare(&app, &Actor::Operator).await?;
    log::keys::register(&app).await?;
    users::add(&app, &Actor::Operator, &new, password.into(), None).await?;
    let user = users::named(&app, &new.email).await?;
    print(&format!("added {} ({})", user.email, user.role))?;
    let warnings = look_alikes::of_accounts(&app, &[user]).await?;
    warnings.iter().flatten().try_for_each(|warning| print(&format!("warning: {warning}")))
}

fn ask_role() -> Result<Role> {
    loop {
        let word = ask("Role (owner, broker, charterer, seller, buyer, admin)")?;
        if let Ok(role) = word.parse() {
            return Ok(role);
        }
    }
}

async fn list(app: &App, json: bool) -> Result<()> {
    migrations::check(&app.db).await?;
    let users = app.db.read(async |tx| db::users::list(tx).await).await?;
    if json {
        return print_json(&users.iter().map(as_json).collect::<Vec<_>>());
    }
    if users.is_empty() {
        return print("there are no users yet; `sts-clearance user add --help` shows how to add one");
    }
    for user in users {
        let state = if user.disabled { "disabled" } else { "active" };
        print(&format!("{:<40} {:<10} {state:<9} {}", user.email, user.role.word(), user.name))?;
    }
    Ok(())
}

fn as_json(user: &User) -> Value {
    json!({
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "disabled": user.disabled,
        "must_change_password": user.must_change_password,
        "created_at": user.created_at,
    })
}

/// Reads the password from standard input, without the line end that `echo` adds. It is not a flag, since everybody on
/// the machine can read the arguments of a process.
fn password_from_stdin() -> Result<String> {
    let mut password = String::new();
    std::io::stdin()
        .read_to_string(&mut password)
        .map_err(|error| Error::setup(format!("the password cannot be read from standard input: {error}")))?;
    // Only one line end: blanks and further lines are part of the password, as somebody chose it.
    let line = password.strip_suffix('\n').unwrap_or(&password);
    Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
}
