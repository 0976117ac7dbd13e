//! The state of the server: jobs, the last check of stored data, disks, versions. It is what an admin looks at first
//! when something is wrong.

use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use room::Time;

use crate::{
    app::App,
    backups::{Backup, BackupFailure, BackupStatus},
    domain::{
        seal_certificate::{CertificateStage, SealCertificate},
        system::{self, Contradiction, HeadsLogStatus, LastCheck, SystemStatus, WitnessStatus},
    },
    error::Result,
    files::DiskSpace,
    http::{Access::May, Caller, PageRoutes},
    pages::{
        admin::frame::{Tab, page},
        kit::{
            chip::{Tone, chip},
            show::{self, label},
        },
    },
    policy::Action::ConfigView,
};

pub(super) fn routes() -> PageRoutes {
    PageRoutes::new().get("/admin/system", May(ConfigView), show_status)
}

async fn show_status(app: App, caller: Caller) -> Result<Response> {
    let status = system::status(&app).await?;
    let SystemStatus { jobs, fsck, seal, data_disk, files_disk, migrations, .. } = &status;
    let main = html! {
        section aria-labelledby="system-title" {
            h2 id="system-title" { "System" }
            @if !status.contradictions.is_empty() { (render_contradictions(&status, app.now())) }
            div.cards {
                section.card {
                    h3 { "Jobs" }
                    dl.facts {
                        dt { "Waiting" } dd.num { (jobs.waiting) }
                        dt { "Running" } dd.num { (jobs.running) }
                        dt { "Given up" } dd.num {
                            (jobs.failed) " " @if jobs.failed > 0 { (chip(Tone::Bad, "To be retried")) }
                        }
                    }
                    p.hint { "Files of snapshots that are still to be drawn. What was given up says why on its page." }
                }
                section.card { h3 { "Last check of what is stored" } (render_check(fsck.as_ref(), app.now())) }
                section.card { h3 { "Seal of PDFs" } (render_seal(seal)) }
                section.card {
                    h3 { "Disk" }
                    dl.facts {
                        dt { "Data" } dd { (render_disk(data_disk.as_ref())) }
                        dt { "Files" } dd { (render_disk(files_disk.as_ref())) }
                    }
                }
                section.card { h3 { "Backups" } (render_backups(status.backup.as_ref(), app.now())) }
                section.card { h3 { "Log of heads" } (render_heads_log(status.heads_log.as_ref(), app.now())) }
                section.card {
                    h3 { "Versions" }
                    dl.facts {
                        dt { "Program" } dd { (status.version) }
                        dt { "Renderer" } dd { (status.renderer) }
                        dt { "Fonts" } dd { (status.fonts) }
                        dt { "Key of the logs" } dd { code { (status.log_key) } }
                        dt { "Database" } dd { (label(status.database)) }
                        dt { "Schema" } dd { @if let Some(last) = migrations.last() { code { (last.name) } } }
                        dt { "Began" } dd { (show::time(status.started_at)) " · " (show::away(status.started_at, app.now())) }
                    }
                }
            }
        }
    };
    Ok(page(&caller, Tab::System, "System", &main).into_response())
}

/// Returns the newest backup, and why there is no newer one.
fn render_backups(status: Option<&BackupStatus>, now: Time) -> Markup {
    let Some(BackupStatus { newest, failure }) = status else {
        return html! {
            p.hint {
                "This server makes none by itself: name a directory in the setting " code { "backup_dir" } ", or run "
                code { "sts-clearance backup" } " by a timer."
            }
        };
    };
    html! {
        @if let Some(Backup { name, made_at, entries, files, bytes, missing }) = newest {
            dl.facts {
                dt { "Newest" } dd { (show::time(*made_at)) " · " (show::away(*made_at, now)) }
                dt { "Name" } dd { code { (name) } }
                dt { "Entries" } dd.num { (entries) }
                dt { "Files" } dd { (files) " of " (show::mib(*bytes)) }
            }
            @if *missing > 0 {
                p.verdict.failed { "It lacks " (missing) " files that the store has lost; " code { "fsck" } " names them." }
            }
        } @else if failure.is_none() { p.hint { "None has been made yet." } }
        @if let Some(BackupFailure { at, why }) = failure {
            p.verdict.failed { "The attempt of " (show::time(*at)) " failed: " (why) }
        }
    }
}

/// Returns how far the log of heads has come, and its witnesses.
fn render_heads_log(log: Option<&HeadsLogStatus>, now: Time) -> Markup {
    let Some(HeadsLogStatus { origin, size, witnesses }) = log else {
        return html! { p.hint { "No head of a log has been taken into it yet." } };
    };
    html! {
        dl.facts {
            dt { "Name" } dd { code { (origin) } }
            dt { "Heads" } dd { (size) }
            @for WitnessStatus { witness, size, fault, asked_at } in witnesses {
                dt { "Witness" }
                dd {
                    code { (witness.split('+').next().unwrap_or_default()) } " has seen " (size) " · "
                    (show::away(*asked_at, now))
                    @if let Some(fault) = fault { p.verdict.failed { (fault) } }
                }
            }
        }
        @if witnesses.is_empty() {
            p.hint { "No witness cosigns it: name one in the setting " code { "witnesses" } "." }
        }
    }
}

