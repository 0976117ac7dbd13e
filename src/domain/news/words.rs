//! What is said of matters: one sentence each, of those that are not settled yet.

use std::collections::HashSet;

use jiff::tz::TimeZone;
use room::{DocumentId, DocumentState, NewsKind, NoticeState, RoomState, VesselId, clocks, sentence::count};

use super::{
    following::{is_notice_due, open_gate},
    matters::{Matter, Waits, is_missing, party_of, providers},
};
use crate::domain::mail::{
    told::{About, NewsItem},
    zones,
};

/// How many papers are named one by one.
const NAMED: usize = 8;

/// Who tells one person of matters in a room.
pub(super) struct Teller<'a> {
    pub(super) state: &'a RoomState,
    /// The address of who is told.
    pub(super) email: &'a str,
    /// Their time zone.
    pub(super) zone: &'a TimeZone,
}

impl Teller<'_> {
    /// Returns what is said of matters that came one after another, without what was settled since, each once: first what
    /// is wanted, then what happened.
    pub(super) fn items(&self, matters: &[Matter]) -> Vec<NewsItem> {
        let waits = Waits::of(self.state, self.email);
        let is_open = |matter: &Matter| self.is_open(matter, &waits);
        let (mut said, mut papers, mut items) = (HashSet::new(), Vec::new(), Vec::new());
        // The newest of what is about the same is told.
        for matter in matters.iter().rev().filter(|matter| is_open(matter)) {
            match matter {
                Matter::Papers { documents, .. } => papers.extend(documents.iter().copied()),
                Matter::Eta { .. } => {}
                _ if !said.insert(Key::of(matter)) => {}
                _ => items.extend(self.item(matter)),
            }
        }
        items.reverse();
        items.extend(self.papers(&papers));
        items.extend(self.eta(matters));
        items.sort_by_key(|item| item.about);
        items
    }

    /// Returns whether a matter is not settled yet.
    fn is_open(&self, matter: &Matter, waits: &Waits) -> bool {
        match matter {
            Matter::Decision { document, .. } => waits.documents.contains(document),
            Matter::Reply { vessel, .. } => waits.vessels.contains(vessel),
            Matter::Papers { .. } | Matter::Eta { .. } => true,
            Matter::Rejected { document, version, .. } => self.document(*document).is_some_and(|paper| {
                paper.in_force().is_some_and(|state| state.version.number == *version && state.rejection().is_some())
            }),
            Matter::Gate { phase } => open_gate(self.state) == Some(*phase),
            Matter::Notice {} => is_notice_due(self.state),
        }
    }

    fn item(&self, matter: &Matter) -> Option<NewsItem> {
        let room = &self.state.room;
        let page = |tab: &str| format!("/rooms/{}/{tab}", room.id);
        let item = |about, text, path| Some(NewsItem { about, text, path });
        match matter {
            Matter::Decision { document, by } => {
                let (paper, by) = (self.document(*document)?, self.name(by));
                let (title, number) = (self.state.title_of(&paper.slot), paper.in_force()?.version.number);
                let text = format!("Your decision is wanted on {title}, version {number}, which {by} uploaded.");
                item(About::Decision, text, page(&format!("documents/{document}")))
            }
            Matter::Reply { vessel, .. } => {
                let name = &self.state.vessel(*vessel)?.details.name;
                let text = format!("Your reply on {name} is wanted: whether she is cleared.");
                item(About::Reply, text, page(&format!("clearance/{vessel}")))
            }
            Matter::Rejected { document, version, comment, by } => {
                let title = self.state.title_of(&self.document(*document)?.slot);
                let why = comment.as_ref().map_or_else(|| ".".into(), |comment| format!(": “{comment}”"));
                let text = format!("{} rejected {title}, version {version}{why}", self.name(by));
                item(About::Rejected, text, page(&format!("documents/{document}")))
            }
            Matter::Gate { phase } => {
                let phase = phase.word().replace('_', " ");
                let text = format!(
                    "Nothing keeps the STS operation from its next phase, {phase}, any more: you can enter it."
                );
                item(About::Gate, text, page("phase"))
            }
            Matter::Notice {} => item(About::Notice, self.notice()?, page("documents")),
            Matter::Papers { .. } | Matter::Eta { .. } => None,
        }
    }

    fn notice(&self) -> Option<String> {
        let notice = clocks::of_room(self.state, clocks::KEPT_AT_LEAST_YEARS).coastal_notice?;
        let due = zones::in_words(notice.due_at, self.zone);
        Some(match notice.state {
            NoticeState::Revise => {
                "The notice to the coastal State has to be revised: the ETA has moved by more than six hours.".into()
            }
            NoticeState::Overdue => format!("The notice to the coastal State was due {due}, and has not been given."),
            _ => format!("The notice to the coastal State is due {due}."),
        })
    }

    /// Returns what is said of papers that are wanted, as far as they still are.
    fn papers(&self, wanted: &[DocumentId]) -> Option<NewsItem> {
        let is_mine =
            |paper: &DocumentState| providers(self.state, paper).iter().any(|party| party.email == self.email);
        let papers = self.state.documents.iter();
        let papers = papers.filter(|paper| wanted.contains(&paper.slot.id) && is_missing(paper) && is_mine(paper));
        let titles: Vec<_> = papers.map(|paper| self.state.title_of(&paper.slot)).collect();
        let text = match &titles[..] {
            [] => return None,
            [title] => format!("A paper is wanted of you: {title}."),
            titles if titles.len() <= NAMED => {
                format!("{} papers are wanted of you: {}.", titles.len(), titles.join("; "))
            }
            titles => {
                let (named, more) = (titles[..NAMED].join("; "), titles.len() - NAMED);
                format!("{} papers are wanted of you: {named}; and {more} more.", titles.len())
            }
        };
        let path = format!("/rooms/{}/documents?show=missing", self.state.room.id);
        Some(NewsItem { about: About::Papers, text, path })
    }

    /// Returns by how much the ETA moved with all moves together; nothing if it is where it was.
    fn eta(&self, matters: &[Matter]) -> Option<NewsItem> {
        let mut moves = matters.iter().filter_map(|matter| match matter {
            Matter::Eta { from, to, by } => Some((*from, *to, by)),
            _ => None,
        });
        let (from, mut to, mut by) = moves.next()?;
        for (_, later, who) in moves {
            (to, by) = (later, who);
        }
        let [was, is] = [from, to].map(|at| zones::in_words(at, self.zone));
        let text = format!("{} moved the ETA to {is}; it was {was}.", self.name(by));
        let path = format!("/rooms/{}/documents", self.state.room.id);
        (from != to).then_some(NewsItem { about: About::Eta, text, path })
    }

    fn document(&self, id: DocumentId) -> Option<&DocumentState> {
        self.state.documents.iter().find(|paper| paper.slot.id == id)
    }

    /// Returns the name of somebody, by address, in the room; the address if they are no party.
    fn name<'a>(&'a self, email: &'a str) -> &'a str {
        party_of(self.state, email).map_or(email, |party| &party.name)
    }
}

