//! Rules about the code that a test can check: which folder may use which, paths in documents, sizes of files.

mod format;
mod imports;
mod layers;

use std::{
    collections::BTreeSet,
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use sts_clearance::db::projections::{PLATFORM_TABLES, TABLES};

/// The most lines that a file may have, so that it can be read as a whole.
const MOST_LINES: usize = 600;

fn files(dir: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(dir)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("node_modules") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == ending) {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty(), "{dir} has no .{ending}");
    found.sort();
    found
}

fn sources() -> Vec<PathBuf> {
    ["src", "crates", "tests", "benches"]
        .iter()
        .flat_map(|dir| files(dir, "rs"))
        .chain(files("tests/browser", "mjs"))
        .collect()
}

/// Returns the lines of a file without those that are comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_file_says_what_it_is_and_fits_in_the_head() {
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let opening = if path.extension().is_some_and(|extension| extension == "mjs") { "// " } else { "//! " };
        assert!(text.starts_with(opening), "{} does not open with {opening}", path.display());
        let lines = text.lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines", path.display());
    }
}

#[test]
fn no_test_stands_where_none_is_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = fs::read_dir(root.join("crates")).unwrap().map(|entry| entry.unwrap().path());
    for place in crates.chain([root.to_owned()]) {
        let manifest = fs::read_to_string(place.join("Cargo.toml")).unwrap();
        if manifest.contains("\n[lib]\ntest = false") {
            let source = place.join("src").strip_prefix(root).unwrap().display().to_string();
            let in_vain = files(&source, "rs").into_iter().find(|path| code(path).contains("#[cfg(test)]"));
            assert_eq!(in_vain, None, "its crate has `test = false`");
        }
    }
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    for path in sources() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let empty = ["util", "utils", "helper", "helpers", "common", "misc", "types"];
        assert!(!empty.contains(&name), "{}", path.display());
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "what was counted, for `--nocapture`")]
fn imports_run_downwards_and_in_no_circle() {
    let (imports, files) = imports::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    let is_in_one_folder = |circle: &BTreeSet<String>| {
        let folders: BTreeSet<_> = circle.iter().map(|file| imports::folder(file)).collect();
        folders.len() == 1
    };
    let circles: Vec<_> = imports::circles(&imports).into_iter().filter(|circle| !is_in_one_folder(circle)).collect();
    let upwards = layers::upwards(&imports);
    let strange = layers::without_a_row(&files);
    println!(
        "circles between files {}, arrows upwards {}, folders without a row {} (of {} files and {} imports)",
        circles.len(),
        upwards.len(),
        strange.len(),
        files.len(),
        imports.len()
    );
    assert!(imports.len() > 1_000, "the imports were not found");
    let taken = |circle: &BTreeSet<String>| {
        let inside = imports.iter().filter(|import| circle.contains(&import.by) && circle.contains(&import.from));
        inside.map(|import| format!("{} takes {} from {}", import.by, import.what, import.from)).collect::<Vec<_>>()
    };
    assert!(upwards.is_empty(), "upwards: {upwards:#?}");
    assert!(circles.is_empty(), "circles: {:#?}", circles.iter().map(taken).collect::<Vec<_>>());
    assert!(strange.is_empty(), "without a row: {strange:?}");
}

#[test]
fn every_crate_of_the_workspace_is_read() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let members = manifest.lines().find_map(|line| line.strip_prefix("members = ")).expect("a workspace has members");
    for member in members.split(['[', ']', '"', ',', ' ']).filter(|member| !member.is_empty()) {
        assert!(imports::CRATES.iter().any(|(_, folder)| folder.starts_with(member)), "no row for {member}");
    }
}

/// For each folder, the libraries and functions that its code must not name.
#[test]
fn libraries_stay_in_their_rooms() {
    #[rustfmt::skip]
    let forbidden: &[(&str, &[&str])] = &[
        ("src/policy.rs", &["axum", "rusqlite", "tokio"]),
        ("src/evidence",  &["axum", "rusqlite", "tokio"]),
        ("crates/report", &["axum", "rusqlite", "tokio"]),
        ("crates/room",   &["axum", "rusqlite", "tokio"]),
        ("crates/seal",   &["axum", "rusqlite", "tokio"]),
        ("src/db",        &["axum", "maud"]),
        ("src/domain",    &["axum", "maud", "rusqlite", "tokio_postgres"]),
        ("src/jobs",      &["axum", "maud", "rusqlite", "tokio_postgres"]),
        ("src/pages",     &["policy::may", "rusqlite", "tokio_postgres"]),
        ("src/api",       &["maud", "rusqlite", "tokio_postgres"]),
    ];
    for (place, words) in forbidden {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(place);
        let paths = if root.is_dir() { files(place, "rs") } else { vec![root] };
        for path in paths {
            let code = code(&path);
            for word in *words {
                assert!(!code.contains(word), "{} uses {word}", path.display());
            }
        }
    }
}

