//! The catalogue of document types: the list, and forms that add a type, change it, or take it out of use.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use room::{CargoProfile, Criticality, DocumentType, Phase, Requirement, Role, Roles, Scope, bounds::DECIDING_ROLES};

use crate::{
    app::App,
    db,
    domain::rooms::catalogue::{self, Code},
    error::Result,
    http::{Access::May, Caller, Form, Id, PageRoutes},
    pages::{
        admin::frame::{Tab, page},
        kit::{
            chip::{Tone, chip, criticality, requirement},
            field::{Field, Filled, choices, tick},
            show::label,
            submit::{change_of, submit, submit_change},
        },
    },
    policy::Action::{ConfigManageDocumentTypes, ConfigView},
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new()
        .get("/admin/document-types", May(ConfigView), show_types)
        .get("/admin/document-types/new", May(ConfigManageDocumentTypes), show_new)
        .post("/admin/document-types/new", May(ConfigManageDocumentTypes), submit_new)
        .get("/admin/document-types/{code}", May(ConfigManageDocumentTypes), show_type)
        .post("/admin/document-types/{code}", May(ConfigManageDocumentTypes), submit_type)
}

/// The fields that show their faults themselves; any other fault stands above the form.
const FIELDS: &[&str] = &[
    "code",
    "name",
    "category",
    "scope",
    "requirement",
    "criticality",
    "gate",
    "validity_days",
    "warn_days",
    "aliases",
    "basis",
];
/// The path of the catalogue.
const PATH: &str = "/admin/document-types";

async fn show_types(app: App, caller: Caller) -> Result<Response> {
    let types = app.db.read(async |tx| db::document_types::all(tx).await).await?;
    let main = html! {
        section aria-labelledby="types-title" {
            h2 id="types-title" { "Document types" }
            p {
                "What operations are asked for. A change reaches vessels named and rooms opened from then on; what is \
                 asked for already keeps its terms."
            }
            p.actions { a.button href="/admin/document-types/new" { "Add a document type" } }
            table.list {
                thead {
                    tr {
                        th scope="col" { "Name" }
                        th scope="col" { "Code" }
                        th.aside scope="col" { "Category" }
                        th scope="col" { "Asked of" }
                        th scope="col" { "Requirement" }
                        th.aside scope="col" { "Criticality" }
                        th scope="col" { "Gate" }
                        th.num.aside scope="col" { "Valid" }
                        th scope="col" { "State" }
                    }
                }
                tbody { @for kind in &types { (row(kind)) } }
            }
        }
    };
    Ok(page(&caller, Tab::DocumentTypes, "Document types", &main).into_response())
}

fn row(kind: &DocumentType) -> Markup {
    html! {
        tr {
            th scope="row" { a href={ (PATH) "/" (kind.code) } { (kind.name) } }
            td data-label="Code" { code { (kind.code) } }
            td.aside data-label="Category" { (label(&kind.category)) }
            td data-label="Asked of" {
                (if kind.scope == Scope::Vessel { "each vessel" } else { "the room" })
                @if !kind.profiles.is_empty() { span.hint { " " (profiles(&kind.profiles)) } }
            }
            td data-label="Requirement" {
                (requirement(kind.requirement))
                @if let Some(roles) = Roles::of(kind.must_approve.iter().copied()) {
                    div.hint { "approved by " (roles.words().join(" and ")) }
                }
            }
            td.aside data-label="Criticality" { (criticality(kind.criticality)) }
            td data-label="Gate" { (label(kind.gate.word())) }
            td.num.aside data-label="Valid" { @if let Some(days) = kind.validity_days { (days) " days" } @else { "–" } }
            td data-label="State" {
                @if kind.enabled { (chip(Tone::Good, "In use")) } @else { (chip(Tone::Quiet, "Not in use")) }
            }
        }
    }
}

fn profiles(profiles: &[CargoProfile]) -> String {
    profiles.iter().map(|profile| label(profile.word())).collect::<Vec<_>>().join(", ")
}

async fn show_new(caller: Caller) -> Response {
    render_form(&caller, None, &Filled::default())
}

async fn submit_new(app: App, caller: Caller, form: Form) -> Result<Response> {
    let add = async |form: &Form| {
        catalogue::add(&app, &caller.actor(), read_type(form)?, form.once()).await?;
        Ok(PATH.to_owned())
    };
    submit(form, add, async |filled| Ok(render_form(&caller, None, &filled))).await
}

async fn show_type(app: App, caller: Caller, Id(Code(code)): Id<Code>) -> Result<Response> {
    let kind = app.db.read(async |tx| catalogue::find(tx, &code).await).await?;
    Ok(render_form(&caller, Some(&kind), &Filled::default().editing()))
}

