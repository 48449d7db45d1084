"""``make deploy STAGE=...``: checks, packages, shows the changes, applies them, publishes, tests, or goes back.

Every step can be interrupted and the command run again: packages and templates are stored under the hash
of their content, a stack that is busy is waited for, one that never came up is removed first (its tables
stay, and the next attempt adopts them), and a release that fails its smoke test is replaced by the one before.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from pynamodb.exceptions import PynamoDBException

from chalicelib.catalog import service as catalog
from chalicelib.kernel.errors import Problem
from chalicelib.kernel.settings import InvalidSettings
from infra import cloud, package, secrets, smoke
from infra import stage as stages
from infra.cloud import Cloud, CloudFailed
from infra.stage import Stage
from publishing import city_folder, publication

NEVER_CAME_UP = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"}
KEEPS_DATA = {"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::S3::Bucket", "AWS::SQS::Queue"}
GOOD = "good.json"


@dataclass(frozen=True)
class Release:
    """What runs in a stack: where its template is, and the template's parameters."""

    template_url: str
    parameters: dict[str, str]


class Deployment:
    """One run of the command for one stage."""

    def __init__(self, to: Cloud, *, yes: bool, patience: float) -> None:
        self.to, self.stage = to, to.stage
        self._yes, self._patience = yes, patience

    def run(self, built: Path) -> None:
        """Bring the stage to the release in ``built``; raises ``CloudFailed`` with the state it ended in."""
        is_new = self._settle()
        release = Release(self._put("templates", self._upload(built).encode(), "json"), self.stage.parameters)
        if is_new:
            self._refuse_foreign_data()
        if self._apply(release, is_new=is_new):
            print("the stack is up to date", flush=True)
        self.describe()
        print("smoke test, then publishing the catalogue", flush=True)
        try:
            checks = smoke.Checks(self.endpoint(), self._patience)
            checks.code(self.to)
            self._publish()
            checks.catalogue()
        except smoke.SmokeFailed as failed:
            self._go_back(release, failed)
        except KeyboardInterrupt:
            print("\nThe new release is LIVE and was not tested: run the same command again", flush=True)
            raise
        self._remember(release)

    def endpoint(self) -> str:
        """Where the API answers before any domain's name is known: API Gateway's own address, or BANSHI_ENDPOINT."""
        return os.environ.get("BANSHI_ENDPOINT") or self.to.outputs()["EndpointURL"]

    def describe(self) -> None:
        """Print where everything is."""
        for name, value in sorted(self.to.outputs().items()):
            print(f"  {name:18} {value}", flush=True)

    def _publish(self) -> None:
        """Publish the city's folder; whatever prevents it makes the release a failed one."""
        os.environ.update(self.to.function_environment())
        try:
            number = publication.publish_folder(self.stage.city)
        except (Problem, catalog.TooLarge, InvalidSettings, BotoCoreError, ClientError, PynamoDBException) as error:
            raise smoke.SmokeFailed(f"publishing {self.stage.city}: {type(error).__name__}: {error}") from error
        print(f"  published release {number}", flush=True)

    # Stack

    def _refuse_foreign_data(self) -> None:
        """A new stack brings new keys, with which data of an earlier one cannot be read."""
        database, table = self.to.client("dynamodb"), f"banshi-{self.stage.name}-kernel"
        try:
            found = database.get_item(TableName=table, Key={"pk": {"S": "DATAKEY#index"}, "sk": {"S": "HEAD"}})
        except database.exceptions.ResourceNotFoundException:
            return
        if "Item" in found:
            raise CloudFailed(
                f"tables of an earlier stack {self.stage.name} are still here; the keys of a new one cannot read them: "
                "docs/operations.md, A stack that was deleted"
            )

    def _settle(self) -> bool:
        """Wait for what is in progress, clear what never came up; whether there is no stack yet."""
        formation = self.to.client("cloudformation")
        found = self.to.stack()
        if _status(found).endswith("_IN_PROGRESS") and _status(found) != "REVIEW_IN_PROGRESS":
            print(f"the stack is busy ({_status(found)}); waiting for it", flush=True)
            found = self.to.await_stack()
        if _status(found) == "UPDATE_ROLLBACK_FAILED":
            print("an earlier rollback did not finish; continuing it", flush=True)
            seen = self.to.seen_events()
            formation.continue_update_rollback(StackName=self.stage.stack_name)
            found = self.to.await_stack(seen)
        if _status(found) in NEVER_CAME_UP:
            print("an earlier deployment never came up; removing what is left of it", flush=True)
            seen = self.to.seen_events()
            formation.delete_stack(StackName=self.stage.stack_name)
            found = self.to.await_stack(seen)
        if _status(found) in ("DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"):
            raise CloudFailed(
                f"the stack is {_status(found)}: the last FAILED event in CloudFormation is the cause. Mend it there, "
                "then run the same command again."
            )
        return _status(found) in ("", "REVIEW_IN_PROGRESS")

    def _apply(self, release: Release, *, is_new: bool) -> bool:
        """Show and execute a change set; True when there was nothing to change."""
        formation, name = self.to.client("cloudformation"), f"deploy-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}"
        formation.create_change_set(
            StackName=self.stage.stack_name,
            ChangeSetName=name,
            ChangeSetType="CREATE" if is_new else "UPDATE",
            TemplateURL=release.template_url,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in release.parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Tags=[{"Key": "banshi:stage", "Value": self.stage.name}],
            ImportExistingResources=True,  # tables and log groups that an earlier attempt left
        )
        if not self._is_made(name):
            return True
        self._confirm(name, is_new)
        seen = self.to.seen_events()
        formation.execute_change_set(
            StackName=self.stage.stack_name, ChangeSetName=name, RetainExceptOnCreate=not self.stage.production
        )
        found = self.to.await_stack(seen) or {}
        if found.get("StackStatus") not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            state = "nothing of it runs" if is_new else "the release before runs on"
            raise CloudFailed(
                f"the stack was rolled back ({found.get('StackStatus')}), {state}. The first FAILED line above is the "
                "cause; mend it and run the same command again."
            )
        return False

    def _is_made(self, name: str) -> bool:
        """Wait for a change set; False when it holds no changes."""
        formation = self.to.client("cloudformation")
        try:
            formation.get_waiter("change_set_create_complete").wait(
                StackName=self.stage.stack_name, ChangeSetName=name, WaiterConfig={"Delay": 2, "MaxAttempts": 150}
            )
        except WaiterError:
            found = formation.describe_change_set(StackName=self.stage.stack_name, ChangeSetName=name)
            reason = found.get("StatusReason", "")
            self._drop(name)
            if "didn't contain changes" in reason or "No updates" in reason:
                return False
            raise CloudFailed(f"the changes cannot be made: {reason or found['Status']}") from None
        return True

    def _confirm(self, name: str, is_new: bool) -> None:
        """Print the change set and have it agreed to; in production nothing that holds data is replaced."""
        changes = self._changes(name)
        lost = [
            one["LogicalResourceId"]
            for one in changes
            if one["ResourceType"] in KEEPS_DATA and one.get("Replacement") == "True"
        ]
        print(f"changes of the stack {self.stage.stack_name} in {self.stage.region}:")
        for one in changes:
            note = "  REPLACED by a new one" if one.get("Replacement") == "True" else ""
            if one["Action"] == "Remove" and one["ResourceType"] in KEEPS_DATA:
                note = "  NO LONGER USED, though kept; a later one of this name is another"
            print(f"  {one['Action']:8} {one['LogicalResourceId']:28} {one['ResourceType']}{note}")
        if lost and self.stage.production:
            self._drop(name, with_stack=is_new)
            raise CloudFailed(f"refused: {', '.join(lost)} would be replaced by an empty one")
        if self._yes:
            return
        if not sys.stdin.isatty():
            self._drop(name, with_stack=is_new)
            raise CloudFailed("nobody is here to agree to the changes: run it in a terminal, or with YES=1")
        if input("apply them? [y/N] ").strip().lower() not in ("y", "yes"):
            self._drop(name, with_stack=is_new)
            raise CloudFailed("nothing was changed")

    def _changes(self, name: str) -> list[dict[str, Any]]:
        pages = self.to.client("cloudformation").get_paginator("describe_change_set")
        return [
            change["ResourceChange"]
            for page in pages.paginate(StackName=self.stage.stack_name, ChangeSetName=name)
            for change in page.get("Changes", [])
        ]

    def _drop(self, name: str, *, with_stack: bool = False) -> None:
        """Forget a change set, and the empty stack that a first one brings."""
        formation = self.to.client("cloudformation")
        with suppress(KeyError):  # MiniStack's answer has no result in it
            formation.delete_change_set(StackName=self.stage.stack_name, ChangeSetName=name)
        if with_stack:
            formation.delete_stack(StackName=self.stage.stack_name)

    def _go_back(self, failing: Release, failed: smoke.SmokeFailed) -> None:
        """Put the last release that passed its smoke test in the place of one that did not."""
        print(f"FAILED  {failed}", flush=True)
        good = self._last_good()
        if good in (None, failing):
            raise CloudFailed(
                "the smoke test failed, and there is no other release to go back to: the stack stays to be looked at "
                "(docs/operations.md, Logs); mend the cause and run the same command again."
            )
        print("going back to the release before", flush=True)
        self._yes = True
        self._apply(good, is_new=False)
        raise CloudFailed(f"the release before runs again, because of: {failed}. Mend it, run the same command again.")

    def _remember(self, release: Release) -> None:
        data = json.dumps(asdict(release)).encode()
        self.to.client("s3").put_object(Bucket=self._bucket(), Key=GOOD, Body=data)

    def _last_good(self) -> Release | None:
        """The last release that passed its smoke test; a deployment may have been interrupted after it."""
        store = self.to.client("s3")
        try:
            return Release(**json.loads(store.get_object(Bucket=self._bucket(), Key=GOOD)["Body"].read()))
        except store.exceptions.NoSuchKey:
            return None

    # Artefacts

    def _upload(self, built: Path) -> str:
        """Store the packages; the template that names them."""
        template = (built / "template.json").read_text(encoding="utf-8")
        for artefact in package.ARTEFACTS:
            data = (built / f"{artefact.name}.zip").read_bytes()
            key = _key("code", data, "zip")
            print(f"uploading {artefact.name}.zip ({len(data) / package.MEGABYTE:.1f} MB)", flush=True)
            self._put("code", data, "zip")
            template = template.replace(f'"./{artefact.name}.zip"', f'"s3://{self._bucket()}/{key}"')
        return template

    def _put(self, folder: str, data: bytes, suffix: str) -> str:
        """Store data under its hash unless it is there; its URL."""
        store, bucket, key = self.to.client("s3"), self._bucket(), _key(folder, data, suffix)
        ours = {"Bucket": bucket, "Key": key, "ExpectedBucketOwner": self.to.account}
        try:
            store.head_object(**ours)
        except ClientError:
            self._make_bucket(bucket)
            store.put_object(**ours, Body=data)
        return f"{store.meta.endpoint_url}/{bucket}/{key}"

    def _bucket(self) -> str:
        return deployment_bucket(self.to)

    def _make_bucket(self, bucket: str) -> None:
        store, region = self.to.client("s3"), self.stage.region
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        try:
            store.create_bucket(Bucket=bucket, **place)
        except store.exceptions.BucketAlreadyOwnedByYou:
            pass
        except store.exceptions.BucketAlreadyExists:
            raise CloudFailed(f"the bucket {bucket} belongs to somebody else: nothing was uploaded") from None
        blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        store.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))


