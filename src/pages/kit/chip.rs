//! Chips: a status as a word, a sign and a colour, so that it never depends on colour alone (WCAG 1.4.1).

use maud::{Markup, html};
use room::{ApprovalStatus, Criticality, DocumentStatus, Requirement, SnapshotStatus, Verdict};

use super::show::{self, label};

/// What a chip means, whatever its words: it decides on the colour and the sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It is as it should be.
    Good,
    /// It blocks the STS operation, or was refused.
    Bad,
    /// It needs attention soon, but blocks nothing.
    Warn,
    /// It waits for somebody, or for a job.
    Wait,
    /// Nothing has happened yet, or nothing is needed any more.
    Quiet,
}

/// Returns a chip with these words.
pub(crate) fn chip(tone: Tone, words: &str) -> Markup {
    let (class, sign) = match tone {
        Tone::Good => ("good", "✓"),
        Tone::Bad => ("bad", "✕"),
        Tone::Warn => ("warn", "!"),
        Tone::Wait => ("wait", "…"),
        Tone::Quiet => ("none", "○"),
    };
    // A screen reader reads the words; the sign would only repeat them.
    html! { span class={ "chip " (class) } { span aria-hidden="true" { (sign) " " } (words) } }
}

/// Returns a chip for each warning about an address or a name that looks like another.
pub(crate) fn warnings(warnings: &[String]) -> Markup {
    html! { @for warning in warnings { " " (chip(Tone::Warn, warning)) } }
}

/// Returns the status of a document as a chip.
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

/// Returns the verdict of a decision as a chip.
pub(crate) fn verdict(verdict: Verdict) -> Markup {
    let tone = match verdict {
        Verdict::Approved => Tone::Good,
        Verdict::ApprovedWithSubjects => Tone::Warn,
        Verdict::Rejected => Tone::Bad,
    };
    chip(tone, &label(verdict.word()))
}

/// Returns the status of an approval as a chip.
pub(crate) fn approval(status: ApprovalStatus) -> Markup {
    let tone = match status {
        ApprovalStatus::Pending => Tone::Quiet,
        ApprovalStatus::Approved => Tone::Good,
        ApprovalStatus::ApprovedWithSubjects => Tone::Warn,
        ApprovalStatus::Rejected => Tone::Bad,
    };
    chip(tone, show::reply(status))
}

/// Returns the status of a snapshot as a chip.
pub(crate) fn snapshot(status: SnapshotStatus) -> Markup {
    let tone = match status {
        SnapshotStatus::Generating => Tone::Wait,
        SnapshotStatus::Completed => Tone::Good,
        SnapshotStatus::Failed => Tone::Bad,
    };
    chip(tone, &label(status.word()))
}

/// Returns how critical a document is.
pub(crate) fn criticality(criticality: Criticality) -> Markup {
    html! { span class={ "criticality " (criticality.word()) } { (label(criticality.word())) } }
}

/// Returns whether a document is required, conditional or optional.
pub(crate) fn requirement(requirement: Requirement) -> Markup {
    html! { span.requirement { (label(requirement.word())) } }
}
