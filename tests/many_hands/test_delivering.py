"""Two windows, a window and a courier, a citizen and an officer at the same moment: a result is handed over once."""

import threading

import pytest

from tests import make
from tests.cases.test_delivering import HOME, granted, hand, package, say
from tests.many_hands.hands import problems, together
from tongban.cases.models import Collection, Delivery, DeliveryItem, TrackingEvent
from tongban.cases.services import delivering
from tongban.journal.models import Event
from tongban.lib.problems import NotAllowed
from tongban.licences.models import Licence

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HANDS = 4


def officers(number: int) -> list:
    return [make.officer("issuing_officer", of=make.department("DSO")) for _one in range(number)]


def test_two_windows_hand_the_same_package_over_once():
    windows = officers(HANDS)
    row = delivering.lay_out(package(granted()), officer=windows[0])
    items = [row.items.get().pk]

    answers = together(*[lambda one=one: hand(package(row.case), one, items=items) for one in windows])

    assert sorted(one.code for one in problems(answers)) == ["handed-over-already"] * (HANDS - 1)
    assert (Collection.objects.count(), package(row.case).state) == (1, "handed_over")
    assert row.case.documents.filter(kind="delivery_proof").count() == 1


def test_control_without_the_condition_of_the_row_it_is_handed_over_more_than_once(monkeypatch):
    """Each looks first, as a form does, and then writes without asking the row: both have handed it over."""
    windows = officers(2)
    row = delivering.lay_out(package(granted()), officer=windows[0])
    item = row.items.get()
    looked = threading.Barrier(len(windows))

    def careless(officer):
        found = DeliveryItem.objects.get(pk=item.pk)
        assert found.taken_at is None
        looked.wait(10)
        return Collection.objects.create(
            party_id=row.party_id, officer=officer, taker_as="own", name="x", id_kind="id_card", id_end="1", signed="paper",
            kept="x", content="x",
        )  # fmt: skip

    answers = together(*[lambda one=one: careless(one) for one in windows])

    assert (problems(answers), Collection.objects.count()) == ([], 2)


def test_the_couriers_word_and_the_window_at_once_hand_it_over_once():
    windows = officers(2)
    case = granted(of=make.matter(express=True))
    delivering.choose(case, account=case.account, way="post", address=HOME)
    row = delivering.post(package(case), officer=windows[0])
    items = [row.items.get().pk]

    def at_the_window():
        delivering.come_back(package(case), officer=windows[1])
        return hand(package(case), windows[1], items=items)

    answers = together(
        at_the_window, *[lambda: say(row, "delivered", "9") for _notice in range(3)]
    )  # fmt: skip

    row = package(case)
    assert row.state == "handed_over"
    assert all(isinstance(one, NotAllowed) for one in problems(answers))
    by_hand = Collection.objects.count()
    assert (TrackingEvent.objects.count(), answers[1:].count(True)) == (1, 1)
    assert case.documents.filter(kind="delivery_proof").count() == 1
    assert by_hand == (0 if isinstance(answers[0], NotAllowed) else 1)
    assert row.items.get().taken_at is not None


def test_prepared_by_two_officers_and_changed_by_the_applicant_it_stands_in_one_place():
    windows = officers(2)
    case = granted()

    together(
        *[lambda one=one: delivering.lay_out(package(case), officer=one) for one in windows],
        lambda: delivering.choose(case, account=case.account, way="e_licence"),
    )

    case.refresh_from_db()
    row = Delivery.objects.get(case=case)
    assert (row.state, case.delivery) in {("waiting", "pickup"), ("dropped", "e_licence")}
    assert case.state in {"ready", "issuing"}


def test_two_workers_sweep_up_what_counts_no_more_once():
    kind = make.licence_type()
    case = granted(of=make.matter(result={"kind": "e_licence", "ref": kind.slug}))
    row = delivering.lay_out(package(case), officer=officers(1)[0])
    Licence.objects.filter(pk=row.items.get().licence_id).update(state="revoked")

    answers = together(*[delivering.sweep_up] * HANDS)

    moved = Event.objects.filter(kind="PackageMoved", subject=case.subject, payload__state="dropped")
    assert (problems(answers), package(case).state, moved.count()) == ([], "dropped", 1)
