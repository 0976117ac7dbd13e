//! `user`: manages accounts from the server's own machine, without a second admin.

use std::io::Read;

use clap::{ArgAction, Args, Subcommand};
use room::Role;

use crate::{
    app::App,
    cli::terminal::print,
    db,
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
    /// Make an account for a person or a program
    #[command(
        after_help = "Example:\n  printf '%s' \"$PASSWORD\" | sts-clearance user add --email ops@example.com \\\n      --name 'Ops Desk' --role broker --password-stdin"
    )]
    Add {
        /// E-mail address; matched without regard to case
        #[arg(long)]
        email: String,
        /// The name that others see
        #[arg(long)]
        name: String,
        /// owner, broker, charterer, seller, buyer or admin
        #[arg(long, value_parser = role)]
        role: Role,
        /// Read the password from standard input, to its end
        #[arg(long, required = true, action = ArgAction::SetTrue)]
        password_stdin: bool,
        #[command(flatten)]
        password: Password,
    },
    /// List all accounts, disabled ones included
    List,
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
    /// Replace an account's password, and end its sessions
    SetPassword {
        /// E-mail address of the account
        #[arg(long)]
        email: String,
        /// Read the password from standard input, to its end
        #[arg(long, required = true, action = ArgAction::SetTrue)]
        password_stdin: bool,
        #[command(flatten)]
        password: Password,
    },
}

#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Password {
    /// Let the password stay, for a program or because the account is your own; otherwise its owner has to replace it
    /// before anything else
    #[arg(long)]
    keep_password: bool,
}

impl From<Password> for GivenPassword {
    fn from(Password { keep_password }: Password) -> Self {
        if keep_password { Self::Kept } else { Self::ToReplace }
    }
}

fn role(word: &str) -> Result<Role, String> {
    word.parse().map_err(|_| "must be one of owner, broker, charterer, seller, buyer, admin".to_owned())
}

pub(super) async fn run(app: App, command: Command) -> Result<()> {
    log::schema::prepare(&app, &Actor::Operator).await?;
    log::keys::register(&app).await?;
    match command {
        Command::Add { email, name, role, password, .. } => {
            let new = NewUser { email, name, role, password: password_from_stdin()? };
            users::add(&app, &Actor::Operator, &new, password.into()).await?;
            let user = users::named(&app, &new.email).await?;
            print(&format!("added {} ({})", user.email, user.role))?;
            let warnings = look_alikes::of_accounts(&app, &[user]).await?;
            warnings.iter().flatten().try_for_each(|warning| print(&format!("warning: {warning}")))
        }
        Command::List => list(&app).await,
        Command::Disable { email } => {
            let user = users::named(&app, &email).await?;
            users::disable(&app, &Actor::Operator, user.id).await?;
            print(&format!("disabled {}; its sessions have ended", user.email))
        }
        Command::Enable { email } => {
            let user = users::named(&app, &email).await?;
            users::enable(&app, &Actor::Operator, user.id).await?;
            print(&format!("enabled {}", user.email))
        }
        Command::SetPassword { email, password, .. } => {
            let (user, given) = (users::named(&app, &email).await?, password_from_stdin()?);
            users::give_password(&app, &Actor::Operator, user.id, &given, password.into()).await?;
            print(&format!("replaced the password of {}; its sessions have ended", user.email))
        }
    }
}

async fn list(app: &App) -> Result<()> {
    let users = app.db.read(async |tx| db::users::list(tx).await).await?;
    if users.is_empty() {
        return print("there are no users yet; `sts-clearance user add --help` shows how to add one");
    }
    for user in users {
        let state = if user.disabled { "disabled" } else { "active" };
        print(&format!("{:<40} {:<10} {state:<9} {}", user.email, user.role.word(), user.name))?;
    }
    Ok(())
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
