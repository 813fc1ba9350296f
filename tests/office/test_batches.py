"""Acts on many cases at the desk, through real addresses: ticked, looked over, confirmed by a second person, watched, taken along."""

import datetime
import hashlib
import io
import json
import os
import re
import tracemalloc
import zipfile

import pytest
import xlsxwriter
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from python_calamine import CalamineWorkbook

from tests import make
from tests.cases.test_batches import alike, begin, outcome
from tests.office.desks import at_the_desk, case_in, matter, officer_for, work
from tests.oversight.test_looking import queue_of
from tongban.cases import clocks, services
from tongban.cases.models import Batch, Case
from tongban.cases.services import batching, taking_along
from tongban.channels.office.spreadsheets import cells_of, safe_cell, workbook
from tongban.journal.models import Event, ReadEntry
from tongban.materials import services as documents
from tongban.materials import store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

LOOK, BEGIN = "office:batch_look", "office:batch_begin"
HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2",
    "@SUM(A1)",
    "\tx",
    "\rx",
    '=HYPERLINK("http://x")',
    "１２３",
    "张·示范",
    "𠅤㛃",
]


def english(officer) -> Client:
    client = at_the_desk(officer)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


def hidden(page) -> dict[str, list[str]]:
    """The form of the preview as a browser without script would send it."""
    form = re.search(r'<form method="post" action="/office/batches/begin".*?</form>', page.content.decode(), re.S)[0]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        if name != "csrfmiddlewaretoken":
            found.setdefault(name, []).append(value)
    return found


def test_ticked_in_the_queue_looked_over_and_done_without_script():
    window = officer_for("window_officer")
    cases = alike(case_in("received"), 3)
    client = english(window)

    queue = client.get("/office/?tab=intake").content.decode()
    assert [queue.count(f'form="batch" name="case" value="{case.ref}"') for case in cases] == [1, 1, 1]
    page = client.post(reverse(LOOK), {"act": "accept", "case": [case.ref for case in cases]})
    assert "Do it for 3 cases" in page.content.decode()
    assert Batch.objects.count() == 0
    begun = client.post(reverse(BEGIN), hidden(page))
    work()

    batch = Batch.objects.get()
    shown = client.get(begun["Location"]).content.decode()
    assert outcome(batch) == ["done"] * 3
    assert "<strong>3</strong> of 3 done" in shown


def test_all_that_the_filter_shows_is_taken_and_what_cannot_be_done_is_said():
    of = matter()
    case_in("received")
    cases = alike(case_in("received", of), 30)
    Case.objects.filter(pk=cases[4].pk).update(claimed_by=officer_for("window_officer"), claimed_at=timezone.now())
    client = english(officer_for("window_officer"))

    page = client.post(reverse(LOOK), {"act": "accept", "every": "1", "tab": "intake", "matter": of.slug})

    text = page.content.decode()
    assert "Ask a second person for 29 cases" in text
    assert "has had this case on the desk since" in text
    assert len(hidden(page)["case"]) == 30


def test_the_second_person_sees_the_list_and_confirms_or_refuses_with_a_reason():
    window, supervisor = officer_for("window_officer"), officer_for("supervisor")
    batch, other = (begin(window, "accept", alike_more(11, number)) for number in range(2))
    client = english(supervisor)

    assert client.get("/office/batches/").content.decode().count("/office/batches/" + batch.ref) == 1
    assert "Confirm for 11 cases" in client.get(reverse("office:batch", args=[batch.ref])).content.decode()
    client.post(reverse("office:batch_act", args=[batch.ref, "confirm"]))
    silent = client.post(reverse("office:batch_act", args=[other.ref, "refuse"]), {"why": "no"})
    assert (silent.status_code, "at least 10 characters" in silent.content.decode()) == (422, True)
    client.post(reverse("office:batch_act", args=[other.ref, "refuse"]), {"why": "Look at each of them first."})
    work()

    batch.refresh_from_db()
    other.refresh_from_db()
    assert (batch.state, other.state) == ("done", "refused")
    assert (
        "Look at each of them first." in english(window).get(reverse("office:batch", args=[other.ref])).content.decode()
    )


