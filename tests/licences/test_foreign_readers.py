"""Readers of others look at a sealed licence: poppler's pdfsig says whole, and says so no more when a byte of it or a page is added."""

import shutil
import subprocess

import pytest

from tests.licences.samples import ISSUER, NOON, sheet
from tests.licences.test_sealing import with_another_page
from tongban.licences import keys, sealing
from tongban.licences.rendering import render_licence, render_seal

PDFSIG = shutil.which("pdfsig")

pytestmark = pytest.mark.skipif(PDFSIG is None, reason="poppler's pdfsig is not installed here (apt: poppler-utils)")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    directory = tmp_path_factory.mktemp("foreign") / "seals"
    key = keys.current(directory, "AMR", "food-licence", now=NOON)
    made = sealing.seal(render_licence(sheet()), key, appearance=render_seal(ISSUER, demo=True), now=NOON)
    (directory.parent / "root.pem").write_bytes(keys.root_pem(directory, now=NOON))
    return directory.parent, made


def said_of(place, content: bytes) -> str:
    (place / "licence.pdf").write_bytes(content)
    done = subprocess.run([PDFSIG, "-nocert", str(place / "licence.pdf")], capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def test_pdfsig_finds_the_seal_whole_and_over_the_whole_document(sealed):
    place, made = sealed

    said = said_of(place, made)

    assert "Signature is Valid." in said and "Total document signed" in said
    assert "Signature Type: ETSI.CAdES.detached" in said and "SHA-256" in said


def test_pdfsig_sees_a_changed_byte(sealed):
    place, made = sealed
    at = len(made) // 2
    said = said_of(place, made[:at] + bytes([made[at] ^ 1]) + made[at + 1 :])

    assert "Signature is Valid." not in said


def test_of_a_page_added_after_sealing_pdfsig_says_that_not_all_is_signed_and_our_check_that_it_was_changed(sealed):
    """The signature over the old bytes still holds: whoever asks only that is fooled, so our check asks for every byte."""
    place, made = sealed
    longer = with_another_page(made)

    said = said_of(place, longer)

    assert "Not total document signed" in said
    verdict = sealing.check_pdf(longer, [(place / "root.pem").read_bytes()], now=NOON)
    assert (verdict.wholly_right, verdict.reason) == (False, "changed_after_sealing")
