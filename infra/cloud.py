"""AWS as the engineer's commands use it: clients of one region, and failures told in one line."""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from infra.stage import Stage

_BUSY_SECONDS = 2.0
_LONGEST_RUN_SECONDS = 910


class CloudFailed(SystemExit):
    """A command ended without success; the message says in which state, and what to do."""


class FunctionFailed(Exception):
    """A function was called and failed; the message is what it answered."""


class Cloud:
    """The account and region of a stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._session = botocore.session.get_session()

    @functools.cache  # noqa: B019 - one Cloud per command
    def client(self, service: str) -> Any:
        config = Config(retries={"total_max_attempts": 8, "mode": "standard"}, read_timeout=120)
        return self._create(service, config)

    def _create(self, service: str, config: Config) -> Any:
        return self._session.create_client(service, region_name=self.stage.region, config=config)

    @functools.cached_property
    def account(self) -> str:
        return str(self.client("sts").get_caller_identity()["Account"])

    def stack(self) -> dict[str, Any] | None:
        """The stack as it is now; None when there is none."""
        try:
            answer = self.client("cloudformation").describe_stacks(StackName=self.stage.stack_name)
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise
        found: dict[str, Any] = answer["Stacks"][0]
        return None if found["StackStatus"] == "DELETE_COMPLETE" else found

    def outputs(self) -> dict[str, str]:
        found = self.stack() or {}
        return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}

    def resources(self) -> dict[str, tuple[str, str]]:
        """Type and physical id of each of the stack's resources, by logical name."""
        if self.stack() is None:
            raise CloudFailed(f"{self.stage.name} is not deployed yet: make deploy STAGE={self.stage.name}")
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        return {
            one["LogicalResourceId"]: (one["ResourceType"], one.get("PhysicalResourceId", ""))
            for page in pages.paginate(StackName=self.stage.stack_name)
            for one in page["StackResourceSummaries"]
        }

    def function_environment(self) -> dict[str, str]:
        """The settings that the deployed API runs with, for commands that act in its place."""
        name = self.resources()["APIHandler"][1]
        answer = self.client("lambda").get_function_configuration(FunctionName=name)
        settings: dict[str, str] = answer["Environment"]["Variables"]
        return {**settings, "AWS_DEFAULT_REGION": self.stage.region}

    def invoke(self, logical_name: str, event: dict[str, Any]) -> Any:
        """Call a function once, wait as long as it may run, and return its answer; raises ``FunctionFailed``."""
        name = self.resources()[logical_name][1]
        config = Config(retries={"total_max_attempts": 1}, read_timeout=_LONGEST_RUN_SECONDS, tcp_keepalive=True)
        answer = self._create("lambda", config).invoke(FunctionName=name, Payload=json.dumps(event).encode())
        payload = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise FunctionFailed(f"{logical_name} failed: {json.dumps(payload, ensure_ascii=False)[:2000]}")
        return payload

    def await_stack(self, seen: set[str] | None = None) -> dict[str, Any] | None:
        """Wait until nothing is in progress, and print what happens.

        With the events ``seen`` before an operation began, wait for its end at least: a status read at once may
        still be the one before it.
        """
        known, begun = (self.seen_events(), True) if seen is None else (seen, False)
        while True:
            begun = self._print_new_events(known) or begun
            found = self.stack()  # read after the events, so that it is not older than the beginning seen there
            if found is None or (begun and not found["StackStatus"].endswith("_IN_PROGRESS")):
                self._print_new_events(known)
                return found
            time.sleep(_BUSY_SECONDS)

    def _print_new_events(self, known: set[str]) -> bool:
        """Print what is not ``known`` yet, which it is then; whether the stack itself was among it."""
        new = [event for event in reversed(self._events()) if event["EventId"] not in known]
        known.update(event["EventId"] for event in new)
        for event in new:
            _print_event(event)
        return any(event["ResourceType"] == "AWS::CloudFormation::Stack" for event in new)

    def seen_events(self) -> set[str]:
        """What has happened to the stack up to now."""
        return {event["EventId"] for event in self._events()}

    def _events(self) -> list[dict[str, Any]]:
        try:
            answer = self.client("cloudformation").describe_stack_events(StackName=self.stage.stack_name)
        except ClientError:
            return []
        events: list[dict[str, Any]] = answer["StackEvents"]
        return events


def _print_event(event: dict[str, Any]) -> None:
    status = event["ResourceStatus"]
    if status.endswith(("_COMPLETE", "_FAILED")):
        reason = f"  {event['ResourceStatusReason']}" if status.endswith("_FAILED") else ""
        print(f"  {status:24} {event['LogicalResourceId']}{reason}", flush=True)


def told(work: Callable[[], int]) -> int:
    """Run a command; failures of AWS and an interruption become one line each."""
    try:
        return work()
    except NoCredentialsError:
        raise CloudFailed("no AWS credentials were found: set AWS_PROFILE, or run `aws configure` first") from None
    except EndpointConnectionError as error:
        raise CloudFailed(f"AWS does not answer ({error}): check the region and the network") from None
    except ClientError as error:
        problem = error.response["Error"]
        raise CloudFailed(
            f"AWS refused {error.operation_name}: {problem['Code']}: {problem['Message']}\n"
            "What was done before stays; the same command can be run again."
        ) from None
    except FunctionFailed as error:
        raise CloudFailed(str(error)) from None
    except BotoCoreError as error:
        raise CloudFailed(f"AWS: {error}; the same command can be run again") from None
    except KeyboardInterrupt:
        print(
            "\ninterrupted. What AWS was asked to change goes on there: run the command again, it waits for that",
            file=sys.stderr,
        )
        return 130
