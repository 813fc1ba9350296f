"""Whoever we call over TLS shows a certificate for that name, in force, from somebody this machine trusts; else nothing is said."""

import datetime
import smtplib
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.gateways.test_mail import a_letter
from tongban.notices.gateways.mail.smtp import SmtpMail
from tongban.payments.gateways import calling
from tongban.payments.gateways.base import NoAnswer

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(folder, what: str, issuer=None, *, host="localhost", until=None):
    """(certificate, key) of an authority, or of a server signed by one; written to files."""
    key = ec.generate_private_key(ec.SECP256R1())
    by_name, by_key = (named(what), key) if issuer is None else (issuer[0].subject, issuer[1])
    made = (
        x509.CertificateBuilder()
        .subject_name(named(what))
        .issuer_name(by_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 30 * DAY)
        .not_valid_after(until or NOW + 30 * DAY)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(by_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / f"{what}.pem").write_bytes(
        made.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made, key


@pytest.fixture(scope="module")
def papers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    ours = certificate(folder, "ours")
    certificate(folder, "good", ours)
    certificate(folder, "expired", ours, until=NOW - DAY)
    certificate(folder, "other-name", ours, host="bank.example")
    certificate(folder, "of-strangers", certificate(folder, "strangers"))
    certificate(folder, "made-by-itself")
    return folder


@pytest.fixture
def trusted(papers, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(papers / "ours.pem"))


class Listening:
    """Shows this certificate; keeps what was said to it inside the sealed line."""

    def __init__(self, pem):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.line = socket.create_server(("127.0.0.1", 0))
        self.port, self.context, self.heard = self.line.getsockname()[1], context, b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        try:
            caller, _address = self.line.accept()
            with caller, self.context.wrap_socket(caller, server_side=True) as sealed:
                sealed.sendall(b"220 here\r\n")
                while piece := sealed.recv(4096):
                    self.heard += piece
                    sealed.sendall(b"250 fine\r\n")
        except OSError:
            pass


def say_by_mail(port: int) -> None:
    SmtpMail("localhost", port, security="ssl").send(a_letter())


def say_by_payments(port: int) -> None:
    calling.call("POST", f"https://localhost:{port}/pay", headers={}, body=b"{}")


@pytest.mark.parametrize("say", [say_by_mail, say_by_payments])
@pytest.mark.parametrize("shown", ["expired", "other-name", "of-strangers", "made-by-itself"])
@pytest.mark.usefixtures("trusted")
def test_to_whoever_cannot_prove_the_name_nothing_is_said(papers, say, shown):
    there = Listening(papers / f"{shown}.pem")

    with pytest.raises((NoAnswer, OSError)) as refused:
        say(there.port)

    chain = []
    error = refused.value
    while error is not None:
        chain.append(error)
        error = error.__cause__ or error.__context__
    assert any(isinstance(one, ssl.SSLCertVerificationError) for one in chain), chain
    assert there.heard == b""


@pytest.mark.parametrize("say", [say_by_mail, say_by_payments])
@pytest.mark.usefixtures("trusted")
def test_control_whoever_proves_the_name_is_spoken_to(papers, say):
    there = Listening(papers / "good.pem")

    with pytest.raises((NoAnswer, OSError, smtplib.SMTPException)) as odd:  # it speaks neither language to the end
        say(there.port)

    assert there.heard, odd.value
