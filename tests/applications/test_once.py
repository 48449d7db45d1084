"""One running case for one thing: a second application is refused or joined, as the service says."""

from __future__ import annotations

import functools
import threading
from typing import Any

from chalicelib.applications import rules, service, store
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.errors import Problem
from scenes.world import Client, World
from tests.applications.test_results import OPINION, SUBSIDY, approved, subsidy
from tests.cities import Alter
from tests.interleaving import Interleaved


def draft(applicant: Client, **changes: Any) -> str:
    begun = applicant.post("/v1/applications", {"service": SUBSIDY}).json
    path = f"/v1/applications/{begun['id']}"
    assert applicant.put(f"{path}/form", {"form": {**begun["form"], **subsidy(**changes)}}).status == 200
    return path


def test_a_second_application_for_the_same_thing_waits_for_the_first(world: World) -> None:
    applicant = world.real_person("丁租房")
    first = draft(applicant)
    receipt = applicant.post(f"{first}/submit").json["receipt"]
    second = draft(applicant)
    refused = applicant.post(f"{second}/submit")
    assert (refused.status, refused.code) == (409, "application_running") and receipt in refused.json["title"]
    assert applicant.get(second).json["status"] == "draft", "nothing is lost"
    other = draft(applicant, address="鼓楼区另一路 9 号")
    assert applicant.post(f"{other}/submit").json["status"] == "received", "another thing"
    stranger = world.real_person("戊租房")
    assert stranger.post(f"{draft(stranger)}/submit").json["status"] == "received", "somebody else's"
    approved(world, first, OPINION)
    assert applicant.post(f"{second}/submit").json["status"] == "received", "the first one has ended"
    assert applicant.post(f"{second}/submit").json["status"] == "received", "a repeat"


def test_a_second_application_joins_the_first_where_the_service_says_so(world: World, alter: Alter) -> None:
    alter(f"services/{SUBSIDY}/service.json", lambda item: item["once"].update(then="join"))
    applicant = world.real_person("丁租房")
    first = draft(applicant)
    applicant.post(f"{first}/submit")
    second = draft(applicant)
    joined = applicant.post(f"{second}/submit")
    assert joined.status == 200 and joined.json["id"] == first.rpartition("/")[2]
    assert applicant.get(second).json["status"] == "discarded"
    again = applicant.post(f"{second}/submit")
    assert again.status == 200 and again.json["id"] == joined.json["id"], "a repeat after a lost answer"


def test_two_submitted_at_once_are_one(world: World, interleaved: Interleaved) -> None:
    account = world.real_person("丁租房").account_id
    actor = Actor(kind="person", id=account, level=Level.PROVEN, accounts=(account,))
    lock = threading.Lock()
    for seed in range(6):
        numbers = []
        for place in range(2):
            item = service.create(actor, SUBSIDY, f"{seed}{place}".rjust(26, "7"))
            service.save_form(item, subsidy(address=f"示例路 {seed} 号"))
            numbers.append(item.id)
        answers: list[str] = []

        def submit(number: str, answers: list[str] = answers) -> None:
            item = store.application(number)
            assert item is not None
            try:
                said = service.submit(actor, item).status
            except Problem as problem:
                said = problem.error.code
            with lock:
                answers.append(said)

        interleaved(seed, [functools.partial(submit, number) for number in numbers])
        assert sorted(answers) == sorted([rules.ALREADY_RUNNING.code, rules.RECEIVED]), f"seed {seed}"
