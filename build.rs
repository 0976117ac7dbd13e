//! Names the commit that the program is built from, for `--version`. A tree without `.git`, such as an unpacked archive,
//! has none.

use std::{fs, path::Path};

/// How many digits of the commit's hash are shown.
const DIGITS: usize = 12;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let version = env!("CARGO_PKG_VERSION");
    let version = match commit() {
        Some(commit) => format!("{version} ({commit})"),
        None => version.to_owned(),
    };
    println!("cargo::rustc-env=CLEARANCE_VERSION={version}");
}

/// Reads the commit from the files of git, which itself may not be installed. Cargo runs this again when they change.
fn commit() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let git = root.join(".git");
    // A worktree has a file that names its directory, which names in turn what all worktrees share.
    let own = match fs::read_to_string(&git) {
        Ok(text) => root.join(text.strip_prefix("gitdir:")?.trim()),
        Err(_) => git,
    };
    let shared = fs::read_to_string(own.join("commondir")).map_or_else(|_| own.clone(), |path| own.join(path.trim()));
    let head = read(&own.join("HEAD"))?;
    let hash = match head.strip_prefix("ref:").map(str::trim) {
        None => head,
        Some(branch) => read(&shared.join(branch)).or_else(|| packed(&shared.join("packed-refs"), branch))?,
    };
    let hash = hash.trim();
    (hash.len() >= DIGITS && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| hash[..DIGITS].to_owned())
}

fn read(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    println!("cargo::rerun-if-changed={}", path.display());
    Some(text)
}

/// Returns the hash of a branch among those that git has packed into one file.
fn packed(path: &Path, branch: &str) -> Option<String> {
    let text = read(path)?;
    text.lines().find_map(|line| Some(line.strip_suffix(branch)?.trim().to_owned()))
}
