//! What the events about documents, decisions and approvals make of the state of a room.

use super::{
    Part, Slot, State, Upload, Why,
    apply::{By, same, there},
};
use crate::{
    Approval, ApprovalStatus, Decision, Document, DocumentId, Event, OpenedSlot, Requirement, Role, Roles, Version,
    VersionId, VesselId, Waiver, Withdrawal,
};

impl State {
    pub(super) fn apply_to_documents(&mut self, event: Event, by: By<'_>) -> Result<Vec<Part>, Why> {
        match event {
            Event::DocumentsOpened { vessel_id, vessel, document_types, slots } => {
                same("the vessel's name", vessel.as_deref(), self.vessel_name(vessel_id))?;
                let types: Vec<_> = slots.iter().map(|slot| &*slot.document_type).collect();
                same("the list of types", document_types, &types[..])?;
                slots.into_iter().map(|slot| self.open_slot(vessel_id, slot, by)).collect()
            }
            Event::DocumentsClosed { vessel_id, vessel, document_types } => {
                same("the vessel's name", vessel.as_deref(), self.vessel_name(vessel_id))?;
                document_types.iter().map(|code| self.close_slot(vessel_id, code)).collect()
            }
            Event::DocumentRequirementChanged { document_id, document_type, from, to } => {
                let document = self.slot(document_id, &document_type)?;
                same("the requirement", from, document.requirement)?;
                document.requirement = to;
                Ok(vec![Part::Document(document_id)])
            }
            Event::DocumentWaived { document_id, document_type, vessel, reason } => {
                self.check_vessel_of(document_id, vessel.as_deref())?;
                let document = self.slot(document_id, &document_type)?;
                same("the requirement", Requirement::Conditional, document.requirement)?;
                document.waiver = Some(Waiver { reason, by: by.actor.to_owned(), at: by.at });
                Ok(vec![Part::Document(document_id)])
            }
            Event::DocumentWaiverWithdrawn { document_id, document_type, vessel } => {
                self.check_vessel_of(document_id, vessel.as_deref())?;
                let document = self.slot(document_id, &document_type)?;
                let was_waived = document.waiver.take().is_some();
                same("whether it was waived", true, was_waived)?;
                Ok(vec![Part::Document(document_id)])
            }
            uploaded @ Event::DocumentUploaded { .. } => self.upload_version(uploaded, by),
            Event::VersionWithdrawn { document_id, document_type, vessel, version_id, version, reason } => {
                self.check_vessel_of(document_id, vessel.as_deref())?;
                let stated = self.version(document_id, &document_type, (version_id, version))?;
                same("whether it was withdrawn", false, stated.withdrawn.is_some())?;
                stated.withdrawn = Some(Withdrawal { reason, by: by.actor.to_owned(), at: by.at });
                Ok(vec![Part::Statements(document_id, version_id)])
            }
            Event::VersionDateWaived { document_id, document_type, vessel, version_id, version, reason } => {
                self.check_vessel_of(document_id, vessel.as_deref())?;
                let stated = self.version(document_id, &document_type, (version_id, version))?;
                same("its date", None, stated.expires_on)?;
                same("whether its date was waived", false, stated.date_waived.is_some())?;
                same("whether it was withdrawn", false, stated.withdrawn.is_some())?;
                stated.date_waived = Some(Waiver { reason, by: by.actor.to_owned(), at: by.at });
                Ok(vec![Part::Statements(document_id, version_id)])
            }
            decided @ Event::DocumentDecided { .. } => self.decide(decided, by),
            approval
            @ (Event::ApprovalGiven { .. } | Event::ApprovalChanged { .. } | Event::ApprovalRevoked { .. }) => {
                self.apply_to_approvals(approval, by)
            }
            other => self.apply_to_snapshots(other, by),
        }
    }

