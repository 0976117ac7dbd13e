//! What shows the pages of a file over the whole window, and the button that opens it. The script does it; without script
//! the preview of the first page is there.

use maud::{Markup, html};
use room::{FileKind, FileNotice, Version};

/// Returns whether pages of a version can be shown.
pub(super) fn is_viewable(version: &Version) -> bool {
    let is_open = version.notice != Some(FileNotice::NeedsPassword);
    is_open && matches!(version.kind, FileKind::Pdf | FileKind::Jpeg | FileKind::Png)
}

/// Returns the button that opens the viewer for a version; `path` is that of its files in the API.
pub(super) fn render_button(version: &Version, path: &str) -> Markup {
    html! {
        @if is_viewable(version) {
            button.secondary.by-script type="button" data-view={ (path) "/preview" } data-file=(version.file_name)
                aria-label={ "View version " (version.number) } { "View" }
        }
    }
}

/// Returns the viewer, which the script opens and fills.
pub(super) fn render_viewer() -> Markup {
    html! {
        dialog.viewer id="viewer" aria-labelledby="viewer-title" {
            div.viewer-bar {
                div.viewer-title {
                    h2 id="viewer-title" data-title {}
                    span.hint data-file {}
                }
                span.num role="status" data-where {}
                button.secondary type="button" data-before aria-label="Page before" { "←" }
                button.secondary type="button" data-after aria-label="Next page" { "→" }
                button.secondary type="button" data-zoom-out aria-label="Smaller" { "−" }
                span.num data-scale {}
                button.secondary type="button" data-zoom-in aria-label="Larger" { "+" }
                button.secondary type="button" data-previous { "Document before" }
                button.secondary type="button" data-next { "Next document" }
                button type="button" data-approve { "Approve" }
                button.danger type="button" data-reject { "Reject" }
                button.quiet type="button" data-leave { "Close" }
            }
            div.viewer-sheet tabindex="0" role="region" aria-label="Page" data-sheet {}
        }
    }
}
