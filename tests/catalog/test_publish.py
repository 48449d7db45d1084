"""Publishing: all mistakes at once with file, place and reason; all or nothing; running cases keep theirs."""

from __future__ import annotations

import json
import shutil
import xml.dom.minidom
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chalicelib.catalog import service
from publishing import city_folder, publication
from publishing.city_folder import Mistakes
from scenes.world import World
from tools import publish

CITY = Path(__file__).parents[2] / "city"
STICKER = "services/tour_bus_sticker/"


@pytest.fixture(autouse=True)
def _city_as_it_is(world: World) -> None:
    """Other tests leave halls with appointments, about which these tests do not want to decide."""
    publication.publish_folder(CITY, publication.KEEP)


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Path:
    """A copy of the city's folder to be altered."""
    return Path(shutil.copytree(CITY, tmp_path / "city"))


def alter(folder: Path, file: str, change: Callable[[Any], object]) -> None:
    path = folder / file
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(Mistakes) as refused:
        city_folder.read_folder(folder)
    return [str(mistake) for mistake in refused.value.mistakes]


def rule(content: Any, table: int, row: int) -> Any:
    return [node for node in content["nodes"] if node["type"] == "decisionTableNode"][table]["content"]["rules"][row]


MISTAKES: dict[str, tuple[str, Callable[[Any], None], str]] = {
    "misspelt field": ("service.json", lambda c: c.update(promissed_days=1), "unknown field `promissed_days`"),
    "missing field": ("service.json", lambda c: c.pop("unit"), "missing required field `unit`"),
    "wrong type": ("service.json", lambda c: c.update(statutory_days="20"), "$.statutory_days"),
    "code of another folder": ("service.json", lambda c: c.update(code="other_code"), "the folder is tour_bus_sticker"),
    "unknown unit": ("service.json", lambda c: c.update(unit="nobody"), "no unit nobody"),
    "unknown region": ("service.json", lambda c: c.update(regions=["999999"]), "no region 999999"),
    "promise over the law": ("service.json", lambda c: c.update(processing="promised", promised_days=30), "exceeds"),
    "visits without a reason": ("service.json", lambda c: c.update(visits=1), "told why"),
    "task code of another catalogue entry": (
        "service.json",
        lambda c: c.update(catalog_code="999999999999"),
        "must begin with the catalog_code",
    ),
    "instant but slow": ("service.json", lambda c: c.update(promised_days=5), "即办件"),
    "schema that is none": ("form.json", lambda c: c["properties"]["plate"].update(type="strng"), "JSON Schema"),
    "open form": ("form.json", lambda c: c.pop("additionalProperties"), "must be false"),
    "field without name": ("form.json", lambda c: c["properties"]["plate"].pop("x-en"), "needs title and x-en"),
    "prefill from nowhere": (
        "form.json",
        lambda c: c["properties"]["signer"].update({"x-prefill": "facts.horoscope.sign"}),
        "facts.horoscope.sign is no source",
    ),
    "workflow with unknown unit": ("workflow.json", lambda c: c["steps"][0].update(unit="x_unit"), "no unit x_unit"),
    "workflow that waits for itself": (
        "workflow.json",
        lambda c: c["steps"][0].update(after=["review"]),
        "can never begin",
    ),
    "rule that cannot be read": ("rules.json", lambda c: rule(c, 0, 0).update(when="form.a >> 1"), "eligibility"),
    "rule with another effect": ("rules.json", lambda c: rule(c, 1, 0).update(effect='"punish"'), "effect must be"),
    "rule without a reason": ("rules.json", lambda c: rule(c, 1, 0).update(zh='""'), "zh must be"),
    "rule whose condition fails in silence": (
        "rules.json",
        lambda c: rule(c, 1, 7).update(when="form.valid_to > 15"),
        "no example exercises",
    ),
    "rules that contradict an example": (
        "rules.json",
        lambda c: rule(c, 1, 7).update(when="(date(form.valid_to) - date(form.valid_from)) / 86400 + 1 > 3"),
        "everything in order: expected approve [], the rules say refuse ['too_many_days']",
    ),
    "certificate naming nothing": (
        "certificate.json",
        lambda c: c["layout"]["elements"][3].update(text="{colour}"),
        "no face value 'colour'",
    ),
    "element beyond the page": ("certificate.json", lambda c: c["layout"].update(width=100), "beyond the page"),
    "QR below the page": ("certificate.json", lambda c: c["layout"].update(height=60), "beyond the page"),
    "choice without words": (
        "certificate.json",
        lambda c: c["words"]["class_name"]["words"].pop("inter_county"),
        "no entry for inter_county",
    ),
    "choice without scope": (
        "certificate.json",
        lambda c: c["signed"]["scope"].pop("inter_county"),
        "no entry for inter_county",
    ),
    "face from a field that is not there": (
        "certificate.json",
        lambda c: c["face"].update(driver="form.drivr"),
        "form.json has no field drivr",
    ),
    "validity of no day": (
        "certificate.json",
        lambda c: c.update(validity={"start": "today", "days": 0}),
        "at least 1",
    ),
    "source under a misspelt key": (
        "service.json",
        lambda c: c["sources"][0].update(key="aplicant.number"),
        "aplicant.number is no field",
    ),
    "misspelt form keyword": (
        "form.json",
        lambda c: c["properties"]["signer"].update({"x-prefil": "x"}),
        "unknown keyword x-prefil",
    ),
    "task code of another service": (
        "service.json",
        lambda c: c.update(task_code="00071700200011320100MB1234A0XL1"),
        "stands in several services",
    ),
    "table without content": ("rules.json", lambda c: c["nodes"][1].pop("content"), "expected shape"),
    "no rules at all": ("rules.json", lambda c: c.update(nodes=[], edges=[]), "cannot be evaluated"),
    "column renamed": (
        "rules.json",
        lambda c: c["nodes"][1]["content"]["outputs"][0].update(field="result"),
        "cannot be evaluated",
    ),
    "revision where there is none": (
        "certificate.json",
        lambda c: c.update(headline="{plate} {revision}"),
        "no face value 'revision'",
    ),
    "face from an optional field": ("form.json", lambda c: c["required"].remove("stops"), "does not require stops"),
    "message in one language": (
        "form.json",
        lambda c: c["properties"]["plate"].update({"x-message": "请填写"}),
        "needs zh and en",
    ),
    "misspelt format": ("form.json", lambda c: c["properties"]["valid_to"].update(format="dat"), "unknown format dat"),
    "nodes that are no list": ("rules.json", lambda c: c.update(nodes={"a": 1}), "expected shape"),
    "QR too small": (
        "certificate.json",
        lambda c: next(e for e in c["layout"]["elements"] if e["element"] == "qr").update(size=20),
        "$.layout.elements",
    ),
    "glyph that the font lacks": (
        "certificate.json",
        lambda c: c["layout"]["elements"][3].update(text="𠮷"),
        "lacks the character",
    ),
}