    fn open_slot(&mut self, vessel: Option<VesselId>, opened: OpenedSlot, by: By<'_>) -> Result<Part, Why> {
        let id = opened.document_id;
        let is_same =
            |slot: &Slot| slot.document.vessel == vessel && slot.document.document_type == opened.document_type;
        if self.documents.contains_key(&id) || self.documents.values().any(is_same) {
            return Err(Why::Against(format!("there is a slot for {} already", opened.document_type)));
        }
        check_order(&opened.must_approve)?;
        let document = Document {
            id,
            vessel,
            document_type: opened.document_type,
            position: opened.position,
            name: opened.name,
            category: opened.category,
            requirement: opened.requirement,
            criticality: opened.criticality,
            validity_days: opened.validity_days,
            warn_days: opened.warn_days,
            gate: opened.gate,
            must_approve: opened.must_approve,
            waiver: None,
            opened_at: by.at,
        };
        self.documents.insert(id, Slot { document, uploads: Vec::new() });
        Ok(Part::Document(id))
    }

    fn close_slot(&mut self, vessel: Option<VesselId>, code: &str) -> Result<Part, Why> {
        let is_it = |slot: &&Slot| slot.document.vessel == vessel && slot.document.document_type == code;
        let slot = there(self.documents.values().find(is_it), "slot for", code)?;
        if !slot.uploads.is_empty() {
            return Err(Why::Against(format!("the slot for {code} is not empty")));
        }
        let id = slot.document.id;
        self.documents.remove(&id);
        Ok(Part::Document(id))
    }

    /// Returns the slot with this id, which is of this type.
    fn slot(&mut self, id: DocumentId, code: &str) -> Result<&mut Document, Why> {
        let slot = there(self.documents.get_mut(&id), "document", id)?;
        same("the document's type", code, &*slot.document.document_type)?;
        Ok(&mut slot.document)
    }

    /// Returns the version with this id and number of a document of this type.
    fn version(&mut self, id: DocumentId, code: &str, told: (VersionId, i64)) -> Result<&mut Version, Why> {
        self.slot(id, code)?;
        let uploads = self.documents.get_mut(&id).map(|slot| slot.uploads.iter_mut());
        let found = uploads.and_then(|mut uploads| uploads.find(|upload| upload.version.id == told.0));
        let version = &mut there(found, "version", told.0)?.version;
        same("the version's number", told.1, version.number)?;
        Ok(version)
    }

    fn check_vessel_of(&self, id: DocumentId, vessel: Option<&str>) -> Result<(), Why> {
        let slot = there(self.documents.get(&id), "document", id)?;
        same("the vessel's name", vessel, self.vessel_name(slot.document.vessel))
    }

    fn upload_version(&mut self, event: Event, by: By<'_>) -> Result<Vec<Part>, Why> {
        let Event::DocumentUploaded {
            document_id,
            document_type,
            vessel,
            version_id,
            version,
            file_name,
            file_size,
            file_kind,
            file_sha256,
            expires_on,
            expiry_assumed,
            notes,
            told_eta,
            uploader_role,
            notice,
        } = event
        else {
            return Ok(Vec::new());
        };
        self.check_vessel_of(document_id, vessel.as_deref())?;
        let room = self.room.id;
        let slot = there(self.documents.get_mut(&document_id), "document", document_id)?;
        same("the document's type", document_type, &*slot.document.document_type)?;
        same("the version's number", version.unsigned_abs(), slot.uploads.len() as u64 + 1)?;
        let mut sha256 = crate::Hash::default();
        hex::decode_to_slice(&file_sha256, &mut sha256).map_err(|error| Why::Malformed(error.to_string()))?;
        let version = Version {
            id: version_id,
            document: document_id,
            number: version,
            file_url: Version::file_key(room, document_id, version_id, file_kind),
            file_name,
            kind: file_kind,
            size: file_size,
            sha256,
            expires_on,
            expiry_assumed,
            notes,
            told_eta,
            uploaded_by: by.actor.to_owned(),
            uploader_role,
            uploaded_at: by.at,
            withdrawn: None,
            date_waived: None,
            notice,
        };
        slot.uploads.push(Upload { version, decisions: Vec::new() });
        Ok(vec![Part::Version(document_id, version_id)])
    }

