//! A form that is sent twice, as by a double click, makes one thing, and leads where the first led.

use room::Role;
use serde_json::json;
use sts_clearance::pages;

use crate::harness::{IMO, PageForm, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    every_form_that_makes_something_is_done_once,
    a_form_that_was_done_and_has_something_else_typed_into_it_asks,
}

/// The forms that have no key, and why a second time does nothing. A test holds both lists against the table of pages.
const WITHOUT: [(&str, &str); 39] = [
    ("/sign-in", "it makes a session, which only who gets the answer has"),
    ("/sign-out", "a session ends once"),
    ("/set-up", "there is one first admin"),
    ("/account/password", "the present password is another one after the first time"),
    ("/account/details", "only what was touched is changed, and the second finds it so"),
    ("/account/mails", "only what was touched is changed, and the second finds it so"),
    ("/rooms/{room_id}/mails", "the second chooses the same"),
    ("/account/name", "only what was touched is changed, and the second finds it so"),
    ("/account/erase", "what is erased is gone"),
    ("/account/sessions/{session_id}/end", "a session ends once"),
    ("/account/sessions/end-others", "a session ends once"),
    ("/verify", "it makes nothing"),
    ("/link", "a link is used once"),
    ("/forgotten", "another mail with another link to the same"),
    (
        "/rooms/{room_id}/parties/{party_id}/invitation",
        "a link that was shown is not shown again; another one leads to the same",
    ),
    ("/rooms/{room_id}/parties/{party_id}/invitation/withdraw", "what is withdrawn is gone"),
    ("/admin/mail/test", "a test that is asked for twice comes twice"),
    ("/admin/mail/try-now", "it makes nothing: what waits is tried"),
    ("/admin/mail/{mail_id}/send-again", "a mail that waits is not sent twice for it"),
    ("/rooms/{room_id}/snapshots/{snapshot_id}/verify", "it makes nothing"),
    ("/rooms/{room_id}/edit", "it says what it starts from, and the second finds it so"),
    (
        "/rooms/{room_id}/parties/several",
        "it has a key; `pages::several_parties` sends it, since another form leads to it",
    ),
    ("/rooms/{room_id}/parties/{party_id}", "it says what it starts from, and the second finds it so"),
    ("/rooms/{room_id}/vessels/{vessel_id}/edit", "it says what it starts from, and the second finds it so"),
    ("/admin/document-types/{code}", "it says what it starts from, and the second finds it so"),
    ("/admin/users/{user_id}", "it says what it starts from, and the second finds it so"),
    ("/admin/users/{user_id}/role", "it says what it starts from, and the second finds it so"),
    ("/admin/users/{user_id}/access", "it says what it is to be, and the second finds it so"),
    ("/admin/users/{user_id}/link", "a link that was shown is not shown again; another one takes its place"),
    ("/admin/users/requests/{request_id}/withdraw", "what is withdrawn is gone"),
    ("/rooms/{room_id}/documents/{document_id}/versions", "the same bytes again add no version"),
    ("/rooms/{room_id}/documents/reject", "it has a key; `pages::several` sends it, since another form leads to it"),
    ("/rooms/{room_id}/documents/{document_id}/waiver/withdraw", "it says which waiver, and that is gone"),
    ("/rooms/{room_id}/parties/{party_id}/remove", "what is removed is gone"),
    ("/rooms/{room_id}/vessels/{vessel_id}/remove", "what is removed is gone"),
    ("/rooms/{room_id}/delete", "what is deleted is gone, and nobody asks for it twice"),
    ("/rooms/{room_id}/snapshots/{snapshot_id}/delete", "what is deleted is gone, and nobody asks for it twice"),
    ("/rooms/{room_id}/snapshots/{snapshot_id}/retry", "only a failed snapshot is retried"),
    ("/rooms/{room_id}/holds/{hold_id}", "nobody confirms their own request"),
];

/// A form: the route that it is sent to, the page that has it, where it is sent, who sends it, and what they type.
struct Case<'a> {
    route: &'static str,
    page: String,
    action: String,
    by: &'a str,
    typed: Vec<(&'static str, &'a str)>,
}

