"""Officers who edit the catalogue, and a guide complete enough to be published."""

import datetime

from tests import make
from tongban.departments.models import Department, Officer
from tongban.matters.editing import drafting
from tongban.matters.models import Matter, MatterVersion, Theme

TODAY = datetime.date(2026, 6, 1)
WHY = {"zh": "费用变更", "en": "The fee changes"}
BOTH = {"zh": "说明", "en": "Words"}
FORM = [
    {**field, "labels": {option: {"zh": option, "en": option} for option in field.get("options", ())}}
    for field in make.SMALL_FORM
]


def editor(of: Department | None = None) -> Officer:
    return make.officer("content_editor", of=of)


def manager(of: Department | None = None) -> Officer:
    return make.officer("catalogue_manager", of=of)


def matter(slug: str | None = None, **given) -> Matter:
    """A published matter without anything that would stop its publication."""
    theme, _made = Theme.objects.get_or_create(slug="residence", defaults={"name": {"zh": "居住", "en": "Living"}})
    elements = {
        "conditions": BOTH, "legal_basis": [BOTH], "steps": [{"id": "apply", "name": BOTH, "who": BOTH, "limit": BOTH}],
        "contacts": [{"kind": "advice", "name": BOTH, "phone": "021-00000000"}], "rights": BOTH,
        "appeal": [{"kind": "litigation", "name": BOTH, "limit": BOTH, "body": BOTH, "text": BOTH}],
        "result": {"kind": "document", "ref": "", "name": BOTH}, "fee": {"charged": False, "amount": 0, "cases": [], "text": BOTH},
        "form": FORM, "places": [{"name": BOTH, "address": BOTH, "hours": BOTH, "ways": ["window"]}],
    }  # fmt: skip
    row = make.matter(slug, **(elements | given))
    row.versions.get().themes.set([theme])
    return row


def draft(of: Matter | None = None, *, by: Officer | None = None, **changes) -> MatterVersion:
    """An open draft with these changes saved."""
    by = by or editor()
    version = drafting.take_up(of or matter(), officer=by)
    if changes:
        drafting.save(version, "fee", changes, seen=0, officer=by)
    return fresh(version)


def in_check(of: Matter | None = None, *, by: Officer | None = None, **changes) -> MatterVersion:
    by = by or editor()
    version = draft(of, by=by, **(changes or {"promised_days": 4}))
    return drafting.submit(version, why=WHY, officer=by)


def fresh(version: MatterVersion) -> MatterVersion:
    return MatterVersion.objects.select_related("matter__department").get(pk=version.pk)
