//! The delivery of a letter by SMTP, step by step, so that it is known whose fault a refusal is: the mail server's, which
//! may be over in an hour, or the address's, which stays.

use std::time::Duration;

use lettre::{
    Address,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailParameter},
    },
};
use room::{Time, visible::cut};
use tokio::time::timeout;

use super::{
    letter::Letter,
    server::{MailServer, Security},
};

/// The longest time for the whole delivery of a letter.
const PATIENCE: Duration = Duration::from_mins(3);
/// How much is kept of what a mail server says, in characters.
const LONGEST_ANSWER: usize = 300;

/// Why a letter was not delivered, in words for who runs this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undelivered {
    /// It may be taken at another time.
    ForNow(String),
    /// It will not be taken at any time: the address or the letter itself was refused.
    ForGood(String),
}

/// Delivers a letter to the mail server.
///
/// # Errors
///
/// Fails if the server cannot be reached or refuses the letter. A connection that breaks after the letter was sent counts
/// as a failure too, since nobody knows whether it was taken.
pub async fn deliver(server: &MailServer, letter: &Letter, at: Time) -> Result<(), Undelivered> {
    let message = letter.to_message(&server.from, at).map_err(Undelivered::ForGood)?;
    let receiver = message.envelope().to().first().cloned();
    let receiver = receiver.ok_or_else(|| Undelivered::ForGood("it has no receiver".into()))?;
    let too_slow = || format!("{} did not take it within {} minutes", server.host, PATIENCE.as_secs() / 60);
    timeout(PATIENCE, converse(server, receiver, message.formatted()))
        .await
        .unwrap_or_else(|_| Err(Undelivered::ForNow(too_slow())))
}

async fn converse(server: &MailServer, receiver: Address, message: Vec<u8>) -> Result<(), Undelivered> {
    let host = &server.host;
    let mut connection = connect(server).await.map_err(Undelivered::ForNow)?;
    if let Some((user, password)) = &server.credentials {
        let credentials = Credentials::new(user.clone(), password.clone());
        let signed_in = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
        signed_in.map_err(|error| for_now(&format!("{host} did not let this server in"), &error))?;
    }
    let mut parameters = Vec::new();
    if !receiver.to_string().is_ascii() {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(Undelivered::ForGood(format!("{host} takes no address with letters beyond ASCII")));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    let from = Mail::new(Some(server.from.email.clone()), parameters);
    connection.command(from).await.map_err(|error| for_now(&format!("{host} refused the sender"), &error))?;
    let to = Rcpt::new(receiver, Vec::new());
    connection.command(to).await.map_err(|error| by_code(&format!("{host} refused the address"), &error))?;
    let refused = |error: SmtpError| by_code(&format!("{host} refused the mail"), &error);
    connection.command(Data).await.map_err(refused)?;
    connection.message(&message).await.map_err(refused)?;
    // The mail was taken; how the server takes leave changes nothing.
    let _ = connection.quit().await;
    Ok(())
}

/// Connects to the server, in TLS unless it is on this machine.
async fn connect(server: &MailServer) -> Result<AsyncSmtpConnection, String> {
    let MailServer { host, port, security, .. } = server;
    let unreachable = |error: SmtpError| format!("{host} cannot be reached: {}", words(&error));
    let hello = ClientId::default();
    let tls = if *security == Security::None { None } else { Some(tls(server)?) };
    let (at_once, later) = if *security == Security::StartTls { (None, tls) } else { (tls, None) };
    let address = (host.as_str(), *port);
    let connected = AsyncSmtpConnection::connect_tokio1(address, Some(PATIENCE), &hello, at_once, None).await;
    let mut connection = connected.map_err(unreachable)?;
    if let Some(tls) = later {
        let secured = connection.starttls(tls, &hello).await;
        secured.map_err(|error| format!("{host} cannot be spoken to in TLS: {}", words(&error)))?;
    }
    Ok(connection)
}

/// Returns how TLS is spoken: with the authorities of the settings, or else those of the system.
fn tls(server: &MailServer) -> Result<TlsParameters, String> {
    let mut tls = TlsParameters::builder(server.host.clone());
    if let Some(file) = &server.authorities {
        let unread =
            |why: String| format!("the authorities of the mail server, {}, cannot be read: {why}", file.display());
        let pem = std::fs::read(file).map_err(|error| unread(error.to_string()))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| unread(error.to_string()))?;
        tls = tls.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    tls.build_rustls().map_err(|error| format!("TLS cannot be spoken: {error}"))
}

fn for_now(what: &str, error: &SmtpError) -> Undelivered {
    Undelivered::ForNow(format!("{what}: {}", words(error)))
}

/// Returns a refusal that is for good if the server says so by its code (RFC 5321 §4.2.1).
fn by_code(what: &str, error: &SmtpError) -> Undelivered {
    let refused = format!("{what}: {}", words(error));
    if error.is_permanent() { Undelivered::ForGood(refused) } else { Undelivered::ForNow(refused) }
}

/// Returns what the server said, or why nothing came of it.
fn words(error: &SmtpError) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let said = error.to_string();
        if !words.contains(&said) {
            words = format!("{words}: {said}");
        }
        cause = error.source();
    }
    let shown: String = words.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    cut(shown.trim(), LONGEST_ANSWER)
}
