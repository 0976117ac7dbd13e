//! The report of a record of schema 4: what its first pages say, where its links lead, and how it looks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use report::{Edition, Format, folded, sample};
use room::Role;
use tools::needs;

use crate::harness::{FONTS, pages};

/// Draws a record of schema 4 as a PDF that takes a receipt.
fn drawn(record: &[u8]) -> Vec<u8> {
    report::body(Edition::CURRENT, record, Format::Pdf, &FONTS, &mut |_| {}).expect("the story renders").bytes
}

/// Draws the story after a change of its record.
fn changed(change: impl FnOnce(&mut folded::Folded)) -> Vec<String> {
    let mut story: folded::Folded = folded::read(sample::STORY).expect("the sample is a record");
    change(&mut story);
    pages(&drawn(&story.canonical().expect("it is JSON")))
}

/// Returns the text of pages with single blanks.
fn words(pages: &[String]) -> String {
    pages.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[needs(pdftotext)]
#[test]
fn the_first_two_pages_answer_what_a_claim_begins_with() {
    let pages = pages(&drawn(sample::STORY));
    // The renderer's name is not on these pages, so that they change with the words alone.
    insta::assert_snapshot!(pages[..2].join("\n--- page ---\n"));
}

#[needs(pdftotext)]
#[test]
fn the_other_sections_follow_in_the_order_in_which_they_are_asked_for() {
    let text = pages(&drawn(sample::STORY)).join("\n");
    let mut from = 0;
    for heading in [
        "Summary",
        "Outstanding",
        "Timeline",
        "Clearance",
        "Documents of Aegean Star (discharging)",
        "Documents of Northern Light (receiving)",
        "Documents of the operation",
        "Who saw what, when",
        "People",
        "Chronology",
        "Appendix: exhibits",
        "Appendix: lists",
        "How to verify this file",
    ] {
        let heading = format!("\n{heading}\n");
        let at = text[from..].find(&heading).unwrap_or_else(|| panic!("no {heading} behind {from}"));
        from += at + heading.len() - 1;
    }
}

#[needs(pdftotext)]
#[test]
fn who_opened_and_downloaded_a_paper_is_told_by_name() {
    let text = words(&pages(&drawn(sample::STORY)));
    for said in ["opened 2026-11-29 10:00", "downloaded 2026-11-29 10:01", "downloaded 2026-11-29 11:00"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(text.contains(
        "downloaded version 2 of Aegean Star: Vessel particulars questionnaire (Q88 / VPQ), within an archive."
    ));
}

#[needs(pdftotext)]
#[test]
fn without_its_entries_a_report_says_what_it_therefore_does_not_tell() {
    let pages = changed(|story| {
        story.entries = None;
        story.snapshot.options.include_activity = false;
    });
    let text = words(&pages);
    assert!(
        text.contains("Whether gates were overridden is not told here: the log was left out on request."),
        "{text}"
    );
    assert!(!text.contains("No gate was overridden"), "{text}");
    for section in
        ["and with it the timeline.", "and with it who opened what.", "That does not mean that there was none."]
    {
        assert!(text.contains(section), "{section}: {text}");
    }
}

#[needs(pdftotext)]
#[test]
fn a_summary_ends_with_the_timeline_and_says_how_to_verify_it() {
    let whole = pages(&drawn(sample::STORY)).len();
    let pages = changed(|story| story.snapshot.options.summary_only = true);
    let text = words(&pages);
    assert!(pages.len() < whole / 2, "{} of {whole} pages", pages.len());
    assert!(text.contains("Timeline") && text.contains("How to verify this file"), "{text}");
    assert!(!text.contains("Chronology") && !text.contains("Exhibit 1 "), "{text}");
}

#[needs(pdftotext)]
#[test]
fn what_is_not_overridden_or_missing_is_said_as_well() {
    let pages = changed(|story| {
        story.reading.standing.blockers.clear();
        story.facts.documents.clear();
        story.reading.documents.clear();
        let entries = story.entries.as_mut().expect("it has entries");
        entries.retain(|entry| entry.action != "phase_changed");
    });
    let text = words(&pages[..1]);
    for said in [
        // A gate that waits for nothing is not the end.
        "nothing keeps it from Arrival; later phases wait for 5 documents. Cleared vessels: 1 of 2, on subjects. No gate",
        "None was passed yet.",
        "None in force.",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let text = words(&pages[1..3]);
    assert!(text.contains("Later phases wait for the papers that are outstanding above."), "{text}");
    let pages = changed(|story| {
        let standing = &mut story.reading.standing;
        standing.blockers.clear();
        standing.resolved_required_docs = standing.total_required_docs;
    });
    let text = words(&pages[..3]);
    for said in ["nothing keeps it from Arrival. Cleared", "Nothing is outstanding before the next phase."] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[needs(pdftotext)]
#[test]
fn a_closed_room_awaits_nobody_and_gates_that_were_passed_are_named() {
    let pages = changed(|story| {
        story.reading.standing.next_phase = None;
        let entries = story.entries.as_mut().expect("it has entries");
        for entry in entries.iter_mut().filter(|entry| entry.action == "phase_changed") {
            entry.meta.as_object_mut().expect("fields").remove("overridden");
        }
    });
    let text = words(&pages[..1]);
    for said in ["The room is closed", "No reply from", "None. Passed with nothing outstanding: Clearance, Planning."] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("Awaiting reply"), "{text}");
}

#[needs(pdftotext)]
#[test]
fn a_document_that_names_roles_says_whose_reply_it_awaits() {
    let pages = changed(|story| {
        let named = story.facts.documents.values_mut().find(|slot| slot.document.document_type == "CREW_LIST");
        named.expect("the sample has one").document.must_approve = vec![Role::Broker, Role::Charterer];
        story.facts.parties.retain(|_, party| party.role != Role::Charterer);
    });
    // A narrow column beside others, in a word or two to the line.
    let text = words(&pages);
    let parts = ["Awaiting reply from Zoë Brandt-Müller (broker);", "No charterer in the room may approve it"];
    let mut rest = text.split_once("Crew list").expect("it is drawn").1;
    for word in parts.iter().flat_map(|part| part.split_whitespace()) {
        rest = rest.split_once(word).unwrap_or_else(|| panic!("{word} of {parts:?}: {text}")).1;
    }
    assert!(!words(&changed(|_| {})).contains("may approve it"));
}

#[needs(pdftotext)]
#[test]
fn an_entry_of_version_1_and_one_of_a_later_version_are_told_as_they_can_be() {
    let pages = changed(|story| {
        let entries = story.entries.as_mut().expect("it has entries");
        let (mut old, mut new) = (entries[0].clone(), entries[0].clone());
        old.action = "phase_changed".into();
        old.meta = serde_json::json!({ "from": "clearance", "to": "planning", "more_overridden": 3,
            "overridden": ["MT Ionian Grace has not been cleared."], "reason": null });
        new.action = "lines_cast_off".into();
        entries.splice(0..0, [old, new]);
        (0_u64..).zip(entries).for_each(|(seq, entry)| entry.seq = seq);
    });
    let text = words(&pages);
    assert!(text.contains("over 4 blockers"), "{text}");
    assert!(text.contains("MT Ionian Grace has not been cleared; 3 more"), "{text}");
    assert!(text.contains("lines cast off."), "{text}");
}

#[needs(pdftotext)]
#[test]
fn a_sentence_that_begins_with_a_name_from_right_to_left_reads_from_left_to_right() {
    let name = "نور الشمال";
    let pages = changed(|story| {
        for vessel in story.facts.vessels.values_mut().filter(|vessel| vessel.details.name == "Northern Light") {
            vessel.details.name = name.to_owned();
        }
    });
    // As it stands on the page: the name first, and what is said of it behind it.
    let line = pages[0].lines().find(|line| line.contains("not cleared by the discharging side")).expect("a line");
    let (at, said) = (line.find('ن').or_else(|| line.find('ل')), line.find("not cleared"));
    assert!(at.zip(said).is_some_and(|(at, said)| at < said), "{line}");
    // And it is copied and found as it was written.
    assert!(words(&pages).contains(name), "{pages:?}");
}

#[needs(qpdf)]
#[test]
fn every_link_leads_to_a_place_and_says_where() {
    let file = written("links.pdf", &drawn(sample::STORY));
    let plain = Command::new("qpdf").args(["--qdf", "--object-streams=disable"]).arg(&file).arg("-").output();
    let plain = String::from_utf8_lossy(&plain.expect("qpdf runs").stdout).into_owned();
    let links = plain.matches("/Subtype /Link").count();
    assert!(links > 40, "{links}");
    assert_eq!(plain.matches("/Contents (To ").count(), links, "each says where it leads");
    assert_eq!(plain.matches("/S /Link").count(), links, "each is an element of the structure");
    assert!(plain.contains("/PageLabels") && plain.contains("/Lang(el)") && plain.contains("/S /Caption"));
}

/// The resolution of the pictures, in dots per inch: enough to see that a bar, a mark or a colour is missing.
const DPI: &str = "24";
/// How far a channel of a pixel may be off before it counts: other versions of a program draw edges otherwise.
const OFF: u8 = 64;

#[needs(pdftoppm)]
#[test]
fn the_first_two_pages_look_as_they_did() {
    let file = written("pictures.pdf", &drawn(sample::STORY));
    for page in ["1", "2"] {
        let picture = Command::new("pdftoppm").args(["-r", DPI, "-f", page, "-l", page]).arg(&file).output();
        let picture = picture.expect("pdftoppm runs").stdout;
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/pictures/page-{page}.ppm"));
        if std::env::var_os("STS_TEST_WRITE_PICTURES").is_some() {
            fs::write(&golden, &picture).expect("the picture is written");
        }
        let golden = fs::read(golden).expect("there is a picture");
        assert_eq!(golden.len(), picture.len(), "page {page} has another size");
        let off = golden.iter().zip(&picture).filter(|(one, other)| one.abs_diff(**other) > OFF).count();
        // One line of text more or less is some 3 %.
        assert!(off * 100 < golden.len(), "page {page}: {off} of {} values are off", golden.len());
    }
}

/// Writes a file into the tests' own directory.
fn written(name: &str, bytes: &[u8]) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, bytes).expect("the file is written");
    file
}
