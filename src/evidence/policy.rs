//! What a verifier asks of a log and its witnesses (C2SP `tlog-policy`): which keys may sign which logs, and which
//! witnesses have to have seen a head before it counts.

use super::{CheckpointError, PublicKeys, Witness};

/// The bytes and lines that a policy may have: it may come from anybody.
const MOST_BYTES: usize = 64 * 1024;
const MOST_LINES: usize = 1_000;
/// The quorum that asks for nothing.
const NONE: &str = "none";

/// Why a text is no policy.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A line of it, from 1, cannot be used.
    #[error("line {0}: {1}")]
    Line(usize, String),
    /// It has no line `quorum`.
    #[error("it has no line `quorum`, which names a witness or a group, or `none`")]
    NoQuorum,
    /// It is larger than what is read.
    #[error("it has more than {MOST_LINES} lines or {MOST_BYTES} bytes")]
    TooLarge,
}

/// A policy.
#[derive(Debug, Clone)]
pub struct Policy {
    logs: Option<PublicKeys>,
    /// Witnesses and groups, each of which names only those before it.
    members: Vec<(String, Member)>,
    quorum: String,
}

#[derive(Debug, Clone)]
enum Member {
    Witness(Witness),
    /// So many of these have to agree.
    Group(usize, Vec<String>),
}

/// What a note has of the witnesses that a policy asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Whether they are enough.
    pub is_enough: bool,
    /// The witnesses that have cosigned it, with the time at which each saw it, in seconds since 1970.
    pub by: Vec<(String, u64)>,
    /// The witnesses of the policy that have not.
    pub lacking: Vec<String>,
}

impl Policy {
    /// Reads a policy: a line for each log, witness and group, and one for the quorum. Blank lines and those that begin
    /// with `#` say nothing.
    pub fn read(text: &str) -> Result<Self, PolicyError> {
        if text.len() > MOST_BYTES || text.lines().count() > MOST_LINES {
            return Err(PolicyError::TooLarge);
        }
        let (mut logs, mut members, mut quorum) = (Vec::new(), Vec::new(), None);
        for (number, line) in (1..).zip(text.lines().map(str::trim)) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let read = match words[..] {
                [] => Ok(()),
                [comment, ..] if comment.starts_with('#') => Ok(()),
                ["log", key] | ["log", key, _] => {
                    logs.push(key);
                    PublicKeys::read(key).map(drop).map_err(|error| error.to_string())
                }
                ["witness", name, key] | ["witness", name, key, _] => {
                    let witness = Witness::read(key).map_err(|error| error.to_string());
                    witness.and_then(|witness| add(&mut members, name, Member::Witness(witness)))
                }
                ["group", name, needed, ref named @ ..] if !named.is_empty() => {
                    group(&members, needed, named).and_then(|group| add(&mut members, name, group))
                }
                ["quorum", name] if quorum.is_none() => {
                    quorum = Some(name.to_owned());
                    if name == NONE { Ok(()) } else { known(&members, name) }
                }
                ["quorum", _] => Err("there is a quorum already".to_owned()),
                _ => {
                    Err("it is none of `log KEY [URL]`, `witness NAME KEY [URL]`, `group NAME any|all|N MEMBERS…` and \
                          `quorum NAME|none`"
                        .to_owned())
                }
            };
            read.map_err(|why| PolicyError::Line(number, why))?;
        }
        // Each was read before, by itself.
        let logs = PublicKeys::read(&logs.join("\n")).ok();
        Ok(Self { logs, members, quorum: quorum.ok_or(PolicyError::NoQuorum)? })
    }

    /// Returns the keys of the logs. `None` if it names no log.
    pub fn logs(&self) -> Option<&PublicKeys> {
        self.logs.as_ref()
    }

    /// Whether a head counts only if witnesses have seen it.
    pub fn asks_for_witnesses(&self) -> bool {
        self.quorum != NONE
    }

    /// Returns which witnesses have seen the checkpoint of this note, and whether they are enough.
    ///
    /// # Errors
    ///
    /// Fails if the note is none, or has a signature of a witness that does not fit.
    pub fn seen(&self, note: &str) -> Result<Seen, CheckpointError> {
        let (mut by, mut lacking, mut agree) = (Vec::new(), Vec::new(), vec![NONE]);
        for (name, member) in &self.members {
            let agrees = match member {
                Member::Witness(witness) => {
                    let saw = witness.saw(note)?;
                    match saw {
                        Some(time) => by.push((name.clone(), time)),
                        None => lacking.push(name.clone()),
                    }
                    saw.is_some()
                }
                Member::Group(needed, named) => {
                    named.iter().filter(|it| agree.contains(&it.as_str())).count() >= *needed
                }
            };
            if agrees {
                agree.push(name);
            }
        }
        Ok(Seen { is_enough: agree.contains(&self.quorum.as_str()), by, lacking })
    }
}

fn add(members: &mut Vec<(String, Member)>, name: &str, member: Member) -> Result<(), String> {
    if name == NONE || known(members, name).is_ok() {
        return Err(format!("the name `{name}` is taken"));
    }
    members.push((name.to_owned(), member));
    Ok(())
}

fn known(members: &[(String, Member)], name: &str) -> Result<(), String> {
    let is_known = members.iter().any(|(known, _)| known == name);
    if is_known { Ok(()) } else { Err(format!("no line above names a witness or a group `{name}`")) }
}

fn group(members: &[(String, Member)], needed: &str, named: &[&str]) -> Result<Member, String> {
    named.iter().try_for_each(|name| known(members, name))?;
    if named.iter().enumerate().any(|(index, name)| named[..index].contains(name)) {
        return Err("a member is named twice".to_owned());
    }
    let count = match needed {
        "any" => 1,
        "all" => named.len(),
        number => number.parse().unwrap_or(0),
    };
    if !(1..=named.len()).contains(&count) {
        return Err(format!("`{needed}` is none of `any`, `all` and a number from 1 to {}", named.len()));
    }
    Ok(Member::Group(count, named.iter().map(|&name| name.to_owned()).collect()))
}
