//! Two admins are two people: what one person cannot do, whatever accounts that person comes to control.

use std::{collections::BTreeSet, time::Duration};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use room::{Log, Role};
use serde_json::{Value, json};

use sts_clearance::domain::snapshots::way_down;
use sts_clearance::{
    db,
    domain::{
        accounts::{
            requests,
            users::{self, GivenPassword},
        },
        input::Basis,
        log::{Actor, operation, schema},
    },
};

use crate::harness::{PASSWORD, Reply, TestApp, on_both_databases};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const EVE: &str = "eve@example.com";
const DAY: Duration = Duration::from_hours(24);

on_both_databases! {
    TestApp:
    whoever_was_made_promoted_enabled_or_given_a_password_by_the_one_who_asks_does_not_confirm,
    whoever_confirms_has_had_their_account_for_a_week,
    two_accounts_out_of_one_hand_are_one_person,
    who_runs_the_server_gives_an_account_back_into_its_owners_hands,
    what_was_done_to_accounts_before_that_was_kept_is_known_from_the_log,
    a_new_admin_takes_two_admins_in_each_of_the_three_ways,
    a_systems_only_admin_makes_the_second_alone,
    a_request_is_withdrawn_or_ends_by_itself,
    an_admin_demoted_or_disabled_since_has_asked_for_nothing,
    an_admin_enabled_by_the_one_who_confirms_has_asked_for_nothing,
    of_two_admins_who_ask_for_the_same_at_once_one_confirms,
    no_sequence_of_administration_lets_one_person_do_both_halves,
}

async fn id(app: &TestApp, email: &str) -> String {
    users::named(&app.app, email).await.unwrap().id.to_string()
}

/// Sends a request about an account, with a session that was opened just now.
async fn change(app: &TestApp, by: &str, method: &str, email: &str, what: &str, body: Value) -> Reply {
    let path = format!("/users/{}{what}", id(app, email).await);
    app.request(method, &path, &app.session(by).await).json(body).send().await
}

async fn promote(app: &TestApp, by: &str, email: &str) -> Reply {
    change(app, by, "PUT", email, "/role", json!({ "role": "admin" })).await
}

async fn demote(app: &TestApp, by: &str, email: &str) -> Reply {
    change(app, by, "PUT", email, "/role", json!({ "role": "broker" })).await
}

async fn enable(app: &TestApp, by: &str, email: &str, enabled: bool) -> Reply {
    change(app, by, "PATCH", email, "", json!({ "disabled": !enabled })).await
}

async fn give_password(app: &TestApp, by: &str, email: &str) -> Reply {
    change(app, by, "POST", email, "/password", json!({ "new_password": "given for the moment" })).await
}

async fn make(app: &TestApp, by: &str, email: &str, role: &str) -> Reply {
    let asked = json!({ "email": email, "name": "Somebody", "role": role, "password": "given for the moment" });
    app.post("/users", &app.session(by).await).json(asked).send().await
}

/// Returns the requests about accounts that wait to be confirmed.
async fn waiting(app: &TestApp, by: &str) -> Vec<Value> {
    app.get("/users/requests", &app.session(by).await).send().await.expect(200).as_array().unwrap().clone()
}

/// Confirms the only request that waits.
async fn confirm(app: &TestApp, by: &str) -> Reply {
    let waiting = waiting(app, by).await;
    let [request] = &waiting[..] else { panic!("{waiting:?}") };
    let path = format!("/users/requests/{}/confirm", request["id"].as_str().unwrap());
    app.post(&path, &app.session(by).await).send().await
}

/// Replaces a given password with a chosen one, as the owner of the account does, or the admin who gave it.
async fn settle(app: &TestApp, email: &str) {
    // Without the time that it takes to hash a password.
    let user = users::named(&app.app, email).await.unwrap();
    let (id, hash) = (user.id, "not one that anything fits".to_owned());
    let email = email.to_owned();
    let changed = operation(&app.app, Log::Platform, &Actor::System, async move |tx, log| {
        log.append(tx, &requests::password_changed(email, &hash, false, None)).await?;
        db::users::keep_password(tx, id, &hash).await
    });
    changed.await.unwrap();
}

