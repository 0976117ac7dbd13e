//! Administration: accounts, the catalogue, holds, and the state of the server.

use room::Role;
use serde_json::{Value, json};

use crate::harness::{PageForm, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_document_type_is_added_changed_and_taken_out_of_use_by_forms,
    a_hold_is_placed_and_lifted_by_two_admins_on_pages,
    an_account_that_an_admin_makes_is_opened_by_a_link,
    an_account_is_changed_and_shut_by_forms_but_not_ones_own,
    sessions_are_listed_and_ended_one_by_one_or_all_others,
    how_the_server_does_is_told_to_admins,
}

const TYPE: [(&str, &str); 9] = [
    ("code", "BARGE_CERT"),
    ("name", "Barge certificate"),
    ("category", "statutory"),
    ("scope", "vessel"),
    ("requirement", "conditional"),
    ("criticality", "high"),
    ("gate", "clearance"),
    ("validity_days", "365"),
    ("aliases", "BARGE  BARGE_C"),
];

async fn a_document_type_is_added_changed_and_taken_out_of_use_by_forms(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let new = "//admin/document-types/new";
    let refused =
        app.post(new, &admin).fields(&[("code", "lower"), ("name", "Barge"), ("gate", "clearance")]).send().await;
    assert_eq!(refused.status, 422);
    let page = refused.html();
    assert!(page.contains("value=\"lower\"") && page.contains("Category is missing"), "{page}");

    let fields = [&TYPE[..], &[("enabled", "true"), ("profiles", "oil"), ("profiles", "chem")]].concat();
    let added = app.post(new, &admin).fields(&fields).send().await;
    assert_eq!((added.status, added.header("location")), (303, "/admin/document-types"));
    let kind = app.get("/config/document-types/BARGE_CERT", &admin).send().await.expect(200);
    assert_eq!(kind["profiles"], json!(["oil", "chem"]));
    assert_eq!(kind["aliases"], json!(["BARGE", "BARGE_C"]));
    assert_eq!((&kind["validity_days"], &kind["enabled"]), (&json!(365), &json!(true)));
    let again = app.post(new, &admin).fields(&fields).send().await;
    assert_eq!(again.status, 409);
    assert!(again.html().contains("names a document type already"));

    let page = app.get("//admin/document-types/BARGE_CERT", &admin).send().await.html();
    assert!(page.contains("value=\"BARGE BARGE_C\"") && page.contains("value=\"chem\" checked"), "{page}");
    let changed = app.post("//admin/document-types/BARGE_CERT", &admin).fields(&TYPE[1..8]).send().await;
    assert_eq!(changed.status, 303);
    let kind = app.get("/config/document-types/BARGE_CERT", &admin).send().await.expect(200);
    assert_eq!((&kind["profiles"], &kind["aliases"], &kind["enabled"]), (&json!([]), &json!([]), &json!(false)));
}

async fn a_hold_is_placed_and_lifted_by_two_admins_on_pages(app: TestApp) {
    let (room, _) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let other = app.user("other@example.com", Role::Admin).await;
    assert!(app.get("//admin/holds", &admin).send().await.html().contains("Nothing is under hold."));

    let path = format!("//rooms/{room}/holds");
    let blank = app.post(&path, &admin).fields(&[("reason", " "), ("snapshot_id", "")]).send().await;
    assert_eq!(blank.status, 422);
    assert_eq!(app.post(&path, &admin).fields(&[("reason", "A claim")]).send().await.status, 303);
    let held = app.get(&format!("/rooms/{room}/holds"), &admin).send().await.expect(200);
    assert_eq!(held[0]["snapshot_id"], Value::Null);

    let lift = format!("{path}/{}", held[0]["id"].as_str().unwrap());
    assert_eq!(app.post(&lift, &admin).fields(&[("reason", "The claim is settled")]).send().await.status, 303);
    let page = app.get("//admin/holds", &other).send().await.html();
    assert!(page.contains("Lift a hold") && page.contains("admin@example.com"), "what waits is shown: {page}");
    let own = app.post(&lift, &admin).fields(&[("reason", "")]).send().await;
    assert_eq!(own.status, 409);
    assert!(own.html().contains("You have asked for this; another admin has to confirm it"));
    let page = app.get(&lift, &other).send().await.html();
    assert!(page.contains("The claim is settled") && page.contains(">Lift the hold<"), "{page}");
    assert_eq!(app.post(&lift, &other).fields(&[("reason", "")]).send().await.status, 303);
    let page = app.get("//admin/holds", &admin).send().await.html();
    assert!(page.contains("Nothing waits.") && page.contains("Lifted"), "{page}");
    assert_eq!(app.get(&lift, &other).header("accept", "text/html").send().await.status, 409);
}

