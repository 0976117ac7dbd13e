//! No text of a record makes rendering fail.

use proptest::prelude::*;
use report::record::{Record, VersionFacts};
use report::{Format, sample};
use serde_json::json;

use crate::harness::{try_render, unzip};

/// Characters that have broken typesetters: controls, marks, joiners, directions, edges of planes.
const NASTY: &[char] = &[
    'a',
    'B',
    '0',
    ' ',
    ' ',
    '-',
    '.',
    '(',
    ')',
    '\n',
    '\r',
    '\t',
    '\u{0}',
    '\u{1}',
    '\u{7f}',
    '\u{85}',
    '\u{a0}',
    '\u{ad}',
    '\u{1c}',
    '\u{1f}',
    '\u{301}',
    '\u{323}',
    '\u{34f}',
    '\u{5d0}',
    '\u{5b8}',
    '\u{61c}',
    '\u{627}',
    '\u{644}',
    '\u{64b}',
    '\u{660}',
    '\u{93f}',
    '\u{915}',
    '\u{e33}',
    '\u{1100}',
    '\u{1161}',
    '\u{200b}',
    '\u{200c}',
    '\u{200d}',
    '\u{200e}',
    '\u{200f}',
    '\u{2028}',
    '\u{2029}',
    '\u{202a}',
    '\u{202b}',
    '\u{202c}',
    '\u{202d}',
    '\u{202e}',
    '\u{2066}',
    '\u{2067}',
    '\u{2068}',
    '\u{2069}',
    '\u{20e3}',
    '\u{2800}',
    '\u{3000}',
    '\u{3164}',
    '\u{4e2d}',
    '\u{d7ff}',
    '\u{e000}',
    '\u{f8ff}',
    '\u{fb01}',
    '\u{fdfd}',
    '\u{fdd0}',
    '\u{fe0f}',
    '\u{feff}',
    '\u{fff9}',
    '\u{fffc}',
    '\u{fffd}',
    '\u{fffe}',
    '\u{ffff}',
    '\u{1d173}',
    '\u{1f1e6}',
    '\u{1f468}',
    '\u{1f6a2}',
    '\u{20bb7}',
    '\u{e0001}',
    '\u{e01ef}',
    '\u{f0000}',
    '\u{10fffd}',
    '\u{10ffff}',
];

/// Generates texts: nasty characters, any characters, or a very long word.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::collection::vec(prop::sample::select(NASTY), 0..60).prop_map(String::from_iter),
        2 => any::<String>(),
        1 => (prop::sample::select(NASTY), 1..1_500_usize).prop_map(|(c, n)| String::from_iter(vec![c; n])),
    ]
}

/// Returns a record with nine texts in all the places that other people write to.
pub(crate) fn record_with(texts: &[String]) -> Record {
    let text = |index: usize| texts[index % texts.len()].clone();
    let mut record = sample::record(2);
    record.snapshot.title = text(0);
    record.snapshot.created_by.name = text(1);
    record.room.title = text(2);
    record.room.location = text(3);
    record.room.description = Some(text(4));
    record.room.cargo_profile = Some(text(5));
    record.parties[0].name = text(6);
    record.parties[0].company = Some(text(7));
    record.parties[1].role = text(8);
    record.room.id = text(8);
    let activity = record.activity.as_mut().expect("the sample has activity");
    activity[0].action = text(5);
    activity[0].actor = text(6);
    activity[1].meta = json!({ text(7): { text(8): [text(0), { "deep": text(1) }] }, "x": text(2) });
    write_clearance(&mut record, &text);
    record
}

