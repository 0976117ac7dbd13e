//! Seals a PDF with a digital signature (`PAdES`), and with the time of an authority if one is set up.
//!
//! The seal is kept in the database before the file is stored, and the first one is kept for good. A file that is made
//! again, by another worker or in years, therefore has the same bytes.

use std::{sync::Arc, time::Duration};

use room::{SnapshotType, Time, visible::clipped};
use seal::{Authorities, Fault, Seal, timestamp};

use crate::{
    app::App,
    authority,
    db::{
        self,
        seals::{SealSays, StoredSeal},
        snapshots::Snapshot,
    },
    error::{Error, Result},
    evidence::verify::is_before,
    keys,
};

/// How far the authority's clock and the server's may be apart before it is logged and noted with the seal.
const CLOCKS_APART: Duration = Duration::from_mins(10);
/// The longest reason for a missing time that is kept with a seal, in characters.
const LONGEST_REASON: usize = 300;

/// What a file is going to be sealed with, as the log is told before it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealing {
    /// The SHA-256 of the certificate, in hexadecimal. `None` if the file is not going to be sealed.
    pub certificate_sha256: Option<String>,
    /// Why a PDF is not going to be sealed. `None` for files of other types, which never are.
    pub not_sealed: Option<String>,
}

impl Sealing {
    /// Decides it for the file of a snapshot. A certificate that has ended, or has not begun, keeps no snapshot from
    /// completing.
    pub fn of(app: &App, snapshot: &Snapshot) -> Result<Self> {
        if snapshot.kind != SnapshotType::Pdf {
            return Ok(Self { certificate_sha256: None, not_sealed: None });
        }
        let identity = app.seal_identity()?;
        let not_sealed = keys::why_unfit(&identity, sealing_time(app, snapshot));
        let certificate = hex::encode(identity.certificate_sha256());
        Ok(Self { certificate_sha256: not_sealed.is_none().then_some(certificate), not_sealed })
    }
}

/// Returns the time of a seal that is made now: no seal says that it is older than its snapshot, though the clock may have
/// been set back since that was taken.
fn sealing_time(app: &App, snapshot: &Snapshot) -> Time {
    app.now().max(snapshot.created_at)
}

/// Seals the file of a snapshot with the seal that it has, or with a new one, which is stored first.
///
/// # Errors
///
/// If the certificate in force is not the one that the log names. The next attempt tells the log of another.
pub async fn seal(app: &App, snapshot: &Snapshot, unsealed: Vec<u8>, certificate: &str) -> Result<Vec<u8>> {
    let (id, unsealed) = (snapshot.id, Arc::new(unsealed));
    let kept = app.db.read(async |tx| db::seals::find(tx, id).await).await?;
    match kept {
        Some(kept) if fits(&unsealed, &kept).await? => return put_on(unsealed, kept).await,
        // A seal that does not fit is of a file that another version of the program, or other fonts, drew. It may be
        // replaced, but only as long as no file with it was stored.
        Some(other) => {
            app.db.write(async move |tx| db::seals::drop_unused(tx, id, &other.cms).await).await?;
        }
        None => {}
    }
    // Outside of the transaction: the authority may take seconds to reply, and other writers must not wait for it.
    let made = make(app, snapshot, &unsealed, certificate).await?;
    let keep = async move |tx: &mut db::Tx| {
        db::seals::keep(tx, id, &made).await?;
        // Read back: if another worker stored its seal meanwhile, that one stands, and `made` is dropped.
        db::seals::find(tx, id).await
    };
    let kept = app.db.write(keep).await?.ok_or(Error::NotFound("snapshot"))?;
    put_on_fitting(unsealed, kept).await
}

/// Puts the seal that was kept on a file that was drawn again. Returns the file unchanged if the snapshot has no seal.
pub async fn seal_again(app: &App, snapshot: &Snapshot, unsealed: Vec<u8>) -> Result<Vec<u8>> {
    let id = snapshot.id;
    match app.db.read(async |tx| db::seals::find(tx, id).await).await? {
        Some(kept) => put_on_fitting(Arc::new(unsealed), kept).await,
        None => Ok(unsealed),
    }
}

/// Returns whether the seal signs these bytes. Whether its authority is trusted does not matter here.
async fn fits(unsealed: &Arc<Vec<u8>>, kept: &StoredSeal) -> Result<bool> {
    let (file, seal) = (Arc::clone(unsealed), Seal { at: kept.says.sealed_at.into(), cms: kept.cms.clone() });
    let checked = tokio::task::spawn_blocking(move || seal::check(&file, &seal, &Authorities::none())).await;
    Ok(checked.map_err(|error| Error::internal(format!("the sealing failed: {error}")))?.is_ok())
}

