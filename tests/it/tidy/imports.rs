//! Reads the imports of all crates of the workspace, as a graph of files.
//!
//! An import is a `use`, or a path in the code that begins with `crate`, `super`, `self`, a child module, or a crate of
//! the workspace. A path through a `pub use` counts as an import from the file in which it ends.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The crates of the workspace: the name in paths, and the folder of its sources.
pub(super) const CRATES: [(&str, &str); 6] = [
    ("sts_clearance", "src"),
    ("pdf", "crates/pdf/src"),
    ("preview", "crates/preview/src"),
    ("report", "crates/report/src"),
    ("room", "crates/room/src"),
    ("seal", "crates/seal/src"),
];

/// A module as a path: the name of its crate, and the names of the modules down to it.
type Module = Vec<String>;

/// An import: the file that has it, the file that it is taken from, and what is taken.
pub(super) struct Import {
    pub(super) by: String,
    pub(super) from: String,
    pub(super) what: String,
}

struct Source {
    /// The path relative to the workspace.
    path: String,
    tokens: Vec<String>,
}

/// The sources of all crates, and for each name of a `pub use` the path that it stands for.
struct Sources {
    modules: BTreeMap<Module, Source>,
    exports: BTreeMap<(Module, String), Module>,
}

/// Returns the imports of all source files, and the files.
pub(super) fn read(root: &Path) -> (Vec<Import>, Vec<String>) {
    let mut sources = Sources { modules: BTreeMap::new(), exports: BTreeMap::new() };
    for (name, folder) in CRATES {
        for path in super::files(folder, "rs") {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            let inside = relative.strip_prefix(folder).unwrap().trim_start_matches('/').trim_end_matches(".rs");
            let mut module: Module = [name].into_iter().chain(inside.split('/')).map(str::to_owned).collect();
            module.pop_if(|last| ["mod", "lib"].contains(&last.as_str()));
            let tokens = tokens(&fs::read_to_string(&path).unwrap());
            sources.modules.insert(module, Source { path: relative, tokens });
        }
    }
    let uses: BTreeMap<_, _> =
        sources.modules.iter().map(|(module, source)| (module.clone(), paths(&source.tokens))).collect();
    for (module, paths) in &uses {
        for path in paths.iter().filter(|path| path.is_exported) {
            if let Some(target) = sources.absolute(module, &path.names) {
                let name = path.alias.clone().unwrap_or_else(|| path.names.last().unwrap().clone());
                sources.exports.insert((module.clone(), name), target);
            }
        }
    }
    let mut imports = Vec::new();
    let mut seen = BTreeSet::new();
    for (module, paths) in &uses {
        for path in paths {
            let Some((from, what)) = sources.absolute(module, &path.names).and_then(|path| sources.file_of(&path))
            else {
                continue;
            };
            // A `pub use` of what is in a module's own folder is no import.
            let own = path.is_exported && from.starts_with(module);
            if from != *module && !own && seen.insert((module.clone(), from.clone(), what.clone())) {
                let name = |module| sources.modules[module].path.clone();
                imports.push(Import { by: name(module), from: name(&from), what });
            }
        }
    }
    (imports, sources.modules.into_values().map(|source| source.path).collect())
}

impl Sources {
    /// Returns the path from its crate on, or `None` if it does not lead into the workspace.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let mut base = module.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => base.truncate(1),
            "self" if path.get(1).is_none_or(|next| next != "super") => {}
            "self" | "super" => {
                rest = rest.strip_prefix(&["self".to_owned()]).unwrap_or(rest);
                while rest.first().is_some_and(|name| name == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
                return Some([&base[..], rest].concat());
            }
            first if self.modules.contains_key(&[&module[..], &[first.to_owned()]].concat()) => {
                return Some([&base[..], rest].concat());
            }
            first if CRATES.iter().any(|(name, _)| *name == first) => return Some(rest.to_vec()),
            _ => return None,
        }
        Some([&base[..], &rest[1..]].concat())
    }

    /// Returns the module in whose file a path ends, and what is taken from it.
    fn file_of(&self, path: &[String]) -> Option<(Module, String)> {
        let mut path = path.to_vec();
        // A `pub use` may lead to another; the limit of steps ends cycles.
        for _ in 0..8 {
            let length = (1..=path.len()).rev().find(|length| self.modules.contains_key(&path[..*length]))?;
            let (module, rest) = path.split_at(length);
            match rest.first().and_then(|name| self.exports.get(&(module.to_vec(), name.clone()))) {
                Some(target) if *target != path => path = [&target[..], &rest[1..]].concat(),
                _ => {
                    let what = if rest.is_empty() { "the module".to_owned() } else { rest.join("::") };
                    return Some((module.to_vec(), what));
                }
            }
        }
        None
    }
}

/// A path as it is written in the code.
struct Found {
    names: Vec<String>,
    alias: Option<String>,
    is_exported: bool,
}

