//! The structure of the document for assistive technology: grown during layout, filled by drawing.

use std::num::NonZeroU16;

use krilla::tagging::{Identifier, Node, TableHeaderScope, Tag, TagGroup, TagKind, TagTree};

/// An element of the structure; in an untagged document all elements are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Element(usize);

impl Element {
    /// The document itself.
    pub(super) const ROOT: Self = Self(0);
}

/// What an element is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Document,
    Heading(NonZeroU16, String),
    Paragraph,
    Table,
    TableHead,
    TableBody,
    Row,
    ColumnHeader,
    RowHeader,
    Cell,
}

/// The structure of a document, or nothing where it is not tagged.
#[derive(Debug)]
pub(super) struct Structure {
    tagged: bool,
    elements: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    kind: Kind,
    children: Vec<Element>,
    content: Vec<Identifier>,
}

impl Structure {
    /// An empty document.
    pub(super) fn new(tagged: bool) -> Self {
        Self { tagged, elements: vec![Entry::new(Kind::Document)] }
    }

    /// Whether the document is tagged at all.
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

    /// Says that what was drawn under `identifier` belongs to `element`.
    pub(super) fn fill(&mut self, element: Element, identifier: Identifier) {
        self.elements[element.0].content.push(identifier);
    }

    /// The structure in the form of the PDF writer.
    pub(super) fn into_tree(mut self, language: &str) -> TagTree {
        let children = std::mem::take(&mut self.elements[0].children);
        let nodes = children.into_iter().map(|child| Node::Group(self.group(child))).collect();
        TagTree { children: nodes, lang: Some(language.to_owned()) }
    }

    fn group(&mut self, element: Element) -> TagGroup {
        let entry = &mut self.elements[element.0];
        let (children, content) = (std::mem::take(&mut entry.children), std::mem::take(&mut entry.content));
        let mut group = TagGroup::new(entry.kind.tag());
        group.children.extend(content.into_iter().map(Node::Leaf));
        for child in children {
            group.children.push(Node::Group(self.group(child)));
        }
        group
    }
}

impl Entry {
    fn new(kind: Kind) -> Self {
        Self { kind, children: Vec::new(), content: Vec::new() }
    }
}

impl Kind {
    fn tag(&self) -> TagKind {
        match self {
            Self::Document => Tag::Div.into(),
            Self::Heading(level, title) => Tag::Hn(*level, Some(title.clone())).into(),
            Self::Paragraph => Tag::P.into(),
            Self::Table => Tag::Table.into(),
            Self::TableHead => Tag::THead.into(),
            Self::TableBody => Tag::TBody.into(),
            Self::Row => Tag::TR.into(),
            Self::ColumnHeader => Tag::TH(TableHeaderScope::Column).into(),
            Self::RowHeader => Tag::TH(TableHeaderScope::Row).into(),
            Self::Cell => Tag::TD.into(),
        }
    }
}
