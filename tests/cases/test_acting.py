"""Applications for somebody else: asked inside every act, told to the one represented, never handled by whoever acts."""

import datetime
import uuid

import pytest
from django.db import transaction
from django.utils import timezone

from tests import make
from tongban.cases import queries, services
from tongban.cases.models import Step
from tongban.cases.permission import handler_of, permit_to_work
from tongban.journal.actors import Actor
from tongban.journal.models import Event
from tongban.journal.services import work_once
from tongban.lib.problems import NotAllowed
from tongban.notices.models import Message
from tongban.parties import families, mandates
from tongban.parties import queries as parties
from tongban.parties import services as party_services
from tongban.parties.families import Child
from tongban.parties.models import Deed, Mandate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def mandate(principal, agent, *, matters=None, acts=("prepare", "submit", "receive"), **more) -> Mandate:
    """In force, as if the principal had signed it."""
    today = timezone.localdate()
    return Mandate.objects.create(
        principal=principal.person, agent=agent.person, agent_index=agent.person.id_index, how="given", state="granted",
        acts=list(acts), matters=matters, since=today, until=today + datetime.timedelta(days=30),
        granted_at=timezone.now(), granted_by=principal, **more,
    )  # fmt: skip


def send(case, account):
    return services.submit(case, account=account, level=3, key=uuid.uuid4().hex)


def test_an_agent_prepares_and_sends_and_everything_names_both():
    mother, son, matter = make.account(), make.account(make.person("李示例")), make.matter()
    row = mandate(mother, son, matters=[matter.slug])

    case = send(make.draft(matter, account_=son, party=mother.person), son)

    step = Step.objects.get(case=case, move="submit")
    assert (case.applicant_id, case.account_id) == (mother.person_id, son.pk)
    assert (step.role, step.account_id) == ("agent", son.pk)
    sent = Event.objects.get(kind="CaseSubmitted", subject=case.subject)
    assert (sent.role, sent.actor) == ("agent", son.pk)
    assert case.value("name") == mother.person.name  # the applicant's own details, never the agent's
    assert [deed.what for deed in Deed.objects.order_by("pk")] == ["begin", "prepare", "submit"]
    assert {deed.mandate_id for deed in Deed.objects.all()} == {row.pk}
    receipt = case.documents.get(kind="submission_receipt")
    assert "李示例" in str(receipt.content)


def test_the_one_represented_is_told_of_each_act_and_the_agent_is_not():
    mother, son, matter = make.account(), make.account(make.person("李示例")), make.matter()
    mandate(mother, son)

    send(make.draft(matter, account_=son, party=mother.person), son)
    while work_once():
        pass

    told = Message.objects.filter(kind="acted_for_you")
    assert {message.account_id for message in told} == {mother.pk}
    assert sorted(message.body["en"].split(": ")[0] for message in told) == [
        "李示例 began an application for you",
        "李示例 signed and sent an application for you",
    ]


@pytest.mark.parametrize("act", ["begin", "save", "submit", "withdraw", "open"])
def test_nothing_is_done_by_whoever_may_not(act):
    mother, stranger, matter = make.account(), make.account(), make.matter()
    case = make.draft(matter, account_=mother)
    if act in {"withdraw"}:
        case = send(case, mother)

    with pytest.raises(NotAllowed) as refused:
        {
            "begin": lambda: services.begin(matter, party=mother.person, account=stranger),
            "save": lambda: services.save(case, {"reason": "x"}, revision=case.revision, account=stranger),
            "submit": lambda: send(case, stranger),
            "withdraw": lambda: services.withdraw(case, account=stranger),
            "open": lambda: services.ask(send(case, mother), account=stranger, text="where", key="1"),
        }[act]()

    assert refused.value.code == "may-not-act"


def test_a_mandate_for_one_matter_begins_no_other_and_prepares_without_sending():
    mother, son, matter, other = make.account(), make.account(), make.matter(), make.matter()
    mandate(mother, son, matters=[matter.slug], acts=("prepare",))

    case = make.draft(matter, account_=son, party=mother.person)
    with pytest.raises(NotAllowed) as elsewhere:
        services.begin(other, party=mother.person, account=son)
    with pytest.raises(NotAllowed) as unsigned:
        send(case, son)

    assert {elsewhere.value.code, unsigned.value.code} == {"beyond-your-mandate"}
    case.refresh_from_db()
    assert case.state == "draft"
    assert send(case, mother).state == "submitted"


