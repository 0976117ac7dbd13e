//! Decisions on several documents by one form, without script: each is made by itself, and what was refused is told row by
//! row.

use room::Role;
use serde_json::Value;

use crate::harness::{PageForm, Reply, TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    what_is_selected_is_approved_and_what_has_changed_meanwhile_is_told_by_row,
    each_rejection_has_its_own_reason_or_that_for_all,
    what_cannot_be_decided_on_cannot_be_selected,
    all_that_waits_is_selected_by_a_link,
}

/// A room in which an owner has uploaded three papers, on which the charterer has still to decide.
struct Scene {
    app: TestApp,
    list: String,
    room: String,
    owner: String,
    charterer: String,
    /// Each document's path, and the id of its version.
    papers: Vec<(String, String)>,
}

const TYPES: [&str; 3] = ["COMPAT", "FENDER_CERT", "HOSE_CERT"];

async fn scene(app: TestApp) -> Scene {
    let (room, broker) = app.room().await;
    let owner = app.user("owner@example.com", Role::Owner).await;
    let charterer = app.user("charterer@example.com", Role::Charterer).await;
    let mut papers = Vec::new();
    for code in TYPES {
        let document = app.document(&room, &broker, code, None).await;
        let version = app.version(&document, &owner, code, &[]).await;
        papers.push((document, version["version"]["id"].as_str().unwrap().to_owned()));
    }
    Scene { app, list: format!("//rooms/{room}/documents"), room, owner, charterer, papers }
}

impl Scene {
    async fn page(&self, query: &str, token: &str) -> String {
        self.app.get(&format!("{}{query}", self.list), token).send().await.html()
    }

    /// Returns the form of the list with these papers ticked.
    async fn ticked(&self, papers: &[usize]) -> PageForm {
        let page = self.page("", &self.charterer).await;
        let form = PageForm::of(&page, &format!("/rooms/{}/documents/approve", self.room));
        papers.iter().fold(form, |form, at| form.ticking("paper", &self.papers[*at].1))
    }

    async fn send(&self, verdict: &str, form: &PageForm) -> Reply {
        self.app.post(&format!("{}/{verdict}", self.list), &self.charterer).fields(&form.fields()).send().await
    }

    /// Returns what was decided on each paper: the verdict with its comment.
    async fn decided(&self) -> Vec<Vec<String>> {
        let mut all = Vec::new();
        for (document, version) in &self.papers {
            let path = format!("{document}/versions/{version}/decisions");
            let decisions = self.app.get(&path, &self.owner).send().await.expect(200);
            let said = |decision: &Value| {
                let comment = decision["subjects"].as_str().or(decision["reason"].as_str()).unwrap_or_default();
                format!("{} {comment}", decision["verdict"].as_str().unwrap()).trim().to_owned()
            };
            all.push(decisions.as_array().unwrap().iter().map(said).collect());
        }
        all
    }
}

async fn what_is_selected_is_approved_and_what_has_changed_meanwhile_is_told_by_row(app: TestApp) {
    let scene = scene(app).await;
    let form = scene.ticked(&[0, 1, 2]).await;
    // While the charterer looks, another version of the second comes.
    scene.app.version(&scene.papers[1].0, &scene.owner, "a newer one", &[]).await;
    let told = scene.send("approve", &form).await;
    assert_eq!(told.status, 409);
    let page = told.html();
    assert!(page.contains("2 documents approved; 1 not."), "{page}");
    assert!(page.contains(": Version 2 has come meanwhile; look at it, and decide on that one."), "{page}");
    assert_eq!(page.matches("has come meanwhile").count(), 1, "{page}");
    let decided = [vec!["approved"], vec![], vec!["approved"]];
    assert_eq!(scene.decided().await, decided);
    // A double click decides once, and tells the same.
    let again = scene.send("approve", &form).await;
    assert!(again.html().contains("2 documents approved; 1 not."), "{}", again.html());
    assert_eq!(scene.decided().await, decided);
    let actions = scene.app.actions(&scene.room, &scene.owner).await;
    assert_eq!(actions.iter().filter(|action| *action == "document_decided").count(), 2);
}

