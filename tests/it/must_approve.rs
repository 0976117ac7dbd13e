//! Document types that name the roles which have to approve: the status that follows, whose reply is awaited, and that
//! everything is as before where a type names none.

use std::collections::BTreeMap;

use proptest::prelude::*;
use room::{Role, bounds::DECIDING_ROLES};
use serde_json::{Value, json};
use sts_clearance::{
    domain::{
        fsck::{self, Mode, Watch},
        log::{Actor, schema},
        snapshots::way_down::take_back,
    },
    policy::Action::{DocumentApprove, DocumentReject},
};

use crate::harness::{PageForm, Reply, TestApp, fields_of_event, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    a_document_is_approved_once_each_role_that_its_type_names_has_approved_it,
    a_role_that_nobody_has_keeps_the_gate_shut,
    a_party_with_several_of_the_roles_approves_in_each_of_them,
    a_role_that_is_given_later_takes_another_decision,
    what_was_approved_in_a_role_stays_approved_without_it,
    nobody_who_uploaded_the_version_is_awaited,
    an_admin_who_is_a_party_approves_as_an_admin,
    a_new_version_awaits_every_role_again,
    a_type_names_roles_that_decide_each_once_and_in_their_order,
    where_no_role_is_named_events_have_no_such_field,
    the_form_of_a_type_has_a_box_for_each_role,
    pages_say_whose_reply_is_awaited,
    the_way_down_leaves_the_roles_out_and_fsck_writes_them_anew,
}

/// The type that names roles here: one of the room's own, whose gate is leaving the phase `clearance`.
const TYPE: &str = "/config/document-types/COMPAT";

/// A room whose document names roles.
struct Scene {
    app: TestApp,
    room: String,
    /// The sessions of people by their names.
    tokens: BTreeMap<String, String>,
    /// The path of the document.
    document: String,
}

impl Scene {
    /// A room of these parties beside its broker, opened when the type named the roles.
    async fn set(app: TestApp, must_approve: &[&str], parties: &[(&str, &[&str])]) -> Self {
        let mut tokens = BTreeMap::new();
        for (name, role) in [("admin", Role::Admin), ("broker", Role::Broker)] {
            tokens.insert(name.to_owned(), app.user(&email(name), role).await);
        }
        for (name, _) in parties {
            if !tokens.contains_key(*name) {
                // The role of an account counts in no room.
                tokens.insert((*name).to_owned(), app.user(&email(name), Role::Buyer).await);
            }
        }
        let scene = Self { app, tokens, room: String::new(), document: String::new() };
        scene.in_a_new_room(must_approve, parties).await
    }

    /// The same people in another room, of a type that names other roles.
    async fn in_a_new_room(self, must_approve: &[&str], parties: &[(&str, &[&str])]) -> Self {
        let named = json!({ "must_approve": must_approve });
        self.app.patch(TYPE, self.token("admin")).json(named).send().await.expect(200);
        let party = |(name, roles): &(&str, &[&str])| json!({ "roles": roles, "name": name, "email": email(name) });
        let parties: Vec<_> = parties.iter().map(party).collect();
        let room = self.app.post("/rooms", self.token("broker")).json(new_room(&parties)).send().await.expect(201);
        let room = room["id"].as_str().unwrap().to_owned();
        let document = self.app.document(&room, self.token("broker"), "COMPAT", None).await;
        Self { room, document, ..self }
    }

    /// The session of a person by name.
    fn token(&self, name: &str) -> &str {
        &self.tokens[name]
    }

    async fn upload(&self, by: &str, words: &str) -> Value {
        self.app.version(&self.document, self.token(by), words, &[]).await
    }

    async fn approve(&self, by: &str) -> Value {
        self.app.post(&format!("{}/approve", self.document), self.token(by)).json(json!({})).send().await.expect(200)
    }

    async fn reject(&self, by: &str) -> Value {
        let why = json!({ "reason": "smudged" });
        self.app.post(&format!("{}/reject", self.document), self.token(by)).json(why).send().await.expect(200)
    }

    async fn document(&self) -> Value {
        self.app.get(&self.document, self.token("broker")).send().await.expect(200)
    }

    /// Where the document stands, and whom it awaits.
    async fn stands(&self) -> (Value, Value) {
        let document = self.document().await;
        (document["status"].clone(), document["awaited"].clone())
    }

