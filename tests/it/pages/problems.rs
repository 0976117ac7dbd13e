//! Errors as pages, and what every page contains.

use room::Role;

use crate::harness::{Reply, Request, TestApp};

/// Sends a request with the `Accept` header of a browser.
async fn opened(request: Request<'_>) -> Reply {
    request.header("accept", "text/html,application/xhtml+xml,*/*;q=0.8").send().await
}

#[tokio::test]
async fn an_error_says_on_a_page_what_happened_and_what_one_can_do() {
    let app = TestApp::on_sqlite().await;
    let (room, broker) = app.room().await;
    let other = app.user("other@example.com", Role::Broker).await;
    let owner = app.session("broker@example.com").await;
    let parties = format!("//rooms/{room}/parties");
    for (status, request, words) in [
        (403, app.get(&parties, &other), "Ask the broker of the room to add you as a party"),
        (404, app.get("//rooms/00000000-0000-7000-8000-000000000000/parties", &broker), "There is no such room."),
        (404, app.get("//nonsense", ""), "There is nothing at /nonsense; /docs lists what there is."),
        (404, app.get(&format!("{parties}/no-uuid"), &broker), "There is no such id: ids are UUIDs."),
        (405, app.request("DELETE", &parties, &broker), "This path does not know that method."),
        (415, app.post(&parties, &broker), "The body must be a form"),
        (422, app.get("//?limit=1000", &owner), "must be a whole number from 1 to 100"),
        (401, app.post(&parties, "").header("content-type", "application/x-www-form-urlencoded"), "Sign in"),
    ] {
        let reply = opened(request).await;
        assert_eq!(reply.status, status, "{words}");
        let page = reply.html();
        assert!(page.contains(words), "{status}: {page}");
        assert!(page.contains(reply.header("x-request-id")), "{status}: {page}");
    }
}

#[tokio::test]
async fn programs_are_told_the_same_as_problem_details() {
    let app = TestApp::on_sqlite().await;
    assert_eq!(app.get("//nonsense", "").send().await.problem(), "http");
    assert_eq!(app.get("//account", "").send().await.problem(), "unauthenticated");
}

#[tokio::test]
async fn who_is_not_signed_in_is_led_to_the_form_and_back() {
    let app = TestApp::on_sqlite().await;
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}/parties?a=b&c=d");
    let led = opened(app.get(&format!("/{path}"), "")).await;
    let form = format!("/sign-in?next=%2Frooms%2F{room}%2Fparties%3Fa%3Db%26c%3Dd");
    assert_eq!((led.status, led.header("location")), (303, &*form));
    let page = opened(app.get(&format!("/{form}"), "")).await.html();
    assert!(page.contains(&format!("value=\"{}\"", path.replace('&', "&amp;"))), "{page}");
    let back = opened(app.get(&format!("/{form}"), &broker)).await;
    assert_eq!((back.status, back.header("location")), (303, &*path));
}

#[tokio::test]
async fn who_sends_a_form_after_their_session_signs_in_and_comes_back_to_the_page_that_has_it() {
    let app = TestApp::on_sqlite().await;
    let sent = |referer: &str| {
        let request = app.post("//admin/users/1/role", "").header("host", "sts.example").header("referer", referer);
        opened(request.header("origin", "http://sts.example").fields(&[("role", "buyer")]))
    };
    for (referer, leads_to) in [
        ("http://sts.example/admin/users/1?a=b", "/sign-in?next=%2Fadmin%2Fusers%2F1%3Fa%3Db"),
        ("http://other.example/admin/users/1", "/sign-in?next=%2F"),
        ("nonsense", "/sign-in?next=%2F"),
    ] {
        let refused = sent(referer).await;
        assert_eq!(refused.status, 401, "{refused:?}");
        let page = refused.html();
        assert!(page.contains(&format!("href=\"{leads_to}\">Sign in and go on</a>")), "{referer}: {page}");
    }
}

#[tokio::test]
async fn pages_are_compressed_where_the_browser_can_and_files_are_not() {
    let app = TestApp::on_sqlite().await;
    let (room, broker) = app.room().await;
    let page = app.get(&format!("//rooms/{room}/parties"), &broker).header("accept-encoding", "gzip").send().await;
    assert_eq!((page.header("content-encoding"), &page.body[..2]), ("gzip", &[0x1f, 0x8b][..]));
    let snapshot = app.snapshot(&room, &broker, serde_json::json!({ "snapshot_type": "json" })).await;
    let file = snapshot["download_url"].as_str().unwrap();
    let file = app.get(&format!("/{file}"), &broker).header("accept-encoding", "gzip").send().await;
    assert_eq!((file.status, file.header("content-encoding")), (200, ""));
}

#[tokio::test]
async fn what_pages_need_is_kept_by_browsers_under_a_name_that_changes_with_it() {
    let app = TestApp::on_sqlite().await;
    let page = app.get("//sign-in", "").send().await;
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    let needed: Vec<_> = page.split('"').filter(|part| part.starts_with("/assets/")).collect();
    // The icon stands in the page as well.
    assert_eq!(needed.len(), 5, "{page}");
    for path in needed {
        let reply = app.get(&format!("/{path}"), "").send().await;
        assert_eq!(
            (reply.status, reply.header("cache-control")),
            (200, "public, max-age=31536000, immutable"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn no_other_site_frames_reads_or_opens_what_is_here() {
    let app = TestApp::on_sqlite().await;
    for path in ["//sign-in", "//nonsense", "/auth/me"] {
        let reply = app.get(path, "").send().await;
        assert_eq!(reply.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(reply.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert!(reply.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(reply.header("strict-transport-security"), "", "{path}");
        let behind_tls = app.get(path, "").header("x-forwarded-proto", "https").send().await;
        assert_eq!(behind_tls.header("strict-transport-security"), "max-age=31536000; includeSubDomains", "{path}");
    }
}
