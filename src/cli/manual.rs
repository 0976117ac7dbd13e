//! `completions` and `man`: what the command line tells of itself to shells and to readers of manuals.

use std::{io, path::PathBuf};

use clap::{Args, ValueEnum};

use crate::{
    cli::{grammar, terminal::print},
    error::{Error, Result},
};

/// The flags of `completions`.
#[derive(Debug, Args)]
pub(super) struct CompletionsFlags {
    /// The shell that is to complete
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// The shells that are known.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

/// The flags of `man`.
#[derive(Debug, Args)]
pub(super) struct ManFlags {
    /// Write a page for each command into this directory, instead of printing the first
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(super) fn print_completions(flags: &CompletionsFlags) -> Result<()> {
    let shell = match flags.shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Elvish => clap_complete::Shell::Elvish,
        Shell::Fish => clap_complete::Shell::Fish,
        Shell::Powershell => clap_complete::Shell::PowerShell,
        Shell::Zsh => clap_complete::Shell::Zsh,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut grammar(), "sts-clearance", &mut script);
    print(String::from_utf8_lossy(&script).trim_end())
}

pub(super) fn print_manual(flags: ManFlags) -> Result<()> {
    let refuse = |error: io::Error| Error::setup(format!("the manual cannot be written: {error}"));
    let Some(dir) = flags.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(grammar()).render(&mut page).map_err(refuse)?;
        return print(String::from_utf8_lossy(&page).trim_end());
    };
    std::fs::create_dir_all(&dir).and_then(|()| clap_mangen::generate_to(grammar(), &dir)).map_err(refuse)
}
