//! Fields of forms: each with its label, its hint, and what is wrong with what was typed. The ids of hint and fault are
//! named by `aria-describedby`, so that a screen reader reads both with the field.
//!
//! A form that edits says of each field what it was filled with ([`WAS`]). Where somebody else has changed a field
//! meanwhile, the form is shown again with both values, and starts from the value of now when it is sent again.

use axum::http::StatusCode;
use maud::{Markup, html};
use room::bounds::{LONGEST_LINE, LONGEST_PASSWORD, LONGEST_REASON};

use crate::{
    domain::input::Tag,
    error::{ChangedField, Error, FieldError, Meanwhile, Result},
    http::{Form, WAS, sentence},
    pages::kit::{show, words},
    random,
};

/// The latest day that a field of type `date` takes: without one, browsers take six digits of a year, and wait for them.
pub(crate) const LATEST_DAY: &str = "9999-12-31";
/// The same for a field of type `datetime-local`.
pub(crate) const LATEST_MINUTE: &str = "9999-12-31T23:59";

/// What a form says that was done before, with something else in it.
const SENT_BEFORE: &str = "This form was sent before, and that was done. What is typed now has not been: look at what there is, and send \
                           it again if this is to be done as well.";

/// What a form shows in its fields: nothing yet, or what was typed and what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    form: Option<Form>,
    faults: Vec<FieldError>,
    words: Option<String>,
    status: StatusCode,
    /// Whether the form edits what is there.
    is_edit: bool,
    /// What somebody else has changed meanwhile, for which the form was refused.
    meanwhile: Option<Meanwhile>,
}

impl Filled {
    /// Returns a form to be shown again after a refusal that the person can correct in it. Any other error is returned
    /// as an error, and gets a page of its own.
    pub(crate) fn refused(form: Form, refused: Error) -> Result<Self> {
        let (status, _) = refused.status();
        let code = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        match refused {
            // Somebody came back to a form that was done, and typed something else: that is done if it is sent again.
            Error::Invalid(faults) if faults.iter().any(|fault| fault.field == "Idempotency-Key") => Ok(Self {
                form: Some(form.without("once")),
                words: Some(SENT_BEFORE.into()),
                status: StatusCode::CONFLICT,
                ..Self::default()
            }),
            Error::Invalid(faults) => Ok(Self { form: Some(form), faults, status: code, ..Self::default() }),
            Error::ChangedMeanwhile(meanwhile) => {
                Ok(Self { form: Some(form), status: code, meanwhile: Some(*meanwhile), ..Self::default() })
            }
            Error::Conflict { .. }
            | Error::OwnInterest(_)
            | Error::Http(408 | 413, _)
            | Error::TooManyAttempts { .. }
            | Error::GivenPasswordRanOut
            | Error::WrongCredentials => {
                let words = Some(sentence(&refused.detail()));
                Ok(Self { form: Some(form), words, status: code, ..Self::default() })
            }
            other => Err(other),
        }
    }

    /// Returns the same for a form that edits what is there.
    pub(crate) fn editing(self) -> Self {
        Self { is_edit: true, ..self }
    }

    /// Returns the key of a form that makes something: sent twice, it makes one.
    pub(crate) fn once(&self) -> Markup {
        let sent = self.form.as_ref().and_then(|form| form.text("once")).map(str::to_owned);
        html! { input type="hidden" name="once" value=(sent.unwrap_or_else(|| random::new_uuid().to_string())); }
    }

    /// Returns the HTTP status of the page that shows the form.
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns whether the form is shown again after a refusal.
    pub(crate) fn is_refused(&self) -> bool {
        self.form.is_some()
    }

    /// Returns the form that was sent, if it says what a field is to show: after a change of somebody else, only fields
    /// that were touched keep what was typed.
    fn sent(&self, name: &str) -> Option<&Form> {
        self.form.as_ref().filter(|form| self.meanwhile.is_none() || !self.is_edit || form.is_touched(name))
    }

    /// Returns whether the form was refused for what somebody else has done, and something was typed into it.
    pub(crate) fn is_overtaken(&self) -> bool {
        let typed = |form: &Form| form.text("reason").is_some();
        self.meanwhile.is_some() && self.form.as_ref().is_some_and(typed)
    }

    /// Returns what was typed into a field, or else the present value.
    fn value(&self, name: &str, present: Option<&str>) -> String {
        let typed = self.sent(name).and_then(|form| form.text(name));
        typed.or(present).unwrap_or_default().to_owned()
    }

