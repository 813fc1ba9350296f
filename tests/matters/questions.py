"""The catalogue and the labelled questions by which search is judged; used by the tests and by bench/search.py.

Typing errors are made from right words by one slip each, drawn from a seeded generator:
Chinese: one character is replaced by another one of the same toneless reading, drawn in proportion to nothing but
presence in the catalogue or in the 3,000 commonest characters of GB 2312 level one (an input method offers those).
Pinyin and English: in the longest word, one letter is left out, doubled into a wrong neighbour on the keyboard, swapped
with the next, or replaced by its neighbour on the keyboard; never the first letter.
"""

import dataclasses
import json
import random
from dataclasses import dataclass
from pathlib import Path

from pypinyin import Style, pinyin

from tongban.lib import yamls
from tongban.matters.search import Entry, Theme
from tongban.matters.spelling import normal

ROOT = Path(__file__).resolve().parents[2]
ITEMS = ROOT / "tests/vectors/cn-matters/guangan-district-matters.json"
KINDS = ("fragments", "everyday", "sounds", "slips")
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


@dataclass(frozen=True)
class Question:
    kind: str
    q: str
    want: tuple[str, ...]


def _yaml(name: str):
    return yamls.read(ROOT / "demo" / name)


def themes() -> list[Theme]:
    return [Theme(theme["id"], theme["zh"], theme["en"]) for theme in _yaml("matters.yaml")["themes"]]


def catalogue() -> list[Entry]:
    """119 matters, 15 bundles, 1,135 imported ones: 1,269 entries."""
    departments = {one["id"]: one for one in _yaml("departments.yaml")["departments"]}
    made = []
    for row in _yaml("matters.yaml")["matters"]:
        department = departments[row["department"]]
        made.append(
            Entry(
                id=row["id"],
                zh=row["zh"],
                en=row["en"],
                department=row["department"],
                department_zh=department["zh"],
                department_en=department["en"],
                themes=tuple(row["themes"]),
                objects=tuple(row["objects"]),
                channels=tuple(row["channels"]),
                online="online_pc" in row["channels"] and row["online_depth"] >= 2,
                kiosk="kiosk" in row["channels"],
                instant=row["handling_kind"] == "instant",
                popularity=row["popularity"],
                code=row["basic_code"],
                text=" ".join(str(part) for part in row.get("acceptance", {}).values()),
            )
        )
    for row in _yaml("bundles.yaml")["bundles"]:
        department = departments[row["lead_department"]]
        made.append(
            Entry(
                id=f"bundle-{row['id']}",
                kind="bundle",
                zh=row["zh"],
                en=row["en"],
                department=row["lead_department"],
                department_zh=department["zh"],
                department_en=department["en"],
                popularity=4,
                text=" ".join(row["trigger"].values()),
            )
        )
    for row in json.loads(ITEMS.read_text(encoding="utf-8")):
        main = row["main_item"]
        made.append(
            Entry(
                id=row["item_code"],
                zh=row["name"],
                aliases=(main,) if main != "未分类" else (),
                department=row["department"],
                department_zh=row["department"],
                code=row["item_code"],
            )
        )
    return made


_PLACES = [
    "石桥",
    "新河",
    "东沟",
    "南泉",
    "北港",
    "柳林",
    "花山",
    "凤溪",
    "龙潭",
    "太平",
    "安居",
    "永兴",
    "金沙",
    "清溪",
    "白云",
    "红旗",
    "双流",
    "三江",
]
_ENDINGS = ("镇", "乡", "街道", "开发区")


def enlarged(entries: list[Entry], size: int, seed: int = 5) -> list[Entry]:
    """The same matters in other districts: in one of two the department is another district's, in the other the name says where."""
    chance = random.Random(seed)
    made = list(entries)
    number = 0
    while len(made) < size:
        base = entries[number % len(entries)]
        place = chance.choice(_PLACES) + chance.choice(_ENDINGS)
        number += 1
        changed = {"id": f"{base.id}#{number}", "popularity": 0, "code": f"{base.code}-{number:05d}"}
        if number % 2:
            changed |= {"department": f"{place}-{base.department}", "department_zh": place + base.department_zh}
        else:
            changed |= {"zh": f"{base.zh}（{place}）", "en": f"{base.en} ({place})" if base.en else ""}
        made.append(dataclasses.replace(base, **changed))
    return made


