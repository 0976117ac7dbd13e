//! The documents of a room on pages: which forms are offered to whom; uploads, decisions and waivers by forms.

use room::Role;
use serde_json::json;

use crate::harness::{IMO, TestApp, new_room, on_both_databases, pdf};

on_both_databases! {
    TestApp:
    a_paper_is_uploaded_decided_on_and_shown_by_forms_alone,
    a_form_that_was_refused_comes_back_with_its_words,
    each_role_is_offered_what_it_may_do_and_nobody_a_word_on_their_own_paper,
    the_same_bytes_again_are_said_to_be_known,
    a_version_is_withdrawn_by_a_form_and_shown_struck_through,
    a_date_is_suggested_asked_for_and_waived_by_forms,
    the_same_file_of_another_document_is_pointed_out,
    a_document_is_waived_and_needed_again_by_forms,
    the_list_shows_what_its_address_asks_for,
    a_document_of_another_room_is_not_there,
    a_closed_room_offers_nothing,
}

on_both_databases! {
    SmallUploads:
    a_file_that_is_too_large_is_refused_on_the_page,
}

/// Returns a page, asking for HTML as a browser does.
async fn page(app: &TestApp, path: &str, token: &str) -> String {
    let reply = app.get(&format!("/{path}"), token).header("accept", "text/html").send().await;
    assert_eq!(reply.status, 200, "{path}");
    reply.html()
}

