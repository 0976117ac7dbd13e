//! The check that witnesses have seen the log of heads with the head of the room's log: no other history can have been
//! shown to them under the same name.

use jiff::Timestamp;
use room::{heads_origin, server_in};

use super::{
    checks::{Fault, Said},
    file::utc,
    statements::begins_alike,
    submitted::Submitted,
    tree::{self, Unsigned},
};
use crate::evidence::{
    Checkpoint, HeadProof, Policy, PublicKeys, Seen, ServedReceipt, commitment, extends, holds, leaf_hash,
};

/// Checks the way from the entry that tells of a file up to the log of heads, in the text of a receipt that a server gave,
/// and its witnesses. `None` if nobody asks for witnesses, and the receipt does not lead there.
pub(super) fn check(
    told: Result<&Submitted, &str>,
    served: Option<&str>,
    (policy, keys): (Option<&Policy>, Option<&PublicKeys>),
) -> Option<Said> {
    let asking = policy.filter(|policy| policy.asks_for_witnesses());
    match (served.and_then(|text| ServedReceipt::parts(text).1), asking) {
        (None, None) => None,
        (None, Some(_)) => {
            let words = "the policy asks for witnesses, and no receipt with a way up to the log of heads is given: the server \
                         gives one some minutes after the file was made";
            Some(Err(Fault::Skipped(words.to_owned())))
        }
        (Some(text), _) => Some(check_head(told, text, (asking, keys))),
    }
}

fn check_head(
    told: Result<&Submitted, &str>,
    text: &str,
    (asking, keys): (Option<&Policy>, Option<&PublicKeys>),
) -> Said {
    let proof = HeadProof::read(text).map_err(|error| error.to_string())?;
    let told = told.map_err(|why| Fault::Skipped(why.to_owned()))?;
    let read = |note: &str, what: &str| Checkpoint::unchecked(note).map_err(|error| format!("{what}: {error}"));
    let head = read(&proof.head, "the head of the log")?;
    let heads = read(&proof.checkpoint, "the head of the log of heads")?;
    if let Some(fault) = fault_of(told, &proof, &head, &heads) {
        return Err(fault.into());
    }
    let keys = keys.map(|keys| told.keys(keys));
    for note in [&proof.head, &proof.checkpoint] {
        match tree::signed(note, keys.as_ref()) {
            Ok(_) => {}
            Err(Unsigned::Not(why)) => return Err(why.into()),
            Err(Unsigned::NoKey) => return Err(Fault::Skipped("no key is given".to_owned())),
        }
    }
    let told = format!(
        "the head of {} entries is entry {} of `{}`, of whose {} entries the server has signed the head",
        head.size, proof.index, heads.origin, heads.size
    );
    let Some(policy) = asking else {
        return Ok(format!("{told}; which witnesses have seen it, a policy would tell"));
    };
    let Seen { is_enough, by, lacking } = policy.seen(&proof.checkpoint).map_err(|error| error.to_string())?;
    let by: Vec<_> = by.iter().map(|(name, time)| format!("`{name}` at {}", at(*time))).collect();
    let by = if by.is_empty() { "none".to_owned() } else { by.join(", ") };
    if is_enough {
        return Ok(format!("{told}; seen by {by}: the quorum of the policy"));
    }
    let words = format!("{told}; seen by {by}, and not by {}: less than the quorum of the policy", lacking.join(", "));
    Err(Fault::Skipped(words))
}

/// Returns why the proof does not lead from the entry to the log of heads of the same server. `None` if it does.
fn fault_of(told: &Submitted, proof: &HeadProof, head: &Checkpoint, heads: &Checkpoint) -> Option<String> {
    let Submitted { leaf, checkpoint, .. } = told;
    if !begins_alike(leaf.room_id.as_deref(), &checkpoint.origin, &head.origin) {
        return Some(format!("it is of the log `{}`, and the receipt of `{}`", head.origin, checkpoint.origin));
    }
    let server = server_in(&head.origin);
    if server_in(&heads.origin) != server || !heads.origin.starts_with(&heads_origin(server)) {
        return Some(format!("`{}` is not the log of heads of `{server}`", heads.origin));
    }
    if head.size <= leaf.seq {
        return Some(format!(
            "it is of the first {} entries, and the file is told of in entry {}",
            head.size, leaf.seq
        ));
    }
    let [newer, older] = if head.size < checkpoint.size { [checkpoint, head] } else { [head, checkpoint] };
    if !extends(&proof.consistency, (newer.size, newer.root), (older.size, older.root)) {
        return Some("it does not show that head and receipt are of one history".to_owned());
    }
    let entry = leaf_hash(&commitment(head, &proof.salt));
    let has_head = holds(&proof.path, heads.size, heads.root, proof.index, entry);
    (!has_head).then(|| "the log of heads does not have this head where the proof says".to_owned())
}

/// Writes a time that a witness tells, in seconds since 1970.
fn at(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| format!("{seconds} s since 1970"), utc)
}