/// Makes a room with a hold, which takes two admins to lift. Returns the hold's path.
async fn hold(app: &TestApp) -> String {
    let (room, _) = app.room().await;
    app.user(ADA, Role::Admin).await;
    let placed =
        app.post(&format!("/rooms/{room}/holds"), &app.session(ADA).await).json(json!({ "reason": "A claim" }));
    placed.send().await.header("location").strip_prefix("/api/v1").unwrap().to_owned()
}

async fn lift(app: &TestApp, hold: &str, by: &str) -> Reply {
    app.delete(hold, &app.session(by).await).json(json!({ "reason": "It is settled" })).send().await
}

/// Asks with one account and confirms with another; returns the reply to the confirmation.
async fn both(app: &TestApp, hold: &str, asks: &str, confirms: &str) -> Reply {
    lift(app, hold, asks).await.expect(202);
    lift(app, hold, confirms).await
}

async fn whoever_was_made_promoted_enabled_or_given_a_password_by_the_one_who_asks_does_not_confirm(app: TestApp) {
    let hold = hold(&app).await;
    app.user(BEN, Role::Admin).await;
    app.user("dan@example.com", Role::Admin).await;
    app.user("promoted@example.com", Role::Broker).await;
    app.user("enabled@example.com", Role::Admin).await;
    app.user("given@example.com", Role::Broker).await;
    make(&app, ADA, "made@example.com", "broker").await.expect(201);
    assert_eq!(give_password(&app, ADA, "given@example.com").await.status, 204);
    for made in ["made@example.com", "given@example.com"] {
        settle(&app, made).await;
        let user = users::named(&app.app, made).await.unwrap().id;
        users::change_role(&app.app, &Actor::Operator, user, Role::Admin, Basis::Anything).await.unwrap();
    }
    promote(&app, ADA, "promoted@example.com").await.expect(202);
    promote(&app, BEN, "promoted@example.com").await.expect(200);
    for enabled in [false, true] {
        enable(&app, ADA, "enabled@example.com", enabled).await.expect(200);
    }
    app.later(400 * DAY);
    lift(&app, &hold, ADA).await.expect(202);
    for confirms in ["made@example.com", "promoted@example.com", "enabled@example.com", "given@example.com"] {
        let refused = lift(&app, &hold, confirms).await;
        assert_eq!(refused.problem(), "conflict", "{confirms}");
        assert!(refused.json()["detail"].as_str().unwrap().contains("could be one person's"), "{confirms}");
    }
    lift(&app, &hold, "dan@example.com").await.expect(200);
}

async fn whoever_confirms_has_had_their_account_for_a_week(app: TestApp) {
    let hold = hold(&app).await;
    app.user(BEN, Role::Admin).await;
    app.user(EVE, Role::Broker).await;
    promote(&app, BEN, EVE).await.expect(202);
    app.user("dan@example.com", Role::Admin).await;
    promote(&app, "dan@example.com", EVE).await.expect(200);
    let refused = both(&app, &hold, ADA, EVE).await;
    assert!(refused.json()["detail"].as_str().unwrap().contains("confirms nothing until 2026-11-30"), "{refused:?}");
    app.later(7 * DAY);
    assert_eq!(both(&app, &hold, ADA, EVE).await.status, 200, "after a week, and not out of the hands of who asks");
}

async fn two_accounts_out_of_one_hand_are_one_person(app: TestApp) {
    let hold = hold(&app).await;
    app.user(BEN, Role::Admin).await;
    for email in ["one@example.com", "two@example.com"] {
        make(&app, BEN, email, "admin").await.expect(202);
        confirm(&app, ADA).await.expect(200);
        settle(&app, email).await;
    }
    app.later(8 * DAY);
    assert_eq!(both(&app, &hold, "one@example.com", "two@example.com").await.problem(), "conflict");
    assert_eq!(lift(&app, &hold, BEN).await.problem(), "conflict", "whoever made the one who asks");
    lift(&app, &hold, ADA).await.expect(200);
}

async fn who_runs_the_server_gives_an_account_back_into_its_owners_hands(app: TestApp) {
    let hold = hold(&app).await;
    make(&app, ADA, BEN, "admin").await.expect(201);
    settle(&app, BEN).await;
    app.later(8 * DAY);
    let refused = both(&app, &hold, ADA, BEN).await;
    assert!(refused.json()["detail"].as_str().unwrap().contains("at the command line"), "{refused:?}");
    let ben = users::named(&app.app, BEN).await.unwrap().id;
    users::give_password(&app.app, &Actor::Operator, ben, PASSWORD, GivenPassword::Kept).await.unwrap();
    lift(&app, &hold, BEN).await.expect(200);
}

