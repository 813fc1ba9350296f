from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from tongban.journal.models import Event, Heartbeat, Job, ReadEntry, Topic


def topic_versions(names: list[str]) -> dict[str, int]:
    """The counters of these topics; a topic nobody touched yet stands at 0."""
    found = dict(Topic.objects.filter(name__in=names).values_list("name", "version"))
    return {name: found.get(name, 0) for name in names}


def history(subject: str) -> QuerySet[Event]:
    return Event.objects.filter(subject=subject).order_by("id")


def reads_of(party_id: int) -> QuerySet[ReadEntry]:
    """Who has read this party's data, newest first."""
    return ReadEntry.objects.filter(of_party=party_id).order_by("-id")


def parked_jobs() -> QuerySet[Job]:
    return Job.objects.filter(state=Job.PARKED).order_by("-id")


def is_alive(part: str, within: timedelta = timedelta(seconds=15)) -> bool:
    return Heartbeat.objects.filter(part=part, at__gte=timezone.now() - within).exists()
