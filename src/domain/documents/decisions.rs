//! Decisions: what parties say of a version. A decision is never changed; a later one of the same party replaces it.

use room::{
    ApprovalStatus, Decision, DecisionId, DocumentId, Event, Log, Roles, RoomId, Verdict, VersionId,
    bounds::{Approving, OptionalReason, Reason},
    fold::{Slot, Upload},
    is_own_paper,
    visible::shows_something,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    domain::{
        input::Fields,
        log::{Actor, Once, operation},
        rooms,
    },
    error::{Error, Result},
    random,
};

/// An approval of a version.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApproval {
    /// The version that was examined; refused if it is not the one in force, which is meant if it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub version_id: Option<VersionId>,
    /// `approved` or `approved_with_subjects`. If it is left out, it follows from whether there are subjects.
    #[serde(default)]
    #[schema(value_type = Option<Approving>)]
    pub verdict: Option<Verdict>,
    /// What has to come true for the approval to hold.
    #[serde(default)]
    #[schema(value_type = Option<OptionalReason>, example = "Subject to the annual survey being endorsed before arrival")]
    pub subjects: Option<String>,
}

/// A rejection of a version.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRejection {
    /// The version that was examined; refused if it is not the one in force, which is meant if it is left out.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "uuid")]
    pub version_id: Option<VersionId>,
    /// Why the version is rejected.
    #[schema(value_type = Reason, example = "The certificate expired on 1 November")]
    pub reason: String,
}

/// A decision that was checked: a verdict, with the subjects or the reason that it needs.
#[derive(Debug, Clone, Serialize)]
pub struct Word {
    version: Option<VersionId>,
    verdict: Verdict,
    comment: Option<String>,
}

impl Word {
    /// Approves a version as it is.
    pub fn approving(version: VersionId) -> Self {
        Self { version: Some(version), verdict: Verdict::Approved, comment: None }
    }
}

impl NewApproval {
    /// Checks the approval, and returns the decision to make.
    pub fn word(&self) -> Result<Word> {
        let mut fields = Fields::default();
        let given = self.subjects.as_deref().is_some_and(shows_something);
        let implied = if given { Verdict::ApprovedWithSubjects } else { Verdict::Approved };
        let verdict = self.verdict.unwrap_or(implied);
        let comment = if verdict == Verdict::Rejected {
            fields.fault("verdict", "must be `approved` or `approved_with_subjects`");
            None
        } else {
            comment(&mut fields, verdict.into(), self.subjects.as_deref(), None)
        };
        fields.done()?;
        Ok(Word { version: self.version_id, verdict, comment })
    }
}

impl NewRejection {
    /// Checks the rejection, and returns the decision to make.
    pub fn word(&self) -> Result<Word> {
        let mut fields = Fields::default();
        let comment = comment(&mut fields, ApprovalStatus::Rejected, None, Some(&self.reason));
        fields.done()?;
        Ok(Word { version: self.version_id, verdict: Verdict::Rejected, comment })
    }
}

/// Checks subjects and reason against a verdict or an approval's status, and returns the comment to store: the subjects
/// that an approval with subjects needs, or the reason that a rejection needs. No other status has either.
pub fn comment(
    fields: &mut Fields,
    says: ApprovalStatus,
    subjects: Option<&str>,
    reason: Option<&str>,
) -> Option<String> {
    let mut part = |field: &str, given: Option<&str>, needed: bool| {
        let text = fields.optional_text(field, given);
        match (needed, &text) {
            (true, None) => fields.fault(field, format!("must be given where the word is `{says}`")),
            (false, Some(_)) => fields.fault(field, format!("must be left out where the word is `{says}`")),
            _ => {}
        }
        text.filter(|_| needed)
    };
    let subjects = part("subjects", subjects, says == ApprovalStatus::ApprovedWithSubjects);
    let reason = part("reason", reason, says == ApprovalStatus::Rejected);
    subjects.or(reason)
}

