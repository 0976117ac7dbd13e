//! The cockpit: what it shows of a room, the search, and what it says if there is nothing to show.

use room::Role;
use serde_json::json;

use crate::harness::{IMO, TestApp, new_room, on_both_databases};

on_both_databases! {
    TestApp:
    a_row_links_what_is_in_the_way_and_what_waits_for_whom_to_where_it_is_done,
    the_search_finds_titles_places_and_vessels_in_either_case_and_takes_its_words_literally,
    the_rooms_are_sorted_as_the_address_says_closed_ones_last,
    a_late_room_looks_late_and_the_tab_counts_what_waits,
    what_calls_an_admin_stands_in_the_bar_of_every_page,
    the_filters_show_a_phase_what_waits_for_me_and_closed_rooms,
    an_empty_cockpit_says_what_comes_first,
    the_api_searches_as_the_page_does,
}

/// Returns the titles of the rooms on the page, in their order.
fn titles(page: &str) -> Vec<&str> {
    let rows = page.split("<th scope=\"row\"><a href=\"/rooms/").skip(1);
    rows.map(|row| row.split_once("\">").unwrap().1.split_once("</a>").unwrap().0).collect()
}

async fn room(app: &TestApp, token: &str, (title, location, eta): (&str, &str, &str)) -> String {
    let mut asked = new_room(&[]);
    (asked["title"], asked["location"], asked["sts_eta"]) = (title.into(), location.into(), eta.into());
    let room = app.post("/rooms", token).json(asked).send().await.expect(201);
    room["id"].as_str().unwrap().to_owned()
}

async fn shown(app: &TestApp, token: &str, query: &str) -> String {
    app.get(&format!("//{query}"), token).send().await.html()
}

async fn a_row_links_what_is_in_the_way_and_what_waits_for_whom_to_where_it_is_done(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let study = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&study, &broker, "study", &[]).await;

    let page = shown(&app, &owner, "").await;
    assert!(page.contains(&format!("<a href=\"{study}\">Ship-to-ship compatibility and mooring study</a>")), "{page}");
    assert!(
        page.contains(&format!("<a href=\"/rooms/{room}/clearance#vessel-{vessel}\">Clearance of Aegean Star</a>"))
    );
    assert!(page.contains("2 to decide") && page.contains("in 7 d 22 h") && !page.contains("late"), "{page}");
    assert!(page.contains(&format!("<a href=\"/rooms/{room}/vessels\">No receiving vessel is named</a>")), "{page}");
    let page = shown(&app, &broker, "").await;
    assert!(!page.contains("to decide"), "nobody decides on their own paper: {page}");

    app.later(std::time::Duration::from_hours(9 * 24));
    let page = shown(&app, &app.session("owner@example.com").await, "").await;
    assert!(page.contains("late") && page.contains("overdue"), "{page}");
}

async fn the_search_finds_titles_places_and_vessels_in_either_case_and_takes_its_words_literally(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let first = room(&app, &broker, ("Winter 100%", "Off Ceuta", "2026-12-01T00:00:00Z")).await;
    room(&app, &broker, ("Summer 100 <b>", "Kalamata", "2026-12-02T00:00:00Z")).await;
    app.vessel(&first, &broker, "AEGEAN_STAR", "discharging", IMO[0]).await;
    for (query, found) in [
        ("", vec!["Winter 100%", "Summer 100 &lt;b&gt;"]),
        ("?q=wINTER", vec!["Winter 100%"]),
        ("?q=kala", vec!["Summer 100 &lt;b&gt;"]),
        ("?q=aegean", vec!["Winter 100%"]),
        ("?q=ceuta+aegean", vec!["Winter 100%"]),
        ("?q=kalamata+aegean", vec![]),
        ("?q=100%25", vec!["Winter 100%"]),
        ("?q=n_s", vec!["Winter 100%"]),
        ("?q=!", vec![]),
        ("?q=&phase=", vec!["Winter 100%", "Summer 100 &lt;b&gt;"]),
    ] {
        assert_eq!(titles(&shown(&app, &broker, query).await), found, "{query}");
    }
    let page = shown(&app, &broker, "?q=nowhere").await;
    assert!(page.contains("No room fits.") && page.contains("value=\"nowhere\"") && page.contains("Clear the search"));
    let page = shown(&app, &broker, "?q=100&limit=1").await;
    assert!(page.contains("1–1 of 2") && page.contains(&format!("/?limit=1&amp;after={first}&amp;q=100")), "{page}");
    let page = shown(&app, &broker, "?q=nowhere&closed=true").await;
    assert!(page.contains("Searched for “nowhere” in title, place,") && page.contains("of all rooms that you see"));
    let long = app.get(&format!("//?q={}", "a".repeat(256)), &broker).send().await;
    assert_eq!(long.fields(), ["q"]);
}

