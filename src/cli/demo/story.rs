//! The story of the demo. It is made with a clock of its own, which runs from a week ago to now.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use room::{ApprovalStatus, CargoProfile, DocumentId, Phase, Room, RoomId, SnapshotType, Time, VesselId};

use super::{
    cast::{self, actor, email, party},
    papers::{Fate, PAPERS, Paper},
};
use crate::{
    app::App,
    cli::demo::cast::{LAST_SNAPSHOT, PASSWORD},
    clock::Clock,
    domain::{
        accounts::users::{self, GivenPassword, NewUser},
        clearance::approvals::{self, NewClearance},
        documents::{
            self, Inspection, NewWaiver,
            decisions::{self, NewApproval, NewRejection},
            versions::{self, Arrived, Said, Target},
        },
        input::{Basis, Change},
        lifecycle::phases::{self, NewPhase},
        log::Actor,
        rooms::{self, NewRoom, parties, vessels},
        snapshots::{self, NewSnapshot},
    },
    error::{Error, Result},
    jobs,
};

/// How long before now the story begins.
const BEGINS: Duration = Duration::from_hours(7 * 24);

/// The application with a clock that the story moves from a week ago to now.
pub(super) struct Story {
    app: App,
    clock: Arc<Mutex<Time>>,
    end: Time,
}

impl Story {
    pub(super) fn begin(app: &App) -> Self {
        let end = app.now();
        let clock = Arc::new(Mutex::new(end.before(BEGINS)));
        Self { app: app.with_clock(Clock::Manual(Arc::clone(&clock))), clock, end }
    }

    /// Makes all accounts and both STS operations.
    pub(super) async fn tell(&self) -> Result<()> {
        for (address, role, name, ..) in cast::PEOPLE {
            let new = NewUser { email: email(address), name: name.into(), role, password: Some(PASSWORD.into()) };
            users::add(&self.app, &Actor::Operator, &new, GivenPassword::Kept, None).await?;
        }
        self.past_operation().await?;
        self.operation().await
    }

    /// Lets some time pass, but not beyond now.
    fn later(&self, pause: Duration) {
        // Not beyond now: entries in the future would stand after those of the visitor.
        let mut time = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        *time = time.after(pause).min(self.end);
    }

    /// Returns an ETA so many hours from now, on the hour.
    fn eta(&self, hours_ahead: i64) -> String {
        let ahead = Duration::from_hours(hours_ahead.unsigned_abs());
        let at = if hours_ahead < 0 { self.end.before(ahead) } else { self.end.after(ahead) };
        format!("{}:00:00Z", &at.to_string()[.."2026-11-23T08".len()])
    }

    async fn open(
        &self,
        title: &str,
        location: &str,
        hours_ahead: i64,
        more: (CargoProfile, i64, &str),
    ) -> Result<Room> {
        let (profile, planned_duration_hours, description) = more;
        let new = NewRoom {
            title: title.into(),
            location: location.into(),
            sts_eta: self.eta(hours_ahead),
            description: Some(description.into()),
            cargo_profile: Some(profile),
            planned_duration_hours,
            confirm_past_eta: hours_ahead < 0,
            parties: ["owner", "receiver", "charterer"].map(party).to_vec(),
        };
        rooms::open(&self.app, &actor("broker"), new, None).await
    }

    /// Makes an STS operation that is over, and whose room is closed.
    async fn past_operation(&self) -> Result<()> {
        let description = "60,000 t of grain, Laconia Trader to Cape Matapan. The work was done on paper; \
                           the room was opened afterwards, to keep it.";
        let more = (CargoProfile::Bulk, 30, description);
        let room = self.open(
            "STS Laconian Gulf: Laconia Trader / Cape Matapan",
            "Laconian Gulf, 36°28'N 022°51'E",
            -230,
            more,
        );
        let room = room.await?.id;
        for vessel in cast::bulkers() {
            vessels::add(&self.app, &actor("broker"), room, vessel, None).await?;
        }
        for phase in Phase::ALL.into_iter().skip(1) {
            self.later(minutes(3));
            let reason = Some("Entered after the fact: the papers of this phase are in the ship's files".into());
            let at = (phase == Phase::Unmooring).then(|| self.end.before(Duration::from_hours(196)).to_string());
            let new = NewPhase { phase, overriding: phase > Phase::Clearance, at, reason };
            phases::change(&self.app, &actor("broker"), room, new, None).await?;
        }
        jobs::run_due(&self.app).await?;
        Ok(())
    }

