//! News: people are told what they have to know of their rooms, once, as soon as they want it, and of nothing else.

use std::{
    cell::Cell,
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use room::{Phase, Role};
use serde_json::{Value, json};

use sts_clearance::{domain::mail::zones, evidence::Checkpoint};

use crate::harness::{Mailing, PUBLIC_URL, Ran, new_room, on_both_databases};

on_both_databases! {
    Mailing:
    #[needs(aiosmtpd)] whose_decision_is_wanted_is_told_of_what_came_together_in_one_mail,
    #[needs(aiosmtpd)] nobody_is_called_to_what_is_settled,
    #[needs(aiosmtpd)] who_uploaded_a_paper_is_told_that_it_was_rejected,
    #[needs(aiosmtpd)] all_but_who_moved_it_are_told_where_the_eta_is_now,
    #[needs(aiosmtpd)] who_comes_into_a_room_is_told_what_waits_for_them,
    #[needs(aiosmtpd)] who_can_enter_the_next_phase_is_told_when_nothing_keeps_them_from_it,
    #[needs(aiosmtpd)] the_notice_is_told_to_be_due_a_day_before_once_for_each_eta,
    #[needs(aiosmtpd)] a_digest_tells_of_all_rooms_when_its_hour_has_come,
    #[needs(aiosmtpd)] a_room_can_have_a_frequency_of_its_own,
    #[needs(aiosmtpd)] nobody_is_told_of_a_room_that_they_have_left,
    #[needs(aiosmtpd)] two_servers_tell_each_thing_once,
    #[needs(aiosmtpd)] what_happened_while_no_mail_went_out_is_told_to_nobody,
    #[needs(aiosmtpd)] news_that_cannot_be_told_keep_nobody_else_from_theirs,
    #[needs(aiosmtpd)] a_mail_is_a_witness_of_the_log,
    #[needs(aiosmtpd)] a_second_admin_is_called_to_a_deletion_and_a_hold,
}

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// A room with a broker, the owners of both vessels and a charterer, of whom everybody has been told by now that they are
/// in it.
struct Scene {
    app: Mailing,
    room: String,
    vessel: String,
    /// How many mails have been looked at.
    seen: Cell<usize>,
}

impl Scene {
    async fn of(app: Mailing) -> Self {
        for role in [Role::Broker, Role::Owner, Role::Charterer] {
            app.user(&format!("{role}@example.com"), role).await;
        }
        app.user("other@example.com", Role::Owner).await;
        let broker = app.session("broker@example.com").await;
        let party = |role: &str, email: &str, side: Option<&str>| json!({ "role": role, "name": format!("{email} of {role}s"), "email": format!("{email}@example.com"), "side": side });
        let parties = [
            party("owner", "owner", Some("discharging")),
            party("owner", "other", Some("receiving")),
            party("charterer", "charterer", None),
        ];
        let room = app.post("/rooms", &broker).json(new_room(&parties)).send().await.expect(201);
        let room = room["id"].as_str().unwrap().to_owned();
        let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", "9321483").await;
        app.work().await;
        app.later(MINUTE * 2);
        app.work().await;
        let scene = Self { app, room, vessel, seen: Cell::default() };
        scene.mails();
        scene
    }

    async fn token(&self, who: &str) -> String {
        self.app.session(&format!("{who}@example.com")).await
    }

    /// Uploads a new version of the vessel's paper of this type as its owner, and returns the path of the document.
    async fn upload(&self, kind: &str, words: &str) -> String {
        let owner = self.token("owner").await;
        let document = self.app.document(&self.room, &owner, kind, Some(&self.vessel)).await;
        self.app.version(&document, &owner, words, &[]).await;
        document
    }

    async fn decide(&self, document: &str, who: &str, how: &str, body: Value) {
        self.app.post(&format!("{document}/{how}"), &self.token(who).await).json(body).send().await.expect(200);
    }

    async fn move_eta(&self, who: &str, to: &str) {
        let path = format!("/rooms/{}", self.room);
        self.app.patch(&path, &self.token(who).await).json(json!({ "sts_eta": to })).send().await.expect(200);
    }

    async fn choose(&self, who: &str, what: Value) {
        self.app.patch("/account/mails", &self.token(who).await).json(what).send().await.expect(200);
    }

    /// Lets time pass, and has everything sent that is due then.
    async fn after(&self, pause: Duration) -> Vec<(String, String, String)> {
        self.app.work().await;
        self.app.later(pause);
        self.app.work().await;
        self.mails()
    }

    /// Takes what has arrived since this was asked last: receiver, subject and text, in the order of receivers.
    fn mails(&self) -> Vec<(String, String, String)> {
        let field = |value: &Value| value.as_str().unwrap().replace("\r\n", "\n");
        let mails = self.app.host.mails();
        let before = self.seen.replace(mails.len());
        let mut mails: Vec<_> = mails[before..]
            .iter()
            .map(|mail| (field(&mail["to"][0]), field(&mail["headers"]["subject"]), field(&mail["text"])))
            .collect();
        mails.sort();
        mails
    }
}

/// Returns the receivers without their host, and the subjects.
fn heads(mails: &[(String, String, String)]) -> Vec<(&str, &str)> {
    mails.iter().map(|(to, subject, _)| (to.strip_suffix("@example.com").unwrap(), subject.as_str())).collect()
}

async fn whose_decision_is_wanted_is_told_of_what_came_together_in_one_mail(app: Mailing) {
    let scene = Scene::of(app).await;
    let document = scene.upload("Q88", "one").await;
    scene.upload("STS_CL1", "two").await;
    assert_eq!(heads(&scene.after(Duration::ZERO).await), [], "what is done in one go is told together");
    scene.upload("Q88", "three").await;
    let mails = scene.after(MINUTE).await;
    let subject = "STS Ceuta: 2 decisions wanted";
    assert_eq!(heads(&mails), [("broker", subject), ("charterer", subject), ("other", subject)], "not to who uploaded");
    let text = &mails[1].2;
    let wanted = "- Your decision is wanted on Aegean Star: Vessel particulars questionnaire (Q88 / VPQ), version 2, which \
                  owner of owners uploaded.";
    assert!(text.contains(wanted) && text.contains(&format!("{PUBLIC_URL}{document}")), "{text}");
    assert!(!text.contains("version 1, which owner of owners uploaded.\n  {PUBLIC_URL}{document}"), "{text}");
    assert!(text.contains(&format!("{PUBLIC_URL}/rooms/{}/mails", scene.room)), "{text}");

    // The signed head of the log, whole: it is what the log says of itself.
    let log = format!("/rooms/{}/log/checkpoint", scene.room);
    let checkpoint = scene.app.get(&log, &scene.token("broker").await).send().await;
    let checkpoint = String::from_utf8(checkpoint.body.to_vec()).unwrap();
    assert!(text.contains(checkpoint.trim_end()), "{text}\n{checkpoint}");
    assert_eq!(heads(&scene.after(DAY).await), [], "nobody is told twice");
}

async fn nobody_is_called_to_what_is_settled(app: Mailing) {
    let scene = Scene::of(app).await;
    let document = scene.upload("Q88", "one").await;
    scene.app.work().await;
    scene.decide(&document, "broker", "approve", json!({})).await;
    assert_eq!(heads(&scene.after(MINUTE).await), [], "an approved paper awaits nobody");
    // A move there and back is none.
    scene.move_eta("broker", "2026-12-02T06:30:00Z").await;
    scene.app.work().await;
    scene.move_eta("broker", "2026-12-01T06:30:00Z").await;
    assert_eq!(heads(&scene.after(MINUTE).await), []);
}

async fn who_uploaded_a_paper_is_told_that_it_was_rejected(app: Mailing) {
    let scene = Scene::of(app).await;
    let document = scene.upload("Q88", "one").await;
    scene.after(MINUTE).await;
    scene.decide(&document, "charterer", "reject", json!({ "reason": "Last three ports are missing" })).await;
    let mails = scene.after(MINUTE).await;
    assert_eq!(heads(&mails), [("owner", "STS Ceuta: 1 paper rejected")]);
    let told = "charterer of charterers rejected Aegean Star: Vessel particulars questionnaire (Q88 / VPQ), version 1: “Last three \
                ports are missing”";
    assert!(mails[0].2.contains(told), "{}", mails[0].2);

    let without = json!({ "kinds": ["wanted", "eta_moved"] });
    scene.choose("owner", without).await;
    scene.decide(&document, "other", "reject", json!({ "reason": "No stamp" })).await;
    assert_eq!(heads(&scene.after(MINUTE).await), [], "nobody is told of what they do not want to be told of");
}

async fn all_but_who_moved_it_are_told_where_the_eta_is_now(app: Mailing) {
    let scene = Scene::of(app).await;
    let zone = json!({ "time_zone": "Europe/Athens" });
    scene.app.patch("/account/details", &scene.token("owner").await).json(zone).send().await.expect(200);
    for to in ["2026-12-01T09:30:00Z", "2026-12-01T22:15:00Z"] {
        scene.move_eta("broker", to).await;
        scene.app.work().await;
    }
    let mails = scene.after(MINUTE).await;
    let subject = "STS Ceuta: ETA moved";
    assert_eq!(heads(&mails), [("charterer", subject), ("other", subject), ("owner", subject)]);
    let told = "moved the ETA to 1 December 2026, 22:15 UTC; it was 1 December 2026, 06:30 UTC.";
    assert!(mails[0].2.contains(told), "{}", mails[0].2);
    let told = "moved the ETA to 2 December 2026, 00:15 Europe/Athens (1 December, 22:15 UTC); it was 1 December 2026, 08:30 \
                Europe/Athens (06:30 UTC).";
    assert!(mails[2].2.contains(told), "{}", mails[2].2);
}

async fn who_comes_into_a_room_is_told_what_waits_for_them(app: Mailing) {
    let scene = Scene::of(app).await;
    scene.upload("Q88", "one").await;
    scene.after(MINUTE).await;
    scene.app.user("late@example.com", Role::Owner).await;
    let late = json!({ "role": "owner", "name": "Late", "email": "late@example.com", "side": "receiving" });
    let parties = format!("/rooms/{}/parties", scene.room);
    scene.app.post(&parties, &scene.token("broker").await).json(late).send().await.expect(201);
    let mails = scene.after(MINUTE).await;
    let wanted = "STS Ceuta: your reply is wanted, your decision is wanted";
    assert_eq!(heads(&mails), [("late", "STS Ceuta: you are a party"), ("late", wanted)]);
    assert!(mails[1].2.contains("Your reply on Aegean Star is wanted: whether she is cleared."), "{}", mails[1].2);

    // The papers of a vessel are wanted of the owners of its side, the room's of the broker.
    let broker = scene.token("broker").await;
    scene.app.vessel(&scene.room, &broker, "Ionian Sky", "receiving", "9433511").await;
    let mails = scene.after(MINUTE).await;
    assert_eq!(
        heads(&mails),
        [
            ("late", "STS Ceuta: papers wanted"),
            ("other", "STS Ceuta: papers wanted"),
            ("owner", "STS Ceuta: your reply is wanted"),
        ]
    );
    assert!(mails[1].2.contains(" papers are wanted of you: Ionian Sky: "), "{}", mails[1].2);
}

async fn who_can_enter_the_next_phase_is_told_when_nothing_keeps_them_from_it(app: Mailing) {
    let scene = Scene::of(app).await;
    let second = json!({ "role": "broker", "name": "Second", "email": "second@example.com" });
    scene.app.user("second@example.com", Role::Broker).await;
    let broker = scene.token("broker").await;
    scene.app.post(&format!("/rooms/{}/parties", scene.room), &broker).json(second).send().await.expect(201);
    scene.after(MINUTE).await;
    // The nomination lacks the receiving vessel alone.
    scene.app.vessel(&scene.room, &broker, "Ionian Sky", "receiving", "9433511").await;
    let mails = scene.after(MINUTE).await;
    let told: Vec<_> = mails.iter().filter(|(_, subject, _)| subject.contains("next phase open")).collect();
    assert_eq!(told.len(), 1, "{:?}", heads(&mails));
    assert_eq!(told[0].0, "second@example.com", "not who opened the gate, nor who cannot enter the phase");
    assert!(
        told[0].2.contains("Nothing keeps the STS operation from its next phase, clearance, any more"),
        "{}",
        told[0].2
    );
}

async fn the_notice_is_told_to_be_due_a_day_before_once_for_each_eta(app: Mailing) {
    let scene = Scene::of(app).await;
    let look = async |pause| {
        scene.app.later(pause);
        scene.app.tidy().await;
        scene.after(MINUTE).await
    };
    // Due on 29 November at 06:30; it is 23 November, a few minutes past 08:00.
    assert_eq!(heads(&look(Duration::from_hours(5 * 24 - 3)).await), []);
    let mails = look(Duration::from_hours(2)).await;
    let subject = "STS Ceuta: notice due";
    assert_eq!(heads(&mails), [("broker", subject), ("other", subject), ("owner", subject)]);
    assert!(
        mails[0].2.contains("The notice to the coastal State is due 29 November 2026, 06:30 UTC."),
        "{}",
        mails[0].2
    );
    assert_eq!(heads(&look(DAY).await), [], "once");

    let broker = scene.token("broker").await;
    let document = scene.app.document(&scene.room, &broker, "NOTIF_48H", None).await;
    scene.app.version(&document, &broker, "notice", &[]).await;
    scene.after(MINUTE).await;
    scene.move_eta("broker", "2026-12-01T12:45:00Z").await;
    let mails = look(Duration::ZERO).await;
    assert_eq!(heads(&mails).len(), 4, "{:?}", heads(&mails));
    assert!(mails.iter().any(|(to, subject, text)| to == "owner@example.com"
        && subject == "STS Ceuta: notice due, ETA moved"
        && text.contains("has to be revised: the ETA has moved by more than six hours")));
}

async fn a_digest_tells_of_all_rooms_when_its_hour_has_come(app: Mailing) {
    let scene = Scene::of(app).await;
    let zone = json!({ "time_zone": "Asia/Tokyo" });
    scene.app.patch("/account/details", &scene.token("charterer").await).json(zone).send().await.expect(200);
    for (who, frequency) in [("charterer", "daily"), ("other", "hourly"), ("broker", "never")] {
        scene.choose(who, json!({ "frequency": frequency })).await;
    }
    let second = {
        let parties = ["charterer", "other", "owner"].map(|who| {
            json!({ "role": if who == "charterer" { who } else { "owner" }, "name": who, "email": format!("{who}@example.com") })
        });
        let mut room = new_room(&parties);
        room["title"] = "STS Lomé".into();
        scene.app.post("/rooms", &scene.token("broker").await).json(room).send().await.expect(201)["id"].clone()
    };
    scene.upload("Q88", "one").await;
    let owner = scene.token("owner").await;
    let document = scene.app.document(second.as_str().unwrap(), &owner, "COMPAT", None).await;
    scene.app.version(&document, &owner, "two", &[]).await;
    let at_once = scene.after(MINUTE * 50).await;
    let told = |mails: &[(String, String, String)], who: &str| -> Vec<String> {
        let to = format!("{who}@example.com");
        mails.iter().filter(|(receiver, ..)| *receiver == to).map(|(_, subject, _)| subject.clone()).collect()
    };
    for who in ["charterer", "other"] {
        assert_eq!(told(&at_once, who), ["STS Lomé: you are a party"], "the invitation waits for no digest");
    }
    // 08:54; at 09:00 UTC.
    let hourly = scene.after(MINUTE * 10).await;
    assert_eq!(heads(&hourly), [("other", "News of 2 rooms")]);
    let text = &hourly[0].2;
    let (first, other) = (text.find("STS Ceuta").unwrap(), text.find("STS Lomé").unwrap());
    assert!(text[first.min(other)..].contains("Your decision is wanted on"), "{text}");
    // 07:00 in Tokyo is 22:00 UTC.
    assert_eq!(heads(&scene.after(Duration::from_hours(12)).await), []);
    assert_eq!(heads(&scene.after(Duration::from_hours(1)).await), [("charterer", "News of 2 rooms")]);
    assert_eq!(heads(&scene.after(DAY).await), [], "who is never told is not told later");
}

async fn a_room_can_have_a_frequency_of_its_own(app: Mailing) {
    let scene = Scene::of(app).await;
    let (broker, path) = (scene.token("broker").await, format!("/rooms/{}/mails", scene.room));
    scene.choose("broker", json!({ "frequency": "daily" })).await;
    scene.choose("other", json!({ "frequency": "hourly" })).await;
    scene.app.put(&path, &broker).json(json!({ "frequency": "at_once" })).send().await.expect(200);
    scene.app.put(&path, &scene.token("other").await).json(json!({ "frequency": "never" })).send().await.expect(200);
    scene.upload("Q88", "one").await;
    let subject = "STS Ceuta: your decision is wanted";
    assert_eq!(heads(&scene.after(MINUTE).await), [("broker", subject), ("charterer", subject)]);
    scene.app.put(&path, &broker).json(json!({ "frequency": null })).send().await.expect(200);
    scene.upload("Q88", "two").await;
    assert_eq!(heads(&scene.after(MINUTE).await), [("charterer", subject)]);
    assert_eq!(heads(&scene.after(DAY).await), [("broker", subject)]);
}

async fn nobody_is_told_of_a_room_that_they_have_left(app: Mailing) {
    let scene = Scene::of(app).await;
    scene.upload("Q88", "one").await;
    scene.app.work().await;
    let broker = scene.token("broker").await;
    let remove = async |who: &str| {
        let path = format!("/rooms/{}/parties", scene.room);
        let parties = scene.app.get(&path, &broker).send().await.expect(200);
        let email = format!("{who}@example.com");
        let party = parties.as_array().unwrap().iter().find(|party| party["email"] == email).unwrap();
        let party = format!("{path}/{}", party["id"].as_str().unwrap());
        assert!(scene.app.delete(&party, &broker).send().await.status < 300);
    };
    // One before the mail is written, one while it waits for the mail server, one whose account is no more.
    remove("charterer").await;
    scene.app.disable("broker@example.com").await;
    scene.app.host.stop();
    scene.app.later(MINUTE);
    scene.app.work().await;
    let admin = scene.app.user("admin@example.com", Role::Admin).await;
    let waiting = scene.app.get("/mails?state=waiting", &admin).send().await.expect(200);
    let waiting: Vec<_> = waiting.as_array().unwrap().iter().map(|mail| mail["receiver"].clone()).collect();
    assert_eq!(waiting, ["other@example.com"]);
    let parties = scene.app.get(&format!("/rooms/{}/parties", scene.room), &admin).send().await.expect(200);
    let other = parties.as_array().unwrap().iter().find(|party| party["email"] == "other@example.com").unwrap();
    let path = format!("/rooms/{}/parties/{}", scene.room, other["id"].as_str().unwrap());
    assert!(scene.app.delete(&path, &admin).send().await.status < 300);
    scene.app.host.start_again();
    scene.app.later(MINUTE * 2);
    scene.app.work().await;
    assert_eq!(heads(&scene.mails()), []);
    let left = scene.app.get("/mails?state=waiting", &admin).send().await.expect(200);
    assert_eq!(left, json!([]), "there is nothing to tell any more");
}

async fn two_servers_tell_each_thing_once(app: Mailing) {
    let scene = Scene::of(app).await;
    let other = scene.app.another_node();
    scene.upload("Q88", "one").await;
    let both = async || {
        let (one, two) = tokio::join!(Box::pin(scene.app.work()), Box::pin(other.work()));
        one + two
    };
    both().await;
    scene.app.later(MINUTE);
    assert_eq!(both().await, 3);
    let subject = "STS Ceuta: your decision is wanted";
    assert_eq!(heads(&scene.mails()), [("broker", subject), ("charterer", subject), ("other", subject)]);
}

async fn what_happened_while_no_mail_went_out_is_told_to_nobody(app: Mailing) {
    let scene = Scene::of(app).await;
    scene.upload("Q88", "one").await;
    // As if nobody had looked at the room yet: the setting came today.
    let forget = async |tx: &mut sts_clearance::db::Tx| tx.exec("DELETE FROM news_marks", &[]).await;
    scene.app.app.db.write(forget).await.unwrap();
    scene.app.later(DAY * 2);
    assert_eq!(heads(&scene.after(MINUTE).await), []);
    scene.upload("STS_CL1", "two").await;
    let mails = scene.after(MINUTE).await;
    assert_eq!(heads(&mails).len(), 3, "what happens from then on is told");
}

async fn news_that_cannot_be_told_keep_nobody_else_from_theirs(app: Mailing) {
    let scene = Scene::of(app).await;
    scene.upload("Q88", "one").await;
    scene.app.work().await;
    // As a later version would have written it, to whoever comes first.
    let later = async |tx: &mut sts_clearance::db::Tx| {
        let first = "SELECT MIN(user_id) FROM news";
        let sql = format!("UPDATE news SET told = '{{\"about\":\"of_a_later_version\"}}' WHERE user_id = ({first})");
        tx.exec(&sql, &[]).await
    };
    assert_eq!(scene.app.app.db.write(later).await.unwrap(), 1);
    assert_eq!(heads(&scene.after(MINUTE).await).len(), 2, "of three");
}

async fn a_second_admin_is_called_to_a_deletion_and_a_hold(app: Mailing) {
    let scene = Scene::of(app).await;
    let ada = scene.app.user("ada@example.com", Role::Admin).await;
    scene.app.user("ben@example.com", Role::Admin).await;
    let room = format!("/rooms/{}", scene.room);
    let hold = scene.app.post(&format!("{room}/holds"), &ada).json(json!({ "reason": "Claim 4711" })).send().await;
    let hold = format!("{room}/holds/{}", hold.expect(201)["id"].as_str().unwrap());
    scene.app.delete(&hold, &ada).json(json!({ "reason": "Settled" })).send().await.expect(202);
    let mails = scene.after(Duration::ZERO).await;
    assert_eq!(heads(&mails), [("ben", "STS Ceuta: another admin is needed")], "not who asked, and nobody else");
    let text = &mails[0].2;
    assert!(text.contains("ada@example.com has asked to lift a hold in the room, “STS Ceuta”."), "{text}");
    assert!(text.contains("until 24 November 2026, 08:") && text.contains(&format!("{PUBLIC_URL}{hold}")), "{text}");

    let ben = scene.app.session("ben@example.com").await;
    scene.app.delete(&hold, &ben).json(json!({})).send().await.expect(200);
    for phase in &Phase::WORDS[1..] {
        let step = json!({ "phase": phase, "override": true, "reason": "A test" });
        scene.app.post(&format!("{room}/phase"), &ben).json(step).send().await.expect(200);
    }
    scene.after(MINUTE).await;
    let deletion = json!({ "reason": "Opened by mistake" });
    scene.app.delete(&format!("{room}?force=true"), &ben).json(deletion).send().await.expect(202);
    let mails = scene.after(Duration::ZERO).await;
    assert_eq!(heads(&mails), [("ada", "STS Ceuta: another admin is needed")]);
    let text = &mails[0].2;
    assert!(text.contains("ben@example.com has asked to delete the room, “STS Ceuta”."), "{text}");
    assert!(text.contains(&format!("{PUBLIC_URL}{room}/delete")), "{text}");
}

async fn a_mail_is_a_witness_of_the_log(app: Mailing) {
    let scene = Scene::of(app).await;
    scene.upload("Q88", "one").await;
    let mails = scene.after(MINUTE).await;
    // The last paragraphs of the mail, as somebody copies them out of it.
    let text = &mails[0].2;
    let note = &text[text.find("sts-clearance/").unwrap()..];
    let broker = scene.token("broker").await;
    let (_, snapshot) = scene.app.take(&scene.room, &broker, json!({ "snapshot_type": "json" })).await;
    scene.app.work().await;
    let file = scene.app.get(&format!("{snapshot}/download"), &broker).send().await;
    let place = scene.app.dir.path();
    fs::write(place.join("report.json"), &file.body).unwrap();
    let key = scene.app.app.log_key().public().to_owned();
    let verify = |note: &str| {
        fs::write(place.join("mail.txt"), note).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sts-clearance"));
        command.args(["verify", "report.json", "--key", &key, "--checkpoint", "mail.txt"]).current_dir(place);
        Ran::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()), "")
    };
    verify(note).expect(0);
    // Two heads of one size under one name: somebody has rewritten the log.
    let other = Checkpoint { root: [7; 32], ..Checkpoint::unchecked(note).unwrap() };
    let ran = verify(&other.signed(&scene.app.app.log_key()).unwrap());
    assert!(ran.expect(1).contains("does not verify"), "{ran:?}");
}

#[test]
fn an_instant_is_told_in_ones_own_zone_and_in_utc() {
    for (zone, at, words) in [
        (None, "2026-12-03T06:30:00Z", "3 December 2026, 06:30 UTC"),
        (Some("UTC"), "2026-12-03T06:30:00Z", "3 December 2026, 06:30 UTC"),
        (Some("Nowhere/At_all"), "2026-12-03T06:30:00Z", "3 December 2026, 06:30 UTC"),
        (Some("Europe/Athens"), "2026-12-03T06:30:00Z", "3 December 2026, 08:30 Europe/Athens (06:30 UTC)"),
        (Some("Europe/Athens"), "2026-07-03T06:30:00Z", "3 July 2026, 09:30 Europe/Athens (06:30 UTC)"),
        (
            Some("Asia/Singapore"),
            "2026-12-02T22:30:00Z",
            "3 December 2026, 06:30 Asia/Singapore (2 December, 22:30 UTC)",
        ),
    ] {
        assert_eq!(zones::in_words(at.parse().unwrap(), &zones::of(zone)), words);
    }
}
