//! `serve --demo`: a believable operation, made through the same operations as a real one, a week
//! ago to now.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::print;
use crate::{
    app::{App, Clock},
    db::{
        self, Page,
        activity::Filter,
        rooms::{Order, Room},
        users::User,
    },
    domain::{
        Actor, CargoProfile, Role, Time,
        parties::{self, NewParty},
        rooms::{self, NewRoom, RoomChange},
        snapshots::{self, NewSnapshot},
        users::{self, NewUser},
    },
    error::{Error, Result},
    http::BASE,
    jobs,
};

/// Of every account of the demo.
const PASSWORD: &str = "demo-clearance";
const BROKER: &str = "broker@demo.example";

/// The accounts: name in the address, role, name, company.
const PEOPLE: [(&str, Role, &str, &str); 7] = [
    ("broker", Role::Broker, "Zoë Brandt-Müller", "Meridian Shipbrokers GmbH"),
    ("owner", Role::Owner, "Ελένη Παπαδοπούλου", "Aegean Star Maritime A.E."),
    ("receiver", Role::Owner, "Наталья Соколова", "Northern Light Shipping"),
    ("charterer", Role::Charterer, "José Ibáñez Calderón", "Calderón Trading S.A."),
    ("seller", Role::Seller, "خالد المنصوري", "Gulf Crude Supply"),
    ("buyer", Role::Buyer, "Ingrid Sørensen", "Skagerrak Refining AS"),
    ("admin", Role::Admin, "Platform Admin", "STS Clearance"),
];

/// Fills an empty database; one that the demo filled before is left as it is.
pub(super) async fn fill(app: &App) -> Result<()> {
    let users = app.db.read(async |tx| db::users::list(tx).await).await?;
    if users.iter().any(|user| user.email == BROKER) {
        return told_to_its_end(app).await;
    }
    if !users.is_empty() {
        return Err(Error::setup("the database has users already; the demo fills only an empty one (--data-dir)"));
    }
    let mut story = Story::begin(app);
    story.accounts().await?;
    let room = story.room().await?;
    story.week(&room).await?;
    Ok(())
}

/// Refuses the half of a demo: one that was stopped while it was made.
async fn told_to_its_end(app: &App) -> Result<()> {
    let last = Filter { action: Some("snapshot_generated".into()), ..Filter::default() };
    let page = Page { limit: 1, offset: 0 };
    let (_, generated) = app.db.read(async |tx| db::activity::list(tx, None, &last, page).await).await?;
    if generated >= 3 {
        return Ok(());
    }
    Err(Error::setup("the demo was stopped while it was being made; delete the data directory and start again"))
}

/// Refuses to serve the demo's accounts to anybody but a demo.
pub(super) async fn refuse_leftovers(app: &App) -> Result<()> {
    let users = app.db.read(async |tx| db::users::list(tx).await).await?;
    let known = |user: &User| !user.disabled && PEOPLE.iter().any(|(address, ..)| email(address) == user.email);
    match users.into_iter().find(known) {
        None => Ok(()),
        Some(user) => Err(Error::setup(format!(
            "the database holds the demo's accounts, such as {}, whose password everyone knows: \
             serve it with --demo, or disable them with `sts-clearance user disable`",
            user.email
        ))),
    }
}

/// The application with a clock that the story moves from a week ago to now.
struct Story {
    app: App,
    clock: Arc<Mutex<Time>>,
    end: Time,
}

impl Story {
    fn begin(app: &App) -> Self {
        let end = app.now();
        let clock = Arc::new(Mutex::new(end.before(days(7))));
        Self { app: app.with_clock(Clock::Manual(Arc::clone(&clock))), clock, end }
    }

    /// Some time passes, up to now.
    fn later(&self, pause: Duration) {
        let mut time = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        *time = time.after(pause).min(self.end);
    }

    /// An estimated time of arrival, on the hour.
    fn eta(&self, ahead: Duration) -> String {
        format!("{}:00:00Z", &self.end.after(ahead).to_string()[.."2026-11-23T08".len()])
    }

    async fn accounts(&self) -> Result<()> {
        for (address, role, name, _) in PEOPLE {
            let asked = NewUser { email: email(address), name: name.into(), role, password: PASSWORD.into() };
            users::add(&self.app, &Actor::Operator, &asked).await?;
        }
        Ok(())
    }

