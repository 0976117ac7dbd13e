//! Decisions on versions, the status that follows from them, and downloads.

use proptest::prelude::*;
use room::Role;
use serde_json::{Value, json};

use crate::harness::{TestApp, on_both_databases, pdf};

on_both_databases! {
    TestApp:
    where_a_document_stands_is_what_its_parties_said_last,
    a_word_without_the_text_that_it_needs_is_refused,
    nobody_decides_on_their_own_upload,
    a_decision_names_a_version_of_this_document,
    a_decision_on_a_version_that_has_been_followed_is_refused,
    a_new_version_starts_without_decisions_and_the_old_keeps_its_own,
    a_later_decision_follows_the_first_and_both_are_listed,
    a_rejection_outweighs_an_expiry,
    a_download_is_logged_and_can_be_resumed_and_repeated,
    a_file_is_downloaded_under_the_name_it_came_with,
    an_old_version_is_downloaded_by_its_id,
    the_same_word_again_adds_nothing,
    nobody_decides_on_their_own_file_by_another_hand,
}

/// The roles that decide, with their initials in [`WORDS`]. The seller uploads.
const DECIDERS: [(char, &str); 3] = [('o', "owner"), ('c', "charterer"), ('b', "broker")];

/// Decisions in the order in which they are made (`o+`: the owner approves, `c~`: the charterer approves with subjects,
/// `b-`: the broker rejects), and the status of the document after them.
const WORDS: &[(&str, &str)] = &[
    ("", "under_review"),
    ("o+", "approved"),
    ("o~", "approved"),
    ("o-", "rejected"),
    ("o+ c+ b+", "approved"),
    ("o+ c-", "rejected"),
    ("o- c+", "rejected"),
    ("o- c+ b+", "rejected"),
    ("o- o+", "approved"),
    ("o+ o-", "rejected"),
    ("o- o~", "approved"),
    ("o- c- o+", "rejected"),
    ("o- c- o+ c~", "approved"),
    ("o- o+ o-", "rejected"),
];

/// A room with the tokens of the parties that decide, and of the seller.
struct Scene {
    app: TestApp,
    room: String,
    tokens: Vec<(char, String)>,
    seller: String,
}

impl Scene {
    async fn set(app: TestApp) -> Self {
        let (room, broker) = app.room().await;
        let mut tokens = vec![('b', broker)];
        for (initial, name) in &DECIDERS[..2] {
            tokens.push((*initial, app.user(&format!("{name}@example.com"), name.parse().unwrap()).await));
        }
        let seller = app.user("seller@example.com", Role::Seller).await;
        Self { app, room, tokens, seller }
    }

    fn token(&self, initial: char) -> &str {
        &self.tokens.iter().find(|(known, _)| *known == initial).unwrap().1
    }

    /// Uploads a version, sends these decisions on it and returns the document. The number makes its bytes new, because
    /// the same bytes again would add no version.
    async fn say(&self, words: &str, number: usize) -> Value {
        let document = self.app.document(&self.room, self.token('b'), "COMPAT", None).await;
        self.app.version(&document, &self.seller, &number.to_string(), &[]).await;
        for word in words.split_whitespace() {
            let token = self.token(word.chars().next().unwrap());
            let (verb, asked) = match &word[1..] {
                "+" => ("approve", json!({})),
                "~" => ("approve", json!({ "subjects": "the survey" })),
                _ => ("reject", json!({ "reason": "smudged" })),
            };
            self.app.post(&format!("{document}/{verb}"), token).json(asked).send().await.expect(200);
        }
        self.app.get(&document, &self.seller).send().await.expect(200)
    }
}

async fn where_a_document_stands_is_what_its_parties_said_last(app: TestApp) {
    let scene = Scene::set(app).await;
    for (number, (words, status)) in WORDS.iter().enumerate() {
        let document = scene.say(words, number).await;
        assert_eq!(document["status"], *status, "{words}");
        assert_eq!(document["newest"]["decision_count"], words.split_whitespace().count(), "{words}");
    }
}

