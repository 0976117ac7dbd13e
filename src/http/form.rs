//! The fields of a page's form, as they came: to be read as what the domain takes, and shown again where it refuses.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, header::CONTENT_TYPE},
};
use serde::de::DeserializeOwned;

use super::extract::whole_body;
use crate::{
    app::App,
    domain::input::unacceptable,
    error::{Error, Result},
};

/// What a browser sends of a form without a file.
#[derive(Debug, Clone, Default)]
pub struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Reads the fields as a `T`; one that was left blank was not given.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T> {
        let given = self.pairs.iter().filter(|(_, value)| !value.trim().is_empty());
        let encoded = serde_html_form::to_string(given.collect::<Vec<_>>())
            .map_err(|error| Error::internal(format!("a form cannot be written again: {error}")))?;
        let fields = serde_html_form::Deserializer::from_bytes(encoded.as_bytes());
        serde_path_to_error::deserialize(fields).map_err(|refused| unacceptable(&refused))
    }

    /// A field as it came; none where the form has none of this name.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a field that may come several times.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// A field as it came, or nothing.
    pub fn line(&self, name: &str) -> String {
        self.text(name).unwrap_or_default().to_owned()
    }

    /// Whether a box was ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// The form with one more field, or with another value for one.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.pairs.retain(|(given, _)| given != name);
        self.pairs.push((name.to_owned(), value.into()));
        self
    }

    /// The form without a field.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(given, _)| given != name);
        self
    }

    /// The form with each of these values for one field.
    #[must_use]
    pub fn with_each<'a>(mut self, name: &str, values: impl Iterator<Item = &'a str>) -> Self {
        self.pairs.retain(|(given, _)| given != name);
        self.pairs.extend(values.map(|value| (name.to_owned(), value.to_owned())));
        self
    }

    /// The form with a time that was typed as UTC, as `datetime-local` gives it, made exact.
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
        if !is_form(request.headers()) {
            let words = "the body must be a form, with the header `Content-Type: application/x-www-form-urlencoded`";
            return Err(Error::Http(415, words.into()));
        }
        let body = whole_body(request, app).await?;
        let mut pairs: Vec<(String, String)> = serde_html_form::from_bytes(&body)
            .map_err(|_| Error::Malformed("the form cannot be read: it is not form-encoded".into()))?;
        for (_, value) in &mut pairs {
            *value = value.replace("\r\n", "\n");
        }
        Ok(Self { pairs })
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