async fn each_rejection_has_its_own_reason_or_that_for_all(app: TestApp) {
    let scene = scene(app).await;
    let asked = scene.send("reject", &scene.ticked(&[0, 2]).await).await;
    assert_eq!(asked.status, 200);
    let page = asked.html();
    assert!(page.contains("Reject 2 documents") && page.contains("paper.pdf"), "{page}");
    let form = PageForm::of(&page, &format!("/rooms/{}/documents/reject", scene.room));
    let own = |at: usize| format!("{}.reason", scene.papers[at].1);

    let form = form.with(&own(0), "The mooring loads are wrong");
    let lacking = scene.send("reject", &form).await;
    assert_eq!(lacking.status, 422);
    let page = lacking.html();
    assert!(
        page.contains(">The mooring loads are wrong</textarea>")
            && page.contains("lacks a reason, and there is none for all"),
        "{page}"
    );
    assert_eq!(scene.decided().await, [const { Vec::<String>::new() }; 3], "nothing was decided");

    let form = form.with("reason", "Not signed");
    for _ in 0..2 {
        assert_eq!(scene.send("reject", &form).await.status, 303);
        let reasons = [vec!["rejected The mooring loads are wrong"], vec![], vec!["rejected Not signed"]];
        assert_eq!(scene.decided().await, reasons);
    }
    // Back in the browser, with something else typed: what was done stays, and that is said.
    let other = scene.send("reject", &form.with("reason", "Blurred")).await;
    assert!(other.html().contains("It was decided on by this form before, with other words."), "{}", other.html());
}

async fn what_cannot_be_decided_on_cannot_be_selected(app: TestApp) {
    let scene = scene(app).await;
    let seller = scene.app.user("seller@example.com", Role::Seller).await;
    for token in [&scene.owner, &seller] {
        let page = scene.page("", token).await;
        assert!(!page.contains("name=\"paper\"") && !page.contains("/documents/approve"), "{page}");
    }
    assert_eq!(scene.page("", &scene.charterer).await.matches("name=\"paper\"").count(), 3);

    // The owner says so all the same: it is their own upload.
    let approve = format!("{}/approve", scene.list);
    let own = scene.app.post(&approve, &scene.owner).fields(&[("paper", &scene.papers[0].1)]).send().await;
    assert_eq!(own.status, 409);
    assert!(own.html().contains("You uploaded this file: another party decides on it."), "{}", own.html());
    let none = scene.send("approve", &scene.ticked(&[]).await).await;
    assert_eq!(none.status, 409);
    assert!(none.html().contains("Nothing is selected; tick the documents to decide on first."), "{}", none.html());
    let many = scene.send("approve", &scene.ticked(&[0; 101]).await).await;
    assert!(many.html().contains("101 documents are selected; at most 100"), "{}", many.html());
    assert_eq!(scene.decided().await, [const { Vec::<String>::new() }; 3]);
}

async fn all_that_waits_is_selected_by_a_link(app: TestApp) {
    let scene = scene(app).await;
    let decide = format!("{}/approve", scene.papers[0].0);
    scene.app.post(&decide, &scene.charterer).json(serde_json::json!({})).send().await.expect(200);
    let page = scene.page("?show=under_review", &scene.charterer).await;
    let link = format!("{}?show=under_review&amp;pick=true", &scene.list[1..]);
    assert!(page.contains(&link) && page.contains("Select all 2 that wait for me"), "{page}");
    let page = scene.page("?pick=true", &scene.charterer).await;
    let boxes: Vec<_> =
        page.split("<input class=\"pick\"").skip(1).map(|rest| rest.split('>').next().unwrap()).collect();
    let of = |at: usize| boxes.iter().find(|tag| tag.contains(&*scene.papers[at].1)).unwrap().contains(" checked");
    assert_eq!((of(0), of(1), of(2)), (false, true, true), "{boxes:?}");
}