fn case<'a>(route: &'static str, page: &str, action: &str, by: &'a str, typed: &[(&'static str, &'a str)]) -> Case<'a> {
    Case { route, page: page.to_owned(), action: action.to_owned(), by, typed: typed.to_vec() }
}

/// A form that is sent to its own page.
fn own<'a>(route: &'static str, path: &str, by: &'a str, typed: &[(&'static str, &'a str)]) -> Case<'a> {
    case(route, path, path, by, typed)
}

/// Returns the forms of documents: one that is decided on, one that is waived, and one whose version has no date.
fn of_documents<'a>([study, conditional, undated, version]: [&str; 4], broker: &'a str) -> [Case<'a>; 6] {
    let why = [("reason", "a test")];
    [
        case(
            "/rooms/{room_id}/documents/{document_id}/approve",
            study,
            &format!("{study}/approve"),
            broker,
            &[("subjects", "a survey")],
        ),
        case("/rooms/{room_id}/documents/{document_id}/reject", study, &format!("{study}/reject"), broker, &why),
        case(
            "/rooms/{room_id}/documents/{document_id}/waiver",
            conditional,
            &format!("{conditional}/waiver"),
            broker,
            &why,
        ),
        case(
            "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/date-waiver",
            undated,
            &format!("{version}/date-waiver"),
            broker,
            &why,
        ),
        case(
            "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/date",
            undated,
            &format!("{version}/date"),
            broker,
            &[("expires_on", "2027-06-30")],
        ),
        case(
            "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/withdraw",
            &format!("{version}/withdraw"),
            &format!("{version}/withdraw"),
            broker,
            &why,
        ),
    ]
}

async fn every_form_that_makes_something_is_done_once(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let [admin, second] = [app.user("a@example.com", Role::Admin).await, app.user("b@example.com", Role::Admin).await];
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let study = app.document(&room, &broker, "COMPAT", None).await;
    let studied = app.version(&study, &owner, "study", &[]).await;
    let selected = [("paper", studied["version"]["id"].as_str().unwrap())];
    let undated = app.document(&room, &broker, "FENDER_CERT", None).await;
    let version = app.version(&undated, &owner, "fenders", &[]).await;
    let version = format!("{undated}/versions/{}", version["version"]["id"].as_str().unwrap());
    let documents = app.documents(&room, &broker).await;
    let conditional = documents.iter().find(|document| document["requirement"] == "conditional").unwrap();
    let conditional = format!("/rooms/{room}/documents/{}", conditional["id"].as_str().unwrap());
    let given = json!({ "vessel_id": vessel, "status": "approved" });
    let approval = app.post(&format!("/rooms/{room}/approvals"), &broker).json(given).send().await.expect(201);
    let asked = json!({ "email": "c@example.com", "name": "C", "role": "admin", "password": "another long one" });
    app.post("/users", &admin).json(asked).send().await.expect(202);
    let request = app.get("/users/requests", &admin).send().await.expect(200)[0]["id"].as_str().unwrap().to_owned();

    let in_room = |rest: &str| format!("/rooms/{room}{rest}");
    let new_room = [("title", "STS Malta"), ("location", "Hurd Bank"), ("sts_eta", "2026-12-01T06:30")];
    let party = [("name", "Zoë"), ("email", "zoe@example.com"), ("roles", "buyer")];
    let barge = [("name", "Barge"), ("role", "other"), ("no_imo_reason", "a barge")];
    let kind = [
        ("code", "NEW"),
        ("name", "New"),
        ("category", "cargo"),
        ("scope", "room"),
        ("requirement", "optional"),
        ("criticality", "low"),
        ("gate", "planning"),
    ];
    let user = [("name", "New"), ("email", "new@example.com"), ("role", "buyer")];
    let revoke = in_room(&format!("/approvals/{}/revoke", approval["id"].as_str().unwrap()));
    let why = [("reason", "a test")];
    let (list, approve) = (in_room("/documents"), in_room("/documents/approve"));
    let of_room = [
        case("/rooms/{room_id}/documents/approve", &list, &approve, &broker, &selected),
        own("/rooms/new", "/rooms/new", &broker, &new_room),
        own("/rooms/{room_id}/parties", &in_room("/parties"), &broker, &party),
        own("/rooms/{room_id}/vessels", &in_room("/vessels"), &broker, &barge),
        own("/rooms/{room_id}/snapshots", &in_room("/snapshots"), &broker, &[("title", "Before planning")]),
        own("/rooms/{room_id}/phase", &in_room("/phase"), &broker, &why),
        own("/rooms/{room_id}/phase/back", &in_room("/phase/back"), &broker, &why),
        own("/rooms/{room_id}/approvals/{approval_id}/revoke", &revoke, &broker, &why),
        own("/rooms/{room_id}/holds", &in_room("/holds"), &admin, &why),
        own("/admin/document-types/new", "/admin/document-types/new", &admin, &kind),
        own("/admin/users/new", "/admin/users/new", &admin, &user),
        own("/admin/users/requests/{request_id}", &format!("/admin/users/requests/{request}"), &second, &[]),
        own("/rooms/{room_id}/clearance/{vessel_id}", &in_room(&format!("/clearance/{vessel}")), &owner, &[]),
    ];
    let cases = of_documents([&study, &conditional, &undated, &version], &broker).into_iter().chain(of_room);
    let cases: Vec<_> = cases.collect();
    for Case { route, page, action, by, typed } in &cases {
        let form = PageForm::of(&app.get(&format!("/{page}"), by).send().await.html(), action);
        let form = typed.iter().fold(form, |form, (name, value)| match *name {
            "roles" | "paper" => form.ticking(name, value),
            name => form.with(name, value),
        });
        assert!(!form.shows("once").is_empty(), "{route} has no key");
        let send = async || app.post(&format!("/{action}"), by).fields(&form.fields()).send().await;
        let size = log_size(&app, &admin).await;
        let first = send().await;
        assert_eq!(first.status, 303, "{route}: {first:?}");
        let grown = log_size(&app, &admin).await;
        assert!(grown > size, "{route} makes nothing");
        let second = send().await;
        assert_eq!((second.status, second.header("location")), (303, first.header("location")), "{route}: {second:?}");
        assert_eq!(log_size(&app, &admin).await, grown, "{route} was done twice");
    }
    let known: Vec<_> = cases.iter().map(|case| case.route).chain(WITHOUT.map(|(route, _)| route)).collect();
    each_form_is_known(known);
}

