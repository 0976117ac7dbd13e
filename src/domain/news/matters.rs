//! Matters: of what people are told, and who is told when an entry comes.

use std::collections::{HashMap, HashSet};

use room::{DocumentId, DocumentState, Event, NewsKind, Party, Phase, Role, RoomState, Time, VesselId};
use serde::{Deserialize, Serialize};

use crate::{db::activity::Entry, domain::clearance::todo, policy::Action::DocumentApprove};

/// One matter that somebody is told of. It has ids and no names, which are those of when it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "snake_case")]
pub(super) enum Matter {
    /// A decision on a document is wanted of them.
    Decision { document: DocumentId, by: String },
    /// A reply on a vessel is wanted of them.
    Reply { vessel: VesselId, by: String },
    /// Papers are wanted of them.
    Papers { documents: Vec<DocumentId>, by: String },
    /// A paper of theirs was rejected.
    Rejected { document: DocumentId, version: i64, comment: Option<String>, by: String },
    /// The ETA moved.
    Eta { from: Time, to: Time, by: String },
    /// Nothing keeps the STS operation from its next phase.
    Gate { phase: Phase },
    /// The notice to the coastal State is due, or has to be revised.
    Notice {},
}

impl Matter {
    /// Returns the kind of it, which people can choose not to be told of.
    pub(super) fn kind(&self) -> NewsKind {
        match self {
            Self::Decision { .. } | Self::Reply { .. } | Self::Papers { .. } => NewsKind::Wanted,
            Self::Rejected { .. } => NewsKind::PaperRejected,
            Self::Eta { .. } => NewsKind::EtaMoved,
            Self::Gate { .. } => NewsKind::GateOpened,
            Self::Notice {} => NewsKind::NoticeDue,
        }
    }
}

/// What waits for one party.
#[derive(Debug, Default)]
pub(super) struct Waits {
    pub(super) documents: HashSet<DocumentId>,
    pub(super) vessels: HashSet<VesselId>,
}

impl Waits {
    /// Returns what waits for the person with this address.
    pub(super) fn of(state: &RoomState, email: &str) -> Self {
        let mut waits = Self::default();
        for task in todo::waiting_for(state, email, &DocumentApprove.roles()) {
            match (task.document_id, task.vessel_id) {
                (Some(document), _) => _ = waits.documents.insert(document),
                (None, Some(vessel)) => _ = waits.vessels.insert(vessel),
                (None, None) => {}
            }
        }
        waits
    }
}

/// Who is to be told of the entries of a room that is in this state.
pub(super) struct Audience<'a> {
    state: &'a RoomState,
    waits: HashMap<&'a str, Waits>,
}

impl<'a> Audience<'a> {
    pub(super) fn of(state: &'a RoomState) -> Self {
        let waits = |party: &'a Party| (&*party.email, Waits::of(state, &party.email));
        Self { state, waits: state.parties.iter().map(waits).collect() }
    }

    /// Returns who is told what of an entry: never who made it.
    pub(super) fn told_by(&self, entry: &Entry) -> Vec<(&'a Party, Matter)> {
        let Ok((event, _)) = Event::from_entry(&entry.action, &entry.meta) else { return Vec::new() };
        let mut told = self.told_of(&event, &entry.actor);
        told.retain(|(party, _)| !is_of(party, &entry.actor));
        told
    }

