//! Signing in by the form: the cookie, the redirect afterwards, and requests from other sites that are refused.

use room::Role;
use serde_json::json;

use crate::harness::{PASSWORD, Reply, TestApp, on_both_databases};

const HOST: &str = "clearance.example.com";

on_both_databases! {
    TestApp:
    the_form_signs_in_with_a_cookie_that_opens_pages_and_the_api,
    what_rests_on_a_cookie_changes_nothing_unless_a_page_of_ours_asks,
    a_password_is_changed_by_the_form_and_ends_the_other_sessions,
}

/// Sends the form of `/sign-in`.
async fn signed_in(app: &TestApp, host: &str, password: &str, next: &str) -> Reply {
    let form = app.post("//sign-in", "").header("host", host).header("sec-fetch-site", "same-origin");
    form.fields(&[("email", "broker@example.com"), ("password", password), ("next", next)]).send().await
}

/// Returns the cookie as a browser sends it back.
fn cookie(reply: &Reply) -> String {
    reply.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn the_form_signs_in_with_a_cookie_that_opens_pages_and_the_api(app: TestApp) {
    app.user("broker@example.com", Role::Broker).await;
    let reply = signed_in(&app, HOST, PASSWORD, "/account").await;
    assert_eq!((reply.status, reply.header("location")), (303, "/account"));
    let cookie = cookie(&reply);
    for path in ["//account", "/auth/me"] {
        let answer = app.get(path, "").header("host", HOST).header("cookie", &format!("a=b; {cookie}; c=d"));
        assert_eq!(answer.send().await.status, 200, "{path}");
    }
    let out = app.post("//sign-out", "").header("host", HOST).header("cookie", &cookie);
    let out = out.header("sec-fetch-site", "same-origin").send().await;
    assert_eq!((out.status, out.header("location")), (303, "/sign-in"));
    assert!(out.header("set-cookie").contains("Max-Age=0;"), "{out:?}");
    let after = app.get("//account", "").header("host", HOST).header("cookie", &cookie);
    let after = after.header("accept", "text/html").send().await;
    assert_eq!((after.status, after.header("location")), (303, "/sign-in?next=%2Faccount"));
}

#[tokio::test]
async fn the_cookie_is_bound_to_its_host_and_to_tls_but_on_the_machine_itself() {
    let app = TestApp::on_sqlite().await;
    app.user("broker@example.com", Role::Broker).await;
    let plain = [("localhost:8080", ""), ("127.0.0.1", ""), ("[::1]:8080", ""), ("demo.localhost", "http")];
    let secure =
        [(HOST, ""), ("clearance.example.com:8443", "https"), ("localhost:8080", "https"), ("127.0.0.2.example", "")];
    for (hosts, start, end) in [
        (&plain, "sts-session=", "; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"),
        (&secure, "__Host-sts-session=", "; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure"),
    ] {
        for (host, forwarded) in hosts {
            let form = app.post("//sign-in", "").header("host", host).header("x-forwarded-proto", forwarded);
            let form = form.fields(&[("email", "broker@example.com"), ("password", PASSWORD)]).send().await;
            let cookie = form.header("set-cookie");
            assert!(cookie.starts_with(start) && cookie.ends_with(end), "{host} {forwarded}: {cookie}");
        }
    }
}

#[tokio::test]
async fn a_browser_that_would_not_keep_the_cookie_is_told_so_and_not_signed_in() {
    let app = TestApp::on_sqlite().await;
    app.user("broker@example.com", Role::Broker).await;
    for (host, status) in [(HOST, 409), ("localhost:8080", 303)] {
        let form = app.post("//sign-in", "").header("host", host).header("origin", &format!("http://{host}"));
        let reply = form.fields(&[("email", "broker@example.com"), ("password", PASSWORD)]).send().await;
        assert_eq!((reply.status, reply.header("set-cookie").is_empty()), (status, status == 409), "{host}");
    }
}

/// Headers in which browsers name the site that made a request, and whether that is this server.
const MADE: [(&[(&str, &str)], bool); 9] = [
    (&[("sec-fetch-site", "same-origin")], true),
    (&[("sec-fetch-site", "none")], true),
    (&[("origin", "https://clearance.example.com")], true),
    (&[("sec-fetch-site", "same-site"), ("origin", "https://clearance.example.com")], false),
    (&[("sec-fetch-site", "cross-site")], false),
    (&[("origin", "https://elsewhere.example")], false),
    (&[("origin", "https://clearance.example.com.elsewhere.example")], false),
    (&[("origin", "null")], false),
    (&[], false),
];

async fn what_rests_on_a_cookie_changes_nothing_unless_a_page_of_ours_asks(app: TestApp) {
    let (room, broker) = app.room().await;
    let cookie = format!("__Host-sts-session={}", app.session("broker@example.com").await);
    for (headers, is_ours) in MADE {
        for path in [format!("//rooms/{room}/parties"), format!("/rooms/{room}/snapshots")] {
            let mut request = app.post(&path, "").header("host", HOST).header("cookie", &cookie);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let is_page = path.starts_with("//");
            let request = if is_page { request.fields(&[]) } else { request.json(json!({})) };
            let reply = request.send().await;
            let accepted = if is_page { 422 } else { 201 };
            assert_eq!(reply.status, if is_ours { accepted } else { 403 }, "{path} {headers:?}");
            if !is_ours {
                assert_eq!(reply.problem(), "foreign_origin");
            }
        }
        let looks = app.get(&format!("//rooms/{room}/parties"), "").header("host", HOST).header("cookie", &cookie);
        assert_eq!(looks.send().await.status, 200, "who only looks is not asked: {headers:?}");
    }
    // A token may come from anywhere: no browser sends it by itself, as it does a cookie.
    let token = app.post(&format!("/rooms/{room}/snapshots"), &broker).header("sec-fetch-site", "cross-site");
    assert_eq!(token.json(json!({})).send().await.status, 201);
}

#[tokio::test]
async fn nobody_is_led_to_another_site_nor_signed_in_by_one() {
    let app = TestApp::on_sqlite().await;
    app.user("broker@example.com", Role::Broker).await;
    for next in ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "", "rooms", "/a\r\nb: c"]
    {
        let reply = signed_in(&app, HOST, PASSWORD, next).await;
        assert_eq!((reply.status, reply.header("location")), (303, "/"), "{next}");
    }
    let form = app.post("//sign-in", "").header("host", HOST).header("sec-fetch-site", "cross-site");
    let form = form.fields(&[("email", "broker@example.com"), ("password", PASSWORD)]).send().await;
    assert_eq!(form.problem(), "foreign_origin");
}

