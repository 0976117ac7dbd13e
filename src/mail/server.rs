//! The mail server of the settings: where it is, how it is spoken to, and whom mails are from.

use std::path::PathBuf;

use axum::http::Uri;
use lettre::message::Mailbox;

/// The settings of mail, as they are written.
#[derive(Debug, Clone, Copy)]
pub struct MailSettings<'a> {
    /// `mail_url`.
    pub url: &'a str,
    /// `mail_from`.
    pub from: &'a str,
    /// `mail_authorities`.
    pub authorities: &'a str,
}

/// How a connection to the mail server is kept from being read by others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS after `STARTTLS`, without which nothing is sent.
    StartTls,
    /// None, to a server on this machine.
    None,
}

/// The mail server. There is no `Debug`, since its password is secret.
#[derive(Clone)]
pub struct MailServer {
    /// The host, without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: Security,
    /// User and password.
    pub(super) credentials: Option<(String, String)>,
    /// Whom mails are from.
    pub(super) from: Mailbox,
    /// The file with the certificates of the authorities that are trusted, instead of those of the system.
    pub(super) authorities: Option<PathBuf>,
}

impl MailServer {
    /// Reads the settings. `None` if they name no server. The error names the setting that is at fault, and never its
    /// value if that may be secret.
    pub fn read(settings: MailSettings<'_>) -> Result<Option<Self>, (&'static str, String)> {
        let MailSettings { url, from, authorities } = settings;
        if url.is_empty() {
            return Ok(None);
        }
        let at_fault = |why: &str| ("mail_url", why.to_owned());
        let form = "is no address such as `smtps://user:password@smtp.example.com:465`";
        let uri: Uri = url.parse().map_err(|_| at_fault(form))?;
        let (is_tls, port) = match uri.scheme_str() {
            Some("smtps") => (true, 465),
            Some("smtp") => (false, 587),
            _ => return Err(at_fault("must begin with `smtps://` or `smtp://`")),
        };
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() || !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(at_fault(form));
        }
        let user = uri.authority().and_then(|authority| authority.as_str().rsplit_once('@')).map(|(user, _)| user);
        let credentials = user.map(credentials).transpose().map_err(|why| at_fault(&why))?;
        let is_local = host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        let security = match (is_tls, is_local && credentials.is_none()) {
            (true, _) => Security::Tls,
            (false, false) => Security::StartTls,
            (false, true) => Security::None,
        };
        let port = uri.port_u16().unwrap_or(port);
        let from: Mailbox = from.parse().map_err(|_| {
            ("mail_from", "must be an address, or a name with one, such as `STS <sts@example.com>`".to_owned())
        })?;
        let authorities = (!authorities.is_empty()).then(|| authorities.into());
        Ok(Some(Self { host, port, security, credentials, from, authorities }))
    }

    /// The host of the server, for people.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whom mails are from, for people.
    pub fn from(&self) -> String {
        self.from.to_string()
    }
}

/// Returns user and password from the part of a URL before the `@`.
fn credentials(part: &str) -> Result<(String, String), String> {
    let (user, password) = part.split_once(':').ok_or("names a user without a password")?;
    let decoded = |text| decoded(text).ok_or("has a `%` that no two hexadecimal digits follow in its user or password");
    Ok((decoded(user)?, decoded(password)?))
}

/// Returns a text with what is percent-encoded in it decoded.
fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            let (digits, after) = after.split_at_checked(2)?;
            bytes.extend(hex::decode(digits).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}
