//! Looks for the tools that tests need, and records which are missing and why. It downloads and installs nothing.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Programs on `PATH`, each with the Debian package that has it.
const PROGRAMS: &[(&str, &str)] = &[
    ("cc", "gcc"),
    ("curl", "curl"),
    ("openssl", "openssl"),
    ("pdfdetach", "poppler-utils"),
    ("pdfsig", "poppler-utils"),
    ("pdftoppm", "poppler-utils"),
    ("pdftotext", "poppler-utils"),
    ("prlimit", "util-linux"),
    ("qpdf", "qpdf"),
];

/// Modules of the Python that `STS_TEST_PYTHON` names, each with its package.
const MODULES: &[(&str, &str)] = &[("aiosmtpd", "aiosmtpd"), ("page", "page-validation"), ("pyhanko", "pyhanko")];

/// The files of a tool, or the reason why it cannot be used.
type Found = Result<Vec<PathBuf>, String>;

fn main() {
    let mut tools: Vec<(&str, Found)> = Vec::new();
    for (name, package) in PROGRAMS {
        let found = program(name).ok_or_else(|| format!("{name} is not installed (Debian: {package})"));
        tools.push((name, found.map(|file| vec![file])));
    }
    tools.push(("postgres", postgres()));
    tools.push(("browser", browser()));
    tools.push(("fonts", directory_with("/usr/share/fonts/truetype", None)));
    tools.push(("cjk_fonts", directory_with("/usr/share/fonts/opentype/noto", Some("NotoSansCJK-Regular.ttc"))));
    for (name, package) in MODULES {
        tools.push((name, module(name, package)));
    }

    println!("cargo::rerun-if-changed=build.rs");
    for variable in ["STS_TEST_POSTGRES_URL", "STS_TEST_CHROMIUM", "STS_TEST_PYTHON"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let rows: Vec<_> = tools.iter().map(|(name, found)| (name, found.as_ref().err())).collect();
    for path in tools.iter().filter_map(|(_, found)| found.as_ref().ok()).flatten() {
        watch(path);
    }
    // Look again when something may have been installed. If nothing is missing, another `PATH` makes no difference.
    if rows.iter().any(|(_, missing)| missing.is_some()) {
        println!("cargo::rerun-if-env-changed=PATH");
        search_path().filter(|directory| directory.is_dir()).for_each(|directory| watch(&directory));
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("found.rs");
    fs::write(out, format!("const TOOLS: &[Tool] = &{rows:?};")).expect("the directory is there");
}

fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

fn search_path() -> impl Iterator<Item = PathBuf> {
    env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>().into_iter()
}

fn program(name: &str) -> Option<PathBuf> {
    search_path().map(|directory| directory.join(name)).find(|file| file.is_file())
}

/// Returns no files if a server is given, else the programs with which tests start their own. They are looked for in
/// the same places as in `harness/postgres.rs`.
fn postgres() -> Found {
    if env::var_os("STS_TEST_POSTGRES_URL").is_some() {
        return Ok(Vec::new());
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let directories = versions.map(|version| version.path().join("bin")).chain(search_path());
    let mut programs = directories.map(|directory| vec![directory.join("initdb"), directory.join("postgres")]);
    let found = programs.find(|both| both.iter().all(|program| program.is_file()));
    found.ok_or_else(|| "neither is PostgreSQL installed nor STS_TEST_POSTGRES_URL set".to_owned())
}

fn browser() -> Found {
    let node = program("node").ok_or("node is not installed (Debian: nodejs)")?;
    let chromium = env::var_os("STS_TEST_CHROMIUM").map_or_else(|| "/usr/bin/chromium".into(), PathBuf::from);
    if !chromium.is_file() {
        return Err(format!("there is no {} (Debian: chromium)", chromium.display()));
    }
    let browser = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("browser");
    let driver = browser.join("node_modules/playwright-core/package.json");
    if driver.is_file() {
        return Ok(vec![node, chromium, driver]);
    }
    watch(&browser);
    Err("`npm ci --prefix tests/browser` was not run".to_owned())
}

/// Returns this file of the directory, or without a file the directory, which must not be empty.
fn directory_with(directory: &str, file: Option<&str>) -> Found {
    let path = file.map_or_else(|| PathBuf::from(directory), |file| Path::new(directory).join(file));
    let is_there =
        if file.is_some() { path.is_file() } else { fs::read_dir(&path).is_ok_and(|mut in_it| in_it.next().is_some()) };
    if is_there { Ok(vec![path]) } else { Err(format!("there is no {}", path.display())) }
}

fn module(name: &str, package: &str) -> Found {
    let python: Option<OsString> = env::var_os("STS_TEST_PYTHON");
    let python = python.ok_or_else(|| format!("STS_TEST_PYTHON names no Python with {package}"))?;
    let mut import = Command::new(&python);
    import.args(["-c", &format!("import {name}")]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if import.status().is_ok_and(|status| status.success()) {
        return Ok(vec![python.into()]);
    }
    Err(format!("{} has no {package}", Path::new(&python).display()))
}
