//! Fields of forms: each with its label, its hint, and what is wrong with what was typed. The ids of hint and fault are
//! named by `aria-describedby`, so that a screen reader reads both with the field.

use axum::http::StatusCode;
use maud::{Markup, html};
use room::bounds::{LONGEST_LINE, LONGEST_PASSWORD, LONGEST_REASON};

use crate::{
    error::{Error, FieldError, Result},
    http::{Form, sentence},
};

/// What a form shows in its fields: nothing yet, or what was typed and what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    form: Option<Form>,
    faults: Vec<FieldError>,
    words: Option<String>,
    status: StatusCode,
}

impl Filled {
    /// Returns a form to be shown again after a refusal that the person can correct in it. Any other error is returned
    /// as an error, and gets a page of its own.
    pub(crate) fn refused(form: Form, refused: Error) -> Result<Self> {
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

    /// Returns the HTTP status of the page that shows the form.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns whether the form is shown again after a refusal.
    pub(crate) fn is_refused(&self) -> bool {
        self.form.is_some()
    }

    /// Returns what was typed into a field, or else the present value.
    fn value(&self, name: &str, present: Option<&str>) -> String {
        let typed = self.form.as_ref().and_then(|form| form.text(name));
        typed.or(present).unwrap_or_default().to_owned()
    }

    fn is_ticked(&self, name: &str, present: bool) -> bool {
        // A browser sends nothing for a box that is not ticked, so a form that was sent decides alone.
        self.form.as_ref().map_or(present, |form| form.is_ticked(name))
    }

    /// Returns whether a box that is shown only when it is needed is to be shown: its tick is missing, or was made.
    pub(crate) fn asks_for(&self, name: &str) -> bool {
        self.fault(name).is_some() || self.is_ticked(name, false)
    }

    /// Returns a box for one of several words that are sent under the same name.
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

    /// Returns what is wrong with the form as a whole, to stand above it. Faults of `fields` are left out: each of
    /// these shows its fault itself.
    pub(crate) fn summary(&self, fields: &[&str]) -> Markup {
        let elsewhere = self.faults.iter().filter(|fault| !fields.contains(&fault.field.as_str()));
        html! {
            @if self.is_refused() {
                // Before the form and an alert: a screen reader says why it is there again before it reads the fields.
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

/// A field of a form, before it is drawn as one of the inputs below.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// The name under which the form sends it.
    pub(crate) name: &'a str,
    /// The label above the input.
    pub(crate) label: &'a str,
    /// What to type, if the label does not say it all.
    pub(crate) hint: &'a str,
    /// The present value, shown until something is typed.
    pub(crate) value: Option<&'a str>,
    /// The `type` attribute of the input.
    pub(crate) kind: &'a str,
    /// Whether it may not stay empty.
    pub(crate) required: bool,
    /// The `autocomplete` attribute: what the browser may fill in.
    pub(crate) autocomplete: &'a str,
    /// The beginning of the ids in it, which tells apart several forms of a page.
    form: &'a str,
    /// The most characters, if not those of a line, a password or a reason.
    most: Option<usize>,
}

impl<'a> Field<'a> {
    /// Returns a line of text that may stay empty.
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

    /// Returns a line of text that may not stay empty.
    pub(crate) fn required(name: &'a str, label: &'a str) -> Self {
        Self { required: true, ..Self::line(name, label) }
    }

    /// Sets the type of the input: `email`, `number`, `datetime-local` …
    pub(crate) fn kind(self, kind: &'a str) -> Self {
        Self { kind, ..self }
    }

    /// Sets the hint below the label.
    pub(crate) fn hint(self, hint: &'a str) -> Self {
        Self { hint, ..self }
    }

    /// Sets the present value of the field.
    pub(crate) fn value(self, value: Option<&'a str>) -> Self {
        Self { value, ..self }
    }

    /// Allows the browser to fill the field in, with this kind of value.
    pub(crate) fn autocomplete(self, autocomplete: &'a str) -> Self {
        Self { autocomplete, ..self }
    }

    /// Limits the field to so many characters.
    pub(crate) fn at_most(self, characters: usize) -> Self {
        Self { most: Some(characters), ..self }
    }

    /// Names the form, on a page that has several with fields of the same name.
    pub(crate) fn in_form(self, form: &'a str) -> Self {
        Self { form, ..self }
    }

    /// Draws the field as the choice of a file with one of these endings.
    pub(crate) fn file(self, filled: &Filled, endings: &str) -> Markup {
        let Self { name, required, .. } = self;
        self.around(filled, |id, described, invalid| {
            html! {
                input id=(id) name=(name) type="file" required[required] accept=(endings)
                    aria-describedby=[described] aria-invalid=[invalid];
            }
        })
    }

    /// Draws the field as an input of one line.
    pub(crate) fn input(self, filled: &Filled) -> Markup {
        let Self { name, kind, required, autocomplete, most, .. } = self;
        let most = most.unwrap_or(if kind == "password" { LONGEST_PASSWORD } else { LONGEST_LINE });
        // `maxlength` is valid on text-like types only.
        let most = matches!(kind, "text" | "email" | "search" | "password").then_some(most);
        // A password is never sent back: a page may be cached, saved, or seen over a shoulder.
        let value = Some(filled.value(name, self.value)).filter(|_| kind != "password");
        // Without a step, browsers accept whole numbers only; the domain decides which numbers are whole.
        let step = (kind == "number").then_some("any");
        self.around(filled, |id, described, invalid| {
            html! {
                input id=(id) name=(name) type=(kind) value=[value] required[required] step=[step] maxlength=[most]
                    autocomplete=(autocomplete) aria-describedby=[described] aria-invalid=[invalid];
            }
        })
    }

    /// Draws the field as an input of several lines.
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

    /// Draws the field as a choice; of each pair the first is sent and the second is shown.
    pub(crate) fn select(self, filled: &Filled, choices: &[(String, String)]) -> Markup {
        let Self { name, required, .. } = self;
        let chosen = filled.value(name, self.value);
        self.around(filled, |id, described, invalid| {
            html! {
                select id=(id) name=(name) required[required] aria-describedby=[described] aria-invalid=[invalid] {
                    // Without an empty option a browser would choose the first, and send what nobody has chosen.
                    @if !required || chosen.is_empty() { option value="" { "–" } }
                    @for (value, words) in choices {
                        option value=(value) selected[*value == chosen] { (words) }
                    }
                }
            }
        })
    }

    /// Puts label, hint and fault around an input, which gets its id, the ids that describe it, and whether it is
    /// invalid.
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

/// Returns a box to tick, which sends `true`.
pub(crate) fn tick(filled: &Filled, name: &str, label: &str, ticked: bool) -> Markup {
    let id = format!("field-{name}");
    html! {
        div.tick {
            input id=(id) name=(name) type="checkbox" value="true" checked[filled.is_ticked(name, ticked)];
            label for=(id) { (label) }
        }
    }
}

/// Returns the words of a vocabulary as choices, each with its label.
pub(crate) fn choices(words: &[&str]) -> Vec<(String, String)> {
    words.iter().map(|word| ((*word).to_owned(), super::show::label(word))).collect()
}
