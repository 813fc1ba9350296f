"""Electronic seals on PDF files (PAdES B-B), and the judgement whether a sealed file is wholly as it was sealed.

pyHanko takes most of a second to import and only the worker and the check need it, so nobody imports this module at the top:
`licences.services` and the command load it with importlib when the first seal is wanted.

A file is wholly right only if all of these hold, and each is checked apart:
one seal and no other signature; pyHanko's own bottom line; every byte of the file covered but the signature itself, which is in
its one exact form; the seal certifies that nothing may be changed; its certificate comes from a root we trust, was in use when
the seal was made and has not been withdrawn. (pyHanko's `intact`, `valid` and `trusted` all stay true when pages are appended.)
"""

import logging
import re
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

from asn1crypto import cms, core, keys, parser, pem, x509
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tongban.licences.keys import SigningKey
from tongban.licences.rendering import KEYWORD_IDENTIFIER, KEYWORD_SEAL, SEAL_PLACES

FIELD = "Seal"
LARGEST = 64 * 1024 * 1024
CLOCKS_DIFFER = timedelta(minutes=5)

logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # our verdict says it; a forged file must not fill the log
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)


class CannotSeal(Exception):
    """The file was not sealed; nothing of it may be handed out."""


@dataclass(frozen=True)
class Verdict:
    """`intact`: not one byte differs from what was sealed. `wholly_right`: intact, and sealed by a key we trust.

    `reason` is one of REASONS. Signer, hour and identifier are what the file claims: believe them only when wholly right.
    """

    intact: bool
    wholly_right: bool
    reason: str
    signer: str = ""
    key_id: str = ""
    sealed_at: datetime | None = None
    identifier: str = ""
    detail: str = ""


REASONS = {
    "whole": {"zh": "与盖章时完全一致", "en": "wholly as it was sealed"},
    "unreadable": {"zh": "不是可读的 PDF 文件", "en": "not a readable PDF file"},
    "no_seal": {"zh": "没有电子印章", "en": "there is no seal on it"},
    "several_signatures": {"zh": "盖章后又加了签名", "en": "another signature was added"},
    "changed_after_sealing": {"zh": "盖章后被追加或修改", "en": "changed or added to after sealing"},
    "altered": {"zh": "内容与印章不符", "en": "the content does not match the seal"},
    "seal_misshapen": {"zh": "印章数据被改动", "en": "the seal itself was tampered with"},
    "not_certified": {"zh": "印章没有锁定内容", "en": "the seal does not lock the content"},
    "key_not_valid_then": {"zh": "盖章时印章证书不在有效期", "en": "the key was not in use at the hour of sealing"},
    "sealed_in_the_future": {"zh": "盖章时间在未来", "en": "the hour of sealing lies in the future"},
    "unknown_root": {"zh": "印章不是由可信的根签发", "en": "the seal comes from a root we do not trust"},
    "key_withdrawn": {"zh": "印章密钥已停用，请向发证机关核实", "en": "the key was withdrawn: ask the issuer again"},
}


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
    certificate = x509.Certificate.load(key.public.seal_certificate)
    signer = signers.SimpleSigner(
        signing_cert=certificate,
        signing_key=keys.PrivateKeyInfo.load(key.seal_private),
        cert_registry=SimpleCertificateStore(),
    )
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
        subfilter=fields.SigSeedSubFilter.PADES,
        reason=reason or None,
        location=location or None,
        name=name or None,
    )
    try:
        writer = IncrementalPdfFileWriter(BytesIO(pdf))
        page, box = _place(writer.prev)
        spec = fields.SigFieldSpec(FIELD, on_page=page, box=box, readable_field_name="电子印章 Electronic seal")
        pdf_signer = _AtHour(
            metadata,
            signer,
            hour=now.astimezone(UTC).replace(microsecond=0),
            stamp_style=StaticStampStyle(border_width=0, background=_Drawn(appearance), background_opacity=1.0),
            new_field_spec=spec,
        )
        # Room for the certificate, its issuer once more, and the attributes (in hexadecimal). Told nothing, pyHanko signs twice, the
        # first time only to see how long it gets: half of what a seal costs.
        room = 2 * (2 * len(key.public.seal_certificate) + 1024)
        return pdf_signer.sign_pdf(writer, bytes_reserved=room).getvalue()
    except (SigningError, ValueError, KeyError) as error:
        raise CannotSeal(str(error)) from error