async fn a_word_without_the_text_that_it_needs_is_refused(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let empty = app.post(&format!("{document}/approve"), &owner).json(json!({})).send().await;
    assert_eq!(empty.problem(), "conflict");
    app.version(&document, &broker, "study", &[]).await;
    for (verb, asked, field) in [
        ("approve", json!({ "verdict": "approved_with_subjects" }), "subjects"),
        ("approve", json!({ "verdict": "approved_with_subjects", "subjects": " " }), "subjects"),
        ("approve", json!({ "verdict": "approved", "subjects": "x" }), "subjects"),
        ("approve", json!({ "verdict": "rejected" }), "verdict"),
        ("approve", json!({ "verdict": "fine" }), "verdict"),
        ("approve", json!({ "reason": "x" }), "reason"),
        ("approve", json!({ "subjects": "a\u{0}b" }), "subjects"),
        ("approve", json!({ "version_id": "1" }), "version_id"),
        ("reject", json!({}), "reason"),
        ("reject", json!({ "reason": "\n" }), "reason"),
        ("reject", json!({ "reason": "x", "subjects": "y" }), "subjects"),
    ] {
        let refused = app.post(&format!("{document}/{verb}"), &owner).json(asked.clone()).send().await;
        assert_eq!(refused.fields(), [field], "{verb} {asked}");
    }
    let whole = app.get(&document, &broker).send().await.expect(200);
    assert_eq!((&whole["status"], &whole["newest"]["decisions"]), (&json!("under_review"), &json!([])));
    let actions = app.actions(&room[7..], &broker).await;
    assert_eq!(actions.last().unwrap(), "document_uploaded");
}

async fn nobody_decides_on_their_own_upload(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    app.version(&document, &broker, "study", &[]).await;
    for (verb, asked) in [("approve", json!({})), ("reject", json!({ "reason": "x" }))] {
        let refused = app.post(&format!("{document}/{verb}"), &broker).json(asked).send().await;
        assert_eq!((refused.status, &*refused.problem()), (403, "own_interest"));
    }
    // They may decide on the next version, which another party uploads.
    let seller = app.user("seller@example.com", Role::Seller).await;
    app.version(&document, &seller, "a better study", &[]).await;
    app.post(&format!("{document}/approve"), &broker).json(json!({})).send().await.expect(200);
}

async fn a_decision_names_a_version_of_this_document(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    app.version(&document, &broker, "study", &[]).await;
    let plan = app.document(&room[7..], &broker, "JPO", None).await;
    let of_plan = app.version(&plan, &broker, "plan", &[]).await["version"]["id"].clone();
    let elsewhere = app.post("/rooms", &broker).json(crate::harness::new_room(&[])).send().await.expect(201);
    let far = app.document(elsewhere["id"].as_str().unwrap(), &broker, "COMPAT", None).await;
    let of_far = app.version(&far, &broker, "far", &[]).await["version"]["id"].clone();
    for version in [of_plan, of_far.clone(), elsewhere["id"].clone()] {
        for (verb, mut asked) in [("approve", json!({})), ("reject", json!({ "reason": "x" }))] {
            asked["version_id"] = version.clone();
            let refused = app.post(&format!("{document}/{verb}"), &owner).json(asked).send().await;
            assert_eq!(refused.problem(), "not_found");
        }
    }
    // A document of another room is not found under the path of this one either.
    let id = far.rsplit('/').next().unwrap();
    let by_way = app.post(&format!("{room}/documents/{id}/approve"), &owner).json(json!({})).send().await;
    assert_eq!(by_way.problem(), "not_found");
    let download = format!("{document}/versions/{}/download", of_far.as_str().unwrap());
    assert_eq!(app.get(&download, &owner).send().await.problem(), "not_found");
}

async fn a_decision_on_a_version_that_has_been_followed_is_refused(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let old = app.version(&document, &broker, "study", &[]).await["version"]["id"].clone();
    let new = app.version(&document, &broker, "another", &[]).await["version"]["id"].clone();
    let late = app.post(&format!("{document}/approve"), &owner).json(json!({ "version_id": old })).send().await;
    assert_eq!(late.problem(), "conflict");
    assert!(late.json()["detail"].as_str().unwrap().contains("ersion 2 has come meanwhile"));
    let named = app.post(&format!("{document}/approve"), &owner).json(json!({ "version_id": new }));
    assert_eq!(named.send().await.expect(200)["status"], "approved");
}

