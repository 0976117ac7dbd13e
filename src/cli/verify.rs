//! `verify`: checks whether a snapshot's file is what it says it is, on any computer and without a server.

use std::{
    fmt::Display,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use report::Fonts;
use room::visible::printable;
use seal::Authorities;

use crate::{
    cli::terminal::print,
    error::{Error, Result},
    evidence::{
        Checkpoint, ConsistencyProof, Hash, KeyError, Policy, PublicKeys, PublishedKeys, ServedReceipt,
        verify::{self, AdoptedAgain, Check, Examined, Exhibits, Judgement, Report, SealTrust},
    },
};

/// The exit code if a file cannot be read.
const UNREADABLE: u8 = 2;

/// The exit code if nothing contradicts a file, and what would prove it is not there.
const NOT_JUDGED: u8 = 3;

/// What to check, and by what.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The file, as it was downloaded: PDF, JSON or CSV zip; of two, the older
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A newer file of the same room, whose log has to go on from that of the first
    #[arg(value_name = "NEWER_FILE")]
    newer: Option<PathBuf>,
    /// A public key that you trust, or a file of keys, one a line; may be given more than once
    #[arg(long = "key", value_name = "KEY|FILE")]
    keys: Vec<String>,
    /// The answer of `GET …/log/consistency`, where the newer file does not hold all entries of the log
    #[arg(long, value_name = "FILE", requires = "newer")]
    consistency: Option<PathBuf>,
    /// The answer of `GET …/snapshots/{id}/receipt`: for a file of an earlier version, which carries none, and for the
    /// witnesses of a policy; of two, of the newer
    #[arg(long, value_name = "FILE")]
    receipt: Option<PathBuf>,
    /// The answer of `GET /.well-known/sts-clearance/keys`, whose notes lead from a key that you trust to those that
    /// followed it
    #[arg(long, value_name = "FILE")]
    rotations: Option<PathBuf>,
    /// A policy (C2SP tlog-policy): the keys of logs that you trust, and which witnesses have to have seen them
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// A signed head of the log, or of the server's log of heads, that you have from elsewhere, such as from a witness
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The SHA-256 that the file has to have; of two, the newer
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    sha256: Option<Hash>,
    /// The certificate that PDFs have to be sealed with, as you got it from who runs the server (PEM or DER); may be given
    /// more than once, for one that was replaced
    #[arg(long = "seal-certificate", value_name = "FILE")]
    seal_certificates: Vec<PathBuf>,
    /// Certificates of authorities that you trust (PEM): of those that attest times, or of issuers of the seal's
    /// certificate; may be given more than once
    #[arg(long = "authority", value_name = "FILE")]
    authorities: Vec<PathBuf>,
    /// The directory of further fonts that the server draws with
    #[arg(long, value_name = "DIR")]
    font_dir: Option<PathBuf>,
    /// Print what was found as one JSON object
    #[arg(long)]
    json: bool,
}

fn sha256(text: &str) -> Result<Hash, String> {
    let bytes = hex::decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| "64 hexadecimal digits are expected".to_owned())
}

pub(super) fn run(flags: &Flags) -> Result<ExitCode> {
    match verify_files(flags) {
        Ok(report) => {
            if flags.json {
                let json = serde_json::to_string(&report).map_err(|error| Error::internal(error.to_string()))?;
                print(&json)?;
            } else {
                print_report(flags, &report)?;
            }
            Ok(match report.judgement {
                Judgement::Verified => ExitCode::SUCCESS,
                Judgement::Failed => ExitCode::FAILURE,
                Judgement::CannotBeJudged => ExitCode::from(NOT_JUDGED),
            })
        }
        Err(why) => {
            // Not the way of other errors, which end in code 1: that says that a file was read and does not verify.
            let _ = writeln!(io::stderr(), "sts-clearance: {}", printable(&why));
            Ok(ExitCode::from(UNREADABLE))
        }
    }
}

