//! `serve`: the server, with its workers in the same process.

use std::net::SocketAddr;

use clap::{Args, ValueEnum, builder::PossibleValue};
use tokio::net::TcpListener;

use super::{arenas, demo};
use crate::{
    app::App,
    children,
    cli::{
        start::{GRACE, cancel_at_signal, check, runtime},
        terminal::print,
    },
    clock::Clock,
    config::Config,
    db::migrations,
    domain::{
        accounts::set_up,
        backup,
        log::{self, Actor, adoption, refusals, schema},
        start::{self, Known, Opening, Signing, Survey},
    },
    error::{Error, Result},
    http, jobs, telemetry, web,
};

/// The flags of `serve`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  sts-clearance serve --demo\n  sts-clearance serve --listen 127.0.0.1:9000\n  \
                        STS_DATABASE_URL=postgres://sts@db/sts sts-clearance serve")]
#[expect(clippy::doc_markdown, reason = "the help shows names as they are typed")]
pub(super) struct Flags {
    /// The address to listen on [env: STS_LISTEN] [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub(super) listen: Option<String>,
    /// Fill an empty database with a believable operation, and print an account to look at it with
    #[arg(long)]
    demo: bool,
    /// Do not bring the schema up to date; refuse to start where it is not
    #[arg(long)]
    no_migrate: bool,
    /// Start although this is found, which otherwise ends the start with a sentence; may be given several times
    #[arg(long, value_name = "WHAT", value_enum)]
    accept: Vec<Known>,
}

impl ValueEnum for Known {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.word()).help(self.help()))
    }
}

pub(super) fn run(settings: Config, flags: &Flags) -> Result<()> {
    arenas::keep_to_one();
    check(&settings)?;
    telemetry::start(&settings)?;
    backup::refuse_unfinished(&settings)?;
    if let Some((directory, _)) = settings.scheduled_backup() {
        backup::refuse_inside(&settings, &directory)?;
    }
    // Before the keys are read: from here on, no other process of this user can read this one's memory.
    children::hide_memory()?;
    let runtime = runtime()?;
    let served = runtime.block_on(serve(settings, flags));
    // Does not wait for blocking threads: a report that is being drawn is left to its lease.
    runtime.shutdown_background();
    served
}