/// Returns the notice of what the logs contradict. It comes before everything else: nothing on this page weighs more.
fn render_contradictions(status: &SystemStatus, now: Time) -> Markup {
    let open = status.open_contradictions;
    let class = if open > 0 { "verdict failed" } else { "verdict ok" };
    html! {
        section aria-labelledby="contradictions-title" {
            h3 id="contradictions-title" { "What this server has signed, and its log contradicts" }
            p class=(class) {
                @if open > 0 {
                    strong { (show::count(usize::try_from(open).unwrap_or(usize::MAX), "contradiction")) }
                    ": files that were verified carry this server's signature, and the log says otherwise. Either the log was \
                     changed or lost entries, or somebody else has signed with the key."
                } @else { strong { "Settled" } ": the log agrees again with every file that contradicted it." }
            }
            table.list.prose {
                thead { tr {
                    th scope="col" { "Room" } th scope="col" { "Snapshot" } th scope="col" { "What contradicts" }
                    th scope="col" { "Seen" }
                } }
                tbody { @for found in &status.contradictions { (contradiction_row(found, now)) } }
            }
            p.hint {
                code { "sts-clearance fsck" } " names what is damaged. Once the database is put right, verify the file again: \
                 then this is settled."
            }
        }
    }
}

fn contradiction_row(found: &Contradiction, now: Time) -> Markup {
    html! {
        tr {
            td.words data-label="Room" {
                @if let Some(title) = &found.room_title { a href={ "/rooms/" (found.room_id) } { (title) } " " }
                code { (found.room_id) }
            }
            td.words data-label="Snapshot" { code { (found.snapshot_id) } }
            td.words data-label="What contradicts" { (found.detail) }
            td data-label="Seen" {
                (show::time(found.seen_at)) " · " (show::away(found.seen_at, now)) " "
                @match found.settled_at {
                    Some(at) => { (chip(Tone::Good, "Settled")) " " (show::away(at, now)) }
                    None => (chip(Tone::Bad, "Open")),
                }
            }
        }
    }
}

fn render_check(fsck: Option<&LastCheck>, now: Time) -> Markup {
    let Some(check) = fsck else {
        return html! { p { "There was none yet; the server makes one every day, and " code { "sts-clearance fsck" } " at once." } };
    };
    let damaged: u64 = check.damaged.values().sum();
    html! {
        p {
            // A check that broke off says nothing about what it did not reach, so its error comes before any count.
            @match (&check.error, damaged) {
                (Some(_), _) => (chip(Tone::Bad, "Came to no end")),
                (None, 0) => (chip(Tone::Good, "Nothing is damaged")),
                (None, _) => (chip(Tone::Bad, &show::count(usize::try_from(damaged).unwrap_or(usize::MAX), "damaged thing"))),
            }
            " " (show::away(check.finished_at, now))
        }
        @if let Some(error) = &check.error { p { (error) } }
        dl.facts {
            @for (kind, things) in &check.damaged { dt { (label(kind)) } dd.num { (things) } }
            dt { "Logs" } dd.num { (check.logs) " with " (check.entries) " entries" }
            dt { "Records" } dd.num { (check.records) }
            dt { "Files" } dd.num { (check.files) }
        }
        @if damaged > 0 { p.hint { code { "sts-clearance fsck" } " names each of them." } }
    }
}

fn render_seal(seal: &SealCertificate) -> Markup {
    html! {
        @match seal.stage {
            CertificateStage::Valid => {}
            CertificateStage::Ended => p { (chip(Tone::Bad, "The certificate has ended")) },
            CertificateStage::NotYetValid => p { (chip(Tone::Bad, "The certificate is not valid yet")) },
            CertificateStage::EndsIn7Days => p { (chip(Tone::Bad, "The certificate ends")) },
            CertificateStage::EndsIn30Days | CertificateStage::EndsIn60Days => p { (chip(Tone::Warn, "The certificate ends")) },
        }
        @if let Some(notice) = &seal.notice { p { (crate::http::sentence(notice)) } }
        dl.facts {
            dt { "Signer" } dd { (seal.signer) @if seal.self_made { " " span.hint { "self-made: nobody else vouches for that name" } } }
            dt { "Certificate" } dd { "from " (show::time(seal.not_before)) " until " (show::time(seal.not_after)) }
            dt { "SHA-256" } dd { code { (seal.sha256) } }
        }
    }
}

/// Returns how much of a disk is free; less than a twentieth is marked.
fn render_disk(space: Option<&DiskSpace>) -> Markup {
    let Some(space) = space else { return html! { "The system does not tell." } };
    let bytes = |bytes: u64| show::size(i64::try_from(bytes).unwrap_or(i64::MAX));
    html! {
        (bytes(space.free_bytes)) " free of " (bytes(space.total_bytes)) " "
        @if space.free_bytes < space.total_bytes / 20 { (chip(Tone::Warn, "Nearly full")) }
    }
}
