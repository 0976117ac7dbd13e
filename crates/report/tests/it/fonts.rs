//! Directories of fonts: their names, and files that are no fonts.

use std::fs;
use std::path::PathBuf;

use report::{Edition, FontError, Fonts, Format, render, sample};

/// Returns an empty directory of this test run.
fn directory(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("a directory for fonts");
    dir
}

#[test]
fn a_set_is_named_after_what_is_in_it() {
    let dir = directory("named");
    assert_eq!(Fonts::with_directory(&dir).expect("no fonts").name(), "embedded");
    fs::write(dir.join("readme.txt"), "not a font").expect("a file");
    fs::write(dir.join("A.TTF"), dejavu::serif::regular()).expect("a font");
    let one = Fonts::with_directory(&dir).expect("one font");
    insta::assert_snapshot!(one.name(), @"embedded + 1 font, sha256 8a4f5ff3");
    fs::create_dir(dir.join("more")).expect("a directory");
    fs::write(dir.join("more/b.ttf"), dejavu::serif::bold()).expect("a font");
    let two = Fonts::with_directory(&dir).expect("two fonts");
    assert!(two.name().starts_with("embedded + 2 fonts, sha256 "), "{}", two.name());
    assert_ne!(one.name()[one.name().len() - 8..], two.name()[two.name().len() - 8..]);
    // Neither font is drawn in the probe, and still the renderers differ: each may draw another report otherwise.
    let renderers =
        [&Fonts::embedded(), &one, &two].map(|fonts| report::renderer(Edition::CURRENT, fonts).map(str::to_owned));
    let [embedded, one, two] = renderers.map(|name| name.expect("the probe renders"));
    assert!(embedded != one && embedded != two && one != two);
}

#[test]
fn a_file_that_is_no_font_is_an_error_that_names_it() {
    let dir = directory("broken");
    fs::write(dir.join("broken.otf"), "not a font").expect("a file");
    let error = Fonts::with_directory(&dir).expect_err("a broken font");
    assert!(matches!(&error, FontError::NotAFont { path } if path.ends_with("broken.otf")), "{error}");
}

#[test]
fn a_directory_that_is_not_there_is_an_error() {
    let error = Fonts::with_directory(&directory("here").join("not")).expect_err("no directory");
    assert!(matches!(error, FontError::Unreadable { .. }), "{error}");
}

#[test]
fn a_truncated_font_never_makes_a_render_panic() {
    let font = dejavu::serif::regular();
    for part in [12, 100, 1_000, 50_000, font.len() - 1_000] {
        let dir = directory(&format!("truncated-{part}"));
        fs::write(dir.join("half.ttf"), &font[..part]).expect("a file");
        if let Ok(fonts) = Fonts::with_directory(&dir) {
            let mut record = sample::record(1);
            record.room.title = "ꙮ ⁂ 山 ﷽".to_owned();
            let _ = render(
                Edition::CURRENT,
                &sample::to_bytes(&record),
                Some(sample::PROOF),
                Format::Pdf,
                &fonts,
                &mut |_| {},
            );
        }
    }
}
