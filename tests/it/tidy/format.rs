//! Rules about docs/format: it has every event with its fields, and the verifiers of strangers have the same lists.

use std::{collections::BTreeMap, fs, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Returns the name of a variant as serde writes it.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (i, c) in name.char_indices() {
        if c.is_uppercase() && i > 0 {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// Returns the events of the source, each with the names of its fields in their order; `+` for those that are flattened.
fn events() -> BTreeMap<String, Vec<String>> {
    let source = text("crates/room/src/event.rs");
    let (_, body) = source.split_once("pub enum Event {\n").unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let (mut events, mut current, mut is_flat) = (BTreeMap::new(), None, false);
    for line in body.lines().filter(|line| !line.trim_start().starts_with("///")) {
        match (line.strip_prefix("    ").unwrap_or(line), &mut current) {
            (line, None) if line.ends_with('{') || line.ends_with("{},") => {
                let name = snake_case(line.trim_end_matches(['{', '}', ',', ' ']));
                if line.ends_with("{},") {
                    events.insert(name, Vec::new());
                } else {
                    current = Some((name, Vec::new()));
                }
            }
            ("},", Some(_)) => events.extend(current.take()),
            (line, Some(_)) if line.trim_start().starts_with("#[") => is_flat |= line.contains("flatten"),
            (line, Some((_, fields))) if line.contains(": ") => {
                let name = line.trim_start().split(':').next().unwrap();
                fields.push(if std::mem::take(&mut is_flat) { "+".to_owned() } else { name.to_owned() });
            }
            _ => {}
        }
    }
    events
}

/// Returns the lists of docs/format/fields.md: those of rooms, of types, and of the platform.
fn lists() -> [String; 3] {
    let page = text("docs/format/fields.md");
    let lists: Vec<_> =
        page.split("```text\n").skip(1).map(|list| list.split("```").next().unwrap().to_owned()).collect();
    lists.try_into().unwrap()
}

/// Returns the names in a list with those of their fields.
fn fields_in(list: &str) -> BTreeMap<String, Vec<String>> {
    let lines = list.lines().filter_map(|line| line.split_once(':'));
    lines
        .map(|(name, fields)| {
            let names = fields.split(", ").map(str::trim).filter(|field| !field.is_empty());
            let names = names.map(|field| if field.starts_with('+') { "+" } else { field.split(' ').next().unwrap() });
            (name.to_owned(), names.map(str::to_owned).collect())
        })
        .collect()
}

#[test]
fn the_format_has_every_event_with_its_fields() {
    let [rooms, _, platform] = lists();
    let (rooms, platform) = (fields_in(&rooms), fields_in(&platform));
    let events = events();
    assert!(events.len() > 60 && events["vessel_added"] == ["vessel_id", "+"], "{events:#?}");
    for (event, fields) in &events {
        let listed = rooms.get(event).or_else(|| platform.get(event));
        assert_eq!(listed, Some(fields), "docs/format/fields.md has other fields of `{event}`");
    }
    for listed in rooms.keys().chain(platform.keys()).filter(|name| name.starts_with(char::is_lowercase)) {
        assert!(events.contains_key(listed), "docs/format/fields.md has an event that there is not: `{listed}`");
    }
    let meanings = text("docs/format/events.md");
    for event in rooms.keys() {
        assert!(meanings.contains(&format!("`{event}`")), "docs/format/events.md does not say what `{event}` means");
    }
}

#[test]
fn the_verifiers_of_strangers_have_the_lists_of_the_format() {
    let [rooms, types, _] = lists();
    for verifier in ["verifier/verify.py", "verifier/index.html"] {
        let program = text(verifier);
        for list in [&rooms, &types] {
            assert!(program.contains(list.as_str()), "{verifier} has another list than docs/format/fields.md");
        }
    }
}

/// The page allows no script and no style but its own, by their hashes, and nothing from anywhere else.
#[test]
fn the_page_allows_itself_alone() {
    let page = text("verifier/index.html");
    let hash_of = |tag: &str| {
        let (_, rest) = page.split_once(&format!("<{tag}>")).unwrap();
        let (content, after) = rest.split_once(&format!("</{tag}>")).unwrap();
        assert!(!after.contains(&format!("<{tag}")), "there is a second {tag}");
        BASE64_STANDARD.encode(Sha256::digest(content))
    };
    let (script, style) = (hash_of("script"), hash_of("style"));
    let policy = format!(
        "content=\"default-src 'none'; script-src 'sha256-{script}'; style-src 'sha256-{style}'; form-action 'none'; \
         base-uri 'none'\""
    );
    assert!(page.contains(&policy), "its policy has to be {policy}");
    for word in ["http:", "https:", "fetch(", "XMLHttpRequest", "innerHTML", "localStorage", "import("] {
        assert!(!page.contains(word), "it has {word}");
    }
}
