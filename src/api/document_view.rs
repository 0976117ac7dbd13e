//! The views of a document, its versions and their decisions, which two files of the API show.

use room::{
    ApprovalStatus, Awaited, Criticality, Day, Decision, DecisionId, Document, DocumentId, DocumentState,
    DocumentStatus, ExpiryState, FileNotice, Phase, Requirement, Role, RoomState, Side, Time, Verdict, VersionId,
    VersionState, VesselId, Waiver, Withdrawal,
    bounds::{DecidingRole, DecidingRoles},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    domain::{
        documents,
        rooms::{self, state::Seen},
    },
    error::{Error, Result},
    http::{InRoom, Tagged},
    portion::fitting_last,
};

/// A document: a slot that the catalogue opened for a vessel or for the STS operation, with its status.
#[derive(Serialize, ToSchema)]
pub(super) struct DocumentView {
    #[schema(value_type = String, format = "uuid")]
    id: DocumentId,
    /// The code of the document's type.
    document_type: String,
    name: String,
    category: String,
    /// The vessel that it belongs to, or `null` if it belongs to the STS operation as a whole.
    #[schema(value_type = Option<String>, format = "uuid")]
    vessel_id: Option<VesselId>,
    vessel: Option<String>,
    requirement: Requirement,
    criticality: Criticality,
    /// The phase that cannot be entered (for `clearance`: cannot be left) without it.
    gate: Phase,
    /// The roles of which each has to approve the version in force, in their order. Empty if the type names none.
    #[schema(value_type = DecidingRoles)]
    must_approve: Vec<Role>,
    status: DocumentStatus,
    /// The roles of `must_approve` in which nobody has approved the version in force yet. Empty unless it is under review.
    #[schema(max_items = 3)]
    awaited: Vec<AwaitedView>,
    /// Whether the version in force has approvals of the vessel's own side alone, on which the status does not rest.
    awaits_another_side: bool,
    /// The last day on which the version in force is valid.
    #[schema(value_type = Option<String>, format = "date")]
    expires_on: Option<Day>,
    /// What is known of that day; `null` if no version is in force.
    expiry: Option<ExpiryState>,
    /// The waiver by which a conditional document is not needed; `null` if there is none.
    waiver: Option<WaiverView>,
    /// How many versions were uploaded, withdrawn ones included.
    version_count: usize,
    /// The version in force, which is the one that counts: the newest that was not withdrawn.
    newest: Option<VersionView>,
    /// Whether the STS operation needs it: it is not optional, not waived, and its vessel takes part.
    needed: bool,
}

/// A role whose approval a document awaits.
#[derive(Serialize, ToSchema)]
struct AwaitedView {
    #[schema(value_type = DecidingRole)]
    role: Role,
    /// The addresses of the parties who may give it. If there are none, the document stays under review until somebody is
    /// given the role, or a version comes that they did not upload themselves.
    #[schema(max_items = 100)]
    parties: Vec<String>,
}

/// The statement that a conditional document, or the date of a version, is not needed.
#[derive(Serialize, ToSchema)]
struct WaiverView {
    reason: String,
    by: String,
    #[schema(value_type = String, format = "date-time")]
    at: Time,
}

impl From<Waiver> for WaiverView {
    fn from(Waiver { reason, by, at }: Waiver) -> Self {
        Self { reason, by, at }
    }
}

/// The statement that a version was uploaded by mistake, and counts no more.
#[derive(Serialize, ToSchema)]
struct WithdrawalView {
    reason: String,
    by: String,
    #[schema(value_type = String, format = "date-time")]
    at: Time,
}

impl From<Awaited<'_>> for AwaitedView {
    fn from(Awaited { role, parties }: Awaited<'_>) -> Self {
        Self { role, parties: parties.into_iter().map(|party| party.email.clone()).collect() }
    }
}

impl DocumentView {
    /// Shows a document of this room.
    pub(super) fn of(state: &RoomState, document: &DocumentState) -> Self {
        let DocumentState { slot, versions, status, needed, .. } = document;
        Self {
            id: slot.id,
            document_type: slot.document_type.clone(),
            name: slot.name.clone(),
            category: slot.category.clone(),
            vessel_id: slot.vessel,
            vessel: slot.vessel.and_then(|id| state.vessel(id)).map(|vessel| vessel.details.name.clone()),
            requirement: slot.requirement,
            criticality: slot.criticality,
            gate: slot.gate,
            must_approve: slot.must_approve.clone(),
            status: *status,
            awaited: document.awaited(&state.parties).into_iter().map(AwaitedView::from).collect(),
            awaits_another_side: document.awaits_another_side(),
            expires_on: document.in_force().and_then(|in_force| in_force.version.expires_on),
            expiry: document.expiry(),
            waiver: slot.waiver.clone().map(WaiverView::from),
            version_count: versions.len(),
            newest: document.in_force().map(|in_force| VersionView::of(slot, in_force)),
            needed: *needed,
        }
    }
}