    /// The path of a party by name.
    async fn party(&self, name: &str) -> String {
        let parties =
            self.app.get(&format!("/rooms/{}/parties", self.room), self.token("broker")).send().await.expect(200);
        let found = parties.as_array().unwrap().iter().find(|party| party["email"] == email(name)).unwrap();
        format!("/rooms/{}/parties/{}", self.room, found["id"].as_str().unwrap())
    }

    async fn give_roles(&self, name: &str, roles: &[&str]) {
        let party = self.party(name).await;
        self.app.patch(&party, self.token("broker")).json(json!({ "roles": roles })).send().await.expect(200);
    }

    /// The last entry of the room's log.
    async fn last(&self) -> Value {
        let path = format!("/rooms/{}/activities?limit=1", self.room);
        self.app.get(&path, self.token("broker")).send().await.expect(200)[0].clone()
    }

    async fn enter(&self, phase: &str, reason: Option<&str>) -> Reply {
        let asked = json!({ "phase": phase, "override": reason.is_some(), "reason": reason });
        self.app.post(&format!("/rooms/{}/phase", self.room), self.token("broker")).json(asked).send().await
    }

    /// What the blocker of the document says, of those before the next phase.
    async fn blocker(&self) -> Option<String> {
        let summary =
            self.app.get(&format!("/rooms/{}/summary", self.room), self.token("broker")).send().await.expect(200);
        let id = self.document.rsplit('/').next().unwrap().to_owned();
        let found = summary["blockers"].as_array().unwrap().iter().find(|blocker| blocker["document_id"] == id);
        found.map(|blocker| blocker["detail"].as_str().unwrap().to_owned())
    }

    /// How many documents wait for a decision of somebody, by the cockpit.
    async fn waiting(&self, name: &str) -> usize {
        let rows = self.app.get("/cockpit", self.token(name)).send().await.expect(200);
        rows[0]["waiting_for_me"].as_array().unwrap().len()
    }
}

fn email(name: &str) -> String {
    format!("{name}@example.com")
}

fn awaited(each: &[(&str, &[&str])]) -> Value {
    let one = |(role, names): &(&str, &[&str])| json!({ "role": role, "parties": names.iter().map(|name| email(name)).collect::<Vec<_>>() });
    each.iter().map(one).collect()
}

/// An owner, a charterer and a seller, who uploads.
const USUAL: &[(&str, &[&str])] = &[("ole", &["owner"]), ("carl", &["charterer"]), ("sela", &["seller"])];

async fn a_document_is_approved_once_each_role_that_its_type_names_has_approved_it(app: TestApp) {
    let scene = Scene::set(app, &["charterer", "owner"], USUAL).await;
    assert_eq!(scene.document().await["must_approve"], json!(["owner", "charterer"]));
    assert_eq!(scene.stands().await, (json!("missing"), json!([])));
    scene.upload("sela", "a study").await;
    let both = awaited(&[("owner", &["ole"]), ("charterer", &["carl"])]);
    assert_eq!(scene.stands().await, (json!("under_review"), both.clone()));
    assert_eq!([scene.waiting("ole").await, scene.waiting("carl").await, scene.waiting("broker").await], [1, 1, 0]);
    // Whoever else approves is listed, and nothing rests on it.
    let decided = scene.approve("broker").await;
    assert_eq!((&decided["status"], &decided["awaited"]), (&json!("under_review"), &both));
    assert_eq!(decided["newest"]["decisions"][0]["roles"], json!(["broker"]));
    scene.approve("ole").await;
    assert_eq!(scene.stands().await, (json!("under_review"), awaited(&[("charterer", &["carl"])])));
    assert_eq!([scene.waiting("ole").await, scene.waiting("carl").await], [0, 1]);
    scene.enter("clearance", Some("by telephone")).await.expect(200);
    assert!(scene.blocker().await.unwrap().ends_with("– waits for the approval of a charterer"));
    scene.approve("carl").await;
    assert_eq!(scene.stands().await, (json!("approved"), json!([])));
    assert_eq!(scene.blocker().await, None);
    // A rejection counts whoever makes it.
    scene.reject("broker").await;
    assert_eq!(scene.stands().await, (json!("rejected"), json!([])));
    scene.approve("broker").await;
    assert_eq!(scene.stands().await, (json!("approved"), json!([])));
    scene.reject("carl").await;
    assert_eq!(scene.document().await["status"], "rejected");
}

