"""The drill for a stolen key, by many hands and with workers that die: nobody is refused, signed for twice, told twice or forgotten."""

import datetime
import threading

import pytest
from django.db import connections
from django.utils import timezone

from tests import make
from tests.many_hands.hands import problems, together
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Job
from tongban.licences import keys, services, withdrawing
from tongban.licences.models import KeyWithdrawal, Licence, Reissue
from tongban.notices.models import Message

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_seal_keys")]

TODAY = timezone.localdate()
MANY = 8


@pytest.fixture(autouse=True)
def quick_seals(monkeypatch):
    """What is drawn is not the question here; each sealing is counted and its file tells which key sealed it."""
    drawn = []

    def sealed(row, key, now):
        drawn.append((row.pk, key.key_id))
        return f"{row.identifier} {key.key_id} {len(drawn)}".encode()

    monkeypatch.setattr(services, "_sealed_pdf", sealed)
    monkeypatch.setattr(withdrawing, "SLICE", 3)
    return drawn


def issued(number: int, slug="food-licence", department="AMR", holder=None) -> Licence:
    kind = make.licence_type(slug, issuer=make.department(department), face_fields=["name"])
    return services.issue(
        kind, holder=holder or make.person(), face={"name": f"n{number}"}, decision=f"case:{slug}:{number}", issued_on=TODAY,
        valid_from=TODAY, valid_to=TODAY + datetime.timedelta(days=99), actor=PLATFORM,
    )  # fmt: skip


@pytest.fixture
def district():
    """Licences of two departments, sealed; every holder has an account."""
    mine = [issued(number, holder=make.account().person) for number in range(MANY)]
    others = [issued(number, "permit", "PSB") for number in range(3)]
    while journal.work_once():
        pass
    return mine, others


def work() -> None:
    while journal.work_once():
        pass


def told() -> list[int]:
    return sorted(Message.objects.filter(kind="licence_signed_anew").values_list("account", flat=True))


def everything_is_good(mine, others, stolen: str) -> None:
    rows = Licence.objects.filter(pk__in=[row.pk for row in mine])
    assert stolen not in set(rows.values_list("key_id", flat=True))
    assert {services.verify(row.token, channel="test").status for row in mine} == {"valid"}
    assert Reissue.objects.count() == len(mine)
    assert len(told()) == len(set(told())) == len(mine)
    for row in rows:  # the document is sealed with the key of the statement
        assert row.key_id.encode() in services.open_pdf(row)
    for row in others:
        fresh = Licence.objects.get(pk=row.pk)
        assert (fresh.key_id, fresh.statement) == (row.key_id, row.statement)
        assert services.verify(row.token, channel="test").status == "valid"


def test_several_workers_make_it_good_once_and_other_departments_do_not_notice(district):
    mine, others = district
    stolen = mine[0].key_id

    withdrawing.by_operator(stolen, why="stolen")
    assert {services.verify(row.token, channel="test").reason for row in mine} == {"key_withdrawn"}
    assert {services.verify(row.token, channel="test").status for row in others} == {"valid"}
    answers = together(*[work] * 4)
    work()

    assert problems(answers) == []
    everything_is_good(mine, others, stolen)
    row = KeyWithdrawal.objects.get()
    assert row.state == "done"
    assert withdrawing.progress(row) == {"of": MANY, "signed": MANY, "sealed": MANY, "left": 0}


def test_a_worker_that_dies_in_the_middle_of_a_slice_is_continued_by_the_next(district, monkeypatch):
    mine, others = district
    stolen = mine[0].key_id
    row = withdrawing.by_operator(stolen, why="stolen")
    anew, before = withdrawing._sign_anew, []

    def dies(withdrawal, licence, now):
        if len(before) in (2, 5):
            before.append(None)
            raise KeyboardInterrupt
        before.append(licence.pk)
        return anew(withdrawal, licence, now)

    monkeypatch.setattr(withdrawing, "_sign_anew", dies)
    for turn in range(2):
        with pytest.raises(KeyboardInterrupt):
            withdrawing.reissue(row.pk, turn=turn)
            withdrawing.reissue(row.pk, turn=turn)
    assert 0 < Reissue.objects.count() < MANY
    assert Licence.objects.filter(key_id=stolen).count() == MANY - Reissue.objects.count()

    work()

    everything_is_good(mine, others, stolen)


