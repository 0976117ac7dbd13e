//! Two people in one form: both changes stand, and where they changed the same, the second is asked.

use proptest::{prelude::*, strategy::ValueTree};
use room::Role;
use serde_json::{Value, json};

use crate::harness::{IMO, PageForm, TestApp, fields_of_event, on_both_databases};

on_both_databases! {
    TestApp:
    what_others_change_in_other_fields_stands_and_the_log_names_who_changed_what,
    where_both_change_the_same_the_form_shows_both_and_sending_again_decides,
    a_save_that_changes_nothing_writes_no_entry_whatever_others_did,
    a_form_refused_for_what_was_typed_goes_on_from_what_it_was_filled_with,
    a_text_that_was_cut_to_its_beginning_is_a_change,
    a_reply_on_a_vessel_that_was_revoked_meanwhile_comes_back,
    a_waiver_that_a_colleague_gave_meanwhile_comes_back_with_both_reasons,
    no_interleaving_of_two_editors_loses_a_field_or_blames_the_other,
}

/// A form that edits: the page that has it, where it is sent, and two of its fields with what is typed into them.
struct Case {
    page: String,
    action: String,
    ours: (&'static str, &'static str),
    theirs: (&'static str, &'static str),
    /// What the page shows of a third person's value of the field that is `ours`.
    both: &'static str,
}

struct Scene {
    app: TestApp,
    room: String,
    cases: Vec<Case>,
    /// Two people who may use each of the forms.
    first: String,
    second: String,
}

impl Scene {
    async fn set(app: TestApp) -> Self {
        let (room, broker) = app.room().await;
        let first = app.user("first@example.com", Role::Admin).await;
        let second = app.user("second@example.com", Role::Admin).await;
        let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
        let id = |listed: Value, email: &str| {
            let found = listed.as_array().unwrap().iter().find(|row| row["email"] == email).unwrap().clone();
            found["id"].as_str().unwrap().to_owned()
        };
        let party =
            id(app.get(&format!("/rooms/{room}/parties"), &broker).send().await.expect(200), "buyer@example.com");
        let user = id(app.get("/users", &first).send().await.expect(200), "broker@example.com");
        let room = format!("/rooms/{room}");
        let case = |page: String, action: String, ours, theirs, both| Case { page, action, ours, theirs, both };
        let in_room = |path: &str| format!("{room}{path}");
        let edit = |path: String, ours, theirs, both| case(path.clone(), path, ours, theirs, both);
        let cases = vec![
            edit(
                in_room("/edit"),
                ("description", "At anchor\n in the lee"),
                ("sts_eta", "2026-12-02T18:30"),
                "At sea",
            ),
            edit(
                in_room(&format!("/vessels/{vessel}/edit")),
                ("owner", "Aegean \"A\" & Co"),
                ("flag", "Malta"),
                "At sea",
            ),
            edit(in_room(&format!("/parties/{party}")), ("company", "Aegean"), ("side", "receiving"), "At sea"),
            edit("/admin/document-types/COMPAT".into(), ("basis", "OCIMF"), ("warn_days", "3"), "At sea"),
            edit(format!("/admin/users/{user}"), ("name", "Zoë"), ("name", "Zoë"), "At sea"),
        ];
        Self { app, room, cases, first, second }
    }

    async fn form(&self, case: &Case, token: &str) -> PageForm {
        let page = self.app.get(&format!("/{}", case.page), token).send().await.html();
        PageForm::of(&page, &case.action)
    }

    async fn send(&self, case: &Case, token: &str, form: &PageForm) -> crate::harness::Reply {
        self.app.post(&format!("/{}", case.action), token).fields(&form.fields()).send().await
    }

    /// Returns who made each of the newest entries about changes, with the fields that they changed, oldest first.
    async fn edits(&self, most: usize) -> Vec<(String, Vec<String>)> {
        let entries = self.app.get("/activities?limit=20", &self.first).send().await.expect(200);
        let updates =
            entries.as_array().unwrap().iter().filter(|entry| entry["action"].as_str().unwrap().ends_with("_updated"));
        let mut edits: Vec<_> = updates
            .take(most)
            .map(|entry| {
                let changes = entry["meta"]["changes"].as_object().unwrap().keys().cloned().collect();
                (entry["actor"].as_str().unwrap().to_owned(), changes)
            })
            .collect();
        edits.reverse();
        edits
    }
}

