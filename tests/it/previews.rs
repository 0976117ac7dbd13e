//! Previews: which files are drawn and how, which cannot be drawn, and how the log names who looked.

use std::{fs, io::Cursor, os::unix::fs::PermissionsExt, time::Duration};

use futures_util::{StreamExt, stream};
use image::{DynamicImage, GenericImageView, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use preview::{Drawn, Kind, View};
use reqwest::Method;
use room::{Role, UserId};
use serde_json::{Value, json};

use sts_clearance::{
    children::{Children, Uploaded},
    error::Error,
    files::Opened,
};
use tempfile::TempDir;

use crate::harness::{Installation, Reply, TestApp, fields_of_event, files, new_room, on_both_databases, pdf};

on_both_databases! {
    TestApp:
    a_pdf_is_drawn_the_same_as_snapshot_and_as_upload,
    a_picture_is_made_smaller_the_right_way_up_on_white,
    what_cannot_be_drawn_says_so_and_shows_nothing,
    who_looked_is_logged_once_for_what_was_sent,
    each_page_is_drawn_and_going_on_through_them_is_one_look,
    a_stranger_sees_no_preview,
}

/// Returns a PDF of one page. `in_page` and `in_stream` are added to the dictionaries of the page and of its content;
/// further objects are numbered from 5.
fn page(content: &[u8], in_page: &str, in_stream: &str, objects: &[String]) -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n".to_vec();
    let length = content.len();
    pdf.extend_from_slice(
        format!(
            "1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj\n\
             3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents 4 0 R{in_page}>> endobj\n\
             4 0 obj <</Length {length}{in_stream}>> stream\n"
        )
        .as_bytes(),
    );
    pdf.extend_from_slice(content);
    pdf.extend_from_slice(b"\nendstream endobj\n");
    for (number, object) in (5..).zip(objects) {
        pdf.extend_from_slice(format!("{number} 0 obj {object} endobj\n").as_bytes());
    }
    pdf.extend_from_slice(b"trailer <</Root 1 0 R>>\n%%EOF\n");
    pdf
}

/// Returns a PDF with a word in Helvetica, which is not embedded: every reader has that font.
fn words() -> Vec<u8> {
    let helvetica = "/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>";
    page(b"BT /F 40 Tf 10 30 Td (Preview) Tj ET", helvetica, "", &[])
}

fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// Returns the picture of a reply; fails if its headers let a browser treat it as anything else.
#[track_caller]
fn picture(reply: &Reply) -> DynamicImage {
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    assert_eq!(reply.header("content-type"), "image/png");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert_eq!(reply.header("content-security-policy"), "sandbox; default-src 'none'; frame-ancestors 'none'");
    assert_eq!(reply.header("cache-control"), "no-store");
    image::load_from_memory_with_format(&reply.body, ImageFormat::Png).unwrap()
}

/// Returns the share of dark pixels, from 0 to 1.
fn ink(picture: &DynamicImage) -> f64 {
    let dark = picture.to_luma8().pixels().filter(|Luma([light])| *light < 128).count();
    f64::from(u32::try_from(dark).unwrap()) / f64::from(picture.width() * picture.height())
}

/// Uploads a file as a version of the document and returns the path of its preview.
async fn upload(app: &TestApp, document: &str, token: &str, name: &str, bytes: &[u8]) -> String {
    let uploaded = app.post(&format!("{document}/versions"), token).upload(name, bytes, &[]).send().await.expect(201);
    format!("{document}/versions/{}/preview", uploaded["version"]["id"].as_str().unwrap())
}

/// Returns the entries about previews, newest first.
async fn previewed(app: &TestApp, room: &str, token: &str) -> Vec<Value> {
    let entries = app.get(&format!("{room}/activities?limit=100"), token).send().await.expect(200);
    let mut entries = entries.as_array().unwrap().clone();
    entries.retain(|entry| entry["action"].as_str().unwrap().ends_with("_previewed"));
    entries
}

