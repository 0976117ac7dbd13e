//! Whether a certificate was valid at a time.

use jiff::Timestamp;
use x509_cert::Certificate;

use crate::certificate;
use crate::fault::Fault;

/// Returns the times of a certificate, if it was valid at `at`.
pub(crate) fn good_at(certificate: &Certificate, at: Timestamp) -> Result<(Timestamp, Timestamp), Fault> {
    let (from, until) = certificate::validity(certificate);
    // The end is within the second that it names, and times are cut to seconds here.
    if at.as_second() < from.as_second() {
        return Err(Fault::NotYetValid { at, from });
    }
    if at.as_second() > until.as_second() {
        return Err(Fault::Expired { at, until });
    }
    Ok((from, until))
}
