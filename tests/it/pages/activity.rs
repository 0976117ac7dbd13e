//! The activity page: the log as a timeline.

use std::{collections::HashSet, time::Duration};

use room::{
    AccountDeed, ApprovalId, ApprovalStatus, BlockerKind, DecisionId, DocumentId, EntryId, Envelope, Event, FileKind,
    FileNotice, HoldId, LinkDeed, Log, OverriddenBlocker, PartyId, Phase, Repeated, Requirement, Role, RoomId,
    SessionId, Shown, SnapshotId, SnapshotType, Time, UserId, Verdict, VersionId, VesselId,
};
use serde_json::{Value, json};

use sts_clearance::{
    db::{self, activity::Entry},
    random::new_uuid,
};

use crate::harness::{IMO, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    entries_stand_under_their_day_with_name_role_and_what_leads_to_what_they_are_about,
    the_filter_is_in_the_address_and_stays_on_the_next_page,
    only_who_may_export_the_log_is_offered_it,
    every_event_is_told_in_a_sentence,
}

async fn page(app: &TestApp, path: &str, token: &str) -> String {
    let reply = app.get(&format!("/{path}"), token).send().await;
    assert_eq!(reply.status, 200, "{path}");
    reply.html()
}

/// Returns the text of each entry on the page, newest first.
fn sentences(page: &str) -> Vec<String> {
    let told = page.split("<span class=\"what\">").skip(1);
    told.map(|rest| {
        let markup = rest.split("</p>").next().unwrap().replace('>', "<");
        markup.split('<').step_by(2).collect::<String>()
    })
    .collect()
}

async fn entries_stand_under_their_day_with_name_role_and_what_leads_to_what_they_are_about(app: TestApp) {
    let (room, broker) = app.room().await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let document = app.document(&room, &broker, "Q88", Some(&vessel)).await;
    app.version(&document, &broker, "first", &[]).await;
    app.later(Duration::from_hours(24));
    let broker = app.session("broker@example.com").await;
    let snapshot = app.snapshot(&room, &broker, json!({ "title": "Day two" })).await;
    let told = page(&app, &format!("/rooms/{room}/activity"), &broker).await;
    let days: Vec<_> = ["Tuesday, 24 November 2026", "Monday, 23 November 2026"].map(|day| told.find(day)).to_vec();
    assert!(days.is_sorted() && days.iter().all(Option::is_some), "{days:?}: {told}");
    let sentences = sentences(&told);
    assert!(sentences[0].starts_with("rendered the snapshot “Day two”, "), "{sentences:?}");
    assert_eq!(sentences[2], "took the snapshot “Day two”, PDF");
    assert!(sentences[3].starts_with("uploaded version 1 of Aegean Star: "), "{sentences:?}");
    assert_eq!(sentences.last().unwrap(), "opened the room “STS Ceuta”, Off Ceuta, ETA 1 Dec 2026, 06:30 UTC");
    for link in [format!("/rooms/{room}/snapshots/{}", snapshot["id"].as_str().unwrap()), document] {
        assert!(told.contains(&format!("<a href=\"{link}\">")), "{link}: {told}");
    }
    assert!(told.contains("The server") && told.contains("<span class=\"hint\"> Broker</span>"), "{told}");
    assert!(told.contains("<code>room_created</code>") && told.contains("/log/proof?entry=0"), "{told}");
    let checkpoint = app.get(&format!("/rooms/{room}/log/checkpoint"), &broker).send().await;
    let size = std::str::from_utf8(&checkpoint.body).unwrap().lines().nth(1).unwrap();
    assert!(told.contains(&format!("<span class=\"num\">{size}</span> entries")), "{told}");
}

async fn the_filter_is_in_the_address_and_stays_on_the_next_page(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/activity");
    app.later(Duration::from_mins(10));
    app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
    for (query, expected) in [
        ("actor=&action=&from=&to=", 10),
        ("action=party_added", 5),
        ("actor=system", 2),
        ("actor=BROKER@example.com&action=snapshot_created", 1),
        ("from=2026-11-23T08:05", 3),
        ("to=2026-11-23T08:05:00Z", 7),
        ("action=signed_in", 0),
    ] {
        let told = page(&app, &format!("{path}?{query}"), &broker).await;
        assert_eq!(sentences(&told).len(), expected, "{query}: {told}");
        assert_eq!(told.contains("Show all"), query != "actor=&action=&from=&to=", "{query}");
    }
    let part = page(&app, &format!("{path}?action=party_added&limit=2&offset=2"), &broker).await;
    let added =
        app.get(&format!("{}?action=party_added", path.replace("/activity", "/activities")), &broker).send().await;
    let added = added.expect(200);
    for (rel, word, at) in [("prev", "before", 2), ("next", "after", 3)] {
        let id = added[at]["id"].as_str().unwrap();
        let link = format!("href=\"{path}?limit=2&amp;{word}={id}&amp;action=party_added\" rel=\"{rel}\"");
        assert!(part.contains(&link), "{link}: {part}");
    }
    assert!(part.contains("3–4 of 5") && part.contains("<option value=\"party_added\" selected>"), "{part}");
    let refused = app.get(&format!("/{path}?from=yesterday"), &broker).send().await;
    assert_eq!(refused.fields(), ["from"]);
}

