import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tongban.matters import spelling
from tongban.matters.spelling import (
    Counter,
    Sounds,
    Words,
    normal,
    normal_with_places,
    one_slip,
    runs,
    slips,
    syllables,
)

WORDS = st.text("abcde", min_size=0, max_size=7)


def test_every_traditional_character_becomes_another_one_that_stays():
    assert len(spelling._TRADITIONAL) == len(spelling._SIMPLIFIED) > 750
    assert len(set(spelling._TRADITIONAL)) == len(spelling._TRADITIONAL)
    assert not set(spelling._TRADITIONAL) & set(spelling._SIMPLIFIED)


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("居住證", "居住证"),
        ("營業執照註銷", "营业执照注销"),
        ("身份證遺失補領", "身份证遗失补领"),
        ("ＶＡＴ　ｒｅｆｕｎｄ", "vat refund"),
        ("Café", "cafe"),
        ("著作权", "著作权"),
    ],
)
def test_ways_of_writing_become_one(typed, same):
    assert normal(typed) == same


def test_places_lead_back_to_the_text_even_where_one_character_becomes_several():
    text = "№1 居住證"

    made, places = normal_with_places(text)

    assert made == "no1 居住证"
    assert [text[place] for place in places] == ["№", "№", "1", " ", "居", "住", "證"]


def test_runs_part_chinese_from_latin_and_drop_the_possessive():
    assert runs(normal("Driver's 驾驶证（C1）")) == ["driver", "驾驶证", "c1"]


def test_words_decide_how_a_character_is_read():
    assert syllables("重庆") == ("chong", "qing")
    assert syllables("重要") == ("zhong", "yao")


@pytest.mark.parametrize(
    ("one", "other", "distance"),
    [
        ("passport", "pasport", 1),
        ("permit", "premit", 1),
        ("licence", "license", 1),
        ("a", "abc", 2),
        ("same", "same", 0),
    ],
)
def test_slips_are_counted_with_swaps_as_one(one, other, distance):
    assert slips(one, other, 2) == distance


@given(WORDS, WORDS)
def test_the_quick_way_to_see_one_slip_agrees_with_counting(one, other):
    assert one_slip(one, other) == (slips(one, other, 1) == 1)


@given(WORDS, WORDS)
def test_slips_are_the_same_in_both_directions_and_never_more_than_asked(one, other):
    assert slips(one, other, 2) == slips(other, one, 2) <= 3


def test_the_nearest_word_is_found_and_a_stranger_is_not():
    words = Words(Counter({"restaurant": 3, "residence": 5, "permit": 9, "passport": 1}))

    assert words.nearest("restarant") == ["restaurant"]
    assert words.nearest("premit") == ["permit"]
    assert words.nearest("elephant") == []
    assert words.nearest("cat") == []


@pytest.fixture(scope="module")
def sounds():
    return Sounds(["居住证首次申领", "居住证签注", "居民身份证丢失补领", "食品经营许可", "注销登记", "更正登记"])


def test_a_character_of_the_same_sound_is_put_right(sounds):
    assert sounds.right("居住正") == "居住证"
    assert sounds.right("身分证") == "身份证"
    assert sounds.right("居住真") == "居住证"


def test_what_is_known_or_wholly_unknown_is_left_alone(sounds):
    assert sounds.right("居住证") == "居住证"
    assert sounds.right("火星旅行") == "火星旅行"


def test_pinyin_is_read_with_and_without_slips(sounds):
    assert sounds.spelt("juzhuzheng")[0] == ("ju", "zhu", "zheng")
    assert sounds.spelt("juzhuzehng") == []
    assert sounds.spelt("juzhuzehng", mistakes=1)[0] == ("ju", "zhu", "zheng")
    assert sounds.spelt("jzhuzheng", mistakes=1)[0] == ("ju", "zhu", "zheng")


def test_mixed_typing_is_cut_into_syllables_and_beginnings(sounds):
    assert sounds.units("jzzheng") == ["j", "z", "zheng"]
    assert sounds.units("juzhuz") == ["ju", "zhu", "z"]
    assert sounds.units("qqq!") is None


def test_noise_of_any_length_is_read_without_harm(sounds):
    chance = random.Random(1)
    for length in (1, 40, 41, 400):
        noise = "".join(chance.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(length))
        assert isinstance(sounds.spelt(noise, mistakes=2), list)
