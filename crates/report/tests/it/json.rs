//! The JSON envelope, and what all formats refuse.

use report::{Format, RENDERER, ReportError, sample};

use crate::harness::{render, render_without_proof, try_render};

#[test]
fn the_envelope_is_canonical_and_holds_the_record_byte_for_byte() {
    let mut record = sample::record(1);
    record.activity = None;
    let rendered = render(&record, Format::Json);
    let text = String::from_utf8(rendered.bytes).expect("JSON is UTF-8");
    let record = String::from_utf8(sample::to_bytes(&record)).expect("a record is UTF-8");
    assert!(text.contains(&record));
    let value: serde_json::Value = serde_json::from_str(&text).expect("the envelope is JSON");
    assert_eq!(value.to_string(), text, "keys are sorted and nothing is between them");
    assert_eq!(value["proof"], sample::PROOF);
    let proof = value["proof"].to_string();
    let text = text.replace(&record, "<the record>").replace(&proof, "<the proof>");
    insta::assert_snapshot!(text.replace(RENDERER, "<renderer>"));
}

#[test]
fn without_a_proof_the_envelope_has_no_such_key() {
    let rendered = render_without_proof(&sample::record(1), Format::Json);
    assert!(rendered.bytes.starts_with(br#"{"format":"sts-clearance/snapshot/2","record":{"#));
}

#[test]
fn bytes_that_are_not_a_record_are_an_error_in_every_format() {
    let other_schema = String::from_utf8(sample::bytes(1)).expect("a record is UTF-8").replace("record/3", "record/9");
    let half = r#"{"schema":"sts-clearance/record/1","room":{}}"#;
    for format in [Format::Pdf, Format::Json, Format::Csv] {
        for bytes in ["", "null", "[]", "{}", "\u{0}", half] {
            let error = try_render(bytes.as_bytes(), format).expect_err(bytes);
            assert!(matches!(error, ReportError::Malformed(_)), "{bytes:?}: {error}");
        }
        let error = try_render(other_schema.as_bytes(), format).expect_err("another schema");
        assert_eq!(
            error.to_string(),
            "the record has schema `sts-clearance/record/9`, \
             this version reads `sts-clearance/record/4`, `sts-clearance/record/3`, `sts-clearance/record/2` and \
             `sts-clearance/record/1`"
        );
    }
}

#[test]
fn formats_say_what_they_are() {
    let said: Vec<_> = [Format::Pdf, Format::Json, Format::Csv].map(|f| (f.extension(), f.media_type())).into();
    insta::assert_debug_snapshot!(said, @r#"
    [
        (
            "pdf",
            "application/pdf",
        ),
        (
            "json",
            "application/json",
        ),
        (
            "zip",
            "application/zip",
        ),
    ]
    "#);
}
