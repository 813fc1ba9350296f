"""Parents act for minors until midnight before the 18th birthday; guardians after a person has seen the judgment."""

from datetime import date, datetime

import pytest
import time_machine
from django.utils import timezone

from tests import make
from tongban.journal.actors import Actor
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties import families, queries, rules, services
from tongban.parties.families import Child
from tongban.parties.models import Kinship

pytestmark = pytest.mark.django_db

CHILD = Child(id_kind="id-card", id_no="990000201805010223", name="李小满", birth_date=date(2018, 5, 1), sex="F")


def may(account, party, act=None):
    return queries.may_act_for(account, party, timezone.localdate(), "any", act)


def parent_of(child=CHILD):
    account = make.account()
    [bond] = families.record_children(account.person, [child], account=account, now=timezone.now())
    return account, bond


@pytest.mark.parametrize(
    ("born", "grown"),
    [
        (date(2008, 5, 1), date(2026, 5, 1)),
        (date(2008, 2, 29), date(2026, 2, 28)),  # a year without that day: the last of the month (Civil Code, art. 202)
        (date(2008, 2, 28), date(2026, 2, 28)),
        (date(2008, 12, 31), date(2026, 12, 31)),
    ],
)
def test_the_day_somebody_comes_of_age(born, grown):
    assert rules.comes_of_age(born) == grown
    assert rules.is_minor(born, date.fromordinal(grown.toordinal() - 1))
    assert not rules.is_minor(born, grown)


def test_a_parent_acts_until_midnight_in_shanghai_and_both_are_told():
    account, bond = parent_of()
    zone = timezone.get_default_timezone()
    before, after = datetime(2036, 4, 30, 23, 59, 59, tzinfo=zone), datetime(2036, 5, 1, 0, 0, 0, tzinfo=zone)
    assert may(account, bond.person, "submit")

    with time_machine.travel(before, tick=False):
        assert may(account, bond.person, "submit")
        assert families.end_what_is_over() == 0
    with time_machine.travel(after, tick=False):
        assert not may(account, bond.person)  # before any duty has run
        assert families.end_what_is_over() == 1

    bond.refresh_from_db()
    assert (bond.state, bond.ended_why) == ("ended", "grown_up")


def test_two_parents_act_each_for_themselves_and_a_grown_child_is_nobodys():
    first, bond = parent_of()
    second = make.account()
    families.record_children(second.person, [CHILD], account=second, now=timezone.now())
    grown = Child(id_kind="id-card", id_no="990000199207080045", name="李示例", birth_date=date(1992, 7, 8), sex="F")

    assert families.record_children(second.person, [CHILD, grown], account=second, now=timezone.now()) != []
    assert Kinship.objects.filter(state="confirmed").count() == 2
    assert may(first, bond.person) and may(second, bond.person)
    assert {account.pk for account in queries.accounts_for(bond.person, timezone.localdate())} == {first.pk, second.pk}


def test_a_child_the_register_names_no_more_is_not_acted_for_any_more():
    account, bond = parent_of()

    families.record_children(account.person, [], account=account, now=timezone.now())

    assert not may(account, bond.person)


def guardian():
    ward = make.account(
        services.record_person(
            id_kind="id_card",
            id_no="990000195503120031",
            name="张示范",
            birth_date=date(1955, 3, 12),
            sex="M",
            nationality="CN",
        )
    )
    account = make.account()
    bond = families.claim(
        account.person, id_kind="id-card", id_no="990000195503120031", name="张示范", court="示范区人民法院", judgment="(2026)1号",
        account=account,
    )  # fmt: skip
    return account, ward, bond


def officer_acts(*roles, person=None):
    officer = make.officer(*roles)  # whoever sits there may have an account of their own: `person` is who they are
    return {"actor": Actor("officer", roles[0], officer.account_id, None, "DSO"), "officer_person": person}


def test_a_guardian_acts_only_after_an_officer_has_seen_the_judgment_and_never_the_own_family():
    account, ward, bond = guardian()
    assert not may(account, ward.person)

    with pytest.raises(NotAllowed) as own:
        families.decide(bond, confirmed=True, reason="seen", **officer_acts("window_officer", person=account.person))
    with pytest.raises(Invalid):
        families.decide(bond, confirmed=True, reason=" ", **officer_acts("window_officer"))
    families.decide(bond, confirmed=True, reason="判决书原件已核对", **officer_acts("window_officer"))

    assert own.value.code == "own-matter"
    assert may(account, ward.person, "submit")


def test_an_objection_stops_the_guardian_at_once_and_only_the_ward_objects():
    account, ward, bond = guardian()
    families.decide(bond, confirmed=True, reason="seen", **officer_acts("coordinator"))
    with pytest.raises(NotAllowed):
        families.object_to(bond, account=account)

    families.object_to(bond, account=ward)

    assert not may(account, ward.person)
    assert [row.pk for row in queries.claims_waiting()] == [bond.pk]
    families.decide(bond, confirmed=False, reason="court says no", **officer_acts("coordinator"))
    assert not may(account, ward.person)


def test_a_claim_says_nothing_about_who_is_here():
    account = make.account()

    answer = families.claim(
        account.person,
        id_kind="id-card",
        id_no="99000019961120007X",
        name="王演练",
        court="c",
        judgment="1",
        account=account,
    )

    assert answer is None and not Kinship.objects.exists()


def test_nobody_acts_for_the_dead():
    account, bond = parent_of()

    families.note_death(bond.person, on=date(2026, 6, 1), **officer_acts("coordinator"))

    assert not may(account, bond.person)
    bond.refresh_from_db()
    assert (bond.state, bond.ended_why) == ("ended", "died")