async fn a_role_that_nobody_has_keeps_the_gate_shut(app: TestApp) {
    let mut scene = Scene::set(app, &["charterer"], &[("ole", &["owner"])]).await;
    scene.upload("ole", "a study").await;
    scene.approve("broker").await;
    assert_eq!(scene.stands().await, (json!("under_review"), awaited(&[("charterer", &[])])));
    scene.enter("clearance", Some("by telephone")).await.expect(200);
    let says = "waits for the approval of a charterer; nobody in the room may approve it as a charterer";
    assert!(scene.blocker().await.unwrap().ends_with(says));
    let refused = scene.enter("planning", None).await;
    assert!(refused.status == 409 && refused.json().to_string().contains(says), "{refused:?}");
    let shown = scene.app.get(&format!("/{}", scene.document), scene.token("broker")).send().await.html();
    assert!(shown.contains("Nobody in the room may approve it as a charterer"), "{shown}");
    // Overridden as any gate; and somebody who comes later can open it.
    scene.enter("planning", Some("the charterer has telephoned")).await.expect(200);
    scene.tokens.insert("carl".into(), scene.app.user(&email("carl"), Role::Buyer).await);
    let carl = json!({ "roles": ["charterer"], "name": "Carl", "email": email("carl") });
    scene
        .app
        .post(&format!("/rooms/{}/parties", scene.room), scene.token("broker"))
        .json(carl)
        .send()
        .await
        .expect(201);
    assert_eq!(scene.stands().await, (json!("under_review"), awaited(&[("charterer", &["carl"])])));
    assert_eq!(scene.approve("carl").await["status"], "approved");
}

async fn a_party_with_several_of_the_roles_approves_in_each_of_them(app: TestApp) {
    let parties: &[(&str, &[&str])] = &[("both", &["owner", "charterer", "seller"]), ("ole", &["owner"])];
    let scene = Scene::set(app, &["owner", "charterer"], parties).await;
    scene.upload("ole", "a study").await;
    let decided = scene.approve("both").await;
    assert_eq!((&decided["status"], &decided["awaited"]), (&json!("approved"), &json!([])));
    let decision = &decided["newest"]["decisions"][0];
    assert_eq!((&decision["role"], &decision["roles"]), (&json!("owner"), &json!(["owner", "charterer"])));
    let meta = scene.last().await["meta"].clone();
    let told = [&meta["role"], &meta["by_role"], &meta["roles"]];
    assert_eq!(told, [&json!("owner"), &json!("owner"), &json!(["owner", "charterer"])]);
    let activity =
        scene.app.get(&format!("//rooms/{}/activity", scene.room), scene.token("broker")).send().await.html();
    assert!(activity.contains(" as owner and charterer"), "{activity}");
    // Of roles of which one is named, that one is used, whatever their order.
    let scene = scene.in_a_new_room(&["charterer"], parties).await;
    scene.upload("ole", "a study").await;
    let decided = scene.approve("both").await;
    let decision = &decided["newest"]["decisions"][0];
    assert_eq!((&decided["status"], &decision["role"]), (&json!("approved"), &json!("charterer")));
    let meta = scene.last().await["meta"].clone();
    assert_eq!([meta.get("by_role"), meta.get("roles")], [Some(&json!("charterer")), None]);
}

async fn a_role_that_is_given_later_takes_another_decision(app: TestApp) {
    let scene = Scene::set(app, &["owner", "charterer"], &[("ole", &["owner"]), ("sela", &["seller"])]).await;
    scene.upload("sela", "a study").await;
    scene.approve("ole").await;
    assert_eq!(scene.stands().await, (json!("under_review"), awaited(&[("charterer", &[])])));
    scene.give_roles("ole", &["owner", "charterer"]).await;
    // What was said as an owner was not said as a charterer.
    assert_eq!(scene.stands().await, (json!("under_review"), awaited(&[("charterer", &["ole"])])));
    assert_eq!(scene.waiting("ole").await, 1);
    let decided = scene.approve("ole").await;
    assert_eq!((&decided["status"], &decided["newest"]["decision_count"]), (&json!("approved"), &json!(2)));
    // The same again adds nothing, with fewer roles either.
    scene.approve("ole").await;
    scene.give_roles("ole", &["owner"]).await;
    let again = scene.approve("ole").await;
    assert_eq!((&again["status"], &again["newest"]["decision_count"]), (&json!("approved"), &json!(2)));
    assert_eq!(scene.waiting("ole").await, 0);
}

