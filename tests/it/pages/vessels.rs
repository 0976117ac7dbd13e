//! The vessels tab: vessels are named, shown, edited, withdrawn and removed.

use room::Role;
use serde_json::json;

use crate::harness::{IMO, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    the_form_is_open_until_a_vessel_of_each_side_is_named,
    a_vessel_is_named_and_edited_by_forms_that_keep_what_was_typed,
    a_vessel_is_removed_by_an_admin_while_it_has_no_papers,
}

const STAR: [(&str, &str); 7] = [
    ("name", "Aegean Star"),
    ("role", "discharging"),
    ("imo_number", IMO[0]),
    ("no_imo_reason", ""),
    ("vessel_type", "Aframax"),
    ("length_m", "249.9"),
    ("deadweight_t", "112871"),
];

async fn the_form_is_open_until_a_vessel_of_each_side_is_named(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("//rooms/{room}/vessels");
    let open = "<details class=\"adds\" open>";
    let page = app.get(&path, &broker).send().await.html();
    assert!(page.contains(open) && page.contains(" autofocus"), "{page}");
    // What is wrong takes the focus, not the first field.
    let refused = app.post(&path, &broker).fields(&[("name", "x"), ("role", "discharging")]).send().await.html();
    assert!(refused.contains(open) && !refused.contains(" autofocus"), "{refused}");
    assert_eq!(app.post(&path, &broker).fields(&STAR).send().await.status, 303);
    let page = app.get(&path, &broker).send().await.html();
    assert!(page.contains(open) && page.contains(" autofocus"), "{page}");
    let light = [("name", "Northern Light"), ("role", "receiving"), ("imo_number", IMO[1])];
    assert_eq!(app.post(&path, &broker).fields(&light).send().await.status, 303);
    let page = app.get(&path, &broker).send().await.html();
    assert!(page.contains("<details class=\"adds\">") && !page.contains(" autofocus"), "{page}");
}

async fn a_vessel_is_named_and_edited_by_forms_that_keep_what_was_typed(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let path = format!("//rooms/{room}/vessels");
    let page = app.get(&path, &owner).send().await.html();
    assert!(page.contains("The broker of the room names them.") && !page.contains("Name a vessel"), "{page}");

    let wrong = [("name", "Aegean Star"), ("role", "discharging"), ("imo_number", "9074729"), ("length_m", "long")];
    let refused = app.post(&path, &broker).fields(&wrong).send().await;
    assert_eq!(refused.status, 422);
    let page = refused.html();
    assert!(page.contains("value=\"9074729\"") && page.contains("Length over all, m cannot be read"), "{page}");
    let refused = app.post(&path, &broker).fields(&wrong[..2]).send().await.html();
    assert!(refused.contains("IMO number must be given; for a unit that has none"), "{refused}");

    assert_eq!(app.post(&path, &broker).fields(&STAR).send().await.status, 303);
    let twice = app.post(&path, &broker).fields(&STAR).send().await;
    assert_eq!(twice.status, 409);
    assert!(twice.html().contains("is in this room already"));
    let vessels = app.get(&format!("/rooms/{room}/vessels"), &broker).send().await.expect(200);
    assert_eq!((&vessels[0]["length_m"], &vessels[0]["deadweight_t"]), (&json!(249.9), &json!(112_871)));
    let vessel = format!("{path}/{}", vessels[0]["id"].as_str().unwrap());
    let page = app.get(&vessel, &owner).send().await.html();
    assert!(page.contains("249.9 m") && page.contains(IMO[0]) && !page.contains("/edit\""), "{page}");
    assert!(!app.get(&path, &broker).send().await.html().contains("Remove"), "only admins remove");

    let edit = format!("{vessel}/edit");
    let page = app.get(&edit, &broker).send().await.html();
    assert!(page.contains("value=\"249.9\"") && page.contains("<option value=\"active\" selected>"), "{page}");
    let withdrawn = [&STAR[..3], &[("status", "withdrawn")]].concat();
    assert_eq!(app.post(&edit, &broker).fields(&withdrawn).send().await.status, 303);
    let told = app.get(&vessel[1..], &broker).send().await.expect(200);
    assert_eq!((&told["status"], &told["length_m"]), (&json!("withdrawn"), &json!(null)));
    assert!(app.get(&path, &broker).send().await.html().contains("Withdrawn"));
    assert_eq!(app.actions(&room, &broker).await.iter().filter(|action| *action == "vessel_updated").count(), 1);
}

async fn a_vessel_is_removed_by_an_admin_while_it_has_no_papers(app: TestApp) {
    let (room, broker) = app.room().await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    let [star, light] = [
        app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await,
        app.vessel(&room, &broker, "Northern Light", "receiving", IMO[1]).await,
    ];
    let crew = app.document(&room, &broker, "CREW_LIST", Some(&star)).await;
    app.version(&crew, &broker, "crew", &[]).await;
    let remove = |vessel: &str| format!("//rooms/{room}/vessels/{vessel}/remove");
    assert_eq!(app.get(&remove(&star), &broker).send().await.status, 403);
    let page = app.get(&remove(&star), &admin).send().await.html();
    assert!(page.contains("It has 1 paper and 0 clearances") && page.contains("Withdraw it instead"), "{page}");
    let kept = app.post(&remove(&star), &admin).fields(&[]).send().await;
    assert_eq!(kept.status, 409);
    assert!(kept.html().contains("which are kept"), "{}", kept.html());
    assert!(app.get(&remove(&light), &admin).send().await.html().contains("empty documents go with it"));
    assert_eq!(app.post(&remove(&light), &admin).fields(&[]).send().await.status, 303);
    let left = app.get(&format!("/rooms/{room}/vessels"), &admin).send().await.expect(200);
    assert_eq!((left.as_array().unwrap().len(), &left[0]["id"]), (1, &json!(star)));
}
