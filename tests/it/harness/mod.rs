//! Starts an application with one call, on either database, with a clock that only the test moves.

mod certificate;
mod clearance;
mod events;
mod fold;
mod page_form;
mod postgres;
mod request;
mod seed;
mod server;
mod smtp;
mod trouble;
mod waiting;

use std::{
    sync::{Arc, Mutex, atomic::AtomicBool},
    time::Duration,
};

use room::{Event as LogEvent, Log, Role, SessionId, Time};
use serde_json::{Value, json};

use sts_clearance::{
    app::App,
    children::Children,
    clock::Clock,
    config::Layers,
    db,
    domain::{
        accounts::{
            sessions,
            users::{self, GivenPassword, NewUser},
        },
        log::{Actor, operation, schema},
        snapshots::record,
    },
    jobs, web,
};
use tempfile::TempDir;

pub(crate) use certificate::{GivenCertificate, ending_at};
pub(crate) use clearance::{DOCX, Form, IMO, XLSX, files, leads_to, office, packed, pdf, zip};
pub(crate) use events::{Event, Events};
pub(crate) use fold::{Watched, fields_of_event, follow_from_the_logs};
pub(crate) use page_form::PageForm;
pub(crate) use postgres::{OwnPostgres, database as postgres_database};
pub(crate) use request::{Reply, Request};
pub(crate) use seed::Seed;
pub(crate) use server::{Api, Installation, Ran, Server, children_of, status_of, until, until_within};
pub(crate) use smtp::{MailHost, Mailing, PUBLIC_URL};
pub(crate) use trouble::{change_role, head_of, put_back};

