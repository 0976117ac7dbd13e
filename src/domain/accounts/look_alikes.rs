//! People whose address or name looks like another's: warned about, and not refused, since both may be genuine.
//!
//! What looks alike has the same skeleton (UTS #39, section 4), compared without regard to case.

use std::collections::HashMap;

use room::{Party, address, visible::is_ignorable};
use unicode_security::{MixedScript, mixed_script::AugmentedScriptSet, skeleton};

use crate::{
    app::App,
    db::{self, users::User},
    error::Result,
};

/// How many others one warning names.
const NAMED: usize = 3;

/// Somebody by address and name.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Address.
    pub email: &'a str,
    /// Name.
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

/// People among whom look-alikes are sought, by the skeletons of their addresses and names.
struct Crowd<'a> {
    /// What each of them is: `account` or `party`.
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

/// Returns the warnings about each of these people, among the parties of one room. Accounts are not compared with:
/// whoever adds parties would learn who else has one.
pub fn among_parties<'a>(parties: &'a [Party], of: impl Iterator<Item = &'a Party>) -> Vec<Vec<String>> {
    let crowd = Crowd::new("party", parties.iter().map(Person::from));
    of.map(|party| crowd.warnings(party.into())).collect()
}

/// Returns, for each of the parties of a room, the addresses of the others whose address or name looks like theirs, three at
/// most.
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

    /// What looks odd about somebody.
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
        for (what, text) in [("address", &*address), ("name", person.name)] {
            if let Some(word) = words(text).find(|word| mixes_scripts(word)) {
                warnings.push(format!("the {what} mixes letters of different scripts in `{word}`"));
            }
            let unseen: Vec<_> = text.chars().filter(|c| is_ignorable(*c)).collect();
            if let Some(c) = unseen.first() {
                warnings.push(format!("the {what} has a character that does not show, U+{:04X}", u32::from(*c)));
            }
        }
        warnings
    }

    /// Others whose address looks the same and is not.
    fn same_address<'b>(&'b self, person: Person<'b>) -> impl Iterator<Item = Person<'a>> + 'b {
        let others = self.by_address.get(&look_of(&address::in_unicode(person.email)));
        others.into_iter().flatten().copied().filter(move |other| !address::are_one(other.email, person.email))
    }

    /// Others whose name looks the same and is spelled otherwise. Namesakes are not warned about.
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

/// What a text looks like: its skeleton, without regard to case and to how wide its spaces are.
fn look_of(text: &str) -> String {
    spelling(&skeleton(&spelling(text)).collect::<String>())
}

/// A text without regard to case and to how wide its spaces are.
fn spelling(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !room::visible::is_mark(c)).filter(|word| !word.is_empty())
}

/// Whether the letters of a word are of scripts that are not written together. Latin letters are common in words of
/// Chinese, Japanese and Korean.
fn mixes_scripts(word: &str) -> bool {
    if word.is_single_script() {
        return false;
    }
    let others: String = word.chars().filter(|c| !c.is_ascii_alphabetic()).collect();
    let AugmentedScriptSet { hanb, jpan, kore, .. } = AugmentedScriptSet::for_str(&others);
    !(hanb || jpan || kore)
}
