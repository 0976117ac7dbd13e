//! What happens to the server, one thing after the other.

use std::{
    collections::BTreeMap,
    fs,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use rand::{RngExt, rngs::StdRng, seq::SliceRandom};
use serde_json::Value;
use tokio::{
    sync::watch,
    task::spawn_blocking,
    time::{sleep, timeout},
};

use super::{ledger::Ledger, site::Site};
use crate::harness::{Api, Ran, Server, until_within};

/// The longest time that anything goes on, in milliseconds.
const LONGEST: u64 = 1_500;
/// How long the server may take to be ready after a fault, and how long an answer of it.
const WELL_AGAIN: Duration = Duration::from_mins(2);
const ANSWERED: Duration = Duration::from_secs(10);
/// How often the server is killed while something else is wrong: once in so many times.
const KILLED_MEANWHILE: u32 = 3;
/// How far the clock is set, in seconds: so little that nothing is refused, or so far that nothing waits for it.
const MOVES: [i64; 6] = [-7_200, -1_800, -20, 20, 1_800, 7_200];
/// What the store fails in, by the bits of the library that breaks it.
const BROKEN: [i64; 4] = [1, 2, 4, 7];

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    Backup,
    BrokenStore,
    CrashedDatabase,
    FullDisk,
    Killed,
    MovedClock,
    SilentDatabase,
    Stopped,
}

/// The server and what may happen to it.
pub(super) struct Faults {
    // Dropped before the site: in a panic, it prints its log, which is there.
    server: Option<Server>,
    pub(super) site: Site,
    /// How often each fault came.
    pub(super) counts: BTreeMap<Fault, usize>,
    /// The name of the last backup, and when it began.
    pub(super) backup: Option<(String, Instant)>,
    /// Where clients read which server runs.
    runs: watch::Sender<Option<Api>>,
    ledger: Arc<Ledger>,
    rng: StdRng,
}

impl Faults {
    /// Starts the server.
    pub(super) fn new(site: Site, runs: watch::Sender<Option<Api>>, ledger: Arc<Ledger>, rng: StdRng) -> Self {
        let mut faults = Self { server: None, site, counts: BTreeMap::new(), backup: None, runs, ledger, rng };
        faults.start();
        faults
    }

    /// Has each kind of fault happen once, in any order.
    pub(super) async fn each_once(&mut self) {
        let mut kinds = vec![Fault::Backup, Fault::BrokenStore, Fault::Killed, Fault::MovedClock, Fault::Stopped];
        if self.site.has_disk() {
            kinds.push(Fault::FullDisk);
        }
        if self.site.postgres.is_some() {
            kinds.extend([Fault::CrashedDatabase, Fault::SilentDatabase]);
        }
        kinds.shuffle(&mut self.rng);
        for fault in kinds {
            *self.counts.entry(fault).or_default() += 1;
            self.some_time().await;
            self.ledger.happens(Some(fault));
            match fault {
                Fault::Backup => self.back_up().await,
                Fault::Killed => self.kill(),
                _ => self.happen(fault).await,
            }
            if self.server.is_none() {
                self.start();
            }
            self.is_well_again(fault).await;
            self.ledger.happens(None);
        }
    }

