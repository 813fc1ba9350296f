"""Keys that sign licences, and the certificates that say whose they are.

A root of our own ("Tongban demonstration root") signs, for every department and licence type, a pair that lives at most 90 days:
an ECDSA P-256 key that seals PDF files (the algorithm every PDF reader verifies) and an Ed25519 key that signs statements. Both
carry one key id and are renewed and withdrawn together. A stolen key is withdrawn alone: the licences it signed answer "check
again" and everybody else's stay as they are.

Everything lies in files with mode 0600 in the directory given, outside the database and outside backups. Time is always given.
"""

import fcntl
import json
import os
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from tongban.lib.jose import raw_signer

LIVES = timedelta(days=90)
ROOT_LIVES = timedelta(days=3650)
# A key is replaced while it still has a month, so a licence sealed on its last day of use is not sealed with a dying key.
RENEWED_BEFORE_END = timedelta(days=30)
CLOCKS_DIFFER = timedelta(minutes=1)

ROOT_NAME = "Tongban demonstration root"
ORGANISATION = "Tongban demonstration district"

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,59}")
_KEY_ID = re.compile(r"[A-Za-z0-9-]{1,60}")


class KeyTrouble(Exception):
    """A key cannot be made or found; the message says which and what to do."""


@dataclass(frozen=True)
class PublicKey:
    """What verifiers may know of a key, for ever: also after it ended or was withdrawn."""

    key_id: str
    department: str
    licence_type: str
    not_before: datetime
    not_after: datetime
    seal_certificate: bytes  # DER
    statement_certificate: bytes  # DER
    withdrawn_at: datetime | None = None
    withdrawn_why: str = ""

    def was_in_use(self, moment: datetime) -> bool:
        return self.not_before <= moment <= self.not_after

    def verify_statement(self, signature: bytes, signed: bytes) -> None:
        """Raises cryptography's InvalidSignature."""
        key = x509.load_der_x509_certificate(self.statement_certificate).public_key()
        if not isinstance(key, ed25519.Ed25519PublicKey):
            raise KeyTrouble(f"{self.key_id}: the statement key is not Ed25519")
        key.verify(signature, signed)

    @property
    def seal_key(self) -> ec.EllipticCurvePublicKey:
        """P-256: what verifies seals, and credentials in wallets (ES256)."""
        return _p256_of(self.seal_certificate)


