"""Nothing is decided on a promise where safety, health or ecology are directly at stake: not in the demonstration, and not by publishing."""

import datetime
from pathlib import Path

import pytest

from tests import make
from tongban.lib import yamls
from tongban.lib.problems import Invalid
from tongban.matters import commitment
from tongban.matters.services import ELEMENTS, publish

ROOT = Path(__file__).resolve().parents[2]
MATTERS = yamls.read(ROOT / "demo/matters.yaml")["matters"]


def test_no_matter_of_the_demonstration_breaks_it():
    broken = {
        row["id"]: commitment.at_stake(row["id"], row["legal_basis"]) for row in MATTERS if row["commitment_available"]
    }

    assert len(broken) > 10
    assert not {slug: stakes for slug, stakes in broken.items() if stakes}


def test_control_matters_where_they_are_at_stake_are_found():
    found = {row["id"] for row in MATTERS if commitment.at_stake(row["id"], row["legal_basis"])}

    assert {"hazchem-licence", "drug-retail", "device3-licence", "eia-registration", "animal-clinic"} <= found


@pytest.mark.django_db
@pytest.mark.parametrize(
    "law", ["危险化学品安全管理条例", "药品管理法", "环境影响评价法", "中华人民共和国特种设备安全法"]
)
def test_a_version_that_would_allow_it_is_not_published(law):
    make.calendar()
    matter = make.matter()
    version = matter.versions.get()
    elements = {name: getattr(version, name) for name in ELEMENTS} | {
        "commitment": True,
        "legal_basis": [{"zh": law, "en": "A law"}],
    }

    with pytest.raises(Invalid) as refused:
        publish(matter, elements, today=datetime.date(2026, 3, 3))

    assert refused.value.code == "commitment-forbidden"
    assert not matter.versions.filter(state="published", commitment=True).exists()
    assert publish(matter, {**elements, "commitment": False}, today=datetime.date(2026, 3, 3)).number == 2
