//! The structure of the document for assistive technology: layout builds it, and drawing fills it.

use std::num::NonZeroU16;

use krilla::tagging::{Identifier, Node, TableHeaderScope, Tag, TagGroup, TagKind, TagTree};

/// An element of the structure. In an untagged document all elements are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element(usize);

impl Element {
    /// The document itself, which all others are in.
    pub(super) const ROOT: Self = Self(0);
}

/// The type of an element (ISO 32000-1, 14.8.4).
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Document,
    Heading(NonZeroU16, String),
    Paragraph,
    Table,
    Caption,
    TableHead,
    TableBody,
    Row,
    ColumnHeader,
    RowHeader,
    Cell,
    Link,
}

/// The structure of a document. It stays empty if the document is not tagged.
#[derive(Debug)]
pub(super) struct Structure {
    tagged: bool,
    elements: Vec<Entry>,
}

/// An element with its children, and what was drawn of it.
#[derive(Debug)]
struct Entry {
    kind: Kind,
    children: Vec<Element>,
    content: Vec<Identifier>,
    leads_somewhere: bool,
}

impl Structure {
    /// Returns the structure of an empty document.
    pub(super) fn new(tagged: bool) -> Self {
        Self { tagged, elements: vec![Entry::new(Kind::Document)] }
    }

    /// Whether the document is tagged.
    pub(super) fn is_tagged(&self) -> bool {
        self.tagged
    }

    /// Adds an element at the end of `parent`.
    pub(super) fn add(&mut self, parent: Element, kind: Kind) -> Element {
        if !self.tagged {
            return Element::ROOT;
        }
        let element = Element(self.elements.len());
        self.elements.push(Entry::new(kind));
        self.elements[parent.0].children.push(element);
        element
    }

    /// Records that what was drawn under `identifier` belongs to `element`.
    pub(super) fn fill(&mut self, element: Element, identifier: Identifier) {
        self.elements[element.0].content.push(identifier);
    }

    /// Records that the annotation `identifier` is the link that `element` is.
    pub(super) fn lead(&mut self, element: Element, identifier: Identifier) {
        self.fill(element, identifier);
        self.elements[element.0].leads_somewhere = true;
    }

    /// Returns the structure in the form of the PDF writer.
    pub(super) fn into_tree(mut self, language: &str) -> TagTree {
        // Taken out and not cloned: a report has many thousand elements.
        let children = std::mem::take(&mut self.elements[0].children);
        let nodes = children.into_iter().map(|child| Node::Group(self.group(child))).collect();
        TagTree { children: nodes, lang: Some(language.to_owned()) }
    }

    fn group(&mut self, element: Element) -> TagGroup {
        let entry = &mut self.elements[element.0];
        let (children, content) = (std::mem::take(&mut entry.children), std::mem::take(&mut entry.content));
        // A link whose place is not drawn is text like any other (ISO 14289-1, 7.18.5).
        let tag = if matches!(entry.kind, Kind::Link) && !entry.leads_somewhere {
            Tag::Span.into()
        } else {
            entry.kind.tag()
        };
        let mut group = TagGroup::new(tag);
        group.children.extend(content.into_iter().map(Node::Leaf));
        for child in children {
            group.children.push(Node::Group(self.group(child)));
        }
        group
    }
}

impl Entry {
    fn new(kind: Kind) -> Self {
        Self { kind, children: Vec::new(), content: Vec::new(), leads_somewhere: false }
    }
}

impl Kind {
    fn tag(&self) -> TagKind {
        match self {
            // Never asked for: `into_tree` hands the children over, and the writer puts them into a document of its own.
            Self::Document => Tag::Div.into(),
            Self::Heading(level, title) => Tag::Hn(*level, Some(title.clone())).into(),
            Self::Paragraph => Tag::P.into(),
            Self::Table => Tag::Table.into(),
            Self::Caption => Tag::Caption.into(),
            Self::TableHead => Tag::THead.into(),
            Self::TableBody => Tag::TBody.into(),
            Self::Row => Tag::TR.into(),
            Self::ColumnHeader => Tag::TH(TableHeaderScope::Column).into(),
            Self::RowHeader => Tag::TH(TableHeaderScope::Row).into(),
            Self::Cell => Tag::TD.into(),
            Self::Link => Tag::Link.into(),
        }
    }
}
