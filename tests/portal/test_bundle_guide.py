"""The guide of a bundle or an industry: answers in, one notice out. All of it without script."""

import datetime
import re
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import doors, make
from tests.portal.test_finding import english, page, words
from tongban.channels.pages import bundle_answers
from tongban.channels.portal import bundle_words
from tongban.departments import services as departments
from tongban.journal.actors import PLATFORM
from tongban.lib import yamls
from tongban.licences import services as licences
from tongban.matters import services as matters

DEMO = Path(__file__).parents[2] / "demo"
EVERYTHING = "shop-sign,drainage-permit,alcohol-retail,hygiene-licence,tobacco-retail"

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def catalogue(django_db_setup, django_db_blocker):
    """Read in once for all tests here, each of which takes back what it changed; taken back itself at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        make.calendar()
        departments.load_departments(yamls.read(DEMO / "departments.yaml")["departments"])
        matters.load_demo(DEMO, today=datetime.date(2026, 6, 1))
        yield
        transaction.set_rollback(True)


def restaurant(client, answers: str) -> str:
    return english(client, f"/matters/industry-restaurant/?chosen={answers}")


def test_every_industry_and_every_bundle_has_its_notice_in_both_languages(client, catalogue):
    for row in yamls.read(DEMO / "industries.yaml")["industries"]:
        said = words(english(client, f"/matters/industry-{row['id']}/"))
        assert row["en"] in said and "Apply now" in said
        assert row["zh"] in words(page(client, f"/matters/industry-{row['id']}/", HTTP_ACCEPT_LANGUAGE="zh-hans"))
    for row in yamls.read(DEMO / "bundles.yaml")["bundles"]:
        assert row["en"] in words(english(client, f"/matters/one-thing-{row['id']}/"))


def test_a_restaurant_reads_what_applies_why_by_when_and_what_to_bring(client, catalogue):
    html = restaurant(client, f"{EVERYTHING},fire-check:commit")
    said = words(html)

    assert "7 matters apply to you, in 6 departments. You apply once." in said
    assert "33 become 13" in said and "25 become 7" in said and "7 become 1" in said
    assert "Because of your answer: sells alcohol" in said and "Always part of “Restaurant”" in said
    assert re.search(r"decided by \d+ \w+ \d{4}", said)
    assert "Once instead of 4 times, for: " in said  # the floor plan
    assert "Everything is free of charge." in said
    assert "/matters/industry-restaurant/apply/?chosen=" in html


def test_only_what_was_answered_applies(client, catalogue):
    said = words(restaurant(client, "alcohol-retail"))

    notice = said[said.index("Your notice") :]
    assert "3 matters apply to you" in notice
    assert "Alcohol" in notice and "Tobacco" not in notice


def test_a_larger_restaurant_is_looked_at_and_a_smaller_one_signs_a_promise(client, catalogue):
    larger, smaller = (words(restaurant(client, f"fire-check:{answer}")) for answer in ("inspect", "commit"))

    assert "5 working days · somebody comes to look" in smaller  # said beside the answer that was not chosen
    assert "(Ordinary inspection)" in larger and "Fire safety commitment" not in larger
    assert "(Commitment)" in smaller
    open_question = words(restaurant(client, ""))
    assert "1 question is still open" in open_question and "is still open" not in larger


def test_answers_of_a_form_without_script_become_one_address_that_can_be_shared(client, catalogue):
    sent = "/matters/industry-restaurant/?chosen=&chosen=alcohol-retail&chosen=shop-sign&of-fire-check=inspect"
    answer = client.get(sent)

    assert answer.status_code == 302
    assert (
        answer.headers["Location"] == "/matters/industry-restaurant/?chosen=alcohol-retail,shop-sign,fire-check:inspect"
    )
    html = english(client, answer.headers["Location"])
    for name, value in (("chosen", "alcohol-retail"), ("chosen", "shop-sign"), ("of-fire-check", "inspect")):
        assert re.search(rf'name="{name}" value="{value}" checked', html), name
    assert not re.search(r'name="chosen" value="tobacco-retail" checked', html)
    # taking it to the phone and copying it take the answers along
    assert "?chosen=alcohol-retail,shop-sign,fire-check:inspect" in re.search(r'data-copy="([^"]*)"', html)[1]


def test_answers_nobody_offered_and_broken_addresses_do_no_harm(client, catalogue):
    for address in (
        "?chosen=no-such",
        "?chosen=" + "x," * 5000,
        "?chosen=%00",
        "?of-=&of-fire-check=fly",
        "?chosen=a&chosen=b",
    ):
        answer = client.get(f"/matters/industry-restaurant/{address}", follow=True, HTTP_ACCEPT_LANGUAGE="en")
        assert answer.status_code == 200, address
        assert "2 matters apply to you" in words(answer.content.decode())


def test_a_founder_reads_what_comes_first_and_what_goes_on_by_itself(client, catalogue):
    said = words(english(client, "/matters/one-thing-start-company/?chosen=invoice-pickup"))

    assert said.index("Registration of a limited company") < said.index("Then, at the same time")
    assert "Business licence : comes from “" in said.replace("Business licence: ", "Business licence : ")


def test_fees_are_shown_singly_and_summed(client, catalogue):
    house = words(english(client, "/matters/one-thing-house-transfer/?chosen="))
    foreigner = words(english(client, "/matters/one-thing-foreigner-arrival/"))

    assert "CNY 80 for a home with one certificate" in house[house.index("Fees") :]  # by an answer: told before sending
    assert "¥400" in foreigner and "¥1,000" in foreigner


def test_what_has_to_be_done_in_person_is_booked_once(client, catalogue):
    said = words(english(client, "/matters/one-thing-passing/?chosen=archive-query,inheritance-notary"))

    assert "1 visit, booked once for everything that needs you in person" in said


def test_who_holds_a_licence_already_is_told_so(client, catalogue):
    owner = make.account(make.person())
    shop = make.company(of=owner.person)
    make.licence_type("business-licence", holder_kind="company")
    make.licence_type("id-card")
    doors.enter(client, owner, space=shop)
    without = words(restaurant(client, "alcohol-retail"))
    day = timezone.localdate()
    licences.issue(
        "business-licence", holder=shop, face={"name": "x", "valid_to": "2030-01-01"}, decision="case:1",
        issued_on=day, valid_from=day, valid_to=datetime.date(2030, 1, 1), actor=PLATFORM,
    )  # fmt: skip

    said = words(restaurant(client, "alcohol-retail"))

    assert "You do not hold this as an electronic licence here yet." in without
    before, after = (text[text.index("You need not hand in") :] for text in (without, said))
    assert "Demo licence" in after and "Demo licence" not in before


def test_the_database_is_asked_as_often_for_three_matters_as_for_seven(client, catalogue):
    restaurant(client, "shop-sign")
    counted = []
    for answers in ("hygiene-licence,fire-check:inspect", f"{EVERYTHING},fire-check:inspect"):
        with CaptureQueriesContext(connection) as asked:
            restaurant(client, answers)
        counted.append(len(asked))
    assert counted[0] == counted[1]


def test_industries_are_a_way_in_of_their_own(client, catalogue):
    home = english(client, "/")
    assert 'href="/industries/"' in home

    html = english(client, "/industries/")
    rows = yamls.read(DEMO / "industries.yaml")["industries"]
    assert len(rows) == 25
    for row in rows:
        assert f'href="/matters/industry-{row["id"]}/"' in html
        assert row["en"] in words(html)
    found = english(client, "/search/?q=restaurant")
    assert 'href="/matters/industry-restaurant/"' in found


def test_addresses_of_answers_are_written_and_read_the_same():
    asked = QueryDict("chosen=a-b&chosen=c:d,e&of-f=g&lang=en")
    assert bundle_words.canonical(asked) == "?chosen=a-b,c:d,e,f:g"
    again = QueryDict(bundle_words.canonical(asked)[1:])
    assert bundle_words.is_canonical(again) and bundle_answers.chosen(again) == ["a-b", "c:d", "e", "f:g"]
    assert bundle_words.canonical(QueryDict("")) == ""
