"""Hand-over packages for an archive: BagIt bags (RFC 8493, version 1.0) in a ZIP, sealed, and judged to the last byte.

Pure: bytes in, bytes out. A package holds `bagit.txt`, `bag-info.txt`, `manifest-sha256.txt`, `tagmanifest-sha256.txt`, the files in
`data/`, and `seal.json`: an Ed25519 signature of the platform's key over the tag manifest, with the key's certificate. The ZIP is made
in one way only (stored, sorted, without dates), so a judge who packs the files anew must get the same bytes: nothing can hide in it.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
INFO, MANIFEST, TAGS, SEAL = "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "seal.json"
TAG_FILES = ("bag-info.txt", "bagit.txt", "manifest-sha256.txt")
NAME = re.compile(r"data/[A-Za-z0-9._/-]{1,150}")
LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
LARGEST = 2 << 30
DATE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Verdict:
    """`reason` is one word; `file` the first bad one; `key_id` and `sealed_at` are the seal's, to be believed only when it holds."""

    right: bool
    reason: str
    file: str = ""
    key_id: str = ""
    sealed_at: str = ""
    files: int = 0


REASONS = {
    "ok": {"zh": "与交出时完全一致", "en": "wholly as it was handed over"},
    "unreadable": {"zh": "不是移交包，或已损坏", "en": "not a package, or damaged beyond reading"},
    "missing": {"zh": "缺少这个文件", "en": "this file is missing"},
    "not_listed": {"zh": "清单中没有这个文件", "en": "this file is in no manifest"},
    "altered": {"zh": "这个文件被改动", "en": "this file was changed"},
    "no_seal": {"zh": "没有印章", "en": "it has no seal"},
    "bad_seal": {"zh": "印章与内容不符", "en": "the seal does not fit the content"},
    "unknown_root": {"zh": "盖章的密钥不是可信根证书签发的", "en": "the key that sealed it is not of a root we trust"},
    "key_withdrawn": {"zh": "盖章的密钥已被撤销", "en": "the key that sealed it was withdrawn"},
    "key_not_valid_then": {"zh": "盖章时密钥不在有效期内", "en": "the key was not valid when it sealed"},
    "container": {"zh": "压缩包的外壳被改动", "en": "the container around the files was changed"},
}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _manifest(files: Mapping[str, bytes]) -> bytes:
    return "".join(f"{_digest(files[name])}  {name}\n" for name in sorted(files)).encode()


def _signed(tags: bytes, key_id: str, sealed_at: str) -> bytes:
    return b"tongban-archive-1\n" + f"{key_id}\n{sealed_at}\n{_digest(tags)}\n".encode()


def pack(
    payload: Mapping[str, bytes],
    info: Sequence[tuple[str, str]],
    *,
    key_id: str,
    certificate: bytes,
    sign: Callable[[bytes], bytes],
    now: datetime,
) -> bytes:
    """The package. `payload` maps names below `data/` to their bytes; `info` becomes `bag-info.txt`, with what RFC 8493 asks for."""
    files = {f"data/{name}": content for name, content in payload.items()}
    for name in files:
        if not NAME.fullmatch(name) or ".." in name or "//" in name:
            raise ValueError(f"not a name for a package: {name!r}")
    lines = [
        *info,
        ("Bagging-Date", f"{now.astimezone(UTC):%Y-%m-%d}"),
        ("Payload-Oxum", f"{sum(map(len, payload.values()))}.{len(payload)}"),
    ]
    said = "".join(f"{label}: {' '.join(str(text).split())}\n" for label, text in lines)
    tags = {"bagit.txt": BAGIT, INFO: said.encode(), MANIFEST: _manifest(files)}
    listed = _manifest(tags)
    sealed_at = now.astimezone(UTC).isoformat(timespec="seconds")
    seal = {
        "form": "tongban-archive-1",
        "key_id": key_id,
        "sealed_at": sealed_at,
        "tagmanifest_sha256": _digest(listed),
        "certificate": certificate.hex(),
        "signature": sign(_signed(listed, key_id, sealed_at)).hex(),
    }
    return _zipped({**files, **tags, TAGS: listed, SEAL: _canonical(seal)})


def _canonical(seal: Mapping[str, str]) -> bytes:
    return json.dumps(seal, sort_keys=True, indent=1).encode() + b"\n"


