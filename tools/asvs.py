"""Draws docs/asvs.md: each requirement of OWASP ASVS 5.0 at levels 1 and 2, our answer, and the tests that hold it."""

import csv
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "tests/vectors/asvs/OWASP_ASVS_5.0.0_en.csv"
ANSWERS = ROOT / "docs/asvs.yaml"
PAGE = ROOT / "docs/asvs.md"
WORDS = {"met": "met", "partly": "**partly**", "unmet": "**unmet**", "operator": "operator", "not here": "not here"}


def requirements() -> list[dict]:
    """Levels 1 and 2 in the order of the book."""
    with open(REQUIREMENTS, encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.DictReader(file) if row["L"] in ("1", "2")]


def answers() -> dict[str, dict]:
    return yaml.safe_load(ANSWERS.read_text("utf-8"))


def draw() -> str:
    answered, asked = answers(), requirements()
    counted = {word: sum(one["answer"] == word for one in answered.values()) for word in WORDS}
    lines = [
        "# OWASP ASVS 5.0, levels 1 and 2",
        "",
        "*Drawn from `docs/asvs.yaml` by `tools/asvs.py`; do not edit. Requirements: © OWASP, CC BY-SA 4.0, shortened here.*",
        "",
        f"{len(asked)} requirements: {counted['met']} met, {counted['partly']} partly, {counted['unmet']} unmet, {counted['operator']} with the "
        f"operator, {counted['not here']} about things that are not here. {sum(bool(one.get('tests')) for one in answered.values())} are held by a test.",
        "",
    ]
    lines += ["## What is not met", ""]
    for row in asked:
        one = answered[row["req_id"]]
        if one["answer"] in ("partly", "unmet"):
            lines.append(f"- {row['req_id']} ({one['answer']}): {one['words']} Planned: {one['planned']}")
    chapter = ""
    for row in asked:
        if row["chapter_id"] != chapter:
            chapter = row["chapter_id"]
            lines += [
                "",
                f"## {chapter} {row['chapter_name']}",
                "",
                "| | | requirement | answer | tests |",
                "|---|---|---|---|---|",
            ]
        one = answered[row["req_id"]]
        tests = "<br>".join(f"`{test.removeprefix('tests/')}`" for test in one.get("tests", ()))
        said = f"{WORDS[one['answer']]}: {one['words']}"
        lines.append(f"| {row['req_id']} | {row['L']} | {_short(row['req_description'])} | {_cell(said)} | {tests} |")
    return "\n".join(lines) + "\n"


def _short(text: str) -> str:
    text = _cell(text.removeprefix("Verify that").removeprefix("Verify").strip())
    return text if len(text) <= 160 else text[:157].rsplit(" ", 1)[0] + " ..."


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())


if __name__ == "__main__":
    PAGE.write_text(draw(), "utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")
