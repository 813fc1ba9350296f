"""Electronic seals put on our own PDF files: PAdES B-B, a certifying signature that locks the content, seen on the page.

Written byte by byte in a revision of its own (`lib.pdf_revision`): a library that reads the whole file first took twenty times as much for the
same bytes. `sealing.check_pdf` judges what stands here with that library, as do readers of others.
"""

import hashlib
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tongban.lib.pdf_revision import NotOurs, Revision, form_of, text
from tongban.licences.keys import SigningKey
from tongban.licences.rendering import KEYWORD_SEAL, SEAL_PLACES

FIELD = "Seal"
CALLED = "电子印章 Electronic seal"
LOCK = b"/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/V/1.2/P 1>>>>]"  # nothing may change
PRINTED_AND_LOCKED = 132
EDGE = 5  # points left free around the picture within its place
APPEND_ONLY = 3  # there are signatures, and nobody may write the file anew
PADES = b"/Extensions<</ESIC<</Type/DeveloperExtensions/BaseVersion/1.7/ExtensionLevel 1>>>>"
RANGE = b"/ByteRange[0 %d %d %d]"


class CannotSeal(Exception):
    """The file was not sealed; nothing of it may be handed out."""


def seal(
    pdf: bytes,
    key: SigningKey,
    *,
    appearance: bytes,
    now: datetime,
    reason: str = "",
    location: str = "",
    name: str = "",
) -> bytes:
    """The file with one certifying signature and a visible seal. `appearance` is a one-page PDF (`rendering.render_seal`)."""
    if not key.public.was_in_use(now):
        raise CannotSeal(f"{key.key_id} is not in use at {now:%Y-%m-%d %H:%M}")
    private = _private(key.seal_private)
    certificate = key.public.seal_certificate
    room = 2 * len(_cms(certificate, bytes(32), bytes(72)))  # in hexadecimal; no signature of P-256 is longer
    try:
        revision = Revision(pdf)
        if b"/AcroForm" in revision.read(revision.root):
            raise CannotSeal("there is a seal on it already")
        page, (left, bottom, right, top) = _place(revision)
        entries = b"".join(
            b"/" + what + text(words)
            for what, words in ((b"Name", name), (b"Location", location), (b"Reason", reason))
            if words
        )
        signature = revision.add(
            b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached"
            + b"/Contents <%s>%s" % (b"0" * room, b" " * len(RANGE % ((10**10,) * 3)))
            + b"/M (D:%s)" % now.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode()
            + entries
            + LOCK
            + b">>"
        )
        left, bottom, right, top = left + EDGE, bottom + EDGE, right - EDGE, top - EDGE
        picture = revision.draw(form_of(appearance))
        field = revision.add(
            b"<</Type/Annot/Subtype/Widget/FT/Sig/T(%s)/TU%s/F %d/Rect[%d %d %d %d]/P %d 0 R/AP<</N %d 0 R>>/V %d 0 R>>"
            % (FIELD.encode(), text(CALLED), PRINTED_AND_LOCKED, left, bottom, right, top, page, picture, signature)
        )
        form = revision.add(b"<</Fields[%d 0 R]/SigFlags %d>>" % (field, APPEND_ONLY))
        revision.into_list(page, b"Annots", field)
        revision.with_entries(
            revision.root, b"/AcroForm %d 0 R/Perms<</DocMDP %d 0 R>>" % (form, signature) + PADES
        )  # fmt: skip
        whole, starts = revision.done()
    except NotOurs as error:
        raise CannotSeal(str(error)) from error
    before = whole.index(b"/Contents <", starts[signature]) + len(b"/Contents ")
    after = before + room + 2
    said = RANGE % (before, after, len(whole) - after)
    head, tail = whole[:before], said + whole[after + len(said) :]
    digest = hashlib.sha256(head)
    digest.update(tail)
    told = _der(0x31, _attributes(certificate, digest.digest()))
    signed = private.sign(told, ec.ECDSA(hashes.SHA256()))
    written = _cms(certificate, digest.digest(), signed).hex().upper().encode()
    return head + b"<" + written.ljust(room, b"0") + b">" + tail


def _place(revision: Revision) -> tuple[int, tuple[int, int, int, int]]:
    keywords = revision.read(revision.info).replace(b"\0", b"")
    _before, _word, after = keywords.partition(KEYWORD_SEAL.encode())
    known = (name for name in SEAL_PLACES if after.startswith(name.encode()))
    at, box = SEAL_PLACES[next(known, "letter")]
    return revision.pages()[at], box


def _private(encoded: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_der_private_key(encoded, None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CannotSeal("the key cannot be read") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CannotSeal("seals are made with P-256: another key would not open in the readers people have")
    return key


# -- the signature itself (RFC 5652, RFC 5035), in the one spelling that `sealing` accepts

_SHA256 = bytes.fromhex("300b0609608648016503040201")
_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")
_DATA = bytes.fromhex("06092a864886f70d010701")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
_SIGNING_CERTIFICATE = bytes.fromhex("060b2a864886f70d010910022f")
_ONE = b"\x02\x01\x01"


def _der(kind: int, *parts: bytes) -> bytes:
    inner = b"".join(parts)
    length = len(inner)
    if length < 128:
        return bytes((kind, length)) + inner
    size = (length.bit_length() + 7) // 8
    return bytes((kind, 0x80 | size)) + length.to_bytes(size, "big") + inner


@lru_cache(maxsize=256)
def _issued(certificate: bytes) -> tuple[bytes, bytes]:
    """Who issued it, and its number."""
    read = x509.load_der_x509_certificate(certificate)
    number = read.serial_number
    return read.issuer.public_bytes(), _der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _attributes(certificate: bytes, digest: bytes) -> bytes:
    """What is signed beside the content, in the order that a set asks for: the shorter first."""
    issuer, number = _issued(certificate)
    general_names = _der(0x30, _der(0xA4, issuer))
    named = _der(
        0x30,
        _der(0x04, hashlib.sha256(certificate).digest()),
        _der(0x30, general_names, number),
    )
    return b"".join(
        sorted(
            (
                _der(0x30, _CONTENT_TYPE, _der(0x31, _DATA)),
                _der(0x30, _MESSAGE_DIGEST, _der(0x31, _der(0x04, digest))),
                _der(0x30, _SIGNING_CERTIFICATE, _der(0x31, _der(0x30, _der(0x30, named)))),
            )
        )
    )


def _cms(certificate: bytes, digest: bytes, signed: bytes) -> bytes:
    issuer, number = _issued(certificate)
    signer = _der(
        0x30,
        _ONE,
        _der(0x30, issuer, number),
        _SHA256,
        _der(0xA0, _attributes(certificate, digest)),
        _ECDSA_SHA256,
        _der(0x04, signed),
    )
    data = _der(
        0x30, _ONE, _der(0x31, _SHA256), _der(0x30, _DATA), _der(0xA0, certificate), _der(0x31, signer)
    )  # fmt: skip
    return _der(0x30, _SIGNED_DATA, _der(0xA0, data))
