//! The documents as CSV files: a row for each document, for each version and for each decision.

use super::cell::Value;
use super::field::Field;
use super::verdicts::{self, Verdict};
use crate::edition::Rules;
use crate::record::{DocumentFacts, VersionFacts};

/// A version with the document that it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Version<'a> {
    document: &'a DocumentFacts,
    version: &'a VersionFacts,
}

/// A decision with the version that it is about.
pub(super) struct Decision<'a> {
    version: &'a VersionFacts,
    verdict: Verdict<'a>,
}

/// Returns the versions of all documents, oldest first in each.
pub(super) fn versions(documents: &[DocumentFacts]) -> impl Iterator<Item = Version<'_>> {
    documents.iter().flat_map(|document| document.versions.iter().map(move |version| Version { document, version }))
}

/// Returns the decisions on all versions, oldest first in each.
pub(super) fn decisions(documents: &[DocumentFacts]) -> impl Iterator<Item = Decision<'_>> {
    versions(documents).flat_map(|Version { version, .. }| {
        verdicts::of_version(version).map(move |verdict| Decision { version, verdict })
    })
}

/// The fields of `documents.csv`.
pub(super) fn document_fields<'a>(rules: &Rules) -> Vec<Field<&'a DocumentFacts>> {
    let mut fields: Vec<Field<&'a DocumentFacts>> = vec![
        Field { name: "id", value: |d| d.id.as_str().into() },
        Field { name: "document_type", value: |d| d.document_type.as_str().into() },
        Field { name: "name", value: |d| d.name.as_str().into() },
        Field { name: "category", value: |d| d.category.as_str().into() },
        Field { name: "vessel_id", value: |d| d.vessel_id.as_deref().into() },
        Field { name: "requirement", value: |d| d.requirement.as_str().into() },
        Field { name: "criticality", value: |d| d.criticality.as_str().into() },
        Field { name: "gate", value: |d| d.gate.as_str().into() },
        Field { name: "status", value: |d| d.status.as_str().into() },
        Field { name: "waiver_reason", value: |d| d.waiver.as_ref().map(|waiver| waiver.reason.as_str()).into() },
        Field { name: "waiver_by", value: |d| d.waiver.as_ref().map(|waiver| waiver.by.as_str()).into() },
        Field { name: "waiver_at", value: |d| d.waiver.as_ref().map(|waiver| waiver.at).into() },
        Field { name: "count_versions", value: |d| (d.versions.len() as u64).into() },
    ];
    if rules.story {
        fields.push(Field { name: "must_approve", value: |d| Value::Text(d.must_approve.join(", ")) });
    }
    fields
}

/// The fields of `versions.csv`.
pub(super) fn version_fields<'a>(rules: &Rules) -> Vec<Field<Version<'a>>> {
    let mut fields: Vec<Field<Version<'a>>> = vec![
        Field { name: "id", value: |v| v.version.id.as_str().into() },
        Field { name: "document_id", value: |v| v.document.id.as_str().into() },
        Field { name: "number", value: |v| v.version.number.into() },
        Field { name: "file_name", value: |v| v.version.file_name.as_str().into() },
        Field { name: "media_type", value: |v| v.version.media_type.as_str().into() },
        Field { name: "file_size", value: |v| v.version.file_size.into() },
        Field { name: "sha256", value: |v| v.version.sha256.as_str().into() },
        Field { name: "expires_on", value: |v| v.version.expires_on.into() },
        Field { name: "expiry_assumed", value: |v| v.version.expiry_assumed.into() },
        Field { name: "notes", value: |v| v.version.notes.as_deref().into() },
        Field { name: "uploaded_by", value: |v| v.version.uploaded_by.as_str().into() },
        Field { name: "uploaded_by_role", value: |v| v.version.uploaded_by_role.as_str().into() },
        Field { name: "uploaded_at", value: |v| v.version.uploaded_at.into() },
    ];
    if rules.statements {
        fields.extend(statement_fields());
    }
    fields
}

/// The fields of what is known of a version's expiry, and of what was stated of it since its upload.
fn statement_fields<'a>() -> Vec<Field<Version<'a>>> {
    vec![
        Field { name: "expiry", value: |v| v.version.expiry.as_deref().into() },
        Field {
            name: "date_waived_reason",
            value: |v| v.version.date_waived.as_ref().map(|w| w.reason.as_str()).into(),
        },
        Field { name: "date_waived_by", value: |v| v.version.date_waived.as_ref().map(|w| w.by.as_str()).into() },
        Field { name: "date_waived_at", value: |v| v.version.date_waived.as_ref().map(|w| w.at).into() },
        Field { name: "withdrawn_reason", value: |v| v.version.withdrawn.as_ref().map(|w| w.reason.as_str()).into() },
        Field { name: "withdrawn_by", value: |v| v.version.withdrawn.as_ref().map(|w| w.by.as_str()).into() },
        Field { name: "withdrawn_at", value: |v| v.version.withdrawn.as_ref().map(|w| w.at).into() },
    ]
}

/// The fields of `decisions.csv`.
pub(super) fn decision_fields<'a>() -> Vec<Field<Decision<'a>>> {
    vec![
        Field { name: "id", value: |d| d.verdict.decision.id.as_str().into() },
        Field { name: "version_id", value: |d| d.version.id.as_str().into() },
        Field { name: "by", value: |d| d.verdict.decision.by.as_str().into() },
        Field { name: "role", value: |d| d.verdict.decision.role.as_str().into() },
        Field { name: "verdict", value: |d| d.verdict.decision.verdict.as_str().into() },
        Field { name: "comment", value: |d| d.verdict.decision.comment.as_deref().into() },
        Field { name: "decided_at", value: |d| d.verdict.decision.decided_at.into() },
        Field { name: "superseded", value: |d| d.verdict.superseded.into() },
    ]
}