async fn what_others_change_in_other_fields_stands_and_the_log_names_who_changed_what(app: TestApp) {
    let scene = Scene::set(app).await;
    for case in scene.cases.iter().filter(|case| case.ours.0 != case.theirs.0) {
        let (ours, theirs) = (scene.form(case, &scene.first).await, scene.form(case, &scene.second).await);
        let theirs = theirs.with(case.theirs.0, case.theirs.1);
        assert_eq!(scene.send(case, &scene.second, &theirs).await.status, 303, "{}", case.page);
        let ours = ours.with(case.ours.0, case.ours.1);
        assert_eq!(scene.send(case, &scene.first, &ours).await.status, 303, "{}", case.page);
        let now = scene.form(case, &scene.first).await;
        assert_eq!((now.shows(case.ours.0), now.shows(case.theirs.0)), (case.ours.1, case.theirs.1), "{}", case.page);
        let who = |email: &str, field: &str| (email.to_owned(), vec![field.to_owned()]);
        let told = [who("second@example.com", case.theirs.0), who("first@example.com", case.ours.0)];
        assert_eq!(scene.edits(2).await, told, "{}", case.page);
    }
}

async fn where_both_change_the_same_the_form_shows_both_and_sending_again_decides(app: TestApp) {
    let scene = Scene::set(app).await;
    for case in &scene.cases {
        let (ours, theirs) = (scene.form(case, &scene.first).await, scene.form(case, &scene.second).await);
        let mut theirs = theirs.with(case.ours.0, case.both);
        if case.ours.0 != case.theirs.0 {
            theirs = theirs.with(case.theirs.0, case.theirs.1);
        }
        assert_eq!(scene.send(case, &scene.second, &theirs).await.status, 303, "{}", case.page);
        let before = scene.edits(20).await.len();
        let ours = ours.with(case.ours.0, case.ours.1);
        let refused = scene.send(case, &scene.first, &ours).await;
        assert_eq!(refused.status, 412, "{}", case.page);
        let page = refused.html();
        let told = format!("It is now: <strong>{}</strong>, by second@example.com, <time", case.both);
        assert!(page.contains(&told) && page.contains("What you typed is kept"), "{page}");
        assert_eq!(scene.edits(20).await.len(), before, "{}", case.page);

        // What nobody else touched is as it is now; what was typed is kept, and sending it again decides.
        let again = PageForm::of(&page, &case.action);
        assert_eq!(again.shows(case.ours.0), case.ours.1, "{}", case.page);
        if case.ours.0 != case.theirs.0 {
            assert_eq!(again.shows(case.theirs.0), case.theirs.1, "{}", case.page);
        }
        assert_eq!(scene.send(case, &scene.first, &again).await.status, 303, "{}", case.page);
        assert_eq!(scene.form(case, &scene.first).await.shows(case.ours.0), case.ours.1, "{}", case.page);
        assert_eq!(scene.edits(1).await, [("first@example.com".to_owned(), vec![case.ours.0.to_owned()])]);
        // The form that was sent first has nothing left to say.
        assert_eq!(scene.send(case, &scene.first, &ours).await.status, 303, "{}", case.page);
        assert_eq!(scene.edits(20).await.len(), before + 1, "{}", case.page);
    }
    boxes_and_roles_come_back_with_both_values(&scene).await;
}

async fn boxes_and_roles_come_back_with_both_values(scene: &Scene) {
    let types = &scene.cases[3];
    let (ours, theirs) = (scene.form(types, &scene.first).await, scene.form(types, &scene.second).await);
    let theirs = theirs.ticking("profiles", "lpg_lng").without("enabled");
    assert_eq!(scene.send(types, &scene.second, &theirs).await.status, 303);
    let refused = scene.send(types, &scene.first, &ours.ticking("profiles", "chem")).await;
    assert_eq!(refused.status, 412);
    let again = PageForm::of(&refused.html(), &types.action);
    let ticked: Vec<_> =
        again.fields().into_iter().filter(|(name, _)| ["profiles", "enabled"].contains(name)).collect();
    assert_eq!(ticked, [("profiles", "chem")], "only what was touched is kept");

    let role = Case { action: format!("{}/role", scene.cases[4].action), page: scene.cases[4].page.clone(), ..*types };
    let (ours, theirs) = (scene.form(&role, &scene.first).await, scene.form(&role, &scene.second).await);
    assert_eq!(scene.send(&role, &scene.second, &theirs.with("role", "seller")).await.status, 303);
    assert_eq!(scene.send(&role, &scene.first, &ours).await.status, 303, "what was not touched is not changed");
    let refused = scene.send(&role, &scene.first, &ours.with("role", "buyer")).await;
    assert_eq!(refused.status, 412);
    assert!(refused.html().contains("It is now: <strong>Seller</strong>, by second@example.com"), "{}", refused.html());
    let again = PageForm::of(&refused.html(), &role.action);
    assert_eq!(scene.send(&role, &scene.first, &again).await.status, 303);
    assert_eq!(scene.form(&role, &scene.first).await.shows("role"), "buyer");
}