JOINT = "services/joint_design_review/"


def step(content: Any, code: str) -> Any:
    return next(one for one in content["steps"] if one["code"] == code)


WORKFLOWS: dict[str, tuple[str, Callable[[Any], object], str]] = {
    "two steps of one code": ("workflow.json", lambda c: step(c, "shelter").update(code="traffic"), "have one code"),
    "after nothing": ("workflow.json", lambda c: step(c, "shelter").update(after=["moon"]), "no step moon"),
    "a circle": ("workflow.json", lambda c: step(c, "planning").update(after=["decision"]), "wait for each other"),
    "only conditional steps": (
        "workflow.json",
        lambda c: [one.update(when="form.has_basement") for one in c["steps"]],
        "every step has a condition",
    ),
    "a condition that cannot be read": (
        "workflow.json",
        lambda c: step(c, "shelter").update(when="form.has_basement >>"),
        "$.steps shelter.when",
    ),
    "a condition that no example exercises": (
        "workflow.json",
        lambda c: step(c, "shelter").update(when="form.floor_area > 999999"),
        "no example shows that step shelter",
    ),
    "a finding that there is not": (
        "workflow.json",
        lambda c: step(c, "traffic").update(found=["huge_project"]),
        "no row of rules.json has the code huge_project",
    ),
    "other steps than an example expects": (
        "workflow.json",
        lambda c: step(c, "environment").update(when="form.floor_area >= 9000"),
        "expected the steps",
    ),
    "a return into a parallel block": (
        "workflow.json",
        lambda c: step(c, "decision").update(return_to=["structure"]),
        "structure is not on every way to decision; possible: planning",
    ),
    "a return to nothing": (
        "workflow.json",
        lambda c: step(c, "decision").update(return_to=["moon"]),
        "no step moon",
    ),
    "longer than promised": (
        "workflow.json",
        lambda c: step(c, "structure").update(days=6),
        "planning - structure - decision takes 13 working days, the promise is 12",
    ),
    "a step without a limit": ("workflow.json", lambda c: step(c, "shelter").pop("days"), "gives each of them a limit"),
    "a permit above the law": ("service.json", lambda c: c.update(statutory_days=46), "within 45 working days"),
    "an extension above the law": (
        "workflow.json",
        lambda c: step(c, "decision").update(extension_days=16),
        "at most 15 working days",
    ),
    "a publicity that its limit cuts off": (
        "workflow.json",
        lambda c: step(c, "planning").update(publicity_days=7),
        "is over before 7 days of publicity",
    ),
    "an approval that nobody can read": (
        "workflow.json",
        lambda c: c.pop("published_fields"),
        "name the fields that anybody may read",
    ),
    "a public field that there is not": (
        "workflow.json",
        lambda c: c.update(published_fields=["owner"]),
        "no field owner in form.json",
    ),
    "public fields without days": ("workflow.json", lambda c: c.pop("published_days"), "nothing is made public"),
    "a procedure of unknown length": (
        "workflow.json",
        lambda c: step(c, "planning").update(procedures=["hearing"]),
        "does not say how long hearing may take",
    ),
    "a procedure that nobody opens": (
        "workflow.json",
        lambda c: c["procedures"].append({"kind": "hearing", "days": 20}),
        "no step may open it",
    ),
    "a unit that is not named": ("service.json", lambda c: c["joint_units"].remove("ecology_bureau"), "ecology_bureau"),
    "consulted by itself": (
        "workflow.json",
        lambda c: step(c, "shelter").update(consulted=["civil_defence"]),
        "is consulted once, and not by itself",
    ),
    "a share of something else": (
        "workflow.json",
        lambda c: step(c, "decision")["answer"].update(share=50),
        "only a ratio has a share",
    ),
    "a name of our own": ("workflow.json", lambda c: step(c, "decision").update(code="intake_check"), "another code"),
    "an automatic approval": (
        "workflow.json",
        lambda c: step(c, "planning").update(unanswered="approve"),
        "Invalid enum value 'approve'",
    ),
    "a promised material without its days": (
        "service.json",
        lambda c: c["materials"][1].pop("promised_days"),
        "needs code and promised_days",
    ),
    "a promise that no finding asks for": (
        "service.json",
        lambda c: c.update(
            commitment={
                "text": {"zh": "承诺", "en": "x"},
                "consequence": {"zh": "撤销", "en": "x"},
                "replaces": ["moon"],
                "unit": "natural_resources",
                "check_days": 5,
                "legal_basis": "国办发〔2020〕42号",
            }
        ),
        "no row of rules.json has the code moon",
    ),
}


