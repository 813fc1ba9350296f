"""Is everything well? Asked by supervisors, load balancers and people."""

import os
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from tongban.journal.models import Heartbeat, Job

# Parts of this process that report for themselves: name -> function that returns "" when well, else what is wrong.
PARTS: dict = {}


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return ""


def _worker() -> str:
    beat = Heartbeat.objects.filter(part__startswith="worker").order_by("-at").values_list("at", flat=True).first()
    if beat is None:
        return "has not shown itself yet"
    silent = timezone.now() - beat
    if silent > timedelta(seconds=settings.CONFIGURATION.heartbeat_limit):
        return f"silent for {int(silent.total_seconds())} seconds"
    return ""


def report() -> dict[str, str]:
    """Every part with "well" or what is wrong with it."""
    answer = {"web": "well"}
    for name, look in {"database": _database, "worker": _worker, **PARTS}.items():
        try:
            answer[name] = look() or "well"
        except Exception as error:
            answer[name] = f"not well: {type(error).__name__}"
    return answer


def healthz(request):
    parts = report()
    well = all(state == "well" for state in parts.values())
    response = JsonResponse({"status": "well" if well else "not well", "parts": parts}, status=200 if well else 503)
    response.headers["Cache-Control"] = "no-store"
    if not well:
        response.headers["Retry-After"] = "5"
    return response


def metrics(request):
    """Figures of the whole product, read from the database; only for the addresses the configuration names."""
    if request.META.get("REMOTE_ADDR") not in settings.CONFIGURATION.metrics_from:
        return HttpResponse("Not for this address.\n", status=403, content_type="text/plain")
    registry = CollectorRegistry()
    state = Gauge("tongban_part_well", "1 when this part of the product is well", ["part"], registry=registry)
    parts = report()
    for name, text in parts.items():
        state.labels(name).set(text == "well")
    if parts["database"] == "well":
        jobs = Gauge("tongban_jobs", "Jobs by state", ["state"], registry=registry)
        jobs.labels(Job.WAITING).set(Job.objects.filter(state=Job.WAITING).count())
        jobs.labels(Job.PARKED).set(Job.objects.filter(state=Job.PARKED).count())
        oldest = (
            Job.objects.filter(state=Job.WAITING, run_at__lte=timezone.now())
            .order_by("run_at")
            .values_list("run_at", flat=True)
            .first()
        )
        late = Gauge(
            "tongban_oldest_due_job_seconds", "How long the oldest due job has been waiting", registry=registry
        )
        late.set((timezone.now() - oldest).total_seconds() if oldest else 0)
    disk = os.statvfs(settings.TONGBAN_VAR)
    free = Gauge("tongban_disk_free_ratio", "Free share of the disk that holds the var directory", registry=registry)
    free.set(disk.f_bavail / max(disk.f_blocks, 1))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