async fn a_paper_is_uploaded_decided_on_and_shown_by_forms_alone(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let charterer = app.user("charterer@example.com", Role::Charterer).await;
    let document = app.document(&room, &broker, "COMPAT", None).await;
    let form = format!("/{document}/versions?show=missing");
    let fields = [("expires_on", "2027-01-31"), ("notes", "for both ships")];
    let uploaded = app.post(&form, &owner).upload("study.pdf", &pdf("study"), &fields).send().await;
    assert_eq!((uploaded.status, uploaded.header("location")), (303, &*format!("{document}?show=missing")));
    let shown = page(&app, &document, &broker).await;
    for words in ["study.pdf", "31 Jan 2027", "for both ships", "Under review", "Your decision on version 1"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let version = app.get(&document, &broker).send().await.expect(200)["newest"]["id"].as_str().unwrap().to_owned();
    assert!(shown.contains(&format!("/api/v1{document}/versions/{version}/download")), "{shown}");

    let said = [("version_id", &*version), ("subjects", "Subject to new fenders")];
    assert_eq!(app.post(&format!("/{document}/approve"), &broker).fields(&said).send().await.status, 303);
    let shown = page(&app, &document, &broker).await;
    assert!(shown.contains("Subject to new fenders") && shown.contains("Approved on subjects"), "{shown}");
    let said = [("version_id", &*version), ("reason", "The mooring loads are wrong")];
    assert_eq!(app.post(&format!("/{document}/reject"), &charterer).fields(&said).send().await.status, 303);
    let shown = page(&app, &document, &owner).await;
    assert!(shown.contains("The mooring loads are wrong") && shown.contains("Rejected"), "{shown}");
    let actions = app.actions(&room, &broker).await;
    assert_eq!(actions[actions.len() - 3..], ["document_uploaded", "document_decided", "document_decided"]);
}

async fn a_form_that_was_refused_comes_back_with_its_words(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let upload = format!("/{document}/versions");
    for (name, bytes, fields, words) in [
        ("a.pdf", &b"plain words"[..], [("expires_on", ""), ("notes", "kept")], "its content is none of these"),
        ("a.png", &pdf("x"), [("expires_on", "2027-01-31"), ("notes", "kept")], "its content is that of a pdf file"),
        ("a.pdf", &pdf("x"), [("expires_on", "31.1.2027"), ("notes", "kept")], "Valid until must be"),
    ] {
        let refused = app.post(&upload, &owner).upload(name, bytes, &fields).send().await;
        assert_eq!(refused.status, 422, "{words}");
        let shown = refused.html();
        assert!(shown.contains(words) && shown.contains("value=\"kept\""), "{words}: {shown}");
        assert!(shown.contains("details class=\"adds\" open"), "{shown}");
    }
    // The form's address also shows the document, for readers who load the refused page again.
    assert!(page(&app, &format!("{document}/versions"), &owner).await.contains("Upload the first version"));

    let nothing = app.post(&format!("/{document}/approve"), &broker).fields(&[("subjects", "")]).send().await;
    assert_eq!(nothing.status, 409);
    assert!(nothing.html().contains("COMPAT"));
    app.version(&document, &owner, "one", &[]).await;
    let first = app.get(&document, &broker).send().await.expect(200)["newest"]["id"].as_str().unwrap().to_owned();
    let blank = app.post(&format!("/{document}/reject"), &broker).fields(&[("reason", " ")]).send().await;
    assert_eq!(blank.status, 422);
    assert!(blank.html().contains("Why you reject it is missing"), "{}", blank.html());
    app.version(&document, &owner, "two", &[]).await;
    let stale = [("version_id", &*first), ("reason", "Wrong ship")];
    let stale = app.post(&format!("/{document}/reject"), &broker).fields(&stale).send().await;
    assert_eq!(stale.status, 409);
    let shown = stale.html();
    assert!(shown.contains("Version 2 has come meanwhile") && shown.contains(">Wrong ship</textarea>"), "{shown}");
    assert!(!app.actions(room.trim_start_matches("/rooms/"), &broker).await.contains(&"document_decided".to_owned()));
}

async fn each_role_is_offered_what_it_may_do_and_nobody_a_word_on_their_own_paper(app: TestApp) {
    let (document, _, broker) = app.empty_document("HOSE_CERT").await;
    let mut tokens = vec![("broker", broker.clone())];
    for (name, role) in
        [("owner", Role::Owner), ("charterer", Role::Charterer), ("seller", Role::Seller), ("buyer", Role::Buyer)]
    {
        tokens.push((name, app.user(&format!("{name}@example.com"), role).await));
    }
    tokens.push(("admin", app.user("admin@example.com", Role::Admin).await));
    let uploader = &tokens[3].1;
    app.version(&document, uploader, "hoses", &[]).await;
    for (name, token) in &tokens {
        let shown = page(&app, &document, token).await;
        let offered = |action: &str| shown.contains(&format!("action=\"{document}/{action}\""));
        let decides = matches!(*name, "broker" | "owner" | "charterer" | "admin");
        let waives = matches!(*name, "broker" | "admin");
        assert!(offered("versions"), "{name}: {shown}");
        assert_eq!((offered("approve"), offered("reject"), offered("waiver")), (decides, decides, waives), "{name}");
    }
    // The broker uploads the owner's bytes again, with another expiry: then neither of the two may decide on them.
    let owner = &tokens[1].1;
    app.version(&document, owner, "more hoses", &[]).await;
    app.version(&document, &broker, "more hoses", &[("expires_on", "2027-05-05")]).await;
    for token in [owner, &broker] {
        let shown = page(&app, &document, token).await;
        assert!(shown.contains("You uploaded this file: another party decides on it."), "{shown}");
        assert!(!shown.contains("/approve") && !shown.contains("Waits for me"), "{shown}");
        let refused = app.post(&format!("/{document}/approve"), token).fields(&[("subjects", "")]).send().await;
        assert_eq!(refused.status, 403);
    }
}

async fn the_same_bytes_again_are_said_to_be_known(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    app.version(&document, &broker, "study", &[]).await;
    let fields = [("expires_on", ""), ("notes", "")];
    let again =
        app.post(&format!("/{document}/versions"), &broker).upload("b.pdf", &pdf("study"), &fields).send().await;
    assert_eq!(again.status, 200);
    assert!(again.html().contains("These bytes are version 1 already; nothing was added."));
    assert_eq!(app.get(&document, &broker).send().await.expect(200)["version_count"], 1);
}

async fn a_version_is_withdrawn_by_a_form_and_shown_struck_through(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let seller = app.user("seller@example.com", Role::Seller).await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let first = app.version(&document, &seller, "right", &[]).await;
    app.version(&document, &seller, "wrong", &[]).await;
    let newest = app.get(&document, &broker).send().await.expect(200)["newest"]["id"].as_str().unwrap().to_owned();
    let form = format!("{document}/versions/{newest}/withdraw");
    assert!(page(&app, &document, &seller).await.contains(&form));
    let others = page(&app, &document, &owner).await;
    assert!(!others.contains("/withdraw"), "{others}");
    // The version before it has a link to its form, which is a page of its own.
    let earlier = format!("{document}/versions/{}/withdraw", first["version"]["id"].as_str().unwrap());
    assert!(page(&app, &document, &broker).await.contains(&format!("href=\"{earlier}#withdraw\"")));
    let opened = page(&app, &earlier, &broker).await;
    assert!(opened.contains("Withdraw version 1") && opened.contains(&format!("action=\"{earlier}\"")), "{opened}");

    let refused = app.post(&format!("/{form}"), &seller).fields(&[("reason", " ")]).send().await;
    assert_eq!(refused.status, 422);
    assert!(refused.html().contains("Why it counts no more is missing"));
    let refused = app.post(&format!("/{form}"), &owner).fields(&[("reason", "not mine")]).send().await;
    assert_eq!(refused.status, 403);
    assert!(refused.html().contains("nother party uploaded this file"), "{refused:?}");
    assert_eq!(
        app.post(&format!("/{form}"), &seller).fields(&[("reason", "of another pair")]).send().await.status,
        303
    );
    let shown = page(&app, &document, &owner).await;
    assert!(shown.contains("<s>Version 2</s>") && shown.contains("of another pair"), "{shown}");
    assert!(shown.contains("Your decision on version 1"), "{shown}");
    let again = app.post(&format!("/{form}"), &broker).fields(&[("reason", "of another pair")]).send().await;
    assert_eq!(again.status, 409);
    assert!(again.html().contains("withdrawn before"));
    assert_eq!(app.post(&format!("/{earlier}"), &broker).fields(&[("reason", "both")]).send().await.status, 303);
    let shown = page(&app, &document, &broker).await;
    assert!(shown.contains("Nothing counts here") && shown.contains("<s>Version 1</s>"), "{shown}");
}

async fn a_date_is_suggested_asked_for_and_waived_by_forms(app: TestApp) {
    let (document, room, broker) = app.empty_document("FENDER_CERT").await;
    let shown = page(&app, &document, &broker).await;
    assert!(shown.contains("Usually 1 year from issue") && shown.contains("data-value=\"2027-11-23\""), "{shown}");
    let fields = [("expires_on", ""), ("notes", "")];
    let form = format!("/{document}/versions");
    assert_eq!(app.post(&form, &broker).upload("a.pdf", &pdf("fenders"), &fields).send().await.status, 303);
    let shown = page(&app, &document, &broker).await;
    assert!(shown.contains("No date given") && shown.contains("Give the date"), "{shown}");
    assert!(page(&app, &format!("{room}/documents"), &broker).await.contains("No date given"));
    assert!(page(&app, "/", &broker).await.contains("1 undated"));
    let version = app.get(&document, &broker).send().await.expect(200)["newest"]["id"].as_str().unwrap().to_owned();
    // The mark in the list leads to the form, which asks for nothing but the day.
    let list = page(&app, &format!("{room}/documents"), &broker).await;
    assert!(list.contains(&format!("href=\"/{document}#date\"").replace("//", "/")), "{list}");
    let date = format!("/{document}/versions/{version}/date");
    let refused = app.post(&date, &broker).fields(&[("expires_on", "")]).send().await;
    assert!(refused.status == 422 && refused.html().contains("Last valid day is missing"), "{refused:?}");
    let waiver = format!("/{document}/versions/{version}/date-waiver");
    assert_eq!(app.post(&waiver, &broker).fields(&[("reason", "")]).send().await.status, 422);
    assert_eq!(app.post(&waiver, &broker).fields(&[("reason", "the yard gives none")]).send().await.status, 303);
    let shown = page(&app, &document, &broker).await;
    assert!(shown.contains("the yard gives none") && !shown.contains("Give the date"), "{shown}");
    assert_eq!(app.post(&date, &broker).fields(&[("expires_on", "2027-06-30")]).send().await.status, 303);
    let shown = page(&app, &document, &broker).await;
    assert!(shown.contains("Version 2") && shown.contains("Another date"), "{shown}");
}

async fn the_same_file_of_another_document_is_pointed_out(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let other = app.document(&room[7..], &broker, "JPO", None).await;
    app.version(&document, &broker, "study", &[]).await;
    app.version(&other, &broker, "study", &[]).await;
    let shown = page(&app, &other, &broker).await;
    assert!(shown.contains("The same file is version 1 of") && shown.contains(&document), "{shown}");
}

async fn a_document_is_waived_and_needed_again_by_forms(app: TestApp) {
    let (document, room, broker) = app.empty_document("PORT_PERMIT").await;
    let seller = app.user("seller@example.com", Role::Seller).await;
    let form = format!("/{document}/waiver");
    let refused = app.post(&form, &broker).fields(&[("reason", "")]).send().await;
    assert_eq!(refused.status, 422);
    assert!(refused.html().contains("Why it is not needed is missing"));
    assert_eq!(app.post(&form, &seller).fields(&[("reason", "x")]).send().await.status, 403);
    assert_eq!(app.post(&form, &broker).fields(&[("reason", "Outside port limits")]).send().await.status, 303);
    let shown = page(&app, &document, &broker).await;
    assert!(shown.contains("Outside port limits") && shown.contains("Conditional</span>, waived"), "{shown}");
    let back = format!("{form}/withdraw");
    assert_eq!(app.post(&back, &broker).fields(&[("a", "b")]).send().await.status, 303);
    let again = app.post(&back, &broker).fields(&[("a", "b")]).send().await;
    assert_eq!(again.status, 409);
    let actions = app.actions(room.trim_start_matches("/rooms/"), &broker).await;
    assert_eq!(actions[actions.len() - 1], "document_waiver_withdrawn");

    let needed = format!("{room}/documents?q=RISK_ASSESS");
    let risk = page(&app, &needed, &broker).await;
    assert!(risk.contains("Operation-specific risk assessment") && !risk.contains("port authority"), "{risk}");
}

async fn the_list_shows_what_its_address_asks_for(app: TestApp) {
    let (room, broker) = app.room().await;
    let list = format!("/rooms/{room}/documents");
    assert!(page(&app, &list, &broker).await.contains("Name the vessels"));
    let owner = app.user("owner@example.com", Role::Owner).await;
    assert!(!page(&app, &list, &owner).await.contains("Name the vessels"));
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let q88 = app.document(&room, &broker, "Q88", Some(&vessel)).await;
    app.version(&q88, &broker, "particulars", &[("expires_on", "2026-11-30")]).await;
    let study = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&study, &broker, "study", &[]).await;
    let (questionnaire, compatibility) = ("Vessel particulars questionnaire", "Ship-to-ship compatibility");

    let all = page(&app, &list, &broker).await;
    assert!(all.contains("Before end") && all.contains("0 of 26 approved"), "{all}");
    for (query, token, there, gone) in [
        ("?show=expired", &broker, questionnaire, compatibility),
        ("?show=mine&of=&q=", &owner, compatibility, questionnaire),
        ("?of=operation", &owner, compatibility, questionnaire),
        (&*format!("?of={vessel}"), &owner, questionnaire, compatibility),
        ("?q=QUESTIONN&of=", &owner, questionnaire, compatibility),
        ("?show=mine", &broker, "No document is like that.", compatibility),
    ] {
        let shown = page(&app, &format!("{list}{query}"), token).await;
        assert!(shown.contains(there) && !shown.contains(gone), "{query}: {shown}");
    }
    // An open document is shown beside the list that it was opened from, with the same filter.
    let beside = page(&app, &format!("{study}?show=expired"), &broker).await;
    assert!(beside.contains(&format!("href=\"{q88}?show=expired\"")) && beside.contains("id=\"panel\""), "{beside}");
    assert_eq!(app.get(&format!("/{list}?show=lost"), &broker).send().await.fields(), ["show"]);
}

