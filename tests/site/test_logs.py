import contextlib
import json
import logging
import logging.handlers
from types import SimpleNamespace

import pytest
import structlog

from tongban.site import logs


@pytest.fixture
def lines(tmp_path):
    """What is written to the log, as dictionaries; the test run's own logging comes back afterwards."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    (tmp_path / "log").mkdir()
    logs.logging_for(SimpleNamespace(var=tmp_path, log_level="INFO"))
    yield lambda: [json.loads(line) for line in (tmp_path / "log" / "tongban.log").read_text().splitlines()]
    for handler in root.handlers:
        if handler not in before[1]:
            handler.close()
    root.level, root.handlers = before


def test_a_line_is_json_with_the_number_of_its_request(lines):
    token = logs.request_id.set("abc123")
    structlog.get_logger("tongban.test").warning("job failed", kind="notices.send")
    logs.request_id.reset(token)

    (line,) = lines()
    assert {name: line[name] for name in ("event", "kind", "level", "logger", "request_id")} == {
        "event": "job failed",
        "kind": "notices.send",
        "level": "warning",
        "logger": "tongban.test",
        "request_id": "abc123",
    }


def test_numbers_and_addresses_of_people_do_not_reach_the_log(lines):
    secrets = ["99000019900307123X", "990000199003071234", "13900001234", "someone@example.org"]
    for secret in secrets:
        try:
            raise ValueError(f"Key (id_no)=({secret}) already exists")
        except ValueError:
            logging.getLogger("django.request").exception("Internal Server Error: /cases/%s", secret)
        structlog.get_logger("tongban.test").error(f"could not reach {secret}", error=f"refused by {secret}")

    written = json.dumps(lines())
    assert len(lines()) == 8
    assert [secret for secret in secrets if secret in written] == []
    assert "/cases/" not in written


def test_what_is_no_number_of_a_person_stays_readable(lines):
    structlog.get_logger("tongban.test").info(
        "case 3.14159265358979 took 2026-11-21", error="hash 5e884898da28047151d0e56f8dc62927"
    )

    assert lines()[0]["event"] == "case 3.14159265358979 took 2026-11-21"
    assert lines()[0]["error"] == "hash 5e884898da28047151d0e56f8dc62927"


@pytest.mark.parametrize("kind", [logs.File, logging.handlers.WatchedFileHandler], ids=["ours", "control"])
def test_on_a_full_disk_a_line_is_lost_and_not_the_request(kind, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)  # what it says of itself goes to stderr
    handler = kind("/dev/full", delay=True)
    record = logging.makeLogRecord({"msg": "somebody was here"})
    handler.emit(record)  # opens the file; what could not be written stays in its buffer
    if kind is logs.File:
        handler.emit(record)
    else:
        with pytest.raises(OSError, match="No space left"):
            handler.emit(record)
    with contextlib.suppress(OSError):
        handler.close()
