//! The caller's own password, asked for again before what cannot be undone (ASVS 5.0 7.5.3): a form that needs it has
//! the field, and its handler takes the password before it runs the operation.

use maud::{Markup, html};

use super::kit::field::{Field, Filled};
use crate::{
    app::App,
    domain::accounts::{own_password, sessions},
    error::{Error, Result},
    http::{Caller, Form},
};

/// The name of the field in forms.
pub(super) const NAME: &str = "own_password";

/// Returns the field, or nothing if the password was given in this session within the last minutes.
pub(super) fn field(app: &App, caller: &Caller, filled: &Filled) -> Markup {
    html! {
        @if !sessions::counts(caller.password_at, app.now()) {
            (Field::required(NAME, "Your password")
                .kind("password")
                .hint("Again, since this cannot be undone.")
                .autocomplete("current-password")
                .input(filled))
        }
    }
}

/// As [`field`], for a form that needs the password only for some of what can be typed into it.
pub(super) fn optional(app: &App, caller: &Caller, filled: &Filled) -> Markup {
    html! {
        @if !sessions::counts(caller.password_at, app.now()) {
            (Field::line(NAME, "Your own password").kind("password").autocomplete("current-password").input(filled))
        }
    }
}

/// Confirms the password from the form, if it has one.
pub(super) async fn take(app: &App, caller: &Caller, form: &Form) -> Result<()> {
    // Without it the operation itself decides: it refuses only if it needs a password and none was given recently.
    let Some(password) = form.text(NAME).filter(|password| !password.is_empty()) else { return Ok(()) };
    own_password::confirm_password(app, &caller.user, caller.seat(), password.to_owned()).await.map_err(of_field)
}

/// Returns a refusal for want of the password as a fault of the field, so that the form shows it there.
pub(super) fn of_field(refused: Error) -> Error {
    match refused {
        Error::PasswordRequired => Error::field(NAME, "has to be given: this cannot be undone"),
        // The domain calls the password that is given again `password`.
        Error::Invalid(faults) if faults.iter().all(|fault| fault.field == "password") => {
            Error::field(NAME, "is not your present password")
        }
        other => other,
    }
}
