"""Several officers and several windows at one moment: one version of a list in force, one row for one pass."""

import contextlib
import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from tests import make
from tests.codes import health_passes as issuer
from tests.many_hands.hands import problems, together
from tongban.codes.models import KeptPass, KnownTest, TrustList
from tongban.codes.services import passes
from tongban.journal.models import Event

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

NOW = timezone.now().replace(microsecond=0)


@pytest.fixture(autouse=True)
def at_that_time():
    """However late in a run: what is done by the clock and what is asked at NOW are of the same minute."""
    with time_machine.travel(NOW, tick=True):
        yield


def load(**more) -> TrustList:
    der = issuer.certificate(begins=NOW - timedelta(days=9), ends=NOW + timedelta(days=9))
    return passes.load_signers("health-pass", der, origin="tests", officer=None, **more)


def both_at_once() -> tuple[list, list[str]]:
    passes.trust_signers(load(), officer=None)
    versions = [load(), load()]
    answers = together(*(lambda row=row: passes.trust_signers(row, officer=None) for row in versions))
    return answers, sorted(TrustList.objects.values_list("state", flat=True))


def test_two_who_put_two_versions_in_force_at_once_do_it_one_after_the_other():
    answers, states = both_at_once()

    assert (problems(answers), states) == ([], ["in_force", "replaced", "replaced"])


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite lets one write at a time, whoever waits for whom")
def test_negative_control_without_waiting_one_of_them_finds_the_old_version_gone(monkeypatch):
    meet, truly = threading.Barrier(2), passes.make

    def both_have_looked(row, move, **more):
        if move is passes.REPLACE_SIGNERS:  # the first version of all replaces none
            with contextlib.suppress(threading.BrokenBarrierError):
                meet.wait(20)
        return truly(row, move, **more)

    monkeypatch.setattr(passes, "hold_versions", lambda name: None)
    monkeypatch.setattr(passes, "make", both_have_looked)
    answers, states = both_at_once()

    assert len(problems(answers)) == 1
    assert states.count("in_force") == 1


def test_many_who_put_one_version_in_force_do_it_once():
    row = load()

    answers = together(
        *(lambda: passes.trust_signers(TrustList.objects.get(pk=row.pk), officer=None) for _hand in range(5))
    )

    assert len(problems(answers)) == 4
    assert Event.objects.filter(kind="SignersTrusted").count() == 1


def test_the_same_pass_from_many_windows_is_kept_once():
    row = passes.trust_signers(load(), officer=None)
    der = bytes(row.certificates.get().certificate)
    account = make.account(make.person())
    text = issuer.pass_of(
        "t",
        der=der,
        iat=NOW - timedelta(hours=2),
        exp=NOW + timedelta(days=9),
        sc=(NOW - timedelta(hours=3)).isoformat(),
    )

    answers = together(*(lambda: passes.keep(text, person=account.person, account=account).pk for _window in range(6)))

    assert problems(answers) == []
    assert len(set(answers)) == 1
    assert (KeptPass.objects.count(), KnownTest.objects.count()) == (1, 1)
