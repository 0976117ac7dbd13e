//! How many event streams, downloads and archives one account may have at once, however many sessions it has.

use std::time::Duration;

use futures_util::{StreamExt, future::join_all};
use room::Role;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
};

use sts_clearance::{
    domain::accounts::users,
    http::{Limits, Patience},
    live::{MOST_STREAMS_OF_ACCOUNT, MOST_STREAMS_OF_SESSION},
};

use super::requests::on_a_port;
use crate::harness::{TestApp, on_both_databases, until};

on_both_databases! {
    TestApp:
    one_account_takes_a_quarter_of_the_streams_and_others_have_theirs,
    one_accounts_downloads_and_archives_keep_no_other_waiting,
    a_stream_of_events_that_nobody_reads_is_given_up_and_its_place_is_free,
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

async fn a_stream_of_events_that_nobody_reads_is_given_up_and_its_place_is_free(app: TestApp) {
    let (room, broker) = app.room().await;
    let path = format!("/rooms/{room}");
    // Far more than what waits on the way to a client.
    for number in 0..60 {
        let described = json!({ "description": format!("{number} {}", "x".repeat(3_900)) });
        app.patch(&path, &broker).json(described).send().await.expect(200);
    }
    let reading = Patience { pause: Duration::from_secs(5), ..Patience::READING };
    let address = on_a_port(&app, Limits { reading, ..Limits::of(&app.app.config) }).await;
    let request = format!(
        "GET /api/v1{path}/events?after=-1 HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {broker}\r\n\r\n"
    );
    let deaf = join_all((0..MOST_STREAMS_OF_SESSION).map(async |_| {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 * 1024).unwrap();
        let mut connection = socket.connect(address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        // The head of the answer, so that the stream has its place.
        connection.read_exact(&mut [0; 12]).await.unwrap();
        connection
    }))
    .await;
    let further = app.get(&format!("{path}/events"), &broker);
    assert_eq!(further.send().await.problem(), "conflict");
    until("they are given up", async || {
        let mut further = app.get(&format!("{path}/events"), &broker).follow_bytes().await.into_data_stream();
        let first = further.next().await.unwrap().unwrap();
        first.starts_with(b": connected").then_some(())
    })
    .await;
    drop(deaf);
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
