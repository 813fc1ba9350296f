"""A form's button looks a register up while somebody types: what was typed meanwhile stands, and two presses fill once."""

import datetime
import threading

import pytest

from tests import make
from tests.many_hands.hands import problems, together
from tests.portal.test_form_actions import EMPLOYMENT, FORM
from tongban.cases import rules, services
from tongban.cases.models import Case
from tongban.cases.services import form_actions
from tongban.registers import services as registers
from tongban.registers.gateways.authority.base import NoAnswer
from tongban.registers.gateways.authority.simulated import SimulatedAuthority

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def fresh(case: Case) -> Case:
    return Case.objects.select_related("matter", "version", "department", "applicant", "account").get(pk=case.pk)


def answer(case: Case) -> str | None:
    return rules.plain_values(fresh(case).values).get("employer")


@pytest.fixture
def case(monkeypatch) -> Case:
    """A draft begun while the register was away, so that nothing of it is filled in."""
    who = make.person(id_no="99000019961120007X", name="王演练", birth_date=datetime.date(1996, 11, 20))
    account, matter = make.account(who), make.matter(form=FORM)
    registers.load_resources([EMPLOYMENT])
    registers.load_grants(matter.slug, form=FORM, ground={"zh": "居住证暂行条例"})
    with monkeypatch.context() as away:
        away.setattr(registers, "authority", lambda: SimulatedAuthority(failing={"employment-filing": NoAnswer}))
        made = services.begin(matter, party=who, account=account)
    monkeypatch.setattr(registers, "authority", lambda: SimulatedAuthority())
    assert answer(made) is None
    return made


def press(case: Case):
    row = fresh(case)
    action = next(one for one in rules.form_of(row).actions if one.id == "again")
    return form_actions.press(row, action, account=row.account)


def typed_between(case: Case, monkeypatch) -> list[object]:
    """One hand presses; another types and saves after the register has answered and before the draft is changed."""
    asked, typed, known = threading.Event(), threading.Event(), form_actions._known

    def slowly(*given, **more):
        found = known(*given, **more)
        asked.set()
        assert typed.wait(20)
        return found

    def typing():
        try:
            assert asked.wait(20)
            row = fresh(case)
            services.save(row, {"employer": "自己写的单位"}, revision=row.revision, account=row.account)
        finally:
            typed.set()

    monkeypatch.setattr(form_actions, "_known", slowly)
    return together(lambda: press(case), typing)


def test_what_is_typed_while_the_register_answers_stands(case, monkeypatch):
    answers = typed_between(case, monkeypatch)

    assert problems(answers) == []
    assert answer(case) == "自己写的单位"
    assert "employer" in answers[0][1].differs


def test_control_without_reading_the_draft_again_it_is_overwritten(case, monkeypatch):
    monkeypatch.setattr(form_actions, "again", lambda row: row)

    assert problems(typed_between(case, monkeypatch)) == []
    assert answer(case) not in (None, "自己写的单位")


def test_two_presses_at_once_fill_once(case):
    answers = together(lambda: press(case), lambda: press(case))

    assert problems(answers) == []
    assert sorted("employer" in one[1].filled for one in answers) == [False, True]
    assert answer(case)
