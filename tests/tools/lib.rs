//! `#[needs(openssl)]` above a test: if the tool is missing, the test is ignored, with the reason.
//!
//! Whether libtest ignores a test is decided when it is compiled, so the build script looks for the tools. It runs
//! again when a tool that it found goes away, and, while one is missing, when `PATH` or a directory on it changes.

use std::iter::Peekable;

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree, token_stream};

/// A tool that a test may need: its name in `#[needs(…)]`, and the reason if it cannot be used.
type Tool = (&'static str, Option<&'static str>);

// Defines `TOOLS: &[Tool]`, which the build script wrote.
include!(concat!(env!("OUT_DIR"), "/found.rs"));

/// Ignores the test below if one of these tools is missing: `#[needs(openssl, curl)]`. It has to stand above `#[test]`:
/// attributes are expanded from the top down, and `#[test]` has to find the `#[ignore]` that this one adds.
#[proc_macro_attribute]
pub fn needs(tools: TokenStream, test: TokenStream) -> TokenStream {
    let mut reasons = Vec::new();
    for name in tools.into_iter().filter(|token| matches!(token, TokenTree::Ident(_))) {
        match TOOLS.iter().find(|(known, _)| *known == name.to_string()) {
            Some((_, missing)) => reasons.extend(*missing),
            None => return refuse(&format!("tests/tools/build.rs does not look for `{name}`")),
        }
    }
    if !is_test(&test) {
        return refuse("`#[needs(…)]` stands above `#[test]`");
    }
    if reasons.is_empty() {
        return test;
    }
    let reason = [ident("ignore"), punct('='), Literal::string(&reasons.join("; ")).into()];
    [punct('#'), group(Delimiter::Bracket, reason)].into_iter().chain(test).collect()
}

/// Expands to the reasons why tests are ignored on this machine, as a `[&str; N]`, empty if every tool was found.
#[proc_macro]
pub fn missing(_: TokenStream) -> TokenStream {
    let reasons = TOOLS.iter().filter_map(|(_, missing)| *missing);
    let elements = reasons.flat_map(|reason| [Literal::string(reason).into(), punct(',')]);
    TokenStream::from(group(Delimiter::Bracket, elements))
}

/// Returns whether the item has a `#[test]`, `#[tokio::test]` or the like that has not been expanded yet.
fn is_test(item: &TokenStream) -> bool {
    let mut tokens = item.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        if matches!(&token, TokenTree::Punct(mark) if mark.as_char() == '#') && names_test(&mut tokens) {
            return true;
        }
    }
    false
}

/// Returns whether the next tokens are brackets with `test`, `tokio::test` or `tokio::test(…)`.
fn names_test(tokens: &mut Peekable<token_stream::IntoIter>) -> bool {
    let Some(TokenTree::Group(attribute)) = tokens.peek() else { return false };
    let path = attribute.stream().into_iter().take_while(|token| !matches!(token, TokenTree::Group(_)));
    attribute.delimiter() == Delimiter::Bracket && path.last().is_some_and(|word| word.to_string() == "test")
}

fn refuse(reason: &str) -> TokenStream {
    let said = group(Delimiter::Parenthesis, [Literal::string(reason).into()]);
    [ident("compile_error"), punct('!'), said, punct(';')].into_iter().collect()
}

fn ident(name: &str) -> TokenTree {
    Ident::new(name, Span::call_site()).into()
}

fn punct(mark: char) -> TokenTree {
    Punct::new(mark, Spacing::Alone).into()
}

fn group(delimiter: Delimiter, tokens: impl IntoIterator<Item = TokenTree>) -> TokenTree {
    Group::new(delimiter, tokens.into_iter().collect()).into()
}
