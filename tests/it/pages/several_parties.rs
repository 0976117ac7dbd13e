//! Several parties at once, from addresses that somebody has pasted: what is read of them, and what becomes of the rows.

use crate::harness::{PageForm, Reply, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    addresses_are_read_as_people_write_them,
    rows_are_looked_through_before_anybody_is_added,
    what_names_nobody_new_is_said_at_the_field,
}

/// What a row shows: name, address, roles and side.
type Row = (&'static str, &'static str, &'static str, &'static str);

/// What is pasted, and the rows that are read of it.
const READ: &[(&str, &[Row])] = &[
    ("eleni.papadopoulou@aegean.example", &[("Eleni Papadopoulou", "eleni.papadopoulou@aegean.example", "", "")]),
    ("Eleni P. <eleni@aegean.example>", &[("Eleni P", "eleni@aegean.example", "", "")]),
    (
        "To: \"Papadopoulou, Eleni\" <e@aegean.example>; Lee, Ann <ann@charter.example>; bo@baltic.example",
        &[
            ("Eleni Papadopoulou", "e@aegean.example", "", ""),
            ("Ann Lee", "ann@charter.example", "", ""),
            ("Bo", "bo@baltic.example", "", ""),
        ],
    ),
    (
        "Eleni <e@aegean.example>, Ann Lee <ann@charter.example>,",
        &[("Eleni", "e@aegean.example", "", ""), ("Ann Lee", "ann@charter.example", "", "")],
    ),
    (
        "Owners (discharging): Eleni <e@aegean.example>\nCharterer's broker - Ann Lee <ann@charter.example>",
        &[
            ("Eleni", "e@aegean.example", "owner", "discharging"),
            ("Ann Lee", "ann@charter.example", "broker charterer", ""),
        ],
    ),
    (
        "Eleni\te@aegean.example\tAegean Tankers\tOwner\treceiving",
        &[("Eleni", "e@aegean.example", "owner", "receiving")],
    ),
    (
        "ann@charter.example (charterer), bo@baltic.example, owner",
        &[("Ann", "ann@charter.example", "charterer", ""), ("Bo", "bo@baltic.example", "owner", "")],
    ),
    (
        "owner Olga (olga@owner.example, side of the discharging vessel), charterer Carl Berg (carl@charter.example, \
         receiving side), Broker House (desk@house.example), bea@buyer.example",
        &[
            ("Olga", "olga@owner.example", "owner", "discharging"),
            ("Carl Berg", "carl@charter.example", "charterer", "receiving"),
            ("Broker House", "desk@house.example", "", ""),
            ("Bea", "bea@buyer.example", "", ""),
        ],
    ),
    (
        "ann@charter.example, (charterer), Bo (bo@baltic.example, owner",
        &[("Ann", "ann@charter.example", "charterer", ""), ("Bo", "bo@baltic.example", "owner", "")],
    ),
    ("1. Tom Seller <tom@x.example> Tel. +30 210", &[("Tom Seller", "tom@x.example", "", "")]),
    ("please add ann@charter.example.", &[("Ann", "ann@charter.example", "", "")]),
    (
        "e@aegean.example <mailto:e@aegean.example>\nE-mail:E@Aegean.example seller",
        &[("E", "e@aegean.example", "seller", "")],
    ),
    ("<eleni@Αιγαίο.example>", &[("Eleni", "eleni@Αιγαίο.example", "", "")]),
];

struct Scene {
    app: TestApp,
    broker: String,
    path: String,
}

async fn scene(app: TestApp) -> Scene {
    let (room, broker) = app.room().await;
    Scene { app, broker, path: format!("/rooms/{room}/parties/several") }
}

impl Scene {
    async fn send(&self, fields: &[(&str, &str)]) -> Reply {
        self.app.post(&format!("/{}", self.path), &self.broker).fields(fields).send().await
    }

    async fn rows(&self, pasted: &str) -> PageForm {
        PageForm::of(&self.send(&[("addresses", pasted)]).await.html(), &self.path)
    }
}