async fn only_who_may_export_the_log_is_offered_it(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let path = format!("/rooms/{room}/activity");
    let export = format!("/api/v1/rooms/{room}/log/export");
    assert!(page(&app, &path, &admin).await.contains(&export));
    assert!(!page(&app, &path, &broker).await.contains(&export));
}

/// Lists one event of each type. The `match` makes sure of that: a type that is missing here does not compile.
macro_rules! events {
    ($($name:ident { $($field:ident: $value:expr),* $(,)? }),+ $(,)?) => {{
        fn _none_is_missing(event: &Event) {
            match event {
                $(Event::$name { .. } => (),)+
            }
        }
        vec![$(Event::$name { $($field: $value),* }),+]
    }};
}

#[expect(clippy::too_many_lines, reason = "one line or two for each of the events there are")]
fn events(app: &TestApp) -> Vec<Event> {
    let id = app.app.new_id();
    let text = |text: &str| text.to_owned();
    let fields = |fields: Value| fields.as_object().unwrap().clone();
    let changes = || fields(json!({ "sts_eta": { "from": null, "to": "2026-12-01T06:30:00Z" } }));
    let hash = || text("00");
    let until: Time = "2026-11-24T08:00:00Z".parse().unwrap();
    events! {
        RoomCreated {
            title: text("STS"), location: text("Ceuta"), sts_eta: until, description: None, cargo_profile: None,
            planned_duration_hours: 48,
        },
        RoomAdopted { part: 1, of: 2, state: text("{"), state_sha256: None },
        AdoptionEnded {},
        StateMarked { state_sha256: "0".repeat(64) },
        RowsRepaired { tables: [(text("vessels"), 2)].into(), rows: vec![text("vessels x")] },
        LogContinued { lost_size: 7, lost_root: "0".repeat(64), reason: text("the disk broke") },
        LogLost { room_id: RoomId(id), lost_size: 7, lost_root: "0".repeat(64), reason: text("the disk broke") },
        AdoptedAgain { part: 1, of: 1, total: 0, differences: Vec::new() },
        RoomUpdated { changes: changes() },
        RoomDeleted { title: text("STS"), snapshots: 2, reason: Some(text("space")), asked_by: Some(text("ada")) },
        RoomDeletionAsked { title: text("STS"), snapshots: 2, reason: None, until: until },
        PartyAdded {
            party_id: PartyId(id), role: Role::Owner, name: text("Ada"), email: text("ada@example.com"),
            company: None, side: None, roles: vec![Role::Owner, Role::Broker],
        },
        PartyRemoved { party_id: PartyId(id), role: Role::Owner, name: text("Ada"), email: text("ada@example.com") },
        PartyUpdated { party_id: PartyId(id), email: text("ada@example.com"), changes: changes() },
        PhaseChanged {
            from: Phase::Nomination, to: Phase::Clearance, at: Some(until), reason: None, more_overridden: Some(3),
            overridden: vec![OverriddenBlocker {
                kind: BlockerKind::DocumentMissing, document_id: Some(DocumentId(id)), vessel_id: None, vessel_role: None,
            }],
        },
        VesselAdded {
            vessel_id: VesselId(id),
            details: serde_json::from_value(json!({ "name": "Star", "role": "receiving", "imo_number": IMO[0] })).unwrap(),
        },
        VesselUpdated { vessel_id: VesselId(id), name: text("Star"), changes: changes() },
        VesselRemoved { vessel_id: VesselId(id), name: text("Star"), imo_number: None },
        DocumentsOpened { vessel_id: None, vessel: None, document_types: vec![text("Q")], slots: Vec::new() },
        DocumentsClosed { vessel_id: Some(VesselId(id)), vessel: Some(text("Star")), document_types: vec![text("Q")] },
        DocumentRequirementChanged {
            document_id: DocumentId(id), document_type: text("Q"),
            from: Requirement::Required, to: Requirement::Optional,
        },
        DocumentWaived { document_id: DocumentId(id), document_type: text("Q"), vessel: None, reason: text("empty") },
        DocumentWaiverWithdrawn { document_id: DocumentId(id), document_type: text("Q"), vessel: None },
        DocumentUploaded {
            document_id: DocumentId(id), document_type: text("Q"), vessel: None, version_id: VersionId(id), version: 1,
            file_name: text("q.pdf"), file_size: 1, file_kind: FileKind::Pdf, file_sha256: text("00"), expires_on: None,
            expiry_assumed: false, notes: None, told_eta: None, uploader_role: Role::Owner, notice: Some(FileNotice::NeedsPassword),
        },
        VersionWithdrawn {
            document_id: DocumentId(id), document_type: text("Q"), vessel: None, version_id: VersionId(id), version: 1,
            reason: text("of another vessel"),
        },
        VersionDateWaived {
            document_id: DocumentId(id), document_type: text("Q"), vessel: None, version_id: VersionId(id), version: 1,
            reason: text("issued without one"),
        },
        DocumentDecided {
            decision_id: DecisionId(id), role: Role::Owner,
            document_id: DocumentId(id), document_type: text("Q"), vessel: None, version_id: VersionId(id), version: 1,
            verdict: Verdict::ApprovedWithSubjects, comment: Some(text("a subject")),
            roles: vec![Role::Owner, Role::Charterer], side: Some(room::Side::Receiving),
        },
        DocumentDownloaded {
            document_id: DocumentId(id), document_type: text("Q"), version_id: VersionId(id), version: 1,
            file_sha256: text("00"), part: Some(text("archive")),
        },
        DocumentPreviewed {
            document_id: DocumentId(id), document_type: text("Q"), version_id: VersionId(id), version: 1,
            file_sha256: text("00"),
        },
        ApprovalGiven {
            approval_id: ApprovalId(id), vessel_id: VesselId(id), vessel: text("Star"), status: ApprovalStatus::Pending,
            comment: None, role: Role::Owner, side: None,
        },
        ApprovalChanged {
            approval_id: ApprovalId(id), vessel_id: VesselId(id), vessel: text("Star"), party: text("ada@example.com"),
            from: ApprovalStatus::Pending, to: ApprovalStatus::Approved, comment: None, role: Role::Owner, side: None,
        },
        ApprovalRevoked {
            approval_id: ApprovalId(id), vessel_id: VesselId(id), vessel: text("Star"), party: text("ada@example.com"),
            from: ApprovalStatus::Approved, reason: text("sold"),
        },
        DocumentTypeAdded {
            position: 1, catalogue: Some("005_add_documents".into()),
            terms: serde_json::from_value(json!({
                "code": "N", "name": "New", "category": "cargo", "scope": "room", "requirement": "optional",
                "criticality": "low", "gate": "closed",
            }))
            .unwrap(),
        },
        DocumentTypeUpdated { code: text("N"), changes: changes() },
        SnapshotCreated {
            snapshot_id: SnapshotId(id), title: text("I"), snapshot_type: SnapshotType::Csv, record_sha256: None,
            options: json!({}), shows: Some(Box::new(Shown {
                size: 4, root: text("0"), origin: text("o"), key: text("k"), at: until, name: text("Ada"),
                role: Role::Admin, retention_years: 10,
            })),
        },
        SnapshotRendered {
            snapshot_id: SnapshotId(id), attempt: 1, record_sha256: text("0"), body_sha256: text("1"), body_size: 2,
            renderer: text("x"), fonts: text("y"), certificate_sha256: None,
            not_sealed: Some(text("the certificate has ended")),
        },
        SnapshotGenerated {
            snapshot_id: SnapshotId(id), file_sha256: text("00"), file_size: 1, renderer: text("x"), fonts: text("y"), seal: None,
        },
        SnapshotFailed { snapshot_id: SnapshotId(id), attempts: 5, reason: text("full") },
        SnapshotRetried { snapshot_id: SnapshotId(id) },
        SnapshotDownloaded { snapshot_id: SnapshotId(id), file_sha256: text("00"), range: Some(text("0-99")) },
        SnapshotPreviewed { snapshot_id: SnapshotId(id), file_sha256: text("00") },
        SnapshotDeleted {
            snapshot_id: SnapshotId(id), title: text("I"), snapshot_type: SnapshotType::Csv, record_sha256: Some(text("0")),
            file_sha256: None, asked_by: None,
        },
        SnapshotDeletionAsked { snapshot_id: SnapshotId(id), title: text("One"), until: until },
        HoldPlaced { hold_id: HoldId(id), snapshot_id: None, reason_hash: hash() }, LogExported { entries: 12 },
        HoldLiftAsked { hold_id: HoldId(id), snapshot_id: None, until: until, reason_hash: hash() },
        HoldLifted {
            hold_id: HoldId(id), snapshot_id: Some(SnapshotId(id)), asked_by: text("ada@example.com"), reason_hash: hash(),
            confirm_reason_hash: None,
        },
        LogKeyAdded { public_key: text("key") },
        LogKeyRotated { from: text("old"), to: text("new"), signed: text("note") },
        LogKeyRevoked { public_key: text("old"), heads_origin: text("x/heads"), from: 7, signed: text("note") },
        PlatformAdopted { part: 1, of: 1, state: text("{}"), state_sha256: Some(text("00")) },
        AccessDenied {
            permission: "snapshots:create".into(), role: Role::Buyer,
            repeated: Some(Repeated { times: 215, from: until, to: until }),
        },
        SignInRefused {
            reason: "wrong_credentials".into(), network: Some(text("203.0.113.66")), networks: None,
            account: Some(text("ada@example.com")), times: 12, from: until, to: until,
        },
        RequestRefused {
            reason: "token".into(), network: None, networks: Some(40), account: None, room_id: None, times: 1000, from: until,
            to: until,
        },
        UserAdded {
            user_id: UserId(id), email: text("ada@example.com"), name: text("Ada"), role: Role::Admin,
            password_sha256: hash(), must_change_password: false, asked_by: Some(text("ben@example.com")),
        },
        UserDisabled { email: text("ada@example.com") },
        PasswordChanged {
            email: text("ada@example.com"), password_sha256: hash(), must_change_password: false, asked_by: None,
        },
        PasswordConfirmed {}, AccountRequestMade { deed: AccountDeed::AddAdmin, email: text("ada@example.com"), until: until },
        AccountRequestWithdrawn {
            deed: AccountDeed::GivePassword, email: text("ada@example.com"), asked_by: text("ben@example.com"),
        },
        LinkChanged { deed: LinkDeed::InvitedAgain, email: text("ada@example.com"), room_id: None },
        UserUpdated { email: text("ada@example.com"), changes: fields(json!({ "name": { "from": "ada", "to": "Ada" } })) },
        UserRoleChanged { email: text("ada@example.com"), from: Role::Broker, to: Role::Admin, asked_by: None },
        UserEnabled { email: text("ada@example.com") }, OtherSessionsEnded { sessions: 2 },
        SignedIn {}, SignedOut {}, SessionEnded { session_id: SessionId(id) },
        SchemaTakenBack { migrations: vec!["011".into()], rows_deleted: std::collections::BTreeMap::new() },
    }
}

