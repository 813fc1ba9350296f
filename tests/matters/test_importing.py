import datetime
import json
import threading

import pytest
from django.db import connections

from tests.matters.questions import ITEMS
from tongban.departments.models import Department
from tongban.departments.services import load_departments
from tongban.lib.problems import Invalid
from tongban.matters import importing, queries
from tongban.matters.catalogue_files import Refused, Row, read
from tongban.matters.models import Matter, MatterVersion, Theme
from tongban.matters.services import publish
from tongban.site.commands import main

pytestmark = pytest.mark.django_db

TODAY = datetime.date(2026, 11, 20)
CAB = {
    "id": "CAB",
    "zh": "民政局",
    "en": "Civil Affairs",
    "kind": "business",
    "uscc_demo": "9999",
    "in_comprehensive_window": True,
}
MARRIAGE = Row("区民政局", "未分类", "结婚登记预约", "511A-0001", "20", line=2)
ADOPTION = Row("区民政局", "收养登记", "收养登记(国内)", "511A-0002", "7", line=3)


@pytest.fixture
def civil_affairs():
    load_departments([CAB])
    return Department.objects.get(code="CAB")


def taken(*rows, **rest):
    done = importing.import_rows(rows, today=TODAY, **rest)
    return (done.created, done.changed, done.unchanged, len(done.refused))


def test_the_real_catalogue_is_taken_in_once_and_given_back():
    given = json.loads(ITEMS.read_text(encoding="utf-8"))

    first = importing.import_rows(read(ITEMS), today=TODAY)
    before = list(MatterVersion.objects.values_list("pk", flat=True))
    second = importing.import_rows(read(ITEMS), today=TODAY)

    assert (first.created, len(first.departments), first.refused) == (1135, 34, [])
    assert (second.created, second.changed, second.unchanged, second.departments) == (0, 0, 1135, [])
    assert list(MatterVersion.objects.values_list("pk", flat=True)) == before
    assert [row.content() for row in importing.export_rows()] == given


def test_progress_is_told_batch_by_batch():
    told = []

    importing.import_rows(read(ITEMS), today=TODAY, progress=told.append)

    assert (sum(told), max(told)) == (1135, importing.BATCH)


def test_a_changed_row_becomes_a_new_version_and_the_old_one_stays_for_running_cases():
    taken(MARRIAGE)

    assert taken(Row("区民政局", "未分类", "结婚登记", "511A-0001", "20")) == (0, 1, 0, 0)
    versions = MatterVersion.objects.filter(matter__item_code="511A-0001").order_by("number")
    assert [(one.number, one.state, one.name["zh"]) for one in versions] == [
        (1, "retired", "结婚登记预约"),
        (2, "published", "结婚登记"),
    ]


def test_departments_are_mapped_the_same_or_new(civil_affairs):
    other = Row("民政局", "", "低保", "511A-0003", "5")
    stranger = Row("区气象局", "", "雷电灾害鉴定", "511A-0004", "10")

    done = importing.import_rows([MARRIAGE, other, stranger], today=TODAY, department_map={"区民政局": "CAB"})

    assert done.departments == ["区气象局"]
    assert [matter.department.shown_name for matter in Matter.objects.order_by("pk")] == [
        "民政局",
        "民政局",
        "区气象局",
    ]


def test_a_matter_moves_when_its_department_is_mapped_later(civil_affairs):
    taken(MARRIAGE)

    assert taken(MARRIAGE, department_map={"区民政局": "CAB"}) == (0, 1, 0, 0)
    assert Matter.objects.get().department == civil_affairs
    assert [row.content() for row in importing.export_rows()] == [MARRIAGE.content()]


def test_a_map_to_nowhere_is_refused_before_anything_is_done():
    with pytest.raises(Invalid) as caught:
        taken(MARRIAGE, department_map={"区民政局": "NOWHERE"})

    assert caught.value.errors == {"departments": ["NOWHERE"]}
    assert Matter.objects.count() == 0


def test_a_new_department_takes_its_credit_code_only_from_a_sound_and_free_one():
    sound, unsound = "115113010833722043", "115113010833722044"
    rows = [
        Row("甲局", "", "事项甲", f"511A-310000-000-{sound}-1-00", "1"),
        Row("乙局", "", "事项乙", f"512A-310000-000-{sound}-1-00", "1"),
        Row("丙局", "", "事项丙", f"513A-310000-000-{unsound}-1-00", "1"),
        Row("丁局", "", "事项丁", "514A-00001", "1"),
    ]

    importing.import_rows(rows, today=TODAY)

    codes = dict(Department.objects.values_list("name__zh", "uscc"))
    assert codes.pop("甲局") == sound
    assert sorted(code[:8] for code in codes.values()) == ["pending-"] * 3
    assert len(set(codes.values())) == 3