@dataclass(frozen=True)
class SigningKey:
    """A public key with its two private halves, which are never shown in a repr, a log or a traceback."""

    public: PublicKey
    seal_private: bytes = field(repr=False)  # PKCS#8 DER
    statement_private: bytes = field(repr=False)

    @property
    def key_id(self) -> str:
        return self.public.key_id

    def sign_statement(self, signed: bytes) -> bytes:
        key = serialization.load_der_private_key(self.statement_private, password=None)
        if not isinstance(key, ed25519.Ed25519PrivateKey):
            raise KeyTrouble(f"{self.key_id}: the statement key is not Ed25519")
        return key.sign(signed)

    def sign_es256(self, signed: bytes) -> bytes:
        """64 bytes, as JSON Web Signatures and COSE want them, with the half that seals."""
        key = serialization.load_der_private_key(self.seal_private, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise KeyTrouble(f"{self.key_id}: the seal key is not P-256")
        return raw_signer(key)(signed)


def current(
    directory: Path, department: str, licence_type: str = "general", *, now: datetime, name: str = ""
) -> SigningKey:
    """The key to sign with now; made or renewed when there is none with a month left. Safe for several processes."""
    found = _usable(directory, department, licence_type, now)
    if found is not None:
        return found
    with _alone(directory):
        return _usable(directory, department, licence_type, now) or _make(
            directory, department, licence_type, now, name
        )


def held(directory: Path, key_id: str, *, now: datetime) -> SigningKey | None:
    """That very key, while it may still sign: to seal the file of a licence with the key of its statement."""
    public = find(directory, key_id)
    if public is None or public.withdrawn_at is not None or not public.was_in_use(now):
        return None
    return _with_halves(directory, public)


def create(
    directory: Path, department: str, licence_type: str = "general", *, now: datetime, name: str = ""
) -> SigningKey:
    """A new key, whatever there is already: after a withdrawal, or by hand. `name` is the department's, for the certificate."""
    with _alone(directory):
        return _make(directory, department, licence_type, now, name)


def withdraw(directory: Path, key_id: str, *, now: datetime, why: str) -> PublicKey:
    """The key is no longer trusted, also for what it signed before; its private halves are destroyed. A second time changes nothing."""
    with _alone(directory):
        public = find(directory, key_id)
        if public is None:
            raise KeyTrouble(f"There is no key {key_id!r} in {directory.name}.")
        (directory / f"{key_id}.key").unlink(missing_ok=True)
        if public.withdrawn_at is None:
            card = json.loads((directory / f"{key_id}.json").read_text())
            card |= {"withdrawn_at": now.astimezone(UTC).isoformat(), "withdrawn_why": why}
            _write(directory / f"{key_id}.json", json.dumps(card, indent=1).encode(), replace=True)
        return find(directory, key_id) or public


def destroy_ended(directory: Path, *, now: datetime) -> list[str]:
    """Delete the private halves of keys whose time is over; what they signed stays verifiable. Returns their ids."""
    gone = []
    with _alone(directory):
        for public in all_public(directory):
            path = directory / f"{public.key_id}.key"
            if public.not_after < now and path.exists():
                path.unlink()
                gone.append(public.key_id)
    return gone


def all_public(directory: Path) -> list[PublicKey]:
    """Every key there ever was, oldest first."""
    cards = (_card(path) for path in sorted(directory.glob("*.json")))
    return sorted(cards, key=lambda public: (public.not_before, public.key_id))


def find(directory: Path, key_id: str) -> PublicKey | None:
    if not _KEY_ID.fullmatch(key_id) or not (directory / f"{key_id}.json").is_file():
        return None
    return _card(directory / f"{key_id}.json")


def withdrawn(directory: Path) -> dict[str, str]:
    """Key ids that are no longer trusted, with why."""
    return {public.key_id: public.withdrawn_why for public in all_public(directory) if public.withdrawn_at}


def root_pem(directory: Path, *, now: datetime) -> bytes:
    """The certificate to hand to verifiers; made on first use."""
    with _alone(directory):
        return _root(directory, now)[0].public_bytes(serialization.Encoding.PEM)


def root(directory: Path, *, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """What signs the lists that verifiers fetch; made on first use."""
    with _alone(directory):
        return _root(directory, now)


def ec_jwk(key) -> dict[str, str]:
    """A P-256 key as a browser takes it."""
    point = key.public_numbers()
    x, y = (urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode() for value in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def jwks(publics: Iterable[PublicKey]) -> dict:
    """The statement keys as a JSON Web Key set, for verifiers who check without us."""
    members = []
    for public in publics:
        if public.withdrawn_at is None:
            key = x509.load_der_x509_certificate(public.statement_certificate).public_key()
            raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            members.append(
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "alg": "EdDSA",
                    "use": "sig",
                    "kid": public.key_id,
                    "x": urlsafe_b64encode(raw).rstrip(b"=").decode(),
                }
            )
    return {"keys": members}


def troubles(directory: Path, *, now: datetime) -> list[str]:
    """Everything wrong with the key files, for `tongban check`."""
    if not directory.is_dir():
        return []
    found = []
    for path in sorted([directory, *directory.iterdir()]):
        if path.stat().st_mode & 0o077:
            found.append(f"{path.name} can be read by others: chmod go-rwx it.")
    try:
        for public in all_public(directory):
            if public.not_after - public.not_before > LIVES:
                found.append(f"Key {public.key_id} lives longer than {LIVES.days} days.")
            if public.not_after < now and (directory / f"{public.key_id}.key").exists():
                found.append(f"Key {public.key_id} has ended but its private half still lies here.")
    except (ValueError, KeyError) as error:
        found.append(f"A key file cannot be read: {error}")
    if (directory / "root.pem").is_file():
        root = x509.load_pem_x509_certificate((directory / "root.pem").read_bytes())
        if root.not_valid_after_utc - now < LIVES:
            found.append("The root certificate ends within 90 days: make a new one and hand it to verifiers.")
    return found


def _usable(directory: Path, department: str, licence_type: str, now: datetime) -> SigningKey | None:
    usable = [
        public
        for path in directory.glob(f"{_word(department)[:12]}-{_word(licence_type)[:24]}-????????-????????.json")
        for public in [_card(path)]
        if (public.department, public.licence_type) == (department, licence_type)
        and public.withdrawn_at is None
        and public.not_before <= now <= public.not_after - RENEWED_BEFORE_END
    ]
    for public in sorted(usable, key=lambda public: public.not_after, reverse=True):
        held = _with_halves(directory, public)
        if held is not None:
            return held
    return None


def _with_halves(directory: Path, public: PublicKey) -> SigningKey | None:
    try:
        halves = json.loads((directory / f"{public.key_id}.key").read_text())
    except FileNotFoundError:
        return None
    return SigningKey(public, bytes.fromhex(halves["seal"]), bytes.fromhex(halves["statement"]))


def _make(directory: Path, department: str, licence_type: str, now: datetime, name: str) -> SigningKey:
    root, root_key = _root(directory, now)
    begins = now.astimezone(UTC).replace(microsecond=0) - CLOCKS_DIFFER
    ends = begins + LIVES
    key_id = f"{_word(department)[:12]}-{_word(licence_type)[:24]}-{begins:%Y%m%d}-{secrets.token_hex(4)}"
    seal_key, statement_key = ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()
    subject = _subject(f"{name or department} {licence_type}"[:64], department, key_id)
    seal_certificate = _certificate(subject, seal_key.public_key(), root, root_key, begins, ends)
    statement_certificate = _certificate(subject, statement_key.public_key(), root, root_key, begins, ends)
    card = {
        "key_id": key_id,
        "department": department,
        "licence_type": licence_type,
        "not_before": begins.isoformat(),
        "not_after": ends.isoformat(),
        "seal_certificate": seal_certificate.hex(),
        "statement_certificate": statement_certificate.hex(),
    }
    halves = {"seal": _der(seal_key).hex(), "statement": _der(statement_key).hex()}
    _write(directory / f"{key_id}.key", json.dumps(halves).encode())
    _write(directory / f"{key_id}.json", json.dumps(card, indent=1).encode())
    return SigningKey(_card(directory / f"{key_id}.json"), _der(seal_key), _der(statement_key))


def _root(directory: Path, now: datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate_path, key_path = directory / "root.pem", directory / "root.key"
    if certificate_path.is_file():
        key = serialization.load_pem_private_key(key_path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise KeyTrouble("root.key is not an elliptic-curve key")
        return x509.load_pem_x509_certificate(certificate_path.read_bytes()), key
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "XX"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, ROOT_NAME),
        ]
    )
    begins = now.astimezone(UTC).replace(microsecond=0) - CLOCKS_DIFFER
    certificate = (
        x509.CertificateBuilder(
            subject, subject, key.public_key(), x509.random_serial_number(), begins, begins + ROOT_LIVES
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    # The key first: a crash in between leaves a key without a certificate, which the next attempt replaces.
    _write(key_path, pem, replace=True)
    _write(certificate_path, certificate.public_bytes(serialization.Encoding.PEM))
    return certificate, key


def _certificate(subject, public_key, root, root_key, begins: datetime, ends: datetime) -> bytes:
    certificate = (
        x509.CertificateBuilder(root.subject, subject, public_key, x509.random_serial_number(), begins, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.DER)


def _subject(name: str, department: str, key_id: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "XX"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, department),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, key_id),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=not signs_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _card(path: Path) -> PublicKey:
    status = path.stat()
    return _read_card(path, status.st_mtime_ns, status.st_ino)


@lru_cache(maxsize=1024)
def _read_card(path: Path, changed: int, inode: int) -> PublicKey:
    card = json.loads(path.read_text())
    withdrawn_at = card.get("withdrawn_at")
    return PublicKey(
        key_id=card["key_id"],
        department=card["department"],
        licence_type=card["licence_type"],
        not_before=datetime.fromisoformat(card["not_before"]),
        not_after=datetime.fromisoformat(card["not_after"]),
        seal_certificate=bytes.fromhex(card["seal_certificate"]),
        statement_certificate=bytes.fromhex(card["statement_certificate"]),
        withdrawn_at=datetime.fromisoformat(withdrawn_at) if withdrawn_at else None,
        withdrawn_why=card.get("withdrawn_why", ""),
    )


@lru_cache(maxsize=1024)
def _p256_of(certificate: bytes) -> ec.EllipticCurvePublicKey:
    key = x509.load_der_x509_certificate(certificate).public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise KeyTrouble("a seal key is not P-256")
    return key


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise KeyTrouble(f"{text!r} cannot be part of a key's name: letters, digits and hyphens only")
    return text


def _der(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Whole or not at all, and never readable by others for even a moment."""
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    if replace:
        aside.replace(path)
    else:
        os.link(aside, path)  # fails when the name is taken: a key is never overwritten
        aside.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One process at a time makes or withdraws keys; two roots would split the house."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