def alike_more(many: int, number: int) -> list[Case]:
    first = case_in("received")
    rows = [first]
    for place in range(1, many):
        row = Case.objects.get(pk=first.pk)
        row.pk, row.ref, row.number = (
            None,
            f"m{number}{place:010d}",
            f"{int(first.number) + 1000 * (number + 1) + place:018d}",
        )
        row._state.adding = True
        row.save()
        rows.append(row)
    return rows


def test_who_has_nothing_to_do_with_a_list_does_not_find_it():
    batch = begin(officer_for("window_officer"), "accept", alike_more(11, 0))
    others = [
        officer_for("window_officer"),
        make.officer("dept_approver", of=make.department("FRB")),
        officer_for("auditor"),
    ]

    for other in others:
        client = at_the_desk(other)
        assert client.get(reverse("office:batch", args=[batch.ref])).status_code == 404
        assert client.post(reverse("office:batch_act", args=[batch.ref, "confirm"])).status_code == 404
        assert client.get(reverse("office:batch_file", args=[batch.ref])).status_code == 404
    assert at_the_desk(batch.officer).post(reverse("office:batch_act", args=[batch.ref, "confirm"])).status_code == 403
    batch.refresh_from_db()
    assert batch.state == "asked"


def test_nothing_ticked_and_nothing_chosen_is_said_and_nothing_is_lost():
    client, case = english(officer_for("window_officer")), case_in("received")

    nothing = client.post(reverse(LOOK), {"act": "accept"})
    unknown = client.post(reverse(LOOK), {"act": "refuse", "case": case.ref})
    gone = client.post(reverse(LOOK), {"act": "accept", "case": [case.ref, "nobodysthing"]})

    assert (nothing.status_code, "Tick at least one case." in nothing.content.decode()) == (422, True)
    assert (unknown.status_code, case.ref in unknown.content.decode()) == (422, True)
    assert "<strong>1</strong> are not there for you any more" in gone.content.decode()


def test_what_is_missing_is_said_with_everything_typed_kept():
    approver = officer_for("dept_approver")
    case = case_in("under_review")
    client = english(approver)
    page = client.post(reverse(LOOK), {"act": "extend", "case": case.ref})

    answer = client.post(reverse(BEGIN), {**hidden(page), "days": "99", "why": "A report is late."})

    assert answer.status_code == 422
    assert "A report is late." in answer.content.decode()
    assert Batch.objects.count() == 0


def test_a_correction_has_room_for_as_many_points_as_can_be_asked_and_they_are_kept_for_another_try():
    window = officer_for("window_officer")
    case = case_in("received")
    client = english(window)
    page = client.post(reverse(LOOK), {"act": "request_correction", "case": case.ref})
    assert [f'name="what-{number}"' in page.content.decode() for number in range(1, 7)] == [True] * 5 + [False]
    what = re.search(r'<option value="((?:field|material):[^"]+)"', page.content.decode())[1]
    given = {"what-5": what, "text-5": "The name is not the one on the card.", "only_marked": "1"}
    answer = client.post(reverse(BEGIN), {**hidden(page), **given})
    services.withdraw(case, account=case.account)
    work()

    page = client.get(answer.url).content.decode()
    again = re.search(r'<form method="post" action="/office/batches/look".*?</form>', page, re.S)[0]

    kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', again))
    assert (kept["what-1"], kept["text-1"], kept["only_marked"]) == (what, given["text-5"], "1")


def test_the_page_before_says_that_a_second_person_is_needed_with_what_was_done_a_moment_ago():
    window = officer_for("window_officer")
    cases = alike(case_in("received"), 12)
    begin(window, "accept", cases[:6])

    page = english(window).post(reverse(LOOK), {"act": "accept", "case": [case.ref for case in cases[6:]]})

    assert "Together with what you did of this in the last 10 minutes" in page.content.decode()
    assert "Ask a second person for 6 cases" in page.content.decode()


