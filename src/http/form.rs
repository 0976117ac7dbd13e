//! The fields of a page's form, as they came. They are read as the type that the API reads from JSON, and are shown
//! again in the form if something is wrong with them.

use axum::extract::{FromRequest, Request};
use room::Time;
use serde::de::DeserializeOwned;

use super::extract::{has_media_type, is_key, target_of, whole_body};
use crate::{
    app::App,
    domain::{
        input::{Basis, Tag, unacceptable},
        log::Once,
    },
    error::{Error, Result},
};

/// What stands before the name of a field, for the value that the form was filled with.
pub const WAS: &str = "was.";

/// The fields of a form that are about the form itself, and none of what is typed into it.
const OWN_FIELDS: [&str; 2] = ["etag", "once"];

/// The fields of a form without a file, in the order in which the browser sent them.
#[derive(Debug, Clone, Default)]
pub struct Form {
    pairs: Vec<(String, String)>,
    /// Method and path of the request, to which the form's key is bound.
    target: String,
}

impl Form {
    /// Reads the fields as a `T`. A field that was left blank counts as not given.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        let is_typed = |name: &str| !name.starts_with(WAS) && !OWN_FIELDS.contains(&name);
        let given = self.pairs.iter().filter(|(name, value)| is_typed(name) && !value.trim().is_empty());
        // Encoded again because the deserializer of forms takes bytes. It reads `3` as a number and repeated names as a
        // list, so that the API's own types can be read from text.
        let encoded = serde_html_form::to_string(given.collect::<Vec<_>>())
            .map_err(|error| Error::internal(format!("a form cannot be written again: {error}")))?;
        let fields = serde_html_form::Deserializer::from_bytes(encoded.as_bytes());
        serde_path_to_error::deserialize(fields).map_err(|refused| unacceptable(&refused))
    }

    /// Returns the first field of this name as it came, or `None` if the form has no such field.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Returns every value of a field that can come several times.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Returns the form as it was filled before anybody typed into it; empty if it does not say that.
    #[must_use]
    pub fn as_filled(&self) -> Self {
        let filled = self.pairs.iter().filter_map(|(name, value)| Some((name.strip_prefix(WAS)?, value)));
        let pairs = filled.map(|(name, value)| (name.to_owned(), value.clone())).collect();
        Self { pairs, target: self.target.clone() }
    }

    /// Returns whether the form says what it filled a field with.
    pub fn is_filled(&self, name: &str) -> bool {
        self.text(&format!("{WAS}{name}")).is_some()
    }

    /// Returns whether a field has another value than it was filled with, or does not say what that was.
    pub fn is_touched(&self, name: &str) -> bool {
        fn given<'a>(form: &'a Form, name: &'a str) -> impl Iterator<Item = &'a str> {
            form.all(name).filter(|value| !value.trim().is_empty())
        }
        let was = format!("{WAS}{name}");
        // A field of type `datetime-local` shows no seconds and no zone of the instant that it was filled with.
        let is_its_minute = |(typed, was): (&str, &str)| {
            typed.len() == "2026-12-01T06:30".len() && was.starts_with(typed) && was.parse::<Time>().is_ok()
        };
        let is_as_shown = self.text(name).zip(self.text(&was)).is_some_and(is_its_minute);
        !self.is_filled(name) || !(is_as_shown || given(self, name).eq(given(self, &was)))
    }

    /// Returns the key under which the form is to be done once, if it was drawn with one.
    pub fn once(&self) -> Option<Once> {
        let key = self.text("once").filter(|key| is_key(key))?;
        Some(Once { key: key.to_owned(), target: self.target.clone() })
    }

    /// Returns what the person has seen of what they change, by the tag that the form was drawn with.
    pub fn seen(&self) -> Basis {
        self.text("etag").map_or(Basis::Anything, |tag| Basis::Tags(vec![Tag::named(tag)]))
    }

    /// Returns a field as it came, or an empty text if there is none.
    pub fn line(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_owned()
    }

    /// Returns whether a box was ticked: a browser sends nothing of one that is not.
    pub fn is_ticked(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// Sets one field to this value, in place of what was sent of it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.pairs.retain(|(given, _)| given != name);
        self.pairs.push((name.to_owned(), value.into()));
        self
    }

    /// Removes a field from the form.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(given, _)| given != name);
        self
    }

    /// Sets one field to several values, in place of what was sent of it.
    #[must_use]
    pub fn with_each<'a>(mut self, name: &str, values: impl Iterator<Item = &'a str>) -> Self {
        self.pairs.retain(|(given, _)| given != name);
        self.pairs.extend(values.map(|value| (name.to_owned(), value.to_owned())));
        self
    }

    /// Adds `Z` to a time that was typed as UTC into a `datetime-local` field, which sends no offset.
    #[must_use]
    pub fn in_utc(self, name: &str) -> Self {
        let typed = self.line(name);
        let is_local = !typed.is_empty() && !typed.ends_with('Z') && !typed.contains('+');
        if is_local { self.with(name, format!("{typed}Z")) } else { self }
    }
}

impl FromRequest<App> for Form {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        if !has_media_type(request.headers(), "application/x-www-form-urlencoded") {
            let words = "the body must be a form, with the header `Content-Type: application/x-www-form-urlencoded`";
            return Err(Error::Http(415, words.into()));
        }
        let target = target_of(request.method(), request.uri());
        let body = whole_body(request, app).await?;
        let mut pairs: Vec<(String, String)> = serde_html_form::from_bytes(&body)
            .map_err(|_| Error::Malformed("the form cannot be read: it is not form-encoded".into()))?;
        // A browser sends the line ends of a text area as CRLF (HTML standard). The API's clients send LF, and a text
        // must not differ by the door it came through.
        for (_, value) in &mut pairs {
            *value = value.replace("\r\n", "\n");
        }
        Ok(Self { pairs, target })
    }
}
