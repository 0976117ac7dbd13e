//! Downloads of a snapshot's file: in part, again, and by name.

use serde_json::json;

use crate::harness::{TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_download_can_be_resumed_and_repeated_without_sending_it_again,
    a_range_is_read_as_the_standard_says,
    a_title_in_any_script_names_the_downloaded_file,
}

async fn a_download_can_be_resumed_and_repeated_without_sending_it_again(app: TestApp) {
    let (room, broker) = app.room().await;
    let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": "csv" })).await;
    let url = format!("/rooms/{room}/snapshots/{}/download", snapshot["id"].as_str().unwrap());
    let whole = app.get(&url, &broker).send().await;
    let etag = whole.header("etag").to_owned();
    assert_eq!(etag, format!("\"{}\"", snapshot["file_sha256"].as_str().unwrap()));
    assert_eq!(whole.header("accept-ranges"), "bytes");
    let size = whole.body.len();

    let downloads =
        async || app.actions(&room, &broker).await.iter().filter(|action| *action == "snapshot_downloaded").count();
    assert_eq!(downloads().await, 1);
    let part = app.get(&url, &broker).header("range", "bytes=10-19").header("if-range", &etag).send().await;
    assert_eq!(part.status, 206);
    assert_eq!(part.header("content-range"), format!("bytes 10-19/{size}"));
    assert_eq!(part.body, whole.body.slice(10..20));
    let tail = app.get(&url, &broker).header("range", "bytes=-5").send().await;
    assert_eq!(tail.body, whole.body.slice(size - 5..));
    assert_eq!(downloads().await, 3);

    let unchanged = app.get(&url, &broker).header("if-none-match", &etag).send().await;
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    let head = app.request("HEAD", &url, &broker).send().await;
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, &*size.to_string(), 0));
    let beyond = app.get(&url, &broker).header("range", "bytes=999999999-").send().await;
    assert_eq!((beyond.status, beyond.header("content-range")), (416, &*format!("bytes */{size}")));
    let changed = app.get(&url, &broker).header("range", "bytes=10-19").header("if-range", "\"other\"").send().await;
    assert_eq!(changed.status, 200);
    assert_eq!(downloads().await, 4);
}

/// Values of `Range` (RFC 9110 §14.1.2), with the status and the `Content-Range` of the response. `N` stands for the
/// size of the file, `L` for the position of its last byte. A range that is not understood or asks for several parts
/// gets 200 and the whole file.
const RANGES: [(&str, u16, &str); 27] = [
    ("bytes=0-0", 206, "bytes 0-0/N"),
    ("bytes=0-", 206, "bytes 0-L/N"),
    ("bytes=7-9", 206, "bytes 7-9/N"),
    ("bytes=007-9", 206, "bytes 7-9/N"),
    ("BYTES=7-9", 206, "bytes 7-9/N"),
    ("bytes= 7-9 ", 206, "bytes 7-9/N"),
    ("bytes=7-99999999", 206, "bytes 7-L/N"),
    ("bytes=7-99999999999999999999999", 206, "bytes 7-L/N"),
    ("bytes=-1", 206, "bytes L-L/N"),
    ("bytes=-N", 206, "bytes 0-L/N"),
    ("bytes=-99999999", 206, "bytes 0-L/N"),
    ("bytes=-99999999999999999999999", 206, "bytes 0-L/N"),
    ("bytes=-0", 416, "bytes */N"),
    ("bytes=N-", 416, "bytes */N"),
    ("bytes=N-99999999", 416, "bytes */N"),
    ("bytes=99999999999999999999999-", 416, "bytes */N"),
    ("bytes=9-7", 200, ""),
    ("bytes=-", 200, ""),
    ("bytes=", 200, ""),
    ("bytes", 200, ""),
    ("bytes=a-b", 200, ""),
    ("bytes=+1-2", 200, ""),
    ("bytes=1--2", 200, ""),
    ("lines=1-2", 200, ""),
    ("bytes=0-1,3-4", 200, ""),
    ("bytes=0-5,3-8", 200, ""),
    ("bytes=0-0,-1", 200, ""),
];

async fn a_range_is_read_as_the_standard_says(app: TestApp) {
    let (room, broker) = app.room().await;
    let snapshot = app.snapshot(&room, &broker, json!({ "snapshot_type": "csv" })).await;
    let url = format!("/rooms/{room}/snapshots/{}/download", snapshot["id"].as_str().unwrap());
    let whole = app.get(&url, &broker).send().await.body;
    let in_numbers =
        |text: &str| text.replace('N', &whole.len().to_string()).replace('L', &(whole.len() - 1).to_string());
    for (range, status, told) in RANGES {
        let reply = app.get(&url, &broker).header("range", &in_numbers(range)).send().await;
        assert_eq!((reply.status, reply.header("content-range")), (status, &*in_numbers(told)), "{range}");
        match status {
            200 => assert_eq!(reply.body, whole, "{range}"),
            206 => {
                let sent = reply.header("content-range").trim_start_matches("bytes ").split('/').next().unwrap();
                let (first, last) = sent.split_once('-').unwrap();
                let (first, last): (usize, usize) = (first.parse().unwrap(), last.parse().unwrap());
                assert_eq!(reply.body, whole[first..=last], "{range}");
            }
            _ => assert_eq!(reply.problem(), "range_not_satisfiable", "{range}"),
        }
    }
}

async fn a_title_in_any_script_names_the_downloaded_file(app: TestApp) {
    let (room, broker) = app.room().await;
    let snapshot =
        app.snapshot(&room, &broker, json!({ "title": "Πριν \"από\" τη φόρτωση/…", "snapshot_type": "json" })).await;
    let url = format!("/rooms/{room}/snapshots/{}/download", snapshot["id"].as_str().unwrap());
    insta::assert_snapshot!("disposition", app.get(&url, &broker).send().await.header("content-disposition"));
}