@pytest.mark.parametrize("said", ["=1+1", "+1", "-1", "@A1", "\t=1", "\n=1", "＝1+1", "＋1", "－1", "＠A1"])
def test_a_cell_that_a_spreadsheet_would_calculate_is_told_to_be_text(said):
    assert safe_cell(said) == f"'{said}"


def test_the_number_of_questions_of_a_list_page_does_not_grow_with_the_list():
    window = officer_for("window_officer")
    small, large = begin(window, "claim", alike_more(2, 0)), begin(window, "claim", alike_more(40, 1))
    client = english(window)
    for batch in (small, large):
        client.get(reverse("office:batch", args=[batch.ref]))

    def cost(batch):
        with CaptureQueriesContext(connection) as asked:
            client.get(reverse("office:batch", args=[batch.ref]))
        return [query["sql"][:60] for query in asked]

    assert cost(small) == cost(large)


# -- a list as a spreadsheet


def sheet_of(content: bytes) -> list[list]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def test_a_spreadsheet_gives_every_name_back_as_text_and_every_day_as_a_day():
    cases = alike(case_in("received"), len(HOSTILE))
    for case, name in zip(cases, HOSTILE, strict=True):
        case.applicant = make.person(name)
        case.received_on = datetime.date(2026, 3, 2)

    content = workbook(cases)

    rows = sheet_of(content)
    assert [heading.split("\n") for heading in rows[0]][0] == ["办件编号", "Case number"]
    assert [row[3].replace("_x000D_", "\r") for row in rows[1:]] == HOSTILE
    assert {row[5] for row in rows[1:]} == {datetime.date(2026, 3, 2)}
    assert [row[0] for row in rows[1:]] == [case.number for case in cases]
    with zipfile.ZipFile(io.BytesIO(content)) as inside:
        sheet = inside.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet and "<hyperlink" not in sheet
    assert 'state="frozen"' in sheet


def test_control_a_writer_that_guesses_would_have_made_a_formula():
    held = io.BytesIO()
    with xlsxwriter.Workbook(held) as book:
        book.add_worksheet().write(0, 0, HOSTILE[0])

    with zipfile.ZipFile(held) as inside:
        assert "<f>" in inside.read("xl/worksheets/sheet1.xml").decode()


def test_the_queue_is_taken_along_as_a_spreadsheet_under_the_same_rule():
    queue_of(101)
    window = officer_for("window_officer")
    client = at_the_desk(window)

    assert client.post(reverse("office:export"), {"tab": "intake", "as": "xlsx"}).status_code == 409
    Case.objects.order_by("-pk").first().delete()
    answer = client.post(reverse("office:export"), {"tab": "intake", "as": "xlsx"})

    assert answer["Content-Type"].endswith("spreadsheetml.sheet")
    assert len(sheet_of(answer.content)) == 101
    assert ReadEntry.objects.filter(reader=window.account_id, purpose="export").count() == 100


def test_a_line_opens_nothing_that_is_not_in_it():
    case = case_in("received")

    assert len(cells_of(case)) == 8
    assert case.query_code not in map(str, cells_of(case))


def test_a_clock_that_stands_still_has_no_day_in_the_list():
    case = case_in("under_review")
    assert case.next_due in cells_of(case)
    clocks.pause_decision(case, timezone.localdate())
    clocks.show(case)

    assert case.next_due == clocks.FAR_AWAY and clocks.FAR_AWAY not in cells_of(case)


# -- cases as files


def with_a_paper(case: Case) -> Case:
    """A case with a picture whose name tries to leave its folder."""
    held = io.BytesIO()
    Image.new("RGB", (40, 60), "white").save(held, "PNG")
    held.seek(0)
    held.name = "../../etc/passwd.png"
    document = documents.keep([held], owner=case.applicant, by=case.account, name="../../租赁 合同")
    case.materials.create(type=make.material_type(), how="upload", document=document, required=True)
    return case


def whole(response) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content)))


