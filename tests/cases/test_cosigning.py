"""Several sign: each on the own account, exactly what lies there, nobody for anybody else; sent when all have signed."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests import doors, make
from tests.cases.test_acting import mandate, send
from tongban.cases import services, signing
from tongban.cases.models import Signer
from tongban.cases.permission import permit_to_work
from tongban.cases.services import cosigning
from tongban.journal.services import work_once
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices.models import Message
from tongban.parties import services as parties

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

FORM = [
    *make.SMALL_FORM,
    {"id": "owners", "zh": "股东", "en": "Shareholders", "type": "table", "required": True, "columns": ["name", "id_kind", "id_no"],
     "column_types": {"id_kind": "id_kind", "id_no": "id_number"}},
]  # fmt: skip
LI, WANG = ("李示例", "990000199207080045"), ("王演练", "99000019961120007X")


def person(who):
    return make.account(
        parties.record_person(
            id_kind="id_card",
            id_no=who[1],
            name=who[0],
            birth_date=timezone.localdate() - timedelta(days=12000),
            sex="F",
            nationality="CN",
        )
    )


def owners(*who):
    return [{"name": name, "id_kind": "id-card", "id_no": number} for name, number in who]


def shared(*others, applicant=None):
    """A complete draft of somebody who names these others beside themselves."""
    applicant = applicant or person(("张示范", "990000195503120031"))
    matter = make.matter(form=FORM, cosigners=[{"from": "owners", "role": {"zh": "股东", "en": "shareholder"}}])
    rows = owners(("张示范", "990000195503120031"), *others)
    return applicant, make.draft(matter, account_=applicant, answers={**make.SMALL_ANSWERS, "owners": rows})


def sign(row, account, **more):
    row.refresh_from_db()
    given = {"level": 3, "content": signing.content_of(row.case)} | more
    return cosigning.sign(row, account=account, **given)


def test_it_is_sent_when_everybody_has_signed_and_not_before():
    applicant, case = shared(LI, WANG)
    li, wang = person(LI), person(WANG)
    asked = cosigning.invite(case, account=applicant)
    assert [row.name for row, _code in asked] == ["李示例", "王演练"]  # whoever applies signs by sending

    sign(asked[0][0], li)
    with pytest.raises(Invalid) as waiting:
        send(case, applicant)
    sign(asked[1][0], wang)

    assert [str(one) for one in waiting.value.errors["other"]] == ["王演练 has not signed yet."]
    sent = send(case, applicant)
    assert sent.state == "submitted"
    assert "李示例" in str(sent.documents.get(kind="submission_receipt").content)


def test_a_change_after_the_first_signature_takes_it_away_and_says_so():
    applicant, case = shared(LI)
    li = person(LI)
    [(row, _code)] = cosigning.invite(case, account=applicant)
    sign(row, li)

    case = services.save(case, {"reason": "something else"}, revision=case.revision, account=applicant)
    while work_once():
        pass

    row.refresh_from_db()
    assert (row.state, row.content, row.signed_at) == ("asked", "", None) and row.undone_at is not None
    assert [m.kind for m in Message.objects.filter(account=li).order_by("-id")][0] == "cosign_again"
    with pytest.raises(Invalid):
        send(case, applicant)
    sign(row, li)
    assert send(case, applicant).number


def test_a_change_that_changes_nothing_leaves_signatures_as_they_are():
    applicant, case = shared(LI)
    [(row, _code)] = cosigning.invite(case, account=applicant)
    sign(row, person(LI))

    services.save(case, make.SMALL_ANSWERS, revision=case.revision, account=applicant)

    row.refresh_from_db()
    assert row.state == "signed"


def test_somebody_signs_what_they_were_shown_or_nothing():
    applicant, case = shared(LI)
    li = person(LI)
    [(row, _code)] = cosigning.invite(case, account=applicant)
    shown = signing.content_of(case)
    services.save(case, {"reason": "something else"}, revision=case.revision, account=applicant)

    with pytest.raises(NotAllowed) as changed:
        sign(row, li, content=shown)
    with pytest.raises(NotAllowed) as unsure:
        sign(row, li, level=2)

    assert (changed.value.code, unsure.value.code) == ("changed-since-shown", "presence-first")


def test_nobody_signs_for_somebody_else_not_even_with_a_mandate_for_everything():
    applicant, case = shared(LI)
    li, agent = person(LI), make.account()
    mandate(li, agent, acts=("see", "prepare", "submit"))
    [(row, code)] = cosigning.invite(case, account=applicant)

    for other in (agent, applicant):
        with pytest.raises(NotAllowed, match="Only the person named"):
            sign(row, other)
        with pytest.raises(Invalid):
            cosigning.find(other, code)
    assert cosigning.find(li, code).pk == row.pk
    assert code not in str(list(Signer.objects.values()))


def test_a_number_with_another_name_is_not_the_person_named():
    applicant, case = shared(("李不同", LI[1]))
    li = person(LI)
    [(row, code)] = cosigning.invite(case, account=applicant)

    with pytest.raises(Invalid):
        cosigning.find(li, code)
    assert signing.of(li) == []


def test_declining_needs_a_reason_reaches_the_applicant_and_can_be_asked_again():
    applicant, case = shared(LI)
    li = person(LI)
    [(row, _code)] = cosigning.invite(case, account=applicant)
    with pytest.raises(Invalid):
        cosigning.decline(row, account=li, reason=" ")

    cosigning.decline(row, account=li, reason="the share is wrong")
    while work_once():
        pass

    assert "the share is wrong" in Message.objects.get(account=applicant, kind="cosign_declined").body["en"]
    with pytest.raises(NotAllowed):
        sign(row, li)
    row.refresh_from_db()
    cosigning.ask_again(row, account=applicant)
    assert sign(row, li).state == "signed"


def test_one_reminder_then_it_lapses_and_nobody_is_asked_for_ever():
    applicant, case = shared(LI)
    li = person(LI)
    [(row, code)] = cosigning.invite(case, account=applicant)
    now = timezone.now()

    steps = [cosigning.remind_and_lapse(now + timedelta(days=days)) for days in (1, 8, 9, 31)]

    row.refresh_from_db()
    assert (steps, row.state) == ([0, 1, 0, 1], "lapsed")
    with pytest.raises(NotAllowed):
        sign(row, li)


def test_nobody_is_asked_before_the_application_is_complete_and_who_is_not_named_is_asked_no_more():
    applicant, case = shared(LI)
    case = services.save(case, {"reason": ""}, revision=case.revision, account=applicant)
    with pytest.raises(NotAllowed) as unfinished:
        cosigning.invite(case, account=applicant)
    case = services.save(case, make.SMALL_ANSWERS, revision=case.revision, account=applicant)
    cosigning.invite(case, account=applicant)

    rows = owners(("张示范", "990000195503120031"), WANG)
    case = services.save(case, {"owners": rows}, revision=case.revision, account=applicant)
    cosigning.invite(case, account=applicant)

    assert unfinished.value.code == "finish-first"
    assert [row.name for row in case.signers.all()] == ["王演练"]


def test_an_officer_who_signs_does_not_handle():
    applicant, case = shared(LI)
    officer = make.officer("window_officer", person=person_only(LI))
    cosigning.invite(case, account=applicant)

    with pytest.raises(NotAllowed):
        permit_to_work(officer, case)


def person_only(who):
    return parties.record_person(
        id_kind="id_card", id_no=who[1], name=who[0], birth_date=timezone.localdate() - timedelta(days=12000), sex="F",
        nationality="CN",
    )  # fmt: skip


def test_who_signs_beside_sees_the_own_number_and_those_of_others_covered():
    phone = {"id": "phone", "zh": "手机号", "en": "Phone", "type": "phone"}
    applicant = person(("张示范", "990000195503120031"))
    matter = make.matter(
        form=[*FORM, phone], cosigners=[{"from": "owners", "role": {"zh": "股东", "en": "shareholder"}}]
    )
    rows = owners(("张示范", "990000195503120031"), LI, WANG)
    case = make.draft(
        matter, account_=applicant, answers={**make.SMALL_ANSWERS, "owners": rows, "phone": "13800005678"}
    )
    li = person(LI)
    cosigning.invite(case, account=applicant)
    row = next(one for one in signing.of(li) if one.case_id == case.pk)

    page = doors.enter(Client(), li, present=True).get(f"/my/signatures/{row.pk}/").text

    assert LI[1] in page and "张示范" in page and "王演练" in page
    assert [number for number in ("13800005678", "990000195503120031", WANG[1]) if number in page] == []
