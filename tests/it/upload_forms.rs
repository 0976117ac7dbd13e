//! Uploads as forms: names, parts, limits, and connections that are cut. A refused upload leaves no file.

use std::{future::poll_fn, io, pin::pin, task::Poll};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;

use crate::harness::{Form, Reply, TestApp, on_both_databases, pdf};

on_both_databases! {
    TestApp:
    a_name_is_kept_without_the_folders_before_it,
    a_name_is_read_in_the_ways_in_which_programs_write_it,
    a_head_is_read_in_any_case_and_order,
    a_name_that_cannot_be_read_is_refused_as_such,
    a_name_that_would_deceive_or_break_something_is_refused,
    the_parts_of_a_form_come_in_any_order,
    a_form_that_is_not_as_asked_is_refused,
    a_body_that_is_no_form_is_refused,
    a_head_or_a_preamble_without_an_end_is_given_up_early,
    a_text_that_is_not_utf_8_is_refused_by_its_name,
    an_upload_cut_off_leaves_nothing,
    an_upload_given_up_at_any_moment_is_there_whole_or_not_at_all,
}

on_both_databases! {
    SmallUploads:
    a_file_over_the_limit_is_refused_and_one_at_it_is_kept,
    a_form_has_at_most_a_mebibyte_besides_its_file,
}

/// A function that adds parts to a form.
type Fill = fn(&mut Form);

/// Returns a form that has only a file of this name.
fn form(file_name: &str) -> Form {
    let mut form = Form::new();
    form.file("file", file_name, &pdf(file_name));
    form
}

