//! Checks of a file's record and of the log entry that announces it.

use report::{
    Body, Edition, Format, Opened, Rendered, ReportError,
    folded::Folded,
    record::{self, EntryFacts, Record, SnapshotFacts, Stored},
};
use room::{
    Difference, Leaf, canonical,
    visible::{clipped, quoted},
};
use serde::Deserialize as _;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::{
    KEY, LOGGED, WITNESSED,
    checks::{Checks, Fault, Said, exact, shown},
    entries::{ADOPTED_AGAIN, CONTINUED, Entries, not_canonical},
    file::{Expected, utc},
    older::Standing,
    other_head::Heads,
    statements::{self, Logged},
    tree::{self, Unsigned},
    witnessed,
};
use crate::evidence::{
    Hash, Policy, PublicKeys, ServedReceipt,
    verify::{
        exhibits::Exhibits,
        own::OwnWord,
        report::{AdoptedAgain, LoggedAt, Told},
        submitted::Submitted,
    },
};

/// The type of the entry that announces a snapshot.
const ANNOUNCES: &str = "snapshot_created";
/// How many differences are named, and how long each may be, in characters; the others are only counted.
const DIFFERENCES: (usize, usize) = (20, 400);

/// How many continuations of the log are named, and how long the reason of each may be, in characters.
const CONTINUATIONS: (usize, usize) = (20, 1_500);

/// What a file carries as evidence: its record and the proof that the log announced it.
pub(super) struct Evidence<'a> {
    opened: &'a Opened,
    record_sha256: Hash,
    record: Result<Record, Fault>,
    /// The record, if it is one that follows from the log's entries, and what these come to, if it has them.
    folded: Option<(Folded, Option<Entries>)>,
    proof: Result<Submitted, String>,
    /// The trusted key that has signed the checkpoint, as `name+hash`, or why none has.
    signed: Result<String, Unsigned>,
}

/// Returns the SHA-256 of the record that a proof announces. `None` unless one of the keys has signed its checkpoint
/// and the log of that checkpoint has the announcement.
///
/// It is called before the record is read: such a record may be larger than one from a stranger.
pub(super) fn announced_by(proof: &str, keys: &PublicKeys) -> Option<Hash> {
    let submitted = Submitted::read(Some(proof)).ok()?;
    tree::signed(&submitted.proof.checkpoint, Some(keys)).ok()?;
    tree::check_inclusion(&submitted, None).ok()?;
    hex::decode(submitted.announced()?).ok()?.try_into().ok()
}

impl<'a> Evidence<'a> {
    /// Reads the evidence of an opened file. What cannot be read becomes a failed check later.
    pub(super) fn of(opened: &'a Opened, given: &Exhibits<'_>) -> Self {
        let record_sha256: Hash = Sha256::digest(&opened.record).into();
        let proof = Submitted::read(opened.proof.as_deref());
        let signed = match &proof {
            Ok(proof) => proof.signed(given.trust()),
            Err(why) => Err(Unsigned::Not(why.clone())),
        };
        let (record, folded) = match read_record(opened) {
            Ok(Read::Captured(record)) => (Ok(*record), None),
            Ok(Read::Folded(folded, entries)) => (Ok(folded.clone().drawn()), Some((*folded, entries))),
            Err(fault) => (Err(fault), None),
        };
        Self { opened, record_sha256, record, folded, proof, signed }
    }

    /// Makes the checks of a file with a receipt: `record`, `logged` and `follows`.
    pub(super) fn check_statements(&self, body: Body, checks: &mut Checks) {
        checks.make("record", self.check_record().map(|(said, _)| said));
        let receipt = match &self.proof {
            Ok(receipt) => receipt,
            Err(why) => {
                let none = "the file carries no receipt: it was taken off, or none was added yet";
                let why = if self.opened.proof.is_some() { why } else { none };
                checks.make(LOGGED, Err(Fault::Failed(why.to_owned())));
                return checks.skip(&["follows"], "there is no receipt that can be read");
            }
        };
        let record = self.record.as_ref().ok();
        checks.make(LOGGED, statements::check_logged(Logged::Body(body), receipt, record, &self.signed));
        match &self.folded {
            Some((folded, entries)) => {
                checks.make("follows", statements::check_follows(folded, entries.as_ref(), receipt));
            }
            None => checks.skip(&["follows"], "the record cannot be read"),
        }
    }

