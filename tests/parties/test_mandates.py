"""Mandates: given and taken back by the principal alone, within their limits, never passed on unless allowed."""

from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests import make
from tongban.journal.actors import Actor
from tongban.journal.models import Event
from tongban.lib.problems import Invalid, NotAllowed, TooMany
from tongban.parties import mandates, powers, queries, services
from tongban.parties.mandates import Scope
from tongban.parties.models import Deed, Mandate, MandateCode, Membership, Person
from tongban.parties.states import Act

pytestmark = pytest.mark.django_db

MOTHER, SON, FRIEND = "990000195503120031", "990000199207080045", "99000019961120007X"


def people():
    """A mother and a son with accounts of their own."""
    mother = make.account(services.record_person(**_details(MOTHER, "张示范", "1955-03-12")))
    son = make.account(services.record_person(**_details(SON, "李示例", "1992-07-08")))
    return mother, son


def _details(id_no, name, born):
    return {
        "id_kind": "id_card", "id_no": id_no, "name": name, "birth_date": date.fromisoformat(born), "sex": "F",
        "nationality": "CN", "mobile": "13800000001",
    }  # fmt: skip


def given(mother, *, number=SON, name="李示例", level=3, **scope):
    scope = {"acts": ("see", "prepare", "submit")} | scope
    return mandates.offer(
        mother.person, id_kind="id-card", id_no=number, name=name, scope=Scope(**scope), account=mother, level=level
    )


def may(account, party, matter=None, act=None, **more):
    return queries.may_act_for(account, party, timezone.localdate(), matter, act, **more)


def test_a_mandate_opens_the_matters_and_acts_it_names_and_no_others():
    mother, son = people()
    assert not may(son, mother.person)

    given(mother, matters=("pension",), acts=("prepare",))

    assert may(son, mother.person)
    assert may(son, mother.person, "pension", "prepare")
    assert [act for act in Act.values if may(son, mother.person, "pension", act)] == ["prepare"]
    assert not may(son, mother.person, "divorce", "prepare")
    assert not any(power.full for power in powers.over(son, mother.person, timezone.localdate()))
    assert not may(mother, son.person)


def test_it_begins_and_ends_on_its_days_in_the_time_of_the_district():
    mother, son = people()
    first, last = date(2027, 3, 2), date(2027, 3, 4)
    given(mother, since=first, until=last)

    asked = [
        datetime(2027, 3, 1, 23, 59, 59), datetime(2027, 3, 2, 0, 0, 1),
        datetime(2027, 3, 4, 23, 59, 59), datetime(2027, 3, 5, 0, 0, 1),
    ]  # fmt: skip
    answers = []
    for moment in asked:
        with time_machine.travel(moment.replace(tzinfo=timezone.get_default_timezone()), tick=False):
            answers.append(may(son, mother.person, "pension", "submit"))

    assert answers == [False, True, True, False]


def test_taken_back_it_opens_nothing_and_taking_back_needs_no_face():
    mother, son = people()
    row = given(mother)

    mandates.revoke(row, account=mother)

    assert not may(son, mother.person)
    with pytest.raises(NotAllowed):
        mandates.revoke(row, account=mother)
    assert [event.kind for event in Event.objects.filter(subject=f"party:{mother.person_id}")][-1] == "MandateOver"


def test_only_the_principal_gives_it_and_only_with_the_face_just_shown():
    mother, son = people()

    with pytest.raises(NotAllowed) as unsure:
        given(mother, level=2)
    with pytest.raises(NotAllowed) as stranger:
        mandates.offer(
            mother.person,
            id_kind="id-card",
            id_no=FRIEND,
            name="王演练",
            scope=Scope(acts=("see",)),
            account=son,
            level=3,
        )

    assert (unsure.value.code, stranger.value.code) == ("presence-first", "only-the-principal")
    assert not Mandate.objects.exists()


def test_an_agent_grants_nothing_not_even_with_everything_allowed():
    mother, son = people()
    given(mother, acts=tuple(Act.values))

    with pytest.raises(NotAllowed) as chain:
        mandates.offer(
            mother.person,
            id_kind="id-card",
            id_no=FRIEND,
            name="王演练",
            scope=Scope(acts=("see",)),
            account=son,
            level=3,
        )

    assert chain.value.code == "only-the-principal"