def test_a_worker_that_dies_between_signing_and_telling_leaves_nothing_of_that_licence(district, monkeypatch):
    mine, others = district
    row = withdrawing.by_operator(mine[0].key_id, why="stolen")

    def dies(*_given, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(withdrawing.notices, "tell", dies)
        with pytest.raises(KeyboardInterrupt):
            withdrawing.reissue(row.pk)
    assert (Reissue.objects.count(), told()) == (0, [])
    assert Licence.objects.filter(key_id=mine[0].key_id).count() == MANY

    work()
    everything_is_good(mine, others, mine[0].key_id)


def test_control_without_asking_the_row_two_workers_would_sign_twice_and_the_constraint_refuses_it(district):
    """What stands behind the condition of the UPDATE: one reissue for each licence and withdrawal."""
    mine, _others = district
    row = withdrawing.by_operator(mine[0].key_id, why="stolen")
    work()

    with pytest.raises(Exception, match="(?i)unique"):
        Reissue.objects.create(withdrawal=row, licence=mine[0], key_id="x")


def test_a_licence_that_commits_in_the_moment_of_the_withdrawal_is_found_by_the_duty(district):
    mine, others = district
    stolen = mine[0].key_id
    late = issued(99)
    kept = (late.key_id, late.statement)
    withdrawing.by_operator(stolen, why="stolen")
    work()
    Licence.objects.filter(pk=late.pk).update(key_id=kept[0], statement=kept[1])  # as if its act committed only now
    Reissue.objects.filter(licence=late).delete()
    assert services.verify(late.token, channel="test").reason == "key_withdrawn"

    assert withdrawing.look_for_stragglers() == 1
    work()

    assert services.verify(late.token, channel="test").status == "valid"
    assert KeyWithdrawal.objects.get().state == "done"
    assert withdrawing.look_for_stragglers() == 0


def test_a_first_seal_that_is_drawn_while_its_key_is_withdrawn_does_not_bring_the_old_signature_back(monkeypatch):
    row = issued(1, holder=make.account().person)
    stolen, seal = row.key_id, services._sealed_pdf

    def slowly(licence, key, now):
        if key.key_id == stolen:  # in the middle of the drawing the key is withdrawn and the licence signed anew
            withdrawing.by_operator(stolen, why="stolen")
            withdrawing.reissue(KeyWithdrawal.objects.get().pk)
        return seal(licence, key, now)

    monkeypatch.setattr(services, "_sealed_pdf", slowly)
    services.put_seal(licence=row.pk)
    work()

    fresh = Licence.objects.get(pk=row.pk)
    assert fresh.key_id != stolen and fresh.sealed_at is not None
    assert fresh.key_id.encode() in services.open_pdf(fresh)
    assert services.verify(row.token, channel="test").status == "valid"


def test_two_officers_who_confirm_at_once_withdraw_it_once(district):
    mine, _others = district
    asked = withdrawing.ask(mine[0].key_id, why="x", officer=make.officer("dept_approver", of=make.department("AMR")))
    officers = [make.officer("coordinator", of=make.department("DSO")) for _each in range(3)]

    answers = together(
        *[
            lambda officer=officer: withdrawing.confirm(KeyWithdrawal.objects.get(pk=asked.pk), officer=officer)
            for officer in officers
        ]
    )

    assert len(problems(answers)) == 2
    assert Job.objects.filter(kind=withdrawing.REISSUE).count() == 1


def test_keys_are_changed_while_many_hands_issue_and_verify_and_nobody_is_refused():
    """Rotation under load: each department's key is replaced again and again; every licence verifies, from the first to the last."""
    stop, rotations = threading.Event(), []
    issued(0)
    numbers = iter(range(1, 1000))

    def rotate():
        while not stop.is_set():
            keys.create(services.key_directory(), "AMR", "food-licence", now=timezone.now())
            rotations.append(1)
        connections.close_all()

    def act():
        for _each in range(6):
            row = issued(next(numbers))
            assert services.verify(row.token, channel="test").status == "valid"
            first = Licence.objects.order_by("pk").first()
            assert services.verify(first.token, channel="test").status == "valid"

    thread = threading.Thread(target=rotate)
    thread.start()
    try:
        answers = together(*[act] * 3)
    finally:
        stop.set()
        thread.join()

    assert problems(answers) == []
    assert len(rotations) > 5
    assert Licence.objects.count() == 19
    assert len(set(Licence.objects.values_list("key_id", flat=True))) > 1
    assert {services.verify(row.token, channel="test").status for row in Licence.objects.all()} == {"valid"}
