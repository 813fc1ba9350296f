"""What a form does at a button, at a change and when it is opened (GovStack 20): through the pages, without script."""

import datetime

import pytest
from django.urls import reverse

from tests import make
from tests.doors import enter
from tests.matters import editors
from tongban.cases import rules, services
from tongban.cases.models import Case
from tongban.channels.pages import preparing
from tongban.journal.models import ReadEntry
from tongban.lib.formschema import Form
from tongban.matters import bundling
from tongban.matters.editing import checking, designing, form_actions
from tongban.registers import services as registers
from tongban.registers.gateways.authority.base import NoAnswer
from tongban.registers.gateways.authority.simulated import SimulatedAuthority

pytestmark = pytest.mark.django_db

EMPLOYMENT = {
    "id": "employment-filing", "zh": "用工备案", "en": "Employment filings", "provider": "HRSS", "share": "conditional",
    "fields": ["employer", "from", "to", "active"],
}  # fmt: skip
EMPLOYER = {
    "id": "employer",
    "zh": "用人单位",
    "en": "Employer",
    "type": "text",
    "prefill": "employment-filing.employer",
}
ENDS = {"id": "ends", "zh": "起始", "en": "Since", "type": "text", "prefill": "employment-filing.from"}
WORKS = {"id": "works", "zh": "是否就业", "en": "In work", "type": "boolean"}
BUTTON = {
    "id": "again", "zh": "重新查询", "en": "Look it up again", "type": "action", "on": "press",
    "does": [{"do": "fill", "fields": ["employer", "ends"]}, {"do": "save"}, {"do": "pdf"}],
}  # fmt: skip
CHANGE = {
    "id": "follows", "zh": "随就业填写", "en": "Follow work", "type": "action", "on": "change", "of": "works",
    "does": [{"do": "fill", "fields": ["employer"]}, {"do": "set", "field": "reason", "value": "work"}],
}  # fmt: skip
FORM = [make.SMALL_FORM[0], WORKS, EMPLOYER, ENDS, BUTTON, CHANGE, *make.SMALL_FORM[1:]]


@pytest.fixture
def away(monkeypatch):
    def turn(failing: bool) -> None:
        down = {"employment-filing": NoAnswer} if failing else {}
        monkeypatch.setattr(registers, "authority", lambda: SimulatedAuthority(failing=down))

    return turn


@pytest.fixture
def case(client, away) -> Case:
    """A draft begun while the register was away, so that nothing of it is filled in."""
    person = make.person(
        mobile="13800000000", id_no="99000019961120007X", name="王演练", birth_date=datetime.date(1996, 11, 20)
    )
    enter(client, make.account(person), present=True)
    client.cookies["language"] = "en"
    matter = make.matter(form=FORM)
    registers.load_resources([EMPLOYMENT])
    registers.load_grants(matter.slug, form=FORM, ground={"zh": "居住证暂行条例"})
    away(True)
    assert client.post(f"/matters/{matter.slug}/apply/", {}).status_code == 302
    away(False)
    return Case.objects.latest("id")


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def sent(case: Case, **more) -> dict:
    return {"revision": fresh(case).revision, "tab": "page", "reason": "", "employer": "", "ends": "", **more}


def test_a_button_fills_what_is_empty_says_where_from_and_leaves_what_was_typed(client, case):
    page = client.get(f"/apply/{case.ref}/form/").content.decode()
    assert 'name="act" value="again"' in page and "Look it up again" in page and 'name="again"' not in page
    reads = ReadEntry.objects.filter(purpose="prefill")
    assert not reads.exists()

    shown = client.post(f"/apply/{case.ref}/form/", sent(case, ends="my own", act="again")).content.decode()

    held = fresh(case).values
    assert held["employer"]["value"] == "示范网安科技有限公司"
    assert (held["employer"]["source"], held["ends"]["value"]) == ("register:employment-filing", "my own")
    assert 'Filled in from where it is known: <a href="#id_employer">Employer</a>' in " ".join(shown.split())
    assert "What you wrote stands." in shown and 'value="again:ends"' in shown and "Saved at" in shown
    assert reads.get().fields == [
        "employment-filing.employer",
        "employment-filing.from",
    ]  # in the record of reads, once

    client.post(
        f"/apply/{case.ref}/form/", sent(case, employer=held["employer"]["value"], ends="my own", act="again:ends")
    )
    assert fresh(case).values["ends"]["source"] == "register:employment-filing"

    paper = client.get(f"/apply/{case.ref}/form.pdf")
    assert paper.status_code == 200 and paper.content.startswith(b"%PDF")


def test_a_change_fills_only_what_is_empty_also_by_autosave_and_sets_what_the_editor_said(client, case):
    client.post(f"/apply/{case.ref}/save", sent(case, employer="typed", reason="own"))
    told = client.post(f"/apply/{case.ref}/save", sent(case, employer="typed", reason="own", works="true")).json()

    now = fresh(case)
    assert told["revision"] == now.revision
    assert rules.plain_values(now.values) | {"employer": "typed", "reason": "work"} == rules.plain_values(now.values)
    page = client.get(f"/apply/{case.ref}/form/").content.decode()
    assert "“Employer”: the register says something else" in page and "Set by “Follow work”. You can change it." in page
    assert 'data-field-id="reason 20' in page  # drawn anew by the page that saves itself

    client.post(f"/apply/{case.ref}/save", sent(case, employer="typed", reason="mine", works="true"))
    assert rules.plain_values(fresh(case).values)["reason"] == "mine"  # no change of the other answer: it stays
    client.post(f"/apply/{case.ref}/save", sent(case, works="false"))
    assert fresh(case).values["employer"]["source"] == "register:employment-filing"