    /// Makes an STS operation that is under way, in its clearance.
    async fn operation(&self) -> Result<()> {
        self.later(minutes(41));
        let description = "80,000 t of crude oil from Aegean Star to Northern Light, at anchor.";
        let more = (CargoProfile::Oil, 36, description);
        let room = self.open("STS Ceuta: Aegean Star / Northern Light", "Off Ceuta, 35°54.2'N 005°12.8'W", 82, more);
        let room = room.await?.id;
        self.later(minutes(173));
        for address in ["seller", "buyer"] {
            parties::add(&self.app, &actor("broker"), room, party(address), None).await?;
            self.later(minutes(38));
        }
        let mut ships = Vec::new();
        for vessel in cast::tankers() {
            ships.push(vessels::add(&self.app, &actor("broker"), room, vessel, None).await?.id);
            self.later(minutes(12));
        }
        self.snapshot(room, "owner", "As nominated", SnapshotType::Json).await?;
        self.advance(room, Phase::Clearance).await?;

        let (early, late) = PAPERS.split_at(PAPERS.len() / 2);
        for paper in early {
            self.paper(room, &ships, paper).await?;
            self.later(minutes(137));
        }
        self.clear(room, "receiver", ships[0], ApprovalStatus::ApprovedWithSubjects).await?;
        self.snapshot(room, "charterer", "Before the receiving vessel's papers", SnapshotType::Csv).await?;
        for paper in late {
            self.paper(room, &ships, paper).await?;
            self.later(minutes(141));
        }
        self.clear(room, "charterer", ships[0], ApprovalStatus::Approved).await?;
        self.clear(room, "owner", ships[1], ApprovalStatus::Pending).await?;
        self.later(minutes(560));
        let place = "Off Ceuta, 35°55.0'N 005°10.4'W, anchorage area B";
        let moved = Change::from([("sts_eta", self.eta(73).into()), ("location", place.into())]);
        rooms::change(&self.app, &actor("broker"), room, moved).await?;
        self.later(BEGINS);
        self.snapshot(room, "broker", LAST_SNAPSHOT, SnapshotType::Pdf).await
    }

    async fn advance(&self, room: RoomId, phase: Phase) -> Result<()> {
        let new = NewPhase { phase, overriding: false, at: None, reason: None };
        phases::change(&self.app, &actor("broker"), room, new, None).await.map(drop)
    }

    async fn snapshot(&self, room: RoomId, by: &str, title: &str, kind: SnapshotType) -> Result<()> {
        let new = NewSnapshot { title: Some(title.into()), ..NewSnapshot::of(kind) };
        // Drawn at once, with the story's clock: the workers have not started, and would date the file now.
        snapshots::take(&self.app, &actor(by), room, new, None).await?;
        jobs::run_due(&self.app).await?;
        self.later(minutes(42));
        Ok(())
    }

    async fn clear(&self, room: RoomId, by: &str, vessel_id: VesselId, status: ApprovalStatus) -> Result<()> {
        let subjects = (status == ApprovalStatus::ApprovedWithSubjects)
            .then(|| "Subject to the condition of class no. 3 being closed before arrival".to_owned());
        let new = NewClearance { vessel_id, status, subjects, reason: None };
        approvals::give(&self.app, &actor(by), room, new, None).await.map(drop)
    }

    /// Uploads a document, and has the others decide on it.
    async fn paper(&self, room: RoomId, ships: &[VesselId], paper: &Paper) -> Result<()> {
        let target = Target::Slot { document_type: paper.kind.into(), vessel: paper.ship.map(|ship| ships[ship]) };
        let slot = versions::find_target(&self.app, room, &target).await?.id;
        if let Fate::Waived(reason) = paper.fate {
            let new = NewWaiver { reason: reason.into() };
            return documents::waive(&self.app, &actor("broker"), room, slot, (new, Basis::Anything), None).await;
        }
        self.upload(room, &target, paper, paper.file).await?;
        match paper.fate {
            Fate::Approved => self.approve(room, slot, paper.judge, None).await,
            Fate::Subjects(subjects) => self.approve(room, slot, paper.judge, Some(subjects)).await,
            Fate::Rejected(reason) => self.reject(room, slot, paper.judge, reason).await,
            Fate::Replaced(reason) => {
                self.reject(room, slot, paper.judge, reason).await?;
                self.upload(room, &target, paper, &paper.file.replace(".pdf", " (corrected).pdf")).await?;
                self.approve(room, slot, paper.judge, None).await
            }
            Fate::Unseen | Fate::Waived(_) => Ok(()),
        }
    }

    async fn upload(&self, room: RoomId, target: &Target, paper: &Paper, file_name: &str) -> Result<()> {
        self.later(minutes(4));
        let now = self.app.now();
        let title = file_name.trim_end_matches(".pdf");
        let words = ["A paper of the demonstration: it stands for a real one.", "Uploaded as:", file_name];
        let bytes = report::paper(title, &words, now.into(), &self.app.fonts)
            .map_err(|error| Error::internal(format!("a paper of the demo: {error}")))?;
        let mut staging = self.app.files.stage(&self.app.new_id().to_string()).await?;
        let mut inspection = Inspection::default();
        inspection.look(&bytes);
        staging.add(&bytes).await?;
        let arrived = Arrived {
            staged: staging.finish().await?,
            file_name: file_name.into(),
            inspection,
            said: Said {
                expires_on: paper.valid_days.map(|days| self.end.day().days_later(days).to_string()),
                notes: None,
            },
        };
        versions::upload(&self.app, &actor(paper.by), room, target.clone(), arrived, None).await.map(drop)
    }

    async fn approve(&self, room: RoomId, document: DocumentId, by: &str, subjects: Option<&str>) -> Result<()> {
        self.later(minutes(9));
        let new = NewApproval { subjects: subjects.map(str::to_owned), ..NewApproval::default() };
        decisions::decide(&self.app, &actor(by), room, document, new.word()?, None).await
    }

    async fn reject(&self, room: RoomId, document: DocumentId, by: &str, reason: &str) -> Result<()> {
        self.later(minutes(9));
        let new = NewRejection { version_id: None, reason: reason.into() };
        decisions::decide(&self.app, &actor(by), room, document, new.word()?, None).await
    }
}

fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}