async fn a_pdf_is_drawn_the_same_as_snapshot_and_as_upload(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let (_, snapshot) = app.take(room.trim_start_matches("/rooms/"), &broker, json!({})).await;
    let early = app.get(&format!("{snapshot}/preview"), &broker).send().await;
    assert_eq!((early.problem().as_str(), early.header("retry-after")), ("conflict", "2"));
    app.work().await;
    let of_snapshot = app.get(&format!("{snapshot}/preview"), &broker).send().await;
    let drawn = picture(&of_snapshot);
    assert_eq!(drawn.dimensions(), (1000, 1414));
    assert!((0.005..0.5).contains(&ink(&drawn)), "{}", ink(&drawn));

    let file = app.get(&format!("{snapshot}/download"), &broker).send().await.body;
    let url = upload(&app, &document, &broker, "report.pdf", &file).await;
    let of_upload = app.get(&url, &broker).send().await;
    assert_eq!((&of_upload.body, of_upload.header("etag")), (&of_snapshot.body, of_snapshot.header("etag")));

    let url = upload(&app, &document, &broker, "words.pdf", &words()).await;
    let drawn = picture(&app.get(&url, &broker).send().await);
    assert_eq!(drawn.dimensions(), (1000, 500));
    assert!((0.02..0.5).contains(&ink(&drawn)), "a font that is not embedded is drawn: {}", ink(&drawn));
}

async fn a_picture_is_made_smaller_the_right_way_up_on_white(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let wide = RgbImage::from_fn(3000, 1500, |x, _| if x < 1500 { Rgb([0, 0, 0]) } else { Rgb([255, 255, 255]) });
    let mut jpeg = encoded(wide, ImageFormat::Jpeg);
    // Exif orientation 6: rotate by a quarter turn, as a telephone writes that was held upright.
    let exif = b"\xFF\xE1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    jpeg.splice(2..2, exif.iter().copied());
    let url = upload(&app, &document, &broker, "photo.jpg", &jpeg).await;
    let drawn = picture(&app.get(&url, &broker).send().await).to_luma8();
    assert_eq!(drawn.dimensions(), (1000, 2000));
    assert!(drawn.get_pixel(500, 100).0[0] < 50 && drawn.get_pixel(500, 1900).0[0] > 200);

    let clear = RgbaImage::from_fn(40, 30, |x, _| if x < 20 { Rgba([0; 4]) } else { Rgba([200, 0, 0, 255]) });
    let url = upload(&app, &document, &broker, "stamp.png", &encoded(clear, ImageFormat::Png)).await;
    let drawn = picture(&app.get(&url, &broker).send().await).to_rgb8();
    assert_eq!(drawn.dimensions(), (40, 30));
    assert_eq!((drawn.get_pixel(5, 5), drawn.get_pixel(30, 5)), (&Rgb([255; 3]), &Rgb([200, 0, 0])));
}

