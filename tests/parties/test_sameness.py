"""Two records that may be one person: found blindly, judged by two officers, joined without moving anything, taken apart exactly."""

import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import doors, make
from tests.cases import ways
from tongban.cases import alike, only_one, services
from tongban.cases import queries as cases
from tongban.cases.services import comparing
from tongban.journal.actors import Actor
from tongban.journal.models import ReadEntry
from tongban.lib.identifiers import mask_id
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import queries as licences
from tongban.parties import queries as parties
from tongban.parties import sameness
from tongban.parties.models import Membership, Person, Sameness, Trace

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

BORN = datetime.date(1984, 5, 17)


def record(number: str, kind="passport", name="MARTIN ANNA", **given) -> Person:
    return make.person(
        name, id_kind=kind, id_no=number, id_index=f"{kind}:{number}", birth_date=BORN, nationality="FR", **given
    )


def officer_of(role="coordinator"):
    row = make.officer(role, of=make.department("DSO"))
    return {"actor": Actor("officer", role, row.account_id), "account": row.account}


def found(one: Person, other: Person) -> Sameness:
    sameness.trace([one, other])
    return Sameness.objects.get(one=min(one.pk, other.pk), other=max(one.pk, other.pk))


def joined(one: Person, other: Person) -> Sameness:
    row = found(one, other)
    sameness.propose(row, leading=other.pk, reason="Both passports seen.", **officer_of())
    sameness.join(row, **officer_of("supervisor"))
    for each in (one, other):
        each.refresh_from_db()
    return Sameness.objects.get(pk=row.pk)


def test_a_renewed_passport_and_a_number_under_another_kind_are_found_and_nothing_else():
    old, new = record("16AA00001"), record("19BB00002", name="Martin Anna")
    other_kind = record("16AA00001", kind="foreign_permanent", name="SOMEBODY ELSE")
    record("17CC00003", name="MARTIN ANNE")

    sameness.find(timezone.now() + datetime.timedelta(minutes=6))

    pairs = {(row.one_id, row.other_id): (row.by_number, row.by_name) for row in Sameness.objects.all()}
    assert pairs == {(old.pk, new.pk): (False, True), (old.pk, other_kind.pk): (True, False)}
    assert not any("16AA" in index or "martin" in index for index in Trace.objects.values_list("index", flat=True))
    assert sameness.find(timezone.now() + datetime.timedelta(minutes=6)) == 0  # nobody new


def test_a_name_that_very_many_share_on_one_day_says_nothing():
    people = [record(f"16AA0{number:04d}") for number in range(sameness.ALIKE_AT_MOST + 3)]

    sameness.trace(people)
    before = Sameness.objects.count()
    sameness.trace([record("99ZZ00009")])

    assert Sameness.objects.count() == before


def test_joining_takes_two_officers_a_reason_and_a_record_that_leads():
    one, other = record("16AA00001"), record("19BB00002")
    row, first = found(one, other), officer_of()

    with pytest.raises(Invalid):
        sameness.propose(row, leading=other.pk, reason=" ", **first)
    with pytest.raises(Invalid):
        sameness.propose(row, leading=make.person().pk, reason="seen", **first)
    sameness.propose(row, leading=other.pk, reason="Both passports seen.", **first)
    with pytest.raises(NotAllowed) as alone:
        sameness.join(row, **first)

    assert alone.value.code == "second-person"
    assert Person.objects.filter(same_as__isnull=False).count() == 0
    sameness.join(row, **officer_of("supervisor"))
    assert set(Person.objects.filter(same_as=other).values_list("pk", flat=True)) == {one.pk, other.pk}


def test_nobody_judges_themselves_or_whom_they_act_for():
    one, other = record("16AA00001"), record("19BB00002")
    row, own = found(one, other), officer_of()
    type(own["account"]).objects.filter(pk=own["account"].pk).update(person=one)
    own["account"].refresh_from_db()

    for act, more in ((sameness.tell_apart, {"reason": "no"}), (sameness.propose, {"leading": one.pk, "reason": "me"})):
        with pytest.raises(NotAllowed):
            act(row, **more, **own)
    assert Sameness.objects.get().state == "found"


def test_told_apart_is_remembered_and_not_found_again():
    one, other = record("16AA00001"), record("19BB00002")
    row = found(one, other)

    sameness.tell_apart(row, reason="Two photographs, two people.", **officer_of())
    sameness.trace([one, other])

    assert (Sameness.objects.get().state, sameness.to_look_at()) == ("different", ([], None))


