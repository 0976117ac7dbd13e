//! The fields of forms: each with its label, its hint, and what was wrong with what was typed.

use axum::http::StatusCode;
use maud::{Markup, html};
use room::bounds::{LONGEST_LINE, LONGEST_PASSWORD, LONGEST_REASON};

use crate::{
    error::{Error, FieldError, Result},
    http::{Form, sentence},
};

/// A form as it is shown: for the first time, or again with what was typed and what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    form: Option<Form>,
    faults: Vec<FieldError>,
    words: Option<String>,
    status: StatusCode,
}

impl Filled {
    /// A form whose input was refused, where the person can mend it; any other error goes on to be a page of its own.
    pub(crate) fn again(form: Form, refused: Error) -> Result<Self> {
        let (status, _) = refused.status();
        let code = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        match refused {
            Error::Invalid(faults) => Ok(Self { form: Some(form), faults, words: None, status: code }),
            Error::Conflict { .. }
            | Error::OwnInterest(_)
            | Error::Http(408 | 413, _)
            | Error::TooManyAttempts { .. }
            | Error::GivenPasswordRanOut
            | Error::WrongCredentials => {
                let words = Some(sentence(&refused.detail()));
                Ok(Self { form: Some(form), faults: Vec::new(), words, status: code })
            }
            other => Err(other),
        }
    }

    /// The status of the page that shows it.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Whether something was refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.form.is_some()
    }

    /// What was typed into a field; otherwise what is there already.
    fn value(&self, name: &str, there: Option<&str>) -> String {
        let typed = self.form.as_ref().and_then(|form| form.text(name));
        typed.or(there).unwrap_or_default().to_owned()
    }

    fn is_ticked(&self, name: &str, there: bool) -> bool {
        self.form.as_ref().map_or(there, |form| form.is_ticked(name))
    }

    /// A box for one of several words that are sent under the same name.
    pub(crate) fn choice(&self, name: &str, word: &str, ticked: bool) -> Markup {
        let ticked = self.form.as_ref().map_or(ticked, |form| form.all(name).any(|given| given == word));
        let id = format!("field-{name}-{word}");
        html! {
            div.tick {
                input id=(id) name=(name) type="checkbox" value=(word) checked[ticked];
                label for=(id) { (super::show::label(word)) }
            }
        }
    }

    fn fault(&self, name: &str) -> Option<&FieldError> {
        self.faults.iter().find(|fault| fault.field == name)
    }

    /// What is wrong with the whole, above the form; `fields` are those that tell their faults themselves.
    pub(crate) fn summary(&self, fields: &[&str]) -> Markup {
        let elsewhere = self.faults.iter().filter(|fault| !fields.contains(&fault.field.as_str()));
        html! {
            @if self.is_refused() {
                div.refused role="alert" {
                    @if let Some(words) = &self.words { p { (words) } }
                    @if !self.faults.is_empty() {
                        p { "Nothing was changed. Look at what is marked, and send it again." }
                    }
                    ul { @for fault in elsewhere { li { (sentence(&fault.to_string().replace('`', ""))) } } }
                }
            }
        }
    }
}

/// A field of one line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// Its name in the form.
    pub(crate) name: &'a str,
    /// What it is called.
    pub(crate) label: &'a str,
    /// What to write, where the label does not say it all.
    pub(crate) hint: &'a str,
    /// What is there already.
    pub(crate) value: Option<&'a str>,
    /// The `type` of the input.
    pub(crate) kind: &'a str,
    /// Whether it has to be filled.
    pub(crate) required: bool,
    /// What the browser may fill in.
    pub(crate) autocomplete: &'a str,
    /// Which form of the page it is in: ids begin with it.
    form: &'a str,
    /// The most characters, where they are other than those of a line or a reason.
    most: Option<usize>,
}

impl<'a> Field<'a> {
    /// A line of text that may stay empty.
    pub(crate) fn line(name: &'a str, label: &'a str) -> Self {
        Self {
            name,
            label,
            hint: "",
            value: None,
            kind: "text",
            required: false,
            autocomplete: "off",
            form: "field",
            most: None,
        }
    }

    /// One that has to be filled.
    pub(crate) fn required(name: &'a str, label: &'a str) -> Self {
        Self { required: true, ..Self::line(name, label) }
    }

    /// Of this type: `email`, `number`, `datetime-local`.
    pub(crate) fn kind(self, kind: &'a str) -> Self {
        Self { kind, ..self }
    }

    /// With this below its label.
    pub(crate) fn hint(self, hint: &'a str) -> Self {
        Self { hint, ..self }
    }

