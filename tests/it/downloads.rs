//! Downloads of a snapshot's file: in part, again, and by name.

use serde_json::json;

use crate::harness::{TestApp, on_both_databases, pdf};

on_both_databases! {
    TestApp:
    a_download_can_be_resumed_and_repeated_without_sending_it_again,
    a_range_is_read_as_the_standard_says,
    a_title_in_any_script_names_the_downloaded_file,
    a_long_name_keeps_its_beginning_and_its_end,
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

/// Returns the exact name in a `Content-Disposition`.
fn name_of(disposition: &str) -> String {
    let coded = disposition.split_once("filename*=UTF-8''").unwrap().1;
    let mut bytes = Vec::new();
    let mut rest = coded.as_bytes();
    while let [first, after @ ..] = rest {
        if *first == b'%' {
            bytes.push(u8::from_str_radix(str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

async fn a_long_name_keeps_its_beginning_and_its_end(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    for title in ["Ship ".repeat(50), "Πλοίο ".repeat(40), "船".repeat(85), "e\u{301}".repeat(127)] {
        let title = title.trim();
        app.patch(&room, &broker).json(json!({ "title": title })).send().await.expect(200);
        let taken = json!({ "title": "Before planning", "snapshot_type": "json" });
        let snapshot = app.snapshot(room.trim_start_matches("/rooms/"), &broker, taken).await;
        let url = format!("{room}/snapshots/{}/download", snapshot["id"].as_str().unwrap());
        let name = name_of(app.get(&url, &broker).send().await.header("content-disposition"));
        assert!((130..=150).contains(&name.len()), "{} bytes: {name}", name.len());
        let beginning: String = title.chars().take(20).collect();
        assert!(name.starts_with(&beginning) && name.contains('…'), "{name}");
        assert!(name.ends_with(" - Before planning.json"), "{name}");
        assert!(!name.contains("…\u{301}"), "a mark without its letter: {name}");
    }
    let long = format!("{} rev 12.pdf", "x".repeat(200));
    let uploaded = app.post(&format!("{document}/versions"), &broker).upload(&long, &pdf("x"), &[]).send().await;
    let id = uploaded.expect(201)["version"]["id"].as_str().unwrap().to_owned();
    let reply = app.get(&format!("{document}/versions/{id}/download"), &broker).send().await;
    let name = name_of(reply.header("content-disposition"));
    assert!(name.len() <= 150 && name.ends_with("x rev 12.pdf"), "{name}");
}