def test_a_matter_kept_here_is_not_changed_by_a_file(civil_affairs):
    ours = Matter.objects.create(slug="marriage", item_code="511A-0001", department=civil_affairs, origin="house")
    publish(ours, {"name": {"zh": "结婚登记", "en": "Marriage"}, "type": "public", "type_code": "20"}, today=TODAY)

    done = importing.import_rows([MARRIAGE, ADOPTION], today=TODAY)

    assert (done.created, [(row.line, row.said) for row in done.refused]) == (1, [(2, "511A-0001")])
    assert ours.versions.get().name["zh"] == "结婚登记"


def test_refused_rows_of_the_file_are_handed_on_in_their_place():
    done = importing.import_rows([MARRIAGE, Refused(9, "no"), ADOPTION], today=TODAY)

    assert (done.created, done.refused, done.rows) == (2, [Refused(9, "no")], 3)


def test_an_import_that_breaks_keeps_the_batches_before_and_goes_on_the_next_time(monkeypatch):
    monkeypatch.setattr(importing, "BATCH", 2)
    rows = [Row("区民政局", "", f"事项{n}号", f"511A-000{n}", "20") for n in range(5)]

    def breaking():
        yield from rows[:3]
        raise OSError("line lost")

    with pytest.raises(OSError):
        importing.import_rows(breaking(), today=TODAY)

    assert Matter.objects.count() == 2
    assert taken(*rows) == (3, 0, 2, 0)


def test_an_imported_matter_can_be_found_at_once_but_not_applied_for():
    queries.search("")  # an index from before
    taken(MARRIAGE, ADOPTION)

    found = queries.search("jiehundengji")

    assert [hit.title for hit in found.items] == ["结婚登记预约"]
    version = MatterVersion.objects.get(matter__item_code="511A-0001")
    assert (version.online, found.items[0].entry.online) == (False, False)
    assert queries.search("结婚", filters={"online": "1"}).total == 0


def test_the_guide_of_an_imported_matter_says_what_is_not_supplied():
    taken(MARRIAGE)
    version = MatterVersion.objects.get()

    missing = [str(label) for label in queries.not_supplied(version)]
    assert len(missing) == len(queries.ELEMENTS)

    version.promised_days, version.conditions = 5, {"zh": "双方自愿", "en": "Both are willing"}
    assert len(queries.not_supplied(version)) == len(missing) - 2
    version.provenance = "brief"
    assert queries.not_supplied(version) == []


def test_a_main_item_is_found_too_and_stands_in_the_note():
    taken(ADOPTION)

    assert queries.search("收养").total == 1
    assert MatterVersion.objects.get().note["zh"] == "所属主项:收养登记"


# -- many hands