async fn the_rooms_are_sorted_as_the_address_says_closed_ones_last(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let first = room(&app, &broker, ("beta", "a", "2026-12-01T00:00:00Z")).await;
    room(&app, &broker, ("Alpha", "b", "2026-12-03T00:00:00Z")).await;
    let closed = room(&app, &broker, ("aaa, closed", "c", "2026-11-24T00:00:00Z")).await;
    app.later(std::time::Duration::from_mins(1));
    room(&app, &broker, ("Gamma", "d", "2026-12-02T00:00:00Z")).await;
    let phases = ["clearance", "planning", "arrival", "mooring", "transfer", "unmooring", "documents", "closed"];
    for (room, phases) in [(&first, &phases[..1]), (&closed, &phases[..])] {
        for phase in phases {
            let asked = json!({ "phase": phase, "override": true, "reason": "a test" });
            app.post(&format!("/rooms/{room}/phase"), &broker).json(asked).send().await.expect(200);
        }
    }
    for (sort, sorted) in [
        ("", ["beta", "Gamma", "Alpha", "aaa, closed"]),
        ("eta", ["beta", "Gamma", "Alpha", "aaa, closed"]),
        ("title", ["Alpha", "beta", "Gamma", "aaa, closed"]),
        ("phase", ["beta", "Gamma", "Alpha", "aaa, closed"]),
        ("newest", ["Gamma", "beta", "Alpha", "aaa, closed"]),
    ] {
        let page = shown(&app, &broker, &format!("?closed=true&sort={sort}")).await;
        assert_eq!(titles(&page), sorted, "{sort}");
    }
    let page = shown(&app, &broker, "?sort=title&limit=1").await;
    let next = page.split("href=\"").find(|rest| rest.starts_with("/?limit=1&amp;after=")).unwrap();
    assert!(next.split('"').next().unwrap().ends_with("&amp;sort=title"), "{next}");
    assert_eq!(app.get("//?sort=size", &broker).send().await.fields(), ["sort"]);
}

async fn a_late_room_looks_late_and_the_tab_counts_what_waits(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    assert!(shown(&app, &owner, "").await.contains("<title>Rooms – STS Clearance</title>"));
    let study = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&study, &broker, "study", &[]).await;
    let page = shown(&app, &owner, "").await;
    assert!(
        page.contains("<title>(1) Rooms – STS Clearance</title>") && page.contains("<tr><th scope=\"row\">"),
        "{page}"
    );
    app.later(std::time::Duration::from_hours(9 * 24));
    let page = shown(&app, &app.session("owner@example.com").await, "").await;
    assert!(page.contains("<tr class=\"late\"><th scope=\"row\">"), "{page}");
}

