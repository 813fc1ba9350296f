"""Every way we know to change a sealed file, done to a real one."""

import random
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PageObject
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from tests.licences.samples import IDENTIFIER, ISSUER, NOON, sheet
from tongban.licences import keys, sealing
from tongban.licences.rendering import Letter, Paragraph, render_document, render_licence, render_seal

LATER = NOON + timedelta(days=400)


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return tmp_path_factory.mktemp("seals")


@pytest.fixture(scope="module")
def key(directory):
    return keys.current(directory, "AMR", "food-licence", now=NOON, name="Administration for Market Regulation")


@pytest.fixture(scope="module")
def roots(directory):
    return [keys.root_pem(directory, now=NOON)]


@pytest.fixture(scope="module")
def appearance():
    return render_seal(ISSUER, demo=True)


@pytest.fixture(scope="module")
def sealed(key, appearance):
    return sealing.seal(
        render_licence(sheet()), key, appearance=appearance, now=NOON, reason="食品经营许可证 示范", location="通办", name=ISSUER["zh"]
    )  # fmt: skip


def judged(pdf, roots, **more):
    return sealing.check_pdf(pdf, roots, **({"now": LATER} | more))


def test_a_sealed_licence_is_wholly_right_long_after_its_key_ended(sealed, key, roots):
    verdict = judged(sealed, roots)

    assert verdict == sealing.Verdict(
        intact=True,
        wholly_right=True,
        reason="whole",
        signer="Administration for Market Regulation food-licence",
        key_id=key.key_id,
        sealed_at=NOON,
        identifier=IDENTIFIER,
    )


def test_the_seal_is_seen_on_the_page_in_persimmon(sealed):
    plain = pypdfium2.PdfDocument(render_licence(sheet()))[0].render(scale=1).to_pil().convert("RGB")
    document = pypdfium2.PdfDocument(sealed)
    document.init_forms()
    stamped = document[0].render(scale=1, may_draw_forms=True).to_pil().convert("RGB")

    def reddish(picture):
        return sum(n for n, (r, g, b) in picture.getcolors(1 << 24) if r > 170 and g < 130 and b < 110)

    assert reddish(stamped) > reddish(plain) + 500


@pytest.mark.parametrize("pages", [1, 4])
def test_a_letter_is_sealed_on_its_last_page(key, roots, appearance, pages):
    blocks = [Paragraph({"zh": "段落。" * 60, "en": "Paragraph. " * 60})] * (1 if pages == 1 else 14)
    letter = Letter("refusal", "1", "2", ISSUER, "张示范", NOON.date(), blocks=blocks)

    made = sealing.seal(render_document(letter), key, appearance=appearance, now=NOON)

    assert judged(made, roots).wholly_right
    with pikepdf.open(BytesIO(made)) as opened:
        holding = [
            number
            for number, page in enumerate(opened.pages)
            if "/Annots" in page and any(a.get("/FT") == "/Sig" for a in page.Annots)
        ]
        assert holding == [len(opened.pages) - 1]
        assert len(opened.pages) == pages or pages > 1


def test_the_seal_locks_the_document(sealed):
    with pikepdf.open(BytesIO(sealed)) as opened:
        signature = opened.Root.AcroForm.Fields[0].V
        assert opened.Root.Perms.DocMDP == signature
        assert signature.Reference[0].TransformParams.P == 1
        assert signature.SubFilter == "/ETSI.CAdES.detached"


def test_an_unsealed_file_has_no_seal(roots):
    verdict = judged(render_licence(sheet()), roots)

    assert (verdict.intact, verdict.wholly_right, verdict.reason) == (False, False, "no_seal")


# -- pages and bytes added


