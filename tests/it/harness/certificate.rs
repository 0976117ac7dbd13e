//! A server with a certificate for its seals that ends soon.

use std::{fs, path::Path};

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use seal::Identity;
use sts_clearance::random::new_uuid;

use super::{TestApp, postgres_database};

/// When the certificate of [`GivenCertificate`] ends: 61 days after the clock of the tests begins.
const END: &str = "2027-01-23T08:00:00Z";

/// Makes a [`TestApp`] with a certificate of its own that ends at [`END`].
pub(crate) struct GivenCertificate;

impl GivenCertificate {
    pub(crate) async fn on_sqlite() -> TestApp {
        Self::with(String::new()).await
    }

    pub(crate) async fn on_postgres() -> TestApp {
        Self::with(postgres_database().await).await
    }

    async fn with(database_url: String) -> TestApp {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("seal-{}.pem", new_uuid()));
        fs::write(&file, ending_at("Harbour", END).to_pem().unwrap()).unwrap();
        TestApp::with(database_url, &[("seal_file", file.display().to_string())]).await
    }
}

/// Makes an identity whose certificate ends at this time.
pub(crate) fn ending_at(name: &str, end: &str) -> Identity {
    let end: Timestamp = end.parse().unwrap();
    let begin = end.to_zoned_datetime(TimeZone::UTC).checked_sub(30.years()).unwrap();
    Identity::self_made(name, begin.timestamp(), [5; 32]).unwrap()
}
