//! How password guessing affects those who sign in, and how much memory sign-ins leave behind.
//!
//! `cargo bench --bench guessing` starts the real program and prints the memory that 960 sign-ins leave. 24 clients of
//! four networks then guess an account's password for five minutes, or for the number of seconds after `--`. Meanwhile
//! its owner signs in every ten seconds from a known device, and continuously from two unknown ones, one of them in a
//! network of the guessers. It fails if the known device waits for two seconds or longer, if another device is refused
//! at the time it was given, or if the memory is above the promised limit. Linux only.

mod program;

use std::{
    env,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use program::{PASSWORD, Server, answer, say};

const SIGN_INS: usize = 960;
/// How many sign-ins run at the same time: fewer than the server examines at once for one address.
const AT_ONCE: usize = 8;
/// The most memory that the sign-ins may leave, in KiB.
const PROMISED_KIB: u64 = 60 * 1024;
const GUESSERS: usize = 24;
const NETWORKS: [&str; 4] = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"];
/// The most that the known device may wait.
const PROMISED: Duration = Duration::from_secs(2);
const OWNER: &str = "a@example.com";

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
    // The trusted proxy is an address that no client has (RFC 5737 §3), so each client counts by its own address.
    let server = Arc::new(Server::start("192.0.2.1"));
    runtime.block_on(memory(&server));
    let seconds = env::args().find_map(|argument| argument.parse().ok()).unwrap_or(300);
    runtime.block_on(attack(&server, Duration::from_secs(seconds)));
    runtime.block_on(log(&server));
}

fn client(from: &str) -> Client {
    let from: IpAddr = from.parse().expect("an address");
    Client::builder().no_proxy().local_address(from).build().expect("a client")
}

async fn memory(server: &Arc<Server>) {
    let before = server.memory("VmRSS");
    let mut signing_in = JoinSet::new();
    for _ in 0..AT_ONCE {
        let server = Arc::clone(server);
        signing_in.spawn(async move {
            let client = client("127.0.0.1");
            for _ in 0..SIGN_INS / AT_ONCE {
                server.sign_in(&client).await;
            }
        });
    }
    signing_in.join_all().await;
    let left = server.memory("VmRSS").saturating_sub(before);
    say(&format!("{SIGN_INS} sign-ins leave {} MiB of {} MiB", left / 1024, PROMISED_KIB / 1024));
    assert!(left <= PROMISED_KIB, "sign-ins leave more memory than was promised");
}

async fn attack(server: &Arc<Server>, lasts: Duration) {
    let ends = Instant::now() + lasts;
    let home = client("127.0.0.1");
    let known = answer(login(server, &home, PASSWORD, json!({})).await).await["device_token"].clone();
    let guesses: Arc<[AtomicUsize; 3]> = Arc::default();
    let mut all = JoinSet::new();
    for guesser in 0..GUESSERS {
        let (server, guesses) = (Arc::clone(server), Arc::clone(&guesses));
        all.spawn(async move {
            let client = client(NETWORKS[guesser % NETWORKS.len()]);
            while Instant::now() < ends {
                let status = login(&server, &client, "a wrong password", json!({})).await.map(|reply| reply.status());
                let kind = match status {
                    Ok(StatusCode::UNAUTHORIZED) => 0,
                    Ok(StatusCode::TOO_MANY_REQUESTS) => 1,
                    _ => 2,
                };
                guesses[kind].fetch_add(1, Relaxed);
            }
        });
    }
    for from in ["127.0.0.9", NETWORKS[0]] {
        let server = Arc::clone(server);
        all.spawn(async move {
            let mut waited = Vec::new();
            while Instant::now() < ends {
                waited.push(unknown(&server, &client(from)).await);
            }
            let longest = waited.iter().max().copied().unwrap_or_default();
            say(&format!(
                "an unknown device at {from}: signed in {} times, each when it was told; it waited {longest} s at most",
                waited.len()
            ));
        });
    }
    let mut waited = Vec::new();
    while Instant::now() < ends {
        let started = Instant::now();
        answer(login(server, &home, PASSWORD, json!({ "device_token": known })).await).await;
        waited.push(started.elapsed());
        sleep(Duration::from_secs(10)).await;
    }
    all.join_all().await;
    let longest = waited.iter().max().copied().unwrap_or_default();
    let [heard, throttled, other] = &*guesses;
    say(&format!(
        "{} s of guessing: {} heard, {} told to wait, {} otherwise; \
         the known device signed in {} times, {} ms at most of {} ms",
        lasts.as_secs(),
        heard.load(Relaxed),
        throttled.load(Relaxed),
        other.load(Relaxed),
        waited.len(),
        longest.as_millis(),
        PROMISED.as_millis(),
    ));
    assert!(longest < PROMISED, "the known device waits longer than was promised");
}

/// Signs in from an unknown device. Returns how many seconds the server asked it to wait, 0 if it was let in at once.
async fn unknown(server: &Server, client: &Client) -> u64 {
    let refused = login(server, client, PASSWORD, json!({})).await.expect("an answer");
    if refused.status() == StatusCode::OK {
        sleep(Duration::from_secs(1)).await;
        return 0;
    }
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds = refused.headers()["retry-after"].to_str().ok().and_then(|text| text.parse().ok()).expect("seconds");
    let problem: Value = refused.json().await.expect("JSON");
    sleep(Duration::from_secs(seconds)).await;
    let heard = login(server, client, PASSWORD, json!({ "ticket": problem["ticket"] })).await.expect("an answer");
    assert_eq!(heard.status(), StatusCode::OK, "it was told to come now");
    seconds
}

async fn login(server: &Server, client: &Client, password: &str, more: Value) -> reqwest::Result<reqwest::Response> {
    let mut credentials = json!({ "email": OWNER, "password": password });
    let (fields, more) =
        (credentials.as_object_mut().expect("an object"), more.as_object().expect("an object").clone());
    fields.extend(more);
    client.post(server.api("/auth/login")).json(&credentials).send().await
}

/// Prints what the log has recorded of the attack.
async fn log(server: &Server) {
    server.account("admin@example.com", "admin");
    let client = client("127.0.0.1");
    let login = json!({ "email": "admin@example.com", "password": PASSWORD });
    let session = answer(client.post(server.api("/auth/login")).json(&login).send().await).await;
    let token = session["token"].as_str().expect("a token");
    let mut refusals = Vec::new();
    for action in ["sign_in_refused"] {
        let path = server.api(&format!("/activities?action={action}&limit=100"));
        let reply = client.get(path).bearer_auth(token).send().await.expect("an answer");
        let total = reply.headers()["x-total-count"].to_str().expect("a number").to_owned();
        let entries: Value = reply.json().await.expect("JSON");
        refusals.push(format!("{total} entries `{action}`, such as {}", entries[0]["meta"]));
    }
    say(&format!("the log keeps of it: {}", refusals.join("; ")));
}
