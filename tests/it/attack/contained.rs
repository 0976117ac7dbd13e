//! What a child process can still do after a file has taken it over: compute, and answer.

use std::{
    env,
    fs::{self, File},
    io::Write,
    net::{TcpListener, TcpStream},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::{CommandExt, ExitStatusExt},
    },
    process::{Command, Stdio, exit},
    thread,
};

use rustix::process::{Pid, Resource, Rlimit, Signal, getppid, kill_process, prlimit, setrlimit};
use serde_json::json;
use sts_clearance::children::{Kind, contain};

use crate::harness::{self, Installation, Server, new_room, status_of};

/// The environment variable that names the kind of child and the deed to the process that is taken over.
const DEED: &str = "STS_TEST_DEED";
/// The signal by which the kernel kills a process for a call that its filter forbids.
const SIGSYS: i32 = 31;
/// The exit code of a child whose deed was not refused.
const ALIVE: i32 = 42;

/// What the process got hold of before it was contained.
struct Before {
    parent: Pid,
    file: File,
}

/// The name of something to try, and how it is tried.
type Deed = (&'static str, fn(Before));

const DEEDS: &[Deed] = &[
    ("open a file", |_| drop(File::open("/etc/passwd"))),
    ("write a file", |_| drop(File::create("/tmp/sts-test-taken-over"))),
    ("close a file, and have its place", |before| drop(before.file)),
    ("connect", |_| drop(TcpStream::connect("127.0.0.1:9"))),
    ("listen", |_| drop(TcpListener::bind("127.0.0.1:0"))),
    ("start a program", |_| drop(Command::new("/bin/true").status())),
    ("start a thread", |_| drop(thread::Builder::new().spawn(|| ()))),
    ("signal its parent", |before| kill_process(before.parent, Signal::KILL).unwrap()),
    ("signal itself", |_| kill_process(rustix::process::getpid(), Signal::TERM).unwrap()),
    ("read its parent's memory", |before| {
        drop(fs::read(format!("/proc/{}/environ", before.parent.as_raw_nonzero())));
    }),
    ("change its parent's limits", |before| {
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        prlimit(Some(before.parent), Resource::Nofile, none).unwrap();
    }),
    ("change its own limits", |_| {
        setrlimit(Resource::Nofile, Rlimit { current: Some(64), maximum: Some(64) }).unwrap();
    }),
];

/// Does what every child has to be able to do: takes and frees memory, and writes to standard output.
fn work(before: Before) {
    // Dropping the file would close it, which the filter forbids.
    std::mem::forget(before);
    let mut memory: Vec<u64> = Vec::new();
    for number in 0..4_000_000 {
        memory.push(number);
    }
    drop(memory.iter().map(ToString::to_string).take(100_000).collect::<Vec<_>>());
    std::io::stdout().write_all(b"it computes\n").unwrap();
}

/// Becomes a child of this kind and does the deed. Exits with [`ALIVE`] if the deed was not refused.
fn taken_over(kind: &str, deed: &str) -> ! {
    let kind = Kind::ALL.into_iter().find(|known| known.word() == kind).unwrap();
    let deed = DEEDS.iter().chain(&[("work", work as fn(Before))]).find(|(name, _)| *name == deed).unwrap().1;
    let before = Before { parent: getppid().unwrap(), file: File::open("/dev/null").unwrap() };
    contain(kind).unwrap();
    deed(before);
    exit(ALIVE)
}

/// Returns the processes that a server has started, each with its arguments, which end in NUL.
fn children_of(server: u32) -> Vec<(u32, String)> {
    let named = |process| (process, fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap());
    harness::children_of(server).into_iter().map(named).collect()
}

#[tokio::test]
async fn a_drawing_child_is_contained_draws_again_and_is_replaced_when_it_dies() {
    let place = Installation::new(None);
    place.add_user("broker@example.com", "broker");
    let server = place.serve();
    let broker = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &broker, &new_room(&[])).await;
    let room = room["id"].as_str().unwrap();
    let path = format!("/rooms/{room}/snapshots");
    let mut drawn_by = Vec::new();
    for _ in 0..2 {
        let snapshot = server.api.post(&path, &broker, &json!({ "snapshot_type": "json" })).await;
        server.api.completed(room, snapshot["id"].as_str().unwrap(), &broker).await;
        drawn_by.push(children_of(server.id()));
    }
    assert_eq!(drawn_by[0], drawn_by[1], "one child draws one report after the other");
    let [(child, arguments)] = &*drawn_by[0] else { panic!("{drawn_by:?}") };
    assert!(arguments.ends_with("\0child\0draw\0"), "{arguments}");
    let says = |name| status_of(*child, name).unwrap();
    assert_eq!((&*says("Seccomp"), &*says("NoNewPrivs"), &*says("Threads")), ("2", "1", "1"));
    kill_process(Pid::from_raw(i32::try_from(*child).unwrap()).unwrap(), Signal::KILL).unwrap();
    let snapshot = server.api.post(&path, &broker, &json!({ "snapshot_type": "json" })).await;
    server.api.completed(room, snapshot["id"].as_str().unwrap(), &broker).await;
    let after = children_of(server.id());
    assert!(after.len() == 1 && after[0].0 != *child, "another child has its place: {after:?}");
}

/// The id of the user and group `nobody`.
const NOBODY: u32 = 65534;

#[tokio::test]
async fn a_server_keeps_its_memory_from_other_processes_of_its_user() {
    let place = Installation::new(None);
    // A copy that `nobody` can reach: the build directory may be closed to other users.
    let program = place.path("program");
    fs::copy(env!("CARGO_BIN_EXE_sts-clearance"), &program).unwrap();
    let mut command = Command::new(program);
    command.args(["serve", "--listen", "127.0.0.1:0"]).current_dir(place.path("")).env_clear().stdout(Stdio::piped());
    // The files of a root process belong to root in any case, so as root the test would prove nothing.
    if rustix::process::geteuid().is_root() {
        fs::set_permissions(place.path(""), fs::Permissions::from_mode(0o777)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    let server = Server::start(&place, &mut command);
    // In `/proc`, the files of a process that is not dumpable belong to root.
    let memory = fs::metadata(format!("/proc/{}/environ", server.id())).unwrap();
    assert_eq!(memory.uid(), 0);
}

#[test]
fn a_child_that_was_taken_over_can_only_compute_and_answer() {
    // This test runs its own binary again for each deed; there it becomes the child.
    if let Some(asked) = env::var_os(DEED) {
        let asked = asked.into_string().unwrap();
        let (kind, deed) = asked.split_once(": ").unwrap();
        taken_over(kind, deed);
    }
    let this = "attack::contained::a_child_that_was_taken_over_can_only_compute_and_answer";
    let end = |kind: Kind, deed: &str| {
        let mut child = Command::new(env::current_exe().unwrap());
        child.args(["--exact", this, "--nocapture", "--test-threads=1"]).env_clear();
        child.env(DEED, format!("{}: {deed}", kind.word())).stdout(Stdio::null()).stderr(Stdio::null());
        child.status().unwrap()
    };
    for kind in Kind::ALL {
        assert_eq!(end(kind, "work").code(), Some(ALIVE), "{kind:?} works");
        for (deed, _) in DEEDS {
            assert_eq!(end(kind, deed).signal(), Some(SIGSYS), "{kind:?}: {deed}");
        }
    }
}
