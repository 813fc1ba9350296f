"""Search of the catalogue: how much of what people mean is found, how quickly, and in how much memory.

    python bench/search.py [rounds]

At 1,269 entries (119 matters and 15 bundles of the demonstration, 1,135 real ones) and at 10,000 (the same in other districts,
see tests/matters/questions.py), beside SQLite's FTS5 with Chinese bigrams in the same run: porter stemming, prefixes, names
ten times as heavy as the rest, AND then OR; that is what a product gets without a spelling step, sounds and everyday words.
Recall is the share of what was meant among the first 20. `first` is the first time a question is asked, `again` the later
rounds. Times are of the computing thread; each engine runs in a process of its own, so that memory is its own.

Everyday words were measured once before the table of synonyms was completed: 0.85 at 1,269 entries. `unseen` are everyday
questions written after that, from which the table has not been completed.
"""

import json
import re
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.matters.questions import KINDS, catalogue, enlarged, questions, recall, themes, unseen, wanted_ids
from tongban.matters.search import Index
from tongban.matters.spelling import normal

SIZES = (1269, 10_000)
OTHER_SEEDS = (101, 202, 303, 404, 505)


def memory() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def ours(entries):
    index = Index.build(entries, themes())
    return lambda q: [hit.entry.id for hit in index.search(q, limit=20).items]


def fts5(entries):
    """The recipe of the laboratory: Chinese runs as overlapping bigrams."""

    def parted(text: str) -> str:
        made = []
        for run in re.findall(r"[\u4e00-\u9fff]+|[^\u4e00-\u9fff]+", normal(text)):
            if "\u4e00" <= run[0] <= "\u9fff":
                made.append(" ".join(run[i : i + 2] for i in range(max(1, len(run) - 1))))
            else:
                made.append(re.sub(r"[^a-z0-9]+", " ", run))
        return " ".join(made)

    base = sqlite3.connect(":memory:", isolation_level=None)
    base.execute(
        "create virtual table f using fts5(zh, en, near, text, code, tokenize='porter unicode61', prefix='2 3 4')"
    )
    base.executemany(
        "insert into f(rowid, zh, en, near, text, code) values (?,?,?,?,?,?)",
        [
            (
                number,
                parted(entry.zh),
                entry.en,
                parted(" ".join([*entry.aliases, entry.department_zh, entry.department_en])),
                parted(entry.text),
                entry.code,
            )
            for number, entry in enumerate(entries)
        ],
    )
    base.execute("insert into f(f) values ('optimize')")

    def ask(q: str) -> list[str]:
        words = parted(q).split()
        quoted = ['"' + word + '"' + ("" if "\u4e00" <= word[0] <= "\u9fff" else "*") for word in words]
        for joined in (" AND ", " OR "):
            rows = base.execute(
                "select rowid from f where f match ? order by bm25(f, 10, 10, 2, 1, 10) limit 20",
                (joined.join(quoted),),
            ).fetchall()
            if rows:
                return [entries[row[0]].id for row in rows]
        return []

    return ask


ENGINES = {"tongban": ours, "FTS5 bigrams": fts5}


def measured(engine: str, size: int, rounds: int) -> dict:
    base = catalogue()
    entries = enlarged(base, size) if size > len(base) else base
    names, asked = wanted_ids(base), questions()
    others = [one for seed in OTHER_SEEDS for one in questions(seed) if one.kind == "slips"]
    Index.build(base[:50], themes())  # the tables that any index needs are not counted as its memory
    before, began = memory(), time.thread_time()
    ask = ENGINES[engine](entries)
    built, held = time.thread_time() - began, memory() - before
    found: dict[str, list[float]] = defaultdict(list)
    first, again = [], []
    for number in range(rounds):
        for question in asked:
            start = time.thread_time()
            answer = ask(question.q)
            (again if number else first).append((time.thread_time() - start) * 1000)
            if not number:
                found[question.kind].append(recall(question, answer, names))
    return {
        "recall": {kind: round(sum(found[kind]) / len(found[kind]), 3) for kind in KINDS},
        "other_slips": round(sum(recall(one, ask(one.q), names) for one in others) / len(others), 3),
        "unseen": round(sum(recall(one, ask(one.q), names) for one in unseen()) / len(unseen()), 3),
        "first": [percentile(first, 50), percentile(first, 99)],
        "again": [percentile(again or first, 50), percentile(again or first, 99)],
        "build": round(built, 2),
        "memory": round(held, 1),
        "questions": len(asked),
        "others": len(others),
    }


def percentile(times: list[float], share: int) -> float:
    ordered = sorted(times)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share / 100))], 3)


def main(rounds: int) -> None:
    print(f"{'':22}{'recall in the first 20':^55}{'ms, first':^15}{'ms, again':^15}{'build':>7}{'memory':>8}")
    heads = ("fragments", "everyday", "unseen", "sounds", "slips", "slips*")
    print(f"{'entries  engine':22}" + "".join(f"{head:>9}" for head in heads), end=" ")
    print(f"{'p50':>7}{'p99':>7} {'p50':>7}{'p99':>7}{'s':>8}{'MB':>8}")
    for size in SIZES:
        for engine in ENGINES:
            answer = subprocess.run(
                [sys.executable, __file__, "--one", engine, str(size), str(rounds)],
                capture_output=True,
                check=True,
                text=True,
            )
            row = json.loads(answer.stdout)
            print(f"{size:>7}  {engine:13}", end="")
            shares = list(row["recall"].values())
            shares = [*shares[:2], row["unseen"], *shares[2:], row["other_slips"]]
            print("".join(f"{share:9.3f}" for share in shares), end=" ")
            print(f"{row['first'][0]:7.2f}{row['first'][1]:7.2f} {row['again'][0]:7.2f}{row['again'][1]:7.2f}", end="")
            print(f"{row['build']:8.2f}{row['memory']:8.1f}", flush=True)
    print(
        f"{row['questions']} questions; slips*: {row['others']} further ones of other seeds. Wanted: recall 0.9, p50 1 ms, p99 5 ms."
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measured(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