async fn what_was_done_to_accounts_before_that_was_kept_is_known_from_the_log(app: TestApp) {
    let hold = hold(&app).await;
    make(&app, ADA, BEN, "admin").await.expect(201);
    make(&app, ADA, EVE, "broker").await.expect(201);
    let eve = users::named(&app.app, EVE).await.unwrap().id;
    users::change_role(&app.app, &Actor::Operator, eve, Role::Admin, Basis::Anything).await.unwrap();
    users::give_password(&app.app, &Actor::Operator, eve, PASSWORD, GivenPassword::Kept).await.unwrap();
    settle(&app, BEN).await;
    app.later(8 * DAY);
    // The way down deletes what is kept about accounts; the way up reads it from the log again.
    way_down::take_back(&app.app, &Actor::Operator, "012", true).await.unwrap();
    schema::bring_up(&app.app, &Actor::Operator).await.unwrap();
    assert_eq!(both(&app, &hold, ADA, BEN).await.problem(), "conflict");
    lift(&app, &hold, EVE).await.expect(200);
}

async fn a_new_admin_takes_two_admins_in_each_of_the_three_ways(app: TestApp) {
    for email in [ADA, BEN] {
        app.user(email, Role::Admin).await;
    }
    app.user(EVE, Role::Broker).await;
    let asked = make(&app, ADA, "new@example.com", "admin").await.expect(202);
    assert_eq!(asked, json!({ "message": "Another admin has to confirm it", "confirm_by": "2026-11-24T08:00:00Z" }));
    users::named(&app.app, "new@example.com").await.unwrap_err();
    let request = &waiting(&app, BEN).await[0];
    assert_eq!(
        (&request["deed"], &request["email"], &request["asked_by"]),
        (&json!("add_admin"), &json!("new@example.com"), &json!(ADA))
    );
    assert_eq!(make(&app, BEN, "new@example.com", "admin").await.problem(), "conflict", "one request at a time");
    assert_eq!(confirm(&app, ADA).await.problem(), "conflict", "not one's own");
    assert_eq!(confirm(&app, BEN).await.expect(200)["role"], "admin");
    assert_eq!(waiting(&app, BEN).await, [json!(null); 0]);

    promote(&app, ADA, EVE).await.expect(202);
    assert_eq!(promote(&app, ADA, EVE).await.problem(), "conflict", "one's own request");
    assert_eq!(users::named(&app.app, EVE).await.unwrap().role, Role::Broker);
    assert_eq!(promote(&app, BEN, EVE).await.expect(200)["role"], "admin", "the same from another admin confirms it");

    let session = app.session(EVE).await;
    let asked = give_password(&app, ADA, EVE).await;
    asked.expect(202);
    app.get("/auth/me", &session).send().await.expect(200);
    confirm(&app, BEN).await.expect(200);
    assert_eq!(app.get("/auth/me", &session).send().await.problem(), "unauthenticated");
    let login = json!({ "email": EVE, "password": "given for the moment" });
    app.post("/auth/login", "").json(login).send().await.expect(200);
    let log = app.get("/activities?limit=5", &app.session(ADA).await).send().await.expect(200);
    let told = log.as_array().unwrap().iter().find(|entry| entry["action"] == "password_changed").unwrap();
    let meta = &told["meta"];
    assert_eq!([&told["actor"], &meta["email"], &meta["asked_by"]], [BEN, EVE, ADA]);
    assert_eq!(meta["must_change_password"], true);
}

async fn a_systems_only_admin_makes_the_second_alone(app: TestApp) {
    app.user(ADA, Role::Admin).await;
    make(&app, ADA, BEN, "admin").await.expect(201);
    settle(&app, BEN).await;
    make(&app, ADA, EVE, "admin").await.expect(202);
    let refused = confirm(&app, BEN).await;
    assert!(refused.json()["detail"].as_str().unwrap().contains("confirms nothing until"), "{refused:?}");
}