async fn submit_type(app: App, caller: Caller, Id(Code(code)): Id<Code>, form: Form) -> Result<Response> {
    let change = async |form: &Form| {
        // The code is never changed, so the form has no field for it.
        let kind = change_of(form, |form| read_type(&form.clone().with("code", code.clone())))?;
        catalogue::change(&app, &caller.actor(), code.clone(), kind).await?;
        Ok(PATH.to_owned())
    };
    let show_again = async |filled| {
        let kind = app.db.read(async |tx| catalogue::find(tx, &code).await).await?;
        Ok(render_form(&caller, Some(&kind), &filled))
    };
    submit_change(form, change, show_again).await
}

/// Reads a document type from the form, which has all of its other codes in one line.
fn read_type(form: &Form) -> Result<DocumentType> {
    // A browser sends nothing for a box that is not ticked, and a missing `enabled` would mean the default.
    let enabled = if form.is_ticked("enabled") { "true" } else { "false" };
    form.clone().with("enabled", enabled).with_each("aliases", form.line("aliases").split_whitespace()).read()
}

fn render_form(caller: &Caller, kind: Option<&DocumentType>, filled: &Filled) -> Response {
    let title = kind.map_or("Add a document type", |kind| &kind.name);
    let path = kind.map_or_else(|| format!("{PATH}/new"), |kind| format!("{PATH}/{}", kind.code));
    let main = html! {
        section aria-labelledby="type-title" {
            h2 id="type-title" { (title) }
            (filled.summary(FIELDS))
            form method="post" action=(path) {
                @if kind.is_none() { (filled.once()) }
                (render_fields(kind, filled))
                p.actions { button type="submit" { "Save" } a.quiet href=(PATH) { "Cancel" } }
            }
        }
    };
    page(caller, Tab::DocumentTypes, title, &main).status(filled.status()).into_response()
}

fn render_fields(kind: Option<&DocumentType>, filled: &Filled) -> Markup {
    let days = |days: Option<i64>| days.map(|days| days.to_string());
    let validity = days(kind.and_then(|kind| kind.validity_days));
    let warning = days(kind.and_then(|kind| kind.warn_days));
    let aliases = kind.map(|kind| kind.aliases.join(" "));
    let ticked = |word: &str| kind.is_some_and(|kind| kind.profiles.iter().any(|profile| profile.word() == word));
    let must_approve = |word: &str| kind.is_some_and(|kind| kind.must_approve.iter().any(|role| role.word() == word));
    html! {
        div.fields {
            @match kind {
                Some(kind) => p.field { strong { "Code" } br; code { (kind.code) } },
                None => (Field::required("code", "Code").first().hint("Capital letters, digits and _; never changed.").input(filled)),
            }
            (Field::required("name", "Name").value(kind.map(|kind| &*kind.name)).input(filled))
            (Field::required("category", "Category").hint("Such as statutory, insurance, cargo.")
                .value(kind.map(|kind| &*kind.category)).input(filled))
            (Field::required("scope", "Asked of").value(kind.map(|kind| kind.scope.word()))
                .select(filled, &choices(Scope::WORDS)))
            (Field::required("requirement", "Requirement").value(kind.map(|kind| kind.requirement.word()))
                .select(filled, &choices(Requirement::WORDS)))
            (Field::required("criticality", "Criticality").value(kind.map(|kind| kind.criticality.word()))
                .select(filled, &choices(Criticality::WORDS)))
            (Field::required("gate", "Gate").hint("The phase that is not entered without it.")
                .value(kind.map(|kind| kind.gate.word())).select(filled, &choices(&Phase::WORDS[1..])))
            (Field::line("validity_days", "Days valid").kind("number").hint("Usually, from issue: a suggestion to the uploader, who is asked for the day.")
                .value(validity.as_deref()).input(filled))
            (Field::line("warn_days", "Days of warning").kind("number").hint("Before its end.")
                .value(warning.as_deref()).input(filled))
            (Field::line("aliases", "Other codes").hint("That uploads may use, parted by spaces.")
                .value(aliases.as_deref()).input(filled))
            (Field::line("basis", "Basis").hint("The rule or practice it rests on.")
                .value(kind.map(|kind| &*kind.basis)).input(filled))
        }
        fieldset {
            legend { "Cargoes that ask for it" span.optional { " (none: all do)" } }
            (filled.render_choices("profiles", CargoProfile::WORDS, ticked))
        }
        fieldset {
            legend { "Who must approve it" span.optional { " (none: anybody but the vessel's own side alone)" } }
            p.hint { "One of each role that is ticked has to approve a version. Anybody else's approval is shown beside." }
            (filled.render_choices("must_approve", &DECIDING_ROLES.map(Role::word), must_approve))
        }
        (tick(filled, "enabled", "In use: rooms ask for it", kind.is_none_or(|kind| kind.enabled)))
    }
}
