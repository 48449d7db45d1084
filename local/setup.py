"""Creates tables, keys and buckets from the template, publishes the catalogue, creates demo staff.

Every step finds what is there already. Keys are made first and saved by one graceful restart of the
emulator, which writes them only then; nothing is encrypted before they are known to be on disk.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

from local import template
from local.environment import COURIER_PHONES, STAFF, STAGE, BrokenData, Environment
from local.template import REGION


def client(service: str, environment: Environment) -> Any:
    """A client of the embedded services."""
    ports = environment.ports
    port = ports.database if service.startswith("dynamodb") else ports.aws
    return botocore.session.get_session().create_client(
        service,
        region_name=REGION,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 3}, s3={"addressing_style": "path"}),
    )


def aliases(environment: Environment) -> dict[str, str]:
    """The KMS aliases that exist, with their keys."""
    return {
        alias["AliasName"]: alias.get("TargetKeyId", "")
        for alias in client("kms", environment).list_aliases()["Aliases"]
    }


def create_keys(environment: Environment, restart: Callable[[], None]) -> None:
    """Create the template's keys once; ``restart`` ends the emulator gracefully and starts it again."""
    marker, existing = environment.data / "keys.json", aliases(environment)
    wanted = {
        properties["AliasName"]: properties["TargetKeyId"]
        for properties in template.of_type(STAGE, "AWS::KMS::Alias").values()
    }
    if marker.exists():
        known = json.loads(marker.read_text(encoding="utf-8"))
        if any(existing.get(alias) != key for alias, key in known.items()):
            raise BrokenData(
                f"keys are missing in {environment.data / 'aws'}: restore that folder, "
                f"or delete {environment.data} to begin anew (all data is lost)"
            )
        if set(known) >= set(wanted):
            return
    kms, keys = client("kms", environment), template.of_type(STAGE, "AWS::KMS::Key")
    for alias, logical_name in wanted.items():
        if alias not in existing:
            properties = keys[logical_name]
            made = kms.create_key(
                Description=properties["Description"],
                KeySpec=properties.get("KeySpec", "SYMMETRIC_DEFAULT"),
                KeyUsage=properties.get("KeyUsage", "ENCRYPT_DECRYPT"),
            )
            kms.create_alias(AliasName=alias, TargetKeyId=made["KeyMetadata"]["KeyId"])
    made_aliases = aliases(environment)
    restart()
    kept = aliases(environment)
    if any(kept.get(alias) != made_aliases[alias] for alias in wanted):
        raise BrokenData(f"the emulator did not keep its keys in {environment.data / 'aws'}; see logs/aws.log")
    from local.environment import write_atomically

    write_atomically(marker, json.dumps({alias: kept[alias] for alias in wanted}, indent=1))


def create_tables(environment: Environment) -> None:
    """Create the tables that are not there yet."""
    database = client("dynamodb", environment)
    existing = set(database.list_tables()["TableNames"])
    for request in template.table_requests(STAGE):
        if request["TableName"] not in existing:
            database.create_table(**request)
    for properties in template.of_type(STAGE, "AWS::DynamoDB::Table").values():
        if "TimeToLiveSpecification" in properties and properties["TableName"] not in existing:
            database.update_time_to_live(
                TableName=properties["TableName"], TimeToLiveSpecification=properties["TimeToLiveSpecification"]
            )


def create_buckets(environment: Environment) -> None:
    """Create the buckets that are not there yet."""
    store = client("s3", environment)
    for properties in template.of_type(STAGE, "AWS::S3::Bucket").values():
        try:
            store.create_bucket(
                Bucket=properties["BucketName"],
                ObjectLockEnabledForBucket=properties.get("ObjectLockEnabled", False),
                CreateBucketConfiguration={"LocationConstraint": REGION},
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                raise


def create_secret(environment: Environment) -> None:
    """Give the secret its value, which ``secrets.json`` keeps."""
    store, name = client("secretsmanager", environment), environment.settings()["SECRETS_NAME"]
    text = json.dumps(environment.secrets)
    try:
        store.create_secret(Name=name, SecretString=text)
    except store.exceptions.ResourceExistsException:
        store.put_secret_value(SecretId=name, SecretString=text)


def create_queues(environment: Environment) -> None:
    """Create the queues; creating one that is there already changes nothing."""
    queues = client("sqs", environment)
    for properties in template.of_type(STAGE, "AWS::SQS::Queue").values():
        queues.create_queue(QueueName=properties["QueueName"])


def create_staff(environment: Environment) -> None:
    """Create the demo staff with their generated passwords, once."""
    from chalicelib.identity import store
    from local.staff import enrol

    given = environment.staff()
    for username, display_name, unit, roles in STAFF:
        if store.staff(username) is None:
            secrets = given[username]
            phone = COURIER_PHONES.get(username)
            factors = secrets["password"], secrets["totp_secret"]
            enrol(username, display_name, unit, list(roles), factors, phone)


def timed(step: str, work: Callable[[], Any]) -> None:
    """Do a step and print how long it took."""
    started = time.perf_counter()
    print(f"  {step} ...", end="", flush=True)
    work()
    print(f" {time.perf_counter() - started:.1f} s", flush=True)