async fn serve(settings: Config, flags: &Flags) -> Result<()> {
    // Before anything is made, which would then be there.
    let survey = Survey::make(&settings)?;
    // Held until this returns.
    let _held = start::hold(&settings)?;
    let opening = start::look_at_database(&settings, &survey, &flags.accept).await?;
    let listener = TcpListener::bind(&settings.listen)
        .await
        .map_err(|error| Error::setup(format!("{} cannot be listened on: {error}", settings.listen)))?;
    let app = open(settings, opening)?;
    start::look_at_app(&app, &flags.accept).await?;
    let address =
        listener.local_addr().map_err(|error| Error::setup(format!("the address cannot be told: {error}")))?;
    // After the address is known and before anything is served on it.
    if flags.demo {
        refuse_strangers(address)?;
    }

    prepare(&app, flags).await?;
    if flags.demo {
        demo::fill(&app).await?;
    } else {
        demo::refuse_leftovers(&app).await?;
    }

    // A file that holds no certificate and key stops the start, not the first report weeks later.
    check_seal(&app)?;

    // No reason to stop: rooms, documents and logs work without child processes.
    if let Err(error) = app.children.check().await {
        tracing::error!(%error, "child processes do not work here: no report can be drawn, no file be checked or previewed");
    }

    let stop = app.stopping.clone();
    cancel_at_signal(&stop)?;
    print(&format!("STS Clearance listens on http://{address} (API under {}, described at /docs)", http::BASE))?;
    if flags.demo {
        demo::explain(&app, address).await?;
    } else if let Some(code) = set_up::offer(&app).await? {
        explain_set_up(&app, address, &code)?;
    }

    // The address is printed before there are workers: the listener is bound, and connections wait in the system's
    // queue.
    let mut workers = tokio::spawn(jobs::run(app.clone(), stop.clone()));
    let limits = http::Limits::of(&app.config);
    let mut server = tokio::spawn(http::serve(listener, web::router(app.clone()), limits, stop.clone()));
    // `biased`: at a stop all three may be ready, and that is not the error that the other two stand for.
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        _ = &mut workers => return Err(Error::internal("the workers have ended; the log says why")),
        _ = &mut server => return Err(Error::internal("the listener has ended; the log says why")),
    }
    tracing::info!("stopping; requests in progress are finished");
    if tokio::time::timeout(GRACE, server).await.is_err() {
        tracing::warn!("some requests were not finished in time");
    }
    workers.await.map_err(|error| Error::internal(format!("the workers failed: {error}")))?;
    // Last, when no request can be refused any more: the counts of the present minute are in memory only.
    if let Err(error) = refusals::tell_all(&app, true).await {
        tracing::warn!(%error, "what was refused last could not be logged");
    }
    // After the last entry. Handles that are still held somewhere must not keep this from being done.
    if let Err(error) = app.heads.save() {
        tracing::warn!(%error, "the heads that were signed last are not remembered");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Opens the application as the look at its database suggests.
fn open(settings: Config, Opening { signing, damage }: Opening) -> Result<App> {
    let app = match signing {
        Signing::Usual => App::open(settings, Clock::System)?,
        Signing::Nothing(why) => {
            let app = App::open_to_read(settings, Clock::System)?;
            app.key_trouble.note(Some(why));
            app
        }
    };
    if let Some(fault) = damage {
        app.db.note_damage(fault);
    }
    Ok(app)
}

/// Brings schema, logs and keys up to date.
async fn prepare(app: &App, flags: &Flags) -> Result<()> {
    // Before anything is written. With a wrong clock the server starts all the same, for those who read, unless the start
    // itself has something to write.
    jobs::compare_clocks(app).await?;
    if flags.no_migrate {
        migrations::check(&app.db).await?;
        // No change of the schema, but what has to follow the last one.
        adoption::adopt_logs(app, &Actor::System, &[]).await?;
    } else {
        let steps = schema::bring_up(app, &Actor::System).await?.steps;
        for step in &steps {
            tracing::info!(migration = step, "migrated");
        }
        migrations::check(&app.db).await?;
        if !steps.is_empty() {
            start::look_at_heads(app, &flags.accept).await?;
        }
    }
    if app.key_trouble.is_there() {
        return Ok(());
    }
    log::keys::register(app).await
}

/// Makes what PDFs are sealed with if it is missing, and refuses what cannot be read.
fn check_seal(app: &App) -> Result<()> {
    if !app.config.timestamp_url.is_empty() && app.config.timestamp_authorities().is_none() {
        tracing::warn!("time stamps of anybody count: `timestamp_authorities` names those that are to");
    }
    // Whether it is valid is told by the job that looks at it: one that has ended keeps no server from starting.
    app.seal_identity().map(drop)
}

/// Prints how to make the first admin.
fn explain_set_up(app: &App, address: SocketAddr, code: &str) -> Result<()> {
    let program = std::env::args().next().unwrap_or_else(|| "sts-clearance".into());
    let data_dir = std::path::absolute(app.config.data_dir()).unwrap_or_else(|_| app.config.data_dir().to_owned());
    print(&format!(
        "\nThere is no account yet. The first admin is made at http://{address}/set-up, once, with the code\n  {code}\n\
         or on this machine, with the settings of this server:\n  \
         {program} user add --role admin --keep-password --data-dir '{}'\n",
        data_dir.display()
    ))
}

/// Refuses to serve the demo on an address that others can reach: its passwords are public.
fn refuse_strangers(address: SocketAddr) -> Result<()> {
    if address.ip().is_loopback() {
        return Ok(());
    }
    Err(Error::setup("the demo's passwords are public: it listens on a loopback address only"))
}