@pytest.mark.parametrize("case", WORKFLOWS)
def test_a_workflow_that_cannot_work_is_refused(folder: Path, case: str) -> None:
    file, change, reason = WORKFLOWS[case]
    alter(folder, JOINT + file, change)
    assert any(reason in found for found in mistakes(folder)), mistakes(folder)


def test_a_permit_may_take_longer_where_a_law_says_so(folder: Path) -> None:
    alter(folder, JOINT + "service.json", lambda c: c.update(statutory_days=60, limit_basis="某法第一条"))
    assert city_folder.read_folder(folder).services


def test_the_workflows_are_drawn(folder: Path, tmp_path: Path) -> None:
    drawn = publish.draw_workflows(city_folder.read_folder(folder), tmp_path / "drawn")
    picture = next(path for path in drawn if path.stem == "joint_design_review").read_text(encoding="utf-8")
    for words in ("规划条件核对", "同时进行", "视申请内容而定", "2 人依次审批", "专家评审最多 30 天，不计入办理时限"):
        assert words in picture, words
    assert picture.count('class="frame') == 8 and picture.count('class="frame dashed"') == 3
    xml.dom.minidom.parseString(picture)


def test_the_guide_shows_the_way_in_plain_words_and_as_the_same_picture(world: World, folder: Path) -> None:
    guide = world.anonymous().get("/v1/services/joint_design_review").json
    assert [one["name"]["zh"] for one in guide["course"][0]] == ["规划条件核对"]
    assert len(guide["course"][1]) == 4 and guide["course"][1][0]["words"]["zh"] == "5 个工作日内，可能需要专家评审"
    picture = world.anonymous().get(guide["picture"])
    assert picture.headers["Content-Type"].startswith("image/svg+xml")
    drawn = publish.draw_workflows(city_folder.read_folder(folder), folder / "drawn")
    same = next(path for path in drawn if path.stem == "joint_design_review")
    assert picture.body == same.read_bytes()


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_file_place_and_reason(folder: Path, name: str) -> None:
    file, change, words = MISTAKES[name]
    alter(folder, STICKER + file, change)
    found = mistakes(folder)
    assert any(STICKER in line and words in line for line in found), found