async fn an_account_that_an_admin_makes_is_opened_by_a_link(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let new = "//admin/users/new";
    let page = app.get(new, &admin).send().await.html();
    assert!(!page.contains("name=\"password\"") && page.contains("This server sends no mail"), "{page}");
    let refused = app.post(new, &admin).fields(&[("email", "ops"), ("name", "Ops")]).send().await;
    assert_eq!(refused.status, 422);
    let page = refused.html();
    assert!(page.contains("value=\"ops\"") && page.contains("Role is missing"), "{page}");

    let fields = [("email", "Ops@Example.com"), ("name", "Ops"), ("role", "broker")];
    let made = app.post(new, &admin).fields(&fields).send().await;
    let user = made.header("location").to_owned();
    assert_eq!(made.status, 303, "{made:?}");
    let listed = app.get("//admin/users?q=ops", &admin).send().await.html();
    assert!(listed.contains("ops@example.com") && listed.contains("No own password yet"), "{listed}");
    assert!(app.get("//admin/users?q=nobody", &admin).send().await.html().contains("No account is called that."));
    let page = app.get(&format!("/{user}"), &admin).send().await.html();
    assert!(page.contains("A link waits to be handed over"), "{page}");

    let given = app.post(&format!("/{user}/link"), &admin).fields(&[("by", "hand")]).send().await.html();
    let link = given.split('"').find(|part| part.contains("/link?token=")).unwrap();
    let path = format!("/{}", &link[link.find("/link").unwrap()..]);
    let page = app.get(&path, "").send().await.html();
    assert!(page.contains("Choose a password") && page.contains("ops@example.com"), "{page}");
    let form = PageForm::of(&page, "/link").with("new_password", "one of my own choice");
    let send = || app.post("//link", "").header("host", "localhost").header("origin", "http://localhost");
    let signed_in = send().fields(&form.fields()).send().await;
    assert_eq!((signed_in.status, signed_in.header("location")), (303, "/"), "{signed_in:?}");
    let token = signed_in.header("set-cookie").split(['=', ';']).nth(1).unwrap().to_owned();
    assert_eq!(app.get("//", &token).send().await.status, 200);
    assert_eq!(send().fields(&form.fields()).send().await.status, 410, "a link is used once");
    let page = app.get(&format!("/{user}"), &admin).send().await.html();
    assert!(page.contains("Link used") && page.contains("Enabled"), "{page}");
}

async fn an_account_is_changed_and_shut_by_forms_but_not_ones_own(app: TestApp) {
    let admin = app.user("admin@example.com", Role::Admin).await;
    let broker = app.user("broker@example.com", Role::Broker).await;
    let users = app.get("/users", &admin).send().await.expect(200);
    let id = |at: usize| format!("//admin/users/{}", users[at]["id"].as_str().unwrap());
    let (own, other) = (id(0), id(1));

    assert_eq!(app.post(&other, &admin).fields(&[("name", "Zoë")]).send().await.status, 303);
    assert_eq!(app.post(&format!("{other}/role"), &admin).fields(&[("role", "owner")]).send().await.status, 303);
    let page = app.get(&other, &admin).send().await.html();
    assert!(page.contains("<h2 id=\"user-title\">Zoë</h2>") && page.contains("value=\"owner\" selected"), "{page}");
    let by_mail = app.post(&format!("{other}/link"), &admin).fields(&[("by", "mail")]).send().await;
    assert_eq!(by_mail.status, 409);
    assert!(by_mail.html().contains("No mail goes out"), "{by_mail:?}");

    assert_eq!(app.post(&format!("{other}/access"), &admin).fields(&[("disabled", "true")]).send().await.status, 303);
    assert_eq!(app.get("//account", &broker).send().await.problem(), "unauthenticated");
    assert!(app.get(&other, &admin).send().await.html().contains("Enable the account"));
    assert_eq!(app.post(&format!("{other}/access"), &admin).fields(&[("disabled", "false")]).send().await.status, 303);

    assert!(!app.get(&own, &admin).send().await.html().contains("Disable the account"));
    let refused = app.post(&format!("{own}/access"), &admin).fields(&[("disabled", "true")]).send().await;
    assert_eq!(refused.status, 409);
    assert_eq!(app.get("//account", &admin).send().await.status, 200);
}

async fn sessions_are_listed_and_ended_one_by_one_or_all_others(app: TestApp) {
    let first = app.user("broker@example.com", Role::Broker).await;
    let (second, third) = (app.sign_in("broker@example.com").await, app.sign_in("broker@example.com").await);
    let page = app.get("//account", &third).send().await.html();
    assert_eq!((page.matches("This one").count(), page.matches(">Sign out</button>").count()), (1, 3), "{page}");
    let path = page.split('"').find(|part| part.starts_with("/account/sessions/0")).unwrap();
    let ended = app.post(&format!("/{path}"), &third).fields(&[]).send().await;
    assert_eq!((ended.status, ended.header("location")), (303, "/account"));
    let left = [app.get("/auth/me", &first).send().await.status, app.get("/auth/me", &second).send().await.status];
    assert!(left.contains(&200) && left.contains(&401), "{left:?}");
    assert_eq!(app.post("//account/sessions/end-others", &third).fields(&[]).send().await.status, 303);
    let page = app.get("//account", &third).send().await.html();
    assert!(!page.contains("Sign out everywhere else"), "{page}");
    for token in [&first, &second] {
        assert_eq!(app.get("/auth/me", token).send().await.status, 401);
    }
}

async fn how_the_server_does_is_told_to_admins(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    app.take(&room, &broker, json!({})).await;
    let page = app.get("//admin/system", &admin).send().await.html();
    assert!(page.contains("<dt>Waiting</dt><dd class=\"num\">1</dd>"), "{page}");
    assert!(page.contains("There was none yet") && page.contains(" free of "), "{page}");
    assert!(page.contains(env!("CARGO_PKG_VERSION")) && page.contains("026_"), "{page}");
    assert_eq!(app.get("//admin/system", &broker).send().await.problem(), "role_forbids");
}
