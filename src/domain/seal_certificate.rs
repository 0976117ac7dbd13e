//! The certificate that PDFs are sealed with, and how long it is good for. `jobs` and `system.rs` use it.

use room::{Time, visible::clipped};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, error::Result, keys};

/// A day in seconds.
const DAY: i64 = 24 * 3_600;
/// The longest name of a signer that is shown, in characters.
const LONGEST_NAME: usize = 200;

/// How near the end of a certificate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateStage {
    /// It is valid for more than 60 days.
    Valid,
    /// It ends within 60 days.
    #[serde(rename = "ends_in_60_days")]
    EndsIn60Days,
    /// It ends within 30 days.
    #[serde(rename = "ends_in_30_days")]
    EndsIn30Days,
    /// It ends within 7 days.
    #[serde(rename = "ends_in_7_days")]
    EndsIn7Days,
    /// It has ended: PDFs are not sealed.
    Ended,
    /// It is not valid yet: PDFs are not sealed.
    NotYetValid,
}

impl CertificateStage {
    /// All stages, in the order of their declaration.
    pub const ALL: [Self; 6] =
        [Self::Valid, Self::EndsIn60Days, Self::EndsIn30Days, Self::EndsIn7Days, Self::Ended, Self::NotYetValid];
}

/// The certificate that PDFs are sealed with.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SealCertificate {
    /// The signer, as the certificate names them.
    pub signer: String,
    /// Whether this server made it itself, so that nobody else vouches for the signer.
    pub self_made: bool,
    /// The SHA-256 of the certificate, in hexadecimal.
    pub sha256: String,
    /// From when on it is valid.
    #[schema(value_type = String, format = "date-time")]
    pub not_before: Time,
    /// Until when it is valid.
    #[schema(value_type = String, format = "date-time")]
    pub not_after: Time,
    /// The number of whole days until its end; 0 if it has ended.
    pub days_left: i64,
    /// How near its end is.
    pub stage: CertificateStage,
    /// What is to be done about it, in words; null if there is nothing.
    pub notice: Option<String>,
}

impl SealCertificate {
    /// Returns the certificate in force.
    pub fn in_force(app: &App) -> Result<Self> {
        let (identity, now) = (app.seal_identity()?, app.now());
        let (from, until) = identity.validity();
        let seconds = until.as_second().saturating_sub(jiff::Timestamp::from(now).as_second());
        let days_left = seconds.max(0) / DAY;
        let why_unfit = keys::why_unfit(&identity, now);
        let stage = match seconds {
            _ if why_unfit.is_some() && seconds >= 0 => CertificateStage::NotYetValid,
            _ if why_unfit.is_some() => CertificateStage::Ended,
            _ if seconds <= 7 * DAY => CertificateStage::EndsIn7Days,
            _ if seconds <= 30 * DAY => CertificateStage::EndsIn30Days,
            _ if seconds <= 60 * DAY => CertificateStage::EndsIn60Days,
            _ => CertificateStage::Valid,
        };
        Ok(Self {
            signer: clipped(&identity.common_name(), LONGEST_NAME),
            self_made: identity.is_self_made(),
            sha256: hex::encode(identity.certificate_sha256()),
            not_before: from.into(),
            not_after: until.into(),
            days_left,
            stage,
            notice: notice(stage, why_unfit, days_left, until.into()),
        })
    }
}

/// What helps.
const REMEDY: &str = "put one that is valid, with its key, in the place of the file that `seal_file` names: it is taken up \
                      within an hour, and at the next start";

/// Returns what is to be done about a certificate. `None` if there is nothing.
fn notice(stage: CertificateStage, why_unfit: Option<String>, days_left: i64, until: Time) -> Option<String> {
    if let Some(why) = why_unfit {
        return Some(format!("{why}, and PDFs are not sealed; {REMEDY}"));
    }
    let days = if days_left == 1 { "day" } else { "days" };
    (stage != CertificateStage::Valid)
        .then(|| format!("the certificate that PDFs are sealed with ends in {days_left} {days}, at {until}; {REMEDY}"))
}
