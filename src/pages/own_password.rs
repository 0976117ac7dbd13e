//! One's own password, asked for again where something cannot be undone.

use maud::{Markup, html};

use super::kit::field::{Field, Filled};
use crate::{
    app::App,
    domain::accounts::{own_password, sessions},
    error::{Error, Result},
    http::{Caller, Form},
};

/// The field's name.
pub(super) const NAME: &str = "own_password";

/// The field, where the password was not given just now.
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

/// The field where only some of what the form may ask for needs the password.
pub(super) fn optional(app: &App, caller: &Caller, filled: &Filled) -> Markup {
    html! {
        @if !sessions::counts(caller.password_at, app.now()) {
            (Field::line(NAME, "Your own password").kind("password").autocomplete("current-password").input(filled))
        }
    }
}

/// Takes the password from the form, where it has one. Where it has none, what follows decides whether it needs one.
pub(super) async fn take(app: &App, caller: &Caller, form: &Form) -> Result<()> {
    let Some(password) = form.text(NAME).filter(|password| !password.is_empty()) else { return Ok(()) };
    own_password::confirm_password(app, &caller.user, caller.seat(), password.to_owned()).await.map_err(of_field)
}

/// The refusal as one of the field.
pub(super) fn of_field(refused: Error) -> Error {
    match refused {
        Error::PasswordRequired => Error::field(NAME, "has to be given: this cannot be undone"),
        Error::Invalid(faults) if faults.iter().all(|fault| fault.field == "password") => {
            Error::field(NAME, "is not your present password")
        }
        other => other,
    }
}