def test_nobody_is_their_own_agent_neither_here_nor_in_the_database():
    mother, _son = people()

    with pytest.raises(NotAllowed) as refused:
        given(mother, number=MOTHER, name="张示范")

    assert refused.value.code == "nobody-for-themselves"
    with pytest.raises(IntegrityError, match="nobody_is_their_own_agent"), transaction.atomic():
        Mandate.objects.create(
            principal=mother.person, agent=mother.person, how="given", state="asked", acts=["see"],
            since=date(2026, 1, 1), until=date(2026, 2, 1),
        )  # fmt: skip


def test_giving_one_says_nothing_about_who_is_here_and_it_waits_for_whoever_comes():
    mother, _son = people()

    unknown = given(mother, number=FRIEND, name="王演练")
    wrong_name = given(mother, name="李不同")

    assert (unknown.state, unknown.agent, wrong_name.state, wrong_name.agent) == ("granted", None, "granted", None)
    friend = make.account(services.record_person(**_details(FRIEND, "王演练", "1996-11-20")))
    assert not may(friend, mother.person)
    assert mandates.find_their_agent(friend.person) == 1
    assert may(friend, mother.person, "pension", "submit")


def test_asking_by_details_answers_the_same_whoever_exists_and_only_so_often_a_day():
    mother, son = people()
    right = {"name": "张示范", "mobile": "13800000001", "id_end": "0031"}
    wrong = [right | {"id_end": "9999"}, right | {"name": "某某某"}, right | {"mobile": "13999999999"}]
    scope = Scope(acts=("prepare",))

    answers = [mandates.ask_by_details(**asked, account=son, scope=scope) for asked in (right, *wrong)]

    assert answers == [None] * 4
    assert Mandate.objects.get().state == "asked"
    assert queries.mandates_held(son.person) == []  # else the list would say what the answer does not
    assert not may(son, mother.person)
    mandates.ask_by_details(**right, account=son, scope=scope)
    with pytest.raises(TooMany):
        mandates.ask_by_details(**right, account=son, scope=scope)
    assert Mandate.objects.count() == 1


def test_a_code_lets_one_person_ask_once_and_the_principal_still_decides_and_may_allow_less():
    mother, son = people()
    _row, code = mandates.show_code(mother.person, account=mother)
    asked = mandates.ask_with_code(f" {code.upper()} ", account=son, scope=Scope(acts=("see", "prepare", "submit")))

    with pytest.raises(Invalid):
        mandates.ask_with_code(code, account=son, scope=Scope(acts=("see",)))
    assert not may(son, mother.person)
    mandates.grant(
        asked, account=mother, level=3, scope=Scope(acts=("prepare",), matters=("pension",), until=asked.until)
    )

    assert may(son, mother.person, "pension", "prepare")
    assert not may(son, mother.person, "pension", "submit")
    assert code not in str(MandateCode.objects.values())


def test_the_principal_never_agrees_to_more_than_was_asked_for_by_mistake():
    mother, son = people()
    _row, code = mandates.show_code(mother.person, account=mother)
    asked = mandates.ask_with_code(code, account=son, scope=Scope(acts=("prepare",), matters=("pension",)))

    with pytest.raises(Invalid) as wider:
        mandates.grant(asked, account=mother, level=3, scope=Scope(acts=("prepare", "submit"), until=asked.until))

    assert set(wider.value.errors) == {"acts", "matters"}