def test_whoever_is_one_of_them_sees_and_does_for_both_and_nothing_moves():
    one, other = record("16AA00001"), record("19BB00002")
    account, stranger = make.account(other), make.account()
    earlier_account = make.account(one)
    company = make.company(of=one)
    case = make.submitted(account_=earlier_account)
    today = timezone.localdate()
    assert not parties.may_act_for(account, one, today)

    joined(one, other)
    account.refresh_from_db()

    assert {party.pk for party in parties.spaces_of(account, today)} == {one.pk, other.pk, company.pk}
    assert {power.by for power in parties.over(account, one, today)} == {"record"}
    assert parties.over(account, company, today)[0].by == "representative"
    assert [row.pk for row in cases.of(other)] == [row.pk for row in cases.of(one)] == [case.pk]
    assert services.withdraw(case, account=account).state == "withdrawn"
    case.refresh_from_db()
    assert case.applicant_id == one.pk
    assert not parties.may_act_for(stranger, one, today)
    assert parties.conflicts_of(other) == {one.pk, other.pk, company.pk}


def test_taking_it_back_gives_each_exactly_its_own_and_both_accounts_are_told():
    one, other = record("16AA00001"), record("19BB00002")
    accounts = [make.account(one), make.account(other)]
    case = make.submitted(account_=accounts[0])
    row = joined(one, other)
    ways.work()

    sameness.part(row, reason="A mix-up of two sisters.", **officer_of())
    ways.work()

    for account in accounts:
        account.refresh_from_db()
        assert sorted(account.messages.values_list("kind", flat=True))[-2:] == ["records_joined", "records_parted"]
        assert "A mix-up of two sisters." in account.messages.get(kind="records_parted").body["en"]
    assert Person.objects.filter(same_as__isnull=False).count() == 0
    assert [row.pk for row in cases.of(other)] == []
    assert [row.pk for row in cases.of(one)] == [case.pk]
    assert not parties.may_act_for(accounts[1], one, timezone.localdate())


def test_of_three_records_the_rest_stays_joined_when_one_is_taken_out():
    one, two, three = record("16AA00001"), record("19BB00002"), record("22CC00003")
    joined(one, two)
    row = joined(two, three)
    assert set(parties.identities(one)) == {one.pk, two.pk, three.pk}

    sameness.part(row, reason="The third is somebody else.", **officer_of())

    assert parties.identities(one) == [one.pk, two.pk]
    assert parties.identities(three) == [three.pk]
    assert Person.objects.get(pk=three.pk).same_as_id is None


def test_one_application_rules_count_both_records():
    one, other = record("16AA00001"), record("19BB00002")
    matter = make.matter(only_one={"rule": "open"})
    first = make.submitted(matter, account_=make.account(one))
    joined(one, other)
    account = make.account(Person.objects.get(pk=other.pk))

    with pytest.raises(only_one.TakesOnlyOne) as refused:
        services.begin(matter, party=account.person, account=account)

    assert (refused.value.against.case, refused.value.against.own) == (first, True)


def test_what_is_begun_anew_is_begun_under_the_record_that_leads():
    one, other = record("16AA00001"), record("19BB00002")
    account = make.account(one)
    joined(one, other)
    account.refresh_from_db()

    draft = services.begin(make.matter(), party=account.person, account=account)

    assert draft.applicant_id == other.pk
    assert services.save(draft, make.SMALL_ANSWERS, revision=draft.revision, account=account).revision == 1


def test_an_application_under_the_other_record_can_be_a_duplicate():
    one, other = record("16AA00001"), record("19BB00002")
    matter = make.matter()
    first = make.case("received", matter, account_=make.account(one))
    second = make.case("received", matter, account_=make.account(other))
    assert comparing.why_not(first, second) == "other-applicant"

    joined(one, other)

    assert comparing.why_not(first, second) == ""


def test_the_dead_do_nothing_under_another_record_either():
    one, other = record("16AA00001"), record("19BB00002")
    joined(one, other)
    account = make.account(Person.objects.get(pk=other.pk))
    Person.objects.filter(pk=one.pk).update(died_on=datetime.date(2026, 1, 1))

    assert parties.spaces_of(account, timezone.localdate()) == []


def test_for_everybody_else_the_question_who_somebody_is_costs_nothing(django_assert_num_queries):
    person = make.person()

    with django_assert_num_queries(0):
        assert parties.records_of(person) == []


