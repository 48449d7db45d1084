"""``make destroy STAGE=...``: removes a stage with all its data; never one that is in production."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from infra import cloud
from infra import stage as stages
from infra.cloud import Cloud, CloudFailed
from infra.deploy import deployment_bucket

_NOTE = "destroy.json"
_ABSENT = {
    "ResourceNotFoundException", "NoSuchBucket", "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist",
    "NotFoundException", "KMSInvalidStateException", "InvalidAllocationID.NotFound",
}  # fmt: skip


def refuse_production(of: Cloud) -> None:
    """Stop when the stage's file or its stack says production."""
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in (of.stack() or {}).get("Parameters", [])}
    if of.stage.production or parameters.get("Production") == "true":
        raise CloudFailed(f"{of.stage.name} is in production: `make destroy` never removes it")


def destroy(of: Cloud) -> None:
    """Delete the stack, then what outlives it; can be run again after an interruption."""
    refuse_production(of)
    if of.stack():
        _note(of, of.resources())
        seen = of.seen_events()
        of.client("cloudformation").delete_stack(StackName=of.stage.stack_name)
        left = of.await_stack(seen)
        if left:
            raise CloudFailed(f"the stack is {left['StackStatus']}: the FAILED line above is the cause; run it again")
    _remove_named(of, _noted(of))
    _remove_data(of)


def _note(of: Cloud, resources: dict[str, tuple[str, str]]) -> None:
    """Keep which keys and addresses the stack had, because nothing else knows once it is gone."""
    found = {
        kind: [name for one, name in resources.values() if one == kind] for kind in ("AWS::KMS::Key", "AWS::EC2::EIP")
    }
    of.client("s3").put_object(Bucket=deployment_bucket(of), Key=_NOTE, Body=json.dumps(found).encode())


def _noted(of: Cloud) -> dict[str, list[str]]:
    store = of.client("s3")
    try:
        found: dict[str, list[str]] = json.loads(
            store.get_object(Bucket=deployment_bucket(of), Key=_NOTE)["Body"].read()
        )
    except (store.exceptions.NoSuchKey, store.exceptions.NoSuchBucket):
        return {}
    return found


def _remove_named(of: Cloud, noted: dict[str, list[str]]) -> None:
    for key in noted.get("AWS::KMS::Key", []):
        _gone("key", key, of.client("kms").schedule_key_deletion, KeyId=key, PendingWindowInDays=7)
    for address in noted.get("AWS::EC2::EIP", []):
        filters = [{"Name": "public-ip", "Values": [address]}]
        for found in of.client("ec2").describe_addresses(Filters=filters)["Addresses"]:
            _gone("address", address, of.client("ec2").release_address, AllocationId=found["AllocationId"])


def _remove_data(of: Cloud) -> None:
    prefix, database, logs = f"banshi-{of.stage.name}-", of.client("dynamodb"), of.client("logs")
    for page in database.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            if name.startswith(prefix):
                _gone("table", name, database.delete_table, TableName=name)
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=f"/banshi/{of.stage.name}/"):
        for group in page["logGroups"]:
            _gone("log group", group["logGroupName"], logs.delete_log_group, logGroupName=group["logGroupName"])
    queues = of.client("sqs")
    for url in queues.list_queues(QueueNamePrefix=prefix).get("QueueUrls", []):
        _gone("queue", url, queues.delete_queue, QueueUrl=url)
    secret = of.stage.secrets_name
    _gone("secret", secret, of.client("secretsmanager").delete_secret, SecretId=secret, ForceDeleteWithoutRecovery=True)
    _remove_bucket(of, f"{prefix}audit-{of.account}", BypassGovernanceRetention=True)
    _remove_bucket(of, deployment_bucket(of))


def _remove_bucket(of: Cloud, bucket: str, **how: bool) -> None:
    store = of.client("s3")
    try:
        for version in _versions(store, bucket):
            store.delete_object(Bucket=bucket, **how, **version)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _ABSENT:
            raise
    _gone("bucket", bucket, store.delete_bucket, Bucket=bucket)


def _versions(store: Any, bucket: str) -> Iterator[dict[str, str]]:
    for page in store.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for one in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            yield {"Key": one["Key"], "VersionId": one["VersionId"]}


def _gone(kind: str, name: str, delete: Any, **which: Any) -> None:
    try:
        delete(**which)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _ABSENT:
            raise
        return
    print(f"  removed {kind} {name}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="make destroy", description="remove a stage with all its data")
    parser.add_argument("stage")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    given = parser.parse_args()

    def work() -> int:
        stage = stages.load(given.stage)
        refuse_production(Cloud(stage))
        if not given.yes and (not sys.stdin.isatty() or input(f"type {stage.name} to remove it: ") != stage.name):
            raise CloudFailed("nothing was removed")
        destroy(Cloud(stage))
        print(f"{stage.name} is gone")
        return 0

    return cloud.told(work)


if __name__ == "__main__":
    sys.exit(main())