/// Returns PDFs that no honest program writes: deep nesting, a form that draws itself, an endless page.
fn odd() -> [(&'static str, Vec<u8>); 4] {
    let nested = [vec![b'['; 3_000_000], vec![b']'; 3_000_000]].concat();
    let in_page = format!("/Annots {}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let itself = form(5, "/X Do /X Do ");
    [
        ("arrays in arrays", page(&nested, "", "", &[])),
        ("arrays in the page", page(b"", &in_page, "", &[])),
        ("a form that draws itself", page(b"/X Do", "/Resources<</XObject<</X 5 0 R>>>>", "", &[itself])),
        ("a page without end", page(b"0 0 1 1 re f", "/CropBox[-1e30 -1e30 1e30 1e30]/UserUnit 1e30", "", &[])),
    ]
}

/// Returns a form with this content, in which `/X` names the object `other`.
fn form(other: usize, content: &str) -> String {
    let length = content.len();
    format!(
        "<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X {other} 0 R>>>>/Length {length}>> stream\n\
         {content}\nendstream"
    )
}

async fn what_cannot_be_drawn_says_so_and_shows_nothing(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let [pretended, jpg, png, tiff, docx, xlsx] = files();
    let no_page = ("pdf", b"%PDF-1.7\n1 0 obj <</Type/Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n".to_vec());
    for (kind, bytes) in [pretended, jpg, png, tiff, docx, xlsx, no_page] {
        let url = upload(&app, &document, &broker, &format!("paper.{kind}"), &bytes).await;
        let reply = app.get(&url, &broker).send().await;
        assert_eq!((reply.status, reply.problem().as_str()), (409, "no_preview"), "{kind}");
        assert_eq!(reply.json()["detail"], "This file cannot be previewed; download it.");
    }
    for (what, bytes) in odd() {
        let url = upload(&app, &document, &broker, "paper.pdf", &bytes).await;
        let reply = app.get(&url, &broker).send().await;
        // Either outcome is right: a refusal, or a picture of what could be read.
        assert!(reply.status == 200 || reply.problem() == "no_preview", "{what}: {reply:?}");
    }
    let snapshot = app.snapshot(room.trim_start_matches("/rooms/"), &broker, json!({ "snapshot_type": "csv" })).await;
    let url = format!("{room}/snapshots/{}/preview", snapshot["id"].as_str().unwrap());
    assert_eq!(app.get(&url, &broker).send().await.problem(), "no_preview");

    let before = previewed(&app, &room, &broker).await.len();
    let url = upload(&app, &document, &broker, "words.pdf", &words()).await;
    picture(&app.get(&url, &broker).send().await);
    assert_eq!(previewed(&app, &room, &broker).await.len(), before + 1);
}

async fn who_looked_is_logged_once_for_what_was_sent(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let url = upload(&app, &document, &broker, "words.pdf", &words()).await;
    let first = app.get(&url, &owner).send().await;
    picture(&first);
    let told = previewed(&app, &room, &broker).await;
    assert_eq!((told.len(), &told[0]["action"]), (1, &json!("document_previewed")));
    assert_eq!((&told[0]["actor"], &told[0]["meta"]["version"]), (&json!("owner@example.com"), &json!(1)));
    let shown = app.get(&document, &broker).send().await.expect(200);
    assert_eq!(told[0]["meta"]["file_sha256"], shown["newest"]["sha256"]);

    let etag = first.header("etag");
    let again = app.get(&url, &owner).header("if-none-match", etag).send().await;
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, etag));
    assert_eq!(again.header("cache-control"), "no-store");
    let head = app.request("HEAD", &url, &owner).send().await;
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), first.body.len().to_string());
    assert_eq!(previewed(&app, &room, &broker).await.len(), 1);

    let snapshot = app.snapshot(room.trim_start_matches("/rooms/"), &broker, json!({})).await;
    let url = format!("{room}/snapshots/{}/preview", snapshot["id"].as_str().unwrap());
    picture(&app.get(&url, &owner).send().await);
    let told = &previewed(&app, &room, &broker).await[0];
    assert_eq!((&told["action"], &told["actor"]), (&json!("snapshot_previewed"), &json!("owner@example.com")));
    assert_eq!(
        fields_of_event(&told["meta"]),
        json!({ "snapshot_id": snapshot["id"], "file_sha256": snapshot["file_sha256"] })
    );
}

/// Returns a PDF of three pages, each with a bar that is longer than that of the page before.
fn three_pages() -> Vec<u8> {
    let mut pdf = b"%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n\
                    2 0 obj <</Type/Pages/Kids[3 0 R 5 0 R 7 0 R]/Count 3>> endobj\n"
        .to_vec();
    for page in [1, 2, 3] {
        let (number, bar) = (1 + 2 * page, format!("0 0 {} 100 re f", 50 * page));
        let (content, length) = (number + 1, bar.len());
        pdf.extend_from_slice(
            format!(
                "{number} 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Contents {content} 0 R>> endobj\n\
                 {content} 0 obj <</Length {length}>> stream\n{bar}\nendstream endobj\n"
            )
            .as_bytes(),
        );
    }
    pdf.extend_from_slice(b"trailer <</Root 1 0 R>>\n%%EOF\n");
    pdf
}