async fn what_was_approved_in_a_role_stays_approved_without_it(app: TestApp) {
    let scene = Scene::set(app, &["owner", "charterer"], USUAL).await;
    scene.upload("sela", "a study").await;
    scene.approve("ole").await;
    scene.approve("carl").await;
    scene.give_roles("ole", &["buyer"]).await;
    let carl = scene.party("carl").await;
    scene.app.delete(&carl, scene.token("broker")).send().await.expect(204);
    assert_eq!(scene.stands().await, (json!("approved"), json!([])));
}

async fn nobody_who_uploaded_the_version_is_awaited(app: TestApp) {
    let parties: &[(&str, &[&str])] = &[("ole", &["owner"]), ("olga", &["owner"]), ("carl", &["charterer"])];
    let scene = Scene::set(app, &["owner"], parties).await;
    scene.upload("ole", "a study").await;
    assert_eq!(scene.stands().await, (json!("under_review"), awaited(&[("owner", &["olga"])])));
    let olga = scene.party("olga").await;
    scene.app.delete(&olga, scene.token("broker")).send().await.expect(204);
    assert_eq!(scene.stands().await, (json!("under_review"), awaited(&[("owner", &[])])));
    scene.upload("carl", "a better study").await;
    assert_eq!(scene.stands().await, (json!("under_review"), awaited(&[("owner", &["ole"])])));
}

async fn an_admin_who_is_a_party_approves_as_an_admin(app: TestApp) {
    let parties: &[(&str, &[&str])] = &[("admin", &["owner"]), ("sela", &["seller"])];
    let scene = Scene::set(app, &["owner"], parties).await;
    scene.upload("sela", "a study").await;
    let decided = scene.approve("admin").await;
    assert_eq!(decided["newest"]["decisions"][0]["roles"], json!(["admin"]));
    // Nobody is told to wait for what an admin has said already.
    assert_eq!((&decided["status"], &decided["awaited"]), (&json!("under_review"), &awaited(&[("owner", &[])])));
}

async fn a_new_version_awaits_every_role_again(app: TestApp) {
    let scene = Scene::set(app, &["owner"], USUAL).await;
    scene.upload("sela", "a study").await;
    scene.approve("ole").await;
    let second = scene.upload("sela", "a better study").await;
    assert_eq!(scene.stands().await, (json!("under_review"), awaited(&[("owner", &["ole"])])));
    // Withdrawn, and the one that was approved is in force again.
    let path = format!("{}/versions/{}/withdraw", scene.document, second["version"]["id"].as_str().unwrap());
    scene.app.post(&path, scene.token("sela")).json(json!({ "reason": "the old one" })).send().await.expect(200);
    assert_eq!(scene.stands().await, (json!("approved"), json!([])));
}

async fn a_type_names_roles_that_decide_each_once_and_in_their_order(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    assert_eq!(app.get(TYPE, &admin).send().await.expect(200)["must_approve"], json!([]));
    for (given, field) in [
        (json!(["seller"]), "must_approve"),
        (json!(["owner", "admin"]), "must_approve"),
        (json!(["owner", "owner", "owner", "owner"]), "must_approve"),
        (json!(["captain"]), "must_approve[0]"),
        (json!("owner"), "must_approve"),
    ] {
        let refused = app.patch(TYPE, &admin).json(json!({ "must_approve": given })).send().await;
        assert_eq!(refused.fields(), [field], "{given}");
    }
    for (given, stored) in [
        (json!(["charterer", "owner", "charterer"]), json!(["owner", "charterer"])),
        (json!(["broker"]), json!(["broker"])),
        (json!(null), json!([])),
        (json!(["owner"]), json!(["owner"])),
        (json!([]), json!([])),
    ] {
        let changed = app.patch(TYPE, &admin).json(json!({ "must_approve": given })).send().await.expect(200);
        assert_eq!(changed["must_approve"], stored, "{given}");
        assert_eq!(app.get(TYPE, &admin).send().await.expect(200)["must_approve"], stored);
    }
    let told = app.get("/activities?action=document_type_updated&limit=1", &admin).send().await.expect(200);
    assert_eq!(told[0]["meta"]["changes"], json!({ "must_approve": { "from": ["owner"], "to": [] } }));
    let added = json!({
        "code": "NEW", "name": "New", "category": "cargo", "scope": "room", "requirement": "required",
        "criticality": "low", "gate": "planning", "must_approve": ["charterer", "broker"],
    });
    let added = app.post("/config/document-types", &admin).json(added).send().await.expect(201);
    assert_eq!(added["must_approve"], json!(["broker", "charterer"]));
}