async fn a_new_version_starts_without_decisions_and_the_old_keeps_its_own(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    app.version(&document, &broker, "study", &[]).await;
    app.post(&format!("{document}/approve"), &owner).json(json!({})).send().await.expect(200);
    let uploaded = app.version(&document, &broker, "another", &[]).await;
    assert_eq!(uploaded["document"]["status"], "under_review");
    let whole = app.get(&document, &broker).send().await.expect(200);
    assert_eq!(whole["versions"][0]["decisions"].as_array().unwrap().len(), 1);
    assert_eq!(whole["versions"][1]["decisions"], json!([]));
}

async fn a_later_decision_follows_the_first_and_both_are_listed(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    app.version(&document, &broker, "study", &[]).await;
    let reject = json!({ "reason": " page 2 is missing " });
    app.post(&format!("{document}/reject"), &owner).json(reject).send().await.expect(200);
    app.later(std::time::Duration::from_mins(1));
    let approve = json!({ "subjects": "page 2 by noon" });
    let after = app.post(&format!("{document}/approve"), &owner).json(approve).send().await.expect(200);
    let last = after["newest"]["decisions"].as_array().unwrap();
    assert_eq!((last.len(), &last[0]["verdict"]), (1, &json!("approved_with_subjects")), "the last word of each party");
    let whole = app.get(&document, &broker).send().await.expect(200);
    let told: Vec<_> = whole["versions"][0]["decisions"].as_array().unwrap().iter().collect();
    let fields =
        |at: usize, why: &str| ["party", "role", "verdict", why, "decided_at"].map(|field| told[at][field].clone());
    let word = |verdict, why, at| ["owner@example.com", "owner", verdict, why, at].map(Value::from);
    assert_eq!(fields(0, "reason"), word("rejected", "page 2 is missing", "2026-11-23T08:00:00Z"));
    assert_eq!(fields(1, "subjects"), word("approved_with_subjects", "page 2 by noon", "2026-11-23T08:01:00Z"));
    assert_eq!(told.len(), 2);
    let log = app.get(&format!("{room}/activities?action=document_decided"), &broker).send().await.expect(200);
    let verdicts = log.as_array().unwrap().iter().map(|entry| &entry["meta"]["verdict"]).collect::<Vec<_>>();
    assert_eq!(verdicts, ["approved_with_subjects", "rejected"]);
}

async fn a_rejection_outweighs_an_expiry(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    app.version(&document, &broker, "study", &[("expires_on", "2026-11-30")]).await;
    let approved = app.post(&format!("{document}/approve"), &owner).json(json!({})).send().await.expect(200);
    assert_eq!(approved["status"], "expired");
    let rejected = app.post(&format!("{document}/reject"), &owner).json(json!({ "reason": "old" }));
    assert_eq!(rejected.send().await.expect(200)["status"], "rejected");
}

async fn a_download_is_logged_and_can_be_resumed_and_repeated(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let url = format!("{document}/download");
    assert_eq!(app.get(&url, &broker).send().await.problem(), "not_found");
    let uploaded = app.version(&document, &broker, "study", &[]).await;
    let bytes = pdf("study");
    let parts = async || {
        let path = format!("{room}/activities?action=document_downloaded&limit=100");
        let log = app.get(&path, &broker).send().await.expect(200);
        log.as_array().unwrap().iter().map(|entry| entry["meta"]["part"].clone()).collect::<Vec<_>>()
    };
    let whole = app.get(&url, &broker).send().await;
    assert_eq!((whole.status, &whole.body[..]), (200, &bytes[..]));
    let etag = format!("\"{}\"", uploaded["version"]["sha256"].as_str().unwrap());
    assert_eq!((whole.header("etag"), whole.header("accept-ranges")), (&*etag, "bytes"));
    assert_eq!(whole.header("content-security-policy"), "sandbox; default-src 'none'; frame-ancestors 'none'");
    let part = app.get(&url, &broker).header("range", "bytes=2-4").send().await;
    assert_eq!((part.status, &part.body[..]), (206, &bytes[2..5]));
    assert_eq!(parts().await, [json!("2-4"), Value::Null]);

    let head = app.request("HEAD", &url, &broker).send().await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, &*bytes.len().to_string(), 0));
    let unchanged = app.get(&url, &broker).header("if-none-match", &etag).send().await;
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    assert_eq!(app.get(&url, &broker).header("range", "bytes=9999-").send().await.status, 416);
    assert_eq!(parts().await.len(), 2);

    // The log must not claim a download that could not be sent.
    std::fs::remove_file(app.dir.path().join("data/files").join(&app.stored()[0])).unwrap();
    assert!(app.get(&url, &broker).send().await.status >= 400);
    assert_eq!(parts().await.len(), 2);
}

