import datetime
import subprocess
import sys
from io import BytesIO

import pikepdf
import pytest

from tests.licences.samples import IDENTIFIER, ISSUER, NOON, ROOT, sheet
from tests.licences.test_sealing import with_another_page
from tongban.licences import keys, sealing
from tongban.licences.rendering import render_licence, render_seal
from tongban.site.commands.verify_licence import main

SEALED_AT = datetime.datetime.now(datetime.UTC).replace(microsecond=0) - datetime.timedelta(minutes=2)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("verify")


@pytest.fixture(scope="module")
def key(place):
    return keys.current(place / "seals", "AMR", "food-licence", now=SEALED_AT)


@pytest.fixture(scope="module")
def sealed(place, key):
    made = sealing.seal(render_licence(sheet()), key, appearance=render_seal(ISSUER, demo=True), now=SEALED_AT)
    (place / "licence.pdf").write_bytes(made)
    (place / "longer.pdf").write_bytes(with_another_page(made))
    (place / "roots.pem").write_bytes(keys.root_pem(place / "seals", now=NOON))
    return made


def ask(place, *files, **more):
    options = [str(word) for name, value in more.items() for word in (f"--{name}", value)]
    return main([*(str(place / file) for file in files), "--roots", str(place / "roots.pem"), *options])


def test_a_whole_licence_is_said_to_be_right_with_number_and_hour(place, sealed, capsys):
    assert ask(place, "licence.pdf") == 0

    said = capsys.readouterr().out
    assert "Wholly right" in said and "与盖章时完全一致" in said
    assert IDENTIFIER in said
    assert SEALED_AT.astimezone().isoformat(" ", "minutes") in said
    assert "claimed" not in said


def test_one_wrong_file_among_good_ones_is_enough(place, sealed, capsys):
    assert ask(place, "licence.pdf", "longer.pdf") == 1

    said = capsys.readouterr().out
    assert "changed or added to after sealing" in said
    assert f"(自称 claimed): {IDENTIFIER}" in said


def test_a_withdrawn_key_is_asked_for_again(place, sealed, key, capsys):
    (place / "withdrawn.txt").write_text(f"{key.key_id}\n")

    assert ask(place, "licence.pdf", withdrawn=place / "withdrawn.txt") == 1
    assert "withdrawn" in capsys.readouterr().out


def test_what_cannot_be_read_is_said(place, sealed, capsys):
    assert ask(place, "absent.pdf") == 2
    assert main([str(place / "licence.pdf"), "--roots", str(place / "absent.pem")]) == 2
    (place / "empty.pem").write_text("")
    assert main([str(place / "licence.pdf"), "--roots", str(place / "empty.pem")]) == 2
    assert main([]) == 2
    assert "absent.pdf" in capsys.readouterr().err


def test_a_forged_file_cannot_steer_the_terminal(place, sealed, capsys):
    with pikepdf.open(BytesIO(render_licence(sheet()))) as opened:
        opened.docinfo["/Keywords"] = "tongban-identifier:1.2\x1b[2J\x07\nWholly right"
        opened.save(place / "steering.pdf")

    assert ask(place, "steering.pdf") == 1

    said = capsys.readouterr().out
    assert "1.2" in said and "\x1b" not in said and "\x07" not in said
    assert "\nWholly right" not in said


def test_it_works_alone_without_settings_database_or_product(place, sealed):
    program = "import sys; from tongban.site.commands.verify_licence import main; sys.exit(main(sys.argv[1:]))"
    ask_alone = [sys.executable, "-c", program, str(place / "licence.pdf"), "--roots", str(place / "roots.pem")]
    nowhere = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": "postgres://nobody@nowhere.invalid/none",
    }

    done = subprocess.run(ask_alone, capture_output=True, text=True, cwd=place, env=nowhere, timeout=120)

    assert (done.returncode, done.stderr) == (0, "")
    assert "Wholly right" in done.stdout