    fn decide(&mut self, event: Event, by: By<'_>) -> Result<Vec<Part>, Why> {
        let Event::DocumentDecided {
            decision_id,
            document_id,
            document_type,
            vessel,
            version_id,
            version,
            role,
            verdict,
            comment,
            roles,
            side,
        } = event
        else {
            return Ok(Vec::new());
        };
        self.check_vessel_of(document_id, vessel.as_deref())?;
        let slot = there(self.documents.get_mut(&document_id), "document", document_id)?;
        same("the document's type", document_type, &*slot.document.document_type)?;
        check_order(&roles)?;
        if !roles.is_empty() && (roles.len() < 2 || roles[0] != role) {
            return Err(Why::Against(format!("the decision is made in {roles:?}, and first as {role}")));
        }
        if let Some(other) = roles.iter().find(|role| !slot.document.must_approve.contains(role)) {
            return Err(Why::Against(format!("the document does not name the role {other}")));
        }
        // Only the version in force is decided on; one that came meanwhile is another paper.
        let in_force = slot.uploads.iter_mut().rfind(|upload| upload.version.counts());
        let in_force = there(in_force, "version of document", document_id)?;
        same("the version in force", (version_id, version), (in_force.version.id, in_force.version.number))?;
        let (party, decided_at) = (by.actor.to_owned(), by.at);
        in_force.decisions.push(Decision {
            id: decision_id,
            version: version_id,
            party,
            role,
            roles,
            side,
            verdict,
            comment,
            decided_at,
        });
        Ok(vec![Part::Decision(document_id, version_id, decision_id)])
    }

    fn apply_to_approvals(&mut self, event: Event, By { actor, at }: By<'_>) -> Result<Vec<Part>, Why> {
        match event {
            Event::ApprovalGiven { approval_id, vessel_id, vessel, role, side, status, comment } => {
                same("the vessel's name", Some(&*vessel), self.vessel_name(Some(vessel_id)))?;
                let is_same = |other: &Approval| other.vessel == vessel_id && other.party == actor;
                if self.approvals.contains_key(&approval_id) || self.approvals.values().any(is_same) {
                    return Err(Why::Against(format!("{actor} has replied for {vessel} before")));
                }
                let party = actor.to_owned();
                let approval =
                    Approval { id: approval_id, vessel: vessel_id, party, role, side, status, comment, decided_at: at };
                self.approvals.insert(approval_id, approval);
                Ok(vec![Part::Approval(approval_id)])
            }
            Event::ApprovalChanged { approval_id, vessel_id, vessel, party, role, side, from, to, comment } => {
                same("the vessel's name", Some(&*vessel), self.vessel_name(Some(vessel_id)))?;
                let approval = there(self.approvals.get_mut(&approval_id), "approval", approval_id)?;
                let told = (vessel_id, &*party, from);
                same("the approval", told, (approval.vessel, &*approval.party, approval.status))?;
                *approval = Approval { role, side, status: to, comment, decided_at: at, ..approval.clone() };
                Ok(vec![Part::Approval(approval_id)])
            }
            Event::ApprovalRevoked { approval_id, vessel_id, vessel, party, from, .. } => {
                same("the vessel's name", Some(&*vessel), self.vessel_name(Some(vessel_id)))?;
                let approval = there(self.approvals.get_mut(&approval_id), "approval", approval_id)?;
                let told = (vessel_id, &*party, from);
                same("the approval", told, (approval.vessel, &*approval.party, approval.status))?;
                approval.status = ApprovalStatus::Pending;
                approval.comment = None;
                approval.decided_at = at;
                Ok(vec![Part::Approval(approval_id)])
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// Fails unless these roles, if there are any, are in their order, each once.
pub(super) fn check_order(roles: &[Role]) -> Result<(), Why> {
    if roles.is_empty() || Roles::listed(roles).is_some() {
        return Ok(());
    }
    Err(Why::Against(format!("{roles:?} are not listed in their order")))
}