    /// Checks a receipt that was given for the file beside what it carries.
    pub(super) fn check_receipt(&self, logged: Logged, receipt: &str, given: &Exhibits<'_>) -> Said {
        let receipt = Submitted::read(Some(ServedReceipt::parts(receipt).0))?;
        statements::check_logged(logged, &receipt, self.record.as_ref().ok(), &receipt.signed(given.trust()))
    }

    /// Checks the way up from a receipt to the log of heads and its witnesses. `None` if there is none, and nobody asks.
    ///
    /// The receipt is the one that was given for the file, if it carries none itself. The key that has signed it is looked
    /// at too.
    pub(super) fn check_witnessed(&self, receipt: Option<&str>, given: &Exhibits<'_>, checks: &mut Checks) {
        let by_hand = receipt.filter(|_| self.opened.body.is_none());
        let read = by_hand.map(|text| Submitted::read(Some(ServedReceipt::parts(text).0)));
        let told = read.as_ref().unwrap_or(&self.proof).as_ref().map_err(String::as_str);
        checks.make_some(WITNESSED, witnessed::check(told, receipt, (given.policy, given.trust())));
        let is_seen = given.policy.is_some_and(Policy::asks_for_witnesses) && checks.is_ok(WITNESSED);
        checks.make_some(KEY, witnessed::check_key(told, receipt, given.trust(), is_seen));
    }

    /// Holds the file against a signed head from elsewhere. `None` if none was given.
    pub(super) fn check_other_head(
        &self,
        (receipt, head): (Option<&str>, Option<&str>),
        given: &Exhibits<'_>,
    ) -> Option<Said> {
        let told = self.proof.as_ref().map_err(String::as_str);
        let record = self.folded.as_ref();
        let record = record.map(|(folded, entries)| (folded, entries.as_ref().map(|entries| &*entries.leaves)));
        let heads = Heads { record, told, served: receipt };
        head.map(|head| heads.check(head, given.trust()))
    }

