//! What is sent to each route in the walk over the policy.

use serde_json::{Value, json};

use sts_clearance::http::Route;

use crate::{harness::PASSWORD, policy::NEXT_PASSWORD};

/// How the paths end that need no body.
const BODILESS: [&str; 8] =
    ["/retry", "/logout", "/confirm", "/test", "/try-now", "/send-again", "/link", "/invitation"];

/// Returns an acceptable body for a route, or `None` if it takes none.
pub(crate) fn body(route: &Route, vessel: &str) -> Option<Value> {
    let party = json!({ "role": "buyer", "name": "New", "email": "new@example.com" });
    Some(match (route.method.as_str(), route.path) {
        ("POST", "/auth/login") => json!({ "email": "admin@example.com", "password": PASSWORD }),
        ("POST", "/auth/password") => json!({
            "current_password": PASSWORD, "new_password": NEXT_PASSWORD,
        }),
        ("POST", "/rooms") => crate::harness::new_room(&[]),
        ("POST", "/rooms/{room_id}/parties") => party,
        ("POST", "/rooms/{room_id}/parties/several") => json!({ "parties": [party] }),
        ("PATCH", "/rooms/{room_id}") => json!({ "title": "Another" }),
        ("PATCH", "/rooms/{room_id}/parties/{party_id}") => json!({ "company": "Another" }),
        ("POST", "/rooms/{room_id}/phase") => json!({ "phase": "clearance", "override": true, "reason": "a test" }),
        ("POST", "/rooms/{room_id}/vessels") => {
            json!({ "name": "Barge", "role": "other", "no_imo_reason": "a barge" })
        }
        ("PATCH", "/rooms/{room_id}/vessels/{vessel_id}") => json!({ "flag": "Malta" }),
        (
            "POST",
            "/rooms/{room_id}/documents/{document_id}/reject"
            | "/rooms/{room_id}/documents/{document_id}/waiver"
            | "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/withdraw"
            | "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/date-waiver"
            | "/rooms/{room_id}/approvals/{approval_id}/revoke"
            | "/rooms/{room_id}/holds",
        ) => {
            json!({ "reason": "a test" })
        }
        ("POST", "/rooms/{room_id}/documents/{document_id}/versions/{version_id}/date") => {
            json!({ "expires_on": "2027-06-30" })
        }
        ("DELETE", "/rooms/{room_id}/holds/{hold_id}") => json!({ "reason": "a test" }),
        ("POST", "/rooms/{room_id}/documents/{document_id}/approve") => json!({}),
        ("POST", "/rooms/{room_id}/documents/match") => json!({ "files": [{ "name": "Q88.pdf" }] }),
        ("POST", "/rooms/{room_id}/approvals") => json!({ "vessel_id": vessel, "status": "approved" }),
        ("PUT", "/rooms/{room_id}/approvals/{approval_id}") => json!({ "status": "pending" }),
        ("POST", "/config/document-types") => json!({
            "code": "NEW", "name": "New", "category": "cargo", "scope": "room", "requirement": "optional",
            "criticality": "low", "gate": "planning",
        }),
        ("PATCH", "/config/document-types/{code}") => json!({ "enabled": false }),
        ("POST", "/rooms/{room_id}/snapshots") => json!({ "snapshot_type": "json" }),
        ("POST", "/users") => {
            json!({ "email": "new@example.com", "name": "New", "role": "buyer", "password": "another long one" })
        }
        ("POST", "/auth/confirm") => json!({ "password": PASSWORD }),
        ("PATCH", "/account/details") => json!({ "position": "Master" }),
        ("PATCH" | "PUT", "/account/mails" | "/rooms/{room_id}/mails") => json!({ "frequency": "daily" }),
        ("PATCH", "/account" | "/users/{user_id}") => json!({ "name": "Another" }),
        ("PUT", "/users/{user_id}/role") => json!({ "role": "seller" }),
        ("POST", "/users/{user_id}/password") => json!({ "new_password": "another long one" }),
        ("PATCH" | "PUT", path) => panic!("no body is known for {path}: add one"),
        ("POST", path) if !BODILESS.iter().any(|end| path.ends_with(end)) => {
            panic!("no body is known for {path}: add one")
        }
        _ => return None,
    })
}
