"""The same thing once more: what the applicant said and added comes along, what is given anew each time does not."""

import pytest

from tests import make
from tests.cases import ways
from tests.doors import enter
from tongban.cases import services
from tongban.cases.models import Case
from tongban.lib.problems import NotAllowed

pytestmark = pytest.mark.django_db

FORM = [
    {"id": "reason", "zh": "原因", "en": "Reason", "type": "text", "required": True},
    {"id": "note", "zh": "备注", "en": "Note", "type": "text"},
    {"id": "truth", "zh": "属实声明", "en": "It is true", "type": "consent", "required": True},
]


def sent_before() -> Case:
    make.material_type("lease")
    matter = make.matter(form=FORM, requirements=[{"material": "lease", "required": False, "exempt": "none"}])
    account = make.account(login="again")
    case = make.draft(matter, account_=account)
    case = services.save(
        case, {"reason": "my shop", "note": "by the river", "truth": True}, revision=case.revision, account=account
    )
    services.attach(case, "lease", make.document(account.person, by=account), account=account)
    return services.submit(Case.objects.get(pk=case.pk), account=account, level=3, key="one")


def test_own_answers_and_papers_come_along_and_a_statement_of_truth_does_not():
    old = sent_before()

    fresh = services.begin(old.matter, party=old.applicant, account=old.account, like=old)

    assert (fresh.state, fresh.number) == ("draft", None)
    assert (fresh.value("reason"), fresh.value("note"), fresh.value("truth")) == ("my shop", "by the river", None)
    paper, before = fresh.materials.get(type__slug="lease"), old.materials.get(type__slug="lease")
    assert paper.how == "upload" and paper.document_id != before.document_id
    assert paper.document.pages.count() == before.document.pages.count()
    old.refresh_from_db()
    assert old.value("reason") == "my shop"


def test_what_a_newer_version_does_not_ask_or_allow_stays_behind():
    old = sent_before()
    narrower = [{**FORM[0], "type": "choice", "options": [{"id": "a", "zh": "甲", "en": "A"}]}, FORM[2]]
    old.matter.versions.update(form=narrower)

    fresh = services.begin(old.matter, party=old.applicant, account=old.account, like=old)

    assert (fresh.value("reason"), fresh.value("note")) == (None, None)


def test_nobody_takes_answers_of_somebody_else_along():
    old, other = sent_before(), make.account(login="other")

    with pytest.raises(NotAllowed):
        services.begin(old.matter, party=other.person, account=other, like=old)

    assert not Case.objects.filter(applicant=other.person).exists()


def test_the_page_of_a_case_offers_it(client):
    old = sent_before()
    ways.work()
    enter(client, old.account)

    page = client.get(f"/my/cases/{old.ref}/").content.decode()
    answer = client.post(f"/my/cases/{old.ref}/again")

    fresh = Case.objects.get(applicant=old.applicant, state="draft")
    assert f"/my/cases/{old.ref}/again" in page
    assert answer.headers["Location"] == f"/apply/{fresh.ref}/"


def test_what_came_along_is_marked_with_its_day_until_it_is_changed(client):
    old = sent_before()
    said = old.values["reason"] | {"at": "2026-01-05T10:00:00+08:00"}
    Case.objects.filter(pk=old.pk).update(values=old.values | {"reason": said})
    old.refresh_from_db()
    fresh = services.begin(old.matter, party=old.applicant, account=old.account, like=old)
    enter(client, old.account)
    client.cookies["language"] = "en"
    marked = "Taken over from an earlier application, answered on 5 January 2026"
    again = "You sent the same pages with an earlier application on"

    form = client.get(f"/apply/{fresh.ref}/form/").content.decode()
    papers = client.get(f"/apply/{fresh.ref}/materials/").content.decode()
    check = client.get(f"/apply/{fresh.ref}/check/").content.decode()

    assert (form.count(marked), form.count("Taken over from")) == (1, 2)
    assert "2 answers come from an earlier application" in form
    assert papers.count(again) == 1
    assert (check.count("Taken over from"), check.count(again)) == (2, 1)
    assert "3 answers and documents come from an earlier application" in check

    same = {name: held["value"] for name, held in fresh.values.items()}
    kept = services.save(fresh, same, revision=fresh.revision, account=old.account)
    changed = services.save(kept, {"reason": "my other shop"}, revision=kept.revision, account=old.account)

    assert [name for name, held in kept.values.items() if "offered" in held] == ["reason", "note"]
    assert [name for name, held in changed.values.items() if "offered" in held] == ["note"]


def test_who_begins_the_same_once_more_sees_what_is_on_its_way(client):
    old = sent_before()
    other = make.account(login="other")
    fresh = services.begin(old.matter, party=old.applicant, account=old.account, like=old)
    client.cookies["language"] = "en"
    enter(client, old.account)
    pages = [f"/matters/{old.matter.slug}/apply/", f"/apply/{fresh.ref}/check/"]

    shown = [client.get(page).content.decode() for page in pages]
    services.withdraw(old, account=old.account, reason="not needed")
    over = [client.get(page).content.decode() for page in pages]
    enter(client, other)
    strangers = client.get(pages[0]).content.decode()

    said = ["You have applied for this already", f"/my/cases/{old.ref}/"]
    assert [[words in page for words in said] for page in shown] == [[True, True], [True, True]]
    assert "Begin anew only if you want one more." in shown[0] and "as a second application" in shown[1]
    assert [said[0] in page for page in (*over, strangers)] == [False, False, False]
