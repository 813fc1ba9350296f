"""The page about OWASP ASVS is complete, true about its tests, and fresh; the book of decisions has what it points to."""

import ast
import importlib.util
import re
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.module_loading import import_string

from tongban.channels.portal import sign_in, views_cases
from tongban.lib.formschema import LENGTHS
from tongban.materials import gate
from tongban.materials import services as documents
from tongban.parties import rules
from tongban.site import settings as product

ROOT = Path(__file__).resolve().parents[2]
BOOK = (ROOT / "docs/security.md").read_text("utf-8")
HELD_AT_LEAST = 169


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("asvs", ROOT / "tools/asvs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def names_in(path: str) -> frozenset[str]:
    """The names pytest would collect from a file."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


def test_each_of_the_253_requirements_has_its_answer_and_there_is_no_other(tool):
    asked, answered = [row["req_id"] for row in tool.requirements()], tool.answers()

    assert len(asked) == 253
    assert list(answered) == asked
    assert {one["answer"] for one in answered.values()} <= set(tool.WORDS)


def test_every_test_that_is_named_exists(tool):
    named = {(number, test) for number, one in tool.answers().items() for test in one.get("tests", ())}
    gone = [
        (number, test)
        for number, test in sorted(named)
        if not (ROOT / test.partition("::")[0]).is_file()
        or test.partition("::")[2] not in names_in(test.partition("::")[0])
    ]

    assert gone == []


def test_most_are_held_by_a_test_and_what_is_not_met_says_what_is_planned(tool):
    answered = tool.answers()
    bare = [number for number, one in answered.items() if one["answer"] == "met" and not one.get("tests")]
    silent = [
        number for number, one in answered.items() if one["answer"] in ("partly", "unmet") and not one.get("planned")
    ]

    assert (bare, silent) == ([], [])
    assert all(len(one["words"]) > 5 for one in answered.values())
    assert (
        sum(bool(one.get("tests")) and one["answer"] in ("met", "partly") for one in answered.values()) >= HELD_AT_LEAST
    )


def test_the_page_is_fresh(tool):
    assert tool.PAGE.read_text("utf-8") == tool.draw(), "run: python tools/asvs.py"


def test_every_decision_has_its_section_in_the_book(tool):
    """Wherever an answer points to a section of docs/security.md, it is there, and it says something."""
    sections = dict(re.findall(r"^## (.+?)\n\n(.+?)(?=\n## |\Z)", BOOK, re.S | re.M))
    pointed = {
        name
        for one in tool.answers().values()
        if "docs/security.md" in one["words"]
        for name in re.findall(r'"([A-Z][^"]+)"', one["words"])
    }

    assert pointed and pointed <= set(sections)
    assert all(len(body) > 150 for body in sections.values())


def test_the_figures_of_the_book_are_those_of_the_settings():
    strangers, known = sign_in.STRANGERS[0], sign_in.KNOWN_DEVICE[0]
    shortest = next(
        one["OPTIONS"]["min_length"] for one in settings.AUTH_PASSWORD_VALIDATORS if "MinimumLength" in one["NAME"]
    )
    hasher, limits = import_string(product.PASSWORD_HASHERS[0]), gate.Limits()  # the suite hashes with less work
    for figure in (
        f"text {LENGTHS['text']} characters, an address {LENGTHS['address']}",
        f"{strangers.tries} in {strangers.seconds} seconds for a strange device, {known.tries} for a known one",
        f"{rules.MISMATCHES_A_DAY} a day",
        f"{views_cases.TRIES_A_NUMBER} an hour for a number",
        f"{documents.BYTES_A_FILE // 1024 // 1024} MB a file, {documents.PAGES_A_DOCUMENT}",
        f"{limits.seconds:.0f} seconds and {limits.memory // 1024 // 1024} MB",
        f"{limits.pixels // 1_000_000} million dots, {limits.pages} pages",
        f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 1024 // 1024} MB of fields, {settings.DATA_UPLOAD_MAX_NUMBER_FIELDS:,} fields",
        f"At least {shortest} characters",
        f"{hasher.memory_cost // 1024} MiB, t={hasher.time_cost}, p={hasher.parallelism}",
        f"{settings.ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT // 60} minutes, three tries",
        f"At most {settings.SESSION_COOKIE_AGE // 3600} hours",
        f"again after {settings.ACCOUNT_REAUTHENTICATION_TIMEOUT // 60} minutes",
    ):
        assert figure in " ".join(BOOK.split()), figure
