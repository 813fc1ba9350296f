"""200 hard names through everything a name goes through: byte-equal in the form, the database, papers, search, exports, codes and checks.

Only the marks that the eye cannot see are not printed as themselves; a character that no font of the machine draws stands on
paper as its number and never as a box (Typst refuses a missing glyph, see tests/licences/test_rendering).
"""

import datetime
import json
import re
import unicodedata
from pathlib import Path

import pypdfium2
import pytest
from django.urls import reverse

from tests import make
from tests.doors import enter
from tests.hostile.strings import page
from tests.lib.test_qr import read as read_code
from tests.licences.samples import sheet
from tests.office.desks import at_the_desk, officer_for
from tongban.cases.models import Case
from tongban.journal.actors import PLATFORM
from tongban.lib import unicode, yamls
from tongban.lib.identifiers import mask_name
from tongban.lib.qr import svg
from tongban.licences import rendering
from tongban.licences import services as licences
from tongban.matters import catalogue_files
from tongban.matters.models import Matter
from tongban.parties import services as parties
from tongban.parties.models import Company, Person, Proofing

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]

NAMES = [name for names in yamls.read(Path(__file__).with_name("names.yaml")).values() for name in names]
TURNED = re.compile("[\u0590-\u08ff]")  # read from right to left: a PDF keeps them in the order of the eye


def test_there_are_two_hundred_different_names_in_their_normal_form():
    assert len(set(NAMES)) == 200
    assert [name for name in NAMES if unicodedata.normalize("NFC", name) != name] == []
    assert sum(any(ord(sign) > 0xFFFF for sign in name) for name in NAMES) >= 25
    assert sum("·" in name for name in NAMES) >= 40
    assert sum(len(name) == 50 for name in NAMES) >= 5


def test_every_name_is_kept_by_the_form_the_database_and_every_page(client):
    """All 200 in one application: as the applicant sees them, and as the office does."""
    account = make.account()
    enter(client, account, present=True)
    fields = [
        {"id": f"n{place}", "zh": "姓名", "en": "Name", "type": kind, "required": False}
        for place, kind in ((place, "company_name" if place % 5 == 0 else "text") for place in range(len(NAMES)))
    ]
    case = make.draft(make.matter(form=[*make.SMALL_FORM, *fields]), account_=account)
    typed = {f"n{place}": name for place, name in enumerate(NAMES)} | {"reason": "work", "delivery": "e_licence", "truth": "true"}  # fmt: skip

    answer = client.post(f"/apply/{case.ref}/form/", {**typed, "revision": case.revision, "tab": "one", "go": "on"})

    assert answer.status_code == 302, answer.content.decode()[:800]
    stored = Case.objects.get(pk=case.pk)
    assert [stored.value(f"n{place}") for place in range(len(NAMES))] == NAMES
    form = page(client.get(f"/apply/{case.ref}/form/"))
    assert [form.values[f"n{place}"] for place in range(len(NAMES))] == NAMES
    overview = {text.strip() for text in page(client.get(f"/apply/{case.ref}/check/")).texts}
    assert [name for name in NAMES if name not in overview] == []
    client.post(f"/apply/{case.ref}/submit", {"sign": "true", "key": "one"})
    office = page(at_the_desk(officer_for("pre_reviewer")).get(reverse("office:case", args=[case.ref])))
    assert [name for name in NAMES if name not in {text.strip() for text in office.texts}] == []


def test_people_and_companies_bear_every_name():
    for number, name in enumerate(NAMES):
        make.person(name)
        Company.objects.create(name=name, uscc=f"9199{number:014d}", company_kind="company")

    assert [one.name for one in Person.objects.order_by("pk")] == NAMES
    assert [one.name for one in Company.objects.order_by("pk")] == NAMES


def test_every_name_can_be_proved_with_a_passport_and_stands_in_ones_own_profile(client):
    """The twin answers by the last digits of the number; the name goes there and back as it was typed."""
    lost = []
    for number, name in enumerate(NAMES[::8]):
        account = parties.register(f"name{number}", "k3w-odd-horse", email="")
        proofing = parties.prove(
            account, id_kind="passport", id_no=f"E{7000000 + number}", name=name, mobile="13912345678",
            birth_date=datetime.date(1990, 5, 5), sex="F", nationality="FRA",
        )  # fmt: skip
        account.refresh_from_db()
        if proofing.outcome == Proofing.Outcome.PROVED:
            enter(client, account)
            shown = client.get("/account/profile/")
            if account.person.name != name or shown.context["person"].name != name:
                lost.append(name)
        else:
            assert Proofing.objects.get(pk=proofing.pk).claimed == "" or proofing.outcome == "by_hand"

    assert lost == []


def test_a_masked_name_shows_its_first_letter_and_no_broken_one():
    for name in NAMES:
        covered = mask_name(name)

        covered.encode("utf-8")
        assert covered != name
        assert covered[0] in ("*", name[0]) and len(covered) <= len(name)


# -- on paper


def said(pdf: bytes) -> str:
    return "".join(re.sub(r"\s", "", one.get_textpage().get_text_bounded()) for one in pypdfium2.PdfDocument(pdf))


