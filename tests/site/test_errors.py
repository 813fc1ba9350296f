import errno
import json
from types import SimpleNamespace

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError, connection
from django.test import Client
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from tongban.channels.doorkeeper import for_anyone
from tongban.site import errors
from tongban.site.urls import urlpatterns as real

WRONG = SimpleNamespace(error=None)


@for_anyone
def _raises(request):
    raise WRONG.error


urlpatterns = [path("checked", _raises), path("wrong", csrf_exempt(_raises)), path("api/v1/wrong", _raises), *real]
handler400, handler403, handler404, handler500 = (
    f"tongban.site.errors.{name}" for name in ("not_understood", "not_allowed", "not_found", "broken")
)

pytestmark = pytest.mark.urls(__name__)


def _chained(outer, inner):
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OperationalError("unable to open database file"), 503),
        (OperationalError("database is locked"), 503),
        (OperationalError("connection failed: connection refused"), 503),
        (OperationalError("no such table: cases_case"), 500),
        (ProgrammingError("relation does not exist"), 500),
        (OperationalError("database or disk is full"), 507),
        (OSError(errno.ENOSPC, "No space left on device"), 507),
        (OSError(errno.EACCES, "Permission denied"), 500),
        (_chained(OperationalError("could not extend file"), psycopg.errors.DiskFull("could not extend file")), 507),
        (_chained(RuntimeError("while drawing"), OperationalError("server closed the connection unexpectedly")), 503),
        (ValueError("ours"), 500),
    ],
)
def test_each_failure_has_its_own_status(error, status):
    assert errors.status_of(error) == status


@pytest.mark.parametrize("text", ["disk I/O error", "unable to open database file"])
@pytest.mark.parametrize(("free", "status"), [(0, 507), (63, 507), (64, 503)])
def test_a_file_beside_the_database_that_cannot_grow_is_no_space_only_when_there_is_none(
    text, free, status, monkeypatch
):
    monkeypatch.setattr(errors.os, "statvfs", lambda folder: SimpleNamespace(f_bavail=free, f_frsize=4096))

    assert errors.status_of(OperationalError(text)) == status


@pytest.mark.parametrize(
    ("status", "error"), [(503, OperationalError("database is locked")), (507, OSError(errno.ENOSPC, "full"))]
)
@pytest.mark.parametrize(("language", "word"), [("en", "Go back and send it again"), ("zh-hans", "<h1")])
def test_a_failing_post_says_what_was_kept_without_asking_the_database(status, error, language, word, monkeypatch):
    WRONG.error = error
    client = Client(raise_request_exception=False, headers={"accept-language": language})
    monkeypatch.setattr(connection, "connect", lambda: pytest.fail("the page for a lost database asked the database"))

    answer = client.post("/wrong")

    assert answer.status_code == status
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Content-Language"] == language
    assert word in answer.content.decode()
    assert answer.headers["Content-Security-Policy"]


def test_programs_get_a_problem_document():
    WRONG.error = OperationalError("database is locked")

    answer = Client(raise_request_exception=False, headers={"accept-language": "en"}).get("/api/v1/wrong")

    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json")
    body = json.loads(answer.content)
    assert (body["status"], body["code"], body["request"]) == (503, "unavailable", answer.headers["X-Request-ID"])
    assert body["kept"] == "Nothing was changed. Your drafts and applications are kept."


def test_the_page_of_last_resort_needs_no_template(monkeypatch):
    WRONG.error = OperationalError("database is locked")
    monkeypatch.setattr(errors.loader, "get_template", lambda name: 1 / 0)

    answer = Client(raise_request_exception=False, headers={"accept-language": "en"}).get("/wrong")

    assert answer.status_code == 503
    assert "We cannot work for a moment" in answer.content.decode()


@pytest.mark.django_db
def test_an_unknown_address_is_not_found_with_a_sentence():
    answer = Client(headers={"accept-language": "en"}).get("/there/is/nothing/here")

    assert answer.status_code == 404
    assert answer.headers["Content-Language"] == "en"


@pytest.mark.django_db
def test_a_form_that_became_too_old_says_so_and_not_that_something_is_forbidden():
    answer = Client(enforce_csrf_checks=True, headers={"accept-language": "en"}).post("/checked", {"answer": "1"})

    assert answer.status_code == 403
    said = answer.content.decode()
    assert "This page has become too old" in said
    assert "What you just sent was not taken in." in said
