//! Requests whose claims about their host, sender, origin or target the server must not believe.

use std::net::SocketAddr;

use axum::http::{HeaderMap, HeaderName};
use room::Role;

use sts_clearance::{
    http::{self, Client, Limits},
    network::TrustedProxies,
    web,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket},
};

use crate::harness::{PASSWORD, Reply, TestApp, on_both_databases};

const HOST: &str = "clearance.example.com";

on_both_databases! {
    TestApp:
    a_link_on_another_site_writes_nothing_in_the_name_of_who_follows_it,
    where_a_sign_in_leads_on_is_a_path_of_this_server,
}

/// Sends a request to the application's port from this local address, and returns the answer in lower case.
async fn raw(address: SocketAddr, from: &str, request: &str) -> String {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    let mut connection = socket.connect(address).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer.to_lowercase()
}

pub(super) async fn on_a_port(app: &TestApp, limits: Limits) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(http::serve(listener, web::router(app.app.clone()), limits, app.app.stopping.clone()));
    address
}

#[tokio::test]
async fn a_request_names_one_host_and_the_one_it_is_for() {
    let app = TestApp::on_sqlite().await;
    let address = on_a_port(&app, Limits::of(&app.app.config)).await;
    for (request, is_taken) in [
        ("GET /healthz HTTP/1.1\r\nHost: a.example\r\n", true),
        ("GET http://a.example/healthz HTTP/1.1\r\nHost: A.example\r\n", true),
        ("GET /healthz HTTP/1.0\r\n", true),
        ("GET /healthz HTTP/1.1\r\n", false),
        ("GET /healthz HTTP/1.1\r\nHost: a.example\r\nHost: a.example\r\n", false),
        ("GET /healthz HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n", false),
        ("GET http://a.example/healthz HTTP/1.1\r\nHost: b.example\r\n", false),
        ("GET /healthz HTTP/1.1\r\nHost:\r\n", false),
        ("GET /healthz HTTP/1.1\r\nHost: a b\r\n", false),
        ("GET /healthz HTTP/1.1\r\nHost: me@a.example\r\n", false),
        ("GET /healthz HTTP/1.1\r\nHost: a.example/path\r\n", false),
    ] {
        let answer = raw(address, "127.0.0.1", &format!("{request}Connection: close\r\n\r\n")).await;
        let status = answer.split(' ').nth(1);
        assert_eq!(status, Some(if is_taken { "200" } else { "400" }), "{request}: {answer}");
        assert!(is_taken || answer.contains("urn:sts-clearance:problem:malformed"), "{answer}");
    }
}

#[tokio::test]
async fn only_a_trusted_proxy_says_under_which_id_and_that_it_came_by_tls() {
    let flags = [("trusted_proxies", "127.0.0.2".to_owned())];
    let app = TestApp::with(String::new(), &flags).await;
    let address = on_a_port(&app, Limits::of(&app.app.config)).await;
    let request = "GET /healthz HTTP/1.1\r\nHost: a.example\r\nX-Request-Id: mine\r\nX-Forwarded-Proto: https\r\n\
                   Connection: close\r\n\r\n";
    for (from, is_believed) in [("127.0.0.1", false), ("127.0.0.2", true)] {
        let answer = raw(address, from, request).await;
        assert!(answer.starts_with("http/1.1 200"), "{answer}");
        assert_eq!(answer.contains("x-request-id: mine\r\n"), is_believed, "{answer}");
        assert_eq!(answer.contains("strict-transport-security: "), is_believed, "{answer}");
    }
}

