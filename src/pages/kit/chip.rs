//! Chips: where something stands, in a word, a sign and a colour.

use maud::{Markup, html};
use room::{ApprovalStatus, Criticality, DocumentStatus, Requirement, SnapshotStatus, Verdict};

use super::show::label;

/// What a chip tells, whatever its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it should be.
    Good,
    /// Stands in the way.
    Bad,
    /// Wants attention.
    Warn,
    /// Somebody or something is at it.
    Wait,
    /// Nothing yet.
    Quiet,
}

/// A chip of these words.
pub(crate) fn chip(tone: Tone, words: &str) -> Markup {
    let (class, sign) = match tone {
        Tone::Good => ("good", "✓"),
        Tone::Bad => ("bad", "✕"),
        Tone::Warn => ("warn", "!"),
        Tone::Wait => ("wait", "…"),
        Tone::Quiet => ("none", "○"),
    };
    html! { span class={ "chip " (class) } { span aria-hidden="true" { (sign) " " } (words) } }
}

/// What looks odd about an address or a name.
pub(crate) fn warnings(warnings: &[String]) -> Markup {
    html! { @for warning in warnings { " " (chip(Tone::Warn, warning)) } }
}

/// Where a document stands.
pub(crate) fn document(status: DocumentStatus) -> Markup {
    let tone = match status {
        DocumentStatus::Missing => Tone::Quiet,
        DocumentStatus::UnderReview => Tone::Wait,
        DocumentStatus::Approved => Tone::Good,
        DocumentStatus::Rejected => Tone::Bad,
        DocumentStatus::Expired => Tone::Warn,
    };
    chip(tone, &label(status.word()))
}

/// What was decided on a version.
pub(crate) fn verdict(verdict: Verdict) -> Markup {
    let tone = match verdict {
        Verdict::Approved => Tone::Good,
        Verdict::ApprovedWithSubjects => Tone::Warn,
        Verdict::Rejected => Tone::Bad,
    };
    chip(tone, &label(verdict.word()))
}

/// What was said of a vessel.
pub(crate) fn approval(status: ApprovalStatus) -> Markup {
    let tone = match status {
        ApprovalStatus::Pending => Tone::Quiet,
        ApprovalStatus::Approved => Tone::Good,
        ApprovalStatus::ApprovedWithSubjects => Tone::Warn,
        ApprovalStatus::Rejected => Tone::Bad,
    };
    chip(tone, &label(status.word()))
}

/// Where a snapshot stands.
pub(crate) fn snapshot(status: SnapshotStatus) -> Markup {
    let tone = match status {
        SnapshotStatus::Generating => Tone::Wait,
        SnapshotStatus::Completed => Tone::Good,
        SnapshotStatus::Failed => Tone::Bad,
    };
    chip(tone, &label(status.word()))
}

/// How much hangs on a document.
pub(crate) fn criticality(criticality: Criticality) -> Markup {
    html! { span class={ "criticality " (criticality.word()) } { (label(criticality.word())) } }
}

/// Whether a document is asked for.
pub(crate) fn requirement(requirement: Requirement) -> Markup {
    html! { span.requirement { (label(requirement.word())) } }
}