def test_passing_on_only_where_allowed_one_step_and_never_more(monkeypatch):
    mother, son = people()
    friend = make.account(services.record_person(**_details(FRIEND, "王演练", "1996-11-20")))
    closed = given(mother, acts=("prepare",))
    to_friend = {"id_kind": "id-card", "id_no": FRIEND, "name": "王演练", "account": son, "level": 3}
    with pytest.raises(NotAllowed) as never:
        mandates.pass_on(closed, **to_friend, scope=Scope(acts=("prepare",)))
    mandates.revoke(closed, account=mother)
    open_ = given(mother, acts=("prepare", "see"), matters=("pension",), chains=True)

    with pytest.raises(Invalid):
        mandates.pass_on(open_, **to_friend, scope=Scope(acts=("prepare", "submit"), matters=("pension",)))
    lower = mandates.pass_on(
        open_, **to_friend, scope=Scope(acts=("prepare",), matters=("pension",), until=open_.until)
    )
    with pytest.raises(NotAllowed) as twice:
        mandates.pass_on(
            lower, id_kind="id-card", id_no=SON, name="李示例", account=friend, level=3,
            scope=Scope(acts=("prepare",), matters=("pension",), until=lower.until),
        )  # fmt: skip

    assert (never.value.code, twice.value.code) == ("not-to-be-passed-on", "not-to-be-passed-on")
    with monkeypatch.context() as few:
        few.setattr(mandates, "GIVEN_AT_MOST", 2)  # what was passed on counts with what was given
        with pytest.raises(NotAllowed) as many:
            mandates.pass_on(
                open_, **to_friend, scope=Scope(acts=("prepare",), matters=("pension",), until=open_.until)
            )
    assert many.value.code == "too-many-mandates"
    assert may(friend, mother.person, "pension", "prepare")
    mandates.revoke(open_, account=mother)
    assert not may(friend, mother.person)
    lower.refresh_from_db()
    assert (lower.state, lower.ended_why) == ("ended", "upper")


def test_a_number_of_applications_and_an_amount_are_limits():
    mother, son = people()
    given(mother, acts=("submit", "pay"), cases_at_most=1, amount_at_most=100)
    now = timezone.now()
    assert may(son, mother.person, "pension", "pay", amount=100)
    assert not may(son, mother.person, "pension", "pay", amount=101)

    with transaction.atomic():
        power = mandates.hold(son, mother.person, act="submit", matter="pension", now=now)
        mandates.note(
            power, agent=son.person, account=son, act="submit", what="submit", about="case:1", matter="pension", now=now
        )

    with pytest.raises(NotAllowed) as used_up, transaction.atomic():
        mandates.hold(son, mother.person, act="submit", matter="pension", now=now)
    assert used_up.value.code == "mandate-used-up"
    assert Deed.objects.get().principal_id == mother.person_id


def test_a_new_mobile_number_gives_nothing_for_a_day():
    mother, _son = people()
    services.change_mobile(
        mother.person, "13811112222", actor=Actor("applicant", "applicant", mother.pk, mother.person_id)
    )

    with pytest.raises(NotAllowed) as refused:
        given(mother)

    assert refused.value.code == "number-is-new"


def test_what_is_over_is_ended_and_both_sides_hear_of_it():
    mother, son = people()
    row = given(mother, until=timezone.localdate() + timedelta(days=1))
    _code, code = mandates.show_code(mother.person, account=mother)
    asked = mandates.ask_with_code(code, account=son, scope=Scope(acts=("see",)))

    assert mandates.end_what_is_over() == 0
    assert mandates.end_what_is_over(timezone.now() + timedelta(days=40)) == 2

    row.refresh_from_db()
    asked.refresh_from_db()
    assert [(one.state, one.ended_why) for one in (row, asked)] == [("ended", "over"), ("ended", "unanswered")]


def test_written_down_at_a_window_needs_the_paper_and_never_names_the_officer():
    mother, _son = people()
    officer = make.officer("window_officer", person=services.record_person(**_details(FRIEND, "王演练", "1996-11-20")))
    actor = Actor("officer", "window_officer", officer.account_id, None, "DSO")

    def write(number=SON, name="李示例", kept="柜3-12", by=officer.account.person):
        return mandates.write_down(
            mother.person, id_kind="id-card", id_no=number, name=name, scope=Scope(acts=("see",)), paper_kept=kept,
            officer_person=by, actor=actor,
        )  # fmt: skip

    with pytest.raises(Invalid) as no_paper:
        write(kept=" ")
    with pytest.raises(NotAllowed) as own:
        write(number=FRIEND, name="王演练")

    assert (list(no_paper.value.errors), own.value.code) == (["paper_kept"], "own-matter")
    assert write().paper_kept == "柜3-12"


# -- clerks of companies


