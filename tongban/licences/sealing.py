"""Electronic seals on PDF files (PAdES B-B), and the judgement whether a sealed file is wholly as it was sealed.

pyHanko takes most of a second to import and only the check needs it, so nobody imports this module at the top: the command loads it with
importlib. Seals are written by `seal_writing`, without it.

A file is wholly right only if all of these hold, and each is checked apart:
one seal and no other signature; pyHanko's own bottom line; every byte of the file covered but the signature itself, which is in
its one exact form; the seal certifies that nothing may be changed; its certificate comes from a root we trust, was in use when
the seal was made and has not been withdrawn. (pyHanko's `intact`, `valid` and `trusted` all stay true when pages are appended.)
"""

import logging
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

from asn1crypto import cms, core, parser, pem, x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from tongban.licences.rendering import KEYWORD_IDENTIFIER
from tongban.licences.seal_writing import CannotSeal, seal

__all__ = ["REASONS", "CannotSeal", "Verdict", "check_pdf", "seal"]

LARGEST = 64 * 1024 * 1024
CLOCKS_DIFFER = timedelta(minutes=5)

logging.getLogger("pyhanko").setLevel(logging.CRITICAL)  # our verdict says it; a forged file must not fill the log
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)


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


def _certificate(encoded: bytes) -> x509.Certificate:
    if pem.detect(encoded):
        _, _, encoded = pem.unarmor(encoded)
    return x509.Certificate.load(encoded)
