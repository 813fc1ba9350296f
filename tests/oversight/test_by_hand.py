"""Whoever opens the data by hand on the machine is seen by supervision."""

from types import SimpleNamespace

import pytest

from tongban.oversight.models import Alert
from tongban.site.commands import manage

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("command", "alerts"), [("shell", 1), ("dbshell", 1), ("dumpdata", 1), ("check", 0)])
def test_a_command_that_shows_data_raises_an_alert(command, alerts, monkeypatch):
    run = []
    monkeypatch.setattr(manage, "execute_from_command_line", run.append)

    manage.run(SimpleNamespace(words=[command]))

    assert run == [["tongban manage", command]]
    assert list(Alert.objects.values_list("kind", "note")) == [("by_hand", command)] * alerts