def base_of(entry_id: str) -> str:
    return entry_id.split("#")[0]


def _neighbours(letter: str) -> str:
    for row in ROWS:
        if letter in row:
            at = row.index(letter)
            return row[max(at - 1, 0) : at] + row[at + 1 : at + 2]
    return "e"


def _letters_slip(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word))
    while True:
        kind = chance.choice(("out", "in", "swap", "beside"))
        if kind == "out":
            made = word[:at] + word[at + 1 :]
        elif kind == "in":
            made = word[:at] + chance.choice(_neighbours(word[at])) + word[at:]
        elif kind == "swap":
            made = word[:at] + word[at : at + 2][::-1] + word[at + 2 :]
        else:
            made = word[:at] + chance.choice(_neighbours(word[at])) + word[at + 1 :]
        if made != word:
            return made
        at = chance.randrange(1, len(word))


def _homophones(characters: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for character in sorted(set(characters)):
        for reading in pinyin(character, style=Style.NORMAL, heteronym=False)[0]:
            found.setdefault(reading, []).append(character)
    return found


def _common_characters() -> str:
    rows = range(0xB0, 0xD8)
    made = []
    for row in rows:
        for cell in range(0xA1, 0xFF):
            try:
                made.append(bytes([row, cell]).decode("gb2312"))
            except UnicodeDecodeError:
                continue
    return "".join(made)


def questions(seed: int = 11) -> list[Question]:
    labelled = yamls.read(Path(__file__).parent / "queries.yaml")
    made = [Question(kind, row["q"], tuple(row["want"])) for kind in KINDS[:3] for row in labelled[kind] if row["want"]]
    chance = random.Random(seed)
    same = _homophones(_common_characters())
    for row in labelled["slips_from"]["chinese"]:
        word = row["word"]
        for _ in range(2):
            places = list(range(len(word)))
            chance.shuffle(places)
            for at in places:
                reading = pinyin(word, style=Style.NORMAL)[at][0]
                others = [other for other in same.get(reading, []) if other != word[at]]
                if others:
                    made.append(
                        Question("slips", word[:at] + chance.choice(others) + word[at + 1 :], tuple(row["want"]))
                    )
                    break
    for language in ("pinyin", "english"):
        for row in labelled["slips_from"][language]:
            words = row["word"].split()
            longest = max(words, key=len)
            for _ in range(2):
                slipped = [_letters_slip(word, chance) if word is longest else word for word in words]
                made.append(Question("slips", " ".join(slipped), tuple(row["want"])))
    return made


def first() -> list[Question]:
    """Questions whose answers must stand at the top, in this order."""
    labelled = yamls.read(Path(__file__).parent / "queries.yaml")
    return [Question("first", row["q"], tuple(row["want"])) for row in labelled["first"]]


def industries() -> list[Entry]:
    """The one licence of each industry, which `catalogue` leaves out."""
    departments = {one["id"]: one for one in _yaml("departments.yaml")["departments"]}
    return [
        Entry(
            id=f"industry-{row['id']}", kind="bundle", zh=row["zh"], en=row["en"], department=row["lead_department"],
            department_zh=departments[row["lead_department"]]["zh"], department_en=departments[row["lead_department"]]["en"],
            themes=("licences",), objects=("company",), channels=("online_pc",), online=True,
        )
        for row in _yaml("industries.yaml")["industries"]
    ]  # fmt: skip


def unseen() -> list[Question]:
    """Everyday questions the table of synonyms has never been completed from."""
    labelled = yamls.read(Path(__file__).parent / "queries.yaml")
    return [Question("unseen", row["q"], tuple(row["want"])) for row in labelled["everyday_unseen"]]


def wanted_ids(entries: list[Entry]) -> dict[str, set[str]]:
    """Which entries bear a name; two of the real ones bear the same."""
    found: dict[str, set[str]] = {}
    for entry in entries:
        found.setdefault(normal(entry.zh), set()).add(base_of(entry.id))
    return found


def recall(question: Question, found: list[str], names: dict[str, set[str]]) -> float:
    """The share of the wanted entries among those found, whichever district's."""
    bases = {base_of(one) for one in found}
    hit = sum(1 for name in question.want if names[normal(name)] & bases)
    return hit / len(question.want)