/// The password of every account that a test makes.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Makes two tests of each of these functions, one on SQLite and one on PostgreSQL. `#[needs(…)]` above a name applies
/// to both.
macro_rules! on_both_databases {
    ($kind:ident: $($(#[needs($($tool:ident),+)])? $name:ident),+ $(,)?) => {$(
        mod $name {
            $(#[tools::needs($($tool),+)])?
            #[tokio::test]
            async fn sqlite() {
                let app = crate::harness::$kind::on_sqlite().await;
                let watched = crate::harness::Watched::watch(&app);
                super::$name(app).await;
                crate::harness::follow_from_the_logs(watched).await;
            }

            #[tools::needs(postgres $($(, $tool)+)?)]
            #[tokio::test]
            async fn postgres() {
                let app = crate::harness::$kind::on_postgres().await;
                let watched = crate::harness::Watched::watch(&app);
                super::$name(app).await;
                crate::harness::follow_from_the_logs(watched).await;
            }
        }
    )+};
}
pub(crate) use on_both_databases;

/// A whole application except for the listener: requests go straight to its router, without a network.
pub(crate) struct TestApp {
    pub(crate) app: App,
    pub(crate) dir: Arc<TempDir>,
    /// Whether the test has changed rows behind the log's back.
    tampered: Arc<AtomicBool>,
    clock: Arc<Mutex<Time>>,
    router: axum::Router,
}

impl TestApp {
    pub(crate) async fn on_sqlite() -> Self {
        Self::on(String::new()).await
    }

    pub(crate) async fn on_postgres() -> Self {
        Self::on(postgres_database().await).await
    }

    async fn on(database_url: String) -> Self {
        Self::with(database_url, &[]).await
    }

    /// Starts an application with these settings in addition to its data directory and database.
    pub(crate) async fn with(database_url: String, flags: &[(&str, String)]) -> Self {
        let dir = Arc::new(TempDir::new().unwrap());
        let data_dir = dir.path().join("data").display().to_string();
        let flags = [&[("data_dir", data_dir), ("database_url", database_url)], flags].concat();
        let settings = Layers::read(None, &[], &flags).unwrap().config().unwrap();
        let clock = Arc::new(Mutex::new("2026-11-23T08:00:00Z".parse().unwrap()));
        // Children are started from the program, since the test binary has no `child` command.
        let children = Children::of(env!("CARGO_BIN_EXE_sts-clearance").into(), settings.font_dir());
        let app = App::open(settings, Clock::Manual(Arc::clone(&clock))).unwrap().with_children(children);
        schema::bring_up(&app, &Actor::System).await.unwrap();
        let router = web::router(app.clone());
        Self { app, dir, tampered: Arc::default(), clock, router }
    }

    /// Returns the same application with other child processes.
    pub(crate) fn with_children(self, children: Children) -> Self {
        let app = self.app.with_children(children);
        Self { router: web::router(app.clone()), app, ..self }
    }

    /// Moves the clock forward.
    pub(crate) fn later(&self, pause: Duration) {
        let mut time = self.clock.lock().unwrap();
        *time = time.after(pause);
    }

    /// Moves the clock back, as may happen when an operator corrects it.
    pub(crate) fn earlier(&self, by: Duration) {
        let mut time = self.clock.lock().unwrap();
        *time = time.before(by);
    }

    /// Makes an account, signs in and returns the token.
    pub(crate) async fn user(&self, email: &str, role: Role) -> String {
        let name = email.split('@').next().unwrap_or_default().to_owned();
        let asked = NewUser { email: email.into(), name, role, password: Some(PASSWORD.into()) };
        users::add(&self.app, &Actor::Operator, &asked, GivenPassword::Kept, None).await.unwrap();
        self.sign_in(email).await
    }

    /// Claims the job that is due first, as a worker of another server would.
    pub(crate) async fn claim_job(&self, lease: Duration) -> db::jobs::Claim {
        let now = self.app.now();
        let claim = async move |tx: &mut db::Tx| {
            let room = db::jobs::rooms_with_due(tx, now).await?[0];
            db::jobs::claim(tx, room, now, now.after(lease)).await
        };
        self.app.db.write(claim).await.unwrap().unwrap()
    }

    /// Disables the account with this address.
    pub(crate) async fn disable(&self, email: &str) {
        let user = users::named(&self.app, email).await.unwrap().id;
        users::disable(&self.app, &Actor::Operator, user).await.unwrap();
    }

    /// Signs in with [`PASSWORD`] and returns the token.
    pub(crate) async fn sign_in(&self, email: &str) -> String {
        let reply =
            self.post("/auth/login", "").json(json!({ "email": email, "password": PASSWORD })).send().await.expect(200);
        reply["token"].as_str().unwrap().to_owned()
    }

    /// Waits until the session's last use has been stored; the server does this in the background.
    pub(crate) async fn seen(&self, token: &str) {
        let now = json!(self.app.now());
        until("the session is seen", async || {
            let listed = self.get("/auth/sessions", token).send().await.expect(200);
            listed.as_array().unwrap().iter().any(|session| session["last_seen_at"] == now).then_some(())
        })
        .await;
    }

    /// Moves the clock forward, and uses the session once in each hour so that it does not time out.
    pub(crate) async fn hours_later(&self, hours: u32, token: &str) {
        for _ in 0..hours {
            self.later(Duration::from_hours(1));
            self.seen(token).await;
        }
    }

    /// Inserts a session and returns its token. Unlike signing in this hashes no password, and logs nothing.
    pub(crate) async fn session(&self, email: &str) -> String {
        let email = email.to_owned();
        let token = hex::encode(self.app.secret());
        let (key, now) = (sessions::hash_token(&token), self.app.now());
        let session = db::sessions::Session {
            id: SessionId(self.app.new_id()),
            user: users::named(&self.app, &email).await.unwrap().id,
            user_agent: None,
            created_at: now,
            last_seen_at: now,
            password_at: now,
            idle_at: now.after(Duration::from_hours(1)),
            expires_at: now.after(Duration::from_hours(1)),
        };
        self.app.db.write(async move |tx| db::sessions::insert(tx, &key, &session).await).await.unwrap();
        token
    }

    /// Makes a broker and a room in which each other role takes part as `owner@example.com` and so on. Returns the
    /// room's id and the broker's token.
    pub(crate) async fn room(&self) -> (String, String) {
        let broker = self.user("broker@example.com", Role::Broker).await;
        let parties: Vec<Value> = ["owner", "charterer", "seller", "buyer"]
            .iter()
            .map(|role| json!({ "role": role, "name": role, "email": format!("{role}@example.com") }))
            .collect();
        let room = self.post("/rooms", &broker).json(new_room(&parties)).send().await.expect(201);
        (room["id"].as_str().unwrap().to_owned(), broker)
    }

    /// Appends so many entries to the room's log in one operation, which no party has made.
    pub(crate) async fn append(&self, room: &str, entries: u64) {
        let log = Log::Room(room.parse().unwrap());
        let appended = operation(&self.app, log, &Actor::System, async move |tx, log| {
            for entries in 0..entries {
                log.append(tx, &LogEvent::LogExported { entries }).await?;
            }
            Ok(())
        });
        appended.await.unwrap();
    }

    /// Takes a snapshot of the room, renders it and returns it.
    pub(crate) async fn snapshot(&self, room: &str, token: &str, asked: Value) -> Value {
        let (_, path) = self.take(room, token, asked).await;
        self.work().await;
        self.get(&path, token).send().await.expect(200)
    }

    /// Takes a snapshot of the room without rendering it. Returns the reply's body and the snapshot's path.
    pub(crate) async fn take(&self, room: &str, token: &str, asked: Value) -> (Value, String) {
        let snapshots = format!("/rooms/{room}/snapshots");
        let snapshot = self.post(&snapshots, token).json(asked).send().await.expect(201);
        let path = format!("{snapshots}/{}", snapshot["id"].as_str().unwrap());
        (snapshot, path)
    }

    /// Returns the record of a snapshot, as its file is drawn from it.
    pub(crate) async fn record_of(&self, snapshot: &str) -> Vec<u8> {
        let id = snapshot.parse().unwrap();
        let found = self.app.db.read(async move |tx| db::snapshots::find_anywhere(tx, id).await).await.unwrap();
        record::of(&self.app, &found.unwrap()).await.unwrap().canonical
    }

    /// Runs every job that is due and returns how many there were.
    pub(crate) async fn work(&self) -> usize {
        jobs::run_due(&self.app).await.unwrap()
    }

    /// Runs each housekeeping chore once.
    pub(crate) async fn tidy(&self) {
        for chore in jobs::HOUSEKEEPING {
            (chore.run)(self.app.clone()).await.unwrap();
        }
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> Request<'_> {
        self.request("GET", path, token)
    }

    pub(crate) fn post(&self, path: &str, token: &str) -> Request<'_> {
        self.request("POST", path, token)
    }

    pub(crate) fn put(&self, path: &str, token: &str) -> Request<'_> {
        self.request("PUT", path, token)
    }

    pub(crate) fn patch(&self, path: &str, token: &str) -> Request<'_> {
        self.request("PATCH", path, token)
    }

    pub(crate) fn delete(&self, path: &str, token: &str) -> Request<'_> {
        self.request("DELETE", path, token)
    }

    pub(crate) fn request(&self, method: &str, path: &str, token: &str) -> Request<'_> {
        Request::new(&self.router, method, path, token)
    }

    /// Returns the actions in the room's log, oldest first, up to 100.
    pub(crate) async fn actions(&self, room: &str, token: &str) -> Vec<String> {
        let entries = self.get(&format!("/rooms/{room}/activities?limit=100"), token).send().await.expect(200);
        let entries = entries.as_array().unwrap().iter().rev();
        entries.map(|entry| entry["action"].as_str().unwrap().to_owned()).collect()
    }
}

