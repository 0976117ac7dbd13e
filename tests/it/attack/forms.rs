//! Forms that are sent to `/verify` and do not end.

use std::{convert::Infallible, future::pending, sync::Arc};

use axum::{
    body::{Body, Bytes},
    http::{Request, header::CONTENT_TYPE},
};
use futures_util::{StreamExt, stream};
use sts_clearance::web;
use tokio::sync::Semaphore;
use tower::ServiceExt;

use crate::harness::{Form, TestApp};

/// Returns a form with one file that stalls after about a KiB. `waiting` gets a permit once that much has been read.
fn unfinished(waiting: &Arc<Semaphore>) -> Request<Body> {
    let mut form = Form::new();
    form.file("file", "a", &[b'%'; 1024]);
    let mut begun = form.finish();
    begun.truncate(begun.len() - 64);
    let waiting = Arc::clone(waiting);
    let rest = stream::once(async move {
        waiting.add_permits(1);
        pending::<Result<Bytes, Infallible>>().await
    });
    let body = Body::from_stream(stream::iter([Ok(Bytes::from(begun))]).chain(rest));
    Request::post("/api/v1/verify").header(CONTENT_TYPE, Form::MEDIA_TYPE).body(body).unwrap()
}

#[tokio::test]
async fn forms_that_hold_a_kib_each_leave_the_memory_to_others() {
    let app = TestApp::on_sqlite().await;
    let router = web::router(app.app.clone());
    let waiting = Arc::new(Semaphore::new(0));
    let held: Vec<_> = (0..300).map(|_| tokio::spawn(router.clone().oneshot(unfinished(&waiting)))).collect();
    let all = waiting.acquire_many(300).await.unwrap();
    let mut form = Form::new();
    form.file("file", "a", &vec![b'%'; 32 * 1024 * 1024]);
    let reply = app.post("/verify", "").form(form).send().await;
    assert_eq!(reply.fields(), ["file"], "it was read, and is no file of ours");
    drop(all);
    for held in held {
        assert!(!held.is_finished(), "the forms were still held");
        held.abort();
    }
}
