//! Lists that grow and shrink while somebody reads them part by part: nothing is seen twice, and nothing is missed.

use room::Role;
use serde_json::{Value, json};

use crate::harness::{IMO, Reply, TestApp, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    entries_that_come_between_two_parts_shift_nothing,
    parties_who_come_and_go_between_two_parts_shift_nothing,
    snapshots_and_documents_are_read_on_from_the_last_one_seen,
    a_slot_that_is_closed_between_two_parts_does_not_end_the_list,
    rooms_that_come_between_two_parts_shift_nothing,
    accounts_that_come_between_two_parts_shift_nothing,
    a_part_says_where_it_begins_in_one_way_only_and_from_a_row_of_its_list,
}

/// Returns the path to which the answer links as `next` or `prev`.
fn link(reply: &Reply, relation: &str) -> Option<String> {
    let end = format!(">; rel=\"{relation}\"");
    let found = reply.headers("link").flat_map(|links| links.split(", ")).find(|link| link.ends_with(&end))?;
    Some(found.trim_start_matches("</api/v1").trim_end_matches(&end).to_owned())
}

fn ids(reply: &Reply) -> Vec<String> {
    let rows = reply.expect(200);
    rows.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// Reads a list to its end, and does something before each further part. Returns the ids that were seen, in their order.
async fn read_on(app: &TestApp, (path, token): (&str, &str), mut between: impl AsyncFnMut(Vec<String>)) -> Vec<String> {
    let (mut seen, mut next) = (Vec::new(), Some(path.to_owned()));
    while let Some(path) = next {
        let reply = app.get(&path, token).send().await;
        seen.extend(ids(&reply));
        // Back from here is the part that was read before, as far as it is still there.
        if let Some(back) = link(&reply, "prev") {
            let before = ids(&app.get(&back, token).send().await);
            assert!(before.iter().all(|id| seen.contains(id)), "{back}: {before:?}");
        }
        next = link(&reply, "next");
        between(seen.clone()).await;
    }
    seen
}

async fn entries_that_come_between_two_parts_shift_nothing(app: TestApp) {
    let (room, broker) = app.room().await;
    // Few enough for all of them to be read at once as well.
    app.append(&room, 20).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    for path in [format!("/rooms/{room}/activities"), "/activities".into()] {
        let there = ids(&app.get(&format!("{path}?limit=100"), &admin).send().await);
        let token = if path == "/activities" { &admin } else { &broker };
        let seen = read_on(&app, (&format!("{path}?limit=7"), token), async |_| app.append(&room, 3).await).await;
        assert_eq!(seen, there, "{path}");
    }
}

async fn parties_who_come_and_go_between_two_parts_shift_nothing(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let party = |number: usize| json!({ "role": "owner", "name": "A", "email": format!("{number}@example.com") });
    let parties: Vec<_> = (0..20).map(party).collect();
    let room = app.post("/rooms", &broker).json(new_room(&parties)).send().await.expect(201);
    let path = format!("/rooms/{}/parties", room["id"].as_str().unwrap());
    let there = ids(&app.get(&format!("{path}?limit=100"), &broker).send().await);
    let (mut gone, mut come) = (Vec::new(), 100);
    let seen = read_on(&app, (&format!("{path}?limit=4"), &broker), async |seen: Vec<String>| {
        // The last one that was seen, from which the next part is read, and the one after it. The first one opened the
        // room, and stays.
        let last = there.iter().position(|id| seen.last() == Some(id)).unwrap_or(0);
        for id in there.iter().skip(last).take(2).filter(|_| last > 0) {
            assert_eq!(app.delete(&format!("{path}/{id}"), &broker).send().await.status, 204);
            gone.push(id.clone());
        }
        come += 1;
        app.post(&path, &broker).json(party(come)).send().await.expect(201);
    })
    .await;
    let mut once = seen.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), seen.len(), "somebody was seen twice: {seen:?}");
    let mut stayed = there.iter().filter(|id| !gone.contains(id));
    assert!(gone.len() > 5 && stayed.all(|id| seen.contains(id)), "somebody was not seen: {seen:?}");
}

async fn snapshots_and_documents_are_read_on_from_the_last_one_seen(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    for title in ["a", "b", "c", "d", "e"] {
        app.post(&format!("{room}/snapshots"), &broker).json(json!({ "title": title })).send().await.expect(201);
    }
    let path = format!("{room}/snapshots");
    let there = ids(&app.get(&path, &broker).send().await);
    let take = async |_| {
        app.post(&path, &broker).json(json!({ "title": "later" })).send().await.expect(201);
    };
    assert_eq!(read_on(&app, (&format!("{path}?limit=2"), &broker), take).await, there);

    let path = format!("{room}/documents");
    let missing = ids(&app.get(&format!("{path}?limit=100&status=missing"), &broker).send().await);
    // What was seen leaves the filter, and with it the list.
    let first = document.rsplit_once('/').unwrap().1.to_owned();
    let seen = read_on(&app, (&format!("{path}?limit=1&status=missing"), &broker), async |seen: Vec<String>| {
        if seen.last() == Some(&first) {
            app.version(&document, &broker, "paper", &[]).await;
        }
    })
    .await;
    assert_eq!(seen, missing);
    app.work().await;
}

