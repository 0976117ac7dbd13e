//! What the events about snapshots, holds and requests make of the state of a room.

use uuid::Uuid;

use super::{
    Body, Hold, Lifted, Part, Request, Snapshot, SnapshotFile, State, Why,
    apply::{By, misplaced, same, there},
};
use crate::{Deed, Event, SnapshotId, SnapshotStatus};

impl State {
    pub(super) fn apply_to_snapshots(&mut self, event: Event, by: By<'_>) -> Result<Vec<Part>, Why> {
        match event {
            Event::SnapshotCreated { snapshot_id, title, snapshot_type, options, record_sha256, shows } => {
                if shows.is_none() && record_sha256.is_none() {
                    return Err(Why::Malformed("a snapshot shows no position, and has no record".to_owned()));
                }
                let snapshot = Snapshot {
                    title,
                    kind: snapshot_type,
                    options,
                    record_sha256,
                    created_by: by.actor.to_owned(),
                    created_at: by.at,
                    status: SnapshotStatus::Generating,
                    shows: shows.map(|shows| *shows),
                    body: None,
                    file: None,
                };
                match self.snapshots.insert(snapshot_id, snapshot) {
                    None => Ok(vec![Part::Snapshot(snapshot_id)]),
                    Some(_) => Err(Why::Against(format!("there is a snapshot {snapshot_id} already"))),
                }
            }
            Event::SnapshotRendered {
                snapshot_id,
                record_sha256,
                body_sha256: sha256,
                body_size: size,
                renderer,
                fonts,
                certificate_sha256,
                not_sealed,
                attempt: _,
            } => {
                let snapshot = there(self.snapshots.get_mut(&snapshot_id), "snapshot", snapshot_id)?;
                if snapshot.status != SnapshotStatus::Generating || snapshot.shows.is_none() {
                    return Err(Why::Against(format!("the snapshot {snapshot_id} is not being drawn from the log")));
                }
                snapshot.record_sha256 = Some(record_sha256);
                snapshot.body = Some(Body { sha256, size, renderer, fonts, certificate_sha256, not_sealed });
                Ok(vec![Part::Snapshot(snapshot_id)])
            }
            Event::SnapshotGenerated { snapshot_id, file_sha256, file_size, renderer, fonts, seal } => {
                let snapshot = self.snapshot_to(snapshot_id, SnapshotStatus::Completed)?;
                snapshot.file = Some(SnapshotFile { sha256: file_sha256, size: file_size, renderer, fonts, seal });
                Ok(vec![Part::Snapshot(snapshot_id)])
            }
            Event::SnapshotFailed { snapshot_id, .. } => {
                self.snapshot_to(snapshot_id, SnapshotStatus::Failed)?;
                Ok(vec![Part::Snapshot(snapshot_id)])
            }
            Event::SnapshotRetried { snapshot_id } => {
                self.snapshot_to(snapshot_id, SnapshotStatus::Generating)?;
                Ok(vec![Part::Snapshot(snapshot_id)])
            }
            Event::SnapshotDeleted { snapshot_id, title, snapshot_type, record_sha256, file_sha256, .. } => {
                if self.is_held(snapshot_id) {
                    return Err(Why::Against(format!("the snapshot {snapshot_id} is under hold")));
                }
                let snapshot = there(self.snapshots.remove(&snapshot_id), "snapshot", snapshot_id)?;
                let told = (&*title, snapshot_type, &record_sha256);
                same("the snapshot", told, (&*snapshot.title, snapshot.kind, &snapshot.record_sha256))?;
                same("its file", file_sha256, snapshot.file.map(|file| file.sha256))?;
                self.requests.remove(&snapshot_id.0);
                Ok(vec![Part::Snapshot(snapshot_id), Part::Request(snapshot_id.0)])
            }
            other => self.apply_to_holds(other, by),
        }
    }