async fn where_no_role_is_named_events_have_no_such_field(app: TestApp) {
    let scene = Scene::set(app, &[], &[("both", &["owner", "charterer"]), ("sela", &["seller"])]).await;
    scene.upload("sela", "a study").await;
    let decided = scene.approve("both").await;
    assert_eq!((&decided["status"], &decided["must_approve"]), (&json!("approved"), &json!([])));
    assert_eq!(fields_of_event(&scene.last().await["meta"]).get("roles"), None);
    let path = format!("/rooms/{}/activities?action=documents_opened", scene.room);
    let opened = scene.app.get(&path, scene.token("broker")).send().await.expect(200);
    for slot in opened[0]["meta"]["slots"].as_array().unwrap() {
        assert_eq!(slot.get("must_approve"), None, "{slot}");
    }
    let added =
        scene.app.get("/activities?action=document_type_added&limit=1", scene.token("admin")).send().await.expect(200);
    assert_eq!(added[0]["meta"].get("must_approve"), None, "{added}");
    // A decision in a role that is no longer had stays as it is.
    assert_eq!(scene.approve("both").await["newest"]["decision_count"], 1);
}

async fn the_form_of_a_type_has_a_box_for_each_role(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let path = "/admin/document-types/COMPAT";
    let shown = app.get(&format!("/{path}"), &admin).send().await.html();
    let form = PageForm::of(&shown, path).ticking("must_approve", "charterer").ticking("must_approve", "owner");
    assert_eq!(app.post(&format!("/{path}"), &admin).fields(&form.fields()).send().await.status, 303);
    assert_eq!(app.get(TYPE, &admin).send().await.expect(200)["must_approve"], json!(["owner", "charterer"]));
    let list = app.get("//admin/document-types", &admin).send().await.html();
    assert!(list.contains("approved by owner and charterer"), "{list}");
    // A form that touches another field leaves them.
    let shown = app.get(&format!("/{path}"), &admin).send().await.html();
    let form = PageForm::of(&shown, path);
    let other = form.clone().with("basis", "by agreement");
    assert_eq!(app.post(&format!("/{path}"), &admin).fields(&other.fields()).send().await.status, 303);
    assert_eq!(app.get(TYPE, &admin).send().await.expect(200)["must_approve"], json!(["owner", "charterer"]));
    let none = form.without("must_approve");
    assert_eq!(app.post(&format!("/{path}"), &admin).fields(&none.fields()).send().await.status, 303);
    assert_eq!(app.get(TYPE, &admin).send().await.expect(200)["must_approve"], json!([]));
    let forged = PageForm::of(&app.get(&format!("/{path}"), &admin).send().await.html(), path);
    let forged = forged.ticking("must_approve", "seller");
    let refused = app.post(&format!("/{path}"), &admin).fields(&forged.fields()).send().await;
    assert!(refused.status == 422 && refused.html().contains("must be of owner, broker, charterer"), "{refused:?}");
}

