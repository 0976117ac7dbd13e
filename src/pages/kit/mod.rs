//! What pages are made of: the layout around each, fields of forms and how they are submitted, chips, links between the
//! parts of a list, and the words for what a program names. Every page may use it; it uses no page.

pub(crate) mod assets;
pub(crate) mod chip;
pub(crate) mod field;
pub(crate) mod layout;
pub(crate) mod link;
pub(crate) mod paging;
pub(crate) mod portion;
pub(crate) mod sentence;
pub(crate) mod show;
pub(crate) mod submit;
pub(crate) mod way;
pub(crate) mod who;
pub(crate) mod words;