#[test]
fn a_client_is_the_last_that_no_trusted_proxy_is() {
    let trusted: TrustedProxies = "127.0.0.0/8 10.0.0.0/8 ::1".parse().unwrap();
    for (peer, forwarded, client) in [
        ("192.0.2.1", &["198.51.100.1"][..], "192.0.2.1"),
        ("127.0.0.1", &[], "127.0.0.1"),
        ("127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
        ("::ffff:127.0.0.1", &["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", &["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", &["203.0.113.9, 198.51.100.1, 10.1.2.3"], "198.51.100.1"),
        ("127.0.0.1", &["203.0.113.9", "198.51.100.1:4711", "10.1.2.3"], "198.51.100.1"),
        ("127.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
        ("127.0.0.1", &["[2001:db8::1]"], "2001:db8::1"),
        ("127.0.0.1", &["203.0.113.9, nonsense"], "127.0.0.1"),
        ("127.0.0.1", &["203.0.113.9, unknown, 10.1.2.3"], "10.1.2.3"),
        ("127.0.0.1", &["10.1.2.3, 10.1.2.4"], "10.1.2.3"),
    ] {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(HeaderName::from_static("x-forwarded-for"), value.parse().unwrap());
        }
        let found = Client::of(peer.parse().unwrap(), &headers, &trusted).address;
        assert_eq!(found.to_string(), client, "{peer} for {forwarded:?}");
    }
}

async fn signed_in(app: &TestApp, next: &str) -> Reply {
    let form = app.post("//sign-in", "").header("host", HOST).header("sec-fetch-site", "same-origin");
    form.fields(&[("email", "broker@example.com"), ("password", PASSWORD), ("next", next)]).send().await
}

async fn where_a_sign_in_leads_on_is_a_path_of_this_server(app: TestApp) {
    app.user("broker@example.com", Role::Broker).await;
    for (next, to) in [
        ("/account?a=%20b", "/account?a=%20b"),
        ("/\u{1}", "/"),
        ("/\u{7f}", "/"),
        ("/\t/evil.example", "/"),
        ("/\r/evil.example", "/"),
        ("/\n/evil.example", "/"),
        ("/\\evil.example", "/"),
        ("//evil.example", "/"),
        ("/ /evil.example", "/"),
        ("/\u{e9}", "/"),
        ("/\u{2028}", "/"),
        ("https://evil.example", "/"),
    ] {
        let reply = signed_in(&app, next).await;
        assert_eq!((reply.status, reply.header("location")), (303, to), "{next:?}");
        assert!(!reply.header("set-cookie").is_empty(), "{next:?}");
    }
}

async fn a_link_on_another_site_writes_nothing_in_the_name_of_who_follows_it(app: TestApp) {
    let (room, broker) = app.room().await;
    let document = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&document, &broker, "a study", &[]).await;
    let newest = app.get(&document, &broker).send().await.expect(200)["newest"]["id"].clone();
    let preview = format!("{document}/versions/{}/preview", newest.as_str().unwrap());
    let (_, snapshot) = app.take(&room, &broker, serde_json::json!({ "snapshot_type": "json" })).await;
    app.work().await;
    let reply = signed_in(&app, "/").await;
    let cookie = reply.header("set-cookie").split(';').next().unwrap().to_owned();
    let paths = [format!("{document}/download"), format!("/rooms/{room}/archive"), format!("{snapshot}/download")];
    // Brokers may not export the log, and the refusal itself would be logged.
    let forbidden = format!("/rooms/{room}/log/export");
    let before = app.actions(&room, &broker).await;
    for path in paths.iter().chain([&forbidden]) {
        let get = || app.get(path, "").header("host", HOST).header("cookie", &cookie).header("accept", "text/html");
        for site in ["cross-site", "same-site"] {
            let refused = get().header("sec-fetch-site", site).send().await;
            assert_eq!(refused.status, 403, "{site} {path}");
            let page = String::from_utf8(refused.body.to_vec()).unwrap();
            assert!(page.contains(&format!("href=\"/api/v1{path}\"")), "the page leads on: {page}");
        }
    }
    let preview = app.get(&preview, "").header("host", HOST).header("cookie", &cookie);
    assert_eq!(preview.header("sec-fetch-site", "cross-site").send().await.problem(), "foreign_origin");
    assert_eq!(app.actions(&room, &broker).await, before, "nothing was written");

    for path in &paths {
        for site in ["same-origin", "none"] {
            let get = app.get(path, "").header("host", HOST).header("cookie", &cookie);
            assert_eq!(get.header("sec-fetch-site", site).send().await.status, 200, "{site} {path}");
        }
        let program = app.get(path, &broker).header("sec-fetch-site", "cross-site").send().await;
        assert_eq!(program.status, 200, "a program with its token: {path}");
    }
    assert_eq!(app.actions(&room, &broker).await.len(), before.len() + 3 * paths.len());
}

#[tokio::test]
async fn a_browser_forgets_a_session_at_its_end() {
    let app = TestApp::on_sqlite().await;
    app.user("broker@example.com", Role::Broker).await;
    let reply = signed_in(&app, "/").await;
    let cookie = reply.header("set-cookie").split(';').next().unwrap();
    let out = app.post("//sign-out", "").header("host", HOST).header("cookie", cookie);
    let out = out.header("sec-fetch-site", "same-origin").send().await;
    assert_eq!((out.status, out.header("clear-site-data")), (303, "\"cache\", \"storage\""));
}

#[tokio::test]
async fn a_refusal_of_many_names_tells_some_and_how_many_more() {
    let app = TestApp::on_sqlite().await;
    let broker = app.user("broker@example.com", Role::Broker).await;
    let query: Vec<_> = (0..1000).map(|number| format!("n{number:04}=1")).collect();
    let refused = app.get(&format!("/rooms?{}", query.join("&")), &broker).send().await;
    let fields = refused.fields();
    assert_eq!((fields.len(), &*fields[0], &*fields[20]), (21, "n0000", ""));
    assert_eq!(refused.json()["errors"][20]["message"], "and 980 more faults");
    let long = app.get(&format!("/rooms?{}=1", "n".repeat(5000)), &broker).send().await;
    assert_eq!(long.fields()[0].len(), 100);
}