/// Shows a document as it is after a change.
pub(super) async fn show(app: &App, room: InRoom, id: DocumentId) -> Result<Tagged<DocumentView>> {
    let Seen { state, .. } = rooms::state::now(app, room.id).await?;
    let found = find_document(&state, id)?;
    Ok(Tagged(documents::tag(&found.slot), DocumentView::of(&state, found)))
}

/// Returns the document with this id.
pub(super) fn find_document(state: &RoomState, id: DocumentId) -> Result<&DocumentState> {
    state.documents.iter().find(|document| document.slot.id == id).ok_or(Error::NotFound("document"))
}

/// How many decisions are shown with a version at most.
pub(super) const MOST_DECISIONS: usize = 100;
/// The largest size of one version's decisions, in bytes. A list may have a hundred versions.
const MOST_SAID: usize = 128_000;
/// How many decisions, the newest, are shown with each of several versions.
pub(super) const NEWEST_DECISIONS: i64 = 20;

/// An uploaded file of a document.
#[derive(Serialize, ToSchema)]
pub(super) struct VersionView {
    #[schema(value_type = String, format = "uuid")]
    id: VersionId,
    /// 1, 2, 3, …
    number: i64,
    /// The name that the uploader gave the file.
    file_name: String,
    media_type: &'static str,
    /// The size of the file, in bytes.
    file_size: i64,
    sha256: String,
    /// The last day on which it is valid, or `null` if none was given.
    #[schema(value_type = Option<String>, format = "date")]
    expires_on: Option<Day>,
    /// Whether `expires_on` was calculated from the type's usual validity, as versions of before were.
    expiry_assumed: bool,
    /// What is known of the day: `not_given` if the type expires and nobody has said when.
    expiry: ExpiryState,
    /// The statement that it needs no date, although its type expires; `null` if nobody made it.
    date_waived: Option<WaiverView>,
    /// The statement that it counts no more; `null` if it was not withdrawn.
    withdrawn: Option<WithdrawalView>,
    notes: Option<String>,
    uploaded_by: String,
    uploader_role: Role,
    #[schema(value_type = String, format = "date-time")]
    uploaded_at: Time,
    /// What is to be known of the file before it is opened: it needs a password, or has a form whose values are not
    /// drawn.
    notice: Option<FileNotice>,
    /// The decisions on it, oldest first: of a document's `newest` version, the one in force, the last decision of each party, which is
    /// the one that counts; elsewhere the newest decisions. Fewer if they would be too large; `…/decisions` has all.
    #[schema(max_items = 100)]
    decisions: Vec<DecisionView>,
    /// How many decisions there are in all.
    decision_count: i64,
}

/// A party's decision on a version.
#[derive(Serialize, ToSchema)]
pub(super) struct DecisionView {
    #[schema(value_type = String, format = "uuid")]
    id: DecisionId,
    /// The e-mail address of the party.
    party: String,
    /// The role in which it was made; the first one if there are several.
    role: Role,
    /// The side that the party acted for then; `null` if for none, or if it was logged by an earlier version.
    side: Option<Side>,
    /// All roles in which it was made: several if the party had several that the document names in `must_approve`.
    #[schema(max_items = 3)]
    roles: Vec<Role>,
    verdict: Verdict,
    /// What has to come true for the approval to hold, with `approved_with_subjects`.
    subjects: Option<String>,
    /// Why the version was rejected, with `rejected`.
    reason: Option<String>,
    #[schema(value_type = String, format = "date-time")]
    decided_at: Time,
}

impl VersionView {
    /// Shows a version of a document of these terms.
    pub(super) fn of(slot: &Document, VersionState { version, decisions, decision_count }: &VersionState) -> Self {
        let (version, expiry) = (version.clone(), version.expiry(slot));
        let decisions = &decisions[decisions.len().saturating_sub(MOST_DECISIONS)..];
        Self {
            id: version.id,
            number: version.number,
            file_name: version.file_name,
            media_type: version.kind.media_type(),
            file_size: version.size,
            sha256: hex::encode(version.sha256),
            expires_on: version.expires_on,
            expiry_assumed: version.expiry_assumed,
            expiry,
            date_waived: version.date_waived.map(WaiverView::from),
            withdrawn: version.withdrawn.map(|Withdrawal { reason, by, at }| WithdrawalView { reason, by, at }),
            notes: version.notes,
            uploaded_by: version.uploaded_by,
            uploader_role: version.uploader_role,
            uploaded_at: version.uploaded_at,
            notice: version.notice,
            decisions: fitting_last(decisions.iter().map(DecisionView::from).collect(), MOST_SAID),
            decision_count: *decision_count,
        }
    }
}

impl From<&Decision> for DecisionView {
    fn from(decision: &Decision) -> Self {
        let roles = decision.all_roles().iter().collect();
        let Decision { id, party, role, side, verdict, comment, decided_at, .. } = decision.clone();
        let (subjects, reason) = ApprovalStatus::from(verdict).subjects_or_reason(comment);
        Self { id, party, role, side, roles, verdict, subjects, reason, decided_at }
    }
}
