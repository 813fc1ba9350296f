import pytest
from django.conf import settings as django_settings
from django.db import connection, connections

from tongban.site.commands import check, prepare

pytestmark = pytest.mark.django_db


def test_a_database_that_keeps_its_promises_has_no_finding():
    assert list(check.database()) == []


def test_every_careless_setting_of_sqlite_is_named(monkeypatch):
    if connection.vendor != "sqlite":
        pytest.skip("about SQLite")
    answers = {"PRAGMA journal_mode": ("delete",), "PRAGMA synchronous": (1,)}

    class Careless:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def execute(self, question):
            self.answer = answers[question]
            return self

        def fetchone(self):
            return self.answer

    monkeypatch.setattr(connections["default"], "cursor", Careless)
    monkeypatch.setattr(connections["default"], "transaction_mode", "DEFERRED")

    found = list(check.database())

    assert [word in sentence for word, sentence in zip(("WAL", "power cut", "IMMEDIATE"), found, strict=True)] == [
        True
    ] * 3


@pytest.mark.postgres
def test_a_careless_postgresql_is_named():
    if connection.vendor != "postgresql":
        pytest.skip("about PostgreSQL")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")

    (found,) = check.database()

    assert "power cut" in found


def test_a_real_district_hears_of_everything_that_is_still_a_demonstration(settings):
    settings.DEMO, settings.HTTPS, settings.DEBUG = False, False, True
    settings.EMAIL_BACKEND, settings.SMS_GATEWAY = "django.core.mail.backends.filebased.EmailBackend", "simulated"

    found = " ".join(check.configuration())

    for word in ("TONGBAN_DEBUG", "https://", "TONGBAN_SMTP_URL", "TONGBAN_SMS"):
        assert word in found


def test_keys_that_others_can_read_are_named(settings, tmp_path):
    settings.TONGBAN_KEYS = tmp_path
    tmp_path.chmod(0o700)
    (tmp_path / "index.key").write_text("x")
    (tmp_path / "index.key").chmod(0o644)

    assert [sentence for sentence in check.files() if "index.key" in sentence] == [
        f"{tmp_path / 'index.key'} can be read by others on this machine. Run: chmod go-rwx {tmp_path / 'index.key'}"
    ]


def test_a_look_that_fails_is_a_finding_and_stops_no_other(monkeypatch):
    def broken():
        raise RuntimeError("the gateway is gone")

    assert check._safely(broken) == [
        f"{__name__}.{broken.__qualname__} could not look: RuntimeError: the gateway is gone"
    ]


def test_new_keys_are_not_made_beside_data_that_older_ones_have_sealed(settings, tmp_path, monkeypatch, capsys):
    settings.TONGBAN_KEYS = tmp_path / "keys"
    monkeypatch.setattr(prepare, "_has_people", lambda: True)

    assert prepare.keys() == 1
    assert "Bring the key files back" in capsys.readouterr().out
    assert not (tmp_path / "keys").exists()

    monkeypatch.setattr(prepare, "_has_people", lambda: False)
    assert prepare.keys() == 0
    assert (tmp_path / "keys" / "index.key").exists()


def test_the_products_own_sqlite_waits_for_the_disk():
    """The settings the product runs with, not a copy of them."""
    if connection.vendor != "sqlite":
        pytest.skip("about SQLite")
    options = django_settings.DATABASES["default"]["OPTIONS"]

    assert (options["transaction_mode"], options["timeout"]) == ("IMMEDIATE", 20)
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert cursor.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert cursor.execute("PRAGMA foreign_keys").fetchone()[0] == 1
