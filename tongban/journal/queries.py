from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import CharField, Q, QuerySet
from django.utils import timezone

from tongban.journal.models import Event, Heartbeat, Job, ReadEntry, Topic
from tongban.lib.composed import composed


def topic_versions(names: list[str]) -> dict[str, int]:
    """The counters of these topics; a topic nobody touched yet stands at 0."""
    found = dict(
        _version(name=names[0])
        if len(names) == 1
        else Topic.objects.filter(name__in=names).values_list("name", "version")
    )
    return {name: found.get(name, 0) for name in names}


@composed(name=CharField())
def _version(name):
    return Topic.objects.filter(name=name).values_list("name", "version")


def history(subject: str) -> QuerySet[Event]:
    return Event.objects.filter(subject=subject).order_by("id")


def reads_of(party_id: int, now: datetime | None = None, *, also_about: Collection[str] = ()) -> QuerySet[ReadEntry]:
    """Who has read this party's data, newest first; what a law delays is not there before its day.

    `also_about`: subjects of the time before anybody knew which party they are about, such as the check of an identity.
    """
    whose = Q(of_party=party_id)
    if also_about:
        whose |= Q(of_party=0, about__in=list(also_about))
    visible = Q(hidden_until__isnull=True) | Q(hidden_until__lte=now or timezone.now())
    return ReadEntry.objects.filter(whose & visible).order_by("-id")


def entries(keys: Collection[int]) -> dict[int, ReadEntry]:
    return ReadEntry.objects.in_bulk(list(keys))


def people_read(reader: int, since: datetime, *, apart_from: str = "") -> set[int]:
    """Whose data this account has read since then, besides what was read for one purpose."""
    rows = ReadEntry.objects.filter(reader=reader, at__gte=since, of_party__gt=0)
    if apart_from:
        rows = rows.exclude(purpose=apart_from)
    return set(rows.values_list("of_party", flat=True).distinct())


def read_since(reader: int, since: datetime, *, of_party: int) -> bool:
    return ReadEntry.objects.filter(reader=reader, at__gte=since, of_party=of_party).exists()


def read_about(reader: int, since: datetime, about: str, purpose: str) -> bool:
    return ReadEntry.objects.filter(reader=reader, at__gte=since, about=about, purpose=purpose).exists()


def reads_for(reader: int, since: datetime, purpose: str) -> int:
    """How many people's data this account took for one purpose since then."""
    return ReadEntry.objects.filter(reader=reader, at__gte=since, purpose=purpose).count()


def parked_jobs() -> QuerySet[Job]:
    return Job.objects.filter(state=Job.PARKED).order_by("-id")


def is_alive(part: str, within: timedelta = timedelta(seconds=15)) -> bool:
    return Heartbeat.objects.filter(part=part, at__gte=timezone.now() - within).exists()
