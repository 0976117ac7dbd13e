//! The clearance tab: each party's approval of each vessel, who is offered which form, and one's own approvals.

use room::Role;
use serde_json::json;

use crate::harness::{IMO, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    the_matrix_tells_who_said_what_whose_reply_is_awaited_and_what_that_blocks,
    a_reply_is_given_with_a_click_changed_by_a_form_and_revoked_for_a_reason,
    nobody_clears_their_own_sides_vessel_and_sellers_none,
    what_is_outstanding_is_listed_to_the_end_with_each_thing_once,
}

/// A room with a vessel of each side, an owner on each, and a seller.
struct Scene {
    app: TestApp,
    room: String,
    broker: String,
    /// The token of the owner on the discharging side.
    owner: String,
    seller: String,
    star: String,
    light: String,
}

async fn scene(app: TestApp) -> Scene {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let seller = app.user("seller@example.com", Role::Seller).await;
    let parties = app.get(&format!("/rooms/{room}/parties"), &broker).send().await.expect(200);
    for (email, side) in [("owner@example.com", "discharging"), ("charterer@example.com", "receiving")] {
        let party = parties.as_array().unwrap().iter().find(|party| party["email"] == email).unwrap();
        let path = format!("/rooms/{room}/parties/{}", party["id"].as_str().unwrap());
        app.patch(&path, &broker).json(json!({ "side": side })).send().await.expect(200);
    }
    let star = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let light = app.vessel(&room, &broker, "Northern Light", "receiving", IMO[1]).await;
    Scene { app, room, broker, owner, seller, star, light }
}

async fn what_is_outstanding_is_listed_to_the_end_with_each_thing_once(app: TestApp) {
    let scene = scene(app).await;
    let path = format!("/rooms/{}", scene.room);
    let summary = scene.app.get(&format!("{path}/summary"), &scene.broker).send().await.expect(200);
    // No paper is there, and no vessel is cleared.
    let all = summary["total_required_docs"].as_u64().unwrap() + 2;
    let listed = |page: &str| {
        let lists = page.split("<ul class=\"outstanding\">").skip(1).map(|rest| rest.split("</ul>").next().unwrap());
        lists.map(|list| list.matches("<li>").count()).collect::<Vec<_>>()
    };
    let page = scene.page(&scene.broker).await;
    // Nothing keeps it from the phase in which the vessels are cleared.
    assert!(page.contains("Outstanding before clearance") && page.contains("Nothing</span>"), "{page}");
    assert!(page.contains(&format!("{all} in all before the room can be closed")), "{page}");
    assert_eq!(listed(&page).iter().sum::<usize>() as u64, all);
    let gate = scene.app.get(&format!("/{path}/phase"), &scene.broker).send().await.html();
    assert!(
        gate.contains("Nothing is outstanding before clearance") && gate.contains(&format!("{all} items")),
        "{gate}"
    );

    // In the next phase the same things are outstanding, some of them at once.
    let step = json!({ "phase": "clearance" });
    scene.app.post(&format!("{path}/phase"), &scene.broker).json(step).send().await.expect(200);
    let next = scene.page(&scene.broker).await;
    assert!(next.contains("Outstanding before planning") && next.contains("id=\"before-mooring\""), "{next}");
    assert!(next.contains(&format!("{all} in all before the room can be closed")), "{next}");
    assert_eq!((listed(&next).iter().sum::<usize>() as u64, listed(&next).len()), (all, listed(&page).len()));
}

impl Scene {
    async fn page(&self, token: &str) -> String {
        self.app.get(&format!("//rooms/{}/clearance", self.room), token).send().await.html()
    }

    fn word(&self, vessel: &str) -> String {
        format!("//rooms/{}/clearance/{vessel}", self.room)
    }
}

async fn the_matrix_tells_who_said_what_whose_reply_is_awaited_and_what_that_blocks(app: TestApp) {
    let scene = scene(app).await;
    let page = scene.page(&scene.owner).await;
    assert!(page.contains("Discharging; the receiving side clears it. Awaiting reply from charterer."), "{page}");
    assert!(page.contains("Receiving; the discharging side clears it. Awaiting reply from owner."), "{page}");
    assert!(page.contains("owner (you)") && !page.contains(">seller<"), "{page}");
    assert!(page.contains("Outstanding before clearance"), "{page}");

    let charterer = scene.app.user("charterer@example.com", Role::Charterer).await;
    let fields = [("word", "clear"), ("subjects", "class closed\nbefore arrival")];
    scene.app.post(&scene.word(&scene.star), &charterer).fields(&fields).send().await;
    let page = scene.page(&scene.broker).await;
    assert!(page.contains("Cleared on subjects") && page.contains("class closed\nbefore arrival"), "{page}");
    assert!(page.contains("Cleared") && page.contains("Revoke the reply of charterer on Aegean Star"), "{page}");
    assert!(!scene.page(&scene.owner).await.contains("Revoke"), "it is not the owner's reply");
}

