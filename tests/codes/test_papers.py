"""The sheet of paper codes, read by somebody else's reader from a picture of it."""

import datetime

import pypdfium2
import pytest
from django.utils import timezone

from tests import eyes, make
from tongban.codes.services import papers
from tongban.journal.actors import PLATFORM

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_code_keys")]


def test_four_codes_on_one_page_are_read_by_a_foreign_reader_and_name_nobody():
    grandmother = make.person("王奶奶", birth_date=datetime.date(1950, 1, 1))
    row = papers.make(grandmother, account=make.account(grandmother), actor=PLATFORM, at=timezone.now())

    sheet = pypdfium2.PdfDocument(papers.draw(row, grandmother))
    words = sheet[0].get_textpage().get_text_range()

    assert len(sheet) == 1
    read = eyes.codes_in(sheet[0].render(scale=2).to_pil())
    assert read == [row.payload] * 4
    assert "王*奶" in words and "王奶奶" not in words and grandmother.id_no not in words
    assert (timezone.localdate(row.ends_at) - timezone.localdate(row.made_at)).days == 180
