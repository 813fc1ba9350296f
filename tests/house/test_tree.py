"""The tree itself: no path of a machine, no host in a lock, no real identity, no empty room, every template used."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


def test_no_path_of_a_machine_stands_in_a_file():
    homes = re.compile(r"/(?:work|farm|root)/[a-z]")

    assert [str(p.relative_to(ROOT)) for p in tracked() if homes.search(text_of(p))] == []


def test_locks_name_no_host():
    for path in [*tracked("requirements/*"), *tracked("*.lock"), *tracked("package-lock.json")]:
        text = text_of(path)
        assert not re.search(r"https?://", text) and '"resolved"' not in text, path.name


IDENTITY = re.compile(
    r"(?<![0-9A-Za-z.])([1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dX])(?![0-9A-Za-z])"
)


def test_identity_numbers_are_of_nobody():
    """18-digit resident numbers in our own content use the area code 990000, or 81/83 of residence permits in tests."""
    found = {}
    for path in tracked("tongban/**", "demo/**", "tests/**/*.py", "docs/**", "README.md"):
        for number in IDENTITY.findall(text_of(path)):
            if not number.startswith(("990000", "81", "83")) and not _is_case_number(number):
                found.setdefault(str(path.relative_to(ROOT)), set()).add(number)

    assert found == {}


def _is_case_number(number: str) -> bool:
    from tongban.lib.identifiers import check_case_number

    return check_case_number(number).valid or number.startswith("000000")


ROOMS = [
    "lib",
    "journal",
    "places",
    "parties",
    "departments",
    "matters",
    "materials",
    "registers",
    "notices",
    "oversight",
    "licences",
    "payments",
    "cases",
    "codes",
    "halls",
    "evaluations",
    "indicators",
    "rights",
    "records",
]


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_is_empty(room):
    assert len(list((ROOT / "tongban" / room).glob("*.py"))) > 2


def test_every_template_is_used():
    templates = {
        str(p).split("/templates/")[1] for p in tracked("tongban/**/templates/**") if p.suffix in {".html", ".txt"}
    }
    code = "\n".join(text_of(p) for p in [*tracked("tongban/**/*.py"), *tracked("tongban/**/templates/**")])
    by_allauth = {name for name in templates if name.startswith(("account/", "mfa/", "usersessions/"))}
    by_tag = {name for name in templates if name.startswith("cotton/")}
    unused = {name for name in templates - by_allauth - by_tag if f'"{name}"' not in code and f"'{name}'" not in code}
    unused -= {
        "403.html",
        "404.html",
        "500.html",
        "503.html",
        "507.html",
        "429.html",
        "413.html",
        "400.html",
        "408.html",
        "504.html",
    }

    assert unused == set()
    for name in by_tag:
        tag = "<c-" + name.removeprefix("cotton/").removesuffix(".html").replace("_", "-").replace("/", ".")
        assert tag in code, f"{tag} is used nowhere"


def test_no_inline_style_or_script_in_templates():
    bad = re.compile(r"\sstyle=\"|\son(?:click|load|change|submit|input)=\"")
    own = [p for p in tracked("tongban/**/templates/**/*.html") if "email" not in p.name]

    assert [str(p.relative_to(ROOT)) for p in own if bad.search(text_of(p))] == []


def test_constraints_have_names_that_are_sentences():
    from django.apps import apps

    names = [
        constraint.name
        for room in ROOMS[1:]
        for model in apps.get_app_config(room).get_models()
        for constraint in model._meta.constraints
    ]

    assert names and all(re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+){2,}", name) for name in names)
    assert len(names) == len(set(names))
