//! The promises under torture: clients do mixed work while the server is killed and stopped, its disk is full, its store
//! fails, its clock moves, its database hangs and crashes, and backups are made. Then everything that was acknowledged has
//! to be there, also in the last backup, brought back elsewhere.
//!
//! A seed chooses what happens. It does not repeat a run to the millisecond, since the machine has a say in that.

mod check;
mod client;
mod faults;
mod ledger;
mod site;

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tools::needs;

use self::{
    check::{Found, Look},
    client::Client,
    faults::Faults,
    ledger::{Deed, Ledger, Told},
    site::Site,
};
use crate::harness::{Installation, OwnPostgres, Ran, Seed, Server};

const BROKER: &str = "broker@example.com";
const OWNER: &str = "owner@example.com";
const ADMIN: &str = "admin@example.com";
const GUEST: &str = "guest@example.com";

const CLIENTS: usize = 4;
/// How long the faults go on, in seconds, unless `STS_TEST_TORTURE_SECONDS` says otherwise.
const SECONDS: u64 = 20;

#[needs(cc)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_all_troubles_on_sqlite() {
    torture(Installation::new(None), None).await;
}

#[needs(cc, postgres)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_all_troubles_on_postgres() {
    let Some(postgres) = OwnPostgres::start() else {
        let _ = writeln!(io::stderr(), "skipped: there is no PostgreSQL that may be stopped");
        return;
    };
    let database_url = postgres.database().await;
    torture(Installation::new(Some(database_url)), Some(postgres)).await;
}

async fn torture(place: Installation, postgres: Option<OwnPostgres>) {
    let mut seed = Seed::from_environment("STS_TEST_SEED");
    let given = std::env::var_os("STS_TEST_TORTURE_SECONDS");
    let seconds = given.map_or(SECONDS, |seconds| seconds.to_str().unwrap().parse().unwrap());
    let site = Site::new(place, postgres);
    for (email, role) in [(BROKER, "broker"), (OWNER, "owner"), (ADMIN, "admin"), (GUEST, "seller")] {
        site.add_user(email, role);
    }
    let (ledger, stop, server) = (Arc::new(Ledger::default()), CancellationToken::new(), watch::Sender::new(None));
    let mut working = JoinSet::new();
    for number in 0..CLIENTS {
        let rng = StdRng::seed_from_u64(seed.rng.random());
        let client = Client::new(number, server.subscribe(), Arc::clone(&ledger), rng);
        working.spawn(client.work(stop.clone()));
    }
    let mut faults = Faults::new(site, server, Arc::clone(&ledger), StdRng::seed_from_u64(seed.rng.random()));
    let until = Instant::now() + Duration::from_secs(seconds);
    // Each kind of fault comes once, whatever the time is.
    loop {
        faults.each_once().await;
        if Instant::now() >= until {
            break;
        }
    }
    stop.cancel();
    working.join_all().await;

    let most = usize::try_from(seconds).unwrap();
    let (mut found, verified) = look_here(&mut faults, &ledger, &mut seed, most).await;
    found.wrong.extend(ledger.wrong());
    let again = look_at_backup(&faults, &ledger).await;
    let (operations, internal) = (ledger.operations(), ledger.internal());
    let acknowledged = ledger.deeds().iter().filter(|deed| matches!(deed.told, Told::Done(_))).count();
    let _ = writeln!(
        io::stderr(),
        "torture, {}: {seconds} s, {operations} operations, {acknowledged} deeds acknowledged, answers of 500 by fault {internal:?}, \
         faults {:?}, {} snapshots, {verified} verified, lost {} and {} of the backup, wrong {} and {}, failed {}",
        seed.words(),
        faults.counts,
        found.files.len(),
        found.lost.len(),
        again.lost.len(),
        found.wrong.len(),
        again.wrong.len(),
        found.failed.len() + again.failed.len(),
    );
    for (place, found) in [("here", found), ("in the backup", again)] {
        assert!(found.lost.is_empty(), "lost {place}: {:#?}", found.lost);
        assert!(found.wrong.is_empty(), "wrong {place}: {:#?}", found.wrong);
        assert!(found.failed.is_empty(), "failed {place}: {:#?}", found.failed);
    }
    assert!(acknowledged > 0, "nothing was acknowledged");
}

/// Looks at everything where it happened. Returns what was found, and how many files of snapshots are verified.
async fn look_here(faults: &mut Faults, ledger: &Ledger, seed: &mut Seed, most: usize) -> (Found, usize) {
    let server = faults.server();
    let token = server.api.sign_in(ADMIN).await;
    // One more that never happened: a look that misses nothing would show nothing.
    let never = Deed { action: "room_updated", mark: "never given".to_owned(), told: Told::Done(Instant::now()) };
    let deeds = [ledger.deeds(), vec![never]].concat();
    let mut found = Look::new(&server.api, &token).hold_against(&deeds, None).await;
    assert_eq!(found.lost.pop().as_deref(), Some("room_updated “never given”"), "the look sees what is lost");
    faults.end().await;
    let site = &faults.site;
    let fsck = site.run(&["fsck"]);
    if fsck.code != Some(0) {
        found.wrong.push(format!("{fsck:?}"));
    }
    fs::write(site.place.path("log.key"), site.run(&["key", "show"]).expect(0)).unwrap();
    let mut files: Vec<_> = found.files.iter().collect();
    files.shuffle(&mut seed.rng);
    files.truncate(most);
    let mut refused = Vec::new();
    for (name, bytes) in &files {
        fs::write(site.place.path(name), bytes).unwrap();
        let verified = site.run(&["verify", name, "--key", "log.key"]);
        if verified.code != Some(0) {
            refused.push(format!("{name}: {verified:?}"));
        }
        fs::remove_file(site.place.path(name)).unwrap();
    }
    let verified = files.len() - refused.len();
    let beside = fs::read_dir(site.place.path("")).unwrap().map(|entry| entry.unwrap().file_name());
    let beside: BTreeSet<_> = beside.map(|name| name.into_string().unwrap()).collect();
    let ours = ["backups", "data", "log.key", "stderr.log", "told", "trouble.c", "trouble.so"];
    if beside.iter().ne(ours.iter()) {
        refused.push(format!("something was written elsewhere: {beside:?}"));
    }
    found.wrong.extend(refused);
    (found, verified)
}

/// Brings the last backup back elsewhere, and looks for everything that was acknowledged before it began.
async fn look_at_backup(faults: &Faults, ledger: &Ledger) -> Found {
    let (name, began) = faults.backup.clone().expect("each kind of fault came once");
    let other = match &faults.site.postgres {
        None => Installation::new(None),
        Some(postgres) => Installation::new(Some(postgres.database_named("elsewhere").await)),
    };
    let directory = faults.site.place.path("backups").display().to_string();
    let mut restore = other.command(&["restore", "--json", "--backup", &name, &directory]);
    let told: Value = serde_json::from_str(Ran::of(&mut restore, "").expect(0)).unwrap();
    assert_eq!(told["fsck"]["damaged"], json!({}), "{told}");
    let server: Server = other.serve();
    let token = server.api.sign_in(ADMIN).await;
    let mut found = Look::new(&server.api, &token).hold_against(&ledger.deeds(), Some(began)).await;
    server.ask_to_stop().await;
    assert!(server.ended().await.success());
    let fsck = other.run(&["fsck"]);
    if fsck.code != Some(0) {
        found.wrong.push(format!("{fsck:?}"));
    }
    found
}