async fn addresses_are_read_as_people_write_them(app: TestApp) {
    let scene = scene(app).await;
    for (pasted, people) in READ {
        let form = scene.rows(pasted).await;
        let fields = form.fields();
        let all = |row: usize, name: &str| {
            let name = format!("parties[{row}].{name}");
            let of = fields.iter().filter(|(field, _)| *field == name).map(|(_, value)| *value);
            of.collect::<Vec<_>>().join(" ")
        };
        let shown: Vec<_> =
            (0..people.len()).map(|row| ["name", "email", "roles", "side"].map(|name| all(row, name))).collect();
        let expected: Vec<_> = people
            .iter()
            .map(|(name, email, roles, side)| [name, email, roles, side].map(|word| (*word).to_owned()))
            .collect();
        assert_eq!(shown, expected, "{pasted}");
        let next = format!("parties[{}].email", people.len());
        assert!(fields.iter().all(|(field, _)| *field != next), "{pasted}");
    }
}

async fn rows_are_looked_through_before_anybody_is_added(app: TestApp) {
    let scene = scene(app).await;
    let parties = scene.path.strip_suffix("/several").unwrap();
    let count = async || {
        let listed = scene.app.get(parties, &scene.broker).send().await;
        listed.header("x-total-count").to_owned()
    };
    let form = scene.rows("Owner: Eleni <e@aegean.example>\nann@charter.example\nbo@baltic.example").await;
    assert_eq!(count().await, "5", "nobody is added by reading");
    // The second row is left out: the faults of the third one are shown at its own fields.
    let form = form.without("parties[1].add").with("parties[2].email", "bo");
    let refused = scene.send(&form.fields()).await;
    assert_eq!(refused.status, 422);
    let page = refused.html();
    assert!(
        page.contains("id=\"field-parties[2].email-fault\"") && page.contains("Roles are missing: tick one at least"),
        "{page}"
    );
    assert_eq!(count().await, "5", "all or none");
    let form = PageForm::of(&page, &scene.path).with("parties[2].email", "bo@baltic.example");
    let form = form.ticking("parties[2].roles", "broker").ticking("parties[2].roles", "seller");
    for _ in 0..2 {
        let sent = scene.send(&form.fields()).await;
        assert_eq!((sent.status, sent.header("location")), (303, parties), "sent twice, it is done once");
    }
    let listed = scene.app.get(parties, &scene.broker).send().await.expect(200);
    assert_eq!((&listed[5]["name"], &listed[5]["role"]), (&"Eleni".into(), &"owner".into()));
    assert_eq!((&listed[6]["name"], &listed[6]["roles"]), (&"Bo".into(), &serde_json::json!(["broker", "seller"])));
    assert_eq!(count().await, "7");
    let nobody = form.without("parties[0].add").without("parties[2].add");
    let refused = scene.send(&nobody.fields()).await;
    assert_eq!(refused.status, 409);
    assert!(refused.html().contains("Nobody is ticked"), "{}", refused.html());
}

async fn what_names_nobody_new_is_said_at_the_field(app: TestApp) {
    let scene = scene(app).await;
    let many = (0..101).map(|i| format!("a{i}@example.com")).collect::<Vec<_>>().join("\n");
    for (pasted, said) in [
        ("Eleni Papadopoulou", "have no e-mail address among them"),
        ("", "have no e-mail address among them"),
        ("OWNER@example.com, seller@example.com", "are those of parties already"),
        (&*many, "name 101 people; a room has at most 100 parties"),
        (&*"x".repeat(20_001), "must be at most 20000 characters long"),
    ] {
        let refused = scene.send(&[("addresses", pasted)]).await;
        assert_eq!(refused.status, 422, "{said}");
        assert!(refused.html().contains(&format!("Addresses {said}")), "{}", refused.html());
    }
    let page = scene.send(&[("addresses", "owner@example.com, new@example.com")]).await.html();
    assert!(page.contains("1 address left out, of who is a party already: owner@example.com"), "{page}");
    let form = PageForm::of(&page, &scene.path);
    assert_eq!(form.shows("parties[0].email"), "new@example.com");
}
