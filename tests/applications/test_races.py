"""Two at once: exactly one wins, nobody is told a lie, nothing is issued twice."""

from __future__ import annotations

import pytest

from scenes.world import Client, Enterprise, World
from tests.interleaving import Interleaved


@pytest.mark.parametrize("seed", range(6))
def test_submitting_at_once_issues_one_certificate(world: World, interleaved: Interleaved, seed: int) -> None:
    enterprise = world.enterprise()
    path = f"/v1/applications/{enterprise.draft()['id']}/submit"
    answers = interleaved(seed, [lambda: enterprise.client.post(path)] * 3)
    assert {answer.status for answer in answers} == {200}
    assert {answer.json["status"] for answer in answers} == {"completed"}
    assert len(enterprise.client.get("/v1/certificates").json["items"]) == 1


@pytest.mark.parametrize("seed", range(6))
def test_two_trips_of_one_vehicle_at_once_give_one_sticker(world: World, interleaved: Interleaved, seed: int) -> None:
    enterprise = world.enterprise()
    paths = [f"/v1/applications/{enterprise.draft()['id']}/submit" for _ in range(2)]
    answers = interleaved(seed, [lambda path=path: enterprise.client.post(path) for path in paths])  # type: ignore[misc]
    assert sorted(answer.json["status"] for answer in answers) == ["completed", "refused"]
    assert len(enterprise.client.get("/v1/certificates").json["items"]) == 1


@pytest.mark.parametrize("seed", range(8))
def test_a_form_saved_while_submitting_is_either_what_was_decided_or_refused(
    world: World, interleaved: Interleaved, seed: int
) -> None:
    enterprise = world.enterprise()
    application = enterprise.draft()
    path = f"/v1/applications/{application['id']}"
    too_long = {"form": {**application["form"], "valid_to": "2027-11-02"}}
    works = [lambda: enterprise.client.post(f"{path}/submit"), lambda: enterprise.client.put(f"{path}/form", too_long)]
    submitted, saved = interleaved(seed, works)
    assert (submitted.status, saved.code) in ((200, ""), (200, "wrong_state"), (200, "changed_meanwhile"))
    kept = enterprise.client.get(path).json
    decided_on = kept["form"]["valid_to"]
    assert kept["status"] == ("refused" if decided_on == "2027-11-02" else "completed")


@pytest.mark.parametrize("seed", range(6))
def test_two_officers_cannot_take_one_task(world: World, interleaved: Interleaved, seed: int) -> None:
    enterprise = world.enterprise()
    task = f"/v1/tasks/{enterprise.apply(route_class='inter_provincial')['id']}-review/claim"
    officers = [world.staff("officer.a"), world.staff("officer.b")]
    answers = interleaved(seed, [lambda officer=officer: officer.post(task) for officer in officers])  # type: ignore[misc]
    assert sorted((answer.status, answer.code) for answer in answers) == [(200, ""), (409, "task_taken")]


@pytest.mark.parametrize("seed", range(4))
def test_approving_twice_at_once_issues_one_certificate(world: World, interleaved: Interleaved, seed: int) -> None:
    enterprise = world.enterprise()
    task = f"/v1/tasks/{enterprise.apply(route_class='inter_provincial')['id']}-review"
    officer = world.staff()
    officer.post(f"{task}/claim")
    answers = interleaved(seed, [lambda: officer.post(f"{task}/approve", {"opinion": "同意"})] * 2)
    assert sorted(answer.status for answer in answers)[0] == 200
    assert {answer.code for answer in answers} <= {"", "task_done", "not_found", "changed_meanwhile"}
    assert len(enterprise.client.get("/v1/certificates").json["items"]) == 1


@pytest.mark.parametrize("seed", range(6))
def test_printing_twice_at_once_makes_one_revision_each_and_one_valid_print(
    world: World, interleaved: Interleaved, seed: int
) -> None:
    enterprise = world.enterprise()
    certificate = enterprise.certificate()
    path = f"/v1/certificates/{certificate}/prints"
    answers = interleaved(seed, [lambda: enterprise.client.post(path, {})] * 2)
    assert {answer.code for answer in answers} <= {"", "changed_meanwhile"}
    revisions = [answer.json["revision"] for answer in answers if answer.status == 201]
    assert revisions and len(set(revisions)) == len(revisions)
    assert enterprise.client.get(f"/v1/certificates/{certificate}").json["revision"] == max(revisions)


@pytest.mark.parametrize("seed", range(4))
def test_fetching_a_print_at_once_gives_it_once(world: World, interleaved: Interleaved, seed: int) -> None:
    enterprise: Enterprise = world.enterprise()
    link = enterprise.client.post(f"/v1/certificates/{enterprise.certificate()}/prints", {}).json["url"]
    path = link.removeprefix(world.environment.settings()["PUBLIC_URL"])
    answers = interleaved(seed, [lambda: world.anonymous().get(path)] * 3)
    assert sorted(answer.status for answer in answers) == [200, 410, 410]


@pytest.mark.parametrize("seed", range(4))
def test_a_first_login_at_once_makes_one_account(world: World, interleaved: Interleaved, seed: int) -> None:
    mint = world.simulators.wechat.controls["login_codes"]
    codes = [mint({"user": f"first-{seed}-{id(world)}"})["code"] for _ in range(3)]
    works = [lambda code=code: world.anonymous().post("/v1/auth/wechat", {"code": code}) for code in codes]
    answers = interleaved(seed, works)  # type: ignore[arg-type]
    assert {answer.status for answer in answers} == {200}
    assert len({Client(world=world, token=answer.json["access_token"]).account_id for answer in answers}) == 1
