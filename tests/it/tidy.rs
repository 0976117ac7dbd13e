//! Rules of the code that a test can check: which module may use which, paths in documents, sizes of files.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

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
    ["src", "crates/report/src", "crates/report/tests", "tests", "benches"]
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
fn no_file_has_a_name_that_says_nothing() {
    for path in sources() {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let empty = ["util", "utils", "helper", "helpers", "common", "misc", "types"];
        assert!(!empty.contains(&name), "{}", path.display());
    }
}

#[test]
fn modules_use_only_what_is_below_them() {
    #[rustfmt::skip]
    let forbidden: &[(&str, &[&str])] = &[
        ("src/policy.rs",     &["crate::api", "crate::http", "crate::db", "crate::app"]),
        ("src/evidence",      &["crate::", "axum", "rusqlite", "tokio"]),
        ("crates/report/src", &["axum", "rusqlite", "tokio", "sts_clearance"]),
        ("src/db",            &["crate::api", "crate::http", "crate::jobs", "crate::cli", "crate::policy", "axum"]),
        ("src/domain",        &["crate::api", "crate::http", "crate::jobs", "crate::cli", "crate::policy", "axum"]),
        ("src/jobs",          &["crate::api", "crate::http", "crate::cli", "crate::policy", "axum"]),
        ("src/cli",           &["crate::api", "crate::pages", "crate::policy"]),
        ("src/pages",         &["crate::api", "crate::jobs", "crate::cli", "policy::may", "rusqlite"]),
        ("src/api",           &["crate::pages", "crate::jobs", "crate::cli"]),
        ("src/files",         &["crate::api", "crate::http", "crate::db", "crate::domain"]),
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

#[test]
fn documents_name_paths_that_exist() {
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(document)).unwrap();
        let words = text.split(['`', '(', ')', ' ', '\n']);
        let paths = words.filter(|word| {
            ["src/", "tests/", "crates/", "migrations/", "docs/", ".ci/"].iter().any(|start| word.starts_with(start))
        });
        for path in paths {
            let path = path.trim_end_matches(['.', ',', ':', ';']);
            if path.contains("/x.rs") {
                continue;
            }
            let real = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
            let in_report = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/report").join(path);
            assert!(real.exists() || in_report.exists(), "{document} names {path}");
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

#[test]
fn no_test_is_ignored_in_ci_for_want_of_a_tool() {
    let missing: &[&str] = &tools::missing!();
    assert!(missing.is_empty() || env::var_os("CI").is_none(), "CI lacks tools that tests need: {missing:#?}");
    for reason in missing {
        // Not with `eprintln!`: libtest hides what a passing test prints with it.
        let _ = writeln!(io::stderr(), "tests that need it are ignored: {reason}");
    }
}
