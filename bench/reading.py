"""How well documents are read by machine: kinds and values on clean scans, on askew ones and on photographs, and what it costs.

    python bench/reading.py [at most so many pages of each]     --show prints every value that was not read as it stands

The papers are drawn by tests/materials/papers.py, the same every time. A value counts as read when it equals what was printed, leaving
out spaces and punctuation. CPU is that of the child alone, without its start (1.2 s); memory is what the child takes at most, and what the
whole is back to when it has gone.
"""

import os
import sys
import time
from collections import defaultdict
from datetime import date

from measuring import ROOT, table

sys.path.insert(0, str(ROOT))
TODAY = date(2026, 11, 21)
GOALS = {"clean": 0.98, "photographed": 0.90}


def main(at_most: int, show: bool) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from tests.materials import papers
    from tongban.materials.reading.desk import Desk
    from tongban.materials.reading.understanding import understand

    desk = Desk()
    resting = _own_memory()
    pages = (page for page in papers.the_set() if at_most == 0 or int(_number(page.name)) < at_most)
    kinds, fields, cost, peak = defaultdict(list), defaultdict(list), defaultdict(list), 0
    missed = defaultdict(int)
    for page in pages:
        answer = desk.read(papers.as_file(page), mime="image/png" if page.how == "clean" else "image/jpeg")
        cost[page.how].append(answer["cpu"])
        peak = max(peak, answer["peak"])
        understood = understand([{"page": 1, **line} for line in answer["lines"]], today=TODAY)
        kinds[page.how].append(understood.kind == page.kind)
        if show and understood.kind != page.kind:
            print(f"{page.name}: kind {understood.kind!r} ({understood.confidence}) instead of {page.kind!r}")
        for name, truth in page.values.items():
            got = understood.values.get(name, {}).get("value")
            right = alike(got, truth)
            fields[page.how].append(right)
            if not right:
                missed[name] += 1
                if show:
                    print(f"{page.name}: {name} {got!r} instead of {truth!r}")
    gone = desk.child
    desk.close()
    rows = []
    for how in ("clean", "scanned", "photographed", "rough"):
        if not fields[how]:
            continue
        cpu = sorted(cost[how])
        rows.append(
            [
                how,
                len(kinds[how]),
                f"{_share(kinds[how]):.1f} %",
                len(fields[how]),
                f"{_share(fields[how]):.1f} %",
                f"{GOALS[how]:.0%}" if how in GOALS else "",
                f"{cpu[len(cpu) // 2]:.1f} / {cpu[-1]:.1f} s",
            ]
        )
    table(["pages", "number", "kind right", "values", "values right", "goal", "CPU a page, middle / most"], rows)
    poor = papers.poor_pages() if at_most == 0 else ()
    said = defaultdict(list)
    wanted = {"blurred": "blurred", "dark": "dark", "cut": "cut", "small": "too_small"}
    for page in poor:
        quality = desk.read(papers.as_file(page), mime="image/jpeg")["quality"]
        said[page.how].append(bool(quality[wanted[page.how]] or quality["empty"]))
        if show:
            print(page.name, quality)
    desk.close()
    if said:
        table(["what is wrong", "pages", "said so"], [[how, len(found), sum(found)] for how, found in said.items()])
    table(
        ["memory", "MB"],
        [["child at most", peak], ["this process before", resting], ["this process after", _own_memory()]],
    )
    print(f"The child {gone} is gone: {not os.path.exists(f'/proc/{gone}')}")


def alike(got, truth) -> bool:
    from tongban.materials.reading.words import bare

    return got is not None and bare(str(got)) == bare(str(truth))


def _share(found) -> float:
    return 100 * sum(found) / len(found)


def _number(name: str) -> str:
    digits = [part for part in name.split("-") if part.isdigit()]
    return digits[-1] if digits else "0"


def _own_memory() -> int:
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmRSS"))


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--show"]
    began = time.time()
    main(int(words[0]) if words else 0, "--show" in sys.argv)
    print(f"{time.time() - began:.0f} s on the clock")
