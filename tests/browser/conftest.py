import contextlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.faults.harness import a_database
from tests.site.product import ROOT, Running, free_port, furnish, made_once, until


@dataclass(frozen=True)
class House:
    """The running product of this run of tests."""

    home: str
    var: Path
    environment: dict[str, str]

    def case(self, ref: str) -> dict:
        """How a case stands, and how many were sent at all: asked of the database, not of a page."""
        asked = subprocess.run(
            [sys.executable, "-m", "tests.browser.small_district", ref],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert asked.returncode == 0, asked.stderr
        return json.loads(asked.stdout.splitlines()[-1])


def build(environment: dict[str, str], var: Path) -> None:
    furnish(var)
    built = subprocess.run(
        [sys.executable, "-m", "tests.browser.small_district"],
        cwd=ROOT, env=environment | {"TONGBAN_VAR": str(var)}, capture_output=True, text=True,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr


@pytest.fixture(scope="package")
def house(tmp_path_factory):
    """web, live and worker on a small district: really running, as a stranger's machine would have it, until the last test of this folder.
    With DATABASE_URL the district lies in a database of its own on that PostgreSQL."""
    var, port = tmp_path_factory.mktemp("house"), free_port()
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(a_database())
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("TONGBAN_")},
            "DJANGO_SETTINGS_MODULE": "tongban.site.settings", "TONGBAN_VAR": str(var), "HOST": "127.0.0.1",
            "PORT": str(port), "DATABASE_URL": url, "TONGBAN_WEB_WORKERS": "1", "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        shutil.copytree(made_once("small-district", partial(build, environment)), var, dirs_exist_ok=True)
        command = [sys.executable, "-m", "tests.browser.begin"]
        with Running(command, port, environment, log=var / "said.txt") as running:
            until(lambda: running.answers("/healthz"), 60)
            yield House(f"http://localhost:{port}", var, environment)
