//! The roles of one person: on the platform one, in a room one or several.

use std::{fmt, str::FromStr};

use crate::{NotAWord, Role};

/// What one person is in a room, or on the platform: at least one role, each once, in the order of [`Role::ALL`].
///
/// What is open to one of the roles is open to the person. Each action is done in one of them, which its entry names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Roles(u8);

impl Role {
    /// Returns somebody who has the role, in words: `an owner`.
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Owner => "an owner",
            Self::Broker => "a broker",
            Self::Charterer => "a charterer",
            Self::Seller => "a seller",
            Self::Buyer => "a buyer",
            Self::Admin => "an admin",
        }
    }
}

/// Between the words in the database.
const BETWEEN: char = '|';

impl From<Role> for Roles {
    fn from(role: Role) -> Self {
        Self(1 << role as u8)
    }
}

impl Roles {
    /// Returns all of these roles. `None` if there are none.
    pub fn of(roles: impl IntoIterator<Item = Role>) -> Option<Self> {
        let all = roles.into_iter().fold(0, |all, role| all | Self::from(role).0);
        (all != 0).then_some(Self(all))
    }

    /// Returns the roles of a list as a log has it: in their order, each once. `None` if it is another list.
    pub fn listed(roles: &[Role]) -> Option<Self> {
        Self::of(roles.iter().copied()).filter(|all| all.iter().eq(roles.iter().copied()))
    }

    /// Returns the roles in a room of somebody with this role on the platform and these as a party: `Admin` for an
    /// admin, otherwise the party's, if they are one.
    pub fn in_room(account: Role, party: Option<Self>) -> Option<Self> {
        match (account, party) {
            (Role::Admin, _) => Some(Role::Admin.into()),
            // An admin who opens a room becomes a party with that role. It must not outlast the role on the platform.
            (_, party) => party.and_then(|roles| Self::of(roles.iter().filter(|role| *role != Role::Admin))),
        }
    }

    /// Returns the roles in their order.
    pub fn iter(self) -> impl Iterator<Item = Role> + Clone {
        Role::ALL.into_iter().filter(move |role| self.contains(*role))
    }

    /// Returns whether this is one of the roles.
    pub fn contains(self, role: Role) -> bool {
        self.0 & Self::from(role).0 != 0
    }

    /// Returns the first of the roles in their order, which stands for all where there is room for one only.
    pub fn first(self) -> Role {
        // At least one bit is set, and none beyond those of the roles.
        Role::ALL[self.0.trailing_zeros() as usize]
    }

    /// Returns whether there are more than one.
    pub fn are_several(self) -> bool {
        self.iter().nth(1).is_some()
    }

    /// Returns the words of the roles in their order.
    pub fn words(self) -> Vec<&'static str> {
        self.iter().map(Role::word).collect()
    }
}

/// As the database has them: the words with a bar between them.
impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, word) in self.words().into_iter().enumerate() {
            if at > 0 {
                write!(f, "{BETWEEN}")?;
            }
            f.write_str(word)?;
        }
        Ok(())
    }
}

impl FromStr for Roles {
    type Err = NotAWord;

    fn from_str(words: &str) -> Result<Self, NotAWord> {
        let roles = words.split(BETWEEN).map(str::parse).collect::<Result<Vec<Role>, _>>()?;
        Self::of(roles).ok_or(NotAWord)
    }
}