    /// Returns what the log's entry says of the seal: the certificate, or why there is none. Neither if there is no
    /// receipt.
    pub(super) fn expected_seal(&self) -> Expected<'_> {
        let Ok(proof) = &self.proof else { return Expected::default() };
        let meta = |name: &str| proof.leaf.meta[name].as_str();
        Expected { certificate: meta("certificate_sha256"), not_sealed: meta("not_sealed"), taken_at: None }
    }

    /// Returns what a key of this server has signed in the proof. `None` if there is no such proof.
    pub(super) fn own_word(&self, ours: &PublicKeys) -> Option<OwnWord> {
        OwnWord::of(self.proof.as_ref().ok()?, ours)
    }

    /// Returns the entries that a report of the verification names, and maybe others.
    fn named(&self) -> &[EntryFacts] {
        match (&self.folded, &self.record) {
            (Some((_, entries)), _) => entries.as_ref().map(|entries| &*entries.named).unwrap_or_default(),
            (None, Ok(record)) => record.activity.as_deref().unwrap_or_default(),
            (None, Err(_)) => &[],
        }
    }

    fn logged_at(&self) -> Option<LoggedAt> {
        self.opened.body.as_ref()?;
        let leaf = &self.proof.as_ref().ok()?.leaf;
        Some(LoggedAt { entry: leaf.seq, at: leaf.timestamp })
    }

    fn check_record(&self) -> Result<(String, &Record), Fault> {
        match &self.record {
            Ok(record) => {
                let sha256 = hex::encode(self.record_sha256);
                Ok((format!("canonical, of schema {}, SHA-256 {sha256}", record.schema), record))
            }
            Err(Fault::Failed(why)) => Err(Fault::Failed(why.clone())),
            Err(Fault::Skipped(why)) => Err(Fault::Skipped(why.clone())),
        }
    }

    /// Whether the file is of a version that made neither proofs nor seals: of one before 0.3.
    pub(super) fn is_before_proofs(&self) -> bool {
        let schema = self.record.as_ref().map(|record| &*record.schema);
        self.opened.proof.is_none() && schema.is_ok_and(|schema| [record::SCHEMA_1, record::SCHEMA_2].contains(&schema))
    }

    /// Makes the checks from `record` to `checkpoint`.
    pub(super) fn check(&self, checks: &mut Checks) {
        let record = match self.check_record() {
            Ok((said, record)) => {
                checks.make("record", Ok(said));
                Some(record)
            }
            Err(fault) => {
                checks.make("record", Err(fault));
                None
            }
        };
        match (&self.proof, record) {
            (Err(why), _) => {
                // Versions before 0.3 had no proof: that it is not there contradicts nothing.
                let none = self.opened.proof.is_none();
                let fault = if none { Fault::Skipped(why.clone()) } else { Fault::Failed(why.clone()) };
                checks.make("log entry", Err(fault));
                checks.skip(&["inclusion", "checkpoint"], "there is no proof that can be read");
            }
            // Each check is made although another has failed, so that the report names all that is wrong. Without a
            // record, the proof is checked by itself.
            (Ok(proof), record) => {
                checks.make("log entry", self.check_announcement(proof, record));
                checks.make("inclusion", tree::check_inclusion(proof, record));
                if let Some((record, entries)) = record.and_then(|record| Some((record, record.activity.as_ref()?))) {
                    checks.make("entries", tree::check_entries(record, entries, proof));
                }
                checks.make("checkpoint", tree::check_checkpoint(proof, record, &self.signed));
            }
        }
    }

    /// Checks that the entry announces this record. All faults are named, not only the first.
    fn check_announcement(&self, proof: &Submitted, record: Option<&Record>) -> Said {
        let (leaf, sha256) = (&proof.leaf, hex::encode(self.record_sha256));
        let announced = proof.announced().unwrap_or("none");
        let mut faults = Vec::new();
        if leaf.action != ANNOUNCES {
            faults.push(format!("it is {}, which announces no snapshot", exact(&leaf.action)));
        }
        if announced != sha256 {
            let announced = shown(announced);
            faults.push(format!("it announces another record: SHA-256 {announced}, and that of the file is {sha256}"));
        }
        // The hash alone would do. The comparison of the fields says in words what was changed.
        if let Some(record) = record {
            faults.extend(differences(leaf, record));
        }
        if faults.is_empty() {
            let at = utc(leaf.timestamp);
            Ok(format!("entry {} of the log announces this record: {}, {at}", leaf.seq, exact(&leaf.actor)))
        } else {
            Err(faults.join("; ").into())
        }
    }

    /// Draws the file again, if the checks so far show that it is genuine. Without keys, the checkpoint need not hold.
    pub(super) fn drawn_again(&self, checks: &Checks, given: &Exhibits<'_>) -> Result<Rendered, Fault> {
        // Drawing takes more time than all other checks together: with keys, a made-up record is not worth it.
        let with_keys = ["record", "log entry", "inclusion", "logged", "checkpoint"];
        let needed = if given.keys.is_some() { &with_keys[..] } else { &with_keys[..3] };
        if let Some(name) = checks.first_not_ok(needed) {
            return Err(Fault::Skipped(format!("not drawn again, as the {name} does not hold")));
        }
        let edition = self.edition(given)?;
        // Other fonts give other bytes: that would look like a change to the file, and is none.
        let fonts = given.drawer.fonts();
        if let Some(other) = self.opened.fonts.as_deref().filter(|other| *other != fonts) {
            return Err(Fault::Skipped(format!(
                "the file says that it was drawn with the fonts {}, and here are `{fonts}`: `--font-dir` names the directory of \
                 the server's fonts",
                exact(other)
            )));
        }
        given
            .drawer
            .draw(self.opened, edition)
            .map_err(|error| Fault::Failed(format!("it cannot be drawn again: {error}")))
    }

    /// Returns the edition in which the file is drawn again.
    fn edition(&self, given: &Exhibits<'_>) -> Result<Edition, Fault> {
        let Some(name) = self.opened.renderer.as_deref() else { return Ok(Edition::CURRENT) };
        if self.opened.body.is_some() {
            // The name tells builds apart that draw differently, and so it does fonts.
            return given.drawer.edition_of(name).ok_or_else(|| {
                Fault::Skipped(format!(
                    "the file says that {} drew it, and this program draws otherwise, or has other fonts: that its pages \
                     show the record is the server's word",
                    exact(name)
                ))
            });
        }
        Edition::named(name).ok_or_else(|| {
            let known = Edition::ALL.map(|edition| format!("`{}`", edition.name())).join(" and ");
            Fault::Skipped(format!(
                "the file says that {} drew it, and this program draws as {known}: verify it with that version",
                exact(name)
            ))
        })
    }

    /// Returns what the record says of itself. `None` if it cannot be read.
    pub(super) fn record_facts(&self) -> Option<Told> {
        let record = self.record.as_ref().ok()?;
        let (snapshot, room) = (&record.snapshot, &record.room);
        Some(Told {
            room_id: shown(&room.id),
            room_title: shown(&room.title),
            snapshot_id: shown(&snapshot.id),
            snapshot_title: shown(&snapshot.title),
            taken_at: snapshot.created_at,
            taken_by: shown(&snapshot.created_by.email),
            role: shown(&snapshot.created_by.role),
            log: record.log.origin.as_deref().map(shown),
            position: record.log.size,
            logged: self.logged_at(),
            adopted_again: adopted_again(self.named()),
            continued: continued(self.named()),
            adopted: record::last_adoption(self.named()).map(Into::into),
            key: record.log.key.as_deref().map(shown),
        })
    }

    /// Returns what is compared with another file of the room. `None` unless all checks of its log are ok.
    ///
    /// `seal` and `rendering` are not needed: they are about the file, and only logs are compared.
    pub(super) fn standing(self, checks: &Checks) -> Option<Standing> {
        let needed = ["record", "log entry", "inclusion", "entries", "checkpoint", "logged"];
        if checks.first_not_ok(&needed).is_some() || checks.has_failed("follows") {
            return None;
        }
        let continued = self.named().iter().filter(|entry| entry.action == CONTINUED).map(|entry| entry.seq).collect();
        let (record, proof) = (self.record.ok()?, self.proof.ok()?);
        let captured = record.activity.as_deref().and_then(|entries| tree::leaves_of(&record, entries).ok());
        let leaves = self.folded.and_then(|(_, entries)| entries).map_or(captured, |entries| Some(entries.leaves));
        Some(Standing { record, leaves, continued, checkpoint: proof.checkpoint })
    }
}