async fn a_request_is_withdrawn_or_ends_by_itself(app: TestApp) {
    for email in [ADA, BEN] {
        app.user(email, Role::Admin).await;
    }
    make(&app, ADA, EVE, "admin").await.expect(202);
    let path = format!("/users/requests/{}", waiting(&app, ADA).await[0]["id"].as_str().unwrap());
    assert_eq!(app.delete(&path, &app.session(BEN).await).send().await.status, 204);
    assert_eq!(app.delete(&path, &app.session(BEN).await).send().await.problem(), "not_found");
    let gone = app.post(&format!("{path}/confirm"), &app.session(BEN).await).send().await;
    assert_eq!(gone.problem(), "not_found");

    make(&app, ADA, EVE, "admin").await.expect(202);
    let path = format!("/users/requests/{}/confirm", waiting(&app, ADA).await[0]["id"].as_str().unwrap());
    app.later(DAY + Duration::from_secs(1));
    assert_eq!(app.post(&path, &app.session(BEN).await).send().await.problem(), "not_found");
    make(&app, BEN, EVE, "admin").await.expect(202);
}

async fn an_admin_demoted_or_disabled_since_has_asked_for_nothing(app: TestApp) {
    let hold = hold(&app).await;
    for email in [BEN, "dan@example.com"] {
        app.user(email, Role::Admin).await;
    }
    for take_away in ["demoted", "disabled"] {
        lift(&app, &hold, ADA).await.expect(202);
        make(&app, ADA, EVE, "admin").await.expect(202);
        let ada = users::named(&app.app, ADA).await.unwrap().id;
        if take_away == "demoted" {
            demote(&app, BEN, ADA).await.expect(200);
            users::change_role(&app.app, &Actor::Operator, ada, Role::Admin, Basis::Anything).await.unwrap();
        } else {
            enable(&app, BEN, ADA, false).await.expect(200);
            users::enable(&app.app, &Actor::Operator, ada).await.unwrap();
        }
        assert_eq!(waiting(&app, BEN).await.len(), 0, "{take_away}");
        assert_eq!(lift(&app, &hold, "dan@example.com").await.status, 202, "{take_away}: it is asked for anew");
        demote(&app, BEN, "dan@example.com").await.expect(200);
        let dan = users::named(&app.app, "dan@example.com").await.unwrap().id;
        users::change_role(&app.app, &Actor::Operator, dan, Role::Admin, Basis::Anything).await.unwrap();
    }
}

async fn an_admin_enabled_by_the_one_who_confirms_has_asked_for_nothing(app: TestApp) {
    let hold = hold(&app).await;
    app.user(BEN, Role::Admin).await;
    lift(&app, &hold, ADA).await.expect(202);
    for enabled in [false, true] {
        enable(&app, BEN, ADA, enabled).await.expect(200);
    }
    lift(&app, &hold, ADA).await.expect(202);
    assert_eq!(lift(&app, &hold, BEN).await.problem(), "conflict");
}

async fn of_two_admins_who_ask_for_the_same_at_once_one_confirms(app: TestApp) {
    for email in [ADA, BEN] {
        app.user(email, Role::Admin).await;
    }
    app.user(EVE, Role::Broker).await;
    let (one, two) = tokio::join!(promote(&app, ADA, EVE), promote(&app, BEN, EVE));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 202]);
}

/// A step of a person who knows [`ADA`]'s password.
#[derive(Debug, Clone)]
enum Step {
    Make { by: usize, admin: bool },
    Promote { by: usize, whom: usize },
    Demote { by: usize, whom: usize },
    Enable { by: usize, whom: usize, enabled: bool },
    GivePassword { by: usize, whom: usize },
    Confirm { by: usize },
    Wait { days: u32 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || 0_usize..6;
    let step = prop_oneof![
        3 => (who(), any::<bool>()).prop_map(|(by, admin)| Step::Make { by, admin }),
        3 => (who(), who()).prop_map(|(by, whom)| Step::Promote { by, whom }),
        1 => (who(), who()).prop_map(|(by, whom)| Step::Demote { by, whom }),
        2 => (who(), who(), any::<bool>()).prop_map(|(by, whom, enabled)| Step::Enable { by, whom, enabled }),
        3 => (who(), who()).prop_map(|(by, whom)| Step::GivePassword { by, whom }),
        3 => who().prop_map(|by| Step::Confirm { by }),
        2 => (0_u32..10).prop_map(|days| Step::Wait { days }),
    ];
    prop::collection::vec(step, 1..14)
}

/// One person, and the accounts whose passwords they know.
struct Person<'a> {
    app: &'a TestApp,
    /// Every account that a step can name, in the order in which they were made.
    accounts: Vec<String>,
    own: BTreeSet<String>,
}

