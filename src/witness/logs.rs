//! The logs that a witness knows: which public keys may sign the checkpoints of which origin.

use std::collections::BTreeMap;

use crate::evidence::PublicKeys;

/// The largest number of a continuation that is known: `…/999`. Each is a log of its own, and takes room of its own.
const MOST_CONTINUATIONS: u32 = 999;

/// The logs that are witnessed, each by the origin of its checkpoints.
///
/// A key of the name `N` is trusted for the origin `N`, as C2SP `tlog-policy` has it, and for `N/heads`, the log of heads
/// of an STS Clearance server; if an origin is named with it, for that one alone. With an origin come its continuations
/// `…/2`, `…/3`: logs of their own, in which an operator has one go on whose entries were lost.
pub struct WitnessedLogs {
    keys: BTreeMap<String, PublicKeys>,
}

impl WitnessedLogs {
    /// Reads the keys of logs, each `name+hash+key` or `name+hash+key@origin`, and a policy file (C2SP `tlog-policy`), of
    /// which the lines `log KEY [URL]` count. Returns what is wrong with them otherwise.
    pub fn read(keys: &[String], policy: &str) -> Result<Self, String> {
        let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (i, text) in keys.iter().enumerate() {
            add(&mut lines, text).map_err(|why| format!("log {}: {why}", i + 1))?;
        }
        for (i, line) in policy.lines().enumerate() {
            let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
            let read = match (words.next(), words.next()) {
                (Some("log"), Some(key)) => add(&mut lines, key),
                // They tell a verifier whose cosignatures it needs.
                (Some("witness" | "group" | "quorum"), Some(_)) | (None, _) => Ok(()),
                (Some(first), _) if first.starts_with('#') => Ok(()),
                _ => Err("it is none of `log KEY [URL]`, `witness …`, `group …`, `quorum …`".to_owned()),
            };
            read.map_err(|why| format!("line {}: {why}", i + 1))?;
        }
        if lines.is_empty() {
            return Err("no log is named".to_owned());
        }
        let keys = lines.into_iter().map(|(origin, keys)| Ok((origin, PublicKeys::trusted(&keys)?)));
        let keys: Result<_, crate::evidence::KeyError> = keys.collect();
        Ok(Self { keys: keys.map_err(|error| error.to_string())? })
    }

    /// Returns the keys that may sign checkpoints of this origin. `None` if the log is unknown.
    pub fn keys_of(&self, origin: &str) -> Option<&PublicKeys> {
        self.keys.get(origin).or_else(|| self.keys.get(continued(origin)?))
    }

    /// Returns the origins, without those of continuations.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }
}

/// Adds a key, with the origins that it is trusted for.
fn add(lines: &mut BTreeMap<String, Vec<String>>, text: &str) -> Result<(), String> {
    // A name may have an `@` itself; what follows the second plus is the key, in base64.
    let key_at = text.match_indices('+').nth(1).map_or(0, |(at, _)| at);
    let (key, origin) = match text[key_at..].split_once('@') {
        Some((key, origin)) => (&text[..key_at + key.len()], Some(origin)),
        None => (text, None),
    };
    PublicKeys::read(key).map_err(|error| match error {
        crate::evidence::KeyError::Secret => error.to_string(),
        // Not repeated: it may be a secret.
        _ => "it is no public key of a log (`name+hash+key`)".to_owned(),
    })?;
    let name = key.split_once('+').map_or(key, |(name, _)| name);
    let origins = match origin {
        Some("") => return Err("there is no origin after `@`".to_owned()),
        Some(origin) => vec![origin.to_owned()],
        None => vec![name.to_owned(), format!("{name}/heads")],
    };
    for origin in origins {
        lines.entry(origin).or_default().push(key.to_owned());
    }
    Ok(())
}

/// Returns the origin that a continuation's goes on from. `None` if it is none.
fn continued(origin: &str) -> Option<&str> {
    let (first, number) = origin.rsplit_once('/')?;
    let read: u32 = number.parse().ok()?;
    ((2..=MOST_CONTINUATIONS).contains(&read) && read.to_string() == number).then_some(first)
}