/// Holds the two lists against the table of pages.
fn each_form_is_known(mut known: Vec<&str>) {
    let table = pages::routes();
    let mut forms: Vec<_> =
        table.table().iter().filter(|route| route.method == "POST").map(|route| route.path).collect();
    forms.sort_unstable();
    known.sort_unstable();
    assert_eq!(forms, known, "a form has a key, and a case here, or its reason in `WITHOUT`");
}

async fn log_size(app: &TestApp, admin: &str) -> u64 {
    let all = app.get("/activities?limit=1", admin).send().await;
    all.expect(200);
    all.header("x-total-count").parse().unwrap()
}

async fn a_form_that_was_done_and_has_something_else_typed_into_it_asks(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let form = PageForm::of(&app.get("//rooms/new", &broker).send().await.html(), "/rooms/new");
    let form = form.with("title", "STS Malta").with("location", "Hurd Bank").with("sts_eta", "2026-12-01T06:30");
    let send = async |form: &PageForm| app.post("//rooms/new", &broker).fields(&form.fields()).send().await;
    assert_eq!(send(&form.clone().with("title", " ")).await.status, 422, "what was refused leaves the key free");
    assert_eq!(send(&form).await.status, 303);
    let asked = send(&form.clone().with("title", "STS Gozo")).await;
    assert_eq!(asked.status, 409);
    assert!(asked.html().contains("This form was sent before, and that was done."), "{}", asked.html());
    let again = PageForm::of(&asked.html(), "/rooms/new");
    assert_eq!((again.shows("title"), again.shows("once") == form.shows("once")), ("STS Gozo", false));
    assert_eq!(send(&again).await.status, 303);
    assert_eq!(app.get("/rooms", &broker).send().await.header("x-total-count"), "2");
}