    fn is_ticked(&self, name: &str, present: bool) -> bool {
        // A browser sends nothing for a box that is not ticked, so a form that was sent decides alone.
        self.sent(name).map_or(present, |form| form.is_ticked(name))
    }

    /// Returns whether a box that is shown only when it is needed is to be shown: its tick is missing, or was made.
    pub(crate) fn asks_for(&self, name: &str) -> bool {
        self.fault(name).is_some() || self.is_ticked(name, false)
    }

    /// Returns what a form that edits says of a field: the values that it was filled with.
    fn render_filled<'a>(&self, name: &str, present: impl Iterator<Item = &'a str>) -> Markup {
        let name = format!("{WAS}{name}");
        // A form that was refused for what was typed goes on from what it was filled with first.
        let first = self.form.as_ref().filter(|form| self.meanwhile.is_none() && form.text(&name).is_some());
        let values: Vec<&str> = match first {
            Some(form) => form.all(&name).collect(),
            None => present.collect(),
        };
        html! {
            @if self.is_edit {
                @for value in &values { input type="hidden" name=(name) value=(value); }
                @if values.is_empty() { input type="hidden" name=(name) value=""; }
            }
        }
    }

    /// Returns the change of a field by somebody else, for which the form was refused.
    fn changed(&self, name: &str) -> Option<&ChangedField> {
        self.meanwhile.as_ref()?.fields.iter().find(|changed| changed.field == name)
    }

    /// Returns the value of a field that somebody else has changed meanwhile, with who and when.
    pub(crate) fn render_changed(&self, name: &str, id: &str) -> Markup {
        html! {
            @if let Some(ChangedField { now, last, .. }) = self.changed(name) {
                p.meanwhile id=(id) {
                    "It is now: " strong { (words::value(name, now)) }
                    @if let Some((by, at)) = last { ", by " (by) ", " (show::time(*at)) }
                }
            }
        }
    }

    /// Returns boxes for several words that are sent under the same name.
    pub(crate) fn render_choices(&self, name: &str, words: &[&str], ticked: impl Fn(&str) -> bool) -> Markup {
        let present = words.iter().copied().filter(|word| ticked(word));
        html! {
            (self.render_filled(name, present))
            @for word in words { (self.choice(name, word, ticked(word))) }
            (self.render_changed(name, &format!("field-{name}-meanwhile")))
        }
    }

    fn choice(&self, name: &str, word: &str, ticked: bool) -> Markup {
        let ticked = self.sent(name).map_or(ticked, |form| form.all(name).any(|given| given == word));
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

    /// Returns what is wrong with a group of inputs that has no field of its own around it.
    pub(crate) fn render_fault(&self, name: &str, label: &str) -> Markup {
        html! {
            @if let Some(fault) = self.fault(name) { p.fault { (label) " " (fault.message.replace('`', "")) } }
        }
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
                    @if let Some(meanwhile) = &self.meanwhile {
                        p {
                            "The " (meanwhile.what) " has been changed since you opened this form, and nothing of yours was \
                             changed. What you typed is kept; look at what is marked, and send it again to have it so."
                        }
                        ul { @for field in meanwhile.fields.iter().filter(|field| !fields.contains(&field.field.as_str())) {
                            li { strong { (words::field(&field.field)) } " " (self.render_changed(&field.field, &format!("meanwhile-{}", field.field))) }
                        } }
                    }
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
    /// The present value to the last digit, if `value` does not show all of it.
    exact: Option<&'a str>,
    /// Whether it is what the page is for, and takes the focus when that is opened.
    is_first: bool,
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
            exact: None,
            is_first: false,
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

    /// Sets the hint below the input.
    pub(crate) fn hint(self, hint: &'a str) -> Self {
        Self { hint, ..self }
    }

    /// Sets the present value of the field.
    pub(crate) fn value(self, value: Option<&'a str>) -> Self {
        Self { value, ..self }
    }

    /// Sets the present value to the last digit, of which the field shows less.
    pub(crate) fn exactly(self, exact: Option<&'a str>) -> Self {
        Self { exact, ..self }
    }

    /// Allows the browser to fill the field in, with this kind of value.
    pub(crate) fn autocomplete(self, autocomplete: &'a str) -> Self {
        Self { autocomplete, ..self }
    }

    /// Limits the field to so many characters.
    pub(crate) fn at_most(self, characters: usize) -> Self {
        Self { most: Some(characters), ..self }
    }

    /// Has the field take the focus when the page is opened, which is for nothing else. A form that is shown again leaves the
    /// focus to what was wrong with it.
    pub(crate) fn first(self) -> Self {
        Self { is_first: true, ..self }
    }

    /// Names the form, on a page that has several with fields of the same name.
    pub(crate) fn in_form(self, form: &'a str) -> Self {
        Self { form, ..self }
    }

    fn takes_focus(self, filled: &Filled) -> bool {
        self.is_first && !filled.is_refused()
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
        let takes_focus = self.takes_focus(filled);
        let most = most.unwrap_or(if kind == "password" { LONGEST_PASSWORD } else { LONGEST_LINE });
        // `maxlength` is valid on text-like types only.
        let most = matches!(kind, "text" | "email" | "search" | "password").then_some(most);
        // A password is never sent back: a page may be cached, saved, or seen over a shoulder.
        let value = Some(filled.value(name, self.value)).filter(|_| kind != "password");
        // Without a step, browsers accept whole numbers only; the domain decides which numbers are whole.
        let step = (kind == "number").then_some("any");
        let max = match kind {
            "date" => Some(LATEST_DAY),
            "datetime-local" => Some(LATEST_MINUTE),
            _ => None,
        };
        self.around(filled, |id, described, invalid| {
            html! {
                input id=(id) name=(name) type=(kind) value=[value] required[required] step=[step] max=[max] maxlength=[most]
                    autocomplete=(autocomplete) autofocus[takes_focus] aria-describedby=[described] aria-invalid=[invalid];
                // The script unhides it: who chooses a password types it once, and can look at it.
                @if autocomplete == "new-password" {
                    button.quiet.shows type="button" data-shows=(id) aria-pressed="false" hidden { "Show what is typed" }
                }
            }
        })
    }

    /// Draws the field as an input of several lines.
    pub(crate) fn area(self, filled: &Filled) -> Markup {
        let Self { name, required, most, .. } = self;
        let most = most.unwrap_or(LONGEST_REASON);
        let takes_focus = self.takes_focus(filled);
        self.around(filled, |id, described, invalid| {
            html! {
                textarea id=(id) name=(name) rows="3" required[required] maxlength=(most) autofocus[takes_focus]
                    aria-describedby=[described] aria-invalid=[invalid] { (filled.value(name, self.value)) }
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
        let [hint_id, fault_id, now_id] = ["hint", "fault", "meanwhile"].map(|part| format!("{id}-{part}"));
        let changed = filled.changed(name);
        let described: Vec<_> = [
            (!hint.is_empty()).then_some(hint_id.as_str()),
            fault.map(|_| fault_id.as_str()),
            changed.map(|_| now_id.as_str()),
        ]
        .into_iter()
        .flatten()
        .collect();
        let described = (!described.is_empty()).then(|| described.join(" "));
        let present = self.exact.or(self.value);
        html! {
            div.field {
                label for=(id) { (label) @if !required { span.optional { " (optional)" } } }
                (filled.render_filled(name, present.into_iter()))
                (input(&id, described, (fault.is_some() || changed.is_some()).then_some("true")))
                // Below the input, so that labels and inputs of a row stand in one line.
                @if !hint.is_empty() { span.hint id=(hint_id) { (hint) } }
                @if let Some(fault) = fault { span.fault id=(fault_id) { (label) " " (fault.message.replace('`', "")) } }
                (filled.render_changed(name, &now_id))
            }
        }
    }
}

/// Returns the tag of what a form is about, of which it is to change only the state that it shows.
pub(crate) fn seen(tag: &Tag) -> Markup {
    html! { input type="hidden" name="etag" value=(tag.text()); }
}

/// Returns a box to tick, which sends `true`.
pub(crate) fn tick(filled: &Filled, name: &str, label: &str, ticked: bool) -> Markup {
    let id = format!("field-{name}");
    html! {
        div.tick {
            (filled.render_filled(name, ticked.then_some("true").into_iter()))
            input id=(id) name=(name) type="checkbox" value="true" checked[filled.is_ticked(name, ticked)];
            label for=(id) { (label) }
            (filled.render_changed(name, &format!("{id}-meanwhile")))
        }
    }
}

/// Returns the words of a vocabulary as choices, each with its label.
pub(crate) fn choices(words: &[&str]) -> Vec<(String, String)> {
    words.iter().map(|word| ((*word).to_owned(), super::show::label(word))).collect()
}
