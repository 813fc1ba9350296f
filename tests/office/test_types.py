"""Kinds of documents and licences: written by one, put in force by another, and never against what people hold already."""

import re
from html import unescape

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import doors, make
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Event
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import services as licences
from tongban.licences import type_drafts
from tongban.licences.models import LicenceType
from tongban.matters import services as matters
from tongban.matters.models import MaterialType, TypeDraft
from tongban.site.demonstration import papers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english", "own_seal_keys")]

NAME = {"zh": "遛犬承诺书", "en": "Promise of dog owners"}
DOCUMENT = {"kind": "commitment", "issued_by": "the applicant", "note": {"zh": "本人签字", "en": "Signed by hand"}}
LICENCE = {
    "name": {"zh": "养犬证", "en": "Dog licence"}, "holder_kind": "person", "issuer": "DSO", "type_code": "999900000777",
    "face_fields": ["name", "address"], "validity": [1, 3], "for_identity": False,
}  # fmt: skip


@pytest.fixture
def service_office():
    return make.department("DSO")


@pytest.fixture
def writer(service_office):
    return make.officer("content_editor", of=service_office)


@pytest.fixture
def checker(service_office):
    return make.officer("catalogue_manager", of=service_office)


def entered(officer) -> Client:
    client = Client(HTTP_ACCEPT_LANGUAGE="en")
    return doors.enter(client, officer.account)


def drafted(writer, sort="licence", slug="dog-licence", **changes) -> TypeDraft:
    content = {**(LICENCE if sort == "licence" else {"name": NAME, **DOCUMENT}), **changes}
    row = type_drafts.begin(sort, slug, officer=writer, name=content["name"])
    return type_drafts.save(row, content, seen=0, officer=writer)


def in_force(writer, checker, **given) -> TypeDraft:
    row = type_drafts.submit(drafted(writer, **given), officer=writer)
    return type_drafts.put_in_force(row, officer=checker, seen=row.revision)


def test_a_new_document_is_written_by_one_and_in_force_by_another(writer, checker):
    first, second = entered(writer), entered(checker)
    answer = first.post(
        "/office/catalogue/types/new",
        {"sort": "document", "slug": "dog-promise", "name.zh": NAME["zh"], "name.en": NAME["en"]},
    )
    row = TypeDraft.objects.get()
    page = f"/office/catalogue/types/drafts/{row.pk}/"
    assert answer.url == page
    assert MaterialType.objects.count() == 0

    typed = {
        "name.zh": NAME["zh"],
        "name.en": NAME["en"],
        "kind": "commitment",
        "issued_by": "",
        "note.zh": "本人签字",
        "seen": "0",
    }
    answer = first.post(page, {**typed, "do": "submit"})
    assert answer.status_code == 422 and "who issues it" in answer.content.decode()
    answer = first.post(
        page, {**typed, "issued_by": "the applicant", "note.en": "Signed by hand", "seen": "1", "do": "submit"}
    )
    assert answer.status_code == 302, answer.content.decode()
    assert "Look as the second person" not in first.get(page).content.decode()

    shown = second.get(page).content.decode()
    assert "Look as the second person" in shown and "Signed by hand" in shown and "signed promise" in shown
    act = f"{page}put_in_force"
    assert second.post(act, {"seen": "2"}).status_code == 422  # not ticked
    assert first.post(act, {"seen": "2", "sure": "true"}).status_code == 403  # nobody checks their own
    assert MaterialType.objects.count() == 0
    assert second.post(act, {"seen": "2", "sure": "true"}).status_code == 302

    made = MaterialType.objects.get(slug="dog-promise")
    assert (made.name, made.kind, made.issued_by, made.note["en"]) == (
        NAME,
        "commitment",
        "the applicant",
        "Signed by hand",
    )
    assert "Put in force by" in first.get(page).content.decode()
    assert [one.payload["move"] for one in Event.objects.filter(kind="TypeMoved").order_by("id")] == [
        "begin", "save", "save", "submit", "put_in_force",
    ]  # fmt: skip


