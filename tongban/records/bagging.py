"""Hand-over packages for an archive: BagIt bags (RFC 8493, version 1.0) in a ZIP, sealed, and judged to the last byte.

Pure: contents in, pieces of the package out; it is never in memory as a whole. A package holds `bagit.txt`, `bag-info.txt`, `manifest-sha256.txt`, `tagmanifest-sha256.txt`, the files in
`data/`, and `seal.json`: an Ed25519 signature of the platform's key over the tag manifest, with the key's certificate. The ZIP is made
in one way only (stored, sorted, without dates), so a judge knows what every byte around the files must be: nothing can hide in it.
"""

import hashlib
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

BAGIT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
INFO, MANIFEST, TAGS, SEAL = "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "seal.json"
TAG_FILES = ("bag-info.txt", "bagit.txt", "manifest-sha256.txt")
NAME = re.compile(r"data/[A-Za-z0-9._/-]{1,150}")
LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
LARGEST = 2 << 30
LARGEST_TAG = 64 << 20
PIECE = 1 << 20
Content = bytes | Callable[[], bytes]  # what is large is fetched when it is its turn, and let go again


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


class TooLarge(ValueError):
    """More than one package holds."""


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _bytes_of(content: Content) -> bytes:
    return content if isinstance(content, bytes) else content()


@dataclass(frozen=True)
class Measured:
    """What a file of a package is, without holding it."""

    size: int
    sha256: str
    crc: int


def _measured(content: bytes) -> Measured:
    return Measured(len(content), _digest(content), zlib.crc32(content))


def _manifest(files: Mapping[str, Measured]) -> bytes:
    return "".join(f"{files[name].sha256}  {name}\n" for name in sorted(files)).encode()


def _signed(tags: bytes, key_id: str, sealed_at: str) -> bytes:
    return b"tongban-archive-1\n" + f"{key_id}\n{sealed_at}\n{_digest(tags)}\n".encode()


@dataclass(frozen=True)
class Package:
    """A sealed package that is told piece by piece, the same each time: files that are fetched must answer what was measured."""

    contents: Mapping[str, Content]
    measured: Mapping[str, Measured]

    def pieces(self) -> Iterator[bytes]:
        for name in sorted(self.measured):
            known = self.measured[name]
            content = _bytes_of(self.contents[name])
            if _measured(content) != known:
                raise ValueError(f"{name} is not what was measured")
            yield _local(name, known)
            for begin in range(0, len(content), PIECE):
                yield content[begin : begin + PIECE]
        yield _directory(self.measured)

    def digest(self) -> tuple[str, int]:
        """The hash and the length of the whole."""
        found, size = hashlib.sha256(), 0
        for piece in self.pieces():
            found.update(piece)
            size += len(piece)
        return found.hexdigest(), size


def pack(
    payload: Mapping[str, Content],
    info: Sequence[tuple[str, str]],
    *,
    key_id: str,
    certificate: bytes,
    sign: Callable[[bytes], bytes],
    now: datetime,
) -> Package:
    """The package. `payload` maps names below `data/` to their contents; `info` becomes `bag-info.txt`, with what RFC 8493 asks for."""
    contents: dict[str, Content] = {f"data/{name}": content for name, content in payload.items()}
    measured = {}
    for name in contents:
        if not NAME.fullmatch(name) or ".." in name or "//" in name:
            raise ValueError(f"not a name for a package: {name!r}")
        measured[name] = _measured(_bytes_of(contents[name]))
    total = sum(one.size for one in measured.values())
    if total > LARGEST - 2 * LARGEST_TAG:
        raise TooLarge(f"{total} bytes")
    lines = [
        *info,
        ("Bagging-Date", f"{now.astimezone(UTC):%Y-%m-%d}"),
        ("Payload-Oxum", f"{total}.{len(payload)}"),
    ]
    said = "".join(f"{label}: {' '.join(str(text).split())}\n" for label, text in lines)
    tags = {"bagit.txt": BAGIT, INFO: said.encode(), MANIFEST: _manifest(measured)}
    listed = _manifest({name: _measured(content) for name, content in tags.items()})
    sealed_at = now.astimezone(UTC).isoformat(timespec="seconds")
    seal = {
        "form": "tongban-archive-1",
        "key_id": key_id,
        "sealed_at": sealed_at,
        "tagmanifest_sha256": _digest(listed),
        "certificate": certificate.hex(),
        "signature": sign(_signed(listed, key_id, sealed_at)).hex(),
    }
    around = {**tags, TAGS: listed, SEAL: _canonical(seal)}
    return Package({**contents, **around}, {**measured, **{name: _measured(one) for name, one in around.items()}})