/// Makes a [`TestApp`] with settings of its own.
macro_rules! with_setting {
    ($(#[$what:meta])* $name:ident: $($setting:literal = $value:literal),+) => {
        $(#[$what])*
        pub(crate) struct $name;

        impl $name {
            pub(crate) async fn on_sqlite() -> TestApp {
                TestApp::with(String::new(), &[$(($setting, $value.into())),+]).await
            }

            pub(crate) async fn on_postgres() -> TestApp {
                TestApp::with(postgres_database().await, &[$(($setting, $value.into())),+]).await
            }
        }
    };
}

with_setting! {
    /// Makes a [`TestApp`] whose upload limit is 1 MiB.
    SmallUploads: "upload_limit_mib" = "1"
}

with_setting! {
    /// Makes a [`TestApp`] that keeps at most 1 MiB of states.
    LittleMemory: "state_memory_mib" = "1"
}

with_setting! {
    /// Makes a [`TestApp`] in which a party may add 20 entries and 1 MiB to a room in a day.
    SmallQuotas: "room_entries_per_day" = "20", "room_upload_mib_per_day" = "1"
}

with_setting! {
    /// Makes a [`TestApp`] in which rooms have no quota.
    NoQuotas: "room_entries_per_day" = "0", "room_upload_mib_per_day" = "0"
}

with_setting! {
    /// Makes a [`TestApp`] that has a mail server which nobody reaches.
    Posting: "mail_url" = "smtp://127.0.0.1:9", "mail_from" = "sts@example.com", "public_url" = "https://sts.example.com"
}

/// The JSON body that opens a room with these parties.
pub(crate) fn new_room(parties: &[Value]) -> Value {
    json!({
        "title": "STS Ceuta",
        "location": "Off Ceuta",
        "sts_eta": "2026-12-01T08:30:00+02:00",
        "cargo_profile": "oil",
        // The day will come; nobody is asked about it here.
        "confirm_past_eta": true,
        "parties": parties,
    })
}