def test_broken_json_is_named_with_line_and_column(folder: Path) -> None:
    (folder / STICKER / "workflow.json").write_text('{\n  "steps": [,]\n}', encoding="utf-8")
    assert mistakes(folder)[0].startswith(f"{STICKER}workflow.json: line 2 column")


def test_a_name_that_stands_twice_is_named(folder: Path) -> None:
    (folder / STICKER / "workflow.json").write_text('{"steps": [], "steps": []}', encoding="utf-8")
    assert mistakes(folder)[0] == f"{STICKER}workflow.json: steps stands twice in one object"


def test_backups_of_editors_and_byte_order_marks_are_no_mistakes(folder: Path) -> None:
    path = folder / STICKER / "workflow.json"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    (folder / STICKER / "form.json~").write_text("x", encoding="utf-8")
    assert len(city_folder.read_folder(folder).services) == 6


SUBSIDY = "services/rental_subsidy/"
RESULTS: dict[str, tuple[str, Callable[[Any], object], str]] = {
    "a certificate without its file": (
        "service.json",
        lambda c: c.update(result_kind="certificate"),
        "is certificate if and only if there is a certificate.json",
    ),
    "a benefit that says nothing of what it pays": (
        "service.json",
        lambda c: c.pop("benefit"),
        "stands there if and only if result_kind is benefit",
    ),
    "nothing that could be posted": (
        "service.json",
        lambda c: c.update(express=True),
        "only a certificate can be posted",
    ),
    "an amount that cannot be read": (
        "service.json",
        lambda c: c["benefit"].update(amount="form.members *"),
        "$.benefit.amount",
    ),
    "an account that is no field": (
        "service.json",
        lambda c: c["benefit"].update(account="bank"),
        "form.json does not require a text bank",
    ),
    "a thing that nobody has to name": (
        "service.json",
        lambda c: c["once"].update(by=["floor"]),
        "floor is no field that form.json requires",
    ),
    "another amount than an example expects": (
        "service.json",
        lambda c: c["benefit"].update(amount="form.members * 30000"),
        "expected a benefit of 1080000 fen, the definition says 90000",
    ),
    "more than the most": (
        "service.json",
        lambda c: c["benefit"].update(most=100_000),
        "expected a benefit of 1080000 fen, the definition says 0",
    ),
    "an example with somebody else's account": (
        "examples.json",
        lambda c: c[0]["form"].update(account_holder="戊某"),
        "The account must be the applicant's own",
    ),
}


@pytest.mark.parametrize("case", RESULTS)
def test_a_result_that_does_not_fit_is_named(folder: Path, case: str) -> None:
    name, change, expected = RESULTS[case]
    alter(folder, SUBSIDY + name, change)
    found = [one for one in mistakes(folder) if one.startswith(SUBSIDY)]
    assert any(expected in one for one in found), found


def test_a_certificate_that_is_not_issued_is_named(folder: Path) -> None:
    alter(folder, f"{STICKER}service.json", lambda c: c.update(result_kind="decision"))
    assert any("is certificate if and only if" in one for one in mistakes(folder))


def test_people_decide_where_there_are_no_rules(folder: Path) -> None:
    """A service that people always decide needs no false rule, and no example that the rules approve."""
    definitions = {one.item.code: one for one in city_folder.read_folder(folder).services}
    assert definitions["rental_subsidy"].rules == {} and definitions["rental_subsidy"].certificate is None


def test_a_city_without_services_is_named(folder: Path) -> None:
    shutil.rmtree(folder / "services")
    assert mistakes(folder) == ["services: the folder is missing"]