def _canonical(seal: Mapping[str, str]) -> bytes:
    return json.dumps(seal, sort_keys=True, indent=1).encode() + b"\n"


# -- the container: the one way in which a ZIP may lie around the files

EPOCH = 1 << 5 | 1  # 1 January 1980: the first day a ZIP can name
OF_UNIX, UTF8 = 3, 0x800


def _name(name: str) -> tuple[bytes, int]:
    return name.encode("utf-8", "surrogateescape"), 0 if name.isascii() else UTF8


def _local(name: str, of: Measured) -> bytes:
    told, flags = _name(name)
    fields = (b"PK\3\4", 20, flags, zipfile.ZIP_STORED, 0, EPOCH, of.crc, of.size, of.size, len(told), 0)
    return struct.pack("<4s5H3L2H", *fields) + told


def _directory(files: Mapping[str, Measured]) -> bytes:
    """What stands behind the files: where each begins, and the end."""
    listed, at = b"", 0
    for name in sorted(files):
        of, (told, flags) = files[name], _name(name)
        listed += struct.pack(
            "<4s4B4H3L5H2L", b"PK\1\2", 20, OF_UNIX, 20, 0, flags, zipfile.ZIP_STORED, 0, EPOCH, of.crc, of.size, of.size,
            len(told), 0, 0, 0, 0, 0o600 << 16, at,
        ) + told  # fmt: skip
        at += len(_local(name, of)) + of.size
    return listed + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(files), len(files), len(listed), at, 0)


# -- judging


def verify(package: bytes | BinaryIO, roots: Collection[bytes], *, withdrawn: Collection[str] = ()) -> Verdict:
    """Judge a package; never raises, whatever the bytes are. `roots` are PEM certificates we trust. Of a file it reads a piece at a time."""
    held = io.BytesIO(package) if isinstance(package, bytes) else package
    try:
        files, tags = _opened(held)
        return _judged(held, files, tags, roots, withdrawn)
    except Exception:  # a forged container may break the reader anywhere: that is a verdict, not an accident
        return Verdict(False, "unreadable")


def _judged(
    held: BinaryIO, files: Mapping[str, Measured], tags: Mapping[str, bytes], roots: Collection[bytes],
    withdrawn: Collection[str],
) -> Verdict:  # fmt: skip
    for name in ("bagit.txt", INFO, MANIFEST, TAGS):
        if name not in files:
            return Verdict(False, "missing", name)
    if SEAL not in files:
        return Verdict(False, "no_seal", SEAL)
    for listing, listed in ((TAGS, TAG_FILES), (MANIFEST, tuple(one for one in files if one.startswith("data/")))):
        verdict = _compared(files, tags[listing], listing, listed)
        if verdict is not None:
            return verdict
    for name in files:
        if not name.startswith("data/") and name not in (*TAG_FILES, TAGS, SEAL):
            return Verdict(False, "not_listed", name)
    if tags["bagit.txt"] != BAGIT:
        return Verdict(False, "altered", "bagit.txt")
    verdict = _seal_holds(files, tags, roots, withdrawn)
    if verdict.right and not _container_is_ours(held, files):
        return Verdict(False, "container")
    return verdict


