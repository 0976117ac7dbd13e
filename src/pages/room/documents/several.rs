//! Decisions on several documents at once: those that are selected in the list, by forms that need no script. Each decision
//! is made by itself, so that what has changed meanwhile keeps none of the others back.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use maud::{Markup, html};
use room::{DocumentId, DocumentState, Version, VersionId, visible::shows_something};

use super::{filter::DocumentQuery, shown::List};
use crate::{
    app::App,
    domain::documents::decisions::{self, NewRejection, Word},
    error::{Error, FieldError, Result},
    http::{Caller, Form, InRoom, Query, sentence},
    pages::{
        kit::{
            field::{Field, Filled},
            show::count,
        },
        room::frame::{Room, Tab},
    },
    policy::Action::{DocumentApprove, DocumentReject},
};

/// On how many documents one form decides at most.
const MOST_AT_ONCE: usize = 100;

impl List<'_> {
    /// Returns the version of a document that can be selected, to decide on it together with others.
    fn selectable<'a>(&self, document: &'a DocumentState) -> Option<&'a Version> {
        let decides = self.caller.may(DocumentApprove) || self.caller.may(DocumentReject);
        let in_force = document.in_force().filter(|_| self.is_open() && decides)?;
        let is_own = document.is_own(&self.room.state.parties, &self.caller.user.email);
        (!is_own).then_some(&in_force.version)
    }

    /// Returns whether any document of the list can be selected.
    pub(super) fn selects(&self) -> bool {
        self.room.state.documents.iter().any(|document| self.lists(document) && self.selectable(document).is_some())
    }

    /// Returns the box that selects a document. It names the version that is shown: what comes meanwhile is another one.
    pub(super) fn render_box(&self, document: &DocumentState) -> Markup {
        html! {
            @if let Some(version) = self.selectable(document) {
                input.pick id={ "pick-" (version.id) } type="checkbox" form="several" name="paper" value=(version.id) data-pick
                    checked[self.query.pick && self.mine.contains(&document.slot.id)]
                    aria-label={ "Select " (self.room.state.title_of(&document.slot)) };
            }
        }
    }

    /// Returns the link that selects everything in the list that waits for the caller.
    pub(super) fn render_select_mine(&self) -> Markup {
        let mine = self.room.state.documents.iter().filter(|document| self.lists(document));
        let mine = mine.filter(|document| self.mine.contains(&document.slot.id)).count();
        let query = self.query.to_query();
        let joint = if query.is_empty() { '?' } else { '&' };
        html! {
            @if mine > 1 {
                p.select-mine { a href={ (self.path) (query) (joint) "pick=true" } data-pick-mine { "Select all " (mine) " that wait for me" } }
            }
        }
    }

    /// Returns the form that decides on what is selected. The script shows it once something is.
    pub(super) fn render_several(&self) -> Markup {
        let (query, filled) = (self.query.to_query(), Filled::default());
        html! {
            @if self.selects() {
                form.several id="several" method="post" action={ (self.path) "/approve" (query) } aria-label="Decide on what is selected" {
                    (filled.once())
                    span data-selected { "Of what is selected:" }
                    @if self.caller.may(DocumentApprove) { button type="submit" { "Approve all" } }
                    @if self.caller.may(DocumentReject) {
                        button.secondary type="submit" formaction={ (self.path) "/reject" (query) } { "Reject with reasons" }
                    }
                    button.quiet type="reset" data-unpick hidden { "Select none" }
                }
            }
        }
    }
}

/// A document that was selected, by the version that was examined.
struct Selected {
    document: DocumentId,
    version: VersionId,
    /// The name of the document, after that of its vessel.
    title: String,
    file: String,
}

impl Selected {
    /// Returns the name of the field of its own reason.
    fn reason_field(&self) -> String {
        format!("{}.reason", self.version)
    }
}

/// Returns what was selected in the list.
fn selected(room: &Room, form: &Form) -> Result<Vec<Selected>> {
    let named: Result<Vec<VersionId>, _> = form.all("paper").map(str::parse).collect();
    let named = named.map_err(|_| Error::Malformed("a paper is named by the id of its version".into()))?;
    if named.is_empty() {
        return Err(Error::conflict("nothing is selected; tick the documents to decide on first"));
    }
    if named.len() > MOST_AT_ONCE {
        let words = format!("{} documents are selected; at most {MOST_AT_ONCE} are decided on at once", named.len());
        return Err(Error::conflict(words));
    }
    let find = |id: &VersionId| {
        let of = |document: &&DocumentState| document.versions.iter().any(|state| state.version.id == *id);
        let document = room.state.documents.iter().find(of).ok_or(Error::NotFound("version"))?;
        let state = document.versions.iter().find(|state| state.version.id == *id).ok_or(Error::NotFound("version"))?;
        let (title, file) = (room.state.title_of(&document.slot), state.version.file_name.clone());
        Ok(Selected { document: document.slot.id, version: *id, title, file })
    };
    named.iter().map(find).collect()
}

pub(super) async fn submit_approvals(
    app: App,
    caller: Caller,
    room: InRoom,
    Query(query): Query<DocumentQuery>,
    form: Form,
) -> Result<Response> {
    let page = Page { room: Room::load(&app, room.id).await?, app, caller, query };
    let selected = match selected(&page.room, &form) {
        Ok(selected) => selected,
        Err(refused) => return page.refuse(&refused).await,
    };
    let words = selected.iter().map(|paper| (paper.document, Word::approving(paper.version))).collect();
    page.decide(&selected, words, &form, "approved").await
}

