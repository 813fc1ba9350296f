"""Trusted signers on the officers' pages: loaded by one, put in force by another, and everything that was stays to be seen."""

import base64
import io
import json

import pytest

from tests import doors, make
from tests.codes import health_passes as issuer
from tongban.codes import queries_passes
from tongban.codes.models import TrustList
from tongban.codes.services import passes
from tongban.lib.problems import NotAllowed
from tongban.site.commands import trust_list, verify_pass

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def signed_in(client_class, *roles):
    row = make.officer(*roles, of=make.department("HC"))
    return doors.enter(client_class(headers={"accept-language": "en"}), row.account)


@pytest.fixture
def desks(client):
    return {
        name: signed_in(type(client), role)
        for name, role in {
            "loads": "health_officer",
            "one": "health_approver",
            "other": "health_approver",
            "looks": "auditor",
        }.items()
    }


def file_of(*certificates, name="list.json"):
    sent = io.BytesIO(json.dumps([base64.b64encode(der).decode() for der in certificates]).encode())
    sent.name = name
    return sent


def load(desk, *certificates, origin="Gateway of tests, 2026-11-20"):
    return desk.post("/office/passes/", {"file": file_of(*certificates), "origin": origin})


def words(answer) -> str:
    return answer.content.decode()


def test_a_list_is_loaded_by_one_and_put_in_force_by_another(desks):
    answer = load(desks["loads"], issuer.trusted())
    assert answer["Location"] == "/office/passes/health-pass/1/"
    assert len(queries_passes.trust()) == 0
    assert "Put it in force" not in words(desks["loads"].get("/office/passes/health-pass/1/"))
    assert desks["loads"].post("/office/passes/health-pass/1/trust").status_code == 403

    page = words(desks["one"].get("/office/passes/health-pass/1/"))
    assert "Signer of tests" in page
    assert "every kind" in page
    desks["one"].post("/office/passes/health-pass/1/trust")

    row = TrustList.objects.get()
    assert (row.state, row.decided_by.account) == ("in_force", row.decided_by.account)
    assert row.decided_by_id != row.loaded_by_id
    assert issuer.verify(issuer.pass_of(), trust=[issuer.trusted()]).valid
    assert queries_passes.judge(issuer.pass_of(), at=issuer.AT, trust=queries_passes.trust()).valid
    assert "since" in words(desks["looks"].get("/office/passes/"))


def test_who_loaded_a_list_does_not_put_it_in_force_even_with_the_right(desks):
    load(desks["one"], issuer.trusted())

    answer = desks["one"].post("/office/passes/health-pass/1/trust")

    assert answer.status_code == 409
    assert "Ask a colleague" in words(answer)
    assert TrustList.objects.get().state == "loaded"


def test_the_next_version_says_what_it_changes_and_replaces_the_one_before(desks):
    new = issuer.certificate(issuer.key("two"), usage=[issuer.USAGE["t"]])
    for der in (issuer.trusted(), new):
        load(desks["loads"], der)
        number = TrustList.objects.first().number
        if number == 2:
            page = words(desks["one"].get("/office/passes/health-pass/2/"))
            assert "1 signer comes" in page
            assert "1 signer goes" in page
            assert "tests" in page
        desks["one"].post(f"/office/passes/health-pass/{number}/trust")

    assert list(TrustList.objects.order_by("number").values_list("number", "state")) == [
        (1, "replaced"),
        (2, "in_force"),
    ]
    assert queries_passes.judge(issuer.pass_of(), at=issuer.AT, trust=queries_passes.trust()).reason == "unknown_key"
    assert "replaced by a later version" in words(desks["looks"].get("/office/passes/health-pass/1/"))


def test_a_version_is_dropped_with_a_reason(desks):
    load(desks["loads"], issuer.trusted())

    assert desks["one"].post("/office/passes/health-pass/1/drop", {"why": " "}).status_code == 422
    desks["one"].post("/office/passes/health-pass/1/drop", {"why": "The wrong file"})

    assert "The wrong file" in words(desks["looks"].get("/office/passes/health-pass/1/"))
    assert desks["other"].post("/office/passes/health-pass/1/trust").status_code == 409
    assert len(queries_passes.trust()) == 0


@pytest.mark.parametrize(
    "content", [b"", b"hello world!", b"[5]", b'{"trust": "x"}', b"\xff\xfe", b"{", b"[" * 100_000, b"aGVsbG8="]
)
def test_a_file_that_is_no_list_is_named_and_nothing_is_kept(desks, content):
    sent = io.BytesIO(content)
    sent.name = "x.json"

    answer = desks["loads"].post("/office/passes/", {"file": sent, "origin": "somewhere"})

    assert answer.status_code == 422
    assert "somewhere" in words(answer)
    assert not TrustList.objects.exists()


def test_without_a_file_or_an_origin_it_is_said(desks):
    assert "choose the file" in words(desks["loads"].post("/office/passes/", {"origin": "x"}))
    assert "where the list comes from" in words(load(desks["loads"], issuer.trusted(), origin=" "))