async fn what_calls_an_admin_stands_in_the_bar_of_every_page(app: TestApp) {
    let (room, broker) = app.room().await;
    let [first, second] = ["first", "second"].map(|name| format!("{name}@example.com"));
    let (asks, confirms) = (app.user(&first, Role::Admin).await, app.user(&second, Role::Admin).await);
    let called = async |token: &str| {
        let page = app.get("//account", token).send().await.html();
        let called =
            page.split_once("id=\"attention\"").map(|(_, rest)| rest.split_once("</ul>").unwrap().0.to_owned());
        called.unwrap_or_default()
    };
    let calm = called(&confirms).await;
    assert!(!calm.contains("<li>"), "{calm}");
    let hold = json!({ "reason": "a claim" });
    let hold = app.post(&format!("/rooms/{room}/holds"), &asks).json(hold).send().await.expect(201);
    let path = format!("/rooms/{room}/holds/{}", hold["id"].as_str().unwrap());
    assert!(called(&confirms).await.contains("1 hold"));
    let lift = json!({ "reason": "settled" });
    app.delete(&path, &asks).json(lift).send().await.expect(202);
    assert!(called(&confirms).await.contains("href=\"/admin/holds\"><span class=\"chip warn\">"));
    assert!(called(&confirms).await.contains("1 request to confirm"));
    assert!(!called(&asks).await.contains("to confirm"), "one's own request waits for the other");
    assert_eq!(called(&broker).await, "", "it calls admins only");

    app.app.backups.note_failed(app.app.now(), "the disk is full".to_owned());
    assert!(called(&confirms).await.contains("Backup failed"));
}

async fn the_filters_show_a_phase_what_waits_for_me_and_closed_rooms(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let seller = app.user("seller@example.com", Role::Seller).await;
    let open = room(&app, &broker, ("open", "a", "2026-12-01T00:00:00Z")).await;
    let busy = room(&app, &broker, ("busy", "b", "2026-12-02T00:00:00Z")).await;
    let closed = room(&app, &broker, ("closed", "c", "2026-11-24T00:00:00Z")).await;
    let party = json!({ "role": "seller", "name": "Seller", "email": "seller@example.com" });
    app.post(&format!("/rooms/{busy}/parties"), &broker).json(party).send().await.expect(201);
    let study = app.document(&busy, &broker, "COMPAT", None).await;
    app.version(&study, &seller, "study", &[]).await;
    let phases = ["clearance", "planning", "arrival", "mooring", "transfer", "unmooring", "documents", "closed"];
    for (room, phases) in [(&open, &phases[..1]), (&closed, &phases[..])] {
        for phase in phases {
            let asked = json!({ "phase": phase, "override": true, "reason": "a test" });
            app.post(&format!("/rooms/{room}/phase"), &broker).json(asked).send().await.expect(200);
        }
    }
    for (query, found) in [
        ("", vec!["open", "busy"]),
        ("?closed=true", vec!["open", "busy", "closed"]),
        ("?phase=closed", vec!["closed"]),
        ("?phase=clearance", vec!["open"]),
        ("?mine=true", vec!["busy"]),
        ("?mine=true&offset=1", vec![]),
    ] {
        assert_eq!(titles(&shown(&app, &broker, query).await), found, "{query}");
    }
    assert_eq!(titles(&shown(&app, &seller, "?mine=true").await), [""; 0], "sellers do not decide");
    let admin = app.user("admin@example.com", Role::Admin).await;
    assert_eq!(titles(&shown(&app, &admin, "").await), ["open", "busy"], "admins see every room");
    assert_eq!(titles(&shown(&app, &admin, "?mine=true").await), [""; 0], "and are a party of none");
}

async fn an_empty_cockpit_says_what_comes_first(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let page = shown(&app, &broker, "").await;
    assert!(page.contains("No room is open.") && page.contains("href=\"/rooms/new\""), "{page}");
    let page = shown(&app, &owner, "").await;
    assert!(page.contains("A broker adds you") && page.contains("owner@example.com"), "{page}");
    assert!(!page.contains("/rooms/new"), "an owner opens no room: {page}");
}

async fn the_api_searches_as_the_page_does(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let found = room(&app, &broker, ("STS Ceuta", "Off Ceuta", "2026-12-01T00:00:00Z")).await;
    room(&app, &broker, ("STS Malta", "Hurd Bank", "2026-12-02T00:00:00Z")).await;
    let reply = app.get("/cockpit?q=ceuta&phase=nomination", &broker).send().await;
    let rows = reply.expect(200);
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["room_id"]), (1, &json!(found)));
    assert_eq!(reply.header("x-total-count"), "1");
    let none = app.get("/cockpit?waiting_for_me=true", &broker).send().await;
    assert_eq!(none.expect(200), json!([]));
    assert_eq!(app.get("/cockpit?phase=never&closed=perhaps", &broker).send().await.fields(), ["phase", "closed"]);
}
