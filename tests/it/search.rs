//! One search for everything in one's rooms: what is folded, what is searched, who finds what, and that it follows from
//! the logs.

use room::{Role, search::fold};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sts_clearance::{
    domain::{
        fsck::{self, Mode, Watch},
        log::{Actor, schema},
    },
    http::percent,
    policy::{POLICY, may},
};

use crate::harness::{IMO, TestApp, new_room, on_both_databases, pdf};

on_both_databases! {
    TestApp:
    a_spelling_finds_every_other_spelling,
    every_field_finds_its_room_and_several_words_have_to_be_found_in_any_of_them,
    what_has_gone_is_not_found,
    one_finds_only_in_ones_own_rooms,
    what_is_searched_follows_from_the_log,
    rooms_of_earlier_versions_are_found_after_a_start,
}

struct Nobody;

impl Watch for Nobody {}

async fn open(app: &TestApp, token: &str, title: &str) -> String {
    let mut asked = new_room(&[]);
    asked["title"] = title.into();
    let room = app.post("/rooms", token).json(asked).send().await.expect(201);
    room["id"].as_str().unwrap().to_owned()
}

/// Returns the titles of the rooms that a search finds, by the list and by the cockpit, in the order of the alphabet.
async fn found(app: &TestApp, token: &str, words: &str) -> Vec<String> {
    let mut both = Vec::new();
    for list in ["/rooms", "/cockpit"] {
        let path = format!("{list}?limit=100&q={}", percent(words));
        let rooms = app.get(&path, token).send().await.expect(200);
        let title = |room: &Value| room["title"].as_str().unwrap().to_owned();
        let mut titles: Vec<_> = rooms.as_array().unwrap().iter().map(title).collect();
        titles.sort();
        both.push(titles);
    }
    assert_eq!(both[0], both[1], "{words}");
    both.remove(0)
}

/// A title, and words by which it is found.
const SPELLINGS: [(&str, &[&str]); 19] = [
    ("Łódź – Tromsø", &["lodz", "TROMSO", "tromsø", "łódź - tromsø"]),
    ("Große Straße", &["STRASSE", "strasse", "GROẞE", "große"]),
    ("Çeşme İzmir", &["cesme", "IZMIR", "izmir", "çeşme"]),
    ("Diyarbakır", &["diyarbakir", "DIYARBAKIR"]),
    ("Πειραιάς", &["ΠΕΙΡΑΙΑΣ", "πειραιας", "πειραιά"]),
    ("Ὀδυσσεύς", &["οδυσσευς", "ΟΔΥΣΣΕΥΣ"]),
    ("Королёв", &["королев", "КОРОЛЁВ"]),
    ("مُحَمَّد", &["محمد"]),
    ("فاطمة", &["فاطمه"]),
    ("أحمد", &["احمد", "أحـــمد"]),
    ("שָׁלוֹם", &["שלום"]),
    ("Ｔｏｋｙｏ　Ｂａｙ", &["tokyo bay", "TOKYO　BAY"]),
    ("ﾖｺﾊﾏ", &["ヨコハマ"]),
    ("横浜港", &["横浜", "港"]),
    ("부산항", &["부산"]),
    ("Æolus ﬂeet", &["aeolus", "FLEET"]),
    ("O’Brien", &["o'brien", "O’BRIEN"]),
    ("Cafe\u{301} Noir", &["CAFÉ", "cafe"]),
    ("١٢٣ मुंबई", &["123", "मुंबई"]),
];

async fn a_spelling_finds_every_other_spelling(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    for (title, _) in SPELLINGS {
        open(&app, &broker, title).await;
    }
    for (title, spellings) in SPELLINGS {
        for words in spellings.iter().chain([&title]) {
            assert_eq!(found(&app, &broker, words).await, [title], "{words}");
        }
    }
}

