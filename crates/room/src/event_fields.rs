//! Fields of events that are more than one value: seals, repetitions, slots.

use serde::{Deserialize, Serialize};

use crate::Time;

/// What the log keeps of a seal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealSummary {
    /// Who signed, as the certificate names them.
    pub signer: String,
    /// Whether the certificate is self-signed.
    pub self_made: bool,
    /// The signing time that the server claims.
    pub sealed_at: Time,
    /// The time that an authority attests, if there is one.
    pub trusted_time: Option<Time>,
    /// Why no authority attests the time, if none does.
    pub note: Option<String>,
    /// SHA-256 of the signature, in hexadecimal.
    pub sha256: String,
}

/// How often something happened again within a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// The number of repetitions.
    pub times: u64,
    /// The instant of the first.
    pub from: Time,
    /// The instant of the last.
    pub to: Time,
}

/// A slot as the event has it with which it opens: its id, and the terms that its type had at that moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenedSlot {
    /// The id of the slot.
    pub document_id: crate::DocumentId,
    /// The code of its document type.
    pub document_type: String,
    /// The type's position in the catalogue.
    pub position: i64,
    /// The name that the type had then.
    pub name: String,
    /// The category that the type had then.
    pub category: String,
    /// Whether the slot has to be filled.
    pub requirement: crate::Requirement,
    /// How critical it is to the STS operation.
    pub criticality: crate::Criticality,
    /// How many days a version is usually valid. If it is given, versions expire.
    pub validity_days: Option<i64>,
    /// Days after the end of the STS operation within which a version that expires is listed as expiring soon.
    pub warn_days: Option<i64>,
    /// The phase that cannot be entered without it.
    pub gate: crate::Phase,
    /// The roles of which each has to approve a version, in their order; empty if the type names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub must_approve: Vec<crate::Role>,
}