async fn a_save_that_changes_nothing_writes_no_entry_whatever_others_did(app: TestApp) {
    let scene = Scene::set(app).await;
    for case in &scene.cases {
        let ours = scene.form(case, &scene.first).await;
        let theirs = ours.clone().with(case.theirs.0, case.theirs.1);
        assert_eq!(scene.send(case, &scene.second, &theirs).await.status, 303);
        let before = scene.edits(20).await.len();
        assert_eq!(scene.send(case, &scene.first, &ours).await.status, 303, "{}", case.page);
        // The same as a colleague, or a second click.
        assert_eq!(scene.send(case, &scene.first, &theirs).await.status, 303, "{}", case.page);
        assert_eq!(scene.edits(20).await.len(), before, "{}", case.page);
        assert_eq!(scene.form(case, &scene.first).await.shows(case.theirs.0), case.theirs.1);
    }
}

async fn a_form_refused_for_what_was_typed_goes_on_from_what_it_was_filled_with(app: TestApp) {
    let scene = Scene::set(app).await;
    let case = &scene.cases[0];
    let ours = scene.form(case, &scene.first).await.with("title", " ").with("location", "Malta");
    let theirs = scene.form(case, &scene.second).await.with("location", "Hurd Bank");
    assert_eq!(scene.send(case, &scene.second, &theirs).await.status, 303);
    let refused = scene.send(case, &scene.first, &ours).await;
    assert_eq!(refused.status, 422, "{}", refused.html());
    let mended = PageForm::of(&refused.html(), &case.action).with("title", "STS Gozo");
    let refused = scene.send(case, &scene.first, &mended).await;
    assert_eq!(refused.status, 412, "the location was changed since the form was opened");
    assert!(refused.html().contains("It is now: <strong>Hurd Bank</strong>"), "{}", refused.html());
    let again = PageForm::of(&refused.html(), &case.action);
    assert_eq!((again.shows("title"), again.shows("location")), ("STS Gozo", "Malta"));
    let later = scene.form(case, &scene.second).await.with("location", "Off Gozo");
    assert_eq!(scene.send(case, &scene.second, &later).await.status, 303);
    let refused = scene.send(case, &scene.first, &again).await;
    assert_eq!(refused.status, 412, "the location that was changed once more was not seen");
    assert!(refused.html().contains("It is now: <strong>Off Gozo</strong>"));
}

async fn a_text_that_was_cut_to_its_beginning_is_a_change(app: TestApp) {
    let scene = Scene::set(app).await;
    let case = &scene.cases[0];
    // As long as a time to the minute, which a field shows of an instant.
    for text in ["At anchor, Ceuta roads", "At anchor, Ceuta"] {
        let form = scene.form(case, &scene.first).await.with("description", text);
        assert_eq!(scene.send(case, &scene.first, &form).await.status, 303);
        assert_eq!(scene.form(case, &scene.first).await.shows("description"), text);
    }
}