#[test]
fn sql_is_spoken_only_in_the_database_layer_and_doors_write_nothing() {
    for path in files("src", "rs") {
        let shown = path.display().to_string();
        let code = code(&path);
        if !shown.contains("src/db/") {
            for word in ["SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "rusqlite::Connection"] {
                assert!(!code.contains(word), "{shown} speaks SQL: {word}");
            }
        }
        if ["src/api/", "src/cli/", "src/pages/"].iter().any(|door| shown.contains(door)) {
            assert!(!code.contains(".write("), "{shown} opens a write transaction");
        }
    }
}

/// What else than `db/projections` may change a table that repeats a log: what is kept beside the log, requests of an
/// account that is no admin's any more, and a key of a log that does not tell everything.
const BESIDE: [(&str, &str); 5] = [
    ("src/db/users.rs", "UPDATE users SET password_hash"),
    ("src/db/confirmations.rs", "DELETE FROM confirmations WHERE asked_by"),
    ("src/db/logs.rs", "INSERT INTO log_keys"),
    ("src/db/seals.rs", "INSERT INTO snapshot_seals"),
    ("src/db/seals.rs", "DELETE FROM snapshot_seals"),
];

#[test]
fn rows_that_repeat_a_log_are_written_by_one_hand() {
    let tables = TABLES.iter().chain(&PLATFORM_TABLES).map(|table| table.name);
    let verbs = ["INSERT INTO", "UPDATE", "DELETE FROM"];
    let words: Vec<_> = tables.flat_map(|table| verbs.map(|verb| format!("{verb} {table} "))).collect();
    for path in files("src", "rs") {
        let shown = path.display().to_string();
        if shown.contains("src/db/projections/") {
            continue;
        }
        let mut code = code(&path).split_whitespace().collect::<Vec<_>>().join(" ");
        for (_, allowed) in BESIDE.iter().filter(|(file, _)| shown.ends_with(file)) {
            assert!(code.contains(allowed), "{shown} need not be named here for {allowed}");
            code = code.replace(allowed, "");
        }
        for word in &words {
            assert!(!code.contains(word), "{shown} writes rows by itself: {word}");
        }
    }
}

/// Returns the paths that a text names: words that begin with a folder of the repository.
fn named_paths(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| c.is_whitespace() || "`()[]\"'<>,;".contains(c));
    let begins =
        ["src/", "tests/", "crates/", "migrations/", "docs/", "benches/", "fuzz/", "assets/", ".ci/", "verifier/"];
    let is_path = move |word: &&str| begins.iter().any(|begin| word.starts_with(begin));
    // A word with a placeholder is no path of a file.
    let is_whole = |word: &&str| !word.contains(['{', '*', '…', 'N']) && !word.contains("/x.rs");
    words.map(|word| word.trim_end_matches(['.', ':', '!', '?'])).filter(is_path).filter(is_whole)
}

#[test]
fn documents_and_comments_name_paths_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "migrations/README.md"];
    let mut texts: Vec<(PathBuf, String)> =
        documents.iter().map(|name| (root.join(name), fs::read_to_string(root.join(name)).unwrap())).collect();
    texts.extend(files("docs", "md").into_iter().map(|path| (path.clone(), fs::read_to_string(&path).unwrap())));
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        let comments = text.lines().filter(|line| line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        texts.push((path, comments));
    }
    for (document, text) in texts {
        for path in named_paths(&text) {
            assert!(root.join(path).exists(), "{} names {path}", document.display());
        }
    }
}

#[test]
fn every_setting_is_explained_above_its_line() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("config.default.toml")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    for (i, line) in lines.iter().enumerate() {
        if line.contains(" = ") && !line.starts_with('#') {
            assert!(i > 0 && lines[i - 1].starts_with("# "), "no comment above: {line}");
        }
    }
}

/// Cargo sets what a build script names for the program that it runs, too, which refuses a setting that it does not know.
#[test]
fn nothing_that_is_named_while_building_is_taken_for_a_setting() {
    let script = fs::read_to_string("build.rs").unwrap();
    assert!(
        script.contains("rustc-env=") && !script.contains("rustc-env=STS_"),
        "`cargo run -- serve` would refuse it"
    );
}

#[test]
fn no_test_is_ignored_in_ci_for_want_of_a_tool() {
    let missing: &[&str] = &tools::missing!();
    assert!(missing.is_empty() || env::var_os("CI").is_none(), "CI lacks tools that tests need: {missing:#?}");
    for reason in missing {
        // Not `eprintln!`: libtest captures its output and hides it if the test passes.
        let _ = writeln!(io::stderr(), "tests that need it are ignored: {reason}");
    }
}