/// Returns what the entries list as adopted again. `None` if there are no such entries.
fn adopted_again(entries: &[EntryFacts]) -> Option<AdoptedAgain> {
    let mut found: Option<AdoptedAgain> = None;
    let (most, longest) = DIFFERENCES;
    for EntryFacts { seq, actor, timestamp, meta, .. } in entries.iter().filter(|entry| entry.action == ADOPTED_AGAIN) {
        let found = found.get_or_insert_default();
        // Read one by one: a record may come from anybody, and what is no difference must not hide the others.
        for listed in meta["differences"].as_array().into_iter().flatten() {
            found.total += 1;
            if found.differences.len() < most {
                let words = Difference::deserialize(listed).map_or_else(|_| listed.to_string(), |it| it.to_string());
                let actor = shown(actor);
                found
                    .differences
                    .push(clipped(&format!("entry {seq}, {actor}, {}: {words}", utc(*timestamp)), longest));
            }
        }
    }
    found
}

/// Returns where the log went on without entries that were signed before, as the entries tell: the first of these places.
fn continued(entries: &[EntryFacts]) -> Vec<String> {
    let (most, longest) = CONTINUATIONS;
    let told = entries.iter().filter(|entry| entry.action == CONTINUED).take(most);
    told.map(|EntryFacts { seq, actor, timestamp, meta, .. }| {
        let (at, text) = (utc(*timestamp), |name: &str| meta[name].as_str().unwrap_or_default());
        let (size, root, reason) = (meta["lost_size"].as_u64().unwrap_or_default(), text("lost_root"), text("reason"));
        let (actor, root, reason) = (shown(actor), shown(root), quoted(reason, longest));
        // It names the head that is left where nothing tells of a later one, as after a restore.
        let lost = if size > *seq {
            format!("up to {size} entries (root {root})")
        } else {
            "how much is not known".to_owned()
        };
        format!("at entry {seq} by {actor}, {at}, without what was signed since, {lost}: {reason}")
    })
    .collect()
}

