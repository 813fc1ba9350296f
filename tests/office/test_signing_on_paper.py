"""Whoever has no telephone signs by hand at a window: the sheet holds all that is signed, and only the person named signs it."""

import re

import pytest

from tests.cases.test_cosigning import LI, WANG, person, shared
from tests.office.desks import at_the_desk, officer_for
from tongban.cases import services
from tongban.cases.models import Signer
from tongban.cases.services import cosigning
from tongban.journal.models import ReadEntry
from tongban.parties.models import Mandate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

APPLICANT = "990000195503120031"


def here(client, number):
    client.post(
        "/office/window/visitor/", {"id_kind": "id_card", "id_no": number, "compared": "true", "agrees": "true"}
    )


@pytest.fixture
def asked():
    applicant, case = shared(LI)
    person(LI)
    ((row, _code),) = cosigning.invite(case, account=applicant)
    return applicant, case, row


@pytest.fixture
def window(asked):
    return at_the_desk(officer_for("window_officer"))


def sheet(window, row):
    page = window.get(f"/office/window/signatures/{row.pk}")
    words = page.content.decode()
    return (
        page.status_code,
        words,
        re.search(r'name="content" value="([^"]*)"', words)[1] if page.status_code == 200 else "",
    )


def test_the_sheet_shows_all_of_it_and_a_place_to_sign_and_the_signature_counts(window, asked):
    applicant, case, row = asked
    here(window, LI[1])

    assert f"/office/window/signatures/{row.pk}" in window.get("/office/window/mandates/").content.decode()
    status, words, content = sheet(window, row)
    assert status == 200 and "Signature of 李示例" in words and LI[1] in words
    assert APPLICANT not in words  # numbers of others stay covered
    assert ReadEntry.objects.filter(of_party=case.applicant_id, about=case.subject, purpose="cosign").exists()

    nowhere = window.post(f"/office/window/signatures/{row.pk}", {"content": content, "kept": " "})
    assert nowhere.status_code == 422 and "Say where the signed paper is kept." in nowhere.content.decode()
    done = window.post(f"/office/window/signatures/{row.pk}", {"content": content, "kept": "folder 3"})

    row.refresh_from_db()
    assert (done.status_code, row.state, row.paper_kept) == (302, "signed", "folder 3")
    services.submit(case, account=applicant, level=3, key="1")
    case.refresh_from_db()
    assert case.state == "submitted"


def test_nobody_else_at_the_window_sees_or_signs_it(window, asked):
    row = asked[2]
    person(WANG)

    alone = window.get(f"/office/window/signatures/{row.pk}")
    here(window, WANG[1])
    other = window.get(f"/office/window/signatures/{row.pk}")
    tried = window.post(f"/office/window/signatures/{row.pk}", {"content": "x", "kept": "folder 3"})

    assert (alone.status_code, other.status_code, tried.status_code) == (404, 404, 404)
    assert Signer.objects.get(pk=row.pk).state == "asked"


def test_what_was_changed_since_it_was_printed_is_not_signed_and_the_new_sheet_is_shown(window, asked):
    applicant, case, row = asked
    here(window, LI[1])
    content = sheet(window, row)[2]

    case.refresh_from_db()
    services.save(case, account=applicant, answers={"reason": "study"}, revision=case.revision, step="form")
    late = window.post(f"/office/window/signatures/{row.pk}", {"content": content, "kept": "folder 3"})

    assert late.status_code == 409 and "changed" in late.content.decode()
    assert Signer.objects.get(pk=row.pk).state == "asked"
    assert sheet(window, row)[2] not in ("", content)
    assert not Mandate.objects.exists()


def test_a_mandate_is_a_sheet_to_sign_before_it_is_one(window):
    person(WANG)
    here(window, WANG[1])
    given = {"name": "李示例", "id_kind": "id-card", "id_no": LI[1], "acts": ["see"], "which": "all", "until": ""}

    sheet_ = window.post("/office/window/mandates/", {**given, "sheet": "1"}).content.decode()
    changed = window.post("/office/window/mandates/", {**given, "back": "1"}).content.decode()
    unkept = window.post("/office/window/mandates/", {**given, "paper_kept": " "})

    assert "Signature of 王演练" in sheet_ and LI[1] in sheet_ and WANG[1] not in sheet_
    assert f'value="{LI[1]}"' in changed and 'name="sheet"' in changed
    assert unkept.status_code == 422 and "Signature of 王演练" in unkept.content.decode()
    assert not Mandate.objects.exists()
    window.post("/office/window/mandates/", {**given, "paper_kept": "cabinet 3"})
    assert (Mandate.objects.get().paper_kept, Mandate.objects.get().state) == ("cabinet 3", "granted")