def test_a_licence_is_changed_without_taking_anything_from_who_holds_it(writer, checker):
    in_force(writer, checker)
    kind = LicenceType.objects.get(slug="dog-licence")
    assert (kind.face_fields, kind.validity, kind.issuer.code) == (["name", "address"], {"years": [1, 3]}, "DSO")
    today = timezone.localdate()
    licences.issue(
        kind.slug, holder=make.account().person, face={"name": "Demo"}, decision="case:1", issued_on=today, valid_from=today,
        valid_to=None, actor=PLATFORM,
    )  # fmt: skip

    row = type_drafts.begin("licence", "dog-licence", officer=writer)
    for changes, wrong in (
        ({"face_fields": ["name"]}, "face_fields"), ({"type_code": "999900000778"}, "type_code"),
        ({"holder_kind": "company"}, "holder_kind"),
    ):  # fmt: skip
        row = type_drafts.save(row, {**LICENCE, **changes}, seen=row.revision, officer=writer)
        assert type_drafts.troubles("licence", "dog-licence", row.content).get(wrong), wrong
        with pytest.raises(Invalid):
            type_drafts.submit(row, officer=writer)

    more = {**LICENCE, "face_fields": ["name", "address", "authority"], "validity": [5]}
    row = type_drafts.submit(type_drafts.save(row, more, seen=row.revision, officer=writer), officer=writer)
    assert {name for name, _before, _after in type_drafts.differences(row)} == {"face_fields", "validity"}
    row = type_drafts.put_in_force(row, officer=checker, seen=row.revision)
    kind.refresh_from_db()
    assert (kind.face_fields, kind.validity) == (["name", "address", "authority"], {"years": [5]})
    assert [name for name, _before, _after in type_drafts.differences(row)] == ["face_fields", "validity"]  # still told


def test_what_the_second_person_did_not_see_does_not_come_in_force(writer, checker):
    row = type_drafts.submit(drafted(writer), officer=writer)
    seen = row.revision
    type_drafts.give_back(row, officer=checker, words="the code is one of cats")
    row = TypeDraft.objects.get(pk=row.pk)
    assert row.given_back == "the code is one of cats"
    row = type_drafts.save(row, {**LICENCE, "type_code": "999900000999"}, seen=seen, officer=writer)
    type_drafts.submit(row, officer=writer)

    with pytest.raises(NotAllowed):
        type_drafts.put_in_force(TypeDraft.objects.get(pk=row.pk), officer=checker, seen=seen)
    assert not LicenceType.objects.exists()


def test_a_code_taken_meanwhile_stops_it_and_nothing_is_half_done(writer, checker):
    row = type_drafts.submit(drafted(writer), officer=writer)
    make.licence_type("cat-licence", type_code=LICENCE["type_code"])
    with pytest.raises(Invalid):
        type_drafts.put_in_force(row, officer=checker, seen=row.revision)
    assert TypeDraft.objects.get(pk=row.pk).state == "in_check"
    assert not LicenceType.objects.filter(slug="dog-licence").exists()


def test_two_windows_and_two_people_do_not_write_over_each_other(writer, checker):
    row = drafted(writer)
    with pytest.raises(NotAllowed, match="another window"):
        type_drafts.save(row, LICENCE, seen=0, officer=writer)
    with pytest.raises(NotAllowed):
        type_drafts.save(row, LICENCE, seen=1, officer=checker)
    with pytest.raises(NotAllowed, match="writing this one already"):
        type_drafts.begin("licence", "dog-licence", officer=checker, name=NAME)
    type_drafts.discard(row, officer=checker)
    assert type_drafts.begin("licence", "dog-licence", officer=checker, name=NAME).begun_by == checker


def test_the_database_knows_that_the_second_person_is_another(writer):
    row = drafted(writer)
    with pytest.raises(IntegrityError), transaction.atomic():
        TypeDraft.objects.filter(pk=row.pk).update(state="in_force", checked_by=writer, checked_at=row.begun_at)


def test_a_department_writes_the_licences_it_issues_and_nothing_else(service_office):
    police = make.department()
    editor, stranger = (
        make.officer("content_editor", of=police),
        make.officer("content_editor", of=make.department("TAX")),
    )
    with pytest.raises(NotAllowed, match="service office"):
        type_drafts.begin("document", "dog-promise", officer=editor, name=NAME)
    row = type_drafts.begin("licence", "dog-licence", officer=editor, name=NAME)
    with pytest.raises(NotAllowed):
        type_drafts.save(row, {**LICENCE, "issuer": "DSO"}, seen=0, officer=editor)
    assert entered(stranger).get(f"/office/catalogue/types/drafts/{row.pk}/").status_code == 404
    assert entered(editor).get("/office/catalogue/types/?sort=licence").status_code == 200
    assert entered(editor).get("/office/catalogue/types/?sort=nothing").status_code == 404


def _kinds(number: int, begin: int = 0) -> None:
    MaterialType.objects.bulk_create(
        MaterialType(
            slug=f"kind-{one:03d}", name={"zh": f"第{one}种", "en": f"Kind {one}"}, kind="proof", issued_by="x"
        )
        for one in range(begin, number)
    )


def _listed(client: Client, address: str) -> tuple[list[str], str]:
    html = client.get(address).content.decode()
    following = re.search(r'rel="next" href="([^"]*)"|href="([^"]*)"[^>]*rel="next"', html)
    return re.findall(r'name="of" value="([^"]*)"', html), next(filter(None, following.groups())) if following else ""


