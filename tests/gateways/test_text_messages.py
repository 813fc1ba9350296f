import uuid

import pytest

from tongban.notices.gateways.sms.base import Refused
from tongban.notices.gateways.sms.simulated import Busy, SimulatedTextMessages


@pytest.fixture
def provider(tmp_path):
    return SimulatedTextMessages(tmp_path)


def test_a_text_message_is_sent_once_for_a_reference(provider, tmp_path):
    reference = str(uuid.uuid4())

    provider.send("19999000012", "【通办】办好了", reference)
    provider.send("19999000012", "【通办】办好了", reference)

    assert [path.read_text("utf-8") for path in tmp_path.iterdir()] == ["19999000012\n【通办】办好了\n"]


@pytest.mark.parametrize(
    ("to", "text", "failure"),
    [
        ("19999000000", "x", Refused),
        ("", "x", Refused),
        ("19999000012", "x" * 501, Refused),
        ("19999000001", "x", Busy),
    ],
    ids=["ends in 000", "no number", "too long", "ends in 001"],
)
def test_never_and_later_are_told_apart(provider, tmp_path, to, text, failure):
    with pytest.raises(failure):
        provider.send(to, text, str(uuid.uuid4()))
    assert list(tmp_path.iterdir()) == []