async fn put_on_fitting(unsealed: Arc<Vec<u8>>, kept: StoredSeal) -> Result<Vec<u8>> {
    if fits(&unsealed, &kept).await? {
        return put_on(unsealed, kept).await;
    }
    Err(Error::internal("the seal that was kept is of other bytes: the file is drawn otherwise than it was"))
}

async fn put_on(unsealed: Arc<Vec<u8>>, kept: StoredSeal) -> Result<Vec<u8>> {
    let seal = Seal { at: kept.says.sealed_at.into(), cms: kept.cms };
    aside(move || seal::apply(&unsealed, &seal)).await
}

async fn make(app: &App, snapshot: &Snapshot, unsealed: &Arc<Vec<u8>>, certificate: &str) -> Result<StoredSeal> {
    let (identity, file) = (app.seal_identity()?, Arc::clone(unsealed));
    if hex::encode(identity.certificate_sha256()) != certificate {
        return Err(Error::setup("another certificate is in force than the log was told of; the file is drawn again"));
    }
    let at = sealing_time(app, snapshot).into();
    let unstamped = aside(move || seal::sign(&file, &identity, at)).await?;
    let mut seal = unstamped.clone();
    let mut note = Some("no time-stamp authority is set up: the time of the seal is the server's word".to_owned());
    if !app.config.timestamp_url.is_empty() {
        match stamp(app, &seal).await {
            Ok(stamped) => (seal, note) = (stamped, None),
            Err(why) => {
                // Some of it may be the authority's own text, and it goes into the log of the room: nothing that
                // nobody sees, and no more than a line or two.
                let why = clipped(&why, LONGEST_REASON);
                tracing::warn!(why, "a report is sealed without a trusted time");
                note = Some(format!("no trusted time: {why}"));
            }
        }
    }
    let (file, made, trusted) = (Arc::clone(unsealed), seal.clone(), authorities(app)?);
    // What is stored about the seal is what a reader's check finds in it, not what was meant to be in it.
    let checked = aside(move || seal::check(&file, &made, &trusted)).await?;
    let mut told = checked.trusted_time.as_ref().map(|trusted| Time::from(trusted.time));
    if let Some(early) = told.filter(|told| is_before((*told).into(), snapshot.created_at.into())) {
        // A reader takes a time of before the snapshot for a forgery.
        tracing::warn!(%early, "a report is sealed without a trusted time: the authority's clock is behind this server's");
        note =
            Some(format!("no trusted time: the authority's clock said {early} when the server's said {}", app.now()));
        (seal, told) = (unstamped, None);
    } else if let Some(told) = told.filter(|told| told.apart(app.now()) > CLOCKS_APART) {
        tracing::warn!(%told, "the time-stamp authority's clock and this server's are apart");
        note = Some(format!("the authority's clock said {told} when the server's said {}", app.now()));
    }
    let says = SealSays {
        sealed_at: seal.at.into(),
        signer: checked.signer,
        self_made: checked.self_made,
        trusted_time: told,
        note,
    };
    Ok(StoredSeal { says, cms: seal.cms })
}

/// Runs work that takes long for a large file on a thread for blocking work, where it holds up no other request.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    let done = done.map_err(|error| Error::internal(format!("the sealing failed: {error}")))?;
    done.map_err(|fault| Error::internal(format!("the file cannot be sealed: {fault}")))
}

/// Returns the seal with the authority's time in it, or the reason why there is none.
async fn stamp(app: &App, seal: &Seal) -> Result<Seal, String> {
    let trusted = authorities(app).map_err(|error| error.to_string())?;
    // With a nonce (RFC 3161 §2.4.1), so that an older reply of the authority cannot be played back.
    let nonce = app.nonce();
    let request = timestamp::request(seal, nonce).map_err(|fault| fault.to_string())?;
    let answer = authority::ask(&app.config.timestamp_url, request).await?;
    let stamped = timestamp::accept(seal, nonce, &answer, &trusted).map_err(|fault| fault.to_string())?;
    Ok(stamped)
}

/// Returns the authorities whose time is trusted; if the configuration names none, any is.
fn authorities(app: &App) -> Result<Authorities> {
    keys::authorities(&app.config)
}
