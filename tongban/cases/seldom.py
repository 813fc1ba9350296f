"""What stands beside few cases: asked in one question, so that the page of a case asks further only for what is there."""

from django.db.models import BigIntegerField, Exists, OuterRef

from tongban.cases.models import Case
from tongban.lib.composed import composed

NAMES = (
    "appeals", "consultations", "deliveries", "delivery_items", "escalations", "hands", "hearings", "inspections",
    "machine_findings", "phone_notes", "posted", "public_notices", "staff_changes", "staff_notes", "tolerances",
)  # fmt: skip


def beside(case: Case) -> frozenset[str]:
    """Which of `NAMES`, relations of a case by their names, have any row of this one at this moment."""
    found = _there(case=case.pk)
    return frozenset(name for name, there in zip(NAMES, found[0], strict=True) if there) if found else frozenset()


@composed(case=BigIntegerField())
def _there(case):
    return Case.objects.filter(pk=case).values_list(*map(_any, NAMES))


def _any(name: str) -> Exists:
    relation = Case._meta.get_field(name)
    rows = relation.related_model._default_manager.filter(**{relation.field.name: OuterRef("pk")})  # type: ignore[union-attr]
    return Exists(rows)