/// A record that was read, and is in canonical form.
enum Read {
    /// A record of schema 1, 2 or 3.
    Captured(Box<Record>),
    /// A record of schema 4, and what its entries come to, if it has them.
    Folded(Box<Folded>, Option<Entries>),
}

/// Reads the record, and writes it again. Refuses one that is not in canonical form, or that belongs in another type of
/// file.
fn read_record(opened: &Opened) -> Result<Read, Fault> {
    let stored = record::read_stored::<&RawValue>(&opened.record).map_err(|error| match error {
        // A later version may know it: nothing contradicts the file.
        ReportError::Schema { .. } => Fault::Skipped(error.to_string()),
        other => Fault::Failed(other.to_string()),
    })?;
    let written = match &stored {
        Stored::Captured(record) => canonical::of_object(record),
        Stored::Folded(record) => record.with_entries_as_they_are(),
    };
    // Files of older records have their proof in what was drawn, and no body that the log could tell of.
    if matches!(stored, Stored::Folded(_)) != opened.body.is_some() {
        return Err(Fault::Failed("it is of a schema that files of this kind do not have".into()));
    }
    if written.map_err(|error| error.to_string())? != opened.record {
        return Err(not_canonical());
    }
    match stored {
        Stored::Captured(record) => {
            check_kind(&record.snapshot, opened.format)?;
            Ok(Read::Captured(record))
        }
        Stored::Folded(record) => {
            let (record, entries) = record.split();
            check_kind(&record.snapshot, opened.format)?;
            let entries = entries.map(|entries| Entries::of(&record, &entries, opened.is_plain)).transpose()?;
            Ok(Read::Folded(Box::new(record), entries))
        }
    }
}

/// Checks that a record is of a snapshot of this type of file.
fn check_kind(snapshot: &SnapshotFacts, format: Format) -> Result<(), Fault> {
    let kind = match format {
        Format::Pdf => "pdf",
        Format::Json => "json",
        Format::Csv => "csv",
    };
    if snapshot.kind == kind {
        return Ok(());
    }
    let words = format!("it is of a {} snapshot, and the file is a `{kind}`", exact(&snapshot.kind));
    Err(Fault::Failed(words))
}

/// Returns the differences between what the entry says and what the record says.
fn differences(leaf: &Leaf, record: &Record) -> Vec<String> {
    let (meta, snapshot) = (|name: &str| leaf.meta[name].as_str().unwrap_or("none"), &record.snapshot);
    let texts = [
        ("is of another room", leaf.room_id.as_deref().unwrap_or("none"), record.room.id.as_str()),
        ("announces another snapshot", meta("snapshot_id"), &snapshot.id),
        ("announces another title", meta("title"), &snapshot.title),
        ("announces another type of file", meta("snapshot_type"), &snapshot.kind),
        ("is by another actor", &leaf.actor, &snapshot.created_by.email),
    ];
    let texts = texts.into_iter().filter(|(_, entry, record)| entry != record);
    let mut found: Vec<_> = texts
        .map(|(what, entry, record)| format!("it {what}: {}, and the record has {}", exact(entry), exact(record)))
        .collect();
    if leaf.timestamp != snapshot.created_at {
        let (entry, record) = (utc(leaf.timestamp), utc(snapshot.created_at));
        found.push(format!("it is of another time: {entry}, and the record is of {record}"));
    }
    if leaf.seq != record.log.size {
        let (entry, record) = (leaf.seq, record.log.size);
        found.push(format!("it is entry {entry} of its log, and the record was announced as entry {record}"));
    }
    found
}
