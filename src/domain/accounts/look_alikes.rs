//! Warnings about people whose address or name looks like another's. They are not refused, since both may be genuine.
//!
//! Two texts look alike if they have the same skeleton (UTS #39 §4), compared without regard to case.

use std::collections::HashMap;

use room::{Party, address, visible::is_ignorable};
use unicode_security::{MixedScript, mixed_script::AugmentedScriptSet, skeleton};

use crate::{
    app::App,
    db::{self, users::User},
    error::Result,
};

/// How many others are named at most.
const NAMED: usize = 3;

/// The address and the name of an account or a party.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// The address of the person.
    pub email: &'a str,
    /// The name of the person.
    pub name: &'a str,
}

impl<'a> From<&'a User> for Person<'a> {
    fn from(user: &'a User) -> Self {
        Self { email: &user.email, name: &user.name }
    }
}

impl<'a> From<&'a Party> for Person<'a> {
    fn from(party: &'a Party) -> Self {
        Self { email: &party.email, name: &party.name }
    }
}

/// The people among whom look-alikes are searched, by the skeletons of their addresses and names.
struct Crowd<'a> {
    /// What warnings call each of them: `account` or `party`.
    noun: &'static str,
    by_address: HashMap<String, Vec<Person<'a>>>,
    by_name: HashMap<String, Vec<Person<'a>>>,
}

/// Returns the warnings about each of these accounts, among all accounts.
pub async fn of_accounts(app: &App, accounts: &[User]) -> Result<Vec<Vec<String>>> {
    let all = app.db.read(async |tx| db::users::list(tx).await).await?;
    let crowd = Crowd::new("account", all.iter().map(Person::from));
    Ok(accounts.iter().map(|user| crowd.warnings(user.into())).collect())
}

/// Returns what looks odd about a name by itself. Not that it looks like another's: that would tell its owner who else has an
/// account, and is for admins to see.
pub fn of_name(name: &str) -> Vec<String> {
    odd("name", name)
}

/// Returns the warnings about each of these people, among the parties of one room.
pub fn among_parties<'a>(parties: &'a [Party], of: impl Iterator<Item = &'a Party>) -> Vec<Vec<String>> {
    // Not among accounts: a warning would tell a broker who adds a party who else has an account.
    let crowd = Crowd::new("party", parties.iter().map(Person::from));
    of.map(|party| crowd.warnings(party.into())).collect()
}

/// Returns for each party of a room the addresses of the others whose address or name looks like theirs, at most three.
pub fn resembled(parties: &[Party]) -> Vec<Vec<String>> {
    let crowd = Crowd::new("party", parties.iter().map(Person::from));
    let others_of = |party| {
        let person = Person::from(party);
        let mut others: Vec<_> =
            crowd.same_address(person).chain(crowd.same_name(person)).map(|other| other.email.to_owned()).collect();
        others.sort_unstable();
        others.dedup();
        others.truncate(NAMED);
        others
    };
    parties.iter().map(others_of).collect()
}

impl<'a> Crowd<'a> {
    fn new(noun: &'static str, people: impl Iterator<Item = Person<'a>>) -> Self {
        let mut crowd = Self { noun, by_address: HashMap::new(), by_name: HashMap::new() };
        for person in people {
            crowd.by_address.entry(look_of(&address::in_unicode(person.email))).or_default().push(person);
            crowd.by_name.entry(look_of(person.name)).or_default().push(person);
        }
        crowd
    }

    /// Returns what looks odd about a person, in sentences.
    fn warnings(&self, person: Person<'_>) -> Vec<String> {
        let noun = self.noun;
        let mut warnings: Vec<_> = self
            .same_address(person)
            .take(NAMED)
            .map(|other| format!("the address looks like `{}`, and is another {noun}", other.email))
            .collect();
        let names = self.same_name(person).take(NAMED);
        warnings.extend(names.map(|other| {
            format!("the name looks like that of `{}`, and is written with other characters", other.email)
        }));
        let address = address::in_unicode(person.email);
        warnings.extend(odd("address", &address));
        warnings.extend(odd("name", person.name));
        warnings
    }

    /// Returns the others whose address looks the same without being the same.
    fn same_address<'b>(&'b self, person: Person<'b>) -> impl Iterator<Item = Person<'a>> + 'b {
        let others = self.by_address.get(&look_of(&address::in_unicode(person.email)));
        others.into_iter().flatten().copied().filter(move |other| !address::are_one(other.email, person.email))
    }

    /// Returns the others whose name looks the same and is spelled differently. People with the same name are common,
    /// and are not warned about.
    fn same_name<'b>(&'b self, person: Person<'b>) -> impl Iterator<Item = Person<'a>> + 'b {
        let others = self.by_name.get(&look_of(person.name));
        let spelled = spelling(person.name);
        others
            .into_iter()
            .flatten()
            .copied()
            .filter(move |other| spelling(other.name) != spelled && !address::are_one(other.email, person.email))
    }
}

/// Returns what looks odd about a text that is an address or a name.
fn odd(what: &str, text: &str) -> Vec<String> {
    let mixed = words(text).find(|word| mixes_scripts(word));
    let mixed = mixed.map(|word| format!("the {what} mixes letters of different scripts in `{word}`"));
    let unseen = text.chars().find(|c| is_ignorable(*c));
    let unseen = unseen.map(|c| format!("the {what} has a character that does not show, U+{:04X}", u32::from(c)));
    mixed.into_iter().chain(unseen).collect()
}

/// Returns a text's skeleton, without regard to case and to how wide its spaces are.
fn look_of(text: &str) -> String {
    // Lower case before and after: a skeleton depends on case, and has letters of its own that have two cases.
    spelling(&skeleton(&spelling(text)).collect::<String>())
}

/// Returns a text in lower case and with single spaces.
fn spelling(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !room::visible::is_mark(c)).filter(|word| !word.is_empty())
}

/// Returns whether the letters of a word are of scripts that are not written together.
fn mixes_scripts(word: &str) -> bool {
    if word.is_single_script() {
        return false;
    }
    // Latin letters are common within words of Chinese, Japanese and Korean, as UTS #39 §5.2 allows for them.
    let others: String = word.chars().filter(|c| !c.is_ascii_alphabetic()).collect();
    let AugmentedScriptSet { hanb, jpan, kore, .. } = AugmentedScriptSet::for_str(&others);
    !(hanb || jpan || kore)
}