    async fn room(&self) -> Result<Room> {
        self.later(minutes(67));
        let parties = PEOPLE[1..4].iter().map(party).collect();
        let asked = NewRoom {
            title: "STS Ceuta: Aegean Star / Northern Light".into(),
            location: "Off Ceuta, 35°54.2'N 005°12.8'W".into(),
            sts_eta: self.eta(days(4)),
            description: Some("80,000 t of crude oil from Aegean Star to Northern Light, at anchor.".into()),
            cargo_profile: Some(CargoProfile::Oil),
            planned_duration_hours: 36,
            parties,
        };
        rooms::open(&self.app, &actor("broker"), asked, None).await
    }

    async fn week(&mut self, room: &Room) -> Result<()> {
        self.later(minutes(173));
        for person in &PEOPLE[4..6] {
            parties::add(&self.app, &actor("broker"), room.id, party(person), None).await?;
            self.later(minutes(38));
        }
        self.snapshot(room, "owner", "As nominated", "json").await?;
        self.later(minutes(1403));
        let surveyor = NewParty {
            role: Role::Buyer,
            name: "Li Wei 李伟".into(),
            email: email("surveyor"),
            company: Some("Pacific Marine Survey".into()),
            side: None,
        };
        let surveyor = parties::add(&self.app, &actor("broker"), room.id, surveyor, None).await?;
        self.later(minutes(1511));
        let moved = RoomChange { sts_eta: Some(self.eta(days(3))), ..RoomChange::default() };
        rooms::change(&self.app, &actor("broker"), room.id, moved).await?;
        self.snapshot(room, "charterer", "After the change of ETA", "csv").await?;
        self.later(minutes(1287));
        parties::remove(&self.app, &actor("broker"), room.id, surveyor.id).await?;
        let place = "Off Ceuta, 35°55.0'N 005°10.4'W, anchorage area B";
        let moved = RoomChange { location: Some(place.into()), ..RoomChange::default() };
        rooms::change(&self.app, &actor("broker"), room.id, moved).await?;
        self.later(minutes(2719));
        self.snapshot(room, "broker", "Before the planning meeting", "pdf").await
    }

    async fn snapshot(&self, room: &Room, by: &str, title: &str, kind: &str) -> Result<()> {
        let asked = NewSnapshot {
            title: Some(title.into()),
            snapshot_type: kind.into(),
            include_documents: true,
            include_activity: true,
            include_approvals: true,
        };
        snapshots::take(&self.app, &actor(by), room.id, asked, None).await?;
        jobs::run_due(&self.app).await?;
        self.later(minutes(42));
        Ok(())
    }
}

/// Prints the accounts, and what to type to take a snapshot and download it.
pub(super) async fn explain(app: &App, address: SocketAddr) -> Result<()> {
    let page = Page { limit: 1, offset: 0 };
    let (rooms, _) = app.db.read(async |tx| db::rooms::list(tx, Some(BROKER), Order::Newest, page).await).await?;
    let Some(room) = rooms.first() else { return print("The demo's room has been deleted.") };
    let accounts: Vec<String> =
        PEOPLE.iter().map(|(address, role, ..)| format!("  {:<26} {role}", email(address))).collect();
    let api = format!("http://{address}{BASE}");
    print(&format!(
        "\nThe demo's accounts, all with the password `{PASSWORD}`:\n{}\n\n\
         Take a snapshot of \"{}\" and download it:\n\n\
         token=$(curl -s {api}/auth/login -H 'Content-Type: application/json' \\\n  \
           -d '{{\"email\":\"{BROKER}\",\"password\":\"{PASSWORD}\"}}' | grep -o '\"token\":\"[^\"]*' | cut -d'\"' -f4)\n\
         url=$(curl -s -X POST {api}/rooms/{}/snapshots -H \"Authorization: Bearer $token\" \\\n  \
           -H 'Content-Type: application/json' -H 'Prefer: wait=30' -d '{{}}' | grep -o '/api[^\"]*/download')\n\
         curl -s -o snapshot.pdf -H \"Authorization: Bearer $token\" \"http://{address}$url\" && ls -l snapshot.pdf\n",
        accounts.join("\n"),
        room.title,
        room.id,
    ))
}

fn email(address: &str) -> String {
    format!("{address}@demo.example")
}

fn actor(address: &str) -> Actor {
    let person = PEOPLE.iter().find(|(known, ..)| *known == address).unwrap_or(&PEOPLE[0]);
    Actor::User { email: email(person.0), name: person.2.into(), role: person.1 }
}

fn party((address, role, name, company): &(&str, Role, &str, &str)) -> NewParty {
    NewParty { role: *role, name: (*name).into(), email: email(address), company: Some((*company).into()), side: None }
}

fn minutes(count: u64) -> Duration {
    Duration::from_mins(count)
}

fn days(count: u64) -> Duration {
    minutes(count * 24 * 60)
}
