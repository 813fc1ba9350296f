from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.http import QueryDict
from django.template import TemplateSyntaxError
from django.utils import timezone, translation

from tongban.channels.pages import look
from tongban.channels.pages.templatetags import tongban as tags

PAGES = Path(tags.__file__).resolve().parents[1]
TUESDAY = date(2026, 3, 3)


@pytest.mark.parametrize(
    ("words", "chinese", "english"),
    [
        (tags.day, "2026年3月3日 星期二", "3 March 2026"),
        (tags.shortday, "3月3日", "3 Mar"),
        (tags.weekday, "3月3日 周二", "Tue 3 Mar"),
    ],
)
def test_days_are_written_as_each_language_writes_them(words, chinese, english):
    with translation.override("zh-hans"):
        assert words(TUESDAY) == chinese
    with translation.override("en"):
        assert words(TUESDAY) == english


def test_a_moment_is_shown_in_local_time_and_its_day_is_the_local_day():
    late = datetime(2026, 3, 2, 18, 2, tzinfo=UTC)

    with translation.override("en"), timezone.override("Asia/Shanghai"):
        assert tags.moment(late) == "3 Mar 2026, 02:02"
        assert tags.day(late) == "3 March 2026"
        assert tags.hour(late) == "02:02"
        assert tags.iso(late) == "2026-03-02T18:02:00+00:00"
    with translation.override("zh-hans"), timezone.override("Asia/Shanghai"):
        assert tags.moment(late) == "2026年3月3日 02:02"


@pytest.mark.parametrize("nothing", [None, ""])
def test_nothing_is_shown_as_nothing(nothing):
    assert [tags.day(nothing), tags.moment(nothing), tags.money(nothing), tags.say(nothing)] == ["", "", "", ""]


def test_what_is_not_a_day_is_shown_as_it_is():
    assert tags.day("long-term") == "long-term"
    assert tags.moment("soon") == "soon"


def test_money_is_short_and_nothing_to_pay_is_said_in_words():
    with translation.override("en"):
        assert [tags.money(each) for each in (1200, "12.5", "1234567.89")] == ["¥1,200", "¥12.50", "¥1,234,567.89"]
        assert tags.money(0) == "Free of charge"
        assert tags.money("by value") == "by value"


def test_numbers_and_names_are_covered_enough_for_a_stranger():
    assert tags.maskid("990000199803120018") == "990***********0018"
    assert tags.maskid("1234") == "1***"
    assert tags.maskphone("13812345678") == "138****5678"
    assert [tags.maskname(name) for name in ("王明", "欧阳小明", "Anna Berg", "安娜（Anna Berg）")] == [
        "王*", "欧**明", "A*** Berg", "安*",
    ]  # fmt: skip


def test_every_icon_and_drawing_is_our_own_svg_without_script_or_style():
    for path in [*(PAGES / "icons").glob("*.svg"), *(PAGES / "drawings").glob("*.svg")]:
        text = path.read_text(encoding="utf-8")
        assert "<path" in text or "<circle" in text, path.name
        assert not any(bad in text for bad in ("<script", "style=", "onload", "href", "<svg", "<?xml")), path.name


def test_a_picture_that_is_not_there_is_a_mistake_that_tests_find():
    with pytest.raises(TemplateSyntaxError, match="no such picture"):
        tags.icon("unicorn")
    with pytest.raises(TemplateSyntaxError, match="no such picture"):
        tags.drawing("../icons/search")


def test_a_decoration_is_silent_and_a_meaning_is_said():
    assert 'aria-hidden="true"' in tags.icon("check")
    assert 'role="img" aria-label="Done &lt;b&gt;"' in tags.icon("check", "Done <b>")


def test_the_present_query_is_changed_not_lost():
    query = QueryDict("q=面&theme=a&theme=b&page=3")

    assert look.query_string(query, page=None) == "?q=%E9%9D%A2&theme=a&theme=b"
    assert look.query_string(query, theme="c", page="") == "?q=%E9%9D%A2&theme=c"
    assert look.query_string(None) == "?"


def test_a_choice_is_found_among_the_chosen_exactly():
    assert tags.within("rent", "rent") and tags.within("a", ["a", "b"]) and tags.within(1, [1])
    assert not tags.within("ren", "rent") and not tags.within("a", "") and not tags.within("a", None)


def test_every_light_has_words_and_its_own_sign():
    words = [tags.light_words(light) for light in ("green", "yellow", "red", "black")]
    signs = [tags.light_icon(light) for light in ("green", "yellow", "red", "black")]

    assert len(set(words)) == 4 and len(set(signs)) == 4


def test_cookies_that_nobody_set_choose_nothing(rf):
    request = rf.get("/")
    request.COOKIES.update(scheme='dark" onload="x', edition="huge")

    seen = look.Look(request)

    assert (seen.scheme, seen.edition, seen.size) == ("auto", "standard", "md")