/// Verifies the files, or returns why one of them cannot be read.
fn verify_files(flags: &Flags) -> Result<Report, String> {
    let policy = read_as(flags.policy.as_deref(), Policy::read)?;
    let rotations = read_as(flags.rotations.as_deref(), PublishedKeys::read)?;
    let keys = match (read_keys(&flags.keys)?, policy.as_ref().and_then(Policy::logs)) {
        (Some(keys), Some(others)) => Some(keys.and(others)),
        (keys, others) => keys.or_else(|| others.cloned()),
    };
    let successions = rotations.map(|read| read.successions()).unwrap_or_default();
    let keys = keys.map(|keys| keys.following(&successions));
    let fonts = flags.font_dir.as_deref().map_or_else(|| Ok(Fonts::embedded()), Fonts::with_directory);
    let fonts = fonts.map_err(|error| format!("the fonts: {error}"))?;
    let first = read_file(&flags.file)?;
    let newer = flags.newer.as_deref().map(read_file).transpose()?;
    let consistency = flags.consistency.as_deref().map(read_text).transpose()?;
    // Read here only to find out whether it can be: a wrong path would otherwise look like a proof that does not hold.
    if let (Some(text), Some(path)) = (&consistency, &flags.consistency) {
        ConsistencyProof::read(text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let receipt = flags.receipt.as_deref().map(read_text).transpose()?;
    if let (Some(text), Some(path)) = (&receipt, &flags.receipt) {
        ServedReceipt::read(text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let checkpoint = flags.checkpoint.as_deref().map(read_text).transpose()?;
    if let (Some(text), Some(path)) = (&checkpoint, &flags.checkpoint) {
        Checkpoint::unchecked(text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let certificates = read_certificates(&flags.seal_certificates)?.map(|read| read.fingerprints());
    let authorities = read_certificates(&flags.authorities)?;
    let (file, older) = newer.as_ref().map_or((&first, None), |newer| (newer, Some(first.as_slice())));
    let given = Exhibits {
        file,
        older,
        consistency: consistency.as_deref(),
        receipt: receipt.as_deref(),
        checkpoint: checkpoint.as_deref(),
        sha256: flags.sha256,
        keys: keys.as_ref(),
        // There is no server whose keys could count when none are given.
        ours: keys.as_ref(),
        policy: policy.as_ref(),
        seal: SealTrust { certificates: certificates.as_deref(), authorities: authorities.as_ref() },
        drawer: &fonts,
    };
    verify::verify(&given).map_err(|refused| {
        let path = if refused.is_older { &flags.file } else { flags.newer.as_ref().unwrap_or(&flags.file) };
        format!("{}: this is no PDF, JSON or zip of STS Clearance", path.display())
    })
}

/// Reads the keys that are trusted, from the arguments and from files. `None` if none are given.
fn read_keys(given: &[String]) -> Result<Option<PublicKeys>, String> {
    let mut texts = Vec::new();
    for key in given {
        match PublicKeys::read(key) {
            Ok(_) => {
                texts.push(key.clone());
                continue;
            }
            // The message must not repeat the argument, since that is a private key.
            Err(secret @ KeyError::Secret) => return Err(format!("--key: {secret}")),
            Err(_) => {}
        }
        let path = Path::new(key);
        if !path.exists() {
            return Err(format!("--key: `{key}` is neither a public key (`name+hash+key`) nor a file"));
        }
        let text = read_text(path)?;
        PublicKeys::read(&text).map_err(|error| format!("--key: {}: {error}", path.display()))?;
        texts.push(text);
    }
    Ok(if texts.is_empty() { None } else { PublicKeys::read(&texts.join("\n")).ok() })
}

/// Reads the certificates of files. `None` if no file is given.
fn read_certificates(paths: &[PathBuf]) -> Result<Option<Authorities>, String> {
    let mut all: Option<Authorities> = None;
    for path in paths {
        let read = Authorities::read(&read_file(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
        all.get_or_insert_default().extend(read);
    }
    Ok(all)
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

/// Reads what is in a file that was named. `None` if none was.
fn read_as<T, E: Display>(path: Option<&Path>, read: impl Fn(&str) -> Result<T, E>) -> Result<Option<T>, String> {
    let Some(path) = path else { return Ok(None) };
    read(&read_text(path)?).map(Some).map_err(|error| format!("{}: {error}", path.display()))
}

fn read_text(path: &Path) -> Result<String, String> {
    String::from_utf8(read_file(path)?).map_err(|_| format!("{} is not text in UTF-8", path.display()))
}

fn print_report(flags: &Flags, report: &Report) -> Result<()> {
    if let Some(sentence) = &report.sentence {
        print(&printable(sentence))?;
        print("")?;
    }
    if let (Some(older), Some(newer)) = (&report.older, &flags.newer) {
        print_file("Older file", &flags.file, older)?;
        print("")?;
        print_file("Newer file", newer, &report.file)?;
    } else {
        print_file("File", &flags.file, &report.file)?;
    }
    print("")?;
    print(&printable(&report.verdict))
}

fn print_file(which: &str, path: &Path, examined: &Examined) -> Result<()> {
    let facts = &examined.facts;
    let fact = |name: &str, value: &str| print(&printable(&format!("{name:<10}  {value}")));
    fact(which, &format!("{}: {}, {} bytes", path.display(), facts.kind, facts.size))?;
    if let Some(told) = &facts.told {
        fact("Room", &format!("{} ({})", told.room_title, told.room_id))?;
        fact("Snapshot", &format!("{} ({})", told.snapshot_title, told.snapshot_id))?;
        let taken = told.taken_at.strftime("%Y-%m-%d %H:%M:%S UTC");
        fact("Taken", &format!("{taken} by {} ({})", told.taken_by, told.role))?;
        let (log, entry) = (told.log.as_deref().unwrap_or("without a name"), told.entry());
        fact("Log", &format!("{log}, entry {entry}"))?;
        told.continued.iter().try_for_each(|continued| fact("Continued", continued))?;
        told.adopted.iter().try_for_each(|adopted| fact("Adopted", &adopted.detail))?;
    }
    if let Some(AdoptedAgain { total, differences }) = facts.told.as_ref().and_then(|told| told.adopted_again.as_ref())
    {
        fact("Adopted", &format!("again, by an operator, with what the tables said otherwise than the log: {total}"))?;
        for difference in differences {
            fact("", difference)?;
        }
        let more = total.saturating_sub(differences.len() as u64);
        if more > 0 {
            fact("", &format!("and {more} more"))?;
        }
    }
    print("")?;
    for Check { name, outcome, detail } in &examined.checks {
        print(&printable(&format!("{:<7}  {name:<11}  {detail}", outcome.word())))?;
    }
    Ok(())
}