/// Adds a party's decision on a version. The same decision again adds nothing. A decision on an upload of one's own is
/// refused.
pub async fn decide(
    app: &App,
    by: &Actor,
    room: RoomId,
    document: DocumentId,
    word: Word,
    once: Option<Once>,
) -> Result<()> {
    operation(app, Log::Room(room), by, async move |tx, log| {
        rooms::in_use_by(log)?;
        let id = DecisionId(random::new_uuid());
        if Once::repeats(once.as_ref(), tx, log, &word, id.0).await?.is_some() {
            return Ok(());
        }
        let state = rooms::at_work_by(log)?;
        let Actor::User { email, role, roles: own, .. } = log.by().clone() else {
            return Err(Error::internal("a decision is a user's"));
        };
        let Word { version: named, verdict, comment } = word;
        let Slot { document: slot, uploads } = state.documents.get(&document).ok_or(Error::NotFound("document"))?;
        let Upload { version: in_force, decisions } = to_decide_on(uploads, named)?;
        if is_own_paper(in_force, uploads.iter().map(|upload| &upload.version), state.parties.values(), &email) {
            return Err(Error::OwnInterest("you uploaded this file: another party decides on it"));
        }
        // Whoever has roles that the document names decides in these, and in all of them at once.
        let named = Roles::of(own.iter().filter(|role| slot.must_approve.contains(role)));
        let used = named.unwrap_or_else(|| role.into());
        let side = state.parties.values().find(|party| party.email == email).and_then(|party| party.side);
        let last = decisions.iter().rev().find(|decision| decision.party == email);
        // The same words in other roles, or for another side, are another decision: the document may rest on them.
        let is_same = |last: &Decision| {
            let was_in = last.all_roles();
            (last.verdict, &last.comment, last.side) == (verdict, &comment, side)
                && named.is_none_or(|named| named.iter().all(|role| was_in.contains(role)))
        };
        if last.is_some_and(is_same) {
            return Ok(());
        }
        let decided = Event::DocumentDecided {
            decision_id: id,
            document_id: slot.id,
            vessel: state.vessel_name(slot.vessel).map(str::to_owned),
            document_type: slot.document_type.clone(),
            version_id: in_force.id,
            version: in_force.number,
            role: used.first(),
            verdict,
            comment,
            roles: if used.are_several() { used.iter().collect() } else { Vec::new() },
            side,
        };
        log.act_in(used.first());
        log.append(tx, &decided).await
    })
    .await
}

/// Makes a decision on each of several documents: one after the other, each in a transaction of its own, so that one that
/// is refused keeps none of the others back. Returns for each what became of it. Faults of the server end it; the same
/// request under its key goes on from there.
pub async fn decide_each(
    app: &App,
    by: &Actor,
    room: RoomId,
    words: Vec<(DocumentId, Word)>,
    once: Option<&Once>,
) -> Result<Vec<Result<()>>> {
    let mut outcomes = Vec::with_capacity(words.len());
    for (document, word) in words {
        let once = once.map(|Once { key, target }| Once { key: format!("{key} {document}"), target: target.clone() });
        match decide(app, by, room, document, word, once).await {
            Err(error) if error.status().0 >= 500 => return Err(error),
            outcome => outcomes.push(outcome),
        }
    }
    Ok(outcomes)
}

/// Returns the version in force, on which a decision is made. Refused if the party has examined another one.
fn to_decide_on(uploads: &[Upload], named: Option<VersionId>) -> Result<&Upload> {
    let named = named.map(|id| uploads.iter().find(|upload| upload.version.id == id).ok_or(Error::NotFound("version")));
    let named = named.transpose()?.map(|upload| &upload.version);
    if let Some(withdrawn) = named.filter(|version| !version.counts()) {
        return Err(Error::conflict(format!(
            "version {} was withdrawn; nobody decides on it any more",
            withdrawn.number
        )));
    }
    let in_force = uploads.iter().rfind(|upload| upload.version.counts());
    let in_force = in_force.ok_or_else(|| Error::conflict("nothing is uploaded that could be decided on"))?;
    // A party who has examined version 2 must not thereby approve version 3, which came while they were reading.
    if named.is_some_and(|named| named.id != in_force.version.id) {
        return Err(Error::conflict(format!(
            "version {} has come meanwhile; look at it, and decide on that one",
            in_force.version.number
        )));
    }
    Ok(in_force)
}