def test_many_kinds_come_a_page_at_a_time_each_once(writer):
    _kinds(120)
    client, seen, address = entered(writer), [], "?sort=document"
    for _page in range(3):
        rows, address = _listed(client, "/office/catalogue/types/" + unescape(address))
        assert len(rows) <= 50
        seen += rows

    assert address == "" and seen == [f"kind-{one:03d}" for one in range(120)]


def test_a_page_of_kinds_asks_as_often_whether_there_are_few_or_many(writer):
    def asked() -> int:
        with CaptureQueriesContext(connection) as sent:
            assert client.get("/office/catalogue/types/?sort=document").status_code == 200
        return len(sent.captured_queries)

    client = entered(writer)
    _kinds(3)
    asked()
    few = asked()
    _kinds(150, begin=3)

    assert asked() == few


def test_a_kind_is_found_by_a_part_of_its_name_in_either_language_or_of_its_short_name(writer):
    _kinds(120)
    client = entered(writer)

    assert _listed(client, "/office/catalogue/types/?q=kind 117")[0] == ["kind-117"]
    assert _listed(client, "/office/catalogue/types/?q=第 117")[0] == []
    assert _listed(client, "/office/catalogue/types/?q=第117种")[0] == ["kind-117"]
    assert _listed(client, "/office/catalogue/types/?q=ind-117")[0] == ["kind-117"]
    assert len(_listed(client, "/office/catalogue/types/?q=KIND")[0]) == 50


def test_what_people_wrote_here_is_not_overwritten_by_the_demonstration(writer, checker, settings):
    in_force(writer, checker, sort="document", slug="dog-promise")
    row = {"id": "dog-promise", "zh": "别的", "en": "Something else", "kind": "proof", "issued_by": "x"}
    matters.load_material_types([row, {**row, "id": "other"}])
    assert MaterialType.objects.get(slug="dog-promise").name == NAME
    assert MaterialType.objects.get(slug="other").kind == "proof"  # control: others are taken in
    assert matters.types_kept_here("licence") == set() and papers.types_kept_here is matters.types_kept_here


def test_nothing_odd_breaks_the_page(writer):
    row = drafted(writer)
    page = f"/office/catalogue/types/drafts/{row.pk}/"
    typed = {
        "seen": "9" * 40,
        "validity": "five, -1, 9999999999",
        "face_fields": ["nonsense"],
        "issuer": "NOWHERE",
        "do": "submit",
    }
    assert entered(writer).post(page, typed).status_code in (403, 409, 422)
    typed["seen"], typed["issuer"] = "1", "DSO"
    answer = entered(writer).post(page, typed)
    assert answer.status_code == 422 and "Years from 1 to 100" in answer.content.decode()
    assert entered(writer).post(f"{page}nonsense").status_code == 404


def test_how_long_the_law_of_a_kind_wants_it_kept_is_written_checked_and_holds(writer, checker):
    first = entered(writer)
    row = drafted(writer, sort="document", slug="health-file")
    page = f"/office/catalogue/types/drafts/{row.pk}/"
    typed = {
        "seen": row.revision, "do": "submit", "name.zh": "健康档案", "name.en": "Health file", "kind": "report", "issued_by": "a hospital",
        "retention.years": "many", "retention.basis.zh": "传染病防治法",
    }  # fmt: skip

    answer = first.post(page, typed)

    assert answer.status_code == 422
    assert "Whole years from 1 to 100" in answer.content.decode() and "many" in answer.content.decode()
    assert "Please name the law or rule" in answer.content.decode()
    row.refresh_from_db()
    first.post(
        page,
        typed | {"seen": row.revision, "retention.years": "50", "retention.basis.en": "Law on infectious diseases"},
    )
    row.refresh_from_db()
    assert row.state == "in_check"
    seen = entered(checker).get(page).content.decode()
    assert "50 years" in seen and "Law on infectious diseases" in seen

    type_drafts.put_in_force(row, officer=checker, seen=row.revision)

    basis = {"zh": "传染病防治法", "en": "Law on infectious diseases"}
    assert MaterialType.objects.get(slug="health-file").retention == {"years": 50, "basis": basis}


def test_a_draft_begun_before_kinds_had_years_of_their_own_changes_nothing_there(writer, checker):
    in_force(writer, checker, sort="document", slug="health-file", retention={"years": 50, "basis": NAME})
    row = type_drafts.begin("document", "health-file", officer=writer)
    older = {name: value for name, value in row.content.items() if name != "retention"} | {"issued_by": "a clinic"}
    TypeDraft.objects.filter(pk=row.pk).update(content=older)
    row.refresh_from_db()

    row = type_drafts.submit(row, officer=writer)
    type_drafts.put_in_force(row, officer=checker, seen=row.revision)

    assert MaterialType.objects.get(slug="health-file").retention["years"] == 50