async fn every_field_finds_its_room_and_several_words_have_to_be_found_in_any_of_them(app: TestApp) {
    let broker = app.user("broker@example.com", Role::Broker).await;
    let parties = [json!({
        "role": "owner", "name": "Zoë Ångström", "company": "Håkansson & Søn", "email": "zoe@bücher.example",
    })];
    let mut asked = new_room(&parties);
    asked["title"] = "100%_Ceuta".into();
    asked["location"] = "Off Kalamáta".into();
    asked["description"] = "Charter party ref. CP/2026-17, back\\slash".into();
    let room = app.post("/rooms", &broker).json(asked).send().await.expect(201)["id"].as_str().unwrap().to_owned();
    // That one is off another place, too.
    let other = open(&app, &broker, "Another").await;
    app.patch(&format!("/rooms/{other}"), &broker).json(json!({ "location": "Off Malta" })).send().await.expect(200);
    app.vessel(&room, &broker, "Ægean Stár", "discharging", IMO[0]).await;
    let study = app.document(&room, &broker, "COMPAT", None).await;
    let path = format!("{study}/versions");
    app.post(&path, &broker).upload("Étude finale.pdf", &pdf("study"), &[]).send().await.expect(201);
    let imo = |label: &str| format!("{label}{}", IMO[0]);
    let (plain, labelled, spaced, numbered) = (imo(""), imo("IMO"), imo("imo "), imo("IMO No. "));
    for words in [
        "ceuta",
        "kalamata",
        "CP/2026-17",
        "aegean star",
        &plain,
        &labelled,
        &spaced,
        &numbered,
        &plain[..5],
        "angstrom",
        "hakansson",
        "zoe@bücher.example",
        "BUCHER",
        "zoe@xn--bcher-kva.example",
        "etude",
        "finale.pdf",
        "star ceuta",
        "ETUDE zoë kala",
        "slash angstrom 2026",
        "100%",
        "%_",
        "100%_c",
        "k\\s",
    ] {
        assert_eq!(found(&app, &broker, words).await, ["100%_Ceuta"], "{words}");
    }
    for words in ["ceuta another", "ceuta nowhere", "10_%", "\\c", "!", "c!"] {
        assert_eq!(found(&app, &broker, words).await, [""; 0], "{words}");
    }
    for words in ["hose test", "HOSE_CERT", "cert hose"] {
        assert_eq!(found(&app, &broker, words).await, ["100%_Ceuta", "Another"], "{words}: both have the slot");
    }
    for words in ["\u{301}", "\u{200B}", &"a ".repeat(9), &"a".repeat(256)] {
        for list in ["/rooms", "/cockpit"] {
            let refused = app.get(&format!("{list}?q={}", percent(words)), &broker).send().await;
            assert_eq!(refused.fields(), ["q"], "{words}");
        }
    }
    assert_eq!(found(&app, &broker, " ").await.len(), 2, "nothing is looked for");
}

async fn what_has_gone_is_not_found(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}");
    let vessel = app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let parties = app.get(&format!("{path}/parties"), &broker).send().await.expect(200);
    let seller = parties.as_array().unwrap().iter().find(|party| party["role"] == "seller").unwrap();
    let seller = format!("{path}/parties/{}", seller["id"].as_str().unwrap());
    assert_eq!(found(&app, &broker, "seller aegean").await.len(), 1);
    let renamed = json!({ "name": "Ionian Star" });
    app.patch(&format!("{path}/vessels/{vessel}"), &broker).json(renamed).send().await.expect(200);
    assert_eq!(app.delete(&seller, &broker).send().await.status, 204);
    app.patch(&path, &broker).json(json!({ "location": "Off Malta" })).send().await.expect(200);
    for (words, count) in [("seller", 0), ("aegean", 0), ("ionian", 1), ("malta ceuta", 1)] {
        assert_eq!(found(&app, &broker, words).await.len(), count, "{words}");
    }
}

