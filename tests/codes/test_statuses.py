"""A status of a person is a decision: of two people, with basis, evidence, end, notice and appeal. Everything else is refused."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tests import make
from tests.codes import venues
from tests.doors import enter
from tongban.codes import colours
from tongban.codes.models import HealthStatus, StatusAppeal, StatusLine, StatusProposal
from tongban.codes.services import ordering, status_appealing, status_deciding
from tongban.codes.services.status_deciding import Named
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.journal.models import Event
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices.models import Message
from tongban.parties import rules
from tongban.parties.kin_states import KinState
from tongban.parties.models import Kinship
from tongban.places.models import Division

pytestmark = pytest.mark.django_db

REASON = "2026年11月20日检测结果为阳性"


@pytest.fixture
def area():
    return Division.objects.create(code="310107", level="district", name={"zh": "普陀区", "en": "Putuo"})


@pytest.fixture
def staff():
    make.calendar()
    health = make.department("HC")
    return {
        "proposer": make.officer("health_officer", of=health),
        "approver": make.officer("health_approver", of=health),
        "other": make.officer("health_approver", of=health),
        "authority": make.officer("emergency_authority", of=health),
    }


@pytest.fixture
def order(area, staff):
    return in_force(area, staff)


def in_force(area, staff, *, days=20, now=None, nowhere=False, **given):
    now = now or timezone.now()
    fields = {
        "basis": "IDL", "area": None if nowhere else area, "title": {"zh": "应急令"}, "reason": {"zh": "本区发生呼吸道传染病疫情，需要紧急措施"},
        "ends_at": now + timedelta(days=days), "health_colours": True, "now": now,
    }  # fmt: skip
    row = ordering.propose_order(officer=staff["proposer"], **(fields | given))
    return ordering.put_in_force(row, officer=staff["authority"], now=now)


def proposed(order, staff, *people, **given):
    fields = {
        "colour": "red", "basis": "positive_test", "reason": REASON, "until": timezone.now() + timedelta(days=7),
        "persons": [Named(one, f"报告 {one.pk}") for one in people],
    }  # fmt: skip
    return status_deciding.propose_status(order, officer=staff["proposer"], **(fields | given))


def decided(order, staff, *people, **given):
    return status_deciding.decide_status(proposed(order, staff, *people, **given), officer=staff["approver"])


# -- the order


def test_everybody_is_blue_while_no_order_is_in_force(django_assert_num_queries, area, staff):
    people = [make.person(division=area).pk for _i in range(3)]
    now = timezone.now()
    ordering.propose_order(
        officer=staff["proposer"], basis="IDL", area=area, title={"zh": "应急令"}, reason={"zh": "疫情需要采取紧急措施的理由"},
        ends_at=now + timedelta(days=3), health_colours=True,
    )  # fmt: skip

    with django_assert_num_queries(1):
        found = colours.colours_of(people, now)

    assert set(found.values()) == {"blue"}
    assert colours.order_in_force(now) is None


def test_an_order_ends_by_itself_and_everything_of_it_at_that_second(area, staff):
    who = make.person(division=area)
    order = in_force(area, staff, days=20)
    decided(order, staff, who)
    end = order.ends_at

    assert colours.colour_of(who.pk, end - timedelta(days=15)) == "red"
    assert colours.colour_of(make.person(division=area).pk, end - timedelta(seconds=1)) == "green"
    assert colours.colour_of(who.pk, end) == "blue"
    assert colours.order_in_force(end, area) is None


def test_a_lifted_order_takes_every_status_with_it(area, staff, order):
    who = make.account(make.person(division=area)).person
    decided(order, staff, who)

    ordering.lift_order(order, officer=staff["authority"], why="疫情已经结束，提前解除")

    assert colours.colour_of(who.pk, timezone.now()) == "blue"
    assert status_deciding.tell_ends() == 1
    assert status_deciding.tell_ends() == 0
    assert Message.objects.filter(kind="status_ended", party=who).count() == 1


def test_an_order_holds_where_it_was_made_and_not_beside_it(area, staff, order):
    part = Division.objects.create(code="310107005", level="subdistrict", name={"zh": "曹杨"}, parent=area)
    beside = Division.objects.create(code="310106", level="district", name={"zh": "静安区"})
    now = timezone.now()

    assert colours.colour_of(make.person(division=part).pk, now) == "green"
    assert colours.colour_of(make.person(division=beside).pk, now) == "blue"
    newcomer = Division.objects.create(code="340000", level="province", name={"zh": "安徽省"})
    assert colours.colour_of(make.person(division=newcomer).pk, now) == "green"  # registered elsewhere, living here
    assert colours.order_in_force(now, "310107005") == order
    assert colours.order_in_force(now, beside) is None
    assert colours.order_in_force(now, area, measure="server_diary") is None


def test_colours_of_many_take_as_many_queries_as_of_one(django_assert_max_num_queries, area, staff, order):
    people = [make.account(make.person(division=area)).person for _i in range(4)]
    decided(order, staff, people[0], people[1])
    nobody_proved = make.account(make.person(division=area))
    type(nobody_proved).objects.filter(pk=nobody_proved.pk).update(level=1)
    company = make.company()

    with django_assert_max_num_queries(5):
        found = colours.colours_of([*(one.pk for one in people), nobody_proved.person_id, company.pk], timezone.now())

    assert list(found.values()) == ["red", "red", "green", "green", "grey", "blue"]


def test_two_records_of_one_person_have_one_colour(area, staff, order):
    one = make.person(division=area)
    other = make.person(division=area)
    type(one).objects.filter(pk__in=[one.pk, other.pk]).update(same_as=one)
    decided(order, staff, other)

    assert colours.colours_of([one.pk, other.pk], timezone.now()) == {one.pk: "red", other.pk: "red"}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"basis": "because"}, "basis"),
        ({"nowhere": True}, "area"),
        ({"health_colours": False}, "measures"),
        ({"basis": "ERL"}, "measures"),
        ({"ends_at": None}, "ends_at"),
        ({"reason": {"zh": "短"}}, "reason"),
    ],
)
def test_an_order_without_what_it_needs_is_not_proposed(area, staff, given, field):
    with pytest.raises(Invalid) as refused:
        in_force(area, staff, **given)

    assert list(refused.value.errors) == [field]


def test_an_order_is_not_made_for_longer_than_it_may_hold(area, staff):
    with pytest.raises(Invalid) as refused:
        in_force(area, staff, days=31)

    assert list(refused.value.errors) == ["ends_at"]


def test_whoever_proposes_an_order_does_not_put_it_in_force(area, staff):
    both = make.officer("health_officer", "emergency_authority", of=make.department("HC"))

    with pytest.raises(NotAllowed) as refused:
        in_force(area, staff | {"proposer": both, "authority": both})

    assert refused.value.code == "four-eyes"


def test_an_approver_of_the_department_has_not_the_higher_right(area, staff):
    with pytest.raises(NotAllowed) as refused:
        in_force(area, staff | {"authority": staff["approver"]})

    assert refused.value.status == 403


# -- the four refusals of the Zhengzhou case


def test_one_person_alone_sets_no_status(staff, order):
    both = make.officer("health_officer", "health_approver", of=make.department("HC"))
    row = proposed(order, staff | {"proposer": both}, make.person())

    with pytest.raises(NotAllowed) as refused:
        status_deciding.decide_status(row, officer=both)

    assert refused.value.code == "four-eyes"
    assert not HealthStatus.objects.exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"basis": ""}, "basis"),
        ({"basis": "petition"}, "basis"),
        ({"colour": "yellow"}, "colour"),
        ({"until": None}, "until"),
        ({"reason": ""}, "reason"),
        ({"persons": []}, "persons"),
    ],
)
def test_a_status_without_basis_reason_or_end_is_not_even_proposed(staff, order, given, field):
    with pytest.raises(Invalid) as refused:
        proposed(order, staff, make.person(), **given)

    assert list(refused.value.errors) == [field]


def test_a_status_names_its_evidence(staff, order):
    with pytest.raises(Invalid) as refused:
        proposed(order, staff, persons=[Named(make.person(), " ")])

    assert list(refused.value.errors) == ["persons"]


def test_a_status_holds_no_longer_than_its_basis_and_its_order_allow(area, staff, order):
    short = in_force(area, staff, days=3)

    for under, days in ((order, 15), (short, 4)):
        with pytest.raises(Invalid) as refused:
            proposed(under, staff, make.person(), until=timezone.now() + timedelta(days=days))
        assert list(refused.value.errors) == ["until"]


def test_eleven_persons_need_the_signature_of_a_third(staff, order):
    row = proposed(order, staff, *(make.person() for _i in range(11)))

    with pytest.raises(NotAllowed) as refused:
        status_deciding.decide_status(row, officer=staff["approver"])
    assert refused.value.code == "higher-signature-missing"
    assert not HealthStatus.objects.exists()

    status_deciding.sign_list(row, officer=staff["authority"])
    status_deciding.decide_status(row, officer=staff["approver"])
    assert HealthStatus.objects.count() == 11


def test_the_third_person_is_neither_of_the_two(staff, order):
    health = make.department("HC")
    proposes = make.officer("health_officer", "emergency_authority", of=health)
    decides = make.officer("health_approver", "emergency_authority", of=health)
    row = proposed(order, staff | {"proposer": proposes}, *(make.person() for _i in range(11)))

    with pytest.raises(NotAllowed) as refused:
        status_deciding.sign_list(row, officer=proposes)
    assert refused.value.code == "third-person"

    status_deciding.sign_list(row, officer=decides)
    with pytest.raises(NotAllowed) as refused:
        status_deciding.decide_status(row, officer=decides)
    assert refused.value.code == "third-person"


def test_a_long_list_cut_into_short_ones_needs_the_signature_too(staff, order):
    decided(order, staff, *(make.person() for _i in range(6)))

    with pytest.raises(NotAllowed) as refused:
        decided(order, staff, *(make.person() for _i in range(5)))
    assert refused.value.code == "higher-signature-missing"

    with pytest.raises(NotAllowed):  # another approver, the same proposer
        status_deciding.decide_status(
            proposed(order, staff, *(make.person() for _i in range(5))), officer=staff["other"]
        )
    decided(order, staff, *(make.person() for _i in range(4)))
    assert HealthStatus.objects.count() == 10


def test_the_database_refuses_what_services_refuse(staff, order):
    row = proposed(order, staff, *(make.person() for _i in range(11)))
    now = timezone.now()
    wrong = [
        {"state": "decided", "decided_by": staff["approver"], "decided_at": now},  # a long list without signature
        {"state": "decided", "decided_by": staff["proposer"], "decided_at": now, "persons": 1},  # one person alone
        {"state": "decided", "persons": 1},  # nobody decided
        {"signed_by": staff["proposer"]},
        {"basis": ""},
    ]
    for changes in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            StatusProposal.objects.filter(pk=row.pk).update(**changes)

    line = row.lines.first()
    for dates in ({"until": now}, {"until": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            HealthStatus.objects.create(
                line=line, order=order, person=line.person, colour="red", basis="positive_test", since=now, **dates
            )


def test_a_rule_of_the_machine_proposes_and_sets_nothing(staff, order):
    who = make.person()
    row = status_deciding.propose_by_rule(
        "inspection-positive", order, colour="red", basis="positive_test", reason=REASON,
        until=timezone.now() + timedelta(days=3), persons=[Named(who, "报告 1")],
    )  # fmt: skip
    assert colours.colour_of(who.pk, timezone.now()) == "green"

    status_deciding.decide_status(row, officer=staff["approver"])

    assert colours.colour_of(who.pk, timezone.now()) == "red"


def test_nothing_else_in_the_house_makes_a_status():
    makes = re.compile(
        r"(HealthStatus|StatusLine)\(|HealthStatus\.objects\.(create|bulk_create|get_or_create|update_or_create)"
    )
    found = {
        str(path)
        for path in Path("tongban").rglob("*.py")
        if "migrations" not in path.parts
        and "class HealthStatus" not in (text := path.read_text("utf-8"))
        and makes.search(text)
    }

    assert found == {"tongban/codes/services/status_deciding.py"}


def test_without_an_order_in_force_nobody_is_given_a_status(area, staff, order):
    row = proposed(order, staff, make.person())
    ordering.lift_order(order, officer=staff["authority"], why="疫情已经结束，提前解除")

    for act in (
        lambda: status_deciding.decide_status(row, officer=staff["approver"]),
        lambda: proposed(order, staff, make.person()),
        lambda: proposed(None, staff, make.person()),
    ):
        with pytest.raises(NotAllowed) as refused:
            act()
        assert refused.value.code == "no-order-in-force"


def test_nobody_decides_about_themselves(staff, order):
    me = make.person()
    own = make.officer("health_approver", of=make.department("HC"), person=me)

    with pytest.raises(NotAllowed) as refused:
        status_deciding.decide_status(proposed(order, staff, me), officer=own)

    assert refused.value.code == "own-case"


# -- what the person has


def test_every_status_has_a_notice_and_an_end(staff, order):
    with_account = [make.account().person for _i in range(3)]
    decided(order, staff, *with_account)
    decided(order, staff, make.person(), colour="yellow", basis="observation", until=timezone.now() + timedelta(days=2))
    decided(order, staff, with_account[0], colour="green", basis="negative_tests")

    for status in HealthStatus.objects.all():
        assert status.since < status.until <= order.ends_at
        told = Message.objects.filter(about=status.subject, kind="status_set")
        assert told.count() == (1 if hasattr(status.person, "account") else 0)
        assert bool(status.told_at) == told.exists()  # else it is on the list of notices to hand over
        for message in told:
            assert REASON in message.body["zh"]
            assert message.link == f"/my/status/{status.pk}/"
            assert "红" not in message.title["zh"]


def test_a_notice_on_paper_is_handed_over_once(staff, order):
    decided(order, staff, make.person())
    status = HealthStatus.objects.get()

    assert status_deciding.hand_over_notice(status, officer=staff["proposer"]).told_how == "paper"
    with pytest.raises(NotAllowed):
        status_deciding.hand_over_notice(status, officer=staff["proposer"])


def test_a_status_ends_at_its_end_and_the_person_is_told(area, staff, order):
    who = make.account(make.person(division=area)).person
    decided(order, staff, who, until=timezone.now() + timedelta(days=2))
    later = timezone.now() + timedelta(days=2, seconds=1)

    assert colours.colour_of(who.pk, later) == "green"
    status_deciding.tell_ends(now=later)
    assert Message.objects.filter(kind="status_ended", party=who).count() == 1


def test_a_later_decision_follows_the_earlier(staff, order):
    who = make.account().person
    decided(order, staff, who)
    decided(order, staff, who, colour="green", basis="measures_lifted")

    assert colours.colour_of(who.pk, timezone.now()) == "green"
    assert [(one.colour, one.state) for one in HealthStatus.objects.order_by("pk")] == [
        ("red", "followed"),
        ("green", "holds"),
    ]


def test_a_list_names_back_every_line_that_is_not_right():
    number = "990000195503120031"
    known = make.person(id_no=number, id_index=rules.index_of("id_card", rules.check_number("id_card", number)))
    good = f"{known.id_no},报告1"

    assert status_deciding.read_list(good) == [Named(known, "报告1")]
    assert status_deciding.read_list(known.id_no, evidence="报告2") == [Named(known, "报告2")]
    with pytest.raises(Invalid) as refused:
        status_deciding.read_list(f"{good}\n123,x\n{known.id_no}\n{known.id_no}，报告3")
    assert len(refused.value.errors["persons"]) == 3
    with pytest.raises(Invalid):
        status_deciding.read_list("")


# -- the appeal


@pytest.fixture
def red(staff, order, area):
    account = make.account(make.person(division=area))
    decided(order, staff, account.person)
    return HealthStatus.objects.get(person=account.person)


def appealed(status, **given):
    account = status.person.account
    actor = Actor("applicant", "applicant", account=account.pk, party=status.person_id)
    return status_appealing.appeal(status, account=account, actor=actor, text="我从未到过检测点，报告不是我的", **given)


def test_an_appeal_that_is_right_lifts_the_status_at_once(staff, red):
    row = appealed(red)

    status_appealing.answer_appeal(row, officer=staff["other"], right=True, answer="经查报告登记有误，现予解除")

    assert colours.colour_of(red.person_id, timezone.now()) == "green"
    told = Message.objects.get(kind="status_appeal_answered")
    assert "经查报告登记有误" in told.body["zh"]


def test_an_appeal_is_answered_by_somebody_else_and_in_writing(staff, red):
    row = appealed(red)

    with pytest.raises(NotAllowed) as refused:
        status_appealing.answer_appeal(row, officer=staff["approver"], right=False, answer="维持原决定，理由如下所述")
    assert refused.value.code == "had-a-hand-in-it"
    with pytest.raises(Invalid):
        status_appealing.answer_appeal(row, officer=staff["other"], right=False, answer="")

    status_appealing.answer_appeal(row, officer=staff["other"], right=False, answer="维持原决定，理由如下所述")
    assert colours.colour_of(red.person_id, timezone.now()) == "red"


def test_an_appeal_has_its_clock_in_working_days_and_comes_once(red):
    friday = timezone.datetime(2026, 11, 20, 3, tzinfo=timezone.get_current_timezone())

    row = appealed(red, now=friday)

    assert row.due.isoformat() == "2026-11-25"
    with pytest.raises(NotAllowed):
        appealed(red)


def test_a_late_appeal_is_told_once_to_those_who_may_answer_it(red, staff):
    friday = timezone.datetime(2026, 11, 20, 3, tzinfo=timezone.get_current_timezone())
    health = staff["other"].department
    may = [make.officer(role, of=health, person=make.person()) for role in ("health_approver", "emergency_authority")]
    make.officer("health_officer", of=health, person=make.person())
    proposal = red.line.proposal
    type(proposal).objects.filter(pk=proposal.pk).update(
        decided_by=make.officer("health_approver", of=health, person=make.person())
    )
    row = appealed(red, now=friday)
    told = Message.objects.filter(kind="status_appeal_late")

    status_appealing.tell_of_late_ones(friday + timedelta(days=5))  # its last day
    assert not told.exists()
    for _turn in range(2):
        assert status_appealing.tell_of_late_ones(friday + timedelta(days=6)) == 1
    may += [staff["approver"], staff["other"], staff["authority"]]  # an officer need have no person here
    assert set(told.values_list("account", flat=True)) == {one.account_id for one in may}
    status_appealing.answer_appeal(row, officer=staff["other"], right=False, answer="维持原决定，理由如下所述")
    assert status_appealing.tell_of_late_ones(friday + timedelta(days=7)) == 0


# -- at rest


def test_a_dump_shows_no_reason_evidence_or_appeal(staff, order):
    who = make.account().person
    secret = "密接对象周密密-20261121"
    decided(order, staff, reason=f"流调认定 {secret}", persons=[Named(who, f"报告 {secret}")])
    row = appealed(HealthStatus.objects.get())
    status_appealing.answer_appeal(row, officer=staff["other"], right=False, answer=f"维持 {secret} 的认定结论")

    with connection.cursor() as cursor:
        for table in (StatusProposal, StatusLine, HealthStatus, type(row), Message):
            cursor.execute(f"SELECT * FROM {table._meta.db_table}")
            rows = str(cursor.fetchall())
            assert secret not in rows
            assert "positive_test" not in rows
            assert "'red'" not in rows
        cursor.execute("SELECT payload FROM journal_event")
        assert secret not in str(cursor.fetchall())
    assert journal.EVENTS["StatusDecided"].__slots__ == ("proposal", "persons")


# -- the pages


@pytest.fixture
def child(area):
    """A child without a phone, and the account of its mother."""
    mother = make.account(make.person("李示例", division=area), "li-na")
    row = make.person("张小明", division=area, birth_date=timezone.localdate() - timedelta(days=3000))
    Kinship.objects.create(kind="child", person=row, relative=mother.person, state=KinState.CONFIRMED)
    return row, mother


def test_a_parent_sees_why_a_childs_code_is_red_and_appeals_for_the_child(client, staff, order, child, in_english):
    row, mother = child
    stranger = make.account(login="stranger")
    decided(order, staff, row)
    status = HealthStatus.objects.get(person=row)
    own, theirs = f"/my/status/{status.pk}/", f"/my/status/?of={row.pk}"
    enter(client, mother)

    code = client.get(f"/code/?of={row.pk}").content.decode()
    told = Message.objects.get(kind="status_set", account=mother)
    listed = client.get(theirs).content.decode()
    page = client.get(told.link).content.decode()
    short = client.post(own + "appeal", {"text": "no"})
    sent = client.post(own + "appeal", {"text": "The report belongs to another child."}, follow=True).content.decode()

    assert f'href="{theirs}"' in code and told.link == own
    assert "Status of 张*明" in listed and "is red" in listed and "My status" not in listed
    assert REASON in page and "You appeal for 张*明" in page
    assert short.status_code == 422 and "no</textarea>" in short.content.decode()
    assert "Answered in writing by" in sent
    appeal = status.appeal
    assert appeal.account == mother and appeal.taken_by is None
    written = Event.objects.get(kind="StatusAppealed")
    assert (written.role, written.actor) == ("agent", mother.pk)

    enter(client, stranger)
    assert [client.get(one).status_code for one in (own, theirs)] == [404, 404]
    assert client.post(own + "appeal", {"text": "It is not mine to say."}).status_code == 404


def test_without_an_account_the_appeal_is_written_down_and_its_answer_brought(client, staff, order, area, in_english):
    who = make.person("郑高龄", division=area)
    decided(order, staff, who)
    status = HealthStatus.objects.get(person=who)
    notice = f"/office/statuses/notices/{status.pk}/"
    enter(client, staff["proposer"].account)

    empty = client.post(notice, {"text": " "})
    client.post(notice, {"text": "我没有做过检测，那天在家。"})
    again = client.post(notice, {"text": "我没有做过检测，那天在家。"})
    row = StatusAppeal.objects.get()
    enter(client, staff["other"].account)
    page = client.get(f"/office/statuses/appeals/{row.pk}/").content.decode()
    answered = client.post(
        f"/office/statuses/appeals/{row.pk}/", {"right": "yes", "answer": "经查登记有误，现予解除"}, follow=True
    ).content.decode()

    assert empty.status_code == 422 and again.status_code == 409
    assert row.account is None and row.taken_by == staff["proposer"]
    assert "那天在家" in page and "written down by" in page
    assert "print the answer and bring it" in answered and "data-print" in answered
    assert colours.colour_of(who.pk, timezone.now()) == "green"
    with pytest.raises(IntegrityError), transaction.atomic():
        StatusAppeal.objects.update(taken_by=None)


def test_at_an_entrance_grey_and_yellow_are_told_why_and_led_on(client, staff, area, in_english):
    row = venues.venue(division=area)
    order = in_force(area, staff, entry_rules={"wet market": "green"})
    gate = f"/at/{venues.token(venues.poster(row))}/enter"
    account = make.account(make.person("王演练", division=area), "wang-anhui")
    type(account).objects.filter(pk=account.pk).update(level=1)

    def entered():
        return client.post(gate, follow=True).content.decode()

    stranger = entered()
    enter(client, account)
    grey = entered()
    type(account).objects.filter(pk=account.pk).update(level=2)
    green = entered()
    decided(
        order, staff, account.person, colour="yellow", basis="observation", until=timezone.now() + timedelta(days=3)
    )
    yellow = entered()
    status_deciding.decide_status(
        status_deciding.propose_status(
            order, officer=staff["proposer"], colour="green", basis="measures_lifted", reason=REASON,
            until=timezone.now() + timedelta(days=3), persons=[Named(account.person, "解除通知书 1")],
        ),
        officer=staff["approver"],
    )  # fmt: skip

    assert "without a signed-in account" in stranger and "Your code is grey" not in stranger
    assert "Your code is grey" in grey and 'href="/account/identity/"' in grey
    assert "Come in" in green
    assert "Your health code is yellow" in yellow and 'href="/my/status/"' in yellow
    assert "Come in" in entered()