def printed(name: str) -> str:
    """What paper says: letters that some font draws as they are, others by their number."""
    runs = rendering._Printer({}).text(name)
    if isinstance(runs, str):
        return re.sub(r"\s", "", runs)
    return re.sub(r"\s", "", "".join(run.get("t") or run.get("alt") or run.get("u") for run in runs))


@pytest.mark.parametrize("begin", range(0, 200, 20))
def test_every_name_stands_on_the_sealed_paper_letter_by_letter(begin):
    names = NAMES[begin : begin + 20]
    listed = [{"zh": name, "en": name} for name in names]

    pdf = rendering.render_licence(sheet("food-licence", face={"activities": listed}))

    text = said(pdf)
    lost = [name for name in names if not TURNED.search(name) and printed(name) not in text]
    turned = [name for name in names if TURNED.search(name) and not _same_letters(name, text)]
    assert (lost, turned) == ([], [])
    assert "\ufffd" not in text and "□" not in text


def _same_letters(name: str, text: str) -> bool:
    """Written from right to left: every letter is there (joined forms are folded back)."""
    folded = unicodedata.normalize("NFKC", text)
    return all(letter in folded for letter in unicodedata.normalize("NFKC", name) if not letter.isspace())


def test_only_characters_without_any_font_are_named_by_their_number():
    """With the fonts of the product alone: Chinese of GB 18030's first parts, Latin, Vietnamese, Greek and Cyrillic need no other."""
    by_number = {name for name in NAMES if "U+" in printed(name)}

    assert all(any(ord(sign) > 0xFFFF or not sign.isascii() for sign in name) for name in by_number)
    assert [
        name for name in by_number if not re.search("[^\u0000-\u04ff\u1e00-\u1eff\u2000-\u206f\u4e00-\u9fa5]", name)
    ] == []


# -- elsewhere


def test_every_name_is_searched_for_and_given_back_as_it_was_typed(client):
    wrong = []
    for name in NAMES[::7]:
        answer = client.get("/search/", {"q": name})
        if answer.status_code != 200 or page(answer).values.get("q") != name:
            wrong.append(name)

    assert wrong == []


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_every_name_comes_back_from_an_exported_file(tmp_path, ending):
    plain, names = _plain_row(), [*NAMES, "=cmd|' /C calc'!A0", "+1", "-1", "@x"]
    rows = [
        catalogue_files.Row(**{**plain, "name": name, "item_code": f"511Z{number:07d}", "line": 0})
        for number, name in enumerate(names)
    ]
    file = tmp_path / f"names.{ending}"

    catalogue_files.write(rows, file)

    back = list(catalogue_files.read(file))
    assert [getattr(row, "name", row) for row in back] == [row.name for row in rows]
    if ending == "csv":
        cells = [cell for line in file.read_text("utf-8-sig").splitlines() for cell in line.split(",")]
        assert not any(cell.strip('"').startswith(("=", "+", "-", "@")) for cell in cells)


def _plain_row() -> dict:
    given = dict.fromkeys(catalogue_files.FIELDS, "")
    sample = json.loads(
        (Path(__file__).parents[1] / "vectors/cn-matters/guangan-district-matters.json").read_text("utf-8")
    )[0]
    return {**given, **{key: value for key, value in sample.items() if key in given}}


def test_every_name_in_a_code_is_read_by_a_foreign_reader():
    assert [name for name in NAMES[::4] if read_code(svg(name, title=name)) != name] == []


def test_the_public_check_names_a_company_exactly(client):
    kind = make.licence_type("shop-licence", holder_kind="company", face_fields=["name", "valid_to"])
    today = datetime.date(2026, 11, 21)
    lost = []
    for number, name in enumerate(NAMES[::6]):
        holder = Company.objects.create(name=name, uscc=f"9199{number:014d}", company_kind="company")
        licence = licences.issue(
            kind.slug, holder=holder, face={"name": name, "valid_to": "2031-11-20"}, decision=f"case:{number}",
            issued_on=today, valid_from=today, valid_to=None, actor=PLATFORM,
        )  # fmt: skip
        shown = client.get(f"/verify/{licence.token}")
        data = client.get(f"/api/v1/licences/verify/{licence.token}").json()
        faces = [one["value"] for one in data["face"]]
        if name not in json.dumps(faces, ensure_ascii=False) or not any(name in text for text in page(shown).texts):
            lost.append((name, faces))

    assert lost == []


def test_a_matter_of_every_name_is_found_by_it(client):
    for number, name in enumerate(NAMES[:60:6]):
        make.matter(f"named-{number}", name={"zh": name, "en": name})

    found = {
        name: name in " ".join(page(client.get("/search/", {"q": name})).texts) and Matter.objects.count() == 10
        for name in NAMES[:60:6]
    }

    assert found == dict.fromkeys(found, True)


def test_control_a_name_cut_by_bytes_or_folded_would_be_noticed():
    assert [name for name in NAMES if unicodedata.normalize("NFKC", name) != name] or [
        name for name in NAMES if name.encode()[:24].decode(errors="replace") != name
    ]
    assert unicode.kept("é") == "é" and "é" not in NAMES