async fn a_name_is_kept_without_the_folders_before_it(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let chinese = format!("{}.pdf", "船".repeat(100));
    for (given, kept) in [
        ("paper.pdf", "paper.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("/etc/shadow.pdf", "shadow.pdf"),
        (r"C:\fakepath\report.pdf", "report.pdf"),
        (r"..\..\report.pdf", "report.pdf"),
        (r"a\..\..\b/c.pdf", "c.pdf"),
        ("..%2f..%2fcoded.pdf", "..%2f..%2fcoded.pdf"),
        ("...pdf", "...pdf"),
        (" spaced out .pdf ", "spaced out .pdf"),
        (r#"the \"Star\".pdf"#, r#"the "Star".pdf"#),
        ("the %22Star%22.pdf", r#"the "Star".pdf"#),
        ("100%25 of %2.pdf", "100%25 of %2.pdf"),
        ("a;b='c'.pdf", "a;b='c'.pdf"),
        ("<script>.pdf", "<script>.pdf"),
        ("Πιστοποιητικό 🚢.pdf", "Πιστοποιητικό 🚢.pdf"),
        (&chinese, &chinese),
    ] {
        let reply = app.post(&format!("{document}/versions"), &broker).form(form(given)).send().await;
        assert_eq!(reply.expect(201)["version"]["file_name"], kept, "{given}");
    }
    app.only_versions_are_stored(&document, &broker).await;
    let folder = document.replace("/rooms/", "rooms/");
    assert!(app.stored().iter().all(|path| path.starts_with(&folder) && path.components().count() == 5));
    assert!(!app.dir.path().join("etc").exists() && !app.dir.path().join("data/etc").exists());
}

/// Uploads a file whose part has this after `form-data; ` in its head.
async fn upload_said(app: &TestApp, (document, broker): (&str, &str), disposition: &str) -> Reply {
    let mut form = Form::new();
    form.part(disposition, &pdf(disposition));
    app.post(&format!("{document}/versions"), broker).form(form).send().await
}

async fn a_name_is_read_in_the_ways_in_which_programs_write_it(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    for (said, kept) in [
        ("filename*=UTF-8''%C3%A9t%C3%A9.pdf", "été.pdf"),
        ("filename*=utf-8'fr'%C3%A9t%C3%A9.pdf; filename=\"ete.pdf\"", "été.pdf"),
        ("filename=\"ete.pdf\"; filename*=UTF-8''%C3%A9t%C3%A9.pdf", "été.pdf"),
        ("filename*=\"UTF-8''%C3%A9t%C3%A9.pdf\"", "été.pdf"),
        ("filename*=ISO-8859-1''%E9t%E9.pdf", "été.pdf"),
        ("filename*=windows-1251''%EF%E0%EF%EA%E0.pdf", "папка.pdf"),
        ("filename*=%C3%A9t%C3%A9.pdf", "été.pdf"),
        ("filename*=UTF-8''..%2F..%2Fetc%2Fpasswd.pdf", "passwd.pdf"),
        ("filename*=UTF-8''it's.pdf", "it's.pdf"),
        ("filename*=no-such-charset''a.pdf; filename=b.pdf", "b.pdf"),
        ("filename*=UTF-8''%FF.pdf; filename=c.pdf", "c.pdf"),
        ("filename*0*=UTF-8''%C3; filename*1*=%A9t%C3%A9; filename*2=\" 1.pdf\"", "été 1.pdf"),
        ("filename*1=\"b.pdf\"; filename*0=\"a\"", "ab.pdf"),
        ("filename=\"=?UTF-8?B?w6l0w6k=?=.pdf\"", "été.pdf"),
        ("filename=\"=?utf-8?q?=C3=A9t=C3=A9_2.pdf?=\"", "été 2.pdf"),
        ("filename==?UTF-8?B?w6l0w6kucGRm?=", "été.pdf"),
        ("filename=\"=?UTF-8?B?w6l0w6k?=.pdf\"", "été.pdf"),
        ("filename=\"=?UTF-8*fr?B?w6l0w6k=?= =?UTF-8?B?w6kucGRm?=\"", "étéé.pdf"),
        ("filename=\"=?UTF-8?Q?=C3?= =?UTF-8?Q?=A9.pdf?=\"", "é.pdf"),
        ("filename=\"=?UTF-8?Q?a?= =?iso-8859-1?Q?=E9?= b.pdf\"", "aé b.pdf"),
        ("filename=\"=?GB2312?B?tKw=?=.pdf\"", "船.pdf"),
        ("filename=\"=?x?= is no word.pdf\"", "=?x?= is no word.pdf"),
        ("filename=\"=?UTF-8?B?!!!?=.pdf\"", "=?UTF-8?B?!!!?=.pdf"),
        ("filename=plain.pdf", "plain.pdf"),
        ("filename=with space.pdf", "with space.pdf"),
    ] {
        let reply = upload_said(&app, (&document, &broker), &format!("name=\"file\"; {said}")).await;
        assert_eq!(reply.expect(201)["version"]["file_name"], kept, "{said}");
    }
    app.only_versions_are_stored(&document, &broker).await;
}

async fn a_head_is_read_in_any_case_and_order(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    for (number, head) in [
        "content-disposition: form-data; filename=\"a.pdf\"; name=\"file\"",
        "CONTENT-DISPOSITION: FORM-DATA; NAME=\"file\"; FILENAME=\"a.pdf\"",
        "Content-disposition:form-data;FileName=a.pdf;Name=file",
        "Content-Type: application/pdf\r\ncOnTeNt-DiSpOsItIoN: form-data ; name = \"file\" ; size=3; FileName*=utf-8''a.pdf",
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = format!("--x-test-boundary\r\n{head}\r\n\r\n").into_bytes();
        // Beyond what a part may have that is no file.
        let mut bytes = pdf(&number.to_string());
        bytes.resize(2 * 1024 * 1024, b' ');
        body.extend(bytes);
        body.extend(b"\r\n--x-test-boundary--\r\n");
        let upload = app.post(&format!("{document}/versions"), &broker).header("content-type", Form::MEDIA_TYPE);
        assert_eq!(upload.body(body).send().await.expect(201)["version"]["file_name"], "a.pdf", "{head}");
    }
}

async fn a_name_that_cannot_be_read_is_refused_as_such(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    for said in ["filename*=no-such-charset''a.pdf", "filename*=UTF-8''%FF%FE.pdf", "filename=\"a.pdf"] {
        let reply = upload_said(&app, (&document, &broker), &format!("name=\"file\"; {said}")).await;
        assert_eq!(reply.fields(), ["file"], "{said}");
        let message = reply.json()["errors"][0]["message"].to_string();
        let read = if said.contains('*') { "cannot be read" } else { "with its name" };
        assert!(message.contains(read), "{said}: {message}");
    }
    // What is hidden behind an encoding is refused as it is without.
    for said in ["filename*=UTF-8''a%00b.pdf", "filename*=UTF-8''a%E2%80%AEfdp.pdf", "filename=\"a%0D%0Ab.pdf\""] {
        let reply = upload_said(&app, (&document, &broker), &format!("name=\"file\"; {said}")).await;
        assert_eq!(reply.fields(), ["file"], "{said}");
    }
    app.only_versions_are_stored(&document, &broker).await;
}

async fn a_name_that_would_deceive_or_break_something_is_refused(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let versions = format!("{document}/versions");
    let long = format!("{}.pdf", "x".repeat(300));
    for given in ["", " ", "a/", "..\\", &long, "a\u{202e}fdp.pdf", "a\u{2028}b.pdf", "a\u{85}b.pdf", "a\tb.pdf"] {
        let reply = app.post(&versions, &broker).form(form(given)).send().await;
        let fields = reply.fields();
        assert!(!fields.is_empty() && fields.iter().all(|field| field == "file"), "{given:?}: {fields:?}");
    }
    // A header cannot contain these characters, so the whole form is malformed.
    for given in ["a\0b.pdf", "a\u{7f}b.pdf"] {
        let reply = app.post(&versions, &broker).form(form(given)).send().await;
        assert_eq!((reply.status, &*reply.problem()), (400, "malformed"), "{given:?}");
    }
    app.only_versions_are_stored(&document, &broker).await;
    assert_eq!(app.get(&document, &broker).send().await.expect(200)["status"], "missing");
}

async fn the_parts_of_a_form_come_in_any_order(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    for before in [0, 1, 2] {
        let mut form = Form::new();
        let mut fields = [("expires_on", "2027-06-30"), ("notes", "as agreed")].into_iter();
        for (name, value) in fields.by_ref().take(before) {
            form.text(name, value);
        }
        form.file("file", "paper.pdf", &pdf(&before.to_string()));
        for (name, value) in fields {
            form.text(name, value);
        }
        let uploaded = app.post(&format!("{document}/versions"), &broker).form(form).send().await.expect(201);
        assert_eq!(
            (&uploaded["version"]["expires_on"], &uploaded["version"]["notes"]),
            (&"2027-06-30".into(), &"as agreed".into())
        );
    }
}

async fn a_form_that_is_not_as_asked_is_refused(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let file = |form: &mut Form| form.file("file", "paper.pdf", &pdf(""));
    let cases: [(&str, bool, Fill, &str); 10] = [
        ("no file", false, |form| form.text("notes", "x"), "file"),
        ("no part at all", false, |_| (), "file"),
        ("two files", true, |form| form.file("file", "two.pdf", &pdf("2")), "file"),
        ("a file under another name", true, |form| form.file("files", "two.pdf", &pdf("2")), "files"),
        ("an unknown part", true, |form| form.text("expiry", "2027-06-30"), "expiry"),
        ("a part of the other route", true, |form| form.text("document_type", "COMPAT"), "document_type"),
        ("a part without a name", true, |form| form.part("x=\"y\"", b"x"), ""),
        ("a part twice", true, |form| ["a", "a"].iter().for_each(|text| form.text("notes", text)), "notes"),
        ("a file without a file name", false, |form| form.text("file", "%PDF-1.7"), "file"),
        ("a NUL in the notes", true, |form| form.text("notes", "a\0b"), "notes"),
    ];
    for (what, with_file, fill, field) in cases {
        let mut form = Form::new();
        if with_file {
            file(&mut form);
        }
        fill(&mut form);
        let reply = app.post(&format!("{document}/versions"), &broker).form(form).send().await;
        assert_eq!(reply.fields(), [field], "{what}");
        app.only_versions_are_stored(&document, &broker).await;
    }
    assert_eq!(app.get(&document, &broker).send().await.expect(200)["version_count"], 0);
}

async fn a_body_that_is_no_form_is_refused(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let versions = format!("{document}/versions");
    let whole = form("paper.pdf").finish();
    for media_type in
        ["application/pdf", "multipart/form-data", "multipart/mixed; boundary=x-test-boundary", "form-data", "", "é"]
    {
        let reply = app.post(&versions, &broker).header("content-type", media_type).body(whole.clone()).send().await;
        assert_eq!((reply.status, &*reply.problem()), (415, "http"), "{media_type}");
    }
    assert_eq!(app.post(&versions, &broker).body(whole.clone()).send().await.status, 415);
    let end = whole.len();
    for (what, body) in [
        ("nothing", Vec::new()),
        ("garbage", b"\0\x01garbage\r\n\r\n--".to_vec()),
        ("JSON", b"{\"file\": \"paper.pdf\"}".to_vec()),
        ("another boundary", String::from_utf8(whole.clone()).unwrap().replace("x-test", "y-test").into_bytes()),
        ("no end", whole[..end - 4].to_vec()),
        ("an end in the file", whole[..end - 40].to_vec()),
        ("an end in the head", whole[..60].to_vec()),
        ("a head of garbage", b"--x-test-boundary\r\n\xff\xfe: \0\r\n\r\nx\r\n--x-test-boundary--\r\n".to_vec()),
    ] {
        let reply = app.post(&versions, &broker).header("content-type", Form::MEDIA_TYPE).body(body).send().await;
        assert_eq!((reply.status, &*reply.problem()), (400, "malformed"), "{what}");
        app.only_versions_are_stored(&document, &broker).await;
    }
}

/// Returns a body that comes in pieces of this size, and yields before each. If `broken`, it ends with an error.
fn in_pieces(bytes: &[u8], size: usize, broken: bool) -> Body {
    let mut pieces: Vec<_> = bytes.chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    if broken {
        pieces.push(Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut")));
    }
    Body::from_stream(stream::unfold(pieces.into_iter(), async |mut pieces| {
        tokio::task::yield_now().await;
        Some((pieces.next()?, pieces))
    }))
}

/// Without a limit, the parser would keep all that came, and search it again with each piece.
async fn a_head_or_a_preamble_without_an_end_is_given_up_early(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    for start in ["", "--x-test-boundary\r\nContent-Disposition: form-data; name=\""] {
        let mut endless = start.as_bytes().to_vec();
        endless.resize(8 * 1024 * 1024, b'x');
        let upload = app.post(&format!("{document}/versions"), &broker).header("content-type", Form::MEDIA_TYPE);
        let reply = upload.body(in_pieces(&endless, 64 * 1024, false)).send().await;
        assert_eq!(reply.status, 413, "{start}: {reply:?}");
        app.only_versions_are_stored(&document, &broker).await;
    }
}

async fn a_text_that_is_not_utf_8_is_refused_by_its_name(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let mut body = b"--x-test-boundary\r\nContent-Disposition: form-data; name=\"notes\"\r\n\r\n\xFF\xFE\r\n".to_vec();
    body.extend(form("paper.pdf").finish());
    let upload = app.post(&format!("{document}/versions"), &broker).header("content-type", Form::MEDIA_TYPE);
    assert_eq!(upload.body(body).send().await.fields(), ["notes"]);
}

async fn an_upload_cut_off_leaves_nothing(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let mut form = Form::new();
    form.file("file", "paper.pdf", &pdf(&"x".repeat(3 * 1024 * 1024)));
    let whole = form.finish();
    for at in [0, 10, 100, 200, 1_500_000, whole.len() - 30, whole.len() - 3] {
        let body = in_pieces(&whole[..at], 64 * 1024, true);
        let cut = app.post(&format!("{document}/versions"), &broker).header("content-type", Form::MEDIA_TYPE);
        assert_eq!(cut.body(body).send().await.problem(), "malformed", "cut at {at}");
        app.only_versions_are_stored(&document, &broker).await;
    }
    assert_eq!(app.get(&document, &broker).send().await.expect(200)["status"], "missing");
}

/// The client gives up after the request has been polled once, twice, and so on, until one upload is complete.
async fn an_upload_given_up_at_any_moment_is_there_whole_or_not_at_all(app: TestApp) {
    let (document, room, broker) = app.empty_document("COMPAT").await;
    for looks in 1.. {
        let mut form = Form::new();
        form.file("file", "paper.pdf", &pdf(&looks.to_string().repeat(4096)));
        let body = in_pieces(&form.finish(), 1024, false);
        let upload = app.post(&format!("{document}/versions"), &broker).header("content-type", Form::MEDIA_TYPE);
        let finished = {
            let (mut upload, mut looked) = (pin!(upload.body(body).send()), 0);
            poll_fn(move |context| {
                looked += 1;
                if looked > looks { Poll::Ready(false) } else { upload.as_mut().poll(context).map(|_| true) }
            })
            .await
        };
        app.only_versions_are_stored(&document, &broker).await;
        if finished {
            break;
        }
    }
    let versions = app.get(&document, &broker).send().await.expect(200)["versions"].as_array().unwrap().len();
    let actions = app.actions(room.strip_prefix("/rooms/").unwrap(), &broker).await;
    assert_eq!(actions.iter().filter(|action| *action == "document_uploaded").count(), versions);
}

/// Returns a PDF of this size in bytes.
fn of_size(size: usize) -> Vec<u8> {
    let mut bytes = pdf("");
    bytes.resize(size, b' ');
    bytes
}

async fn a_file_over_the_limit_is_refused_and_one_at_it_is_kept(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let versions = format!("{document}/versions");
    let limit = 1024 * 1024;
    for size in [limit + 1, limit + 100_000, 3 * limit, 5 * limit] {
        let mut form = Form::new();
        form.file("file", "paper.pdf", &of_size(size));
        let over = app.post(&versions, &broker).header("content-type", Form::MEDIA_TYPE);
        let over = over.body(in_pieces(&form.finish(), 64 * 1024, false)).send().await;
        assert_eq!((over.status, &*over.problem()), (413, "http"), "{size}");
        let detail = over.json()["detail"].to_string();
        assert!(detail.contains("larger than the 1 MiB"), "{detail}");
        app.only_versions_are_stored(&document, &broker).await;
    }
    let announced = app.post(&versions, &broker).header("content-length", "99999999").upload("a.pdf", &pdf(""), &[]);
    assert_eq!(announced.send().await.status, 413);
    let kept = app.post(&versions, &broker).upload("paper.pdf", &of_size(limit), &[]).send().await.expect(201);
    assert_eq!(kept["version"]["file_size"], limit);
}

async fn a_form_has_at_most_a_mebibyte_besides_its_file(app: TestApp) {
    let (document, _, broker) = app.empty_document("COMPAT").await;
    let long = "x".repeat(600 * 1024);
    for parts in [&["notes", "expires_on"][..], &["a", "b", "c"]] {
        let mut form = form("paper.pdf");
        for name in parts {
            form.text(name, &long);
        }
        let over = app.post(&format!("{document}/versions"), &broker).form(form).send().await;
        assert_eq!((over.status, &*over.problem()), (413, "http"), "{parts:?}");
        app.only_versions_are_stored(&document, &broker).await;
    }
    let mut form = form("paper.pdf");
    form.text("notes", &long);
    let within = app.post(&format!("{document}/versions"), &broker).form(form).send().await;
    assert_eq!(within.fields(), ["notes"]);
}