def with_another_page(pdf: bytes) -> bytes:
    """A page appended the way a signing program would: an incremental update, the sealed bytes untouched."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    stream = writer.add_object(generic.StreamObject(stream_data=b"BT /F 12 Tf 72 700 Td (also licensed: casino) Tj ET"))
    writer.insert_page(PageObject(contents=stream, media_box=(0, 0, 842, 595)))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def test_an_appended_page_is_found(sealed, roots):
    changed = with_another_page(sealed)

    assert changed.startswith(sealed)
    assert len(pypdfium2.PdfDocument(changed)) == 2
    verdict = judged(changed, roots)
    assert (verdict.intact, verdict.wholly_right, verdict.reason) == (False, False, "changed_after_sealing")


def test_why_the_bottom_line_matters_pyhanko_still_says_intact_valid_and_trusted(sealed, roots):
    """The negative control: whoever reads only these three lets the appended page pass (security.md, trap 2)."""
    found = PdfFileReader(BytesIO(with_another_page(sealed))).embedded_signatures[0]

    status = validate_pdf_signature(
        found, ValidationContext(trust_roots=[sealing._certificate(roots[0])], moment=NOON, allow_fetching=False)
    )

    assert (status.intact, status.valid, status.trusted) == (True, True, True)
    assert status.bottom_line is False


def test_a_page_appended_by_rewriting_the_file_is_found(sealed, roots):
    with pikepdf.open(BytesIO(sealed)) as opened:
        opened.add_blank_page(page_size=(842, 595))
        out = BytesIO()
        opened.save(out)

    verdict = judged(out.getvalue(), roots)
    assert not verdict.intact and not verdict.wholly_right
    assert verdict.reason in {"altered", "changed_after_sealing", "seal_misshapen"}


@pytest.mark.parametrize("tail", [b"\n", b" ", b"\0" * 7, b"%%EOF\n", b"\n% harmless comment\n", b"PK\x03\x04zip" * 10])
def test_bytes_after_the_end_are_found(sealed, roots, tail):
    assert judged(sealed + tail, roots).reason == "changed_after_sealing"


@pytest.mark.parametrize("keep", [0, 1, 100, -1, -40, -1200])
def test_a_file_cut_short_is_found(sealed, roots, keep):
    assert not judged(sealed[:keep], roots).wholly_right


def test_bytes_put_before_the_file_are_found(sealed, roots):
    assert not judged(b"%PDF-1.7\n" + sealed, roots).wholly_right


# -- content replaced


def test_replaced_text_in_an_incremental_update_is_found(sealed, roots):
    """A shadow attack: the page gets another content stream, the sealed bytes stay."""
    writer = IncrementalPdfFileWriter(BytesIO(sealed))
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Contents"] = writer.add_object(generic.StreamObject(stream_data=b"1 0 0 rg 0 0 842 595 re f"))
    writer.mark_update(page.container_ref)
    out = BytesIO()
    writer.write(out)

    assert out.getvalue().startswith(sealed)
    assert judged(out.getvalue(), roots).reason == "changed_after_sealing"


def test_a_replaced_title_is_found(sealed, roots):
    assert sealed.count(b"99990000000000002J") >= 1
    verdict = judged(sealed.replace(b"99990000000000002J", b"99990000000000003J"), roots)

    assert (verdict.intact, verdict.reason) == (False, "altered")


def test_an_annotation_drawn_over_the_page_is_found(sealed, roots):
    writer = IncrementalPdfFileWriter(BytesIO(sealed))
    drawn = generic.DictionaryObject(
        {
            generic.pdf_name("/Type"): generic.pdf_name("/Annot"),
            generic.pdf_name("/Subtype"): generic.pdf_name("/FreeText"),
            generic.pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (100, 300, 400, 340))),
            generic.pdf_name("/Contents"): generic.pdf_string("valid until 2099"),
        }
    )
    page = writer.root["/Pages"]["/Kids"][0].get_object()
    page["/Annots"].append(writer.add_object(drawn))
    writer.mark_update(page.container_ref)
    out = BytesIO()
    writer.write(out)

    assert judged(out.getvalue(), roots).reason == "changed_after_sealing"


@pytest.mark.parametrize("seed", range(10))
def test_a_hundred_random_bytes_changed_one_by_one_are_all_found(sealed, roots, seed):
    chance = random.Random(seed)

    for _ in range(100):
        place, bit = chance.randrange(len(sealed)), 1 << chance.randrange(8)
        flipped = bytearray(sealed)
        flipped[place] ^= bit
        assert not judged(bytes(flipped), roots).wholly_right, (place, bit)


def test_changes_in_the_signature_itself_are_found_to_the_last_digit(sealed, roots):
    """The signature cannot sign itself: padding, lengths, versions and spellings in it are judged by their exact form."""
    start, before, after, _ = (
        int(number) for number in re.search(rb"/ByteRange\s*\[(\d+) (\d+) (\d+) (\d+)", sealed).groups()
    )
    chance = random.Random(31)
    inside = [before, before + 1, after - 2, after - 1, *(chance.randrange(before, after) for _ in range(250))]

    for place in inside:
        for changed in {sealed[place] ^ 0x20, sealed[place] ^ 1} - {sealed[place]}:
            flipped = bytearray(sealed)
            flipped[place] = changed
            verdict = judged(bytes(flipped), roots)
            assert not verdict.wholly_right, (place - before, bytes([sealed[place]]), bytes([changed]))
    assert start == 0


def test_a_second_picture_of_the_hour_is_found(sealed, roots):
    """The hour in the signature dictionary is covered too."""
    place = sealed.index(b"20261121", sealed.rindex(b"/M ")) + 3
    assert not judged(sealed[:place] + b"9" + sealed[place + 1 :], roots).wholly_right


# -- other hands and other keys


def test_a_second_signature_is_found(sealed, key, roots, appearance, monkeypatch):
    """A well-behaved program refuses to sign a locked file; this one does not."""
    with pytest.raises(sealing.CannotSeal):
        sealing.seal(sealed, key, appearance=appearance, now=NOON)
    monkeypatch.setattr(sealing._AtHour, "_enforce_certification_constraints", lambda signer, reader: None)
    monkeypatch.setattr(sealing, "FIELD", "Second")
    original = sealing.signers.PdfSignatureMetadata
    monkeypatch.setattr(
        sealing.signers, "PdfSignatureMetadata", lambda **given: original(**(given | {"certify": False}))
    )

    twice = sealing.seal(sealed, key, appearance=appearance, now=NOON)

    assert twice.startswith(sealed)
    assert len(PdfFileReader(BytesIO(twice)).embedded_signatures) == 2
    assert judged(twice, roots).reason == "several_signatures"


def test_a_seal_under_another_root_is_intact_but_not_trusted(appearance, roots, tmp_path):
    stranger = keys.current(tmp_path, "AMR", "food-licence", now=NOON, name="Administration for Market Regulation")

    forged = sealing.seal(render_licence(sheet()), stranger, appearance=appearance, now=NOON)

    verdict = judged(forged, roots)
    assert (verdict.intact, verdict.wholly_right, verdict.reason) == (True, False, "unknown_root")
    assert judged(forged, [keys.root_pem(tmp_path, now=NOON)]).wholly_right


def test_without_any_root_nothing_is_trusted(sealed):
    assert judged(sealed, []).reason == "unknown_root"


def test_our_own_code_does_not_seal_with_a_key_that_ended(key, appearance):
    with pytest.raises(sealing.CannotSeal):
        sealing.seal(render_licence(sheet()), key, appearance=appearance, now=NOON + timedelta(days=91))


@pytest.mark.parametrize("days", [91, -2])
def test_a_seal_made_outside_the_life_of_its_key_is_found(key, appearance, roots, days):
    """Somebody with a copy of the key ignores its dates."""
    boundless = replace(key, public=replace(key.public, not_before=NOON - timedelta(days=999), not_after=LATER))

    forged = sealing.seal(render_licence(sheet()), boundless, appearance=appearance, now=NOON + timedelta(days=days))

    verdict = judged(forged, roots)
    assert (verdict.wholly_right, verdict.reason) == (False, "key_not_valid_then")


def test_a_seal_from_the_future_is_found(sealed, roots):
    assert judged(sealed, roots, now=NOON - timedelta(hours=1)).reason == "sealed_in_the_future"


def test_the_seal_of_a_withdrawn_key_says_check_again(sealed, key, roots):
    verdict = judged(sealed, roots, withdrawn={key.key_id})

    assert (verdict.intact, verdict.wholly_right, verdict.reason) == (True, False, "key_withdrawn")


def test_an_approval_without_the_lock_is_not_a_seal(key, appearance, roots, monkeypatch):
    original = sealing.signers.PdfSignatureMetadata
    monkeypatch.setattr(
        sealing.signers, "PdfSignatureMetadata", lambda **given: original(**(given | {"certify": False}))
    )

    made = sealing.seal(render_licence(sheet()), key, appearance=appearance, now=NOON)

    assert judged(made, roots).reason == "not_certified"


def test_the_statement_key_cannot_seal_a_file(key, appearance):
    """Each half has its own use; an Ed25519 seal would not open in the readers people have."""
    public = replace(key.public, seal_certificate=key.public.statement_certificate)

    with pytest.raises(sealing.CannotSeal):
        sealing.seal(
            render_licence(sheet()),
            replace(key, public=public, seal_private=key.statement_private),
            appearance=appearance,
            now=NOON,
        )


# -- rubbish


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"hello",
        b"%PDF-1.7",
        b"%PDF-1.7\n%%EOF",
        b"%PDF-1.7\ntrailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF",
        bytes(5000),
    ],
)
def test_rubbish_is_unreadable_and_breaks_nothing(roots, rubbish):
    assert judged(rubbish, roots).reason == "unreadable"


def test_every_verdict_has_words_in_both_languages():
    source = Path(sealing.__file__).read_text()
    given = set(re.findall(r'(?:return|reason =|reason=|else) "(\w+)"', source)) | {"whole"}

    assert given <= set(sealing.REASONS)
    assert all(words["zh"] and words["en"] for words in sealing.REASONS.values())


def test_the_certificate_in_the_file_is_the_seals_own(sealed, key):
    found = PdfFileReader(BytesIO(sealed)).embedded_signatures[0]

    assert found.signer_cert.dump() == key.public.seal_certificate
    assert found.other_embedded_certs == []


# -- a foreign check


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler's pdfsig is not installed on this machine")
def test_popplers_own_check_agrees(sealed, tmp_path):
    whole, longer, changed = tmp_path / "whole.pdf", tmp_path / "longer.pdf", tmp_path / "changed.pdf"
    whole.write_bytes(sealed)
    longer.write_bytes(with_another_page(sealed))
    changed.write_bytes(sealed.replace(b"99990000000000002J", b"99990000000000003J"))

    def told(path):
        return subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, timeout=60).stdout

    assert "Signature is Valid" in told(whole) and "Total document signed" in told(whole)
    assert "Not total document signed" in told(longer)
    assert "Signature is Valid" not in told(changed)
