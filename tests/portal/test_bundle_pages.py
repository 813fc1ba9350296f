"""A bundle on its applicant's pages: begun with the answers of the guide, one form, one set of papers, and its parts while they run."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import doors, make
from tests.cases import bundle_ways as shop
from tests.cases import ways
from tests.portal.test_finding import english, words
from tongban.cases.models import Case

pytestmark = pytest.mark.django_db


def entered(client, case):
    doors.enter(client, case.account, present=True)
    return client


def page_of(client, case) -> str:
    return english(client, f"/my/cases/{case.ref}/")


def test_the_answers_of_the_guide_come_along_into_the_draft(client):
    shop.bundle()
    account = make.account()
    doors.enter(client, account)

    html = english(client, "/matters/shop/apply/?chosen=sign")
    said = words(html)
    begun = client.post("/matters/shop/apply/", {"situation": re.findall(r'name="situation" value="([^"]*)"', html)})

    assert "sign matter" in said and "hygiene matter" not in said
    assert re.findall(r'name="situation" value="([^"]*)"', html) == ["sign"]
    case = Case.objects.get()
    assert (begun.status_code, case.situation, case.state) == (302, ["sign"], "draft")
    assert begun.headers["Location"] == f"/apply/{case.ref}/form/"


def test_the_answers_can_be_changed_while_the_draft_lasts_and_what_was_typed_stays(client):
    case = shop.draft()
    entered(client, case)

    html = english(client, f"/apply/{case.ref}/situation/")
    assert re.search(r'name="chosen" value="sign" checked', html)
    answer = client.post(f"/apply/{case.ref}/situation/", {"chosen": ["hygiene"]})

    assert (answer.status_code, shop.fresh(case).situation) == (302, ["hygiene"])
    form = english(client, f"/apply/{case.ref}/form/")
    assert 'name="cleaner"' in form and 'name="sign_text"' not in form
    assert "示范路1号" in form
    wrong = client.post(f"/apply/{case.ref}/situation/", {"chosen": ["flying"]})
    assert wrong.status_code == 422 and shop.fresh(case).situation == ["hygiene"]


def test_each_question_stands_once_with_who_asks_for_it_where_not_everybody_does(client):
    both = {"form": [*shop.COMMON, shop.OWN["fire"], shop.OWN["food"]]}
    case = shop.draft(shop.bundle(of={"fire": both}))
    entered(client, case)

    html = english(client, f"/apply/{case.ref}/form/")
    said = words(html)

    assert html.count('name="premises"') == html.count('name="kitchen"') == 1
    assert "Asked for: food matter, fire matter" in said
    assert said.count("Asked for:") == 1  # what all want is simply asked; what one wants alone stands under its name
    assert re.search(r"<h2[^>]*>drain matter</h2>", html)


def test_a_paper_that_several_want_is_asked_once_and_says_for_whom(client):
    make.material_type("lease")
    paper = [{"material": "lease", "required": True}]
    case = shop.draft(shop.bundle(of={"food": {"requirements": paper}, "fire": {"requirements": paper}}))
    entered(client, case)

    html = english(client, f"/apply/{case.ref}/materials/")

    assert html.count('id="material-lease"') == 1
    assert "Once instead of 2 times, for: food matter, fire matter" in words(html)


def test_before_sending_the_page_says_what_is_applied_for_the_fees_and_the_promise(client):
    fee = {"charged": True, "amount": 120, "cases": [], "text": {"zh": "120元", "en": "CNY 120"}}
    asks = {"id": "commit", "zh": "采用告知承诺", "en": "Decide on my promise", "type": "boolean", "required": False}
    of = {"food": {"fee": fee, "commitment": True}, "drain": {"fee": {**fee, "amount": 30}}}
    case = shop.draft(shop.bundle(of=of))
    entered(client, case)

    said = words(english(client, f"/apply/{case.ref}/check/"))
    of["food"]["form"] = [*shop.COMMON, shop.OWN["food"], asks]
    other = shop.draft(shop.bundle(prefix="other-", of=of), account=case.account)

    assert "What you apply for, with one form" in said and "At the same time" in said
    assert "¥150" in said and "food matter ¥120" in said and "7 working days" in said
    covers = (
        "It covers food matter: each is decided within one working day once it is its turn. The others keep their time."
    )
    assert "Sooner, on your promise" in said and covers in said
    assert "Sooner, on your promise" not in words(english(client, f"/apply/{other.ref}/check/"))  # its form asks it


def test_the_case_shows_each_part_with_its_department_its_state_and_who_has_it(client):
    case = shop.in_review()
    shop.grant(case, "food")
    entered(client, case)

    said = words(page_of(client, case))

    assert "Its parts" in said and "1 of 4 granted" in said
    assert "FRB Bureau" in said and "now with" in said
    for name in ("food matter", "fire matter", "drain matter", "sign matter"):
        assert name in said

    for key in ("fire", "drain", "sign"):
        shop.grant(case, key)
    said = words(page_of(client, case))
    assert "Granted: every part is decided" in said and "Granted by published rules" not in said


def test_a_part_has_its_own_page_that_leads_back_to_the_whole(client):
    case = shop.in_review()
    entered(client, case)

    said = words(page_of(client, shop.of(case, "fire")))

    assert f"Part of: Opening a shop {case.number}" in said
    assert "Exits" in said and "Words on the sign" not in said


def test_what_is_ready_is_handed_over_earlier_if_the_applicant_wants_it(client):
    case = shop.in_review()
    shop.grant(case, "food")
    ways.work()
    food = shop.of(case, "food")
    entered(client, case)
    assert "I want it now" in words(page_of(client, case))

    client.post(f"/my/cases/{food.ref}/early")

    assert shop.part(case, "food").row.released_at is not None
    assert "I want it now" not in words(page_of(client, case))


def test_a_refused_optional_part_is_the_applicants_choice(client):
    case = shop.in_review()
    shop.refuse(case, "sign")
    entered(client, case)

    said = words(page_of(client, case))
    assert "This part was refused. It is optional; you choose how it goes on." in said and "does not fit" in said
    nothing = client.post(f"/my/cases/{case.ref}/parts/sign", {"choice": "shout"})
    assert nothing.status_code == 422 and not shop.part(case, "sign").dropped
    client.post(f"/my/cases/{case.ref}/parts/sign", {"choice": "drop"})

    assert shop.part(case, "sign").dropped
    assert "It goes on without this part." in words(page_of(client, case))


def test_nobody_else_chooses_or_hurries(client):
    case = shop.in_review()
    shop.refuse(case, "sign")
    doors.enter(client, make.account())

    assert client.post(f"/my/cases/{case.ref}/parts/sign", {"choice": "drop"}).status_code == 404
    assert client.post(f"/my/cases/{shop.of(case, 'food').ref}/early").status_code == 404
    assert not shop.part(case, "sign").dropped


def test_a_page_of_four_parts_asks_the_database_as_often_as_one_of_five(client):
    counted = []
    for chosen in (("sign", "hygiene"), ("sign",), ("sign", "hygiene")):
        prefix = f"p{len(counted)}-"
        case = shop.in_review(shop.bundle(prefix=prefix), [prefix + one for one in chosen])
        entered(client, case)
        page_of(client, case)
        with CaptureQueriesContext(connection) as asked:
            page_of(client, case)
        counted.append(len(asked))
    _beginning, four, five = counted  # the first also asks for what this process knows afterwards
    assert five == four


def test_a_department_sees_what_stands_around_its_part_and_nothing_of_the_others_content(client):
    case = shop.in_review()
    fire = shop.of(case, "fire")
    officer = ways.of_department("dept_reviewer", fire)
    doors.enter(client, officer.account)

    html = english(client, f"/office/cases/{fire.ref}/")

    said = words(html)
    assert "Part of:" in said and "food matter" in said and "this one" in said
    assert "Exits" in said and "Words on the sign" not in said and "面馆" not in html


def test_the_front_desk_sees_every_part(client):
    case = shop.received()
    doors.enter(client, ways.hall("window_officer").account)

    said = words(english(client, f"/office/cases/{case.ref}/"))

    assert "Parts" in said and "0 of 4 granted" in said and "optional" in said
