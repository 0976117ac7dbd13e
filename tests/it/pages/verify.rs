//! What `/verify` gives to those who verify without this server.

use crate::harness::{TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    the_format_and_a_verifier_are_there_for_those_who_trust_no_server,
}

async fn the_format_and_a_verifier_are_there_for_those_who_trust_no_server(app: TestApp) {
    let form = app.get("//verify", "").send().await.html();
    for link in ["/verify/format", "/verify/offline"] {
        assert!(form.contains(&format!("href=\"{link}\"")), "{form}");
    }
    let format = app.get("//verify/format", "").send().await;
    assert_eq!((format.status, format.header("content-type")), (200, "text/plain; charset=utf-8"));
    let text = String::from_utf8(format.body.to_vec()).unwrap();
    for heading in ["# The format of snapshots", "# Values", "# Fields", "# Events and the fold"] {
        assert!(text.lines().any(|line| line == heading), "{heading}");
    }
    let page = app.get("//verify/offline", "").send().await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.header("content-disposition").starts_with("attachment; filename=\"sts-clearance-verify.html\""));
    assert!(page.header("content-security-policy").starts_with("sandbox; default-src 'none'"));
    let program = include_bytes!("../../../verifier/index.html");
    assert!(*page.body == program[..], "it is another page");
}
