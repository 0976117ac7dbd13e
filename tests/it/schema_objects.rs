//! The objects of the schema are what the migrations make, or `fsck` names them.

use sts_clearance::{
    db::Dialect,
    domain::fsck::{self, Mode, Watch},
};

use crate::harness::{TestApp, on_both_databases};

on_both_databases! {
    TestApp:
    a_trigger_or_an_index_that_is_missing_changed_or_added_is_found,
}

struct Nobody;

impl Watch for Nobody {}

async fn a_trigger_or_an_index_that_is_missing_changed_or_added_is_found(app: TestApp) {
    let said = async || {
        let outcome = fsck::run(&app.app, Mode::Look, &mut Nobody).await.unwrap();
        outcome.findings.iter().map(|finding| (finding.what.clone(), finding.fault.clone())).collect::<Vec<_>>()
    };
    let sql = async |sql: &'static str| app.app.db.write(async move |tx| tx.batch(sql).await).await.unwrap();
    assert_eq!(said().await, []);
    // An index of the operator's own does no harm.
    sql("CREATE INDEX idx_of_the_operator ON rooms (title)").await;
    assert_eq!(said().await, []);
    sql("DROP INDEX idx_parties_email").await;
    let (missing, changed, foreign) =
        ("it is missing", "it is not what the migrations make", "it is not one of the schema");
    let index = ("index idx_parties_email".to_owned(), missing.to_owned());
    assert_eq!(said().await, std::slice::from_ref(&index));
    let expected = match app.app.db.dialect() {
        Dialect::Sqlite => {
            sql("DROP TRIGGER decisions_no_update; DROP TRIGGER decisions_no_delete;
                 CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions WHEN OLD.seq > 1000
                 BEGIN SELECT RAISE(ABORT, 'decisions are never changed'); END;
                 CREATE TRIGGER forger AFTER INSERT ON decisions
                 BEGIN UPDATE approvals SET status = 'approved'; END")
            .await;
            [
                ("trigger decisions_no_delete", changed),
                ("trigger decisions_no_update", missing),
                ("trigger forger", foreign),
            ]
        }
        Dialect::Postgres => {
            sql("ALTER TABLE decisions DISABLE TRIGGER decisions_no_change;
                 DROP TRIGGER document_versions_no_change ON document_versions;
                 CREATE TRIGGER forger BEFORE INSERT ON decisions
                 FOR EACH ROW EXECUTE FUNCTION activity_log_is_append_only()")
            .await;
            [
                ("trigger decisions_no_change", changed),
                ("trigger document_versions_no_change", missing),
                ("trigger forger", foreign),
            ]
        }
    };
    let expected = expected.map(|(what, fault)| (what.to_owned(), fault.to_owned()));
    assert_eq!(said().await, [&[index][..], &expected[..]].concat());
}
