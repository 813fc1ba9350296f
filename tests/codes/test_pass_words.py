"""Every answer has big plain words in both languages, and what to do next."""

from datetime import timedelta

import pytest
from django.utils import translation

from tests.codes import health_passes as make
from tongban.channels.pages import pass_words
from tongban.codes import hcert
from tongban.codes.pass_rules import BASIS, DEFAULT, LIGHT_REASONS


@pytest.mark.parametrize("reason", [*hcert.REASONS, *LIGHT_REASONS])
def test_every_reason_is_said_in_both_languages(reason):
    said = pass_words.WHY[reason]

    assert said["zh"].endswith("。")
    assert said["en"].endswith(".")


@pytest.mark.parametrize("reason", hcert.REASONS)
def test_every_refusal_says_what_to_do_and_shows_nothing_that_is_not_believed(reason):
    shown = pass_words.shown(hcert.Answer(valid=False, reason=reason, light="red", why=(reason,)), make.AT)

    assert (shown["tone"], shown["holder"], shown["facts"]) == ("bad", None, [])
    assert shown["next"]["first"]


@pytest.mark.parametrize(
    ("made", "tone", "head"),
    [
        (lambda: make.pass_of("t"), "good", "May pass"),
        (lambda: make.pass_of("v"), "good", "May pass"),
        (lambda: make.pass_of("r"), "good", "May pass"),
        (lambda: make.pass_of("v", dn=1), "warn", "Genuine, but not enough today"),
        (lambda: make.pass_of("t", tr=make.POSITIVE), "bad", "Positive test: may not pass"),
        (lambda: make.pass_of("t", exp=make.AT - timedelta(days=1)), "bad", "Not valid"),
    ],
)
def test_the_head_follows_the_light_and_a_visitor_reads_it_too(made, tone, head):
    answer = make.verify(made())
    with translation.override("en"):
        english = pass_words.shown(answer, make.AT)
    with translation.override("zh-hans"):
        chinese = pass_words.shown(answer, make.AT)

    assert (english["tone"], english["head"]["first"]) == (tone, head)
    assert (chinese["head"]["second"], chinese["head"]["other"]) == (head, "en")
    assert english["head"]["second"] == chinese["head"]["first"]
    assert english["facts"]


def test_the_published_rule_names_every_number_and_its_basis():
    rule = pass_words.rule(DEFAULT)

    assert len(rule["lines"]) == len(DEFAULT.as_dict())
    assert all(line["label"]["zh"] and line["label"]["en"] for line in rule["lines"])
    assert rule["basis"] == BASIS