async fn each_page_is_drawn_and_going_on_through_them_is_one_look(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let url = upload(&app, &document, &broker, "three.pdf", &three_pages()).await;
    let mut tags = Vec::new();
    for (page, share) in [(1, 0.25), (2, 0.5), (3, 0.75)] {
        let reply = app.get(&format!("{url}?page={page}"), &owner).send().await;
        assert_eq!(reply.header("x-page-count"), "3");
        tags.push(reply.header("etag").to_owned());
        assert!((ink(&picture(&reply)) - share).abs() < 0.01, "page {page}");
    }
    let close = app.get(&format!("{url}?page=2&zoom=2"), &owner).send().await;
    tags.push(close.header("etag").to_owned());
    assert_eq!(picture(&close).dimensions(), (2000, 1000));
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 4, "each view has a tag of its own");
    assert_eq!(previewed(&app, &room, &broker).await.len(), 1, "it is one look");

    // Who begins further on has looked all the same, and looks anew after a day.
    picture(&app.get(&format!("{url}?page=3"), &broker).send().await);
    assert_eq!(previewed(&app, &room, &broker).await.len(), 2);
    app.later(Duration::from_hours(25));
    let owner = app.sign_in("owner@example.com").await;
    picture(&app.get(&format!("{url}?page=3"), &owner).send().await);
    assert_eq!(previewed(&app, &room, &app.sign_in("broker@example.com").await).await.len(), 3);

    let broker = app.sign_in("broker@example.com").await;
    assert_eq!(app.get(&format!("{url}?page=4"), &broker).send().await.problem(), "not_found");
    for query in ["page=0", "page=x", "zoom=3", "zoom=0"] {
        assert_eq!(app.get(&format!("{url}?{query}"), &broker).send().await.problem(), "invalid", "{query}");
    }
    let photo = encoded(RgbImage::from_pixel(3000, 1500, Rgb([9, 9, 9])), ImageFormat::Jpeg);
    let url = upload(&app, &document, &broker, "photo.jpg", &photo).await;
    let close = app.get(&format!("{url}?zoom=2"), &broker).send().await;
    assert_eq!((picture(&close).dimensions(), close.header("x-page-count")), ((2000, 1000), "1"));
    assert_eq!(app.get(&format!("{url}?page=2"), &broker).send().await.problem(), "not_found");
}

async fn a_stranger_sees_no_preview(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    let url = upload(&app, &document, &broker, "words.pdf", &words()).await;
    let stranger = app.user("stranger@example.com", Role::Broker).await;
    assert_eq!(app.get(&url, &stranger).send().await.problem(), "not_a_party");
    assert_eq!(app.get(&url, "").send().await.problem(), "unauthenticated");
    let other = app.post("/rooms", &stranger).json(new_room(&[])).send().await.expect(201);
    let elsewhere = url.replace(&room, &format!("/rooms/{}", other["id"].as_str().unwrap()));
    assert_eq!(app.get(&elsewhere, &stranger).send().await.problem(), "not_found");
    assert_eq!(previewed(&app, &room, &broker).await.len(), 0);
}

