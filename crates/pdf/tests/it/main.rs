//! What the tokenizer takes, what it refuses, and that no input makes it panic.

mod receipt;

use pdf::{Malformed, Reference, Tokens, entry, items, number, reference, startxref, text};
use proptest::prelude::*;

fn value(bytes: &[u8]) -> Option<&[u8]> {
    Tokens::new(bytes, 0)?.value()
}

#[test]
fn a_value_is_the_slice_of_its_bytes() {
    for (bytes, expected) in [
        (&b" /Name/Next"[..], &b"/Name"[..]),
        (b"(a (b) \\) c)d", b"(a (b) \\) c)"),
        (b"<48 65>>", b"<48 65>"),
        (b"12 0 R/Next", b"12 0 R"),
        (b"12 0 obj", b"12"),
        (b"-1.5]", b"-1.5"),
        (b"true>>", b"true"),
        (b"[1[2]<</A[3]>>]]", b"[1[2]<</A[3]>>]"),
        (b"<</A(>>)/B<3E3E>>>endobj", b"<</A(>>)/B<3E3E>>>"),
    ] {
        assert_eq!(value(bytes), Some(expected), "{}", bytes.escape_ascii());
    }
}

#[test]
fn what_our_writer_never_writes_is_no_value() {
    for bytes in ["", " ", ">>", "]", "(open", "<open", "[open", "<<", "{1}", "% comment", ")", ">"] {
        assert_eq!(value(bytes.as_bytes()), None, "{bytes}");
    }
}

#[test]
fn positions_end_with_the_file() {
    assert!(Tokens::new(b"ab", 2).is_some_and(|tokens| tokens.rest().is_empty()));
    assert!(Tokens::new(b"ab", 3).is_none() && Tokens::new(b"ab", usize::MAX).is_none());
    let mut tokens = Tokens::new(b"abc", 1).expect("it is within the file");
    assert_eq!(tokens.take(3), None);
    assert_eq!(tokens.take(2), Some(&b"bc"[..]));
}

#[test]
fn a_dictionary_has_each_of_its_keys_once_and_ends_with_its_slice() {
    let dictionary = b"<</Root 1 0 R/Prev/Root/ID[(a)(b)]>>";
    assert_eq!(entry(dictionary, b"/Root"), Ok(Some(&b"1 0 R"[..])));
    assert_eq!(entry(dictionary, b"/Prev"), Ok(Some(&b"/Root"[..])));
    assert_eq!(entry(dictionary, b"/Size"), Ok(None));
    for dictionary in
        ["", "[]", "<<", "<</A>>", "<</A 1", "<</A 1/A 2>>", "<</#41 1>>", "<</A 1>>x", "<<1/A>>", "<</A>>>>"]
    {
        assert_eq!(entry(dictionary.as_bytes(), b"/A"), Err(Malformed), "{dictionary}");
    }
    assert_eq!(entry(b"<</B 1/B 2/A 3>>", b"/A"), Ok(Some(&b"3"[..])), "only the key that is looked for is counted");
}

#[test]
fn the_items_of_an_array_end_where_it_does() {
    let all = |array| items(array).collect::<Vec<_>>();
    assert_eq!(all(b"[1 0 R(a)[2]]"), [&b"1 0 R"[..], b"(a)", b"[2]"]);
    assert_eq!(all(b"[1 2 (open"), [b"1", b"2"]);
    assert!(all(b"1 2").is_empty() && all(b"").is_empty());
}

#[test]
fn numbers_and_strings_are_plain() {
    assert_eq!(["0", "007", "18446744073709551615"].map(|it| number(it.as_bytes())), [0, 7, usize::MAX].map(Some));
    assert_eq!(["", "+1", "-1", "1.0", "18446744073709551616"].map(|it| number(it.as_bytes())), [None; 5]);
    assert_eq!(text(b"(record.json)"), Some("record.json"));
    assert_eq!(["record", "(a(b)c)", "(\\050)", "(\u{e9})", "(\t)"].map(|it| text(it.as_bytes())), [None; 5]);
}

#[test]
fn a_reference_has_three_parts() {
    assert_eq!(reference(b"12 3 R"), Some(Reference { object: 12, generation: 3 }));
    assert_eq!(["12", "12 0", "12 0 obj", "4294967296 0 R", "/R", ""].map(|it| reference(it.as_bytes())), [None; 6]);
}

#[test]
fn the_last_table_is_named_at_the_end() {
    assert_eq!(startxref(b"...\nstartxref\n12\n%%EOF\n"), Some((&b"..."[..], 12)));
    assert_eq!(startxref(b"a startxref 1 %%EOF b startxref 2 %%EOF").map(|(_, offset)| offset), Some(2));
    for file in ["", "%%EOF", "startxref\n%%EOF", "startxref\n1", "12\n%%EOF", "startxref\n1\n%%EOF\nmore"] {
        assert_eq!(startxref(file.as_bytes()), None, "{file}");
    }
}

#[test]
fn nesting_costs_no_stack() {
    for (open, close) in [("[", "]"), ("<<", ">>"), ("(", ")")] {
        let closed = open.repeat(500_000) + &close.repeat(500_000);
        assert_eq!(value(closed.as_bytes()), Some(closed.as_bytes()));
        assert_eq!(value(open.repeat(500_000).as_bytes()), None);
    }
}

/// Parts of the syntax, in any order, and bytes that are none of it.
fn any_syntax() -> impl Strategy<Value = Vec<u8>> {
    let parts = vec![
        "<<",
        ">>",
        "[",
        "]",
        "(",
        ")",
        "\\",
        "<",
        ">",
        "/A",
        "/",
        "#",
        "1 0 R",
        "9",
        " ",
        "%",
        "R",
        "-1",
        "{",
        "\0",
        "%%EOF",
        "startxref\n",
        "\u{e9}",
    ];
    let syntax = prop::collection::vec(prop::sample::select(parts), 0..40).prop_map(|it| it.concat().into_bytes());
    prop_oneof![3 => syntax, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_input_makes_reading_panic_or_stand_still(bytes in any_syntax(), at in 0_usize..60) {
        let _ = entry(&bytes, b"/A");
        prop_assert!(items(&bytes).count() <= bytes.len());
        let _ = (number(&bytes), text(&bytes), reference(&bytes), startxref(&bytes));
        if let Some(mut tokens) = Tokens::new(&bytes, at) {
            let mut left = tokens.rest().len();
            while tokens.value().is_some() {
                prop_assert!(tokens.rest().len() < left, "a value takes a byte at the least");
                left = tokens.rest().len();
            }
        }
    }

    #[test]
    fn a_value_is_read_again_from_its_slice(bytes in any_syntax()) {
        if let Some(slice) = value(&bytes) {
            prop_assert_eq!(value(slice), Some(slice));
        }
    }
}