    /// With this in it.
    pub(crate) fn value(self, value: Option<&'a str>) -> Self {
        Self { value, ..self }
    }

    /// That the browser may fill in.
    pub(crate) fn autocomplete(self, autocomplete: &'a str) -> Self {
        Self { autocomplete, ..self }
    }

    /// With so many characters at most.
    pub(crate) fn at_most(self, characters: usize) -> Self {
        Self { most: Some(characters), ..self }
    }

    /// In this form of a page that has several, with fields of the same name.
    pub(crate) fn of(self, form: &'a str) -> Self {
        Self { form, ..self }
    }

    /// As the choice of a file with one of these endings.
    pub(crate) fn file(self, filled: &Filled, endings: &str) -> Markup {
        let Self { name, required, .. } = self;
        self.around(filled, |id, described, invalid| {
            html! {
                input id=(id) name=(name) type="file" required[required] accept=(endings)
                    aria-describedby=[described] aria-invalid=[invalid];
            }
        })
    }

    /// As an input of one line.
    pub(crate) fn input(self, filled: &Filled) -> Markup {
        let Self { name, kind, required, autocomplete, most, .. } = self;
        let most = most.unwrap_or(if kind == "password" { LONGEST_PASSWORD } else { LONGEST_LINE });
        let most = matches!(kind, "text" | "email" | "search" | "password").then_some(most);
        // What was typed as a password is not sent back.
        let value = Some(filled.value(name, self.value)).filter(|_| kind != "password");
        let step = (kind == "number").then_some("any");
        self.around(filled, |id, described, invalid| {
            html! {
                input id=(id) name=(name) type=(kind) value=[value] required[required] step=[step] maxlength=[most]
                    autocomplete=(autocomplete) aria-describedby=[described] aria-invalid=[invalid];
            }
        })
    }

    /// As a field of several lines.
    pub(crate) fn area(self, filled: &Filled) -> Markup {
        let Self { name, required, most, .. } = self;
        let most = most.unwrap_or(LONGEST_REASON);
        self.around(filled, |id, described, invalid| {
            html! {
                textarea id=(id) name=(name) rows="3" required[required] maxlength=(most) aria-describedby=[described]
                    aria-invalid=[invalid] { (filled.value(name, self.value)) }
            }
        })
    }

    /// As a choice among words: what is sent, and what is shown.
    pub(crate) fn select(self, filled: &Filled, choices: &[(String, String)]) -> Markup {
        let Self { name, required, .. } = self;
        let chosen = filled.value(name, self.value);
        self.around(filled, |id, described, invalid| {
            html! {
                select id=(id) name=(name) required[required] aria-describedby=[described] aria-invalid=[invalid] {
                    @if !required || chosen.is_empty() { option value="" { "–" } }
                    @for (value, words) in choices {
                        option value=(value) selected[*value == chosen] { (words) }
                    }
                }
            }
        })
    }

    fn around(self, filled: &Filled, input: impl FnOnce(&str, Option<String>, Option<&str>) -> Markup) -> Markup {
        let Self { name, label, hint, required, form, .. } = self;
        let id = format!("{form}-{name}");
        let fault = filled.fault(name);
        let (hint_id, fault_id) = (format!("{id}-hint"), format!("{id}-fault"));
        let described: Vec<_> = [(!hint.is_empty()).then_some(hint_id.as_str()), fault.map(|_| fault_id.as_str())]
            .into_iter()
            .flatten()
            .collect();
        let described = (!described.is_empty()).then(|| described.join(" "));
        html! {
            div.field {
                label for=(id) { (label) @if !required { span.optional { " (optional)" } } }
                @if !hint.is_empty() { span.hint id=(hint_id) { (hint) } }
                (input(&id, described, fault.map(|_| "true")))
                @if let Some(fault) = fault { span.fault id=(fault_id) { (label) " " (fault.message.replace('`', "")) } }
            }
        }
    }
}

/// A box to tick.
pub(crate) fn tick(filled: &Filled, name: &str, label: &str, ticked: bool) -> Markup {
    let id = format!("field-{name}");
    html! {
        div.tick {
            input id=(id) name=(name) type="checkbox" value="true" checked[filled.is_ticked(name, ticked)];
            label for=(id) { (label) }
        }
    }
}

/// The choices of a vocabulary.
pub(crate) fn choices(words: &[&str]) -> Vec<(String, String)> {
    words.iter().map(|word| ((*word).to_owned(), super::show::label(word))).collect()
}