def together(act, hands: int) -> list:
    results: list = [None] * hands

    def one(hand):
        try:
            results[hand] = act(hand)
        except Exception as problem:
            results[hand] = problem
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(hand,)) for hand in range(hands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_several_hands_taking_in_one_file_take_every_row_once():
    rows = list(read(ITEMS))[:450]

    done = together(lambda hand: importing.import_rows(rows, today=TODAY), 4)

    assert [(one.refused, one.rows) for one in done] == [([], 450)] * 4
    assert sum(one.created for one in done) == Matter.objects.count() == 450
    assert sum(one.unchanged for one in done) == 3 * 450
    assert MatterVersion.objects.filter(state="published").count() == MatterVersion.objects.count() == 450
    assert sorted(name for one in done for name in one.departments) == sorted({row.department for row in rows})


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_control_looking_outside_the_transaction_runs_into_the_database_s_refusal(civil_affairs):
    """The same rows by hands that look first and write later: what `_take_alone` keeps apart collides."""
    looked = threading.Barrier(3)

    def careless(hand):
        there = Matter.objects.filter(item_code="511A-0001").exists()
        looked.wait(20)
        if not there:
            Matter.objects.create(slug="511A-0001", item_code="511A-0001", department=civil_affairs)

    assert sorted(type(one).__name__ for one in together(careless, 3)) == [
        "IntegrityError",
        "IntegrityError",
        "NoneType",
    ]


# -- what pages ask


@pytest.fixture
def a_few(civil_affairs):
    Theme.objects.create(slug="marriage", name={"zh": "婚姻登记", "en": "Marriage"})
    for number in range(5):
        matter = Matter.objects.create(
            slug=f"marriage-{number}", department=civil_affairs, popularity=number, basic_code=f"99000000000{number}"
        )
        publish(
            matter,
            {
                "name": {"zh": f"结婚登记{'甲乙丙丁戊'[number]}", "en": f"Marriage registration {number}"},
                "type": "public",
                "type_code": "20",
                "objects_served": ["person"] if number else ["sole_proprietor"],
                "handling_kind": "instant",
            },
            today=TODAY,
            themes=["marriage"],
        )


def test_pages_are_walked_with_a_cursor_and_a_bad_cursor_is_the_first_page(a_few):
    seen, after = [], ""
    while True:
        page = queries.search("结婚", limit=2, after=after)
        seen += [hit.entry.id for hit in page.items]
        if not (after := page.after):
            break

    assert seen == [f"marriage-{number}" for number in (4, 3, 2, 1, 0)]
    for odd in ("-1", "x", "²", "9" * 40, "' OR 1"):
        assert [hit.entry.id for hit in queries.search("结婚", limit=2, after=odd).items] == [
            "marriage-4",
            "marriage-3",
        ]


def test_filters_come_as_a_request_says_them(a_few):
    def total(**filters):
        return queries.search("结婚", filters=filters).total

    assert total(object="company") == 1
    assert total(instant="on", theme="marriage") == 5
    assert total(instant="0") == 5
    assert total(theme="nowhere") == 0
    assert total(colour="teal", department="") == 5


def test_choices_are_named_and_counted_in_the_language_of_the_page(a_few):
    hits = queries.search("结婚").hits

    assert queries.choices(hits, "theme", "en") == [queries.Choice("marriage", "Marriage", 5)]
    assert queries.choices(hits, "department", "zh") == [queries.Choice("CAB", "民政局", 5)]
    assert [(one.value, one.count) for one in queries.choices(hits, "object")] == [
        ("person", 4),
        ("sole_proprietor", 1),
    ]
    assert [(one.value, one.count) for one in queries.choices(hits, "way")] == [("instant", 5)]
    assert queries.choices(hits, "colour") == []


def test_the_language_of_the_page_decides_the_titles(a_few):
    assert queries.search("结婚", language="en").items[0].title == "Marriage registration 4"
    assert queries.suggest("marr", "en")[0].title == "Marriage registration 4"
    assert queries.suggest("jieh", "zh-hans")[0].title == "结婚登记戊"


def test_a_published_change_is_found_at_the_next_question(a_few):
    queries.search("结婚")

    matter = Matter.objects.get(slug="marriage-0")
    publish(matter, {"name": {"zh": "离婚登记", "en": "Divorce"}, "type": "public", "type_code": "20"}, today=TODAY)

    assert queries.search("离婚").items[0].title == "离婚登记"
    assert "结婚登记甲" not in [hit.title for hit in queries.search("结婚").items]


def test_the_index_is_read_with_the_same_number_of_queries_for_one_and_for_many(a_few, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert len(queries.entries()) == 5
    MatterVersion.objects.exclude(matter__slug="marriage-0").update(state="retired")
    with django_assert_num_queries(2):
        assert len(queries.entries()) == 1


def test_a_question_costs_one_look_at_the_database(a_few, django_assert_num_queries):
    queries.search("结婚")

    with django_assert_num_queries(1):
        queries.search("结婚", filters={"theme": "marriage"})


# -- the command


def command(capsys, *words):
    code = main(["catalogue", *map(str, words)])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_the_command_takes_in_names_bad_rows_shows_progress_and_gives_back(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(
        "department,main_item,name,item_code,task_type\n区民政局,未分类,结婚登记预约,511A-0001,20\n,,没有部门,511A-0002,20\n",
        encoding="gb18030",
    )

    code, out, err = command(capsys, "import", source)

    assert code == 1
    assert out.splitlines() == [
        "line 3: department is missing. (没有部门)",
        "New departments: 区民政局",
        "1 new, 0 changed, 0 as they were, 1 not taken in.",
    ]
    assert "100%" in err
    assert command(capsys, "export", target)[0] == 0
    assert [row.content() for row in read(target)] == [MARRIAGE.content()]


def test_the_command_maps_departments(tmp_path, capsys, civil_affairs):
    (tmp_path / "in.json").write_text(json.dumps([MARRIAGE.content()]), encoding="utf-8")
    (tmp_path / "map.csv").write_text("区民政局,CAB\n", encoding="utf-8")

    code, out, _ = command(capsys, "import", tmp_path / "in.json", "--department-map", tmp_path / "map.csv")

    assert (code, out) == (0, "1 new, 0 changed, 0 as they were, 0 not taken in.\n")
    assert Matter.objects.get().department == civil_affairs


def test_the_command_says_what_is_wrong_with_a_file_and_changes_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")

    assert command(capsys, "import", tmp_path / "nowhere.json") == (
        2,
        "",
        "There is no file nowhere.json. Nothing was changed.\n",
    )
    assert command(capsys, "export", tmp_path / "out.txt")[0] == 2
    assert command(capsys, "export", tmp_path / "no" / "folder.csv")[0] == 2