/// Writes the same texts into the vessels, the documents and the standing.
fn write_clearance(record: &mut Record, text: &dyn Fn(usize) -> String) {
    let standing = record.standing.as_mut().expect("the sample has a standing");
    (standing.blockers[0].kind, standing.blockers[0].detail) = (text(0), text(1));
    (standing.next_phase, standing.expiring_soon[0].name) = (Some(text(2)), text(3));
    standing.clocks.coastal_notice.as_mut().expect("the sample has a notice").state = text(4);
    let vessel = &mut record.vessels[0];
    (vessel.name, vessel.role, vessel.status) = (text(5), text(6), text(7));
    (vessel.flag, vessel.owner, vessel.imo_number) = (Some(text(8)), Some(text(0)), None);
    (vessel.no_imo_reason, vessel.class_society) = (Some(text(1)), Some(text(2)));
    let documents = record.documents.as_mut().expect("the sample has documents");
    let document = &mut documents[0];
    (document.document_type, document.name, document.gate) = (text(3), text(4), text(5));
    (document.requirement, document.criticality, document.status) = (text(6), text(7), text(8));
    let version = &mut document.versions[1];
    (version.file_name, version.sha256, version.notes) = (text(0), text(1), Some(text(2)));
    (version.uploaded_by, version.uploaded_by_role) = (text(3), text(4));
    let decision = &mut version.decisions[0];
    (decision.by, decision.verdict, decision.comment) = (text(5), text(6), Some(text(7).repeat(9)));
    documents[1].vessel_id = Some(text(8));
    let waiver = documents.iter_mut().find_map(|document| document.waiver.as_mut()).expect("the sample has a waiver");
    (waiver.reason, waiver.by) = (text(0), text(1));
    let approval = &mut record.approvals.as_mut().expect("the sample has approvals")[0];
    (approval.vessel_id, approval.status, approval.comment) = (text(2), text(3), Some(text(4)));
    record.parties[2].side = Some(text(5));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_a_render_fail(texts in prop::collection::vec(any_text(), 9)) {
        let record = sample::to_bytes(&record_with(&texts));
        for format in [Format::Pdf, Format::Json, Format::Csv] {
            let rendered = try_render(&record, format);
            prop_assert!(rendered.is_ok(), "{format:?}: {rendered:?}");
        }
    }

    #[test]
    fn no_text_changes_the_shape_of_a_table(texts in prop::collection::vec(any_text(), 9)) {
        let record = sample::to_bytes(&record_with(&texts));
        let rendered = try_render(&record, Format::Csv).expect("a record renders");
        for (name, content) in unzip(&rendered.bytes) {
            if name.contains(".csv") {
                let rows = csv::Reader::from_reader(content.as_slice()).into_records().collect::<Result<Vec<_>, _>>();
                prop_assert!(rows.is_ok(), "{name}: {rows:?}");
            }
        }
    }
}

#[test]
fn each_nasty_character_renders_alone_and_in_a_word() {
    let names: Vec<String> = NASTY.iter().flat_map(|c| [c.to_string(), format!("x{c}y")]).collect();
    for some in names.chunks(9) {
        let rendered = try_render(&sample::to_bytes(&record_with(some)), Format::Pdf);
        assert!(rendered.is_ok(), "{some:?}: {rendered:?}");
    }
}

#[test]
fn times_at_the_ends_of_the_calendar_render() {
    for at in [jiff::Timestamp::MIN, jiff::Timestamp::MAX, jiff::Timestamp::UNIX_EPOCH] {
        let mut record = sample::record(2);
        record.snapshot.created_at = at;
        record.room.sts_eta = at;
        for format in [Format::Pdf, Format::Json, Format::Csv] {
            let rendered = try_render(&sample::to_bytes(&record), format);
            assert!(rendered.is_ok(), "{at} {format:?}: {rendered:?}");
        }
    }
}

#[test]
fn rooms_without_vessels_and_documents_with_very_many_versions_render() {
    let mut empty = sample::record(2);
    empty.vessels.clear();
    (empty.documents, empty.approvals) = (Some(Vec::new()), Some(Vec::new()));
    let mut full = sample::record(2);
    let versions = &mut full.documents.as_mut().expect("the sample has documents")[0].versions;
    *versions = (1..=100).map(|number| VersionFacts { number, ..versions[1].clone() }).collect();
    versions[40].decisions[0].comment = Some("subject ".repeat(2_000));
    for record in [empty, full] {
        for format in [Format::Pdf, Format::Json, Format::Csv] {
            let rendered = try_render(&sample::to_bytes(&record), format);
            assert!(rendered.is_ok(), "{format:?}: {rendered:?}");
        }
    }
}
