"""A decision is taken back at the moment somebody stands at the locker: the door opens and that is on record, or it stays shut. Never both, never neither."""

import threading

import pytest
from django.db import transaction

from tests import make
from tests.cases import ways
from tests.cases.test_delivering import granted, package
from tests.many_hands.hands import problems, together
from tongban.cases import services
from tongban.cases.gateways import simulated
from tongban.cases.models import Case, Delivery, DeliveryItem, TwinDoor
from tongban.cases.services import delivering, packing
from tongban.journal import services as journal

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

ROUNDS = 6


@pytest.fixture
def issuing():
    return make.officer("issuing_officer", of=make.department("DSO"))


def behind_a_door(issuing) -> Delivery:
    """In the locker; the electronic result was opened, so that the decision can be taken back."""
    case = granted()
    delivering.choose(case, account=case.account, way="locker")
    row = delivering.put_in_locker(package(case), officer=issuing)
    services.open_result(Case.objects.get(pk=case.pk), account=case.account)
    journal.work_once(50)
    assert package(case).state == "in_locker"
    return row


def revoke(row: Delivery) -> None:
    """Taken back, and the worker carries out at once what follows: held back here, and blocked at the locker."""
    services.revoke(
        Case.objects.get(pk=row.case_id), officer=ways.of_department("dept_approver", row.case),
        reason="a false paper was shown here", ground="Administrative Licensing Law, article 69", heard=True,
    )  # fmt: skip
    settle()


def settle() -> None:
    while journal.work_once(50):
        pass


def stands(row: Delivery, opened: str) -> None:
    """What the door did is what the books say."""
    row.refresh_from_db()
    door = TwinDoor.objects.filter(reference=row.tracking).first()
    revoked = Case.objects.get(pk=row.case_id).state == "revoked"
    assert revoked
    if opened:
        assert (row.state, door) == ("handed_over", None)
        assert row.case.documents.filter(kind="delivery_proof").count() == 2  # of the electronic one, and of this
        assert not row.items.filter(taken_at__isnull=True).exists()
    else:
        assert (row.state, row.code) == ("in_locker", "")
        assert (
            door is not None and door.code_index == ""
        )  # shut, and given to nobody else, until an officer takes it out
        assert not row.items.filter(taken_at__isnull=False).exists()


def test_taken_back_while_somebody_types_the_code_the_door_and_the_books_say_the_same(issuing):
    for _round in range(ROUNDS):
        row = behind_a_door(issuing)

        answers = together(
            lambda row=row: revoke(row), *[lambda row=row: simulated.open_door(row.hall, row.code) for _hand in range(3)]
        )  # fmt: skip
        settle()

        assert problems(answers) == []
        opened = [door for door in answers[1:] if door]
        assert len(opened) <= 1
        stands(row, *opened or [""])
        assert simulated.open_door(row.hall, row.code or "aaaa2222") == ""


class Between:
    """The one who opens has read the row; the other writes before the first does."""

    def __init__(self, monkeypatch):
        self.read, self.blocked = threading.Event(), threading.Event()
        told = simulated.TwinDoor.objects.filter

        def filtered(*args, **said):
            if threading.current_thread().name == "opener" and "reference" in said:
                self.read.set()
                assert self.blocked.wait(10)
            return told(*args, **said)

        monkeypatch.setattr(simulated.TwinDoor.objects, "filter", filtered)


def raced(row: Delivery, monkeypatch) -> str:
    """The code was read and found right, then the locker was told to open to nobody, then the door is to open."""
    between = Between(monkeypatch)
    answers: list[str] = []

    def at_the_door():
        threading.current_thread().name = "opener"
        answers.append(simulated.open_door(row.hall, row.code))

    def locker_is_told():
        assert between.read.wait(10)
        try:
            delivering.block(row.tracking)
        finally:
            between.blocked.set()

    assert problems(together(at_the_door, locker_is_told)) == []
    return answers[0]


@pytest.fixture
def parallel(db):
    """A writer on SQLite waits for the other from its first statement on, so nobody writes between: only PostgreSQL can show it."""
    if transaction.get_connection().vendor == "sqlite":
        pytest.skip("two writers are never inside at once on SQLite")


def test_a_locker_that_was_told_to_stay_shut_stays_shut_though_the_code_was_read_before(issuing, monkeypatch, parallel):
    row = behind_a_door(issuing)

    assert raced(row, monkeypatch) == ""

    assert TwinDoor.objects.get(reference=row.tracking).code_index == ""


def test_control_a_door_that_does_not_ask_the_row_again_opens_after_it_was_told_to_stay_shut(
    issuing, monkeypatch, parallel
):
    row = behind_a_door(issuing)
    whole = simulated.TwinDoor.objects.filter

    def forgetful(*args, **said):
        if "reference" in said:
            said.pop("code_index", None)
        return whole(*args, **said)

    monkeypatch.setattr(simulated.TwinDoor.objects, "filter", forgetful)

    assert raced(row, monkeypatch) == "A01"


def invalid_while_it_is_put_away(issuing, monkeypatch) -> Delivery:
    """An officer has looked at what lies in the package and holds the errand; then the decision about its content is known to be void."""
    case = granted()
    delivering.choose(case, account=case.account, way="locker")
    row, looked, told = package(case), threading.Event(), threading.Event()
    there = delivering._it_is_there
    void = packing.no_longer_valid

    def slowly(*args, **said):
        there(*args, **said)
        looked.set()
        told.wait(1)  # the other may come to the errand meanwhile, or waits for it

    monkeypatch.setattr(delivering, "_it_is_there", slowly)

    def put_away():
        delivering.put_in_locker(row, officer=issuing)

    def not_valid_any_more():
        assert looked.wait(10)
        monkeypatch.setattr(packing, "no_longer_valid", lambda item: True)
        delivering.hold_back(DeliveryItem.objects.filter(case=case))
        told.set()

    try:
        assert problems(together(put_away, not_valid_any_more)) == []
    finally:
        monkeypatch.setattr(packing, "no_longer_valid", void)
    row.refresh_from_db()
    return row


def test_what_is_put_behind_a_door_while_it_stops_counting_is_held_back(issuing, monkeypatch):
    row = invalid_while_it_is_put_away(issuing, monkeypatch)

    assert (row.state, row.code) == ("in_locker", "")


def test_control_whoever_looks_only_at_what_lies_there_already_gives_it_out(issuing, monkeypatch):
    """The package stood as 'being prepared' to everybody else: passed over, it lay behind a door with a code that opens."""
    holding = delivering.hold_back
    monkeypatch.setattr(
        delivering, "hold_back", lambda items: holding(items.filter(delivery__state="in_locker")) if items.filter(delivery__state="in_locker").exists() else None,
    )  # fmt: skip

    row = invalid_while_it_is_put_away(issuing, monkeypatch)

    assert (row.state, bool(row.code)) == ("in_locker", True)