def deployment_bucket(of: Cloud) -> str:
    """The bucket that keeps a stage's packages and templates, all of them: any release can be gone back to."""
    return f"banshi-{of.stage.name}-deployments-{of.account}"


def _status(stack: dict[str, Any] | None) -> str:
    return str(stack["StackStatus"]) if stack else ""


def _key(folder: str, data: bytes, suffix: str) -> str:
    return f"{folder}/{hashlib.sha256(data).hexdigest()[:32]}.{suffix}"


def check(stage: Stage, to: Cloud) -> None:
    """What can be found wrong before anything is built: the city's folder, credentials, secrets."""
    try:
        city_folder.read_folder(stage.city)
    except city_folder.Mistakes as mistakes:
        raise CloudFailed(f"{stage.city} cannot be published, so nothing was deployed:\n{mistakes}") from None
    print(f"stage {stage.name}, account {to.account}, region {stage.region}", flush=True)
    kept = secrets.read(to)
    if kept is None:
        raise CloudFailed(f"the stage has no secrets yet: make secrets STAGE={stage.name}")
    stages.check_secrets(stage, json.dumps(kept))


def main() -> int:
    parser = argparse.ArgumentParser(prog="make deploy", description="deploy a stage")
    parser.add_argument("stage")
    parser.add_argument("--built", type=Path, help="a folder that `make package` has built")
    parser.add_argument("--patience", type=float, default=60, help="seconds until a check of the smoke test fails")
    parser.add_argument("--yes", action="store_true", help="apply the changes without asking")
    given = parser.parse_args()

    def work() -> int:
        stage = stages.load(given.stage)
        to = Cloud(stage)
        check(stage, to)
        built = given.built or package.build(stage.parameters.get("Architecture", "x86_64"))
        deployment = Deployment(to, yes=given.yes, patience=given.patience)
        deployment.run(built)
        print("deployed")
        deployment.describe()
        return 0

    return cloud.told(work)


if __name__ == "__main__":
    sys.exit(main())
