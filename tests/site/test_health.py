from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from tongban.journal import services as journal
from tongban.journal.models import Heartbeat, Job
from tongban.site import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_other_parts(monkeypatch):
    monkeypatch.setattr(health, "PARTS", {})


def test_all_is_well_when_every_part_has_shown_itself():
    journal.beat("worker")

    answer = Client().get("/healthz")

    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "well", "parts": {"web": "well", "database": "well", "worker": "well"}},
    )


def test_a_silent_worker_a_lost_database_and_a_stuck_part_are_named(monkeypatch):
    journal.beat("worker")
    Heartbeat.objects.update(at=timezone.now() - timedelta(seconds=100))
    assert health.report()["worker"] == "silent for 100 seconds"

    Heartbeat.objects.all().delete()
    assert health.report()["worker"] == "has not shown itself yet"

    monkeypatch.setitem(health.PARTS, "pages", lambda: "every thread is stuck")
    monkeypatch.setattr(health.connection, "ensure_connection", lambda: (_ for _ in ()).throw(OperationalError("gone")))
    answer = Client().get("/healthz")
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["parts"]["pages"] == "every thread is stuck"
    assert "gone" not in answer.content.decode()


def test_metrics_are_for_this_machine_only(settings):
    journal.beat("worker")
    journal.enqueue("nothing", run_at=timezone.now() - timedelta(minutes=5))

    there, elsewhere = Client().get("/metrics"), Client(REMOTE_ADDR="192.0.2.7").get("/metrics")

    assert elsewhere.status_code == 403
    assert there.status_code == 200
    figures = dict(line.rsplit(" ", 1) for line in there.content.decode().splitlines() if not line.startswith("#"))
    assert figures['tongban_part_well{part="worker"}'] == "1.0"
    assert figures['tongban_jobs{state="waiting"}'] == "1.0"
    assert 300 <= float(figures["tongban_oldest_due_job_seconds"]) < 360
    assert Job.objects.count() == 1