    fn told_of(&self, event: &Event, actor: &str) -> Vec<(&'a Party, Matter)> {
        let by = || actor.to_owned();
        match event {
            Event::DocumentUploaded { document_id, version_id, .. } => {
                let document = self.document(*document_id);
                let is_in_force = document.and_then(DocumentState::in_force).map(|state| state.version.id);
                let waits = |waits: &Waits| is_in_force == Some(*version_id) && waits.documents.contains(document_id);
                self.those_with(waits, || Matter::Decision { document: *document_id, by: by() })
            }
            Event::VesselAdded { vessel_id, .. } => self.called_to_reply(*vessel_id, None, actor),
            Event::ApprovalRevoked { vessel_id, party, .. } => self.called_to_reply(*vessel_id, Some(party), actor),
            Event::DocumentsOpened { slots, .. } => {
                let opened: Vec<_> = slots.iter().map(|slot| slot.document_id).collect();
                self.told_of_papers(&opened, actor)
            }
            Event::DocumentRequirementChanged { document_id, .. }
            | Event::DocumentWaiverWithdrawn { document_id, .. }
            | Event::VersionWithdrawn { document_id, .. } => self.told_of_papers(&[*document_id], actor),
            Event::PartyAdded { email, .. } => self.told_of_all(email, actor),
            Event::DocumentDecided { document_id, version, verdict: room::Verdict::Rejected, comment, .. } => {
                let (document, version, comment) = (*document_id, *version, comment.clone());
                let whose = self.document(document).map(|paper| self.whose(paper, version)).unwrap_or_default();
                let told = Matter::Rejected { document, version, comment, by: by() };
                whose.into_iter().map(|party| (party, told.clone())).collect()
            }
            Event::RoomUpdated { changes } => {
                let time = |which| changes.get("sts_eta")?.get(which)?.as_str()?.parse::<Time>().ok();
                let Some((from, to)) = time("from").zip(time("to")) else { return Vec::new() };
                self.state.parties.iter().map(|party| (party, Matter::Eta { from, to, by: by() })).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns everybody for whom something waits, with what they are told of it.
    fn those_with(&self, waits: impl Fn(&Waits) -> bool, told: impl Fn() -> Matter) -> Vec<(&'a Party, Matter)> {
        let parties = self.state.parties.iter();
        parties.filter(|party| waits(&self.waits[&*party.email])).map(|party| (party, told())).collect()
    }

    /// Returns those whose reply on a vessel is awaited, or the one of them whose reply was revoked.
    fn called_to_reply(&self, vessel: VesselId, revoked: Option<&str>, by: &str) -> Vec<(&'a Party, Matter)> {
        let told = || Matter::Reply { vessel, by: by.to_owned() };
        let mut called = self.those_with(|waits| waits.vessels.contains(&vessel), told);
        called.retain(|(party, _)| revoked.is_none_or(|email| is_of(party, email)));
        called
    }

    /// Returns those of whom papers are wanted that are missing.
    fn told_of_papers(&self, documents: &[DocumentId], by: &str) -> Vec<(&'a Party, Matter)> {
        let missing =
            self.state.documents.iter().filter(|paper| documents.contains(&paper.slot.id) && is_missing(paper));
        let mut wanted: Vec<(&'a Party, Vec<DocumentId>)> = Vec::new();
        for paper in missing {
            for party in providers(self.state, paper) {
                match wanted.iter_mut().find(|(known, _)| known.id == party.id) {
                    Some((_, papers)) => papers.push(paper.slot.id),
                    None => wanted.push((party, vec![paper.slot.id])),
                }
            }
        }
        let told = |(party, documents)| (party, Matter::Papers { documents, by: by.to_owned() });
        wanted.into_iter().map(told).collect()
    }

    /// Returns everything that waits for somebody who has come into the room.
    fn told_of_all(&self, email: &str, actor: &str) -> Vec<(&'a Party, Matter)> {
        let Some(party) = self.state.parties.iter().find(|party| party.email == email) else { return Vec::new() };
        let (waits, by) = (&self.waits[&*party.email], || actor.to_owned());
        let papers: Vec<_> = self.state.documents.iter().map(|paper| paper.slot.id).collect();
        let decisions = papers.iter().copied().filter(|document| waits.documents.contains(document));
        let vessels = self.state.vessels.iter().map(|vessel| vessel.id).filter(|vessel| waits.vessels.contains(vessel));
        let replies = vessels.map(|vessel| (party, Matter::Reply { vessel, by: by() }));
        let decisions = decisions.map(|document| (party, Matter::Decision { document, by: by() }));
        let wanted = self.told_of_papers(&papers, actor).into_iter().filter(|(whom, _)| whom.id == party.id);
        replies.chain(decisions).chain(wanted).collect()
    }

    fn document(&self, id: DocumentId) -> Option<&'a DocumentState> {
        self.state.documents.iter().find(|document| document.slot.id == id)
    }

    /// Returns whose paper a version is: its uploader's; if they are no party any more, of whom another is wanted.
    fn whose(&self, document: &'a DocumentState, version: i64) -> Vec<&'a Party> {
        let version = document.versions.iter().map(|state| &state.version).find(|stored| stored.number == version);
        let uploader = version.and_then(|version| party_of(self.state, &version.uploaded_by));
        uploader.map_or_else(|| providers(self.state, document), |party| vec![party])
    }
}

/// Returns the party with this address, or who had it before it was put right.
pub(super) fn party_of<'a>(state: &'a RoomState, email: &str) -> Option<&'a Party> {
    state.parties.iter().find(|party| is_of(party, email))
}

fn is_of(party: &Party, email: &str) -> bool {
    party.email == email || party.has_had(email)
}

/// Returns whether a paper is needed and there is none.
pub(super) fn is_missing(document: &DocumentState) -> bool {
    document.needed && document.in_force().is_none()
}

/// Returns of whom a paper is wanted: a vessel's of the owners who act for its side, or for none; the room's, and one that
/// has no such owner, of the brokers.
pub(super) fn providers<'a>(state: &'a RoomState, document: &DocumentState) -> Vec<&'a Party> {
    let those_of = |role: Role| move |party: &&'a Party| party.all_roles().contains(role);
    let vessel = document.slot.vessel.and_then(|vessel| state.vessel(vessel));
    let side = vessel.and_then(|vessel| vessel.details.role.side());
    let owners = || state.parties.iter().filter(those_of(Role::Owner));
    for acts_for in side.map(|side| [Some(side), None]).into_iter().flatten() {
        let found: Vec<_> = owners().filter(|party| party.side == acts_for).collect();
        if !found.is_empty() {
            return found;
        }
    }
    state.parties.iter().filter(those_of(Role::Broker)).collect()
}
