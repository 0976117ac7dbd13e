//! Vessels in a line.

use serde_json::json;

use super::TestApp;

/// IMO numbers whose last digit is right.
pub(crate) const IMO: [&str; 3] = ["9074729", "9319466", "9417177"];

impl TestApp {
    /// Names a vessel in the room; its id.
    pub(crate) async fn vessel(&self, room: &str, token: &str, name: &str, role: &str, imo: &str) -> String {
        let asked = json!({ "name": name, "role": role, "imo_number": imo });
        let vessel = self.post(&format!("/rooms/{room}/vessels"), token).json(asked).send().await.expect(201);
        vessel["id"].as_str().unwrap().to_owned()
    }
}