def test_certificates_that_sign_no_passes_are_left_out_and_counted(desks):
    load(desks["loads"], issuer.trusted(), issuer.certificate(issuer.key("p384")))

    row = TrustList.objects.get()
    assert (row.signers, row.left_out) == (1, 1)
    assert "1 certificate whose key signs no passes" in words(desks["looks"].get("/office/passes/health-pass/1/"))


def test_only_the_health_department_loads(desks):
    assert "Load the next version" not in words(desks["looks"].get("/office/passes/"))
    assert load(desks["looks"], issuer.trusted()).status_code == 403
    assert desks["looks"].post("/office/passes/health-pass/1/trust").status_code == 403


def test_lists_and_pages_take_the_same_number_of_queries_however_long_they_are(desks, django_assert_max_num_queries):
    for _each in range(3):
        passes.load_signers("health-pass", issuer.trusted(), origin="tests", officer=None)
    ders = [issuer.certificate(issuer.key(name)) for name in ("one", "two", "three")]
    passes.load_signers(
        "health-pass", json.dumps([base64.b64encode(der).decode() for der in ders]).encode(), origin="t", officer=None
    )

    for at in ("/office/passes/", "/office/passes/health-pass/4/"):
        desks["looks"].get(at)
        with django_assert_max_num_queries(16):
            desks["looks"].get(at)


# -- by command


@pytest.fixture
def installed():
    def load_and_trust(der):
        return passes.trust_signers(passes.load_signers("health-pass", der, origin="tests", officer=None), officer=None)

    return load_and_trust


def run(command, *words):
    import argparse

    parser = argparse.ArgumentParser()
    command.arguments(parser)
    return command.run(parser.parse_args([str(word) for word in words]))


def test_the_operator_loads_a_list_from_a_file(tmp_path, capsys):
    file = tmp_path / "signers.pem"
    text = base64.encodebytes(issuer.trusted()).decode()
    file.write_text(f"Bag Attributes\n-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n")

    assert run(trust_list, file, "--origin", "the gateway") == 0
    assert run(trust_list) == 0

    assert "1 signers" in (said := capsys.readouterr().out)
    assert "in_force" in said
    assert queries_passes.judge(issuer.pass_of(), at=issuer.AT, trust=queries_passes.trust()).valid
    assert run(trust_list, tmp_path / "nothing", "--origin", "x") == 2
    assert run(trust_list, file) == 1
    assert run(trust_list, file, "--origin", "x", "--name", "Not A Name") == 1


@pytest.mark.parametrize("shape", ["list", "by kid", "objects", "trust", "lines", "der"])
def test_lists_are_read_as_authorities_write_them(tmp_path, shape):
    text = base64.b64encode(issuer.trusted()).decode()
    content = {
        "list": json.dumps([text]),
        "by kid": json.dumps({"kid": text}),
        "objects": json.dumps({"certificates": [{"kid": "x", "country": "ZZ", "rawData": text}]}),
        "trust": json.dumps({"note": "x", "trust": {"kid": text}, "cases": []}),
        "lines": f"{text}\n{text}\n",
        "der": issuer.trusted(),
    }[shape]
    file = tmp_path / "list"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())

    assert run(trust_list, file, "--origin", "tests") == 0
    assert TrustList.objects.get().signers == 1


def test_verify_pass_answers_as_the_interface_does_and_leaves_zero_only_if_valid(tmp_path, capsys):
    trust, qr = tmp_path / "trust.der", tmp_path / "qr.txt"
    trust.write_bytes(issuer.trusted())
    for text, code in ((issuer.pass_of(), 0), (issuer.pass_of()[:-3], 1), ("hello", 1)):
        qr.write_text(text + "\n")
        assert run(verify_pass, "--at", issuer.AT.isoformat(), "--trust", trust, qr) == code
        said = json.loads(capsys.readouterr().out)
        assert list(said) == ["verdict", "reason", "kind", "holder", "test", "light"]
        assert (said["verdict"] == "valid") == (code == 0)


def test_verify_pass_reads_standard_input_and_the_districts_own_list(monkeypatch, capsys, installed):
    installed(issuer.trusted())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(issuer.pass_of().encode())))

    assert run(verify_pass, "--at", issuer.AT.isoformat()) == 0
    assert json.loads(capsys.readouterr().out)["holder"]["name"] == "Erika Mustermann"


def test_verify_pass_says_what_it_cannot_read(tmp_path, capsys):
    (tmp_path / "trust").write_text("nonsense!")

    for wrong in (
        ["--at", "soon"],
        ["--trust", tmp_path / "none"],
        ["--trust", tmp_path / "trust"],
        ["--list", "nobody"],
    ):
        assert run(verify_pass, *wrong) == 2
    assert capsys.readouterr().out == ""


def test_two_hands_do_not_put_two_versions_in_force(installed):
    first = installed(issuer.trusted())
    second = passes.load_signers("health-pass", issuer.trusted(), origin="tests", officer=None)
    again = TrustList.objects.get(pk=second.pk)

    passes.trust_signers(second, officer=None)
    with pytest.raises(NotAllowed):
        passes.trust_signers(again, officer=None)
    first.refresh_from_db()
    assert (first.state, TrustList.objects.filter(state="in_force").count()) == ("replaced", 1)