    /// Gives a snapshot a status that it may have next.
    fn snapshot_to(&mut self, id: SnapshotId, status: SnapshotStatus) -> Result<&mut Snapshot, Why> {
        let snapshot = there(self.snapshots.get_mut(&id), "snapshot", id)?;
        if !snapshot.status.may_become(status) {
            return Err(Why::Against(format!("the snapshot {id} is {} and becomes {status}", snapshot.status)));
        }
        snapshot.status = status;
        Ok(snapshot)
    }

    fn is_held(&self, snapshot: SnapshotId) -> bool {
        self.holds.values().any(|hold| hold.lifted.is_none() && hold.snapshot.is_none_or(|held| held == snapshot))
    }

    fn apply_to_holds(&mut self, event: Event, by: By<'_>) -> Result<Vec<Part>, Why> {
        match event {
            Event::HoldPlaced { hold_id, snapshot_id, reason_hash } => {
                if let Some(snapshot) = snapshot_id {
                    there(self.snapshots.get(&snapshot), "snapshot", snapshot)?;
                }
                let is_same = |hold: &Hold| hold.lifted.is_none() && hold.snapshot == snapshot_id;
                if self.holds.contains_key(&hold_id) || self.holds.values().any(is_same) {
                    return Err(Why::Against("it is under hold already".to_owned()));
                }
                let (placed_by, placed_at) = (by.actor.to_owned(), by.at);
                let hold = Hold { snapshot: snapshot_id, reason_hash, placed_by, placed_at, lifted: None };
                self.holds.insert(hold_id, hold);
                Ok(vec![Part::Hold(hold_id)])
            }
            Event::HoldLiftAsked { hold_id, until, reason_hash, .. } => {
                there(self.holds.get(&hold_id), "hold", hold_id)?;
                Ok(self.ask((Deed::LiftHold, hold_id.0), until, (None, Some(reason_hash)), by))
            }
            Event::HoldLifted { hold_id, snapshot_id, asked_by, reason_hash, confirm_reason_hash } => {
                self.requests.remove(&hold_id.0);
                let hold = there(self.holds.get_mut(&hold_id), "hold", hold_id)?;
                same("what is held", snapshot_id, hold.snapshot)?;
                if hold.lifted.is_some() {
                    return Err(Why::Against("it was lifted before".to_owned()));
                }
                let (lifted_by, at) = (by.actor.to_owned(), by.at);
                hold.lifted = Some(Lifted { asked_by, by: lifted_by, at, reason_hash, confirm_reason_hash });
                Ok(vec![Part::Hold(hold_id), Part::Request(hold_id.0)])
            }
            Event::SnapshotDeletionAsked { snapshot_id, title, until } => {
                let snapshot = there(self.snapshots.get(&snapshot_id), "snapshot", snapshot_id)?;
                same("its title", title, &*snapshot.title)?;
                Ok(self.ask((Deed::DeleteSnapshot, snapshot_id.0), until, (None, None), by))
            }
            Event::RoomDeletionAsked { title, reason, until, .. } => {
                same("the title", title, &*self.room.title)?;
                Ok(self.ask((Deed::DeleteRoom, self.room.id.0), until, (reason, None), by))
            }
            other => Err(misplaced(&other, "a room that is open")),
        }
    }

    /// Keeps what an admin has asked for, in place of an earlier request about the same thing. Requests that can no
    /// longer be confirmed go. Returns the requests that came, changed or went.
    fn ask(
        &mut self,
        (deed, subject): (Deed, Uuid),
        until: crate::Time,
        (reason, reason_hash): (Option<String>, Option<String>),
        By { actor, at }: By<'_>,
    ) -> Vec<Part> {
        let mut changed: Vec<_> =
            self.requests.extract_if(.., |_, request| request.until < at).map(|(id, _)| Part::Request(id)).collect();
        let asked_by = actor.to_owned();
        self.requests.insert(subject, Request { deed, asked_by, asked_at: at, until, reason, reason_hash });
        changed.push(Part::Request(subject));
        changed
    }
}
