"""Inspections of venues through the doors: draw, scan, finish, and the venue's own page."""

import json
import re
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from tests import doors, make
from tests.codes.test_visits import area, codes, inspector, tests_asked, venue, worker  # noqa: F401 - fixtures
from tongban.codes.models import VenueFinding, VenueVisit, WorkerCheck
from tongban.codes.services import visiting
from tongban.journal.models import ReadEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
LIST = "/office/inspections/venues/"


def desk(officer):
    return doors.enter(Client(headers={"accept-language": "en"}), officer.account)


def draw(phone, **given):
    return phone.post(f"{LIST}draw", {"area": "310107", "kind": "", "size": "3"} | given)


def test_an_inspector_checks_three_workers_and_the_venue_answers(area, inspector, codes):  # noqa: F811
    tests_asked(area)
    place = venue(area)
    people = [worker(place, "negative"), worker(place, "positive"), worker(place)]
    phone = desk(inspector)

    at = draw(phone).headers["Location"]
    for row in people:
        assert row.name in phone.get(at).content.decode()
    for row in people:
        assert phone.post(f"{at}check", {"payload": str(row.person_id)}).status_code == 302
    page = phone.get(at).content.decode()
    for said in ("The last test was positive.", "No test is known.", "positive", "示范检测点"):
        assert said in page
    assert ReadEntry.objects.filter(of_party=people[1].person_id, purpose="inspection").exists()
    assert phone.post(f"{at}submit", {"revision": "0"}).status_code == 422  # not signed
    answer = phone.post(f"{at}submit", {"revision": "0", "sign": "on", "place": "east gate", "found": "ventilation"})
    assert answer.status_code == 302

    owner = place.party.company.legal_representative.account
    mine = doors.enter(Client(headers={"accept-language": "en"}), owner, space=place.party)
    where = f"/my/venues/{place.pk}/inspections/"
    page = mine.get(where).content.decode()
    assert "A worker with a positive test is at work" in page
    assert people[1].name not in page
    finding = VenueFinding.objects.get(what="ventilation")
    assert mine.post(f"{where}{finding.pk}/answer", {"answer": "ok"}).status_code == 422
    mine.post(f"{where}{finding.pk}/answer", {"answer": "Two new fans run since this morning."})

    assert f"{LIST}findings/{finding.pk}/" in phone.get(LIST).content.decode()
    assert "Two new fans" in phone.get(f"{LIST}findings/{finding.pk}/").content.decode()
    phone.post(f"{LIST}findings/{finding.pk}/", {"act": "close"})
    finding.refresh_from_db()
    assert finding.state == "closed"


def test_what_a_phone_kept_without_a_line_arrives_once(area, inspector, codes):  # noqa: F811
    place = venue(area)
    one = worker(place, "negative")
    phone = desk(inspector)
    at = draw(phone).headers["Location"]
    waited = [
        {"key": "k1", "text": str(one.person_id), "at": (timezone.now() - timedelta(minutes=20)).isoformat()},
        {"key": "k2", "text": "altered", "at": "not a time"}, "nonsense", {"key": ""},
    ]  # fmt: skip
    told = {"revision": "0", "tab": "t", "note": "in the cellar", "scans": json.dumps(waited)}

    for _again in range(2):
        answer = phone.post(f"{at}save", told, headers={"X-Autosave": "1"})
        assert answer.status_code == 200

    assert sorted(WorkerCheck.objects.values_list("key", "fine")) == [("k1", True), ("k2", False)]
    assert VenueVisit.objects.get().note == "in the cellar"
    elsewhere = phone.post(f"{at}save", told | {"tab": "other"}, headers={"X-Autosave": "1"})
    assert elsewhere.status_code == 409
    kept = phone.get(f"{LIST}pages").json()["pages"]
    assert kept == [LIST, at]


def test_one_scan_by_script_is_answered_in_one_round(area, inspector, codes):  # noqa: F811
    place = venue(area)
    one = worker(place, "positive")
    phone = desk(inspector)
    at = draw(phone).headers["Location"]

    told = phone.post(f"{at}check", {"payload": str(one.person_id), "key": "k"}, headers={"X-Autosave": "1"})

    assert told.status_code == 201
    assert told.json()["fine"] is False
    assert "The last test was positive." in told.json()["html"]
    empty = phone.post(f"{at}check", {"payload": "", "key": "k2"}, headers={"X-Autosave": "1"})
    assert (empty.status_code, empty.json()["code"]) == (422, "scan-missing")


def test_a_second_draw_asks_for_its_reason_and_the_supervisor_reads_it(area, inspector):  # noqa: F811
    venue(area)
    phone, leads = desk(inspector), desk(make.officer("supervisor", of=make.department("DSO")))
    first = draw(phone).headers["Location"]

    refused = draw(phone)
    assert refused.status_code == 422
    assert "Why again?" in refused.content.decode()
    draw(phone, why_again="The market is closed for works.")

    page = leads.get(LIST).content.decode()
    assert "The market is closed for works." in page
    assert re.search(r"Drawn again</[^>]+>\s*<[^>]+>1<", page) or "Drawn again" in page
    assert leads.get(first).status_code == 200
    assert desk(make.officer("inspector")).get(first).status_code == 404


def test_a_photograph_is_shown_only_to_who_may_see_the_inspection(area, inspector, tmp_path):  # noqa: F811
    venue(area)
    phone = desk(inspector)
    at = draw(phone).headers["Location"]
    Image.new("RGB", (60, 40), "white").save(tmp_path / "a.jpg")
    file = SimpleUploadedFile("a.jpg", (tmp_path / "a.jpg").read_bytes(), "image/jpeg")

    assert phone.post(f"{at}photos", {"photo": file, "key": "one"}).status_code == 302
    picture = VenueVisit.objects.get().photos.get()
    shown = phone.get(f"{at}photos/{picture.pk}")
    assert (shown.status_code, shown.headers["Content-Type"].split("/")[0]) == (200, "image")
    assert desk(make.officer("inspector")).get(f"{at}photos/{picture.pk}").status_code == 404


def test_the_list_takes_as_many_queries_for_three_as_for_one(area, inspector, django_assert_max_num_queries):  # noqa: F811
    venue(area)
    leads = desk(make.officer("supervisor", of=make.department("DSO")))
    for number in range(3):
        visiting.draw(officer=inspector, area=area, why_again=f"again for the reason {number}")
    leads.get(LIST)

    with django_assert_max_num_queries(18):
        leads.get(LIST)