async fn a_document_of_another_room_is_not_there(app: TestApp) {
    let (room, broker) = app.room().await;
    let other = app.post("/rooms", &broker).json(new_room(&[])).send().await.expect(201);
    let document = app.document(other["id"].as_str().unwrap(), &broker, "COMPAT", None).await;
    let foreign = format!("//rooms/{room}/documents/{}", document.rsplit('/').next().unwrap());
    assert_eq!(app.get(&foreign, &broker).send().await.status, 404);
    let upload = app.post(&format!("{foreign}/versions"), &broker).upload("a.pdf", &pdf("a"), &[]).send().await;
    assert_eq!(upload.status, 404);
    for action in ["approve", "reject", "waiver", "waiver/withdraw"] {
        let sent = app.post(&format!("{foreign}/{action}"), &broker).fields(&[("reason", "because")]).send().await;
        assert!([404, 422].contains(&sent.status), "{action}: {}", sent.status);
    }
}

async fn a_closed_room_offers_nothing(app: TestApp) {
    let (document, room, broker) = app.empty_document("PORT_PERMIT").await;
    app.version(&document, &broker, "permit", &[]).await;
    for phase in ["clearance", "planning", "arrival", "mooring", "transfer", "unmooring", "documents", "closed"] {
        let asked = json!({ "phase": phase, "override": true, "reason": "on paper" });
        app.post(&format!("{room}/phase"), &broker).json(asked).send().await.expect(200);
    }
    let admin = app.user("admin@example.com", Role::Admin).await;
    let shown = page(&app, &document, &admin).await;
    assert!(shown.contains("The room is closed: its documents rest.") && shown.contains("/download"), "{shown}");
    for offered in ["method=\"post\" action=\"/rooms", "data-uploads-to", "#upload"] {
        assert!(!shown.contains(offered), "{offered}: {shown}");
    }
    let late = app.post(&format!("/{document}/versions"), &broker).upload("a.pdf", &pdf("late"), &[]).send().await;
    assert_eq!(late.status, 409);
}

async fn a_file_that_is_too_large_is_refused_on_the_page(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let large = [pdf("large"), vec![b' '; 1024 * 1024]].concat();
    let fields = [("expires_on", ""), ("notes", "")];
    let refused = app.post(&format!("/{document}/versions"), &broker).upload("a.pdf", &large, &fields).send().await;
    assert_eq!(refused.status, 413);
    let shown = refused.html();
    assert!(shown.contains("The file is larger than the 1 MiB that it may have."), "{shown}");
    // The reply may come before the store has removed the part of the file that had arrived.
    app.only_versions_are_stored(&document, &broker).await;
}
