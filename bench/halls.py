"""Halls of a city: what is near, the nearest open one, the list's page, coverage of a district and the import, over 1,500 halls.

    python bench/halls.py [halls [asks]]                                  1,500 halls, 300 asks
    python tools/with_postgres.py python bench/halls.py 1500 300          the same on PostgreSQL

Wanted: what is near is a range of an index and one statement, whatever stands in the city. Peer of the same run: reading every hall and
measuring each, which is what a page does that has no index to ask. CPU microseconds of this process, the median of the asks.
"""

import contextlib
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime

from measuring import ROOT, a_district, table

CITY = (31.23, 121.47)


def main(count: int, asks: int) -> None:
    with a_house() as vendor:
        from django.db import connection
        from django.test.utils import CaptureQueriesContext
        from django.utils import timezone

        from tongban.halls import circle, queries_places
        from tongban.halls.circle import Point
        from tongban.halls.models import Hall
        from tongban.halls.services import importing
        from tongban.places.models import Division

        content = json.dumps({"halls": rows(count)}).encode()  # JSON is YAML, too
        began = time.process_time()
        importing.take(content, "city.yaml")
        imported = time.process_time() - began
        chance = random.Random(1)
        points = [Point(CITY[0] + chance.gauss(0, 0.08), CITY[1] + chance.gauss(0, 0.08)) for _ in range(asks)]
        now = timezone.make_aware(datetime(2026, 11, 25, 10))  # a Wednesday

        def every_hall(at: Point) -> list:
            found = [(circle.metres(at, Point(one.lat, one.lng)), one) for one in Hall.objects.filter(active=True)]
            return sorted((far, one.code) for far, one in found if far <= circle.REACH)

        def measured(act: Callable[[Point], object]) -> tuple[float, int]:
            act(points[0])
            spent = []
            with CaptureQueriesContext(connection) as asked:
                act(points[1])
            for at in points:
                began = time.process_time()
                act(at)
                spent.append(time.process_time() - began)
            return statistics.median(spent) * 1e6, len(asked)

        district = Division.objects.get(code="310107")
        acts: dict[str, Callable[[Point], object]] = {
            "what a walk of 15 minutes reaches": queries_places.near,
            "peer: every hall read and measured": every_hall,
            "nearest open hall": lambda at: queries_places.nearest_open(at, now),
            "first page of the list": lambda at: list(queries_places.halls()[: queries_places.PAGE]),
            "a word of a name in the list": lambda at: list(queries_places.halls(words="999")[: queries_places.PAGE]),
            "coverage of a district, 20 grids": lambda at: queries_places.coverage(district),
        }
        found = {name: measured(act) for name, act in acts.items()}
        assert [one.hall.code for one in queries_places.near(points[0])] == [
            code for _far, code in every_hall(points[0])
        ]
        peer = found["peer: every hall read and measured"][0]
        table(
            f"{vendor}: {Hall.objects.count():,} halls, import {imported:.1f} s CPU",
            ["", "CPU us", "statements", "of the peer"],
            [[name, f"{spent:,.0f}", asked, f"{spent / peer:.2f}"] for name, (spent, asked) in found.items()],
        )


def rows(count: int) -> list[dict]:
    """Dense in the middle and thin outside, one in six above the villages."""
    chance = random.Random(7)
    made = []
    for place in range(count):
        level = "district" if place < 16 else "subdistrict" if place < 240 else "village"
        made.append(
            {
                "id": f"bench-{place}",
                "zh": f"测量大厅{place}",
                "en": f"Bench hall {place}",
                "level": level,
                "division": "310107",
                "address": {"zh": f"测量路{place}号", "en": f"{place} Bench Road"},
                "lat": CITY[0] + chance.gauss(0, 0.12),
                "lng": CITY[1] + chance.gauss(0, 0.14),
                "hours": {"workdays": ["09:00-17:00"]},
                "windows": [{"kind": "general", "count": 1 if level == "village" else 8}],
            }  # fmt: skip
        )
    return made


@contextlib.contextmanager
def a_house() -> Iterator[str]:
    """The district in a folder of its own, or, with DATABASE_URL, its content in that database."""
    if not os.environ.get("DATABASE_URL"):
        with a_district():
            yield "SQLite"
        return
    os.environ |= {"DJANGO_SETTINGS_MODULE": "tongban.site.settings", "TONGBAN_DEMO": "1"}
    subprocess.run([sys.executable, "-m", "tongban", "prepare"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    import django

    django.setup()
    yield "PostgreSQL"


if __name__ == "__main__":
    main(*(int(word) for word in (*sys.argv[1:3], *("1500", "300")[len(sys.argv) - 1 :])))
