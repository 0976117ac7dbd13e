//! Names in the scripts of the world: real text if a font has them, code points otherwise.

use std::path::Path;
use tools::needs;

use report::record::Record;
use report::{Edition, Fonts, Format, Rendered, render, sample};

use crate::harness::{self, FONTS, text};

/// A directory with Chinese, Japanese and Korean fonts, as Debian's `fonts-noto-cjk` installs it.
const CJK_FONTS: &str = "/usr/share/fonts/opentype/noto";

fn named(name: &str) -> Record {
    let mut record = sample::record(0);
    record.parties.clear();
    name.clone_into(&mut record.room.location);
    record
}

fn rendered(name: &str) -> Rendered {
    harness::render(&named(name), Format::Pdf)
}

#[needs(pdftotext)]
#[test]
fn embedded_fonts_have_the_scripts_of_europe_and_the_near_east() {
    for name in [
        "Łukasz Żółć",
        "Nguyễn Văn Ánh",
        "Zoë e\u{301}t\u{323}",
        "Καλλιόπη Παπαδοπούλου",
        "Ἀχιλλεύς",
        "Дмитро Шевченко",
        "יעל",
        "ליאור",
        "ليلى",
        "الحسيني",
        "O'Brien & Sons <x> `quoted` ^ ~ 100 %",
        "€ £ – — … “quoted” №",
    ] {
        let rendered = rendered(name);
        assert!(rendered.uncovered.is_empty(), "{name}");
        let text = text(&rendered.bytes);
        assert!(text.contains(name), "{name} is not in {text}");
    }
}

#[needs(pdftotext)]
#[test]
fn right_to_left_words_stand_in_order_within_latin_text() {
    let text = text(&rendered("Captain יעל Smith and ليلى of Haifa").bytes);
    assert!(text.contains("Captain יעל Smith and ليلى of Haifa"), "{text}");
}

#[needs(pdftotext)]
#[test]
fn characters_without_a_font_are_printed_as_code_points_and_listed() {
    for (name, printed, uncovered) in [
        ("山", "U+5C71", vec!['山']),
        ("김", "U+AE40", vec!['김']),
        ("MT Wave 🚢 2", "MT Wave U+1F6A2 2", vec!['🚢']),
        ("𠮷 and 山", "U+20BB7 and U+5C71", vec!['山', '𠮷']),
        ("bell\u{7}", "bell U+0007", vec!['\u{7}']),
        ("nul\u{0}nul", "nul U+0000 nul", vec!['\u{0}']),
        ("\u{e000}", "U+E000", vec!['\u{e000}']),
        ("\u{10ffff}", "U+10FFFF", vec!['\u{10ffff}']),
        ("\u{fffe}", "U+FFFE", vec!['\u{fffe}']),
        ("evil\u{202e}fdp", "evil U+202E fdp", vec!['\u{202e}']),
    ] {
        let rendered = rendered(name);
        assert_eq!(rendered.uncovered, uncovered, "{name:?}");
        let text = text(&rendered.bytes);
        assert!(text.contains(printed), "{printed} is not in {text}");
        assert!(text.contains("are printed as their code points"), "{text}");
    }
}

/// Characters that show nothing, at least between Latin letters.
const UNSEEN: [char; 16] = [
    '\u{200b}',
    '\u{ad}',
    '\u{feff}',
    '\u{2060}',
    '\u{fe0f}',
    '\u{200e}',
    '\u{2067}',
    '\u{200d}',
    '\u{34f}',
    '\u{3164}',
    '\u{e0041}',
    '\u{61c}',
    '\u{180e}',
    '\u{115f}',
    '\u{ffa0}',
    '\u{2800}',
];

#[needs(pdftotext)]
#[test]
fn characters_that_nobody_sees_are_printed_as_code_points_and_listed() {
    for unseen in UNSEEN {
        let rendered = rendered(&format!("Aoife{unseen}Ní"));
        assert_eq!(rendered.uncovered, [unseen], "{unseen:?}");
        let text = text(&rendered.bytes);
        assert!(text.contains(&format!("Aoife U+{:04X} Ní", u32::from(unseen))), "{unseen:?}: {text}");
    }
}

#[test]
fn joiners_and_selectors_that_steer_a_letter_are_not_printed() {
    for name in ["می\u{200c}خواهم", "ه\u{200d}", "❤\u{fe0f}"] {
        assert!(rendered(name).uncovered.is_empty(), "{name:?}");
    }
}

#[needs(pdftotext)]
#[test]
fn the_edition_of_0_3_0_leaves_out_what_nobody_sees() {
    let record = sample::to_bytes(&named("Aoife\u{34f}Ní"));
    let drawn = render(Edition::V0_3, &record, None, Format::Pdf, &FONTS, &mut |_| {}).expect("the record renders");
    assert!(drawn.uncovered.is_empty());
    let text = text(&drawn.bytes);
    assert!(text.contains("AoifeNí"), "{text}");
}

#[needs(pdftotext)]
#[test]
fn parties_who_look_like_others_are_marked() {
    let mut record = sample::record(0);
    record.parties[0].resembles = vec!["owner@foo.example".to_owned()];
    record.snapshot.created_by.email = record.parties[0].email.clone();
    let rendered = render(Edition::CURRENT, &sample::to_bytes(&record), None, Format::Pdf, &FONTS, &mut |_| {});
    let text = text(&rendered.expect("the record renders").bytes);
    assert_eq!(text.matches("Looks like owner@foo.example, and is another party.").count(), 2, "{text}");
}

#[needs(cjk_fonts, pdftotext)]
#[test]
fn a_font_directory_adds_scripts() {
    let dir = Path::new(CJK_FONTS);
    let fonts = Fonts::with_directory(dir).expect("the fonts load");
    for name in ["山田太郎", "김민준", "王小明𠮷", "株式会社 (Kaisha)"] {
        let record = sample::to_bytes(&named(name));
        let rendered =
            render(Edition::CURRENT, &record, None, Format::Pdf, &fonts, &mut |_| {}).expect("the record renders");
        assert!(rendered.uncovered.is_empty(), "{name}");
        let text = text(&rendered.bytes);
        assert!(text.contains(name), "{name} is not in {text}");
        assert!(text.contains(fonts.name()), "{text}");
    }
}