async fn a_reply_is_given_with_a_click_changed_by_a_form_and_revoked_for_a_reason(app: TestApp) {
    let scene = scene(app).await;
    let Scene { app, room, owner, light, .. } = &scene;
    let path = scene.word(light);
    assert!(scene.page(owner).await.contains("aria-label=\"Clear Northern Light\""));
    let cleared = app.post(&path, owner).fields(&[("word", "clear")]).send().await;
    assert_eq!((cleared.status, cleared.header("location")), (303, &*format!("/rooms/{room}/clearance")));
    let page = scene.page(owner).await;
    assert!(
        page.contains("Change your reply on Northern Light") && !page.contains("\"Clear Northern Light\""),
        "{page}"
    );

    let blank = app.post(&path, owner).fields(&[("word", "reject"), ("reason", " ")]).send().await;
    assert_eq!(blank.status, 422);
    assert!(blank.html().contains("Why must be given"), "{}", blank.html());
    let rejected = app.post(&path, owner).fields(&[("word", "reject"), ("reason", "<i>class</i>")]).send().await;
    assert_eq!(rejected.status, 303);
    let page = scene.page(owner).await;
    assert!(page.contains("Declined") && page.contains("&lt;i&gt;class&lt;/i&gt;"), "{page}");
    let approvals = app.get(&format!("/rooms/{room}/approvals"), owner).send().await.expect(200);
    assert_eq!((approvals.as_array().unwrap().len(), &approvals[0]["status"]), (1, &json!("rejected")));

    let revoke = format!("//rooms/{room}/approvals/{}/revoke", approvals[0]["id"].as_str().unwrap());
    assert!(app.get(&revoke, owner).send().await.html().contains("Revoke the reply of owner?"));
    assert_eq!(app.post(&revoke, owner).fields(&[("reason", "")]).send().await.status, 422);
    assert_eq!(app.post(&revoke, owner).fields(&[("reason", "mended")]).send().await.status, 303);
    let page = scene.page(owner).await;
    assert!(page.contains("revoked <time") && !page.contains("considering since"), "{page}");
    let again = app.post(&revoke, owner).fields(&[("reason", "mended")]).send().await;
    assert_eq!(again.status, 409);
    assert!(again.html().contains("nothing to revoke"));
    let actions = app.actions(room, owner).await;
    assert_eq!(actions[actions.len() - 3..], ["approval_given", "approval_changed", "approval_revoked"]);
    // Who considers anew after that is not told as one whose reply was revoked.
    let path = format!("/rooms/{room}/approvals/{}", approvals[0]["id"].as_str().unwrap());
    for status in ["approved", "pending"] {
        app.put(&path, owner).json(json!({ "status": status })).send().await.expect(200);
    }
    let page = scene.page(owner).await;
    assert!(page.contains("considering since <time") && !page.contains("revoked <time"), "{page}");
}

async fn nobody_clears_their_own_sides_vessel_and_sellers_none(app: TestApp) {
    let scene = scene(app).await;
    let page = scene.app.get(&scene.word(&scene.star), &scene.owner).send().await.html();
    assert!(page.contains("It is your own side") && !page.contains("name=\"word\""), "{page}");
    let own = scene.app.post(&scene.word(&scene.star), &scene.owner).fields(&[("word", "clear")]).send().await;
    assert_eq!(own.status, 403);
    assert!(own.html().contains("A side clears the other's vessel, not its own."), "{}", own.html());
    let page = scene.page(&scene.seller).await;
    assert!(page.contains("Aegean Star") && !page.contains("name=\"word\"") && !page.contains("Revoke"), "{page}");
    assert_eq!(scene.app.get(&scene.word(&scene.star), &scene.seller).send().await.status, 403);
    let page = scene.page(&scene.broker).await;
    assert!(page.contains("Reply on Aegean Star"), "a broker's reply clears nothing, and may be given: {page}");
}