async fn a_reply_on_a_vessel_that_was_revoked_meanwhile_comes_back(app: TestApp) {
    let scene = Scene::set(app).await;
    let Scene { app, room, first, cases, .. } = &scene;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let path = format!("{room}/clearance/{}", cases[1].page.split('/').nth(4).unwrap());
    let page = async || app.get(&format!("/{path}"), &owner).send().await.html();
    let send = async |form: PageForm| app.post(&format!("/{path}"), &owner).fields(&form.fields()).send().await;
    let (empty, rejection) = (PageForm::of(&page().await, &path), "too old");
    assert_eq!(send(empty.clone().with("subjects", "a survey")).await.status, 303);
    // A second tab that was opened before the first reply.
    let stale = send(empty.clone().with("subjects", "a pilot")).await;
    assert_eq!(stale.status, 412);
    assert!(stale.html().contains("a survey") && stale.html().contains(">a pilot</textarea>"), "{}", stale.html());
    assert_eq!(send(empty.with("subjects", "a survey")).await.status, 303, "a second click");

    // The last form of the page is the one that rejects.
    let reject = |page: &str| PageForm::of(&page[page.rfind("<form").unwrap()..], &path);
    let before = page().await;
    let reply = app.get(&format!("{room}/approvals"), &owner).send().await.expect(200);
    let revoke = format!("{room}/approvals/{}/revoke", reply[0]["id"].as_str().unwrap());
    let form =
        PageForm::of(&app.get(&format!("/{revoke}"), first).send().await.html(), &revoke).with("reason", "a mistake");
    let revoked = app.post(&format!("/{revoke}"), first).fields(&form.fields()).send().await;
    assert_eq!(revoked.status, 303);
    let refused = send(reject(&before).with("reason", rejection)).await;
    assert_eq!(refused.status, 412, "{}", refused.html());
    let shown = refused.html();
    assert!(shown.contains("It is now: <strong>Pending</strong>, by first@example.com"), "{shown}");
    assert_eq!(send(reject(&shown)).await.status, 303);
    let reply = app.get(&format!("{room}/approvals"), &owner).send().await.expect(200);
    assert_eq!((&reply[0]["status"], &reply[0]["reason"]), (&json!("rejected"), &json!(rejection)));
    // Whoever revokes what was another reply has not seen this one.
    let another = form.with("once", "another");
    let refused = app.post(&format!("/{revoke}"), first).fields(&another.fields()).send().await;
    assert_eq!(refused.status, 412);
    assert!(refused.html().contains("a mistake</textarea>"), "{}", refused.html());
}

async fn a_waiver_that_a_colleague_gave_meanwhile_comes_back_with_both_reasons(app: TestApp) {
    let scene = Scene::set(app).await;
    let Scene { app, room, first, second, .. } = &scene;
    let documents = app.documents(&room[7..], first).await;
    let conditional = documents.iter().find(|document| document["requirement"] == "conditional").unwrap();
    let document = format!("{room}/documents/{}", conditional["id"].as_str().unwrap());
    let (waive, withdraw) = (format!("{document}/waiver"), format!("{document}/waiver/withdraw"));
    let page = async |token: &str| app.get(&format!("/{document}"), token).send().await.html();
    let send = async |path: &str, token: &str, form: &PageForm| {
        app.post(&format!("/{path}"), token).fields(&form.fields()).send().await
    };
    let empty = PageForm::of(&page(first).await, &waive);
    assert_eq!(send(&waive, second, &empty.clone().with("reason", "below 2000 t")).await.status, 303);
    let refused = send(&waive, first, &empty.with("reason", "not ours")).await;
    assert_eq!(refused.status, 412);
    let shown = refused.html();
    assert!(shown.contains("It is now: <strong>below 2000 t</strong>, by second@example.com"), "{shown}");
    let stale = PageForm::of(&page(first).await, &withdraw);
    assert_eq!(send(&waive, first, &PageForm::of(&shown, &waive)).await.status, 303, "sending it again decides");
    let refused = send(&withdraw, second, &stale).await;
    assert_eq!(refused.status, 412);
    assert!(refused.html().contains("It is now: <strong>not ours</strong>"), "{}", refused.html());
    assert_eq!(send(&withdraw, second, &PageForm::of(&refused.html(), &withdraw)).await.status, 303);
    let told = app.get(&document, first).send().await.expect(200);
    assert_eq!(told["waiver"], Value::Null);
}

/// What one of two editors does: opens the form, types into a field, or sends it.
#[derive(Debug, Clone)]
enum Step {
    Open(usize),
    Type(usize, usize, usize),
    Send(usize),
}

/// The fields that the editors type into, each with its values; the first is what the room begins with.
const TYPED: [(&str, [&str; 3]); 4] = [
    ("title", ["STS Ceuta", "STS Malta", "STS Gozo"]),
    ("sts_eta", ["2026-12-01T06:30", "2026-12-02T18:30", "2026-12-03T00:00"]),
    ("description", ["", "At anchor", "At sea\nin the lee"]),
    ("cargo_profile", ["oil", "chem", ""]),
];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => (0..2_usize).prop_map(Step::Open),
        4 => (0..2_usize, 0..4_usize, 0..3_usize).prop_map(|(who, field, value)| Step::Type(who, field, value)),
        2 => (0..2_usize).prop_map(Step::Send),
    ]
}

