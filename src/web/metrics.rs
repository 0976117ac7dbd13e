//! `/metrics`, for the operator's monitoring, in the text format of Prometheus.

use std::fmt::{Display, Write};

use axum::{
    extract::{RawPathParams, State},
    http::{HeaderMap, Method, header::CONTENT_TYPE},
    response::IntoResponse,
};
use room::{SnapshotStatus, Time};

use crate::{
    app::App,
    at_hand::Start,
    backups::BackupStatus,
    db::{self, fsck_runs::Finished, heads_log::Sight, outbox::MailCounts},
    domain::{accounts::sessions, fsck::Kind, seal_certificate::SealCertificate},
    error::Result,
    http::{Access, Requester, caller},
    policy::Action,
};

/// The media type of the format, with its version.
const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Returns the metrics to a client with the token of the settings, or with the session of an admin.
pub(super) async fn metrics(
    State(app): State<App>,
    params: RawPathParams,
    headers: HeaderMap,
) -> Result<impl IntoResponse> {
    if !has_token(&app, &headers) {
        caller::admit(&app, Access::May(Action::ConfigView), &params, (&Method::GET, &headers), &Requester::default())
            .await?;
    }
    let read = app.db.read(async |tx| {
        let snapshots = db::snapshots::count_by_status(tx).await?;
        let contradictions = db::contradictions::count(tx).await?;
        let heads_log = db::heads_log::find(tx).await?.map_or(0, |log| log.size);
        let heads_log = (heads_log, db::heads_log::sights(tx).await?);
        let waiting = (db::jobs::count(tx).await?, db::outbox::count(tx).await?);
        Ok((snapshots, waiting, db::fsck_runs::last(tx).await?, contradictions, heads_log))
    });
    let (snapshots, ((waiting, failed), mails), checked, contradictions, heads_log) = read.await?;
    let mut text = Exposition::default();
    let build = [("version", env!("CARGO_PKG_VERSION")), ("renderer", report::RENDERER)];
    text.gauge("sts_build_info", "The program; always 1").value(&build, 1);
    text.gauge("sts_start_time_seconds", "When the server began, since 1970").value(&[], seconds(app.started_at));
    text.gauge("sts_uptime_seconds", "How long it runs").value(&[], app.now().since(app.started_at).as_secs());
    if let Some(offset) = app.clock_offset.microseconds() {
        let help = "How far this clock is ahead of the database's";
        text.gauge("sts_clock_offset_seconds", help).value(&[], in_seconds(offset));
    }
    let (commits, writes) = app.db.commits();
    text.counter("sts_commits_total", "Commits of the database by this server").value(&[], commits);
    text.counter("sts_writes_total", "Writes in them: on SQLite, those that wait share one").value(&[], writes);
    let (states, bytes) = app.at_hand.size();
    text.gauge("sts_states_at_hand", "Logs whose state is kept for who writes or reads next").value(&[], states);
    text.gauge("sts_states_at_hand_bytes", "The memory that these states take, about").value(&[], bytes);
    text.counter("sts_states_wanted_total", "States of logs that were wanted, by where their fold began");
    for start in Start::ALL {
        text.value(&[("start", start.word())], app.at_hand.starts(start));
    }
    let (folded, took) = app.at_hand.folded();
    text.counter("sts_entries_folded_total", "Entries that were read and folded for that").value(&[], folded);
    text.counter("sts_folding_seconds_total", "How long that took").value(&[], took.as_secs_f64());
    let help = "Requests refused since their party had added as much to a room as one may in a day";
    text.counter("sts_quota_refusals_total", help).value(&[], app.refusals.over_quota());
    text.gauge("sts_snapshots", "Snapshots by status");
    for status in SnapshotStatus::ALL {
        let count = snapshots.iter().find(|(counted, _)| *counted == status).map_or(0, |(_, count)| *count);
        text.value(&[("status", status.word())], count);
    }
    text.gauge("sts_snapshot_jobs", "Files of snapshots that are still to be drawn, or have been given up");
    text.value(&[("state", "waiting")], waiting).value(&[("state", "failed")], failed);
    text.mails(mails);
    let help = "Signed checkpoints in verified files that a log of this database contradicted, each counted once";
    text.counter("sts_contradictions_total", help).value(&[], contradictions.total);
    let help = "Those of them with which the log does not agree again";
    text.gauge("sts_contradictions_open", help).value(&[], contradictions.open);
    text.heads_log(heads_log);
    let help = "When the certificate that PDFs are sealed with ends, since 1970";
    let until = seconds(SealCertificate::in_force(&app)?.not_after);
    text.gauge("sts_seal_certificate_not_after_seconds", help).value(&[], until);
    if let Some(checked) = checked {
        text.fsck(&checked);
    }
    if app.config.scheduled_backup().is_some() {
        text.backup(&app.backups.status());
    }
    Ok(([(CONTENT_TYPE, FORMAT)], text.text))
}