async fn one_finds_only_in_ones_own_rooms(app: TestApp) {
    let (_, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let other = app.user("other@example.com", Role::Broker).await;
    let admin = app.user("admin@example.com", Role::Admin).await;
    open(&app, &other, "Another in Ceuta").await;
    let (own, others) = ("STS Ceuta", "Another in Ceuta");
    for (token, seen) in
        [(&broker, vec![own]), (&owner, vec![own]), (&other, vec![others]), (&admin, vec![others, own])]
    {
        assert_eq!(found(&app, token, "ceuta").await, seen);
    }
    assert_eq!(found(&app, &other, "seller@example.com").await, [""; 0]);
}

/// A search has one text for all who may list a room. As soon as a role may not see some of what it has, it needs more.
#[test]
fn whoever_lists_a_room_may_see_all_that_is_searched() {
    let searched = ["rooms:view", "vessels:list", "documents:list"];
    let lists = POLICY.iter().find(|(_, name, _)| *name == "rooms:list").unwrap().0;
    let mut seen = 0;
    for (action, ..) in POLICY.iter().filter(|(_, name, _)| searched.contains(name)) {
        seen += 1;
        assert!(Role::ALL.into_iter().all(|role| !may(role, lists) || may(role, *action)), "{}", action.name());
    }
    assert_eq!(seen, searched.len());
}

async fn what_is_searched_follows_from_the_log(app: TestApp) {
    let (room, broker) = app.room().await;
    app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    app.tampered();
    let forge = async |sql: &'static str| {
        app.app.db.write(async move |tx| tx.exec(sql, &[]).await.map(drop)).await.unwrap();
    };
    forge("UPDATE search_texts SET text = 'forged' WHERE text LIKE 'aegean%'").await;
    forge("DELETE FROM search_texts WHERE text LIKE 'seller%'").await;
    forge("INSERT INTO search_texts (id, room_id, fold, text) SELECT 'x', id, 1, 'secret' FROM rooms").await;
    let run = async |mode| {
        let outcome = fsck::run(&app.app, mode, &mut Nobody).await.unwrap();
        let found = outcome.findings.iter().filter(|finding| finding.is_damage()).map(|found| found.what.clone());
        found.collect::<Vec<_>>()
    };
    let mut said = run(Mode::Look).await;
    said.sort();
    let named = ["search_texts of seller@example.com", "search_texts of x", "search_texts.text of Aegean Star"];
    assert_eq!(said, named);
    run(Mode::Repair).await;
    assert_eq!(run(Mode::Look).await, Vec::<String>::new());
    for (words, count) in [("aegean", 1), ("seller@", 1), ("secret", 0), ("forged", 0)] {
        assert_eq!(found(&app, &broker, words).await.len(), count, "{words}");
    }
}

async fn rooms_of_earlier_versions_are_found_after_a_start(app: TestApp) {
    let (room, broker) = app.room().await;
    app.vessel(&room, &broker, "Aegean Star", "discharging", IMO[0]).await;
    let study = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&study, &broker, "study", &[]).await;
    let all = async |words: &str| found(&app, &broker, words).await.len();
    for sql in ["DELETE FROM search_texts", "UPDATE search_texts SET fold = 0, text = 'as before'"] {
        app.app.db.write(async move |tx| tx.exec(sql, &[]).await.map(drop)).await.unwrap();
        assert_eq!(all("ceuta").await, 0, "{sql}");
        schema::bring_up(&app.app, &Actor::System).await.unwrap();
        assert_eq!(all("ceuta aegean compat paper.pdf seller").await, 1, "{sql}");
    }
}

/// What is stored is folded by the version of the folding that stands beside it.
#[test]
fn the_folding_changes_only_with_its_version() {
    let mut hash = Sha256::new();
    // Letters beyond are ideographs that stand for themselves, and those that stand for others.
    for c in ('\0'..='\u{1FFFF}').chain('\u{2F800}'..='\u{2FA1F}') {
        hash.update(fold(&c.to_string()));
        hash.update([0]);
    }
    // If this differs: raise `VERSION` in `crates/room/src/search.rs`.
    insta::assert_snapshot!("folding_1", hex::encode(hash.finalize()));
    assert_eq!(room::search::VERSION, 1);
}
