//! What waits for somebody: a mail for the mail server, a request for another admin, an invitation for who is invited.

use room::{AccountDeed, AccountRequestId, MailId};
use serde_json::json;
use sts_clearance::db::{self, Tx, account_requests::AccountRequest};

use super::TestApp;

impl TestApp {
    /// Adds a party without an account, who is invited by that if mails go out, and returns their id.
    pub(crate) async fn invited(&self, room: &str, token: &str) -> String {
        let party = json!({ "role": "seller", "name": "Invited", "email": "invited@example.com" });
        let added = self.post(&format!("/rooms/{room}/parties"), token).json(party).send().await.expect(201);
        added["id"].as_str().unwrap().to_owned()
    }

    /// Stores a mail that waits, and returns its id.
    pub(crate) async fn waiting_mail(&self, to: &'static str) -> String {
        let (id, now) = (MailId(self.app.new_id()), self.app.now());
        let insert = "INSERT INTO outbox (id, kind, receiver, created_at, rounds, attempts, failures, not_before)
            VALUES (?1, 'test', ?2, ?3, 1, 0, 0, ?3)";
        let store = async move |tx: &mut Tx| tx.exec(insert, &[&id, &to, &now]).await;
        self.app.db.write(store).await.unwrap();
        id.to_string()
    }

    /// Stores a request of an admin to make somebody an admin, and returns its id.
    pub(crate) async fn waiting_request(&self, asked_by: &str, email: &str) -> String {
        let id = AccountRequestId(self.app.new_id());
        let request = AccountRequest {
            id,
            deed: AccountDeed::MakeAdmin,
            email: email.into(),
            name: "somebody".into(),
            password_hash: None,
            by_link: false,
            asked_by: asked_by.into(),
            asked_at: self.app.now(),
        };
        self.app.db.write(async move |tx| db::account_requests::ask(tx, &request).await).await.unwrap();
        id.to_string()
    }
}
