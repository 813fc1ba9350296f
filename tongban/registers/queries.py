from django.db.models import QuerySet

from tongban.parties.models import Party
from tongban.registers.models import Call, Grant, Resource


def resources() -> QuerySet[Resource]:
    return Resource.objects.all()


def grants_of(matter: str) -> QuerySet[Grant]:
    """What a matter may read, where and on which ground: the guide shows it."""
    return Grant.objects.select_related("resource").filter(matter=matter).order_by("resource__slug", "purpose")


def calls_of(party: Party) -> QuerySet[Call]:
    """Every reading about this party, newest first: the person's own page shows it."""
    return Call.objects.select_related("resource").filter(of_party=party).order_by("-id")


def calls_about(about: str) -> QuerySet[Call]:
    return Call.objects.select_related("resource").filter(about=about).order_by("-id")