async fn a_slot_that_is_closed_between_two_parts_does_not_end_the_list(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/documents");
    app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "cargo_profile": "oil" })).send().await.expect(200);
    let there = app.documents(&room, &broker).await;
    let of_oil = there.iter().position(|document| document["document_type"] == "NOTIF_48H").unwrap();
    let notice = there[of_oil]["id"].as_str().unwrap();
    let rest: Vec<_> = there[of_oil + 1..].iter().map(|document| document["id"].as_str().unwrap().to_owned()).collect();
    app.patch(&format!("/rooms/{room}"), &broker).json(json!({ "cargo_profile": "bulk" })).send().await.expect(200);
    let still = ids(&app.get(&format!("{path}?limit=100"), &broker).send().await);
    assert!(!still.contains(&notice.to_owned()), "the notice is of oil alone");
    let after = ids(&app.get(&format!("{path}?limit=100&after={notice}"), &broker).send().await);
    let stayed: Vec<_> = rest.into_iter().filter(|id| still.contains(id)).collect();
    assert!(stayed.len() > 3 && after == stayed, "{after:?}");
    let before = ids(&app.get(&format!("{path}?limit=100&before={notice}"), &broker).send().await);
    assert_eq!([before, after].concat(), still);
}

async fn rooms_that_come_between_two_parts_shift_nothing(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let open = async |title: String, day: u32| {
        let mut room = new_room(&[]);
        room["title"] = title.into();
        room["sts_eta"] = format!("2027-01-{day:02}T00:00:00Z").into();
        let room = app.post("/rooms", &broker).json(room).send().await.expect(201);
        room["id"].as_str().unwrap().to_owned()
    };
    // Two of each ETA, so that the id decides between them, too.
    for number in 0..12 {
        open(format!("there {number}"), 10 + number / 2).await;
    }
    for path in ["/rooms", "/cockpit", "/cockpit?closed=true&q=there"] {
        let joint = if path.contains('?') { '&' } else { '?' };
        let id = |row: &Value| row["id"].as_str().or(row["room_id"].as_str()).unwrap().to_owned();
        let all = app.get(&format!("{path}{joint}limit=100"), &broker).send().await.expect(200);
        let there: Vec<_> = all.as_array().unwrap().iter().map(id).collect();
        let (mut seen, mut next, mut come) = (Vec::new(), Some(format!("{path}{joint}limit=3")), 0);
        while let Some(part) = next {
            let reply = app.get(&part, &broker).send().await;
            seen.extend(reply.expect(200).as_array().unwrap().iter().map(id));
            next = link(&reply, "next");
            if come < 2 {
                // Nearer than all others, and the newest.
                open(format!("there later {come}"), 1 + come).await;
                come += 1;
            }
        }
        assert_eq!(seen, there, "{path}");
    }
    let closed = ids(&app.get("/rooms?limit=1", &broker).send().await).remove(0);
    let other = app.user("other@example.com", Role::Broker).await;
    for path in ["/rooms", "/cockpit"] {
        let unseen = app.get(&format!("{path}?after={closed}"), &other).send().await;
        assert_eq!(unseen.fields(), ["after"], "nobody learns where a room of others stands");
    }
}

async fn accounts_that_come_between_two_parts_shift_nothing(app: TestApp) {
    let admin = app.user("m@example.com", Role::Admin).await;
    for name in ["b", "d", "f", "h", "k", "p", "t"] {
        app.user(&format!("{name}@example.com"), Role::Owner).await;
    }
    let there = ids(&app.get("/users?limit=100", &admin).send().await);
    let mut come = ["a", "c", "e"].into_iter();
    let seen = read_on(&app, ("/users?limit=3", &admin), async |_| {
        if let Some(name) = come.next() {
            app.user(&format!("{name}@example.com"), Role::Owner).await;
        }
    })
    .await;
    let mut once = seen.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), seen.len(), "{seen:?}");
    assert!(there.iter().all(|id| seen.contains(id)), "{seen:?}");
}

async fn a_part_says_where_it_begins_in_one_way_only_and_from_a_row_of_its_list(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    app.vessel(room.trim_start_matches("/rooms/"), &broker, "Aegean Star", "discharging", IMO[0]).await;
    let version = app.version(&document, &broker, "paper", &[]).await["version"]["id"].as_str().unwrap().to_owned();
    let id = "0199d3da-36bc-7674-ae59-c4cbfe9b13c1";
    let versions = format!("{document}/versions");
    let lists = ["activities", "snapshots", "parties", "documents", "vessels", "approvals", "holds"];
    let lists = lists.map(|list| format!("{room}/{list}")).into_iter().chain([
        format!("{versions}/{version}/decisions"),
        versions,
        "/activities".into(),
        "/users".into(),
        "/rooms".into(),
        "/cockpit".into(),
        "/cockpit?waiting_for_me=true".into(),
    ]);
    for list in lists {
        let joint = if list.contains('?') { '&' } else { '?' };
        for (query, field) in [
            (format!("after={id}&before={id}"), "after"),
            (format!("after={id}&offset=1"), "after"),
            (format!("before={id}&offset=1"), "before"),
            ("after=1".into(), "after"),
            (format!("after={id}"), "after"),
            (format!("before={id}"), "before"),
            (format!("after={version}"), "after"),
        ] {
            if list.ends_with("/versions") && query.contains(&version) {
                continue;
            }
            let reply = app.get(&format!("{list}{joint}{query}"), &admin).send().await;
            assert_eq!(reply.fields(), [field], "{list}{joint}{query}");
        }
    }
}