async fn every_event_is_told_in_a_sentence(app: TestApp) {
    app.tampered();
    let (room, broker) = app.room().await;
    let (id, events): (RoomId, _) = (room.parse().unwrap(), events(&app));
    let actions: HashSet<_> =
        events.iter().map(|event| json!(event)["action"].as_str().unwrap().replace('_', " ")).collect();
    assert_eq!(actions.len(), events.len());
    let number = events.len();
    // Behind the log's back: no room comes to all of these.
    app.tampered();
    let at = app.app.now();
    let added = app.app.db.write(async move |tx| {
        let next = db::logs::head(tx, Log::Room(id)).await?.unwrap().range.size();
        for (seq, event) in (i64::try_from(next).unwrap()..).zip(&events) {
            let (action, meta) = event.to_entry(Envelope::default()).unwrap();
            let actor = "system".to_owned();
            let entry = Entry { id: EntryId(new_uuid()), log: Log::Room(id), seq, actor, action, at, meta };
            db::activity::insert(tx, &entry, &[0; 32]).await?;
        }
        Ok(())
    });
    added.await.unwrap();
    let told = page(&app, &format!("/rooms/{room}/activity?limit={number}"), &broker).await;
    let sentences = sentences(&told);
    assert_eq!(sentences.len(), number);
    for sentence in &sentences {
        let name_of_action = sentence.to_lowercase();
        assert!(!actions.contains(&name_of_action) || ["signed in", "signed out"].contains(&&**sentence), "{sentence}");
        assert!(sentence.starts_with(char::is_lowercase) && !sentence.contains('_'), "{sentence}");
    }
    insta::assert_snapshot!("sentences", sentences.join("\n"));
}