def test_a_missing_and_a_foreign_file_are_named(folder: Path) -> None:
    (folder / STICKER / "facts.json").unlink()
    (folder / STICKER / "notes.txt").write_text("x", encoding="utf-8")
    found = mistakes(folder)
    assert f"{STICKER}facts.json: the file is missing" in found
    assert any("notes.txt" in line for line in found)


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    alter(folder, STICKER + "service.json", lambda c: c.update(unit="nobody", regions=["999999"]))
    alter(folder, "services/house_purchase_certificate/workflow.json", lambda c: c["steps"][0].update(unit="ghost"))
    assert len(mistakes(folder)) >= 3


def test_a_credit_code_with_wrong_check_is_named(folder: Path) -> None:
    alter(folder, "city.json", lambda c: c["units"][0].update(credit_code="113201000129450XT0"))
    assert "units transport_bureau" in mistakes(folder)[0]


def test_a_folder_with_a_mistake_leaves_the_published_catalogue_untouched(folder: Path) -> None:
    before = service.release().number
    alter(folder, STICKER + "service.json", lambda c: c.update(unit="nobody"))
    with pytest.raises(Mistakes):
        publication.publish_folder(folder)
    assert service.release().number == before


def test_publishing_again_without_change_keeps_the_versions(folder: Path) -> None:
    publication.publish_folder(folder)  # tests that published halls of their own may have run before
    before = service.release()
    assert publication.publish_folder(folder) == before.number
    alter(folder, STICKER + "service.json", lambda c: c["name"].update(en="Sticker"))
    try:
        assert publication.publish_folder(folder) == before.number + 1
        versions = {summary.code: summary.version for summary in service.release().services}
        old = {summary.code: summary.version for summary in before.services}
        assert versions.pop("tour_bus_sticker") > old.pop("tour_bus_sticker") and versions == old
    finally:
        publication.publish_folder(CITY)


def test_two_publications_at_once_leave_one_whole_release(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower one is refused and has not touched what the faster one published."""
    from chalicelib.catalog import store
    from chalicelib.kernel.errors import Problem

    read = city_folder.read_folder(folder)
    pointer = store.pointer(consistent=True)
    alter(folder, STICKER + "service.json", lambda c: c["name"].update(en="The faster one"))
    publication.publish_folder(folder)
    try:
        monkeypatch.setattr(store, "pointer", lambda consistent=False: pointer)
        with pytest.raises(Problem):
            service.publish(read.city, read.services[:1])
        monkeypatch.undo()
        service._release.cache_clear()
        assert len(service.release().services) == 6
        assert "The faster one" in {summary.name.en for summary in service.release().services}
    finally:
        monkeypatch.undo()
        publication.publish_folder(CITY)


def test_a_changed_service_gets_a_new_version_and_running_applications_keep_theirs(world: World, folder: Path) -> None:
    person = world.real_person()
    begun = person.post("/v1/applications", {"service": "house_purchase_certificate"}).json
    name = "services/house_purchase_certificate/service.json"
    alter(folder, name, lambda c: c["name"].update(zh="电子购房证明(新)"))
    publication.publish_folder(folder)
    try:
        guide = world.anonymous().get("/v1/services/house_purchase_certificate").json
        assert guide["item"]["name"]["zh"] == "电子购房证明(新)"
        assert guide["version"] == begun["service_version"] + 1
        kept = person.get(f"/v1/applications/{begun['id']}").json
        assert kept["service_version"] == begun["service_version"]
        row = person.get("/v1/applications").json["items"][0]
        assert row["service_name"]["zh"] == "电子购房证明"
    finally:
        publication.publish_folder(CITY)


def test_the_command_says_what_it_did(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert publish.main(["--check", str(folder)]) == 0
    assert "6 services and 3 halls, no mistake" in capsys.readouterr().out
    alter(folder, STICKER + "service.json", lambda c: c.update(unit="nobody"))
    assert publish.main([str(folder)]) == 1
    assert "nothing was published" in capsys.readouterr().err


def test_the_picture_in_the_documents_is_the_drawn_one(folder: Path, tmp_path: Path) -> None:
    drawn = publish.draw_workflows(city_folder.read_folder(folder), tmp_path / "drawn")
    picture = next(path for path in drawn if path.stem == "joint_design_review")
    shown = CITY.parent / "docs" / "images" / "joint_design_review.svg"
    assert shown.read_bytes() == picture.read_bytes(), "run make check-city, and copy it from build/workflows/"
