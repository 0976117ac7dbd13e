//! No reply about a room grows beyond 2 MB, whatever people write into the room.

use room::Role;
use serde_json::{Value, json};

use sts_clearance::{
    api,
    db::Dialect,
    http::{Access, PageRoute, Route},
    pages,
};

use crate::harness::{TestApp, files, on_both_databases, pdf};

/// The limit of a reply's body, in bytes.
const MOST: usize = 2_000_000;
/// The characters of the longest reasons: the first takes the most bytes in JSON, the second, escaped, in a page.
const REASONS: [&str; 2] = ["𝄞", "\""];
/// Endings of routes that have no limit: endless streams, and files.
const ENDLESS: [&str; 6] = ["/log/export", "/events", "/download", "/preview", "/archive", "/logo"];

on_both_databases! {
    TestApp:
    no_answer_about_a_room_is_larger_than_2_mb_whatever_was_written_into_it,
    versions_and_decisions_are_read_in_parts_and_counted,
    a_list_cut_for_its_size_goes_on_where_its_link_leads,
}

/// A room full of long texts, with the ids of what is in it.
struct Stuffed {
    app: TestApp,
    room: String,
    admin: String,
    broker: String,
    owner: String,
    vessel: String,
    document: String,
    version: String,
    snapshots: [String; 2],
    hold: String,
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

impl Stuffed {
    async fn of(app: TestApp) -> Self {
        let (room, broker) = app.room().await;
        let owner = app.user("owner@example.com", Role::Owner).await;
        let admin = app.user("admin@example.com", Role::Admin).await;
        let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", crate::harness::IMO[0]).await;
        let first = app.snapshot(&room, &broker, json!({ "snapshot_type": "json" })).await;
        let document = app.document(&room, &broker, "COMPAT", None).await;
        let document = document.rsplit('/').next().unwrap().to_owned();
        let mut stuffed = Self {
            app,
            room,
            admin,
            broker,
            owner,
            vessel,
            document,
            version: String::new(),
            snapshots: [id(&first), String::new()],
            hold: String::new(),
        };
        stuffed.fill().await;
        let second = stuffed.app.snapshot(&stuffed.room, &stuffed.broker, json!({ "snapshot_type": "json" })).await;
        stuffed.snapshots[1] = id(&second);
        stuffed
    }

    fn path(&self, rest: &str) -> String {
        format!("/rooms/{}{rest}", self.room)
    }

    async fn post(&self, token: &str, rest: &str, body: Value) -> Value {
        let reply = self.app.post(&self.path(rest), token).json(body).send().await;
        assert!(reply.status < 300, "{rest}: {reply:?}");
        reply.json()
    }

    /// Writes the longest texts that are accepted, wherever the API takes one.
    async fn fill(&mut self) {
        let reason = |number: usize| format!("{number} {}", REASONS[number % 2].repeat(3_990));
        let described = json!({ "description": REASONS[1].repeat(8_000) });
        self.app.patch(&self.path(""), &self.broker).json(described).send().await.expect(200);
        for number in 0..24 {
            let form = self.app.post(&self.path(&format!("/documents/{}/versions", self.document)), &self.broker);
            let notes = reason(number);
            let added = form.upload("a.pdf", &pdf(&number.to_string()), &[("notes", &notes)]).send().await.expect(201);
            self.version = id(&added["version"]);
            let rejections = if number == 23 { 130 } else { 2 };
            for again in 0..rejections {
                let reject = format!("/documents/{}/reject", self.document);
                self.post(&self.owner, &reject, json!({ "reason": reason(again) })).await;
            }
        }
        // Reject every other document once: each is then a blocker, which the entry of the override names.
        for document in self.app.documents(&self.room, &self.broker).await {
            let document = id(&document);
            if document != self.document {
                let form = self.app.post(&self.path(&format!("/documents/{document}/versions")), &self.broker);
                form.upload("b.pdf", &files()[0].1, &[]).send().await.expect(201);
                self.post(&self.owner, &format!("/documents/{document}/reject"), json!({ "reason": reason(1) })).await;
            }
        }
        for phase in ["clearance", "nomination", "clearance", "planning"] {
            let asked = json!({ "phase": phase, "override": phase != "nomination", "reason": reason(0) });
            self.post(&self.broker, "/phase", asked).await;
        }
        for number in 0..30 {
            let vessel = json!({ "name": "Barge", "role": "receiving", "no_imo_reason": reason(number) });
            if number < 11 {
                let vessel = self.post(&self.broker, "/vessels", vessel).await;
                let word = json!({ "vessel_id": vessel["id"], "status": "rejected", "reason": reason(number) });
                self.post(&self.owner, "/approvals", word).await;
            }
            let hold = self.post(&self.admin, "/holds", json!({ "reason": reason(number) })).await;
            self.hold = format!("/rooms/{}/holds/{}", self.room, hold["id"].as_str().unwrap());
            let why = json!({ "reason": reason(number) });
            self.app.delete(&self.hold, &self.admin).json(why.clone()).send().await.expect(202);
            if number < 29 {
                let other = self.app.session("second@example.com").await;
                self.app.delete(&self.hold, &other).json(why).send().await.expect(200);
            }
        }
    }