def test_both_stand_side_by_side_covered_and_every_look_is_written_down():
    one, other = record("16AA00001", mobile="13987655678"), record("19BB00002", mobile="13912345678")
    make.submitted(account_=make.account(one))
    Membership.objects.create(person=other, company=make.company(), role="clerk", since=datetime.date(2020, 1, 1))
    row, first, second = found(one, other), make.officer("coordinator"), make.officer("supervisor")
    pages = {}
    for officer in (first, second):
        client = Client(HTTP_ACCEPT_LANGUAGE="en")
        doors.enter(client, officer.account, second_factor=True)
        pages[officer] = client
    where = reverse("office:same_pair", args=[row.pk])

    shown = pages[first].get(where)
    text = shown.content.decode()
    assert "16AA00001" not in text and "13912345678" not in text and "Companies" in text
    lines = {str(line["label"]): line for line in shown.context["lines"]}
    assert (lines["Mobile number"]["one"], lines["Mobile number"]["other"]) == ("139****5678", "139****5678")
    assert lines["Mobile number"]["differs"] and not lines["Day of birth"]["differs"]
    assert {entry.of_party for entry in ReadEntry.objects.filter(about=f"sameness:{row.pk}")} == {one.pk, other.pk}
    assert "MARTIN ANNA" in pages[first].get(reverse("office:sameness")).content.decode()

    assert pages[first].post(where, {"act": "propose", "leading": other.pk, "reason": ""}).status_code == 422
    pages[first].post(where, {"act": "propose", "leading": other.pk, "reason": "Both seen."})
    assert "You proposed it" in pages[first].get(where).content.decode()
    assert pages[first].post(where, {"act": "join"}).status_code == 403
    pages[second].post(where, {"act": "join"})
    assert Sameness.objects.get().state == "joined"
    pages[first].post(where, {"act": "part", "reason": "Wrong."})
    assert (Sameness.objects.get().state, Person.objects.filter(same_as__isnull=False).count()) == ("parted", 0)


def test_a_licence_of_the_other_record_stands_in_the_wallet():
    one, other = record("16AA00001"), record("19BB00002")
    kind, today = make.licence_type(), timezone.localdate()
    licence = kind.licences.create(
        identifier="1.2.156.8", holder=one, issuer=kind.issuer, serial="8", issued_on=today, valid_from=today,
        decision="paper:8", token="t" * 32, face={},
    )  # fmt: skip
    joined(one, other)

    assert (list(licences.of(other)), list(licences.of_record(other))) == ([licence], [])


def test_a_message_to_many_reaches_the_accounts_of_both_records(django_assert_num_queries):
    one, other = record("16AA00001"), record("19BB00002")
    accounts = [make.account(one), make.account(other)]
    joined(one, other)

    found = parties.accounts_of_many([one.pk], timezone.localdate())

    assert [each.pk for each in found[one.pk]] == [each.pk for each in parties.accounts_for(one, timezone.localdate())]
    assert {each.pk for each in found[one.pk]} == {each.pk for each in accounts}
    alone = make.person().pk
    with django_assert_num_queries(4):  # nobody joined: nothing more is asked
        parties.accounts_of_many([alone], timezone.localdate())


def test_the_same_paper_under_the_other_record_is_no_paper_of_somebody_else():
    one, other = record("16AA00001"), record("19BB00002")
    make.material_type("lease")
    wanted = [{"material": "lease", "required": False, "exempt": "none"}]
    sent = []
    for person, name in ((one, "a"), (other, "b"), (make.person(), "c")):
        account = make.account(person)
        case = make.draft(make.matter(name, requirements=wanted), account_=account)
        services.attach(case, "lease", make.document(person, by=account), account=account)
        sent.append(services.submit(case, account=account, level=3, key=name))
    before = {each.case.pk for each in alike.of(sent[0], make.officer("auditor"))}
    joined(one, other)
    sent[0].refresh_from_db()

    after = {each.case.pk for each in alike.of(sent[0], make.officer("auditor"))}

    assert (before, after) == ({sent[1].pk, sent[2].pk}, {sent[2].pk})


def test_whoever_is_two_records_tells_them_apart_by_their_documents():
    one, other = record("16AA00001"), record("19BB00002")
    joined(one, other)
    client = Client()
    doors.enter(client, make.account(one))

    page = client.get("/my/").content.decode()

    assert mask_id("16AA00001") in page and mask_id("19BB00002") in page and "16AA00001" not in page
    assert "***" not in _page_of(record("77CC00003", name="ELSE JO"))


def _page_of(person: Person) -> str:
    client = Client()
    doors.enter(client, make.account(person))
    return client.get("/my/").content.decode()
