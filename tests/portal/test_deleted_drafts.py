"""A draft deleted by a slip: out of every list at once, had back for a week as it was, gone for good on wish or in time."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import make
from tests.cases import bundle_ways as shop
from tests.doors import enter
from tongban.cases import planning, services
from tongban.cases import queries as cases
from tongban.cases.models import Case, DeletedDraft
from tongban.cases.services import deleting, together
from tongban.lib.problems import NotAllowed
from tongban.parties import mandates
from tongban.parties.models import Mandate
from tongban.rights import erasing
from tongban.rights.closing import close

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def account():
    return make.account(make.person("张示范"))


@pytest.fixture
def case(account):
    make.material_type("lease")
    make.matter("move", requirements=[{"material": "lease", "required": False, "exempt": "none"}])
    together.add(account, ["move"])
    done = together.begin_all(account, party=account.person, channel="online_pc")[0].case
    case = services.save(done, make.SMALL_ANSWERS, revision=done.revision, account=account)
    services.attach(case, "lease", make.document(account.person, by=account), account=account)
    case.refresh_from_db()
    return case


def as_it_is(case: Case) -> dict:
    row = Case.objects.get(pk=case.pk)
    papers = list(row.materials.values_list("type__slug", "how", "document", "required", "trust"))
    kept = (
        "ref",
        "state",
        "situation",
        "values",
        "revision",
        "step",
        "applicant_id",
        "account_id",
        "version_id",
        "channel",
    )
    return {name: getattr(row, name) for name in kept} | {"papers": papers}


def test_deleted_it_is_nowhere_and_had_back_it_is_as_it_was(client, account, case):
    here, before = enter(client, account), as_it_is(case)

    page = here.post(f"/apply/{case.ref}/delete", follow=True).content.decode()
    gone = not Case.objects.exists() and not cases.drafts(account.person).exists()
    code_at_the_window = cases.draft_of(case.ref)
    answer = here.post(f"/my/drafts/deleted/{case.ref}/back", follow=True)

    assert gone and code_at_the_window is None
    assert "You can have it back" in page and "Demo matter" in page
    assert as_it_is(case) == before
    assert "Your draft is back" in answer.content.decode() and not DeletedDraft.objects.exists()
    assert together.holds(account, case)
    assert here.get(f"/apply/{case.ref}/form/").status_code == 200


def test_what_is_kept_is_sealed(account, case):
    services.delete(case, account=account)

    raw = DeletedDraft.objects.extra(select={"raw": "held"}).values_list("raw", flat=True)[0]

    assert "reason" not in str(raw) and DeletedDraft.objects.get().held["values"] == case.values


def test_pressed_twice_there_is_one_and_a_second_deletion_does_nothing(account, case):
    row = services.delete(case, account=account)

    assert services.delete(case, account=account) is None
    first = deleting.take_back(row, account=account)
    assert deleting.take_back(row, account=account) == first
    assert Case.objects.count() == 1


def test_a_bundle_comes_back_with_the_versions_it_was_planned_with():
    account = make.account()
    whole = shop.draft(account=account)
    before = planning.plan_of(whole)

    back = deleting.take_back(services.delete(whole, account=account), account=account)

    assert [one.version.pk for one in planning.plan_of(back).members] == [one.version.pk for one in before.members]
    assert back.values == whole.values


def test_a_paper_that_was_removed_meanwhile_is_missing(account, case):
    row = services.delete(case, account=account)
    paper = row.held["papers"][0]["document_id"]
    type(make.document(account.person, by=account)).objects.filter(pk=paper).update(state="removed")

    back = deleting.take_back(row, account=account)

    assert list(back.materials.values_list("how", "document", "trust")) == [("missing", None, "C")]


def test_after_a_week_it_is_gone_also_before_the_worker_has_come_and_the_worker_erases_it(client, account, case):
    row = services.delete(case, account=account)
    DeletedDraft.objects.update(deleted_at=timezone.now() - timedelta(days=7, minutes=1), until=timezone.now())

    assert "Have it back" not in enter(client, account).get("/my/drafts/").content.decode()
    with pytest.raises(NotAllowed) as gone:
        deleting.take_back(row, account=account)
    assert gone.value.code == "draft-is-gone"
    erasing.erase_expired()
    assert not DeletedDraft.objects.exists()


def test_the_worker_leaves_what_may_still_be_had_back(account, case):
    services.delete(case, account=account)
    DeletedDraft.objects.update(deleted_at=timezone.now() - timedelta(days=6, hours=23))

    erasing.erase_expired()

    assert DeletedDraft.objects.count() == 1


def test_gone_at_once_when_the_person_wishes(client, account, case):
    services.delete(case, account=account)
    here = enter(client, account)

    page = here.post(f"/my/drafts/deleted/{case.ref}/erase", follow=True).content.decode()

    assert not DeletedDraft.objects.exists() and "The draft was deleted for good." in page
    assert here.post(f"/my/drafts/deleted/{case.ref}/back").status_code == 404


def test_nobody_else_has_it_back_or_sees_it(client, account, case):
    services.delete(case, account=account)
    stranger = enter(client, make.account())

    assert "Have it back" not in stranger.get("/my/drafts/").content.decode()
    for act in ("back", "erase"):
        assert stranger.post(f"/my/drafts/deleted/{case.ref}/{act}").status_code == 404
    assert DeletedDraft.objects.count() == 1


@pytest.mark.parametrize(("acts", "seen"), [(["prepare", "see"], True), (["prepare"], False), (["see"], False)])
def test_an_agent_has_back_what_the_mandate_reaches(account, case, acts, seen):
    agent = make.account()
    Mandate.objects.create(
        principal=account.person, agent=agent.person, agent_index=agent.person.id_index, agent_name="x", acts=acts, state="granted",
        since=timezone.localdate(), until=timezone.localdate() + timedelta(days=9), how="given", asked_at=timezone.now(),
        granted_at=timezone.now(), granted_by=account,
    )  # fmt: skip
    row = services.delete(case, account=account)

    held = mandates.powers.over(agent, account.person, timezone.localdate())

    assert [one.pk for one in deleting.to_be_had_back(account.person, agent, held)] == ([row.pk] if seen else [])
    if "prepare" not in acts:
        with pytest.raises(NotAllowed):
            deleting.take_back(row, account=agent)


def test_fifty_drafts_are_enough_also_when_one_comes_back(account, case, monkeypatch):
    row = services.delete(case, account=account)
    monkeypatch.setattr(deleting.drafting, "DRAFTS_AT_MOST", 0)

    with pytest.raises(NotAllowed) as full:
        deleting.take_back(row, account=account)

    assert full.value.code == "too-many-drafts" and DeletedDraft.objects.count() == 1


def test_with_the_account_it_is_gone(account, case):
    services.delete(case, account=account)

    close(account)

    assert not DeletedDraft.objects.exists()