#[tokio::test]
async fn a_wrong_password_is_told_on_the_form_which_keeps_the_address_alone() {
    let app = TestApp::on_sqlite().await;
    app.user("broker@example.com", Role::Broker).await;
    let reply = signed_in(&app, HOST, "not the password", "/account").await;
    assert_eq!((reply.status, reply.header("set-cookie")), (401, ""));
    let page = reply.html();
    assert!(page.contains("The e-mail address or the password is wrong."), "{page}");
    assert!(page.contains("value=\"broker@example.com\"") && page.contains("value=\"/account\""), "{page}");
    assert!(!page.contains("not the password"), "{page}");
}

async fn a_password_is_changed_by_the_form_and_ends_the_other_sessions(app: TestApp) {
    let other = app.user("broker@example.com", Role::Broker).await;
    let token = app.session("broker@example.com").await;
    let change = async |current, new, repeated| {
        let form = [("current_password", current), ("new_password", new), ("repeated", repeated)];
        app.post("//account/password", &token).fields(&form).send().await
    };
    for (current, new, repeated, fault) in [
        (PASSWORD, "another passphrase", "a different one", "New password again is not the same as the new password"),
        ("not mine", "another passphrase", "another passphrase", "Present password is not your present password"),
        (PASSWORD, "short", "short", "New password must be"),
    ] {
        let reply = change(current, new, repeated).await;
        assert_eq!(reply.status, 422);
        let page = reply.html();
        assert!(page.contains(fault) && !page.contains("another passphrase"), "{fault}: {page}");
    }
    assert_eq!(change(PASSWORD, "another passphrase", "another passphrase").await.status, 303);
    assert_eq!(app.get("/auth/me", &token).send().await.status, 200);
    assert_eq!(app.get("/auth/me", &other).send().await.status, 401);
}

#[tokio::test]
async fn a_way_that_is_unsafe_is_told_before_a_password_is_typed() {
    let app = TestApp::on_sqlite().await;
    let plain = "This page came to you without TLS";
    let hidden = "A proxy hides from this server";
    let cases: [(&[(&str, &str)], &str); 11] = [
        (&[("host", HOST)], plain),
        (&[("host", HOST), ("x-forwarded-proto", "http"), ("x-forwarded-for", "192.0.2.7")], plain),
        (&[("host", HOST), ("x-forwarded-proto", "https"), ("x-forwarded-for", "192.0.2.7")], ""),
        // A browser sends it only where there is TLS, whatever a proxy says.
        (&[("host", HOST), ("sec-fetch-site", "none")], ""),
        (&[("host", "localhost:8080")], ""),
        (&[("host", "127.0.0.1:8080"), ("sec-fetch-site", "none")], ""),
        (&[("host", "127.0.0.1:8080"), ("x-forwarded-for", "192.0.2.7"), ("x-forwarded-proto", "https")], hidden),
        (&[("host", "localhost:8080"), ("via", "1.1 proxy")], hidden),
        (&[("host", "backend"), ("x-forwarded-host", HOST), ("x-forwarded-proto", "https")], hidden),
        (&[("host", HOST), ("x-forwarded-host", HOST), ("x-forwarded-proto", "https")], ""),
        (&[("host", "localhost:8080"), ("x-forwarded-host", "localhost:8080"), ("via", "1.1 proxy")], ""),
    ];
    for (number, (headers, words)) in cases.into_iter().enumerate() {
        for sends in [false, true] {
            // Another address each time: attempts at one are slowed down.
            let email = format!("nobody{number}@example.com");
            let fields = [("email", &*email), ("password", PASSWORD)];
            let mut request = if sends { app.post("//sign-in", "").fields(&fields) } else { app.get("//sign-in", "") };
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let reply = request.send().await;
            assert_eq!(reply.status, if sends { 401 } else { 200 });
            let page = reply.html();
            let told: Vec<_> = [plain, hidden].into_iter().filter(|words| page.contains(words)).collect();
            assert_eq!(told.concat(), words, "{headers:?}");
        }
    }
}
