import pytest

from tongban.site import configuration
from tongban.site.configuration import Configuration, NotConfigured, environment_name, read


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in Configuration.model_fields:
        monkeypatch.delenv(environment_name(name), raising=False)


def test_everything_that_is_wrong_is_said_at_once_by_the_name_that_was_set(monkeypatch):
    monkeypatch.setenv("PORT", "70000")
    monkeypatch.setenv("DATABASE_URL", "mysql://nowhere")
    monkeypatch.setenv("TONGBAN_PUBLIC_URL", "services.example.org")

    with pytest.raises(NotConfigured) as wrong:
        read()

    assert [word in str(wrong.value) for word in ("PORT: ", "DATABASE_URL: ", "TONGBAN_PUBLIC_URL: ")] == [True] * 3


def test_without_any_setting_it_is_a_demonstration_on_this_machine():
    found = read()

    assert (found.host, found.port, found.demo, found.database_url, found.https) == ("127.0.0.1", 8000, True, "", False)
    assert found.var == configuration.ROOT / "var"
    assert found.keys == found.var / "keys"
    assert found.public_url == "http://localhost:8000"


def test_the_public_address_follows_host_and_port_and_decides_about_https(monkeypatch):
    monkeypatch.setenv("HOST", "::")
    monkeypatch.setenv("PORT", "9000")
    assert read().public_url == "http://localhost:9000"
    monkeypatch.setenv("HOST", "2001:db8::1")
    assert read().public_url == "http://[2001:db8::1]:9000"

    monkeypatch.setenv("TONGBAN_PUBLIC_URL", "https://services.example.org/")
    assert (read().public_url, read().https) == ("https://services.example.org", True)


def test_lists_are_words_between_commas(monkeypatch):
    monkeypatch.setenv("TONGBAN_TRUSTED_PROXIES", "10.0.0.1, 10.0.0.2,")

    assert read().trusted_proxies == ["10.0.0.1", "10.0.0.2"]


def test_every_setting_says_what_it_is():
    assert [name for name, field in Configuration.model_fields.items() if not field.description] == []
