"""Do together: a list before and after signing in, papers once, drafts side by side, answers given once."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import make
from tests.cases import ways
from tests.doors import enter
from tongban.cases import services
from tongban.cases.models import Case, ListedMatter
from tongban.cases.services import together
from tongban.lib.problems import NotAllowed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

FORM = [
    {"id": "reason", "zh": "原因", "en": "Reason", "type": "text", "required": True},
    {"id": "note", "zh": "备注", "en": "Note", "type": "text"},
    {"id": "truth", "zh": "属实声明", "en": "It is true", "type": "consent", "required": True},
]
LEASE = [{"material": "lease", "required": True, "exempt": "none"}]
HERE = {"headers": {"origin": "http://testserver"}}


@pytest.fixture
def matters():
    make.material_type("lease")
    return [make.matter(slug, form=FORM, requirements=LEASE) for slug in ("one", "two", "three")]


def put(client, slug, **more):
    return client.post("/together/add", {"matter": slug}, **(HERE | more))


# -- before signing in


def test_a_stranger_collects_and_the_list_is_there_after_signing_in(client, matters):
    assert put(client, "one").headers["Location"] == "/together/#one"
    put(client, "two")
    page = client.get("/together/").content.decode()
    assert "2 matters on your list" in page and "Sign in to begin" in page
    assert page.count("Documents are asked for again") + page.count("One document is asked for twice") == 1
    assert not ListedMatter.objects.exists()

    account = make.account()
    enter(client, account)
    after = client.get("/together/")

    assert "2 matters on your list" in after.content.decode()
    assert list(account.listed.values_list("matter__slug", flat=True)) == ["one", "two"]
    assert after.cookies["together"].value == ""  # from now on it belongs to the account


def test_what_is_not_offered_and_what_another_site_sends_does_not_come_on_the_list(client, matters):
    assert put(client, "nothing-here").status_code == 404
    for origin in ("https://evil.example", "null"):
        client.post("/together/add", {"matter": "one"}, headers={"origin": origin})
    client.post("/together/add", {"matter": "one"})

    assert "Your list is empty" in client.get("/together/").content.decode()


def test_a_cookie_that_somebody_wrote_is_read_with_care(client, matters):
    client.cookies["together"] = "one.one.<script>.." + ".".join(f"x{n}" for n in range(900))

    page = client.get("/together/").content.decode()

    assert "1 matter on your list" in page and "<script>.." not in page


def test_twenty_fit_and_the_next_one_is_told_why(client, matters):
    account = make.account()
    for number in range(together.MOST - 1):
        make.matter(f"m{number}")
    together.add(account, [f"m{number}" for number in range(together.MOST - 1)])
    together.add(account, ["one"])

    with pytest.raises(NotAllowed) as full:
        together.add(account, ["two"])

    assert full.value.code == "list-is-full" and account.listed.count() == together.MOST
    assert together.add(account, ["one"]) == 0
    client.cookies["together"] = "two.three"
    enter(client, account)
    assert client.get("/together/").status_code == 200  # what does not fit is left out, and nothing breaks
    assert account.listed.count() == together.MOST


def test_off_the_list_and_all_of_it(client, matters):
    for slug in ("one", "two", "three"):
        put(client, slug)
    client.post("/together/remove", {"matter": "two"})
    assert "2 matters on your list" in client.get("/together/").content.decode()

    client.post("/together/clear")

    assert "Your list is empty" in client.get("/together/").content.decode()


# -- begun, and walked through


def begun(client, *slugs):
    account = make.account()
    enter(client, account, present=True)
    together.add(account, slugs)
    client.post("/together/begin", {"for": account.person_id})
    return account, [account.listed.get(matter__slug=slug).case for slug in slugs]


def test_all_are_begun_side_by_side_and_a_second_press_begins_nothing(client, matters):
    account, drafts = begun(client, "one", "two", "three")

    client.post("/together/begin", {"for": account.person_id})

    assert [case.matter.slug for case in drafts] == ["one", "two", "three"]
    assert Case.objects.filter(applicant=account.person).count() == 3


def test_one_that_may_not_be_begun_says_why_and_holds_up_no_other(client, matters):
    make.matter("firm", objects_served=["company"])
    account = make.account()
    enter(client, account)
    together.add(account, ["firm", "one"])

    page = client.post("/together/begin", {"for": account.person_id}, follow=True).content.decode()

    assert "This matter is for companies." in page
    assert list(Case.objects.values_list("matter__slug", flat=True)) == ["one"]


def test_what_was_answered_in_one_is_offered_in_the_next_and_says_where_it_comes_from(client, matters):
    account, (first, second, _third) = begun(client, "one", "two", "three")
    services.save(first, {"reason": "we move", "truth": True}, revision=first.revision, account=account)

    answer = client.post(f"/together/{second.ref}/open")

    second.refresh_from_db()
    assert answer.headers["Location"] == f"/apply/{second.ref}/form/"
    assert second.value("reason") == "we move" and second.values["reason"]["source"] == "applicant"
    assert second.value("truth") is None  # a statement of truth is given each time anew
    page = client.get(f"/apply/{second.ref}/form/").content.decode()
    assert "your list" in page and "2 of 3 of your list" in page


def test_an_answer_that_stands_is_not_written_over_and_one_changed_is_the_applicants(client, matters):
    account, (first, second, _third) = begun(client, "one", "two", "three")
    services.save(first, {"reason": "we move"}, revision=first.revision, account=account)
    second = services.save(second, {"reason": "another"}, revision=second.revision, account=account)

    assert together.share_answers(second, account=account) == 0
    third = account.listed.get(matter__slug="three").case
    together.share_answers(third, account=account)
    third.refresh_from_db()
    kept = services.save(third, {"reason": "my own words"}, revision=third.revision, account=account)

    second.refresh_from_db()
    assert second.value("reason") == "another"
    assert "offered" not in kept.values["reason"]


def test_after_sending_one_the_next_is_offered_and_the_list_says_how_far_it_is(client, matters):
    ways.work()
    account, (first, second) = begun(client, "one", "two")
    services.attach(first, "lease", make.document(account.person, by=account), account=account)
    first.refresh_from_db()
    services.save(first, {"reason": "we move", "truth": True}, revision=first.revision, account=account)

    sent = client.post(f"/apply/{first.ref}/submit", {"sign": "1", "key": "k"}, follow=True).content.decode()
    page = client.get("/together/").content.decode()

    assert "There is more on your list" in sent
    assert f'action="/together/{second.ref}/open"' in sent
    assert "Your list: 1 of 2 sent" in page


def test_a_question_of_another_meaning_gets_no_answer_from_elsewhere(client, matters):
    make.matter("four", form=[{**FORM[0], "en": "Reason of the fire", "zh": "起火原因"}])
    account, (first, fourth) = begun(client, "one", "four")
    services.save(first, {"reason": "we move"}, revision=first.revision, account=account)

    assert together.share_answers(fourth, account=account) == 0


def test_a_draft_of_somebody_else_is_not_opened_by_this_door(client, matters):
    other = make.draft(matters[0], account_=make.account(login="other"))
    begun(client, "one")

    assert client.post(f"/together/{other.ref}/open").status_code == 404


def test_the_number_of_questions_to_the_database_does_not_grow_with_the_list(client, matters):
    make.matter("four")
    account = make.account()
    enter(client, account)
    together.add(account, ["one", "two"])
    client.get("/together/")
    with CaptureQueriesContext(connection) as few:
        client.get("/together/")
    together.add(account, ["three", "four"])
    with CaptureQueriesContext(connection) as many:
        client.get("/together/")

    assert len(many) == len(few)