/// Returns PDFs that would take more memory or time than a child may have.
fn endless() -> [(&'static str, Vec<u8>); 2] {
    // Each of the five filters turns one byte into 64. Each needs an end-of-data byte (128) of its own, which the
    // filters before it have to deliver as a literal.
    let mut end = vec![128];
    for length in [0, 2, 4, 6] {
        end = [vec![length], end, vec![128]].concat();
    }
    let runs = [vec![0x81; 4096], end].concat();
    let filters = format!("/Filter[{}]", "/RunLengthDecode".repeat(5));
    // Each of 20 forms draws the next one nine times: 9²⁰ drawings that take hardly any memory.
    let forms: Vec<_> = (6..26).map(|next| form(next, &"/X Do ".repeat(9))).collect();
    [
        ("memory", page(&runs, "", &filters, &[])),
        ("time", page(b"/X Do", "/Resources<</XObject<</X 5 0 R>>>>", "", &forms)),
    ]
}

#[tokio::test]
async fn a_drawing_without_end_is_ended_and_the_next_is_drawn() {
    let app = TestApp::on_sqlite().await;
    let (document, _, broker) = app.empty_document("COMPAT").await;
    for (of_what, bytes) in endless() {
        let url = upload(&app, &document, &broker, "endless.pdf", &bytes).await;
        assert_eq!(app.get(&url, &broker).send().await.problem(), "no_preview", "{of_what}");
    }
    let url = upload(&app, &document, &broker, "words.pdf", &words()).await;
    picture(&app.get(&url, &broker).send().await);
}

#[tokio::test]
async fn a_file_that_cannot_be_drawn_is_tried_once() {
    let app = TestApp::on_sqlite().await;
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let url = upload(&app, &document, &broker, "broken.pdf", &pdf("no page")).await;
    let again = upload(&app, &document, &broker, "another.pdf", &pdf("no page either")).await;
    // The child appends a line to a file, so that the test can count the attempts, and draws nothing.
    let (lines, program) = (app.dir.path().join("lines"), app.dir.path().join("counts"));
    fs::write(&program, format!("#!/bin/sh\necho started >> {}\n", lines.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let app = app.with_children(Children::of(program, None));
    for path in [&url, &url, &again, &url, &again] {
        assert_eq!(app.get(path, &broker).send().await.problem(), "no_preview");
    }
    assert_eq!(fs::read_to_string(lines).unwrap().lines().count(), 2);
}

#[tokio::test]
async fn the_hostile_files_of_one_account_leave_a_place_for_others() {
    let dir = TempDir::new().unwrap();
    // A child for a hostile file runs until the other file has been drawn, which needs a free place.
    let (drawn, program) = (dir.path().join("drawn"), dir.path().join("program"));
    let lines = format!(
        "#!/bin/sh\nread words\nif [ \"$words\" = hostile ]; then while [ ! -e {0} ]; do :; done; exit 1; fi\n\
         printf '1\\n\\211PNG\\r\\n\\032\\n'; touch {0}\n",
        drawn.display()
    );
    fs::write(&program, lines).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let children = Children::of(program, None);
    let file = |words: &'static str, number: u32| Uploaded {
        kind: Kind::Pdf,
        view: View::FIRST,
        known_by: format!("{words} {number}"),
        name: words.into(),
        bytes: Opened { bytes: stream::iter([Ok(words.into())]).boxed() },
    };
    let hostile = stream::iter(0..6).map(|number| children.preview(account(1), file("hostile\n", number)));
    let hostile = hostile.buffer_unordered(6).collect::<Vec<_>>();
    let other = children.preview(account(2), file("a paper\n", 0));
    let (hostile, other) = tokio::join!(hostile, other);
    assert!(other.unwrap().png.starts_with(b"\x89PNG"));
    assert!(hostile.iter().all(|ended| matches!(ended, Err(Error::NoPreview(_)))), "{hostile:?}");
}

#[tokio::test]
async fn a_server_draws_with_its_own_program() {
    let place = Installation::new(None);
    place.add_user("broker@example.com", "broker");
    let server = place.serve();
    let broker = server.api.sign_in("broker@example.com").await;
    let room = server.api.post("/rooms", &broker, &new_room(&[])).await;
    let room = room["id"].as_str().unwrap();
    let snapshot = server.api.post(&format!("/rooms/{room}/snapshots"), &broker, &json!({})).await;
    let snapshot = snapshot["id"].as_str().unwrap();
    server.api.completed(room, snapshot, &broker).await;
    let path = format!("/rooms/{room}/snapshots/{snapshot}/preview");
    let drawn = server.api.request(Method::GET, &path, &broker).send().await.unwrap();
    assert_eq!(drawn.status(), 200);
    assert!(drawn.bytes().await.unwrap().starts_with(b"\x89PNG"));
}

/// Returns the id of an account, made from a number.
fn account(number: u128) -> UserId {
    UserId(uuid::Uuid::from_u128(number))
}

/// Draws a preview with a shell script of these lines as the child.
async fn drawn_by(lines: &str) -> Result<Drawn, Error> {
    let dir = TempDir::new().unwrap();
    let program = dir.path().join("program");
    fs::write(&program, format!("#!/bin/sh\n{lines}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let file = Opened { bytes: stream::iter([Ok("a file".into())]).boxed() };
    let file = Uploaded {
        kind: Kind::Pdf,
        view: View::FIRST,
        known_by: "its hash".into(),
        name: "a file".into(),
        bytes: file,
    };
    Children::of(program, None).preview(account(1), file).await
}

#[tokio::test]
async fn the_drawing_process_is_told_nothing_and_believed_little() {
    let begin = r"printf '1\n\211PNG\r\n\032\n'";
    let told = drawn_by(&format!("{begin}; cat /proc/$$/environ; echo \"$*\"; pwd; cat")).await.unwrap();
    assert_eq!(told.png, b"\x89PNG\r\n\x1A\nMALLOC_ARENA_MAX=1\0child preview pdf:1:1\n/\na file");
    let uncounted = r"printf 'many\n\211PNG\r\n\032\n'";
    for lines in
        ["echo no picture", uncounted, &format!("{begin}; exit 3"), &format!("{begin}; kill -9 $$"), "exec yes"]
    {
        assert!(matches!(drawn_by(lines).await, Err(Error::NoPreview(_))), "{lines}");
    }
    let endless = format!("{begin}; exec cat /dev/zero");
    assert!(matches!(drawn_by(&endless).await, Err(Error::NoPreview(_))));
}