def test_a_register_that_is_away_is_said_and_nothing_is_lost(client, case, away):
    away(True)
    answer = client.post(f"/apply/{case.ref}/form/", sent(case, ends="my own", act="again"))
    page = answer.content.decode()
    assert answer.status_code == 200 and "does not answer just now. What you wrote is kept." in page
    assert fresh(case).values["ends"]["value"] == "my own"
    unknown = client.post(f"/apply/{case.ref}/form/", sent(case, ends="my own", act="nobody:'"))
    assert unknown.status_code == 200


def test_an_action_asks_nothing_anywhere(client, case):
    form = rules.form_of(case)
    ids = {"again", "follows"}
    assert not ids & {one.id for one in form} and not ids & set(form.json_schema()["properties"])
    made = services.save(
        case, {"reason": "work", "delivery": "e_licence", "truth": True, "again": "x"}, revision=case.revision,
        account=case.account,
    )  # fmt: skip
    assert "again" not in made.values and not rules.checked(made).errors
    check = client.get(f"/apply/{case.ref}/check/").content.decode()
    assert "Look it up again" not in check and "Follow work" not in check
    assert services.submit(fresh(made), account=case.account, level=3, key="one").number
    assert preparing.OpenFields(form, ()).visible({}) == form.visible({})


def test_an_action_of_a_part_speaks_of_the_questions_of_the_bundle():
    one, other = make.matter(form=FORM), make.matter(form=[*FORM[:-1], {**make.SMALL_FORM[3], "zh": "另一承诺"}])
    members = tuple(
        bundling.Member(row.slug, row.versions.get(), editors.BOTH, True, (), (), 0) for row in (one, other)
    )
    made = Form.from_demo(bundling._form(members)[0])
    assert [action.id for action in made.actions] == ["again", "follows"]
    assert all(name in made for action in made.actions for name in [*action.fills, *action.sets])


@pytest.mark.parametrize(
    "wrong",
    [
        {"does": []},
        {"does": [{"do": "fill", "fields": ["reason"]}]},
        {"does": [{"do": "fill", "fields": ["nobody"]}]},
        {"does": [{"do": "set", "field": "works", "value": "perhaps"}]},
        {"does": [{"do": "set", "field": "name", "value": "x"}]},
        {"does": [{"do": "go", "to": "nobody"}]},
        {"on": "change", "of": "nobody"},
        {"on": "open", "does": [{"do": "pdf"}]},
        {"on": "change", "of": "reason", "does": [{"do": "set", "field": "works", "value": "true"}]},
    ],
)
def test_publishing_refuses_what_cannot_be_done(wrong):
    def codes(form):
        return [one.code for one in checking.findings({"form": form}) if one.element == "form" and one.stops]

    assert "action" not in codes(FORM)
    assert "action" in codes([{**one, **wrong} if one["id"] == "again" else one for one in FORM])


def test_an_editor_wires_an_action_without_code_and_tries_it_without_a_register(client):
    officer = editors.editor()
    enter(client, officer.account)
    client.cookies["language"] = "en"
    kept = {**BUTTON, "id": "kept", "show_if": 'reason == "work"'}
    version = editors.draft(editors.matter(), by=officer, form=[*editors.FORM[:2], EMPLOYER, kept, *editors.FORM[2:]])
    here = reverse("office:guide_form", args=[version.pk])
    client.post(
        here, {"do": "new", "type": "action", "after": "employer", "revision": editors.fresh(version).draft.revision}
    )
    new = next(one["id"] for one in editors.fresh(version).form if one.get("type") == "action" and one["id"] != "kept")
    page = {
        "field": new, "id": "again", "type": "action", "label.zh": "重新查询", "label.en": "Look it up again", "act.on": "press",
        "when": "always", "does.order": "0,1", "does.0.do": "fill", "does.0.was": "save", "does.1.do": "go", "does.1.was": "",
        "does.1.to": "reason", "do": "save", "revision": editors.fresh(version).draft.revision,
    }  # fmt: skip
    assert client.post(here, page).status_code == 302

    form = editors.fresh(version).form
    one = next(one for one in form if one["id"] == "again")
    assert one["does"] == [{"do": "fill", "fields": ["name", "employer"]}, {"do": "go", "to": "reason"}]
    said = form_actions.spoken(one, designing.readable(form))
    assert said["en"] == "When the button is pressed: look up again “Name”, “Employer”; go to “Reason”."
    assert said["en"] in client.get(f"{here}?field=again").content.decode()
    tried = client.post(
        reverse("office:guide_preview", args=[version.pk]) + "?in=en", {"act": "again"}
    ).content.decode()
    assert "in a trial no register is read" in tried and not ReadEntry.objects.filter(purpose="prefill").exists()
    left = next(each for each in designing.without(form, "employer") if each["id"] == "again")
    assert left["does"][0]["fields"] == ["name"]
