"""How the tests are shared among workers: what builds something for all its tests stays together, whatever xdist and pytest are called today."""

from types import SimpleNamespace

from xdist.workermanage import Producer

from tests import conftest
from tests.site.product import ROOT


def shares() -> dict[str, str]:
    paths = [path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("tests/**/test_*.py"))]
    return {path: conftest.share(f"{path}::test_it[x-a::b]") for path in paths}


def test_what_starts_a_browser_or_kills_the_product_is_one_share_each():
    found = shares()

    assert {share for path, share in found.items() if path.startswith("tests/browser/")} == {"browser"}
    for path in ("tests/faults/test_kills.py", "tests/faults/test_disk.py", "tests/site/test_backup.py"):
        assert found[path] == "faults"
    assert found["tests/site/test_demonstration.py"] == "tests/site/test_demonstration.py"
    alone = {path for path, share in found.items() if "::" in share}
    assert {path.rsplit("/", 1)[1] for path in alone} == set(conftest.LONGEST)


class Worker:
    """One that only notes what it is sent."""

    shutting_down = False

    def __init__(self, name: str):
        self.gateway, self.sent = SimpleNamespace(id=name), []

    def send_runtest_some(self, places: list[int]) -> None:
        self.sent += places

    def shutdown(self) -> None:
        self.shutting_down = True


def test_xdist_shares_as_it_is_told():
    """Groups were once written into the tests' names where nobody read them any more, and nobody was told."""
    tests = [
        "tests/browser/test_shop_story.py::test_a", "tests/site/test_demonstration.py::test_b[1]", "tests/pages/test_hall_scripts.py::test_c",
        "tests/site/test_demonstration.py::test_d[2]", "tests/browser/test_accessible.py::test_e", "tests/site/test_demonstration.py::test_f",
    ]  # fmt: skip
    config = SimpleNamespace(option=SimpleNamespace(loadscopereorder=True), getvalue=lambda _name: ["popen", "popen"])
    scheduler = conftest.pytest_xdist_make_scheduler(config, Producer("shares", enabled=False))
    workers = [Worker("gw0"), Worker("gw1")]
    for worker in workers:
        scheduler.add_node(worker)
    for worker in workers:
        scheduler.add_node_collection(worker, tests)

    scheduler.schedule()

    assert [worker.sent for worker in workers] == [[0, 2, 4], [1, 3, 5]]