async fn pages_say_whose_reply_is_awaited(app: TestApp) {
    let scene = Scene::set(app, &["owner", "charterer"], USUAL).await;
    scene.upload("sela", "a study").await;
    scene.approve("broker").await;
    let text = async |path: &str, who: &str| {
        let reply = scene.app.get(&format!("/{path}"), scene.token(who)).send().await;
        words_of(&reply.html())
    };
    let list = format!("/rooms/{}/documents", scene.room);
    let shown = text(&list, "broker").await;
    assert!(shown.contains("awaiting reply from owner ole, charterer carl"), "{shown}");
    assert!(!shown.contains("approved by"), "{shown}");
    assert!(text(&list, "ole").await.contains("Waits for me"));
    let shown = text(&scene.document, "broker").await;
    for words in [
        "Must be approved by",
        "Awaiting reply from carl",
        "the status does not rest on it",
        "It takes the approval of an owner and a charterer; yours is shown beside.",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    scene.approve("ole").await;
    let shown = text(&list, "broker").await;
    assert!(shown.contains("awaiting reply from charterer carl"), "{shown}");
    scene.approve("carl").await;
    let shown = text(&list, "broker").await;
    assert!(shown.contains("approved by ole and 1 more") && !shown.contains("awaiting reply"), "{shown}");
}

/// The words of a page, without its tags.
fn words_of(page: &str) -> String {
    let words = page.split('<').map(|part| part.split_once('>').map_or(part, |(_, words)| words));
    words.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

struct Nobody;

impl Watch for Nobody {}

async fn the_way_down_leaves_the_roles_out_and_fsck_writes_them_anew(app: TestApp) {
    let scene = Scene::set(app, &["owner", "charterer"], &[("both", &["owner", "charterer"])]).await;
    scene.upload("broker", "a study").await;
    scene.approve("both").await;
    let app = &scene.app.app;
    let sound = async || fsck::run(app, Mode::Look, &mut Nobody).await.unwrap().findings.len();
    assert_eq!(sound().await, 0);
    let refused = take_back(app, &Actor::Operator, "025", false).await.unwrap_err().to_string();
    for named in ["`document_types.must_approve` (1)", "`documents.must_approve` (1)", "`decisions.roles` (1)"] {
        assert!(refused.contains(named), "{named}: {refused}");
    }
    take_back(app, &Actor::Operator, "025", true).await.unwrap();
    schema::bring_up(app, &Actor::System).await.unwrap();
    assert!(sound().await > 0);
    // The log tells them still.
    assert_eq!(scene.stands().await, (json!("approved"), json!([])));
    fsck::run(app, Mode::Repair, &mut Nobody).await.unwrap();
    assert_eq!(sound().await, 0);
    assert_eq!(
        scene.app.get(TYPE, scene.token("admin")).send().await.expect(200)["must_approve"],
        json!(["owner", "charterer"])
    );
}

#[test]
fn document_types_may_name_the_roles_that_decide_in_rooms() {
    let deciding: Vec<_> = DocumentApprove.roles().into_iter().filter(|role| *role != Role::Admin).collect();
    assert_eq!(deciding, DECIDING_ROLES);
    assert_eq!(DocumentApprove.roles(), DocumentReject.roles());
}

/// Who decides in the property below, with the roles that they have.
const DECIDERS: &[(&str, &[&str])] = &[
    ("ole", &["owner"]),
    ("carl", &["charterer"]),
    ("bo", &["broker"]),
    ("both", &["owner", "charterer"]),
    ("sela", &["seller"]),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    /// Approved is what nobody's last word rejects and somebody's last word approves: in each role that is named, and in
    /// any if none is. What it awaits are the roles that are missing, each with those who have it and did not upload.
    #[test]
    fn a_document_stands_by_the_last_words_in_the_roles_it_names(
        named in prop::collection::btree_set(0_usize..3, 0..=3),
        words in prop::collection::vec((0_usize..4, prop::bool::weighted(0.75)), 0..8),
    ) {
        let roles: Vec<_> = named.into_iter().map(|at| ["owner", "broker", "charterer"][at]).collect();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (document, in_list) = runtime.block_on(async {
            let scene = Scene::set(TestApp::on_sqlite().await, &roles, DECIDERS).await;
            scene.upload("sela", "a study").await;
            for (who, approves) in &words {
                let name = DECIDERS[*who].0;
                if *approves { scene.approve(name).await } else { scene.reject(name).await };
            }
            let listed = scene.app.documents(&scene.room, scene.token("broker")).await;
            (scene.document().await, listed.into_iter().find(|listed| listed["document_type"] == "COMPAT").unwrap())
        });
        let last = |who: usize| words.iter().rev().find(|(other, _)| *other == who).map(|(_, approves)| *approves);
        let approves = |role: &str| (0..4).any(|who| last(who) == Some(true) && DECIDERS[who].1.contains(&role));
        let missing: Vec<_> = roles.iter().filter(|role| !approves(role)).collect();
        let wanted = if (0..4).any(|who| last(who) == Some(false)) {
            "rejected"
        } else if words.is_empty() || !missing.is_empty() {
            "under_review"
        } else {
            "approved"
        };
        prop_assert_eq!(&document["status"], wanted);
        prop_assert_eq!(&in_list["status"], wanted);
        let awaited = document["awaited"].as_array().unwrap();
        let told: Vec<_> = awaited.iter().map(|awaited| awaited["role"].as_str().unwrap()).collect();
        let missing: Vec<_> = missing.into_iter().copied().filter(|_| wanted == "under_review").collect();
        prop_assert_eq!(told, missing);
        for awaited in awaited {
            // The room's broker was added when it was opened.
            let role = awaited["role"].as_str().unwrap();
            let able = DECIDERS.iter().filter(|(_, roles)| roles.contains(&role)).count() + usize::from(role == "broker");
            prop_assert_eq!(awaited["parties"].as_array().unwrap().len(), able);
        }
    }
}