def test_cases_are_taken_along_as_folders_with_a_manifest_and_everybody_in_them_sees_it():
    window = officer_for("window_officer")
    cases = [with_a_paper(case_in("received")) for _case in range(2)]
    client = english(window)
    page = client.post(reverse(LOOK), {"act": "take_along", "case": [case.ref for case in cases]})
    begun = client.post(reverse(BEGIN), hidden(page))
    work()

    batch = Batch.objects.get()
    assert (batch.state, outcome(batch)) == ("done", ["done", "done"])
    assert "Download (ZIP" in client.get(begun["Location"]).content.decode()
    answer = client.get(reverse("office:batch_file", args=[batch.ref]))
    with whole(answer) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("manifest.json"))
        hashes = {one["path"]: hashlib.sha256(archive.read(one["path"])).hexdigest() for one in manifest["files"]}
        form = json.loads(archive.read(f"{cases[0].number}/form.json"))
        assert archive.testzip() is None
        assert archive.read(f"{cases[0].number}/summary.pdf").startswith(b"%PDF")
    assert hashes == {one["path"]: one["sha256"] for one in manifest["files"]}
    assert {f"{case.number}/summary.pdf" for case in cases} <= set(names)
    assert sum(1 for name in names if "/letters/" in name) == sum(case.documents.count() for case in cases)
    assert sum(1 for name in names if re.search(r"/papers/\d+-lease-01\.\w+$", name)) == 2
    assert {one["id"]: one["value"] for one in form["fields"]}["reason"] == "work"
    assert all(re.fullmatch(r"[0-9A-Za-z_./-]+", name) and ".." not in name for name in names)
    assert set(ReadEntry.objects.filter(purpose="export").values_list("of_party", flat=True)) == {
        case.applicant_id for case in cases
    }
    assert Event.objects.filter(kind="BatchFetched").count() == 1


def test_files_are_for_whoever_asked_alone_and_for_a_day():
    window = officer_for("window_officer")
    batch = begin(window, "take_along", [case_in("received")])
    work()
    batch.refresh_from_db()
    part = batch.items.get().file
    where = reverse("office:batch_file", args=[batch.ref])
    assert at_the_desk(officer_for("window_officer")).get(where).status_code == 404
    assert at_the_desk(officer_for("supervisor")).get(where).status_code == 409

    Batch.objects.filter(pk=batch.pk).update(until=timezone.now() - datetime.timedelta(seconds=1))
    assert at_the_desk(window).get(where).status_code == 409
    batching.delete_files()
    store.sweep(taking_along.SHELF, set(), before=timezone.now() + datetime.timedelta(minutes=1))

    with pytest.raises(store.Damaged):
        store.get(part)
    assert batch.items.get().file == ""


def test_a_case_that_opens_only_for_a_reason_is_not_taken_along():
    case = case_in("delivered")
    Case.objects.filter(pk=case.pk).update(state="closed")
    reviewer = officer_for("dept_reviewer")

    page = english(reviewer).post(reverse(LOOK), {"act": "take_along", "case": case.ref})

    assert "opens only for a reason" in page.content.decode()


def test_a_part_that_storage_damaged_is_named_and_the_rest_arrives():
    window = officer_for("window_officer")
    batch = begin(window, "take_along", [case_in("received") for _case in range(2)])
    work()
    broken = batch.items.order_by("place").first().file
    store._path(broken).write_bytes(b"nothing")

    with whole(at_the_desk(window).get(reverse("office:batch_file", args=[batch.ref]))) as archive:
        manifest = json.loads(archive.read("manifest.json"))

    assert manifest["left_out"] == [{"part": broken, "why": "damaged in storage"}]
    assert sum(1 for name in archive.namelist() if name.endswith("summary.pdf")) == 1


def test_the_zip_holds_one_case_in_memory_at_a_time():
    """Fifty parts of 400 kB go out with a peak far below their sum."""
    parts = []
    for number in range(50):
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w") as part:
            part.writestr(f"{number}/papers/1.png", os.urandom(400_000))
            part.writestr(taking_along.ABOUT, b"[]")
        parts.append(store.put(held.getvalue(), shelf=taking_along.SHELF))

    tracemalloc.start()
    sent = sum(len(piece) for piece in taking_along.stream(parts, first={}, about={}, left_out=[]))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sent > 19_000_000
    assert peak < 6_000_000