/// Returns whether a request has the token of the settings.
fn has_token(app: &App, headers: &HeaderMap) -> bool {
    // Hashes are compared, not the tokens: how long a comparison takes would tell how many of the first characters are
    // right. Without a token in the settings, none is accepted, not even an empty one.
    let token = &app.config.metrics_token;
    let given = caller::bearer_token(headers).map(sessions::hash_token);
    !token.is_empty() && given == Some(sessions::hash_token(token))
}

fn seconds(time: Time) -> i64 {
    time.as_microsecond() / 1_000_000
}

#[expect(clippy::cast_precision_loss, reason = "a metric is a float, and no clock is off by centuries")]
fn in_seconds(microseconds: i64) -> f64 {
    microseconds as f64 / 1e6
}

/// Returns the name of a key.
fn named(key: &str) -> &str {
    key.split('+').next().unwrap_or_default()
}

/// Writes metrics in the text format.
#[derive(Default)]
struct Exposition {
    text: String,
    name: &'static str,
}

impl Exposition {
    fn heads_log(&mut self, (size, sights): (u64, Vec<Sight>)) {
        self.gauge("sts_heads_log_entries", "Heads of logs in the log of heads").value(&[], size);
        self.gauge("sts_witness_entries", "Entries of it that each witness has seen");
        for sight in &sights {
            self.value(&[("witness", named(&sight.witness))], sight.size);
        }
        self.gauge("sts_witness_fault", "1 if the witness did not cosign the newest head when it was asked last");
        for sight in &sights {
            self.value(&[("witness", named(&sight.witness))], u8::from(sight.fault.is_some()));
        }
    }

    /// Adds the mails of the last weeks by state.
    fn mails(&mut self, MailCounts { waiting, sent, failed }: MailCounts) {
        self.gauge("sts_mails", "Mails that wait, and those of the last 30 days that were sent or given up")
            .value(&[("state", "waiting")], waiting)
            .value(&[("state", "sent")], sent)
            .value(&[("state", "failed")], failed);
    }

    /// Begins a metric that goes up and down, to which values are added next.
    fn gauge(&mut self, name: &'static str, help: &str) -> &mut Self {
        self.begin(name, help, "gauge")
    }

    /// Begins a metric that only goes up while the server runs, to which values are added next.
    fn counter(&mut self, name: &'static str, help: &str) -> &mut Self {
        self.begin(name, help, "counter")
    }

    fn begin(&mut self, name: &'static str, help: &str, kind: &str) -> &mut Self {
        self.name = name;
        // Writing to a `String` cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        self
    }

    /// Adds a value of the metric with these labels.
    fn value(&mut self, labels: &[(&str, &str)], value: impl Display) -> &mut Self {
        // Names and values of labels are words of our own, without quotes and backslashes: nothing has to be escaped.
        let labels: Vec<_> = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "{}{labels} {value}", self.name);
        self
    }

    /// Adds the metrics of the backups that this server makes by itself.
    fn backup(&mut self, BackupStatus { newest, failure }: &BackupStatus) {
        self.gauge("sts_backup_failed", "Whether the last attempt to make a backup failed")
            .value(&[], u8::from(failure.is_some()));
        let Some(newest) = newest else { return };
        self.gauge("sts_backup_time_seconds", "When the newest backup was begun, since 1970")
            .value(&[], seconds(newest.made_at));
        self.gauge("sts_backup_entries", "Entries of logs in it").value(&[], newest.entries);
        self.gauge("sts_backup_files", "Files of documents and snapshots in it").value(&[], newest.files);
        self.gauge("sts_backup_bytes", "The size of these, in bytes").value(&[], newest.bytes);
        let help = "Files that it lacks, because the store has lost them";
        self.gauge("sts_backup_missing_files", help).value(&[], newest.missing);
    }

    /// Adds the metrics of the last check that is over.
    fn fsck(&mut self, Finished { started_at, finished_at, found }: &Finished) {
        let ended = "When the last check of what is stored ended, since 1970";
        self.gauge("sts_fsck_finished_time_seconds", ended).value(&[], seconds(*finished_at));
        let took = finished_at.since(*started_at).as_secs_f64();
        self.gauge("sts_fsck_duration_seconds", "How long it took").value(&[], took);
        let failed = u8::from(found.error.is_some());
        self.gauge("sts_fsck_failed", "Whether it came to no end").value(&[], failed);
        self.gauge("sts_fsck_checked", "What it has looked at");
        let checked =
            [("logs", found.logs), ("entries", found.entries), ("records", found.records), ("files", found.files)];
        for (what, count) in checked {
            self.value(&[("what", what)], count);
        }
        self.gauge("sts_fsck_damaged", "Damaged things by kind");
        for kind in Kind::ALL.map(Kind::word) {
            self.value(&[("kind", kind)], found.damaged.get(kind).unwrap_or(&0));
        }
    }
}
