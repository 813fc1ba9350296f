"""The last computer of an hour: one of many has it, and one person with many devices has one."""

import datetime

import pytest
from django.db import connection
from django.utils import timezone

from tests import make
from tests.halls.test_computers import WHO, with_computers
from tests.many_hands.hands import problems, together
from tongban.halls.models import ComputerHour
from tongban.halls.services import computers
from tongban.lib.problems import NotAllowed
from tongban.parties.models import Party

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

NOW = timezone.make_aware(datetime.datetime(2026, 10, 14, 10, 5))
HOUR = timezone.make_aware(datetime.datetime(2026, 10, 14, 14))


def want(hall, who):
    return lambda: computers.reserve(hall, HOUR, party=Party.objects.get(pk=who.pk), actor=WHO, now=NOW)


def test_of_many_who_want_the_last_two_computers_two_have_one_each():
    make.calendar()
    hall = with_computers(2)

    answers = together(*(want(hall, make.person()) for _ in range(6)))

    assert {problem.code for problem in problems(answers)} == {"no-computer-free"}
    assert len({row.machine_id for row in answers if isinstance(row, ComputerHour)}) == 2
    assert ComputerHour.objects.filter(ended_at__isnull=True).count() == 2


def test_one_person_with_many_devices_has_one_computer():
    make.calendar()
    hall, who = with_computers(3), make.person()

    answers = together(*(want(hall, who) for _device in range(5)))

    assert problems(answers) == []
    assert len({row.pk for row in answers}) == 1


def test_without_the_key_of_the_row_two_would_sit_at_one_computer():
    """The control: nothing but the constraint keeps the second hand away."""
    make.calendar()
    hall = with_computers(1)
    constraint = next(one for one in ComputerHour._meta.constraints if one.name == "one_person_at_a_computer")
    machine, first, second = hall.machines.get(kind="computer"), make.person(), make.person()

    def write(who):
        return ComputerHour.objects.create(machine=machine, begins_at=HOUR, ends_at=HOUR + computers.HOUR, party=who)

    with connection.schema_editor() as editor:
        editor.remove_constraint(ComputerHour, constraint)
    try:
        write(first)
        write(second)
        assert ComputerHour.objects.count() == 2
    finally:
        ComputerHour.objects.all().delete()
        with connection.schema_editor() as editor:
            editor.add_constraint(ComputerHour, constraint)
    write(first)
    with pytest.raises(NotAllowed):
        want(hall, second)()