def test_a_mandate_that_ends_between_two_steps_ends_the_errand_and_the_draft_stays():
    mother, son, matter = make.account(), make.account(), make.matter()
    row = mandate(mother, son)
    case = make.draft(matter, account_=son, party=mother.person)

    mandates.revoke(row, account=mother)

    for act in (
        lambda: services.save(case, {"reason": "more"}, revision=case.revision, account=son),
        lambda: send(case, son),
        lambda: services.delete(case, account=son),
    ):
        with pytest.raises(NotAllowed, match="may not act"):
            act()
    assert [draft.pk for draft in queries.drafts(mother.person)] == [case.pk]
    assert send(case, mother).number


def test_an_agent_sees_what_its_power_reaches():
    mother, son = make.account(), make.account()
    matter, other = make.matter(), make.matter()
    own = send(make.draft(matter, account_=mother), mother)
    hidden = send(make.draft(other, account_=mother), mother)
    row = mandate(mother, son, matters=[matter.slug], acts=("prepare", "submit"))
    begun = send(make.draft(matter, account_=son, party=mother.person), son)

    def seen():
        held = parties.over(son, mother.person, timezone.localdate())
        return {case.pk for case in queries.within(queries.of(mother.person), held, son)}

    assert seen() == {begun.pk}
    Mandate.objects.filter(pk=row.pk).update(acts=["see", "prepare"])
    assert seen() == {own.pk, begun.pk}
    assert hidden.pk not in seen()


def test_messages_about_a_matter_reach_an_agent_of_that_matter_and_no_other():
    mother, son, cousin = make.account(), make.account(), make.account()
    matter, other = make.matter(), make.matter()
    mandate(mother, son, matters=[matter.slug], acts=("see",))
    mandate(mother, cousin, matters=[other.slug], acts=("see",))

    send(make.draft(matter, account_=mother), mother)
    while work_once():
        pass

    assert {m.account_id for m in Message.objects.filter(kind="case_received")} == {mother.pk, son.pk}


def test_a_clerk_with_limits_hears_nothing_of_other_matters():
    boss, clerk = make.account(), make.account()
    company = make.company(of=boss.person)
    party_services.add_member(company, clerk.person, "clerk", rights={"acts": ["prepare"], "matters": ["food"]})
    matter = make.matter(objects_served=["company"])

    send(make.draft(matter, account_=boss, party=company), boss)
    while work_once():
        pass

    assert {m.account_id for m in Message.objects.filter(kind="case_received")} == {boss.pk}


@pytest.mark.parametrize(("how", "by_people"), [("of age", True), ("of age, with an account", False), ("dead", True)])
def test_what_runs_for_somebody_whom_nobody_acts_for_any_more_goes_to_people(how, by_people):
    mother, officer = make.account(), make.officer("coordinator")
    child = Child("id-card", "990000201805010223", "李小满", datetime.date(2018, 5, 1), "F")
    [bond] = families.record_children(mother.person, [child], account=mother, now=timezone.now())
    if how != "of age":
        make.account(bond.person)
    case = make.case("accepted", account_=mother, party=bond.person)
    if how == "dead":
        by = Actor("officer", "coordinator", account=officer.account_id)
        families.note_death(bond.person, on=timezone.localdate(), actor=by, officer_person=None)
    else:
        type(bond.person).objects.filter(pk=bond.person_id).update(birth_date=datetime.date(2000, 5, 1))
        families.end_what_is_over()
    while work_once():
        pass

    case.refresh_from_db()
    assert case.with_people is by_people


@pytest.mark.parametrize("bond", ["mandate", "given back unused", "used and taken back"])
def test_nobody_handles_the_case_of_whom_they_act_for(bond):
    mother, matter = make.account(), make.matter()
    person = make.person("办事员")
    officer = make.officer("window_officer", "dept_reviewer", of=matter.department, person=person)
    case = make.case("received", matter, account_=mother)
    row = mandate(mother, officer.account)
    if bond == "used and taken back":
        with transaction.atomic():
            power = mandates.hold(officer.account, mother.person, act="submit", matter=matter.slug, now=timezone.now())
            mandates.note(
                power, agent=person, account=officer.account, act="submit", what="submit", about="case:0",
                matter=matter.slug, now=timezone.now(),
            )  # fmt: skip
    if bond != "mandate":
        mandates.give_back(row, account=officer.account)

    barred = bond != "given back unused"
    assert (mother.person_id in handler_of(officer).parties) is barred
    if barred:
        with pytest.raises(NotAllowed):
            services.accept(case, officer=officer)
        with pytest.raises(NotAllowed):
            permit_to_work(officer, case)
        assert not queries.visible_to(officer).filter(pk=case.pk).exists()
    else:  # else a stranger could choose who judges, by giving a mandate nobody asked for
        assert services.accept(case, officer=officer).state == "accepted"
