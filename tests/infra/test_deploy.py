"""What ``make deploy`` decides in states that the full-stack test cannot bring about; CloudFormation is played here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra import deploy, smoke
from infra.cloud import CloudFailed
from infra.deploy import Deployment, Release
from infra.stage import Stage
from publishing import publication

RELEASE = Release("https://s3/templates/new.json", {"Stage": "prod"})
GOOD = Release("https://s3/templates/good.json", {"Stage": "prod"})


class PlayedCloud:
    """A stack that goes through the given states, and the calls that were made."""

    def __init__(self, states: list[str], changes: list[dict[str, str]] | None = None, production: bool = True) -> None:
        self.stage = Stage(
            name="prod", region="cn-north-1", city=Path("city"), parameters={"Production": str(production).lower()}
        )
        self.calls: list[str] = []
        self._states, self._changes = states, changes or []

    def stack(self) -> dict[str, Any] | None:
        return {"StackStatus": self._states[0]} if self._states and self._states[0] else None

    def await_stack(self, seen: set[str] | None = None) -> dict[str, Any] | None:
        self._states.pop(0)
        return self.stack()

    def seen_events(self) -> set[str]:
        return set()

    def client(self, service: str) -> Any:
        return self

    def get_waiter(self, name: str) -> Any:
        return self

    def wait(self, **_: Any) -> None:
        pass

    def get_paginator(self, name: str) -> Any:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Changes": [{"ResourceChange": change} for change in self._changes]}]

    def __getattr__(self, name: str) -> Any:
        return lambda **request: self.calls.append(name)


def deployment(cloud: PlayedCloud) -> Deployment:
    return Deployment(cloud, yes=True, patience=0)  # type: ignore[arg-type]


def change(action: str, kind: str, replacement: str = "False") -> dict[str, str]:
    return {"Action": action, "LogicalResourceId": "It", "ResourceType": kind, "Replacement": replacement}


@pytest.mark.parametrize("kind", sorted(deploy.KEEPS_DATA))
def test_in_production_nothing_that_holds_data_is_replaced(kind: str) -> None:
    cloud = PlayedCloud(["UPDATE_COMPLETE", "UPDATE_COMPLETE"], [change("Modify", kind, "True")])
    with pytest.raises(CloudFailed, match="It would be replaced"):
        deployment(cloud)._apply(RELEASE, is_new=False)
    assert "execute_change_set" not in cloud.calls and "delete_change_set" in cloud.calls


def test_what_a_rotation_added_can_be_taken_out_by_going_back(capsys: pytest.CaptureFixture[str]) -> None:
    cloud = PlayedCloud(["UPDATE_COMPLETE", "UPDATE_COMPLETE"], [change("Remove", "AWS::KMS::Key")])
    assert deployment(cloud)._apply(GOOD, is_new=False) is False
    assert "execute_change_set" in cloud.calls and "NO LONGER USED" in capsys.readouterr().out


def test_a_busy_stack_is_waited_for() -> None:
    cloud = PlayedCloud(["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"])
    assert deployment(cloud)._settle() is False and not cloud.calls


def test_a_rollback_that_hangs_is_continued() -> None:
    cloud = PlayedCloud(["UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_COMPLETE"])
    assert deployment(cloud)._settle() is False and cloud.calls == ["continue_update_rollback"]


def test_what_never_came_up_is_removed_first() -> None:
    cloud = PlayedCloud(["ROLLBACK_COMPLETE", ""])
    assert deployment(cloud)._settle() is True and cloud.calls == ["delete_stack"]


def test_a_removal_that_failed_is_left_to_people() -> None:
    cloud = PlayedCloud(["DELETE_FAILED"])
    with pytest.raises(CloudFailed, match="DELETE_FAILED"):
        deployment(cloud)._settle()
    assert not cloud.calls


def test_a_stack_that_rolled_back_is_a_failure_and_says_what_runs() -> None:
    cloud = PlayedCloud(["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"], [change("Modify", "AWS::Lambda::Function")])
    with pytest.raises(CloudFailed, match="the release before runs on"):
        deployment(cloud)._apply(RELEASE, is_new=False)


@pytest.mark.parametrize(("good", "words"), [(None, "no other release"), (RELEASE, "no other"), (GOOD, "runs again")])
def test_going_back_means_the_last_release_that_was_good(
    good: Release | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = PlayedCloud(["UPDATE_COMPLETE", "UPDATE_COMPLETE"], [change("Modify", "AWS::Lambda::Function")])
    run = deployment(cloud)
    monkeypatch.setattr(run, "_last_good", lambda: good)
    with pytest.raises(CloudFailed, match=words):
        run._go_back(RELEASE, smoke.SmokeFailed("the API answers: 500"))
    assert ("execute_change_set" in cloud.calls) == (good is GOOD)


def test_tables_of_an_earlier_stack_are_not_adopted_with_new_keys() -> None:
    class WithData(PlayedCloud):
        def get_item(self, **_: Any) -> dict[str, Any]:
            return {"Item": {}}

        exceptions = type("exceptions", (), {"ResourceNotFoundException": KeyError})

    with pytest.raises(CloudFailed, match="A stack that was deleted"):
        deployment(WithData([]))._refuse_foreign_data()


def test_a_publication_that_fails_makes_the_release_a_failed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.kernel import errors

    class Running(PlayedCloud):
        def function_environment(self) -> dict[str, str]:
            return {}

    def refuse(folder: Path) -> int:
        raise errors.CONFLICT()

    monkeypatch.setattr(publication, "publish_folder", refuse)
    with pytest.raises(smoke.SmokeFailed, match="publishing city: Problem"):
        deployment(Running([]))._publish()
