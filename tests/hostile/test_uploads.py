"""The 47 hostile files through both doors that take files: right for each, and whoever comes next is served as before.

What each file gets at the gate, and the walls of the reader's child (memory, time, network), are proved in tests/materials.
"""

import io

import pytest
from PIL import Image

from tests import make
from tests.doors import enter
from tests.materials.conftest import hostile, picture  # noqa: F401 - a fixture
from tests.materials.test_gate import VERDICTS
from tongban.materials import gate
from tongban.materials.models import Document, Page

pytestmark = pytest.mark.django_db


def file_of(content: bytes, name: str) -> io.BytesIO:
    held = io.BytesIO(content)
    held.name = name
    return held


def refused(verdict: str) -> int:
    return 413 if verdict == "too_big" else 422


@pytest.fixture
def errand(client):
    """A citizen with a draft that wants one paper."""
    account = make.account()
    enter(client, account, present=True)
    make.material_type("lease")
    case = make.draft(
        make.matter(requirements=[{"material": "lease", "required": True, "exempt": "none"}]), account_=account
    )
    return account, case


def test_every_hostile_file_sent_by_a_program_gets_its_verdict_and_the_next_one_is_served(client, hostile, errand):  # noqa: F811
    wrong = {}
    for name, verdict in VERDICTS.items():
        answer = client.post("/api/v1/uploads", {"file": file_of(hostile[name], name or "x")})
        body = answer.json()
        kept = "/" in verdict
        if answer.status_code != (201 if kept else refused(verdict)) or (not kept and body["code"] != verdict):
            wrong[name] = (answer.status_code, body.get("code"), verdict)
        elif kept and [page["type"] for page in body["pages"]] != [verdict]:
            wrong[name] = body["pages"]
        elif not kept and not (body["title"] and body["detail"]):
            wrong[name] = body

    assert wrong == {}
    assert Document.objects.count() == sum("/" in verdict for verdict in VERDICTS.values())
    after = client.post("/api/v1/uploads", {"file": file_of(picture("PNG"), "after.png")})
    assert after.status_code == 201


def test_every_hostile_file_in_the_errand_is_kept_or_refused_in_words(client, hostile, errand):  # noqa: F811
    _account, case = errand
    where = f"/apply/{case.ref}/materials/lease"
    wrong = {}
    for name, verdict in VERDICTS.items():
        answer = client.post(where, {"file": file_of(hostile[name], name or "x")})
        if answer.status_code != (302 if "/" in verdict else refused(verdict)):
            wrong[name] = (answer.status_code, verdict)
        client.post(where, {"detach": "1"})

    assert wrong == {}
    client.post(where, {"file": file_of(picture("PNG"), "after.png")})
    assert case.materials.get(type__slug="lease").document.pages.count() == 1


def test_what_was_kept_is_handed_out_so_that_no_browser_runs_it(client, hostile, errand):  # noqa: F811
    account, _case = errand
    for name in ("jpg_html.jpg", "js.pdf", "gps.jpg", "a\u202egnp.exe.png"):
        body = client.post("/api/v1/uploads", {"file": file_of(hostile[name], name)}).json()
        page = Page.objects.get(document__key=body["id"])

        answer = client.get(f"/my/papers/{body['id']}/{page.pk}")

        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "no-store" in answer.headers["Cache-Control"]
        assert "." not in answer.headers["Content-Disposition"].partition("filename=")[2]
        if answer.headers["Content-Type"].startswith("image/"):
            assert not Image.open(io.BytesIO(answer.content)).getexif()
        else:
            assert answer.headers["Content-Disposition"].startswith("attachment")


def test_the_reader_has_five_seconds_and_768_megabytes():
    limits = gate.Limits()

    assert (limits.seconds, limits.cpu_seconds, limits.memory) == (5.0, 5, 768 * 1024 * 1024)
    assert {"memory", "cpu", "no_files_written"} <= set(gate.walls())
