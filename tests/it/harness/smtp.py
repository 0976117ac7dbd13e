"""A mail server on loopback that does what the tests tell it on its input, a line each, and answers each with a line of JSON.

Arguments: the port, how it is spoken to (`tls`, `starttls` or `plain`), and a directory for its certificates. There it also
keeps each mail as a file of JSON, `1.mail` and so on, for who does not speak to it.
"""

import asyncio
import datetime
import email.policy
import ipaddress
import json
import pathlib
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PORT, MODE, PLACE = int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])


def certify(subject, key, issuer, issuer_key, is_ca):
    name = lambda text: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
    begin = datetime.datetime(2020, 1, 1)
    builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin)
    builder = builder.not_valid_after(begin + datetime.timedelta(days=365 * 60))
    builder = builder.add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    if not is_ca:
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def context():
    """Returns how TLS is spoken, with a certificate of an authority that is made once."""
    chain = PLACE / "server.pem"
    if not chain.exists():
        authority, server = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        (PLACE / "authority.pem").write_bytes(certify("Test authority", authority, "Test authority", authority, True))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        certificate = certify("localhost", server, "Test authority", authority, False)
        chain.write_bytes(server.private_bytes(*form) + certificate)
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.load_cert_chain(chain)
    return made


class Handler:
    def __init__(self):
        self.mails, self.refused, self.deferred, self.held = [], set(), set(), 0
        self.open, self.somebody = asyncio.Event(), asyncio.Event()
        self.open.set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return f"550 5.1.1 <{address}>: no such user here"
        if address in self.deferred:
            return "451 4.7.1 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.held += 1
        self.somebody.set()
        await self.open.wait()
        self.held -= 1
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        part = lambda kind: message.get_body((kind,)).get_content()
        headers = {name.lower(): str(value) for name, value in message.items()}
        said = {"text": part("plain"), "html": part("html"), "secure": session.ssl is not None or MODE == "tls"}
        self.mails.append({"to": envelope.rcpt_tos, "from": envelope.mail_from, "headers": headers, **said})
        # Under another name first: who looks into the directory is to find whole files.
        part = PLACE / "mail.part"
        part.write_text(json.dumps(self.mails[-1]))
        part.rename(PLACE / f"{len(self.mails)}.mail")
        return "250 OK"


async def obey(handler, line):
    verb, _, rest = line.strip().partition(" ")
    if verb == "refuse":
        handler.refused.add(rest)
    elif verb == "defer":
        handler.deferred.add(rest)
    elif verb == "accept":
        handler.refused.discard(rest)
        handler.deferred.discard(rest)
    elif verb == "hold":
        handler.open.clear()
        handler.somebody.clear()
    elif verb == "wait":
        await handler.somebody.wait()
    elif verb == "release":
        handler.open.set()
    return handler.mails


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"clearance@example.com", b"p@ss/w:rd"))


def main():
    options = {"hostname": "127.0.0.1", "port": PORT, "ident": "test"}
    if MODE != "plain":
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": MODE == "starttls"}
    if MODE == "tls":
        options["ssl_context"] = context()
    if MODE == "starttls":
        options |= {"tls_context": context(), "require_starttls": True}
    handler = Handler()
    controller = Controller(handler, enable_SMTPUTF8=True, **options)
    controller.start()
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        done = asyncio.run_coroutine_threadsafe(obey(handler, line), controller.loop)
        print(json.dumps(done.result()), flush=True)


main()
