//! What every form does when it is sent.

use axum::response::{IntoResponse, Redirect, Response};

use super::field::Filled;
use crate::{error::Result, http::Form};

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
