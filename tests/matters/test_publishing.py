import datetime
from pathlib import Path

import pytest

from tests import make
from tongban.departments import services as departments
from tongban.journal.models import Event, Topic
from tongban.lib import yamls
from tongban.lib.problems import Invalid
from tongban.matters import services
from tongban.matters.models import MaterialType, Matter, MatterVersion, Theme

pytestmark = pytest.mark.django_db

DEMO = Path(__file__).parents[2] / "demo"
TODAY = datetime.date(2026, 6, 1)
ELEMENTS = {"name": {"zh": "居住证", "en": "Permit"}, "type": "confirm", "type_code": "07", "promised_days": 7}


@pytest.fixture
def matter():
    services.load_themes([{"id": "residence", "zh": "居住", "en": "Living"}])
    return Matter.objects.create(slug="permit", department=make.department())


def test_a_new_version_takes_the_place_of_the_old_and_running_cases_keep_theirs(matter):
    first = services.publish(matter, ELEMENTS, today=TODAY, themes=["residence"])
    second = services.publish("permit", {**ELEMENTS, "promised_days": 5}, today=TODAY, themes=["residence"])

    first.refresh_from_db()
    assert [(first.number, first.state, first.promised_days), (second.number, second.state, second.promised_days)] == [
        (1, "retired", 7),
        (2, "published", 5),
    ]
    assert [theme.slug for theme in second.themes.all()] == ["residence"]
    assert Event.objects.filter(kind="MatterPublished").count() == 2
    assert Topic.objects.get(name="catalogue").version == 2


def test_the_same_guide_again_is_no_new_version(matter):
    first = services.publish(matter, ELEMENTS, today=TODAY, themes=["residence"])

    assert services.publish(matter, ELEMENTS, today=TODAY, themes=["residence"]) == first
    assert services.publish(matter, ELEMENTS, today=TODAY) != first


def test_elements_nobody_knows_are_refused(matter):
    with pytest.raises(Invalid):
        services.publish(matter, {**ELEMENTS, "colour": "teal"}, today=TODAY)


@pytest.mark.parametrize("rules", [{}, {"no-such-operator": [1]}, {"and": "x" * 30000}])
def test_a_machine_without_readable_rules_is_not_published(matter, rules):
    if rules == {}:
        rules = None
    with pytest.raises(Invalid):
        services.publish(matter, {**ELEMENTS, "decided_by": "rule", "rules": rules or {"": []}}, today=TODAY)

    assert not MatterVersion.objects.exists()


def test_the_demonstration_catalogue_is_loaded_whole_and_a_second_time_changes_nothing():
    departments.load_departments(yamls.read(DEMO / "departments.yaml")["departments"])

    services.load_demo(DEMO, today=TODAY)
    counted = [model.objects.count() for model in (Theme, MaterialType, Matter, MatterVersion)]
    services.load_demo(DEMO, today=TODAY)

    assert counted == [39, 65, 189, 189]
    assert [model.objects.count() for model in (Theme, MaterialType, Matter, MatterVersion)] == counted
    assert Matter.objects.filter(kind="bundle").count() == 15 + 25
    online = [version for version in MatterVersion.objects.all() if version.online]
    assert len(online) == 99 + 15 + 25 + 30  # with the parts of joint errands
    permit = Matter.objects.get(slug="residence-permit-first")
    assert len(permit.implementing_code) == 31
