//! Request bodies that arrive slowly, or never to their end.

use std::{future::ready, io, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use crate::harness::{Reply, TestApp, on_both_databases, until};

on_both_databases! {
    TestApp:
    an_upload_that_stops_or_trickles_is_late_and_leaves_nothing,
}

/// Returns a body that begins with a text and goes on with a stream. Once its beginning has been read it pauses tokio's
/// clock, which from then on advances by itself to the next timer, so that no timeout takes real time.
fn body(begins: &str, goes_on: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    let begins = Bytes::from(begins.to_owned());
    let paused = stream::once(async {
        tokio::time::pause();
        Bytes::new()
    });
    Body::from_stream(stream::once(ready(begins)).chain(paused).chain(goes_on).map(Ok::<_, io::Error>))
}

/// Sends one byte after each pause, without an end. The pauses pass on the paused clock, so they take no real time.
fn trickle(pause: Duration) -> impl Stream<Item = Bytes> + Send {
    stream::unfold((), move |()| async move {
        tokio::time::sleep(pause).await;
        Some((Bytes::from_static(b"x"), ()))
    })
}

#[track_caller]
fn is_late(reply: &Reply) {
    assert_eq!((reply.status, reply.header("connection")), (408, "close"), "{reply:?}");
    assert_eq!(reply.problem(), "http");
}

#[tokio::test]
async fn a_body_that_stops_is_late_and_nothing_was_changed() {
    let app = TestApp::on_sqlite().await;
    let json = app.post("/auth/login", "").header("content-type", "application/json");
    let reply = json.body(body("{\"email\":", stream::pending())).send().await;
    is_late(&reply);
    let detail = reply.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "The body did not come to its end within 30 seconds; nothing was changed.");
    tokio::time::resume();
    let form = app.post("//sign-in", "").header("content-type", "application/x-www-form-urlencoded");
    is_late(&form.body(body("email=", trickle(Duration::from_secs(1)))).send().await);
}

async fn an_upload_that_stops_or_trickles_is_late_and_leaves_nothing(app: TestApp) {
    let (room, broker) = app.room().await;
    let before = app.stored();
    let head = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7\n";
    let upload = format!("/rooms/{room}/documents/upload");
    for pause in [Duration::from_secs(50), Duration::from_hours(1)] {
        let request = app.post(&upload, &broker).header("content-type", "multipart/form-data; boundary=x");
        is_late(&request.body(body(head, trickle(pause))).send().await);
        tokio::time::resume();
        until("nothing of it is left", async || (app.stored() == before).then_some(())).await;
    }
    let stranger = app.post("/verify", "").header("content-type", "multipart/form-data; boundary=x");
    is_late(&stranger.body(body(head, trickle(Duration::from_secs(50)))).send().await);
    // What every test ends with asks the database, and a paused clock would let those questions be late.
    tokio::time::resume();
}
