//! A plain paper: its words, on as many pages as they take.

use crate::harness::{FONTS, pages};
use tools::needs;

#[needs(pdftotext)]
#[test]
fn a_paper_says_its_title_and_its_paragraphs_and_comes_out_the_same_again() {
    let draw = || report::paper("Crew list Ελληνικά", &["One.", "Two."], jiff::Timestamp::UNIX_EPOCH, &FONTS);
    let pdf = draw().expect("a paper is drawn");
    assert_eq!(pdf, draw().expect("a paper is drawn"));
    let pages = pages(&pdf);
    assert_eq!(pages.len(), 1);
    for words in ["Crew list Ελληνικά", "One.", "Two."] {
        assert!(pages[0].contains(words), "{words} is not in {}", pages[0]);
    }
}
