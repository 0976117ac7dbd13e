//! Client of the witnesses: has them cosign a log's newest checkpoint (C2SP `tlog-witness`).
//!
//! Plain HTTP is enough: the checkpoint is signed by the log, and a cosignature that the witness's key has not made is
//! not accepted. Who is on the network path can only keep both from each other.

use axum::http::StatusCode;
use room::visible::cut;

use crate::{
    evidence::{ConsistencyProof, Hash, Witness},
    exchange::{self, Post, Reply},
};

/// The media type of a size that a witness has already.
pub const SIZE: &str = "text/x.tlog.size";
/// How much of a refusal is kept, in characters: anybody may have written it.
const LONGEST_REASON: usize = 300;

/// A witness, and where it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessAddress {
    /// The key that its cosignatures are checked with.
    pub key: Witness,
    /// The prefix of its URLs, without a slash at its end.
    pub url: String,
}

/// What a witness answers to a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It has cosigned the checkpoint: the lines of signatures by its key, which were checked.
    Cosigned(String),
    /// It did not cosign, since its newest checkpoint of the log has this size. If that is the size that was named as the
    /// older one, it has another root: the witness has seen another log of this name and key.
    Has(u64),
    /// It does not cosign, for another reason.
    Refused {
        /// The HTTP status of the answer.
        status: u16,
        /// What the witness says, in at most 300 visible characters.
        why: String,
    },
}

impl WitnessAddress {
    /// Reads a list: for each witness its public key and its URL, all parted by blanks. Returns what is wrong with the
    /// list otherwise.
    pub fn read_list(text: &str) -> Result<Vec<Self>, String> {
        let mut list: Vec<Self> = Vec::new();
        let mut words = text.split_whitespace();
        while let Some(key) = words.next() {
            // The words are not repeated before they are known to be a public key: they may be a secret.
            let key = Witness::read(key).map_err(|error| format!("witness {}: {error}", list.len() + 1))?;
            let url = words.next().ok_or_else(|| format!("the witness {} has no URL after its key", key.name()))?;
            exchange::check(url).map_err(|why| format!("the witness {}: {why}", key.name()))?;
            if url.contains('?') {
                return Err(format!("the witness {}: `/add-checkpoint` cannot be added to `{url}`", key.name()));
            }
            if list.iter().any(|witness| witness.key == key) {
                return Err(format!("the witness {} is named twice", key.name()));
            }
            list.push(Self { key, url: url.trim_end_matches('/').to_owned() });
        }
        Ok(list)
    }
}

/// Asks a witness to cosign the checkpoint of a note, which extends the log's older size by this proof (RFC 6962
/// §2.1.2; empty if the older size is 0). Returns its answer, or why there is none that can be used.
pub async fn submit(witness: &WitnessAddress, old: u64, proof: &[Hash], note: &str) -> Result<Answer, String> {
    let whom = format!("the witness {}", witness.key.name());
    let body = ConsistencyProof { from: old, path: proof.to_vec(), checkpoint: note.to_owned() }.to_string();
    let url = format!("{}/add-checkpoint", witness.url);
    let post = Post { whom: &whom, url: &url, kind: "text/plain", accept: "text/plain", body: body.into() };
    let Reply { status, kind, body } = post.send().await?;
    let text = String::from_utf8_lossy(&body);
    match status {
        StatusCode::OK => {
            let lines = witness.key.own_lines(note, &text);
            // An error may quote names from the answer.
            let no_cosignature = |why: &str| format!("what {whom} answered is no cosignature: {}", visible(why));
            lines.map(Answer::Cosigned).map_err(|error| no_cosignature(&error.to_string()))
        }
        StatusCode::CONFLICT if kind.starts_with(SIZE) => {
            let size = text.strip_suffix('\n').and_then(|size| size.parse::<u64>().ok());
            // A number has one form: no sign, no leading zeros.
            let size = size.filter(|size| format!("{size}\n") == text);
            let size = size.ok_or_else(|| format!("{whom} answered with something else than a size"))?;
            Ok(Answer::Has(size))
        }
        _ => Ok(Answer::Refused { status: status.as_u16(), why: visible(&text) }),
    }
}

/// Returns the text as one line without control characters, since it goes into logs.
fn visible(text: &str) -> String {
    let words: Vec<_> = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|it| !it.is_empty()).collect();
    cut(&words.join(" "), LONGEST_REASON)
}