def _opened(held: BinaryIO) -> tuple[dict[str, Measured], dict[str, bytes]]:
    """Every file measured, and those that are not data held."""
    size = held.seek(0, io.SEEK_END)
    if size > LARGEST:
        raise ValueError("too large")
    with zipfile.ZipFile(held) as archive:
        entries = archive.infolist()
        names = [one.filename for one in entries]
        if len(set(names)) != len(names) or sum(one.file_size for one in entries) > size:
            raise ValueError("names twice, or more than there is")
        files: dict[str, Measured] = {}
        tags: dict[str, bytes] = {}
        for one in entries:
            keeps = one.filename in (*TAG_FILES, TAGS, SEAL)
            if keeps and one.file_size > LARGEST_TAG:
                raise ValueError("too large")
            digest, length, crc, kept = hashlib.sha256(), 0, 0, bytearray()
            for piece in _pieces(held, archive, one):
                digest.update(piece)
                length, crc = length + len(piece), zlib.crc32(piece, crc)
                if keeps:
                    kept += piece
            files[one.filename] = Measured(length, digest.hexdigest(), crc)
            if keeps:
                tags[one.filename] = bytes(kept)
        return files, tags


def _pieces(held: BinaryIO, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The bytes as they lie there, whatever checksum stands beside them: the manifest is what names a changed file."""
    if entry.compress_type != zipfile.ZIP_STORED:
        with archive.open(entry) as file:
            while piece := file.read(PIECE):
                yield piece
        return
    held.seek(entry.header_offset + 26)
    name, extra = struct.unpack("<2H", held.read(4))
    held.seek(entry.header_offset + 30 + name + extra)
    left = entry.file_size
    while left and (piece := held.read(min(PIECE, left))):
        left -= len(piece)
        yield piece


def _container_is_ours(held: BinaryIO, files: Mapping[str, Measured]) -> bool:
    """Is every byte that is not a file's what it must be? Then the files lie where they were read, and nothing lies between."""
    held.seek(0)
    for name in sorted(files):
        head = _local(name, files[name])
        if held.read(len(head)) != head:
            return False
        crc, left = 0, files[name].size
        while left and (piece := held.read(min(PIECE, left))):
            crc, left = zlib.crc32(piece, crc), left - len(piece)
        if left or crc != files[name].crc:
            return False
    end = _directory(files)
    return held.read(len(end) + 1) == end


def _compared(files: Mapping[str, Measured], content: bytes, listing: str, listed: Iterable[str]) -> Verdict | None:
    """The first file that a manifest and the package do not agree about."""
    said: dict[str, str] = {}
    for line in content.decode("utf-8", "replace").splitlines():
        found = LINE.fullmatch(line)
        if found is None or found[2] in said:
            return Verdict(False, "altered", listing)
        said[found[2]] = found[1]
    for name in sorted(said):
        if name not in files:
            return Verdict(False, "missing", name)
        if files[name].sha256 != said[name]:
            return Verdict(False, "altered", name)
    for name in sorted(listed):
        if name not in said:
            return Verdict(False, "not_listed", name)
    return None


def _seal_holds(
    files: Mapping[str, Measured], tags: Mapping[str, bytes], roots: Collection[bytes], withdrawn: Collection[str]
) -> Verdict:
    try:
        seal = json.loads(tags[SEAL])
        key_id, sealed_at = str(seal["key_id"]), str(seal["sealed_at"])
        moment = datetime.fromisoformat(sealed_at)
        certificate = x509.load_der_x509_certificate(bytes.fromhex(seal["certificate"]))
        signature = bytes.fromhex(seal["signature"])
        if tags[SEAL] != _canonical(seal) or seal["tagmanifest_sha256"] != files[TAGS].sha256:
            return Verdict(False, "bad_seal", SEAL)
        names = certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)
        key = certificate.public_key()
        if not isinstance(key, ed25519.Ed25519PublicKey) or (names and names[0].value != key_id):
            return Verdict(False, "bad_seal", SEAL)
        key.verify(signature, _signed(tags[TAGS], key_id, sealed_at))
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
