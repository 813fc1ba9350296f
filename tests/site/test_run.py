"""The whole product, started as `make run` starts it."""

import io
import os
import signal
import socket
import sys

import pytest
from django.urls import reverse

from tests.site.product import alive, descendants, furnish, health, named, until, whole_product
from tongban.site.commands import run

pytestmark = pytest.mark.timeout(120)
SURROUNDINGS = {
    "TONGBAN_DEMO": "0",
    "DATABASE_URL": "",
    "DJANGO_SETTINGS_MODULE": "tongban.site.settings",
    "TONGBAN_KEYS": "",
}


@pytest.fixture
def begin(tmp_path, monkeypatch):
    monkeypatch.delenv("TONGBAN_KEYS", raising=False)

    def start(var="var", *, from_nothing=False, **more):
        if not from_nothing and not (tmp_path / var).exists():
            furnish(tmp_path / var)
        given = {name: value for name, value in SURROUNDINGS.items() if name != "TONGBAN_KEYS"}
        return whole_product(tmp_path / var, environment=given, **more)

    return start


@pytest.mark.timeout(400)
def test_it_says_that_it_is_ready_only_when_every_part_is_well_and_stops_wholly(begin):
    with begin(from_nothing=True) as running:
        until(lambda: "Tongban is ready" in running.said() or running.process.poll() is not None, 300)  # all migrations

        assert health(running) == {
            "web": "well",
            "database": "well",
            "tickets": "well",
            "worker": "well",
            "pages": "well",
            "live": "well",
            "gates": "well",
        }
        everyone = descendants(running.process.pid)
        assert sorted(filter(None, map(named, everyone))) == ["tongban-web-1", "tongban-web-2", "tongban-worker"]

        running.process.send_signal(signal.SIGINT)

        assert running.process.wait(20) == 0
        assert not [pid for pid in everyone if alive(pid)]
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", running.port), timeout=1)
        assert running.said().rstrip().endswith("Everything is kept in the var directory.")


def test_pages_carry_their_protection(begin):
    with begin() as running:
        until(lambda: running.answers("/healthz"), 60)

        status, headers, _body = running.ask("GET", reverse("account_login"))

        assert status == 200
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"


def test_a_taken_port_is_a_sentence_and_not_a_second_product_behind_the_first(begin):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with begin(port=port) as running:
            assert running.process.wait(30) == 1
            assert f"Tongban cannot listen on 127.0.0.1:{port}" in running.said()
            assert f"PORT={port + 1} make run" in running.said()


def test_a_second_product_in_the_same_directory_is_refused(begin):
    with begin() as first:
        until(lambda: first.answers("/healthz"), 60)
        with begin() as second:
            assert second.process.wait(30) == 1
            assert "already running with this var directory" in second.said()
        assert first.answers("/healthz")


def test_health_names_the_part_that_is_not_well(begin, monkeypatch):
    monkeypatch.setenv("TONGBAN_HEARTBEAT_LIMIT", "1.5")
    with begin() as running:
        until(lambda: running.answers("/healthz"), 60)
        (worker,) = [pid for pid in descendants(running.process.pid) if named(pid) == "tongban-worker"]
        os.kill(worker, signal.SIGSTOP)
        try:
            until(lambda: running.answers("/healthz", 503), 20, every=0.2)
            parts = health(running)
        finally:
            os.kill(worker, signal.SIGCONT)

        assert parts.pop("worker").startswith("silent for")
        assert set(parts.values()) == {"well"}


def test_missing_keys_beside_sealed_data_stop_the_start_and_change_nothing(begin, tmp_path):
    with begin() as running:
        until(lambda: running.answers("/healthz"), 60)
        running.process.terminate()
        running.process.wait(20)
    keys = tmp_path / "var" / "keys"
    (keys / "index.key").rename(tmp_path / "index.key")

    with begin() as running:
        assert running.process.wait(30) == 1
        assert "index.key" in running.said()
    assert not (keys / "index.key").exists()

    (tmp_path / "index.key").rename(keys / "index.key")
    with begin() as running:
        until(lambda: running.answers("/healthz"), 60)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_the_supervisor_goes_on_when_nobody_can_hear_it(monkeypatch, stream):
    with io.TextIOWrapper(open("/dev/full", "wb", buffering=0), write_through=True) as full:
        with pytest.raises(OSError, match="No space"):
            full.write("the control: this stream takes nothing\n")
        monkeypatch.setattr(sys, stream, full)

        run.say("web-1 ended") if stream == "stdout" else run.complain("web-1 ended")