def _zipped(files: Mapping[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, DATE)
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            archive.writestr(entry, files[name])
    return held.getvalue()


def verify(package: bytes, roots: Collection[bytes], *, withdrawn: Collection[str] = ()) -> Verdict:
    """Judge a package; never raises, whatever the bytes are. `roots` are PEM certificates we trust."""
    try:
        files = _opened(package)
    except Exception:  # a forged container may break the reader anywhere: that is a verdict, not an accident
        return Verdict(False, "unreadable")
    for name in ("bagit.txt", INFO, MANIFEST, TAGS):
        if name not in files:
            return Verdict(False, "missing", name)
    if SEAL not in files:
        return Verdict(False, "no_seal", SEAL)
    for listing, listed in ((TAGS, TAG_FILES), (MANIFEST, tuple(one for one in files if one.startswith("data/")))):
        verdict = _compared(files, listing, listed)
        if verdict is not None:
            return verdict
    for name in files:
        if not name.startswith("data/") and name not in (*TAG_FILES, TAGS, SEAL):
            return Verdict(False, "not_listed", name)
    if files["bagit.txt"] != BAGIT:
        return Verdict(False, "altered", "bagit.txt")
    verdict = _seal_holds(files, roots, withdrawn)
    if verdict.right and _zipped(files) != package:
        return Verdict(False, "container")
    return verdict


def _opened(package: bytes) -> dict[str, bytes]:
    if len(package) > LARGEST:
        raise ValueError("too large")
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        entries = archive.infolist()
        names = [one.filename for one in entries]
        if len(set(names)) != len(names) or sum(one.file_size for one in entries) > len(package):
            raise ValueError("names twice, or more than there is")
        found = {}
        for one in entries:
            try:
                found[one.filename] = archive.read(one)
            except zipfile.BadZipFile as broken:
                if "CRC" not in str(broken):
                    raise
                found[one.filename] = _without_checksum(package, one)
        return found


def _without_checksum(package: bytes, entry: zipfile.ZipInfo) -> bytes:
    """The bytes as they lie there: the manifest is what names a changed file."""
    if entry.compress_type != zipfile.ZIP_STORED:
        raise zipfile.BadZipFile("compressed")
    at = entry.header_offset
    name, extra = (
        int.from_bytes(package[at + 26 : at + 28], "little"),
        int.from_bytes(package[at + 28 : at + 30], "little"),
    )
    begin = at + 30 + name + extra
    return package[begin : begin + entry.file_size]


def _compared(files: Mapping[str, bytes], listing: str, listed: Sequence[str]) -> Verdict | None:
    """The first file that a manifest and the package do not agree about."""
    said: dict[str, str] = {}
    for line in files[listing].decode("utf-8", "replace").splitlines():
        found = LINE.fullmatch(line)
        if found is None or found[2] in said:
            return Verdict(False, "altered", listing)
        said[found[2]] = found[1]
    for name in sorted(said):
        if name not in files:
            return Verdict(False, "missing", name)
        if _digest(files[name]) != said[name]:
            return Verdict(False, "altered", name)
    for name in sorted(listed):
        if name not in said:
            return Verdict(False, "not_listed", name)
    return None


def _seal_holds(files: Mapping[str, bytes], roots: Collection[bytes], withdrawn: Collection[str]) -> Verdict:
    try:
        seal = json.loads(files[SEAL])
        key_id, sealed_at = str(seal["key_id"]), str(seal["sealed_at"])
        moment = datetime.fromisoformat(sealed_at)
        certificate = x509.load_der_x509_certificate(bytes.fromhex(seal["certificate"]))
        signature = bytes.fromhex(seal["signature"])
        if files[SEAL] != _canonical(seal) or seal["tagmanifest_sha256"] != _digest(files[TAGS]):
            return Verdict(False, "bad_seal", SEAL)
        names = certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
        key = certificate.public_key()
        if not isinstance(key, ed25519.Ed25519PublicKey) or (names and names[0].value != key_id):
            return Verdict(False, "bad_seal", SEAL)
        key.verify(signature, _signed(files[TAGS], key_id, sealed_at))
    except Exception:  # whatever a forged seal makes the parsers say
        return Verdict(False, "bad_seal", SEAL)
    if not any(_issued_by(certificate, root) for root in roots):
        return Verdict(False, "unknown_root", SEAL)
    if key_id in withdrawn:
        return Verdict(False, "key_withdrawn", SEAL)
    if not certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc:
        return Verdict(False, "key_not_valid_then", SEAL)
    payload = sum(name.startswith("data/") for name in files)
    return Verdict(True, "ok", key_id=key_id, sealed_at=sealed_at, files=payload)


def _issued_by(certificate: x509.Certificate, root: bytes) -> bool:
    try:
        issuer = x509.load_pem_x509_certificate(root)
        key = issuer.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # as above
        return False
    return True
