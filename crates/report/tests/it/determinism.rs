//! The same record gives the same bytes: again, in another thread, and in another process.

use std::{io::Write as _, process::Command};

use report::{Fonts, Format, sample};
use sha2::{Digest as _, Sha256};

const FORMATS: [Format; 3] = [Format::Pdf, Format::Json, Format::Csv];

/// Returns the digests of the sample in all formats, with a font set of their own.
fn digests() -> String {
    let record = sample::bytes(40);
    let fonts = Fonts::embedded();
    let digest = |format| {
        let rendered =
            report::render(report::Edition::CURRENT, &record, Some(sample::PROOF), format, &fonts, &mut |_| {})
                .expect("the sample renders");
        format!("{:?}", Sha256::digest(rendered.bytes))
    };
    FORMATS.map(digest).join(" ")
}

#[test]
fn two_renders_with_one_font_set_are_equal() {
    let record = sample::bytes(40);
    for format in FORMATS {
        let render = || crate::harness::try_render(&record, format).expect("the sample renders");
        assert_eq!(render(), render());
    }
}

#[test]
fn renders_in_two_threads_are_equal() {
    let threads = [std::thread::spawn(digests), std::thread::spawn(digests)];
    let [one, two] = threads.map(|thread| thread.join().expect("the thread ends"));
    assert_eq!(one, two);
}

#[test]
fn another_proof_gives_other_bytes() {
    let record = sample::bytes(1);
    for format in FORMATS {
        let [one, other, none] = [Some(sample::PROOF), Some("c2sp.org/tlog-proof@v1\n"), None]
            .map(|proof| {
                report::render(report::Edition::CURRENT, &record, proof, format, &crate::harness::FONTS, &mut |_| {})
            })
            .map(|rendered| rendered.expect("the sample renders").bytes);
        assert!(one != other && one != none && other != none, "{format:?}");
    }
}

/// The test runs itself as another process, in which a variable makes it print the digests and no more.
#[test]
fn a_render_in_another_process_is_equal() {
    const PRINT: &str = "REPORT_TEST_PRINTS_DIGESTS";
    if std::env::var_os(PRINT).is_some() {
        writeln!(std::io::stdout(), "{}", digests()).expect("stdout is open");
        return;
    }
    let output = Command::new(std::env::current_exe().expect("this test has a path"))
        .args(["--exact", "--nocapture", "determinism::a_render_in_another_process_is_equal"])
        // Another time zone and a locale with rules of its own for letters: neither may change a byte.
        .envs([(PRINT, "1"), ("TZ", "Pacific/Auckland"), ("LC_ALL", "tr_TR.UTF-8")])
        .output()
        .expect("this test runs itself");
    let output = String::from_utf8_lossy(&output.stdout);
    assert!(output.contains(&digests()), "{output}");
}
