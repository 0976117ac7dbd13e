//! The standing of the sample's operation, which is derived from its documents.

use jiff::SignedDuration;

use super::made_up::{hour, time};
use super::room::{eta, planned_end};
use crate::record::{
    ApprovalFacts, BlockerFacts, ClockFacts, DocumentFacts, ExpiryFacts, NoticeFacts, Standing, VesselFacts,
};
use crate::words;

/// The time after the end in which a document that runs out is named, in hours.
const SOON: i64 = 30 * 24;

/// Returns the standing of the operation.
pub(super) fn standing(vessels: &[VesselFacts], documents: &[DocumentFacts], approvals: &[ApprovalFacts]) -> Standing {
    let rejected = |approval: &ApprovalFacts| BlockerFacts {
        kind: "vessel_rejected".to_owned(),
        detail: format!(
            "{} is rejected by {}",
            name(vessels, Some(&approval.vessel_id)).unwrap_or_default(),
            approval.by
        ),
        document_id: None,
        vessel_id: Some(approval.vessel_id.clone()),
    };
    let required = || documents.iter().filter(|document| is_required(document));
    let resolved = required().filter(|document| document.status == "approved").count() as u64;
    let total = required().count() as u64;
    let mut blockers: Vec<_> =
        approvals.iter().filter(|approval| approval.status == "rejected").map(rejected).collect();
    let gated = required().filter(|document| document.gate == "clearance" && document.status != "approved");
    // In the order of the server: vessels first, then documents.
    blockers.extend(gated.map(|document| blocker(document, &title(vessels, document))));
    Standing {
        progress_percentage: resolved * 100 / total.max(1),
        total_required_docs: total,
        resolved_required_docs: resolved,
        next_phase: Some("planning".to_owned()),
        blockers,
        expiring_soon: expiring(vessels, documents),
        undated: Vec::new(),
        clocks: clocks(),
    }
}

fn is_required(document: &DocumentFacts) -> bool {
    document.requirement != "optional" && document.waiver.is_none()
}

fn name<'a>(vessels: &'a [VesselFacts], id: Option<&str>) -> Option<&'a str> {
    vessels.iter().find(|vessel| Some(vessel.id.as_str()) == id).map(|vessel| vessel.name.as_str())
}

fn title(vessels: &[VesselFacts], document: &DocumentFacts) -> String {
    match name(vessels, document.vessel_id.as_deref()) {
        Some(vessel) => format!("{} of {vessel}", document.name),
        None => document.name.clone(),
    }
}

fn blocker(document: &DocumentFacts, title: &str) -> BlockerFacts {
    let status = words::from_identifier(&document.status).to_lowercase();
    BlockerFacts {
        kind: format!("document_{}", document.status),
        detail: format!("{title} is {status}"),
        document_id: Some(document.id.clone()),
        vessel_id: document.vessel_id.clone(),
    }
}

fn expiring(vessels: &[VesselFacts], documents: &[DocumentFacts]) -> Vec<ExpiryFacts> {
    let day = |at: jiff::Timestamp| jiff::tz::Offset::UTC.to_datetime(at).date();
    let (end, soon) = (day(planned_end()), day(planned_end() + SignedDuration::from_hours(SOON)));
    let expiry = |document: &DocumentFacts| {
        let expires_on = document.versions.last()?.expires_on.filter(|day| *day < soon)?;
        Some(ExpiryFacts {
            document_id: document.id.clone(),
            name: title(vessels, document),
            vessel_id: document.vessel_id.clone(),
            expires_on,
            before_end: expires_on < end,
        })
    };
    let mut expiring: Vec<_> = documents.iter().filter(|document| is_required(document)).filter_map(expiry).collect();
    expiring.sort_by_key(|expiry| expiry.expires_on);
    expiring
}

fn clocks() -> ClockFacts {
    ClockFacts {
        planned_end: planned_end(),
        coastal_notice: Some(NoticeFacts {
            due_at: eta() - SignedDuration::from_hours(48),
            state: "revise".to_owned(),
            given_at: Some(hour(146)),
            notified_eta: Some(time(0) + SignedDuration::from_hours(204)),
        }),
        claim: None,
        retention: None,
    }
}
