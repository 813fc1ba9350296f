from collections.abc import Iterable

from django.db import transaction

from tongban.places.models import Division


@transaction.atomic
def load_divisions(rows: Iterable[dict]) -> int:
    """Take in rows of demo/divisions.yaml (code, level, zh, en, parent, lat, lng), parents first or not. Twice changes nothing."""
    rows = sorted(rows, key=lambda row: len(row["code"]) * 10 + (row["parent"] is not None))
    by_code: dict[str, Division] = {}
    for row in rows:
        by_code[row["code"]], _ = Division.objects.update_or_create(
            code=row["code"],
            defaults={
                "level": row["level"],
                "name": {"zh": row["zh"], "en": row["en"]},
                "lat": row.get("lat"),
                "lng": row.get("lng"),
            },
        )
    for row in rows:
        if row["parent"]:
            Division.objects.filter(code=row["code"]).update(parent=by_code[row["parent"]])
    return len(rows)