pub(super) async fn submit_rejections(
    app: App,
    caller: Caller,
    room: InRoom,
    Query(query): Query<DocumentQuery>,
    form: Form,
) -> Result<Response> {
    let page = Page { room: Room::load(&app, room.id).await?, app, caller, query };
    let selected = match selected(&page.room, &form) {
        Ok(selected) => selected,
        Err(refused) => return page.refuse(&refused).await,
    };
    // The list has no field for reasons: they are asked for first.
    if form.text("reason").is_none() {
        return Ok(page.ask_reasons(&selected, &Filled::default()));
    }
    match rejections(&selected, &form) {
        Ok(words) => page.decide(&selected, words, &form, "rejected").await,
        Err(refused) => Ok(page.ask_reasons(&selected, &Filled::refused(form, refused)?)),
    }
}

/// Returns the rejection of each, with its own reason or with that for all. Refused if one has none: then nothing is
/// decided.
fn rejections(selected: &[Selected], form: &Form) -> Result<Vec<(DocumentId, Word)>> {
    let mut faults = Vec::new();
    let mut words = Vec::new();
    for paper in selected {
        let own = form.line(&paper.reason_field());
        let reason = if shows_something(&own) { own } else { form.line("reason") };
        if !shows_something(&reason) {
            faults.push(FieldError::new(&paper.reason_field(), "lacks a reason, and there is none for all"));
            continue;
        }
        match (NewRejection { version_id: Some(paper.version), reason }).word() {
            Ok(word) => words.push((paper.document, word)),
            Err(Error::Invalid(found)) => match Error::Invalid(found).under(&format!("{}.", paper.version)) {
                Error::Invalid(found) => faults.extend(found),
                other => return Err(other),
            },
            Err(other) => return Err(other),
        }
    }
    if faults.is_empty() { Ok(words) } else { Err(Error::Invalid(faults)) }
}

/// What every answer to such a form shows: the room, with the filter of the list.
struct Page {
    app: App,
    caller: Caller,
    room: Room,
    query: DocumentQuery,
}

impl Page {
    /// Makes the decisions, and leads back to the list. What was refused is told above it, row by row.
    async fn decide(
        self,
        selected: &[Selected],
        words: Vec<(DocumentId, Word)>,
        form: &Form,
        verdict: &str,
    ) -> Result<Response> {
        let (id, by) = (self.room.state.room.id, self.caller.actor());
        let outcomes = decisions::decide_each(&self.app, &by, id, words, form.once().as_ref()).await?;
        let refused: Vec<_> =
            selected.iter().zip(outcomes).filter_map(|(paper, outcome)| Some((paper, outcome.err()?))).collect();
        if refused.is_empty() {
            let path = format!("{}{}", self.room.path("/documents"), self.query.to_query());
            return Ok(Redirect::to(&path).into_response());
        }
        let done = count(selected.len() - refused.len(), "document");
        let told = html! {
            p { (sentence(&format!("{done} {verdict}; {} not", refused.len()))) " Look at each of these again:" }
            ul {
                @for (paper, why) in &refused {
                    li { a href=(self.room.path(&format!("/documents/{}", paper.document))) { (paper.title) } ": " (why_not(why)) }
                }
            }
        };
        // The list as it is after what was done.
        Self { room: Room::load(&self.app, id).await?, ..self }.tell(&told).await
    }

    /// Shows the list with why nothing was decided.
    async fn refuse(&self, why: &Error) -> Result<Response> {
        self.tell(&html! { p { (sentence(&why.detail())) } }).await
    }

    async fn tell(&self, told: &Markup) -> Result<Response> {
        let Self { app, caller, room, query } = self;
        let list = List::load(app, room, caller, query, std::iter::empty()).await?.render(None);
        let main = html! {
            div.refused role="alert" { (told) }
            (list)
        };
        Ok(room.page(caller, Tab::Documents, &main).status(StatusCode::CONFLICT).into_response())
    }

    /// Shows the form that asks for the reason of each rejection.
    fn ask_reasons(&self, selected: &[Selected], filled: &Filled) -> Response {
        let (path, query) = (self.room.path("/documents"), self.query.to_query());
        let names: Vec<_> = selected.iter().map(Selected::reason_field).collect();
        let known: Vec<_> = names.iter().map(String::as_str).collect();
        let main = html! {
            section.form-page aria-labelledby="several-title" {
                h2 id="several-title" { "Reject " (count(selected.len(), "document")) }
                (filled.summary(&known))
                form method="post" action={ (path) "/reject" (query) } {
                    (filled.once())
                    (Field::line("reason", "Reason for all that have none of their own").in_form("reject").area(filled))
                    @for (paper, name) in selected.iter().zip(&names) {
                        input type="hidden" name="paper" value=(paper.version);
                        (Field::line(name, &paper.title).in_form("reject").hint(&paper.file).area(filled))
                    }
                    p.actions {
                        button.danger type="submit" { "Reject " (count(selected.len(), "document")) }
                        a href={ (path) (query) } { "Cancel" }
                    }
                }
            }
        };
        self.room.page(&self.caller, Tab::Documents, &main).status(filled.status()).into_response()
    }
}

/// Returns why a decision was not made.
fn why_not(error: &Error) -> String {
    match error {
        // Somebody came back to a form that was done, and typed something else.
        Error::Invalid(faults) if faults.iter().any(|fault| fault.field == "Idempotency-Key") => {
            "It was decided on by this form before, with other words.".into()
        }
        _ => sentence(&error.detail()),
    }
}