def check_pdf(
    pdf: bytes,
    trusted_roots: Sequence[bytes],
    *,
    now: datetime | None = None,
    withdrawn: Collection[str] = (),
) -> Verdict:
    """Judge a file; never raises, whatever the bytes are. Roots are DER or PEM certificates; `withdrawn` are key ids."""
    now = now or datetime.now(UTC)
    if not pdf.startswith(b"%PDF-") or len(pdf) > LARGEST:
        return Verdict(False, False, "unreadable", detail="not a PDF file, or too large")
    try:
        return _judge(pdf, [_certificate(root) for root in trusted_roots], now, frozenset(withdrawn))
    except Exception as error:  # a forged file may break the parser anywhere: that is a verdict, not an accident
        return Verdict(False, False, _reason_of_wreckage(pdf), detail=f"{type(error).__name__}: {error}"[:200])


def _reason_of_wreckage(pdf: bytes) -> str:
    """The file no longer parses. If there was a seal on it, somebody changed it: after its end, or within."""
    ranges = re.findall(rb"/ByteRange\s*\[\s*\d+\s+\d+\s+(\d+)\s+(\d+)", pdf)
    if not ranges:
        return "unreadable"
    return "changed_after_sealing" if max(int(at) + int(rest) for at, rest in ranges) < len(pdf) else "altered"


def _judge(pdf: bytes, roots: list[x509.Certificate], now: datetime, withdrawn: frozenset[str]) -> Verdict:
    reader = PdfFileReader(BytesIO(pdf), strict=True)
    found = list(reader.embedded_signatures)
    if not found:
        return Verdict(False, False, "no_seal", identifier=_identifier(reader))
    first = found[0]
    subject = first.signer_cert.subject.native
    sealed_at = first.self_reported_timestamp
    verdict = Verdict(
        intact=False,
        wholly_right=False,
        reason="altered",
        signer=str(subject.get("common_name", "")),
        key_id=str(subject.get("serial_number", "")),
        sealed_at=sealed_at,
        identifier=_identifier(reader),
    )
    if len(found) != 1:
        return replace(verdict, reason="several_signatures")
    if sealed_at is None:
        return replace(verdict, reason="seal_misshapen")
    context = ValidationContext(
        trust_roots=roots,
        moment=sealed_at,
        best_signature_time=sealed_at,
        allow_fetching=False,
        time_tolerance=timedelta(0),
    )
    status = validate_pdf_signature(first, context)
    reason = _reason_against(pdf, first, status, now)
    intact = reason not in {"altered", "changed_after_sealing", "seal_misshapen", "not_certified"}
    if reason == "whole" and verdict.key_id in withdrawn:
        reason = "key_withdrawn"
    return replace(verdict, intact=intact, wholly_right=reason == "whole", reason=reason)


def _reason_against(pdf: bytes, found: EmbeddedPdfSignature, status: PdfSignatureStatus, now: datetime) -> str:
    """The first thing that is wrong, the gravest first."""
    if not (status.intact and status.valid):
        return "altered"
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE or not _covers_everything(pdf, found):
        return "changed_after_sealing"
    if not _is_exact(found):
        return "seal_misshapen"
    if found.docmdp_level != fields.MDPPerm.NO_CHANGES or "/Perms" not in found.reader.root:
        return "not_certified"
    validity = found.signer_cert["tbs_certificate"]["validity"]
    sealed_at = found.self_reported_timestamp
    if sealed_at is None or not validity["not_before"].native <= sealed_at <= validity["not_after"].native:
        return "key_not_valid_then"
    if sealed_at > now + CLOCKS_DIFFER:
        return "sealed_in_the_future"
    if not status.trusted:
        return "unknown_root"
    return "whole" if status.bottom_line else "altered"


def _covers_everything(pdf: bytes, found: EmbeddedPdfSignature) -> bool:
    """The gap in the signed bytes is the signature's own hexadecimal string, to the brackets; the rest reaches to the last byte."""
    start, before, after, rest = (int(number) for number in found.byte_range)
    if start != 0 or after + rest != len(pdf) or not 0 < before < after:
        return False
    gap = pdf[before:after]
    exact = found.pkcs7_content.hex().upper().encode()
    return re.fullmatch(rb"<[0-9A-F]+>", gap) is not None and gap[1:-1] == exact


