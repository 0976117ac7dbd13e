//! The page that compares two snapshots side by side.

use std::time::Duration;

use room::{Role, Time};
use serde_json::json;

use crate::harness::{IMO, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    what_changed_is_told_in_words_the_older_first,
    a_summary_says_in_a_sentence_what_the_changes_come_to,
    what_is_outstanding_is_compared_in_the_words_of_its_gate,
    two_between_which_nothing_changed_say_so,
    without_snapshots_the_room_is_compared_as_of_any_times,
}

async fn page(app: &TestApp, path: &str, token: &str) -> String {
    app.get(&format!("/{path}"), token).send().await.html()
}

async fn taken(app: &TestApp, room: &str, token: &str, title: &str) -> String {
    app.later(std::time::Duration::from_mins(1));
    let asked = json!({ "snapshot_type": "json", "title": title });
    app.take(room, token, asked).await.0["id"].as_str().unwrap().to_owned()
}

async fn what_changed_is_told_in_words_the_older_first(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let document = app.document(&room, &broker, "Q88", Some(&vessel)).await;
    app.version(&document, &broker, "first", &[]).await;
    let before = taken(&app, &room, &broker, "As nominated").await;
    app.post(&format!("{document}/reject"), &owner).json(json!({ "reason": "blurred" })).send().await.expect(200);
    app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "Another title" })).send().await.expect(200);
    app.vessel(&room, &broker, "Northern Light", "receiving", IMO[1]).await;
    let approval = json!({ "vessel_id": vessel, "status": "approved" });
    app.post(&format!("/rooms/{room}/approvals"), &owner).json(approval).send().await.expect(201);
    let after = taken(&app, &room, &broker, "Before planning").await;

    // The older snapshot comes first, whichever order the address has them in.
    for (from, to) in [(&before, &after), (&after, &before)] {
        let told = page(&app, &format!("/rooms/{room}/compare?from={from}&to={to}"), &broker).await;
        let columns = (told.find("Then: ").unwrap(), told.find("Now: ").unwrap());
        assert!(told[columns.0..].split_once("As nominated").unwrap().0.len() < 200, "{told}");
        assert!(told[columns.1..].split_once("Before planning").unwrap().0.len() < 200, "{told}");
        let text = text(&told);
        for line in [
            "Title changed, 1 document rejected, ",
            ", 1 clearance given, ",
            ", 1 vessel named.",
            "≠ Title Changed STS Ceuta Another title",
            "+ Northern Light Added – Receiving",
            // A subject is named once, above its lines.
            "Vessel particulars questionnaire (Q88 / VPQ) ≠ Status Changed Under review Rejected \
             + Version 1, decision Added – Rejected by owner@example.com: blurred",
            "+ Aegean Star: owner Added – Cleared",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}

/// Returns the text of a page without its markup, with single spaces.
fn text(page: &str) -> String {
    let mut text = String::new();
    for part in page.split('<') {
        text += part.split_once('>').map_or(part, |(_, text)| text);
        text.push(' ');
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace(" : ", ": ")
}

async fn a_summary_says_in_a_sentence_what_the_changes_come_to(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let papers =
        [app.document(&room, &broker, "Q88", Some(&vessel)).await, app.document(&room, &broker, "COMPAT", None).await];
    let party = |name: &str| json!({ "role": "seller", "name": name, "email": format!("{name}@example.com") });
    let seller = app.post(&format!("/rooms/{room}/parties"), &broker).json(party("one")).send().await.expect(201);
    let before = taken(&app, &room, &broker, "Before").await;
    for (at, paper) in papers.iter().enumerate() {
        app.version(paper, &broker, &format!("paper {at}"), &[]).await;
        app.post(&format!("{paper}/approve"), &owner).json(json!({})).send().await.expect(200);
    }
    let room_now = app.get(&format!("/rooms/{room}"), &broker).send().await.expect(200);
    let eta: Time = room_now["sts_eta"].as_str().unwrap().parse().unwrap();
    let later = eta.after(Duration::from_hours(9)).to_string();
    app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "sts_eta": later })).send().await.expect(200);
    let path = format!("/rooms/{room}/parties/{}", seller["id"].as_str().unwrap());
    app.delete(&path, &broker).send().await;
    app.post(&format!("/rooms/{room}/parties"), &broker).json(party("two")).send().await.expect(201);
    let after = taken(&app, &room, &broker, "After").await;
    let told = text(&page(&app, &format!("/rooms/{room}/compare?from={before}&to={after}"), &broker).await);
    for words in ["ETA moved by 9 h, 2 documents approved, 2 versions uploaded,", "seller changed."] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

async fn what_is_outstanding_is_compared_in_the_words_of_its_gate(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    app.vessel(&room, &broker, "Northern Light", "receiving", IMO[1]).await;
    let on = json!({ "phase": "clearance", "override": true, "reason": "a test" });
    app.post(&format!("/rooms/{room}/phase"), &broker).json(on).send().await.expect(200);
    let paper = app.document(&room, &broker, "Q88", Some(&vessel)).await;
    let before = taken(&app, &room, &broker, "Before").await;
    app.version(&paper, &broker, "paper", &[]).await;
    app.post(&format!("{paper}/reject"), &owner).json(json!({ "reason": "illegible" })).send().await.expect(200);
    let after = taken(&app, &room, &broker, "After").await;
    let told = text(&page(&app, &format!("/rooms/{room}/compare?from={before}&to={after}"), &broker).await);
    let line = "+ Outstanding Added – Aegean Star: Vessel particulars questionnaire (Q88 / VPQ) – rejected by owner: illegible";
    for words in ["1 item no longer outstanding, 1 newly outstanding.", line] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

async fn two_between_which_nothing_changed_say_so(app: TestApp) {
    let (room, broker) = app.room().await;
    let id = taken(&app, &room, &broker, "Only").await;
    taken(&app, &room, &broker, "Other").await;
    let told = page(&app, &format!("/rooms/{room}/compare?from={id}&to={id}"), &broker).await;
    assert!(told.contains("Nothing changed in the room between the two."), "{told}");
    assert!(text(&told).contains("The log has 0 entries more in the later one."), "{told}");
}

async fn without_snapshots_the_room_is_compared_as_of_any_times(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/compare");
    let told = page(&app, &path, &broker).await;
    assert!(told.contains("Choose two moments") && told.matches("<select").count() == 2, "{told}");
    app.later(Duration::from_hours(1));
    app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "title": "Another title" })).send().await.expect(200);
    // The other one, left empty, is now; and the earlier comes first, whichever order they are asked in.
    for query in ["from_as_of=2026-11-23T08:30&to=&to_as_of=", "from_as_of=2026-11-23T09:00&to_as_of=2026-11-23T08:30"]
    {
        let told = page(&app, &format!("{path}?from=&{query}"), &broker).await;
        assert!(text(&told).contains("≠ Title Changed STS Ceuta Another title"), "{told}");
        assert!(text(&told).contains("Then: the room 23 Nov 2026, 08:30 UTC , 7 entries"), "{}", text(&told));
    }
    let ahead = format!("/{path}?from_as_of=2027-01-01T00:00");
    assert_eq!(app.get(&ahead, &broker).send().await.status, 422);
    let foreign = format!("/{path}?from=00000000-0000-7000-8000-000000000000&to=00000000-0000-7000-8000-000000000000");
    assert_eq!(app.get(&foreign, &broker).send().await.problem(), "not_found");
}