    /// Returns the path of a route in this room, or `None` if the route is not about a room or has no limit.
    async fn in_room(&self, template: &str) -> Option<String> {
        if !template.starts_with("/rooms/{room_id}") || ENDLESS.iter().any(|end| template.ends_with(end)) {
            return None;
        }
        let get = async |rest: &str| self.app.get(&self.path(rest), &self.broker).send().await.expect(200)[0].clone();
        let path = template
            .replace("{room_id}", &self.room)
            .replace("{vessel_id}", &self.vessel)
            .replace("{document_id}", &self.document)
            .replace("{version_id}", &self.version)
            .replace("{snapshot_id}", &self.snapshots[0])
            .replace("{other_id}", &self.snapshots[1])
            .replace("{party_id}", &id(&get("/parties").await))
            .replace("{approval_id}", &id(&get("/approvals").await))
            .replace("{hold_id}", self.hold.rsplit('/').next().unwrap());
        if !path.contains("{upload_id}") {
            return Some(path);
        }
        let begins = self.app.post(&self.path(&format!("/documents/{}/uploads", self.document)), &self.admin);
        let begun = begins.in_parts("new.pdf", &files()[0].1).send().await.expect(201);
        Some(path.replace("{upload_id}", &id(&begun)))
    }

    /// Checks the size of the reply to every `GET` about the room.
    async fn walk(&self) {
        let mut walked = 0;
        let routes = api::routes();
        let routes = routes.table().iter().filter(|route: &&Route| route.method == "GET").map(|route| route.path);
        for template in routes {
            let Some(path) = self.in_room(template).await else { continue };
            let queries: &[&str] = match template {
                path if path.ends_with("/log/proof") => &["?entry=0"],
                path if path.ends_with("/log/consistency") => &["?from=1"],
                path if path.ends_with("/log/entries") => &["", "?from=100"],
                path if path.ends_with("/compare") => &["?from_at_entry=0"],
                path if is_list(path) => &["?limit=100", "?limit=100&offset=20"],
                _ => &[""],
            };
            for query in queries {
                self.is_small(&format!("{path}{query}")).await;
                walked += 1;
            }
        }
        let pages = pages::routes();
        for PageRoute { path: template, access, .. } in pages.table().iter().filter(|page| page.method == "GET") {
            assert!(!matches!(access, Access::Public) || !template.contains("{room_id}"), "{template}");
            let Some(path) = self.in_room(template).await else { continue };
            let compared = format!("?from={}&to={}", self.snapshots[0], self.snapshots[1]);
            let queries: &[&str] = match *template {
                path if path.ends_with("/compare") => &["", &compared],
                path if path.ends_with("/activity") => &["?limit=200", "?limit=200&offset=150"],
                path if path.ends_with("/versions/{version_id}") => &["?limit=100"],
                path if path.ends_with("/documents/{document_id}") => &["", "?older=10"],
                _ => &[""],
            };
            for query in queries {
                self.is_small(&format!("/{path}{query}")).await;
                walked += 1;
            }
        }
        for list in ["/rooms?limit=100", "/cockpit?limit=100", "/activities?limit=100", "//?limit=100", "//admin/holds"]
        {
            self.is_small(list).await;
        }
        assert!(walked > 50, "{walked}");
    }

