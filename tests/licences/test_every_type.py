"""Every one of the 42 types lives its life: issued, sealed, shown, checked online and on paper, suspended, corrected, revoked or ended."""

import datetime
import itertools

import pypdfium2
import pytest
from django.core.cache import caches
from django.utils import timezone

from tests import eyes, make
from tests.licences.samples import ROOT, sheet, types
from tongban.journal.actors import PLATFORM
from tongban.lib.identifiers import check_licence_identifier, licence_identifier
from tongban.licences import correcting, keys, paper, services, trust, withdrawing
from tongban.licences.models import Licence, LicenceType
from tongban.licences.sealing import check_pdf

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys")]

BEGINS = "1.2.156.3005.2."
TODAY = timezone.localdate()


def kind_of(slug: str) -> LicenceType:
    one = types()[slug]
    return make.licence_type(
        slug, name={"zh": one["zh"], "en": one["en"]}, holder_kind=one["holder"], issuer=make.department(one["issuer"]),
        type_code=one["type_code_demo"], face_fields=one["face_fields"], validity=one["validity"],
    )  # fmt: skip


def holder_of(kind: LicenceType):
    return make.person() if kind.holder_kind == "person" else make.company()


def one_of(slug: str) -> Licence:
    kind = kind_of(slug)
    face = {name: value for name, value in sheet(slug).face.items() if name not in {"photo", "qr"}}
    return services.issue(
        kind, holder=holder_of(kind), face=face, decision=f"case:{slug}", issued_on=TODAY, valid_from=TODAY,
        valid_to=TODAY + datetime.timedelta(days=300), actor=PLATFORM,
    )  # fmt: skip


def test_there_are_forty_two():
    assert len(types()) == 42
    assert len({one["type_code_demo"] for one in types().values()}) == 42
    assert all(one["type_code_demo"].startswith("99990000") for one in types().values())
    assert (ROOT / "demo" / "licence_types.yaml").is_file()


def test_the_check_character_gives_away_every_slip_and_nearly_every_swap():
    """ISO 7064 MOD 37,36: one wrong sign always shows, two neighbours changed for one another in all but a few cases."""
    slips, swaps, unseen = 0, 0, 0
    for number in (licence_identifier(one["type_code_demo"], "99990000MA1ABCDE1X", 18, 1) for one in types().values()):
        assert check_licence_identifier(number).valid
        tail = number.removeprefix(BEGINS)
        for at, sign in enumerate(tail):
            if sign != ".":
                other = "7" if sign != "7" else "3"
                assert not check_licence_identifier(f"{BEGINS}{tail[:at]}{other}{tail[at + 1 :]}").valid, (number, at)
                slips += 1
            if at and sign != tail[at - 1] and "." not in tail[at - 1 : at + 1]:
                swapped = f"{BEGINS}{tail[: at - 1]}{sign}{tail[at - 1]}{tail[at + 1 :]}"
                unseen += check_licence_identifier(swapped).valid
                swaps += 1
    assert slips > 1500 and unseen < swaps / 50


@pytest.mark.parametrize("slug", sorted(types()))
def test_a_licence_of_this_type_lives_its_life(slug):
    caches["process"].clear()
    row = one_of(slug)
    services.put_seal(licence=row.pk)
    row = Licence.objects.select_related("type", "issuer", "holder").get(pk=row.pk)

    # its number carries its check character
    assert check_licence_identifier(row.identifier).valid

    # the sealed file is wholly right, and a reader of others reads the code on it
    now = timezone.now()
    sealed = services.open_pdf(row)
    assert check_pdf(sealed, [keys.root_pem(services.key_directory(), now=now)]).wholly_right
    document = pypdfium2.PdfDocument(sealed)
    page = document[0]
    (code,) = eyes.codes_in(page.render(scale=150 / 72).to_pil())
    page.close()
    document.close()
    assert code.startswith(f"{services.address()}/verify/{row.token}#TB1:")

    # the same word online and from the paper, in every state
    def said() -> tuple[str, str]:
        trust.changed()
        certificate, _key = keys.root(services.key_directory(), now=now)
        root = certificate.public_key()
        trusted = paper.trust_of(paper.read_list(trust.trust_list()["list"], root, "tongban-trust-list"))
        known = paper.statuses_of(paper.read_list(trust.status_list()["list"], root, "tongban-licence-status"))
        offline = paper.check(code, trusted, known, now=timezone.now())
        online = services.verify(row.token, channel="test")
        assert (offline.signature, online.signature) == ("good", True)
        assert (offline.state, offline.reason) == (online.status, online.reason)
        assert trusted.names["types"][slug]["name"]["zh"] == types()[slug]["zh"]
        return online.status, online.reason

    assert said() == ("valid", "")
    services.suspend(row, reason="x", actor=PLATFORM)
    assert said() == ("suspended", "")
    services.resume(row, reason="x", actor=PLATFORM)
    assert said() == ("valid", "")
    approver = make.officer("dept_approver", of=row.issuer)
    if changeable := correcting.correctable(row):
        correcting.correct(
            row, changes={changeable[0]: "更正 put right"}, basis="own-mistake", reason="A slip.", officer=approver
        )
        assert said() == ("not_valid", "superseded")
        assert services.verify(Licence.objects.get(previous=row).token, channel="test").status == "valid"
    else:
        assert slug == "industry-licence"  # made of permits, each corrected where it lives
        services.revoke(row, reason="x", actor=PLATFORM)
        assert said() == ("not_valid", "revoked")


def test_keys_are_one_for_each_department_and_type_and_withdrawing_one_leaves_all_others():
    rows = {slug: one_of(slug) for slug in itertools.islice(sorted(types()), 0, None, 6)}
    assert len({row.key_id for row in rows.values()}) == len(rows)
    stolen, *others = rows.values()

    withdrawing.by_operator(stolen.key_id, why="stolen")

    assert services.verify(stolen.token, channel="test").reason == "key_withdrawn"
    assert {services.verify(row.token, channel="test").status for row in others} == {"valid"}