/// What distinguishes matters of which the newest alone is told.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Decision(DocumentId),
    Reply(VesselId),
    Rejection(DocumentId, &'a str),
    Other(NewsKind),
}

impl<'a> Key<'a> {
    fn of(matter: &'a Matter) -> Self {
        match matter {
            Matter::Decision { document, .. } => Self::Decision(*document),
            Matter::Reply { vessel, .. } => Self::Reply(*vessel),
            Matter::Rejected { document, by, .. } => Self::Rejection(*document, by),
            Matter::Papers { .. } | Matter::Eta { .. } | Matter::Gate { .. } | Matter::Notice {} => {
                Self::Other(matter.kind())
            }
        }
    }
}

/// Returns what a mail with these items is about, in a few words: `2 decisions wanted, ETA moved`.
pub(super) fn subject(items: &[NewsItem]) -> String {
    let mut parts: Vec<String> = Vec::new();
    for of_kind in items.chunk_by(|one, other| one.about == other.about) {
        let number = of_kind.len() as u64;
        parts.push(match of_kind[0].about {
            About::Reply if number == 1 => "your reply is wanted".into(),
            About::Reply => format!("{number} replies wanted"),
            About::Decision if number == 1 => "your decision is wanted".into(),
            About::Decision => format!("{number} decisions wanted"),
            About::Papers => "papers wanted".into(),
            About::Rejected => format!("{} rejected", count(number, "paper")),
            About::Notice => "notice due".into(),
            About::Gate => "next phase open".into(),
            About::Eta => "ETA moved".into(),
        });
    }
    parts.join(", ")
}