/// A form as one of the editors has it: what it was filled with, and what it has now.
#[derive(Debug, Clone, Copy)]
struct Open {
    filled: [&'static str; 4],
    has: [&'static str; 4],
}

/// Sends a form to the model. Returns the fields that it changes; `None` if it comes back.
fn send_to_model(form: &mut Open, now: &mut [&'static str; 4]) -> Option<Vec<String>> {
    let fields = || 0..TYPED.len();
    let is_touched = |at: usize| form.has[at] != form.filled[at];
    let is_overtaken = |at: usize| is_touched(at) && form.filled[at] != now[at] && form.has[at] != now[at];
    if fields().any(is_overtaken) {
        let has = std::array::from_fn(|at| if is_touched(at) { form.has[at] } else { now[at] });
        *form = Open { filled: *now, has };
        return None;
    }
    let changed: Vec<_> = fields().filter(|at| is_touched(*at) && form.has[*at] != now[*at]).collect();
    for at in &changed {
        now[*at] = form.has[*at];
    }
    let mut names: Vec<_> = changed.iter().map(|at| TYPED[*at].0.to_owned()).collect();
    names.sort();
    Some(names)
}

async fn no_interleaving_of_two_editors_loses_a_field_or_blames_the_other(app: TestApp) {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (first, broker) =
        (app.user("first@example.com", Role::Admin).await, app.user("broker@example.com", Role::Broker).await);
    let editors = [("first@example.com", first), ("broker@example.com", broker)];
    for _ in 0..6 {
        let steps = prop::collection::vec(step(), 10..25).new_tree(&mut runner).unwrap().current();
        let room = app.post("/rooms", &editors[1].1).json(crate::harness::new_room(&[])).send().await.expect(201);
        let path = format!("/rooms/{}", room["id"].as_str().unwrap());
        follow(&app, &path, &editors, &steps).await;
    }
}

/// Has the editors do what the steps say, and holds each page and the log against the model.
async fn follow(app: &TestApp, path: &str, editors: &[(&str, String); 2], steps: &[Step]) {
    let action = format!("{path}/edit");
    let mut now = TYPED.map(|(_, values)| values[0]);
    let open =
        async |who: usize| PageForm::of(&app.get(&format!("/{action}"), &editors[who].1).send().await.html(), &action);
    let mut models = [Open { filled: now, has: now }; 2];
    let mut forms = [open(0).await, open(1).await];
    let mut told = Vec::new();
    for step in steps.iter().chain(&[Step::Send(0), Step::Send(1), Step::Send(0), Step::Send(1)]) {
        match *step {
            Step::Open(who) => (models[who], forms[who]) = (Open { filled: now, has: now }, open(who).await),
            Step::Type(who, field, value) => {
                let (name, values) = TYPED[field];
                models[who].has[field] = values[value];
                forms[who] = forms[who].clone().with(name, values[value]);
            }
            Step::Send(who) => {
                let reply = app.post(&format!("/{action}"), &editors[who].1).fields(&forms[who].fields()).send().await;
                if let Some(changed) = send_to_model(&mut models[who], &mut now) {
                    assert_eq!(reply.status, 303, "{steps:?}: {reply:?}");
                    told.extend((!changed.is_empty()).then(|| (editors[who].0.to_owned(), changed)));
                    (models[who], forms[who]) = (Open { filled: now, has: now }, open(who).await);
                } else {
                    assert_eq!(reply.status, 412, "{steps:?}");
                    forms[who] = PageForm::of(&reply.html(), &action);
                }
            }
        }
        for (model, form) in models.iter().zip(&forms) {
            let shown: Vec<_> = TYPED.iter().map(|(name, _)| form.shows(name)).collect();
            assert_eq!(shown, model.has, "{steps:?}");
        }
    }
    let entries =
        app.get(&format!("{path}/activities?limit=100&action=room_updated"), &editors[1].1).send().await.expect(200);
    let logged = entries.as_array().unwrap().iter().rev().map(|entry| {
        let changes = fields_of_event(&entry["meta"])["changes"].as_object().unwrap().keys().cloned().collect();
        (entry["actor"].as_str().unwrap().to_owned(), changes)
    });
    assert_eq!(logged.collect::<Vec<(String, Vec<String>)>>(), told, "{steps:?}");
    assert_eq!(open(0).await.shows("title"), now[0]);
}
