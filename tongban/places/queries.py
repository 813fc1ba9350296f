from django.db.models import QuerySet

from tongban.lib.composed import composed
from tongban.places.models import Division


def divisions(level: str | None = None) -> QuerySet[Division]:
    """All active divisions by code, or those of one level."""
    found = Division.objects.filter(active=True)
    return found.filter(level=level) if level else found


@composed()
def all_active():
    return Division.objects.filter(active=True)


def division(code: str) -> Division | None:
    return Division.objects.filter(code=code).first()