/// Returns every path of a file: those of its `use` statements, taken apart, and those in the code.
fn paths(tokens: &[String]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    // The depth of braces, and the depths at which inline modules began, in which `super` leads to this file.
    let (mut depth, mut modules) = (0, Vec::new());
    while at < tokens.len() {
        let before = found.len();
        match tokens[at].as_str() {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                modules.pop_if(|began| *began == depth);
            }
            "mod" if tokens.get(at + 2).is_some_and(|next| next == "{") => modules.push(depth),
            // The path in `pub(in crate::db)` is a visibility, not an import.
            "pub" if tokens.get(at + 1).is_some_and(|next| next == "(") => {
                at += tokens[at..].iter().position(|token| token == ")").unwrap();
            }
            "use" => {
                let is_exported = at > 0 && ["pub", ")"].contains(&tokens[at - 1].as_str());
                let end = at + tokens[at..].iter().position(|token| token == ";").unwrap();
                take_apart(&tokens[at + 1..end], &[], is_exported, &mut found);
                at = end;
            }
            name if is_name(name) => {
                let mut names = vec![name.to_owned()];
                while tokens.get(at + 1).is_some_and(|next| next == "::")
                    && tokens.get(at + 2).is_some_and(|next| is_name(next))
                {
                    names.push(tokens[at + 2].clone());
                    at += 2;
                }
                if names.len() > 1 {
                    found.push(Found { names, alias: None, is_exported: false });
                }
            }
            _ => {}
        }
        for path in &mut found[before..] {
            outside(&mut path.names, modules.len());
        }
        at += 1;
    }
    found
}

/// Turns a path that is written inside inline modules, `modules` deep, into one as seen from the file.
fn outside(names: &mut Vec<String>, modules: usize) {
    let supers = names.iter().take(modules).take_while(|name| *name == "super").count();
    if supers > 0 {
        names.splice(..supers, if supers == modules { vec!["self".to_owned()] } else { Vec::new() });
    }
}

/// Takes the tree of a `use` statement apart into its paths.
fn take_apart(tree: &[String], before: &[String], is_exported: bool, found: &mut Vec<Found>) {
    let Some(open) = tree.iter().position(|token| token == "{") else {
        let (path, alias) = match tree.iter().position(|token| token == "as") {
            Some(at) => (&tree[..at], tree.get(at + 1).cloned()),
            None => (tree, None),
        };
        let mut names = before.to_vec();
        names.extend(path.iter().filter(|token| is_name(token)).cloned());
        // `a::{self}` is `a`. A glob counts as its module, since `*` is not a name.
        names.pop_if(|last| last == "self" && !before.is_empty());
        found.push(Found { names, alias, is_exported });
        return;
    };
    let before = [before, &tree[..open].iter().filter(|token| is_name(token)).cloned().collect::<Vec<_>>()].concat();
    let (mut depth, mut start) = (0, open + 1);
    for at in open..tree.len() {
        match tree[at].as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," if depth == 1 => {
                take_apart(&tree[start..at], &before, is_exported, found);
                start = at + 1;
            }
            _ => {}
        }
        if depth == 0 {
            if start < at {
                take_apart(&tree[start..at], &before, is_exported, found);
            }
            return;
        }
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Returns the names and punctuation of a source file, without comments, strings and characters.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' || rest.starts_with("r\"") || rest.starts_with("r#\"") || rest.starts_with("b\"") {
            string(rest)
        } else if first == '\'' {
            character(rest)
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            tokens.push(rest[..end].to_owned());
            end
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// Returns the length of the string literal at the beginning of the text.
fn string(text: &str) -> usize {
    let hashes = text.trim_start_matches(['r', 'b']).bytes().take_while(|byte| *byte == b'#').count();
    let Some(open) = text.find('"') else { return text.len() };
    let is_raw = text.starts_with('r');
    let end = format!("\"{}", "#".repeat(hashes));
    let mut at = open + 1;
    while at < text.len() {
        if text[at..].starts_with('\\') && !is_raw {
            at += 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8);
        } else if text[at..].starts_with(&end) {
            return at + end.len();
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Returns the length of the character literal at the beginning of the text, or of the quote of a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), _) => {
            2 + text[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(1, |(at, _)| at + 1)
        }
        (Some(_), Some((end, '\''))) => end + 1,
        _ => 1,
    }
}

/// Returns the import cycles: sets of files of which each leads to every other.
pub(super) fn circles(imports: &[Import]) -> Vec<BTreeSet<String>> {
    let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in imports {
        arrows.entry(&import.by).or_default().insert(&import.from);
    }
    let reached: BTreeMap<&str, BTreeSet<&str>> = arrows.keys().map(|file| (*file, reach(&arrows, file))).collect();
    let mut circles = BTreeSet::new();
    for (file, others) in &reached {
        let back = |other: &&&str| reached.get(**other).is_some_and(|back| back.contains(file));
        let circle: BTreeSet<String> = others.iter().filter(back).map(|other| (*other).to_owned()).collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

/// Returns every file that imports lead to from this one, in any number of steps.
fn reach<'a>(arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = arrows.get(from).into_iter().flatten().copied().collect();
    while let Some(file) = next.pop() {
        if reached.insert(file) {
            next.extend(arrows.get(file).into_iter().flatten());
        }
    }
    reached
}

/// Returns the folder of a file, relative to the workspace.
pub(super) fn folder(file: &str) -> PathBuf {
    Path::new(file).parent().unwrap().to_owned()
}
