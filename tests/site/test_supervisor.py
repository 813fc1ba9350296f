import os
import signal

import pytest

from tests.site.product import ROOT, Running, alive, python, until
from tongban.site import supervisor


@pytest.fixture
def house(tmp_path):
    def begin(*words):
        running = Running(
            python(str(ROOT / "tests/site/small_house.py"), str(tmp_path), *words),
            0,
            {"PYTHONPATH": str(ROOT)},
            tmp_path / "log.txt",
        )
        until(lambda: len(pids("first")) == 1 and len(pids("second")) == 1)
        return running

    def pids(name):
        file = tmp_path / name
        return [tuple(map(int, line.split())) for line in file.read_text().splitlines()] if file.exists() else []

    begin.pids = pids
    return begin


def test_a_part_that_is_killed_begins_again_at_once_and_what_it_had_started_is_gone(house):
    with house() as running:
        part, helper = house.pids("first")[0]
        second = house.pids("second")[0]
        os.kill(part, signal.SIGKILL)

        again, _helper = until(lambda: len(house.pids("first")) == 2 and house.pids("first")[1])

        assert again != part
        until(lambda: not alive(helper))
        assert house.pids("second") == [second]
        assert alive(second[0])
        assert "first ended (SIGKILL); starting it again\n" in running.said()  # and not: in so many seconds


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_that_was_started(house, sign):
    with house() as running:
        everyone = [pid for name in ("first", "second") for pid in house.pids(name)[0]]
        assert all(alive(pid) for pid in everyone)

        running.process.send_signal(sign)

        assert running.process.wait(10) == 0
        assert not [pid for pid in everyone if alive(pid)]
        assert running.said().endswith("stopped\n")


def test_parts_end_when_the_supervisor_itself_is_killed(house):
    with house() as running:
        parts = [house.pids(name)[0][0] for name in ("first", "second")]

        running.process.kill()

        until(lambda: not [pid for pid in parts if alive(pid)])


def test_a_part_that_keeps_dying_is_given_time_and_the_others_live_on(house, tmp_path):
    with house("--crashing"):
        said = tmp_path / "dies"
        until(lambda: said.exists() and len(said.read_text().split()) > 4, 60)
        births = list(map(float, said.read_text().split()))

        assert births[-1] - births[-2] > 0.4
        assert alive(house.pids("first")[0][0])
        assert len(house.pids("first")) == 1


def test_one_var_directory_holds_one_product(tmp_path, monkeypatch):
    pid_file = tmp_path / "run" / "tongban.pid"

    supervisor.hold(pid_file)
    assert pid_file.read_text() == f"{os.getpid()}\n"

    supervisor.hold(pid_file)  # our own, after a crash of the same number
    pid_file.write_text("999999999\n")
    supervisor.hold(pid_file)  # left behind by one that was killed
    assert pid_file.read_text() == f"{os.getpid()}\n"


def test_something_done_apart_hands_back_its_outcome():
    assert [supervisor.apart(lambda code=code: code) for code in (0, 3)] == [0, 3]
    assert supervisor.apart(lambda: 1 / 0) == 1
