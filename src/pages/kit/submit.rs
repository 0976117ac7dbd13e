//! What every form does when it is sent. A form that edits sends what it was filled with, too, so that only what was
//! touched is changed.

use axum::response::{IntoResponse, Redirect, Response};

use serde::{Serialize, de::DeserializeOwned};

use super::field::Filled;
use crate::{
    domain::input::{Basis, Change},
    error::Result,
    http::Form,
};

/// Runs the operation of a form, and either redirects to the path that it returns, or shows the form again.
///
/// `run` reads its input from the form, so that a field that cannot be read is refused like one that the operation
/// refuses. `show_again` draws the page with what was typed and why it was refused; it gets only what a person can
/// correct in the form ([`Filled::refused`]), any other error is returned.
pub(crate) async fn submit(
    form: Form,
    run: impl AsyncFnOnce(&Form) -> Result<String>,
    show_again: impl AsyncFnOnce(Filled) -> Result<Response>,
) -> Result<Response> {
    match run(&form).await {
        // `303 See Other`: to reload the page that follows does not send the form a second time.
        Ok(next) => Ok(Redirect::to(&next).into_response()),
        Err(refusal) => show_again(Filled::refused(form, refusal)?).await,
    }
}

/// Does the same as [`submit`] for a form that edits what is there.
pub(crate) async fn submit_change(
    form: Form,
    run: impl AsyncFnOnce(&Form) -> Result<String>,
    show_again: impl AsyncFnOnce(Filled) -> Result<Response>,
) -> Result<Response> {
    submit(form, run, async |filled: Filled| show_again(filled.editing()).await).await
}

/// Returns the change that an editing form asks for: of the fields that were touched, starting from what they were filled
/// with. `read` reads all fields of the form, or of the form as it was filled.
pub(crate) fn change_of<T>(form: &Form, read: impl Fn(&Form) -> Result<T>) -> Result<Change<T>>
where
    T: Serialize + DeserializeOwned,
{
    let touched = Change::to(&read(form)?)?.only(|field| form.is_touched(field));
    if !touched.given().keys().any(|field| form.is_filled(field)) {
        return Ok(touched);
    }
    let filled = Change::to(&read(&form.as_filled())?)?.only(|field| form.is_filled(field));
    Ok(touched.starting_from(Basis::Fields(filled.given().clone())))
}
