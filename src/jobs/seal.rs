//! Looks at the certificate that PDFs are sealed with: takes up a new one, and says once when the end of the one in force
//! is 60, 30 and 7 days away, and when it has come.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::time;

use crate::{
    app::App,
    domain::seal_certificate::{CertificateStage, SealCertificate},
    error::Result,
};

/// How often it is looked at.
const LOOK: Duration = Duration::from_hours(1);

/// Looks at the certificate at the start and again and again, without end.
pub(super) async fn watch(app: App) {
    let mut watch = SealWatch::default();
    let mut tick = time::interval(LOOK);
    loop {
        tick.tick().await;
        match AssertUnwindSafe(async { watch.look(&app) }).catch_unwind().await {
            Ok(Ok(_)) => {}
            // The one in force stays.
            Ok(Err(error)) => {
                tracing::warn!(%error, "the certificate that PDFs are sealed with could not be looked at");
            }
            Err(_) => {
                tracing::error!("the look at the certificate that PDFs are sealed with panicked; it is made again");
            }
        }
    }
}

/// What was said last of which certificate, so that it is said once.
#[derive(Debug, Default)]
pub struct SealWatch {
    said: Option<(String, CertificateStage)>,
}

impl SealWatch {
    /// Looks at the certificate once. Returns what was said, if there was something to say that had not been said yet.
    pub fn look(&mut self, app: &App) -> Result<Option<String>> {
        if app.renew_seal_identity()? {
            let certificate = SealCertificate::in_force(app)?;
            tracing::info!(signer = certificate.signer, until = %certificate.not_after, sha256 = certificate.sha256,
                "another certificate is in force for the seals of PDFs");
        }
        let certificate = SealCertificate::in_force(app)?;
        let now = (certificate.sha256.clone(), certificate.stage);
        let is_said = self.said.as_ref() == Some(&now);
        self.said = Some(now);
        let Some(notice) = certificate.notice.filter(|_| !is_said) else { return Ok(None) };
        tracing::warn!(not_after = %certificate.not_after, days_left = certificate.days_left, sha256 = certificate.sha256, "{notice}");
        Ok(Some(notice))
    }
}
