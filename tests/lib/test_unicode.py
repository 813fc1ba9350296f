import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.lib import unicode
from tongban.lib.unicode import Unreadable, is_blank, kept, remarks

NAMES = [
    "阿卜杜热合曼·阿卜杜拉",
    "𠅤㛃",
    "𬭚𫚖",
    "བསྟན་འཛིན",
    "ئابدۇرەھىم",
    "Nguyễn Thị Minh Khai",
    "María José Carreño Quiñones",
    "Wolfeschlegelsteinhausenbergerdorff " * 3,
    "D’Angelo-Smith",
    "Þórður Ægisson",
    "Иван Сергеевич",
    "金" * 25,
    "Ὀδυσσεύς",
]


@pytest.mark.parametrize("name", NAMES)
def test_real_names_are_kept_as_they_are(name):
    assert kept(name) == unicodedata.normalize("NFC", name.strip())
    assert remarks(kept(name)) == []


def test_text_is_brought_into_one_normal_form_and_trimmed():
    assert kept("\u3000 e\u0301te\u0301 \t") == "été"


@pytest.mark.parametrize(
    "text", ["a\x00b", "a\x1bb", "a\x7fb", "a\x85b", "a\nb", "a\u2028b", "a\ud800b", "a\ufffe", "a\ufdd0"]
)
def test_control_and_damaged_characters_are_refused_in_words(text):
    with pytest.raises(Unreadable) as refused:
        kept(text)

    assert str(refused.value.sentence).endswith((".", "。"))


def test_several_lines_are_kept_where_they_may_be():
    assert kept("one\r\ntwo\rthree\n\tfour\n", lines=True) == "one\ntwo\nthree\n\tfour"
    with pytest.raises(Unreadable):
        kept("one\x00", lines=True)


@pytest.mark.parametrize(
    "text", ["abc\u202edcba", "admin\u200b", "\u2066x", "soft\u00adhyphen", "Вank", "pаypal", "\ue000", "x\ufeffy"]
)
def test_what_the_eye_cannot_see_is_remarked_and_kept(text):
    assert kept(text) == text
    assert len(remarks(text)) == 1


@pytest.mark.parametrize(
    "text", ["示范公司 Demo Co.", "Café 咖啡", "ABC贸易有限公司", "Иван and John", "α粒子", "5µm", "H₂O"]
)
def test_ordinary_mixtures_are_not_remarked(text):
    assert remarks(text) == []


@pytest.mark.parametrize(
    ("text", "blank"),
    [("", True), (" \u3000\t", True), ("\u200b\ufeff", True), ("\u3164", True), ("·", False), ("0", False)],
)
def test_blank_is_what_the_eye_sees_as_blank(text, blank):
    assert is_blank(text) is blank


@given(st.text())
def test_any_text_is_kept_in_normal_form_or_refused(text):
    try:
        found = kept(text)
    except Unreadable:
        return
    assert found == unicodedata.normalize("NFC", text.strip(" \t\u3000\u00a0"))
    found.encode()
    unicode.remarks(found)
