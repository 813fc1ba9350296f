import pytest
from django.utils import translation

from tongban.lib.bilingual import both, say

FOOD = both("食品经营许可", "Food licence")


@pytest.mark.parametrize(
    ("language", "said"),
    [("zh-hans", "食品经营许可"), ("zh_CN", "食品经营许可"), ("en", "Food licence"), ("en-GB", "Food licence")],
)
def test_content_is_said_in_the_language_of_the_page(language, said):
    with translation.override(language):
        assert say(FOOD) == said


def test_a_language_asked_for_wins_over_the_page():
    with translation.override("zh-hans"):
        assert say(FOOD, "en") == "Food licence"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ({"zh": "", "en": "Only English"}, "Only English"),
        ({"en": "Only English"}, "Only English"),
        ({"fr": "Seulement"}, "Seulement"),
        ({}, ""),
        (None, ""),
        ("plain", "plain"),
    ],
)
def test_half_a_translation_beats_a_gap(text, said):
    with translation.override("zh-hans"):
        assert say(text) == said


def test_without_any_language_chinese_is_spoken():
    with translation.override(None):
        assert say(FOOD) == "食品经营许可"
