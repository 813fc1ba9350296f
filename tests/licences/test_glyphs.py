from pathlib import Path

import pytest

from tongban.licences.glyphs import covered, draws, is_unprintable
from tongban.licences.rendering import OUR_FONT


def test_our_font_draws_every_character_of_gbk():
    ranges = covered(OUR_FONT)
    hanzi = [bytes([lead, trail]) for lead in range(0x81, 0xFF) for trail in range(0x40, 0xFF) if trail != 0x7F]
    missing = []
    for pair in hanzi:
        try:
            sign = pair.decode("gbk")
        except UnicodeDecodeError:
            continue
        if "\u4e00" <= sign <= "\u9fa5" and not draws(ranges, sign):
            missing.append(sign)

    assert missing == []


@pytest.mark.parametrize(
    ("sign", "drawn"),
    [("张", True), ("㛃", True), ("·", True), ("𠅤", True), ("𠮷", False), ("ع", False), ("Ő", False)],
)
def test_the_character_map_is_read_right(sign, drawn):
    assert draws(covered(OUR_FONT), sign) is drawn


def test_a_broken_font_draws_nothing(tmp_path: Path):
    broken = tmp_path / "broken.otf"
    broken.write_bytes(OUR_FONT.read_bytes()[:3000])

    assert covered(broken) == ()
    assert covered(tmp_path / "absent.otf") == ()


@pytest.mark.parametrize("sign", ["\u202e", "\u200b", "\x07", "\ue000", "\u2066"])
def test_marks_that_turn_or_hide_text_are_not_printed_as_text(sign):
    assert is_unprintable(sign)