    /// Returns the server that runs.
    pub(super) fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs whenever no fault is on")
    }

    /// Has the server stop by itself.
    pub(super) async fn end(&mut self) {
        let server = self.server.take().expect("it runs whenever no fault is on");
        self.runs.send_replace(None);
        server.ask_to_stop().await;
        assert!(server.ended().await.success());
    }

    /// Has a fault go on for some time, in which the server is killed now and then, and may come back too early.
    async fn happen(&mut self, fault: Fault) {
        self.begin(fault);
        self.some_time().await;
        if self.rng.random_ratio(1, KILLED_MEANWHILE) {
            *self.counts.entry(Fault::Killed).or_default() += 1;
            self.kill();
            // A database that is silent would keep it from starting until that goes on.
            if fault != Fault::SilentDatabase && self.rng.random_ratio(1, 2) {
                self.server = self.site.serve().ok();
                self.tell();
                self.some_time().await;
            }
        }
        self.over(fault);
    }

    fn begin(&mut self, fault: Fault) {
        match fault {
            Fault::BrokenStore => self.site.break_store(BROKEN[self.rng.random_range(0..BROKEN.len())]),
            Fault::CrashedDatabase => self.site.postgres.as_ref().unwrap().crash(),
            Fault::FullDisk => self.site.fill_disk(self.rng.random_range(0..512)),
            Fault::MovedClock => self.site.set_clock(MOVES[self.rng.random_range(0..MOVES.len())]),
            Fault::SilentDatabase => self.site.postgres.as_ref().unwrap().pause(),
            Fault::Stopped => self.signal("-STOP"),
            Fault::Backup | Fault::Killed => {}
        }
    }

    fn over(&mut self, fault: Fault) {
        match fault {
            Fault::BrokenStore => self.site.break_store(0),
            Fault::CrashedDatabase => self.site.postgres.as_mut().unwrap().start_again(),
            Fault::FullDisk => self.site.free_disk(),
            Fault::MovedClock => self.site.set_clock(0),
            Fault::SilentDatabase => self.site.postgres.as_ref().unwrap().go_on(),
            Fault::Stopped => self.signal("-CONT"),
            Fault::Backup | Fault::Killed => {}
        }
    }

    fn signal(&self, signal: &str) {
        if let Some(server) = &self.server {
            let told = Command::new("kill").args([signal, &server.id().to_string()]).status().unwrap();
            assert!(told.success());
        }
    }

    fn kill(&mut self) {
        self.runs.send_replace(None);
        if let Some(server) = self.server.take() {
            assert!(!server.log().contains("panicked"), "{}", server.log());
            server.kill();
        }
    }

    fn start(&mut self) {
        self.server = Some(self.site.serve().unwrap_or_else(|ran| panic!("the server does not start: {ran:?}")));
        self.tell();
    }

    /// Tells the clients which server runs.
    fn tell(&self) {
        self.runs.send_replace(self.server.as_ref().map(|server| server.api.clone()));
    }

    /// Makes a backup, in the middle of which the server is killed now and then.
    async fn back_up(&mut self) {
        let directory = self.site.place.path("backups").display().to_string();
        let mut command = self.site.command(&["backup", "--with-keys", "--json", "--keep", "2", &directory]);
        let began = Instant::now();
        let made = spawn_blocking(move || Ran::of(&mut command, ""));
        if self.rng.random_ratio(1, KILLED_MEANWHILE) {
            *self.counts.entry(Fault::Killed).or_default() += 1;
            self.some_time().await;
            self.kill();
            self.start();
        }
        let told: Value = serde_json::from_str(made.await.unwrap().expect(0)).unwrap();
        self.backup = Some((told["backup"].as_str().unwrap().to_owned(), began));
    }

    /// Waits until the server has got over it. In vain, it says what the server answered last, and what it waits for.
    async fn is_well_again(&self, fault: Fault) {
        let url = format!("http://{}/readyz", self.server().api.address());
        // With a limit: a request that hangs must not look like a server that says that it is not ready.
        let client = reqwest::Client::builder().no_proxy().timeout(ANSWERED).build().unwrap();
        let mut last = String::new();
        let looking = until_within(2 * WELL_AGAIN, "the server is ready", async || {
            last = match client.get(&url).send().await {
                Ok(ready) if ready.status().is_success() => return Some(()),
                Ok(ready) => ready.text().await.unwrap_or_default(),
                Err(error) => format!("{error:?}"),
            };
            None
        });
        let is_well = timeout(WELL_AGAIN, looking).await.is_ok();
        assert!(is_well, "not ready after {fault:?}: {last}\n{}", what_it_waits_for(self.server().id()));
    }

    /// Lets the clients and the fault go on for a moment that the seed chooses.
    async fn some_time(&mut self) {
        sleep(Duration::from_millis(self.rng.random_range(0..LONGEST))).await;
    }
}

/// Returns for each thread of a process its name, and what it waits for in the kernel.
fn what_it_waits_for(process: u32) -> String {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let of_thread = |thread: fs::DirEntry| {
        let read = |name: &str| fs::read_to_string(thread.path().join(name)).unwrap_or_default().trim().to_owned();
        format!("{}: {} {}", read("comm"), read("wchan"), read("syscall"))
    };
    threads.map(of_thread).collect::<Vec<_>>().join("\n")
}
