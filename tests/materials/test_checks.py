import pytest

from tongban.materials import checks, gate, store

pytestmark = pytest.mark.usefixtures("own_store")


def test_a_machine_that_can_do_everything_has_no_problems(own_store):
    assert checks.problems() == []
    assert not list(own_store.glob("checks/??/*"))


@pytest.mark.parametrize(
    ("held", "problems"),
    [
        (set(), 1),
        ({"no_network"}, 1),
        ({"memory", "cpu"}, 1),
        ({"memory", "cpu", "no_network"}, 0),
        ({"memory", "cpu", "only_libraries_readable"}, 0),
    ],
)
def test_walls_that_do_not_hold_are_named(held, problems, monkeypatch):
    monkeypatch.setattr(gate, "walls", lambda: frozenset(held))

    assert len(checks.problems()) == problems


def test_a_store_that_cannot_be_written_is_named(own_store):
    own_store.parent.mkdir(exist_ok=True)
    own_store.write_text("a file stands where the folder should be")

    (sentence,) = checks.problems()

    assert str(store.folder()) in sentence


@pytest.mark.parametrize(
    ("named", "demo", "problems"),
    [("none", False, 0), ("simulated", True, 0), ("simulated", False, 1), ("clamd:/nowhere/clamd.ctl", False, 1)],
)
def test_the_scanner_is_asked(named, demo, problems, settings):
    settings.MALWARE_GATEWAY, settings.DEMO = named, demo

    assert len(checks.problems()) == problems