    async fn is_small(&self, path: &str) {
        let reply = self.app.get(path, &self.admin).send().await;
        let refused = String::from_utf8_lossy(&reply.body[..reply.body.len().min(500)]).into_owned();
        assert!(reply.status < 400 || reply.status == 409, "{path}: {} {refused}", reply.status);
        assert!(reply.body.len() < MOST, "{path}: {} bytes", reply.body.len());
    }
}

fn is_list(path: &str) -> bool {
    [
        "parties",
        "vessels",
        "documents",
        "versions",
        "decisions",
        "approvals",
        "clearance",
        "activities",
        "snapshots",
        "holds",
    ]
    .iter()
    .any(|list| path.ends_with(list))
}

/// The walk is done twice: with the longest texts of today, and with those of a time when they could be longer. To
/// write the latter, the triggers that forbid changes of versions and decisions are removed.
async fn no_answer_about_a_room_is_larger_than_2_mb_whatever_was_written_into_it(app: TestApp) {
    app.tampered();
    app.user("second@example.com", Role::Admin).await;
    let stuffed = Stuffed::of(app).await;
    stuffed.walk().await;
    let long = "𝄞".repeat(10_000);
    let quoted = "\"".repeat(10_000);
    stuffed
        .app
        .app
        .db
        .write(async move |tx| {
            let without_triggers: &[&str] = match tx.dialect() {
                Dialect::Sqlite => &["DROP TRIGGER document_versions_no_update", "DROP TRIGGER decisions_no_update"],
                Dialect::Postgres => &[
                    "ALTER TABLE document_versions DISABLE TRIGGER USER",
                    "ALTER TABLE decisions DISABLE TRIGGER USER",
                ],
            };
            for statement in without_triggers {
                tx.exec(statement, &[]).await?;
            }
            tx.exec("UPDATE rooms SET description = ?1", &[&quoted]).await?;
            tx.exec("UPDATE document_versions SET notes = ?1", &[&quoted]).await?;
            tx.exec("UPDATE decisions SET comment = CASE WHEN seq % 2 = 0 THEN ?1 ELSE ?2 END", &[&long, &quoted])
                .await?;
            tx.exec("UPDATE approvals SET comment = ?1", &[&quoted]).await?;
            tx.exec("UPDATE vessels SET no_imo_reason = ?1 WHERE no_imo_reason IS NOT NULL", &[&quoted]).await?;
            tx.exec("UPDATE holds SET reason = ?1", &[&quoted]).await
        })
        .await
        .unwrap();
    stuffed.walk().await;
}

async fn versions_and_decisions_are_read_in_parts_and_counted(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    for number in 1..=25 {
        app.version(&document, &broker, &number.to_string(), &[]).await;
    }
    for number in 1..=30 {
        let reason = json!({ "reason": number.to_string() });
        app.post(&format!("{document}/reject"), &owner).json(reason).send().await.expect(200);
    }
    let whole = app.get(&document, &broker).send().await.expect(200);
    assert_eq!(whole["version_count"], 25);
    let numbers: Vec<_> =
        whole["versions"].as_array().unwrap().iter().map(|version| version["number"].clone()).collect();
    assert_eq!(numbers, (6..=25).map(Value::from).collect::<Vec<_>>());
    let newest = &whole["versions"][19];
    assert_eq!((newest["decision_count"].clone(), newest["decisions"].as_array().unwrap().len()), (30.into(), 20));
    assert_eq!(newest["decisions"][19]["reason"], "30", "the oldest first");
    assert_eq!(whole["newest"]["decision_count"], 30);
    assert_eq!(whole["newest"]["decisions"].as_array().unwrap().len(), 1, "the last word of each party");

    let versions = app.get(&format!("{document}/versions?limit=10&offset=20"), &broker).send().await;
    let listed = versions.expect(200);
    assert_eq!(versions.header("x-total-count"), "25");
    assert_eq!((listed[0]["number"].clone(), listed[4]["number"].clone()), (5.into(), 1.into()), "the newest first");
    let first = listed[0]["id"].as_str().unwrap();
    let before = format!("/versions?limit=10&before={first}>; rel=\"prev\"");
    assert!(versions.header("link").ends_with(&before), "{versions:?}");

    let version = newest["id"].as_str().unwrap();
    let decisions = app.get(&format!("{document}/versions/{version}/decisions?limit=25"), &broker).send().await;
    assert_eq!(decisions.header("x-total-count"), "30");
    assert_eq!(decisions.expect(200)[0]["reason"], "30", "the newest first");
    assert_eq!(decisions.json()[24]["reason"], "6");
    let foreign = app.post("/rooms", &broker).json(crate::harness::new_room(&[])).send().await.expect(201);
    let elsewhere = document.replace(&room, &format!("/rooms/{}", foreign["id"].as_str().unwrap()));
    for list in [format!("{elsewhere}/versions"), format!("{elsewhere}/versions/{version}/decisions")] {
        assert_eq!(app.get(&list, &broker).send().await.problem(), "not_found", "{list}");
    }

    let page = app.get(&format!("/{document}"), &broker).send().await.html();
    assert!(page.contains("Show older versions (14)") && page.contains("Show older decisions (20)"), "{page}");
    let older = app.get(&format!("/{document}?older=20"), &broker).send().await.html();
    assert!(older.contains(">Version 4<") && older.contains("Show newer versions"), "{older}");
    assert!(!older.contains("Show older versions"), "{older}");
    let said = app.get(&format!("/{document}/versions/{version}?limit=100"), &broker).send().await.html();
    assert!(said.contains("Decisions on version 25 of") && said.matches("said something else later").count() == 29);
}

async fn a_list_cut_for_its_size_goes_on_where_its_link_leads(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    for number in 0..70 {
        let mut asked = crate::harness::new_room(&[]);
        asked["title"] = number.to_string().into();
        asked["description"] = "𝄞".repeat(8_000).into();
        app.post("/rooms", &broker).json(asked).send().await.expect(201);
    }
    let (mut path, mut titles) = ("/rooms?limit=100".to_owned(), Vec::new());
    loop {
        let part = app.get(&path, &broker).send().await;
        assert!(part.body.len() < MOST, "{path}: {}", part.body.len());
        assert_eq!(part.header("x-total-count"), "70");
        titles
            .extend(part.expect(200).as_array().unwrap().iter().map(|room| room["title"].as_str().unwrap().to_owned()));
        let links = part.header("link").to_owned();
        let Some(next) = links.split(", ").find(|link| link.ends_with("rel=\"next\"")) else { break };
        next.split(['<', '>']).nth(1).unwrap().trim_start_matches("/api/v1").clone_into(&mut path);
    }
    titles.sort_by_key(|title| title.parse::<u32>().unwrap());
    assert_eq!(titles, (0..70).map(|number| number.to_string()).collect::<Vec<_>>());
}
