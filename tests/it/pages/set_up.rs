//! The first admin of a new system: what the server prints, the page that takes the code, and when both end.

use room::Role;
use sts_clearance::domain::accounts::set_up;

use crate::harness::{Installation, PASSWORD, Reply, Server, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    the_code_makes_the_first_admin_once_and_the_log_tells_of_it,
    a_code_counts_no_more_once_there_is_an_account,
    of_two_who_have_the_code_one_becomes_the_admin,
    what_cannot_be_is_told_at_its_field_and_guesses_have_to_wait,
}

/// Sends the form, with these fields in place of those that are right.
async fn send(app: &TestApp, code: &str, others: &[(&str, &str)]) -> Reply {
    let mut fields = vec![
        ("code", code),
        ("email", "first@example.com"),
        ("name", "First"),
        ("password", PASSWORD),
        ("repeated", PASSWORD),
    ];
    for (name, value) in others {
        fields.iter_mut().filter(|(known, _)| known == name).for_each(|field| field.1 = value);
    }
    let form = app.post("//set-up", "").header("host", "localhost:8080").header("sec-fetch-site", "same-origin");
    form.fields(&fields).send().await
}

async fn page(app: &TestApp, path: &str) -> Reply {
    app.get(path, "").header("accept", "text/html").header("host", "localhost:8080").send().await
}

async fn the_code_makes_the_first_admin_once_and_the_log_tells_of_it(app: TestApp) {
    assert_eq!(page(&app, "//set-up").await.status, 404, "no code was given out");
    let replaced = set_up::offer(&app.app).await.unwrap().unwrap();
    let code = set_up::offer(&app.app).await.unwrap().unwrap();
    assert_eq!(code.len(), 64);
    assert!(page(&app, "//sign-in").await.html().contains("has no account yet"));
    let form = page(&app, "//set-up").await.html();
    assert!(form.contains("action=\"/set-up\"") && !form.contains(&code), "{form}");

    assert_eq!(send(&app, &replaced, &[]).await.status, 422, "the code of an earlier start");
    let made = send(&app, &format!(" {code}\n"), &[]).await;
    assert_eq!((made.status, made.header("location")), (303, "/sign-in"));
    let admin = app.sign_in("first@example.com").await;
    let log = app.get("/activities", &admin).send().await.expect(200);
    let told: Vec<_> = log.as_array().unwrap().iter().filter(|entry| entry["action"] == "user_added").collect();
    assert_eq!((told.len(), &told[0]["actor"]), (1, &"operator".into()));
    assert!(!log.to_string().contains(&code), "{log}");

    assert_eq!(page(&app, "//set-up").await.status, 404);
    assert!(!page(&app, "//sign-in").await.html().contains("has no account yet"));
    let again = send(&app, &code, &[("email", "second@example.com")]).await;
    assert_eq!(again.status, 409);
    assert_eq!(set_up::offer(&app.app).await.unwrap(), None);
}

async fn a_code_counts_no_more_once_there_is_an_account(app: TestApp) {
    let code = set_up::offer(&app.app).await.unwrap().unwrap();
    let another = app.another_node();
    let of_another = set_up::offer(&another.app).await.unwrap().unwrap();
    app.user("ops@example.com", Role::Broker).await;
    for (node, code) in [(&app, code), (&another, of_another)] {
        let refused = send(node, &code, &[]).await;
        assert_eq!(refused.status, 409);
        assert!(refused.html().contains("There is an account already"), "{}", refused.html());
        assert_eq!(page(node, "//set-up").await.status, 404);
    }
}

async fn of_two_who_have_the_code_one_becomes_the_admin(app: TestApp) {
    let code = set_up::offer(&app.app).await.unwrap().unwrap();
    let other = [("email", "other@example.com")];
    let (one, two) = tokio::join!(send(&app, &code, &[]), send(&app, &code, &other));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 409]);
}

async fn what_cannot_be_is_told_at_its_field_and_guesses_have_to_wait(app: TestApp) {
    let code = set_up::offer(&app.app).await.unwrap().unwrap();
    for (field, value, words) in [
        ("repeated", "another one", "Password again is not the same as the password"),
        ("email", "nobody", "E-mail must "),
        ("name", " ", "Name must "),
        ("code", "", "Code is not the one"),
    ] {
        let refused = send(&app, &code, &[(field, value)]).await;
        assert_eq!(refused.status, 422, "{field}");
        let page = refused.html();
        assert!(page.contains(words) && !page.contains(&code) && !page.contains(PASSWORD), "{field}: {page}");
    }
    let foreign = app.post("//set-up", "").header("host", "localhost:8080").header("sec-fetch-site", "cross-site");
    assert_eq!(foreign.fields(&[("code", &code)]).send().await.problem(), "foreign_origin");

    let mut statuses = Vec::new();
    for _ in 0..10 {
        statuses.push(send(&app, "0000", &[]).await.status);
    }
    assert_eq!((statuses[0], statuses[9]), (422, 429));
    assert_eq!(send(&app, &code, &[]).await.status, 429, "who guesses has to wait with the right one too");
    app.later(std::time::Duration::from_mins(16));
    assert_eq!(send(&app, &code, &[]).await.status, 303);
}

#[tokio::test]
async fn a_server_without_accounts_prints_how_to_make_the_first_admin() {
    let place = Installation::new(None);
    let mut server = place.serve();
    let said = server.said_until("user add --role admin");
    let address = server.api.address().to_owned();
    let url = format!("http://{address}/set-up");
    assert!(said.contains(&url), "{said}");
    let code = said.lines().map(str::trim).find(|line| line.len() == 64).unwrap().to_owned();
    let fields = [("code", &*code), ("email", "first@example.com"), ("name", "F")];
    let fields = [&fields[..], &[("password", PASSWORD), ("repeated", PASSWORD)]].concat();
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let form = client.post(&url).header("origin", format!("http://{address}"));
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    let made = form.body(serde_html_form::to_string(fields).unwrap()).send().await.unwrap();
    assert_eq!(made.status(), 303);
    server.api.sign_in("first@example.com").await;
    assert!(!server.log().contains(&code), "{}", server.log());

    drop(server);
    let mut again = Server::start(&place, &mut place.command(&["serve", "--listen", "127.0.0.1:0"]));
    again.ask_to_stop().await;
    assert!(!again.said_to_its_end().contains("no account yet"));
}
