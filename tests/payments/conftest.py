import pytest
from django.test import Client

from tongban.payments.gateways import simulated


@pytest.fixture(autouse=True)
def notices_knock_at_our_own_door(monkeypatch):
    """The twin's notices come to the addresses of the test, not to whatever listens on this machine."""

    def post(body: bytes, headers: dict[str, str]) -> int:
        kept = {name: value for name, value in headers.items() if name != "Content-Type"}
        address = "/gateways/simulated/notices"
        return Client().post(address, body, content_type="application/json", headers=kept).status_code

    monkeypatch.setattr(simulated, "post", post)
