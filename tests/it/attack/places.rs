//! How many event streams, downloads and archives one account may have at once, however many sessions it has.

use room::Role;

use sts_clearance::{
    domain::accounts::users,
    live::{MOST_STREAMS_OF_ACCOUNT, MOST_STREAMS_OF_SESSION},
};

use crate::harness::{TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    one_account_takes_a_quarter_of_the_streams_and_others_have_theirs,
    one_accounts_downloads_and_archives_keep_no_other_waiting,
}

async fn one_account_takes_a_quarter_of_the_streams_and_others_have_theirs(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let events = format!("/rooms/{room}/events");
    let mut open = Vec::new();
    while open.len() < MOST_STREAMS_OF_ACCOUNT {
        let session = app.session("broker@example.com").await;
        for _ in 0..MOST_STREAMS_OF_SESSION {
            open.push(app.get(&events, &session).follow().await);
        }
    }
    let refused = app.get(&events, &broker).send().await;
    assert_eq!(refused.problem(), "conflict");
    app.get(&events, &owner).follow().await.close().await;
    open.pop().unwrap().close().await;
    app.get(&events, &broker).follow().await;
}

async fn one_accounts_downloads_and_archives_keep_no_other_waiting(app: TestApp) {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let document = app.document(&room, &broker, "COMPAT", None).await;
    app.version(&document, &broker, "a study", &[]).await;
    let account = users::named(&app.app, "broker@example.com").await.unwrap().id;
    // All the places that one account may have, of both kinds.
    let files = app.app.downloads.try_take_units(Some(account), 64).unwrap();
    let archives = app.app.packing.try_take_units(account, 8).unwrap();
    for path in [format!("{document}/download"), format!("/rooms/{room}/archive")] {
        let refused = app.get(&path, &broker).send();
        let served = app.get(&path, &owner).send();
        let (refused, served) = tokio::join!(refused, served);
        assert_eq!((refused.status, refused.header("retry-after")), (503, "1"), "{path}");
        assert_eq!(refused.problem(), "busy");
        assert_eq!(served.status, 200, "{path}");
    }
    drop((files, archives));
    let sent = app.get(&format!("{document}/download"), &broker).follow_bytes().await;
    assert_eq!(app.app.downloads.taken(), 1, "the file is on its way");
    drop(sent);
    assert_eq!(app.app.downloads.taken(), 0);
}