async fn a_file_is_downloaded_under_the_name_it_came_with(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let upload = app.post(&format!("{document}/versions"), &broker).upload(r#"船级 \"证书\".pdf"#, &pdf(""), &[]);
    upload.send().await.expect(201);
    let file = app.get(&format!("{document}/download"), &broker).send().await;
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"__ ____.pdf\"; filename*=UTF-8''%E8%88%B9%E7%BA%A7%20%22%E8%AF%81%E4%B9%A6%22.pdf"
    );
    assert_eq!(file.header("content-type"), "application/pdf");
}

async fn an_old_version_is_downloaded_by_its_id(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let old = app.version(&document, &broker, "old", &[]).await["version"]["id"].as_str().unwrap().to_owned();
    app.version(&document, &broker, "new", &[]).await;
    assert_eq!(app.get(&format!("{document}/download"), &broker).send().await.body, pdf("new"));
    let url = format!("{document}/versions/{old}/download");
    assert_eq!(app.get(&url, &broker).send().await.body, pdf("old"));
    for missing in ["1", "..", document.rsplit('/').next().unwrap()] {
        let url = format!("{document}/versions/{missing}/download");
        assert_eq!(app.get(&url, &broker).send().await.status, 404, "{missing}");
    }
}

/// Any sequence of decisions, written as in [`WORDS`].
fn words() -> impl Strategy<Value = Vec<String>> {
    let word = ("[ocb]", "[+~-]").prop_map(|(who, what)| who + &what);
    prop::collection::vec(word, 0..10)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn where_a_document_stands_hangs_on_the_last_word_of_each_alone(versions in prop::collection::vec(words(), 1..6)) {
        let last_of_each = |said: &[String]| -> Vec<String> {
            let last = |who| said.iter().rev().find(|word| word.starts_with(who)).cloned();
            DECIDERS.into_iter().filter_map(|(who, _)| last(who)).collect()
        };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let stands = runtime.block_on(async {
            let scene = Scene::set(TestApp::on_sqlite().await).await;
            let mut stands = Vec::new();
            for (number, said) in versions.iter().enumerate() {
                let all = scene.say(&said.join(" "), number * 2).await["status"].clone();
                let last = scene.say(&last_of_each(said).join(" "), number * 2 + 1).await["status"].clone();
                stands.push((all, last));
            }
            stands
        });
        for ((all, last), said) in stands.into_iter().zip(&versions) {
            prop_assert_eq!(all, last, "{:?}", said);
        }
    }
}

async fn the_same_word_again_adds_nothing(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let document = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&document, &broker, "a study", &[]).await;
    let approve = format!("{document}/approve");
    for (asked, decisions) in [
        (json!({}), 1),
        (json!({}), 1),
        (json!({ "subjects": "tugs" }), 2),
        (json!({ "subjects": "tugs" }), 2),
        (json!({ "subjects": "tugs and pilots" }), 3),
        (json!({}), 4),
    ] {
        let now = app.post(&approve, &owner).json(asked.clone()).send().await.expect(200);
        assert_eq!(now["newest"]["decision_count"], decisions, "{asked}");
    }
    let actions = app.actions(&room, &broker).await;
    assert_eq!(actions.iter().filter(|action| *action == "document_decided").count(), 4);
}

async fn nobody_decides_on_their_own_file_by_another_hand(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let document = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&document, &owner, "a study", &[("expires_on", "2027-01-01")]).await;
    app.version(&document, &broker, "a study", &[("expires_on", "2028-01-01")]).await;
    for token in [&owner, &broker] {
        let refused = app.post(&format!("{document}/approve"), token).json(json!({})).send().await;
        assert_eq!(refused.problem(), "own_interest");
    }
}
