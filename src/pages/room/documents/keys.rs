//! The keys that the script of the documents listens to, as the page tells them.

use maud::{Markup, html};

/// Each key, or several that belong together, with what it does.
const KEYS: [(&[&str], &str); 12] = [
    (&["j", "k"], "the next document, the one before; where one is open, they open it"),
    (&["Enter"], "opens the document"),
    (&["n"], "opens the next one that waits for you"),
    (&["y"], "approves as it is, and opens the next one that waits for you"),
    (&["a"], "approves on subjects: opens the field; Enter sends them and opens the next one"),
    (&["r"], "rejects: opens the reason; Enter sends it and opens the next one"),
    (&["Shift", "Enter"], "starts a line in subjects or reason"),
    (&["x"], "selects the document, to decide on several at once"),
    (&["v"], "shows the pages of the file over the whole window, where j, k, y and r do the same"),
    (&["←", "→", "+", "-"], "there: the page before, the next one, larger, smaller"),
    (&["Esc"], "leaves a field, closes what is open"),
    (&["?"], "shows these keys"),
];

/// Returns what leads to the keys. The script unhides it, and lets keys be turned off (WCAG 2.1.4).
pub(super) fn render_hint() -> Markup {
    html! {
        p.keys.hint id="keys" hidden {
            kbd { "y" } " approves and opens the next · " kbd { "r" } " rejects · " kbd { "?" } " shows all keys · files and folders can be \
             dropped anywhere "
            button.quiet type="button" data-keys { "Turn keys off" }
        }
    }
}

/// Returns the sheet of all keys, which the script opens.
pub(super) fn render_sheet() -> Markup {
    html! {
        dialog.sheet id="keys-sheet" aria-labelledby="keys-title" {
            h2 id="keys-title" { "Keys" }
            dl.facts {
                @for (keys, does) in KEYS {
                    dt { @for (at, key) in keys.iter().enumerate() { @if at > 0 { " " } kbd { (key) } } }
                    dd { (does) }
                }
            }
            form.actions method="dialog" {
                button type="submit" { "Close" }
                button.quiet type="button" data-keys { "Turn keys off" }
            }
        }
    }
}

/// Returns what a key does, to stand beside the button that does the same; shown only while keys are heard.
pub(super) fn render_by_key(key: &str, does: &str) -> Markup {
    html! { span.by-key.hint { kbd { (key) } " " (does) } }
}