def test_a_clerk_has_the_rights_the_representative_set_and_gives_none():
    boss, clerk = people()
    cafe = make.company(of=boss.person)
    by_boss = Actor("applicant", "applicant", boss.pk, cafe.pk)
    membership = services.add_member(
        cafe, clerk.person, "clerk", actor=by_boss, rights={"acts": ["prepare"], "matters": ["food"]}
    )

    assert (
        may(clerk, cafe, "food", "prepare")
        and not may(clerk, cafe, "food", "submit")
        and not may(clerk, cafe, "tax", "prepare")
    )
    by_clerk = Actor("applicant", "agent", clerk.pk, cafe.pk)
    with pytest.raises(NotAllowed):
        services.set_rights(membership, rights=None, until=None, actor=by_clerk)
    with pytest.raises(NotAllowed):
        mandates.offer(
            cafe, id_kind="id-card", id_no=FRIEND, name="王演练", scope=Scope(acts=("see",)), account=clerk, level=3
        )
    services.set_rights(membership, rights={"acts": ["prepare", "submit"], "matters": None}, until=None, actor=by_boss)
    assert may(clerk, cafe, "tax", "submit") and not may(clerk, cafe, "tax", "pay")


def test_a_clerk_without_rights_of_its_own_does_everything_as_before():
    boss, clerk = people()
    cafe = make.company(of=boss.person)
    services.add_member(cafe, clerk.person, "clerk")

    assert all(may(clerk, cafe, "tax", act) for act in Act.values)
    assert any(power.full for power in powers.over(clerk, cafe, timezone.localdate()))


def test_a_new_representative_comes_from_the_register_and_the_old_one_never_names_again():
    boss, heir = people()
    cafe = make.company(of=boss.person)
    by_boss = Actor("applicant", "applicant", boss.pk, cafe.pk)
    with pytest.raises(NotAllowed):
        services.change_representative(cafe, heir.person, actor=by_boss)
    with pytest.raises(NotAllowed):
        services.end_membership(Membership.objects.get(person=boss.person), actor=by_boss)

    services.change_representative(cafe, heir.person)

    assert not may(boss, cafe) and may(heir, cafe, "tax", "submit")
    assert queries.decides_for(heir, cafe, timezone.localdate()) and not queries.decides_for(
        boss, cafe, timezone.localdate()
    )


# -- any order of giving, narrowing, taking back and acting


class Acting(RuleBasedStateMachine):
    """Whatever was done before: an act is possible exactly while a mandate covers it at that moment."""

    @initialize()
    def begin(self):
        Deed.objects.all().delete()
        Mandate.objects.all().delete()
        self.mother, self.son = people() if not Person.objects.filter(name__isnull=False).exists() else self.known()
        self.model: list[dict] = []
        self.day = timezone.localdate()

    def known(self):
        found = {row.person.id_no: row for row in make.Account.objects.select_related("person")}
        return found[MOTHER], found[SON]

    @rule(
        acts=st.sets(st.sampled_from(["see", "prepare", "submit"]), min_size=1),
        matters=st.none() | st.sets(st.sampled_from(["a", "b"]), min_size=1),
        days=st.integers(0, 3),
    )
    def give(self, acts, matters, days):
        if len([one for one in self.model if one["open"]]) >= mandates.GIVEN_AT_MOST:
            return
        row = given(
            self.mother, acts=tuple(acts), matters=None if matters is None else tuple(matters),
            until=timezone.localdate() + timedelta(days=days),
        )  # fmt: skip
        self.model.append({"row": row, "acts": acts, "matters": matters, "until": row.until, "open": True})

    @rule(place=st.integers(0, 5))
    def take_back(self, place):
        open_ = [one for one in self.model if one["open"]]
        if open_:
            one = open_[place % len(open_)]
            mandates.revoke(one["row"], account=self.mother)
            one["open"] = False

    @rule(place=st.integers(0, 5))
    def hand_back(self, place):
        open_ = [one for one in self.model if one["open"]]
        if open_:
            one = open_[place % len(open_)]
            mandates.give_back(one["row"], account=self.son)
            one["open"] = False

    @rule()
    def a_day_passes(self):
        self.day += timedelta(days=1)

    @invariant()
    def only_what_is_covered_now(self):
        for act in ("see", "prepare", "submit"):
            for matter in ("a", "b"):
                expected = any(
                    one["open"] and act in one["acts"] and (one["matters"] is None or matter in one["matters"])
                    and self.day <= one["until"]
                    for one in self.model
                )  # fmt: skip
                assert queries.may_act_for(self.son, self.mother.person, self.day, matter, act) is expected


def test_any_order_of_acts_leaves_nothing_open_that_no_mandate_covers():
    run_state_machine_as_test(
        Acting, settings=hypothesis_settings(max_examples=10, stateful_step_count=12, deadline=None, derandomize=True)
    )