def _is_exact(found: EmbeddedPdfSignature) -> bool:
    """The signature is exactly what we write: nothing unsigned in it could be changed unseen.

    Parts of a CMS structure are not covered by its own signature (padding, versions, parameters, unsigned attributes, further
    certificates), so a changed byte there would otherwise go unnoticed.
    """
    raw = found.pkcs7_content
    content = cms.ContentInfo.load(raw)
    length = len(content.dump())
    if raw[length:].strip(b"\0") or not _is_der(raw[:length]):
        return False
    data, info = content["content"], found.signer_info
    certificates = [choice.chosen for choice in data["certificates"]]
    digests = list(data["digest_algorithms"]) + [info["digest_algorithm"]]
    issuer, serial = found.signer_cert.issuer, found.signer_cert.serial_number
    sid = info["sid"].chosen
    return (
        content["content_type"].native == "signed_data"
        and data["version"].native == "v1"
        and all(one["algorithm"].native == "sha256" and _bare(one) for one in digests)
        and len(digests) == 2
        and data["encap_content_info"]["content_type"].native == "data"
        and data["encap_content_info"]["content"].native is None
        and [one.dump() for one in certificates] == [found.signer_cert.dump()]
        and data["crls"].native is None
        and len(data["signer_infos"]) == 1
        and info["version"].native == "v1"
        and info["sid"].name == "issuer_and_serial_number"
        and (sid["issuer"].dump(), sid["serial_number"].native) == (issuer.dump(), serial)
        and info["signature_algorithm"]["algorithm"].native == "sha256_ecdsa"
        and _bare(info["signature_algorithm"])
        and info["unsigned_attrs"].native is None
    )


def _is_der(encoded: bytes) -> bool:
    """Every length in its one shortest spelling, down to the last leaf."""
    while encoded:
        kind, constructed, tag, header, inner, trailer = parser.parse(encoded)
        length = len(header) + len(inner) + len(trailer)
        if parser.emit(kind, constructed, tag, inner) != encoded[:length]:
            return False
        if constructed and not _is_der(inner):
            return False
        encoded = encoded[length:]
    return True


def _bare(algorithm: core.Sequence) -> bool:
    """Without parameters, absent or null: there is nothing in them to hide."""
    return algorithm["parameters"].native is None


def _identifier(reader: PdfFileReader) -> str:
    return _keyword(reader, KEYWORD_IDENTIFIER)


def _keyword(reader: PdfFileReader, begin: str) -> str:
    keywords = str(reader.trailer_view["/Info"].get("/Keywords", "")) if "/Info" in reader.trailer_view else ""
    for word in re.split(r"[,;]\s*", keywords):
        if word.startswith(begin):
            return word.removeprefix(begin)
    return ""


def _place(reader: PdfFileReader) -> tuple[int, tuple[int, int, int, int]]:
    page, box = SEAL_PLACES.get(_keyword(reader, KEYWORD_SEAL), SEAL_PLACES["letter"])
    if page < 0:
        page += int(reader.root["/Pages"]["/Count"])
    return page, box


class _AtHour(signers.PdfSigner):
    """pyHanko's signer with the hour given instead of taken from the machine."""

    def __init__(self, *positional, hour: datetime, **named) -> None:
        super().__init__(*positional, **named)
        self._hour = hour

    def init_signing_session(self, *positional, **named) -> PdfSigningSession:
        session = super().init_signing_session(*positional, **named)
        session.system_time = self._hour
        return session


def _certificate(encoded: bytes) -> x509.Certificate:
    if pem.detect(encoded):
        _, _, encoded = pem.unarmor(encoded)
    return x509.Certificate.load(encoded)


class _Drawn(PdfContent):
    """A page of another PDF as the picture of the seal."""

    def __init__(self, page: bytes) -> None:
        self._page = page
        super().__init__()

    def render(self) -> bytes:
        drawn = self._ensure_writer.import_page_as_xobject(PdfFileReader(BytesIO(self._page)))
        name = f"/Seal{uuid.uuid4().hex}"
        self.resources.xobject[name] = drawn
        left, bottom, right, top = (float(edge) for edge in drawn.get_object()["/BBox"])
        self.box = BoxConstraints(width=right - left, height=top - bottom)
        return name.encode() + b" Do"