impl Person<'_> {
    /// Returns the account that takes a step: one of the person's own.
    fn by(&self, at: usize) -> String {
        self.own.iter().nth(at % self.own.len()).unwrap().clone()
    }

    fn whom(&self, at: usize) -> String {
        self.accounts[at % self.accounts.len()].clone()
    }

    /// Returns whether the account is enabled. A step of a disabled one is left out; every other is tried.
    async fn is_in(&self, email: &str) -> bool {
        !users::named(&self.app.app, email).await.unwrap().disabled
    }

    async fn take(&mut self, step: Step) {
        let by = match step {
            Step::Wait { days } => return self.app.later(days * DAY),
            Step::Make { by, .. }
            | Step::Promote { by, .. }
            | Step::Demote { by, .. }
            | Step::Enable { by, .. }
            | Step::GivePassword { by, .. }
            | Step::Confirm { by } => self.by(by),
        };
        if !self.is_in(&by).await {
            return;
        }
        match step {
            Step::Make { admin, .. } => {
                let email = format!("account{}@example.com", self.accounts.len());
                let reply = make(self.app, &by, &email, if admin { "admin" } else { "broker" }).await;
                if reply.status == 201 {
                    self.knows(&email).await;
                }
            }
            Step::Promote { whom, .. } => drop(promote(self.app, &by, &self.whom(whom)).await),
            Step::Demote { whom, .. } => drop(demote(self.app, &by, &self.whom(whom)).await),
            Step::Enable { whom, enabled, .. } => drop(enable(self.app, &by, &self.whom(whom), enabled).await),
            Step::GivePassword { whom, .. } => {
                let whom = self.whom(whom);
                if give_password(self.app, &by, &whom).await.status == 204 {
                    self.knows(&whom).await;
                }
            }
            Step::Confirm { .. } => self.confirm(&by).await,
            Step::Wait { .. } => {}
        }
    }

    /// Tries to confirm every request that waits, all of which this person has asked for.
    async fn confirm(&mut self, by: &str) {
        let session = self.app.session(by).await;
        let waiting = self.app.get("/users/requests", &session).send().await;
        if waiting.status != 200 {
            return;
        }
        for request in waiting.json().as_array().unwrap() {
            let path = format!("/users/requests/{}/confirm", request["id"].as_str().unwrap());
            let reply = self.app.post(&path, &session).send().await;
            assert_ne!(reply.status, 200, "{by} confirmed what the same person had asked for: {request}");
        }
    }

    /// Adds an account to which the person gave its password, after replacing that at once.
    async fn knows(&mut self, email: &str) {
        settle(self.app, email).await;
        if !self.accounts.iter().any(|known| known == email) {
            self.accounts.push(email.to_owned());
        }
        self.own.insert(email.to_owned());
    }

    /// Tries to lift the hold with every pair of the person's accounts; returns the pair that succeeds.
    async fn lifts(&self, hold: &str) -> Option<(String, String)> {
        for asks in &self.own {
            for confirms in &self.own {
                if !self.is_in(asks).await || !self.is_in(confirms).await {
                    continue;
                }
                lift(self.app, hold, asks).await;
                if lift(self.app, hold, confirms).await.status == 200 {
                    return Some((asks.clone(), confirms.clone()));
                }
            }
        }
        None
    }
}

async fn no_sequence_of_administration_lets_one_person_do_both_halves(app: TestApp) {
    let hold = hold(&app).await;
    for (email, role) in [(BEN, Role::Admin), (EVE, Role::Broker)] {
        app.user(email, role).await;
    }
    // Each sequence continues from the state that the one before has reached, so that accounts add up.
    let accounts = vec![ADA.to_owned(), BEN.to_owned(), EVE.to_owned()];
    let mut person = Person { app: &app, accounts, own: [ADA.to_owned()].into() };
    let mut runner = TestRunner::deterministic();
    for _ in 0..12 {
        for step in steps().new_tree(&mut runner).unwrap().current() {
            person.take(step).await;
        }
        assert_eq!(person.lifts(&hold).await, None, "{:?}", person.own);
    }
    assert!(person.own.len() > 2, "the person has come by other accounts: {:?}", person.own);
}
