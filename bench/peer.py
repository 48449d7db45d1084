"""The peer in the benchmark: three of our endpoints as a good engineer writes them with FastAPI, Mangum and PynamoDB.

Same tables, same calls, same answers in substance; shorter than ours because it leaves out what ours does
besides (merged accounts, idempotency, problem details, logs without personal data). Views are coroutines, which spares
them a pool of threads, and all models share one connection of botocore.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException
from mangum import Mangum
from pydantic import BaseModel
from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model

PREFIX = os.environ["TABLE_PREFIX"]
PUBLIC_KEYS: dict[str, Any] = {}
app = FastAPI()


class ReceiptIndex(GlobalSecondaryIndex["Application"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "gsi2"
        projection = KeysOnlyProjection()

    gsi2pk = UnicodeAttribute(hash_key=True)
    gsi2sk = UnicodeAttribute(range_key=True)


class HolderIndex(GlobalSecondaryIndex["Application"]):  # type: ignore[no-untyped-call]
    class Meta:
        index_name = "gsi1"
        projection = IncludeProjection(["service", "status", "receipt"])

    gsi1pk = UnicodeAttribute(hash_key=True)
    gsi1sk = UnicodeAttribute(range_key=True)


class Application(Model):
    class Meta:
        table_name = PREFIX + "applications"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    service = UnicodeAttribute(null=True)
    status = UnicodeAttribute(null=True)
    receipt = UnicodeAttribute(null=True)
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    gsi2pk = UnicodeAttribute(null=True)
    gsi2sk = UnicodeAttribute(null=True)
    by_receipt = ReceiptIndex()
    by_holder = HolderIndex()


class Identity(Model):
    class Meta:
        table_name = PREFIX + "identity"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute(null=True)
    level = NumberAttribute(null=True)
    scope = JSONAttribute(null=True)


class Counter(Model):
    class Meta:
        table_name = PREFIX + "kernel"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    times = NumberAttribute(null=True)


class Progress(BaseModel):
    receipt: str
    service: str
    status: str
    asked_at: datetime


class Row(BaseModel):
    id: str
    service: str
    status: str
    receipt: str | None


class Rows(BaseModel):
    items: list[Row]


class Me(BaseModel):
    account_id: str
    level: int


async def caller(authorization: Annotated[str, Header()]) -> str:
    """The account in the access token, which is checked, and still exists."""
    token = authorization.removeprefix("Bearer ")
    key = PUBLIC_KEYS[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, ["ES256"], options={"verify_aud": False, "verify_exp": False, "verify_iat": False})
    account = str(claims["sub"])
    Identity.get(f"ACCOUNT#{account}", "HEAD")
    return account


async def acting_for(account: Annotated[str, Depends(caller)], acting_for: Annotated[str, Header()]) -> str:
    """The enterprise that the caller acts for, by a mandate that exists."""
    mandates = [hashlib.sha256(account.encode()).hexdigest()[:32]]
    for mandate in mandates:
        try:
            Identity.get(f"ORGANIZATION#{acting_for}", f"MANDATE#{mandate}")
        except Identity.DoesNotExist:
            raise HTTPException(403) from None
    return acting_for


@app.get("/v1/progress")
async def read_progress(receipt: str) -> Progress:
    window = int(time.time()) // 300 * 300
    with contextlib.suppress(Counter.DoesNotExist):
        Counter.get(f"LIMIT#progress#{hashlib.sha256(receipt.encode()).hexdigest()[:32]}#{window}", "HEAD")
    for found in Application.by_receipt.query(f"RECEIPT#{receipt}", limit=1):
        item = Application.get(found.pk, found.sk)
        return Progress(receipt=receipt, service=item.service, status=item.status, asked_at=datetime.now(UTC))
    raise HTTPException(404)


@app.get("/v1/applications")
async def list_applications(party: Annotated[str, Depends(acting_for)]) -> Rows:
    found = Application.by_holder.query(f"APPLICANT#{party}", limit=20, scan_index_forward=False)
    rows = [Row(id=one.pk, service=one.service, status=one.status, receipt=one.receipt) for one in found]
    return Rows(items=rows)


@app.get("/v1/me")
async def read_me(account: Annotated[str, Depends(caller)]) -> Me:
    item = Identity.get(f"ACCOUNT#{account}", "HEAD")
    return Me(account_id=account, level=int(item.level or 0))


def _share_a_connection() -> None:
    """PynamoDB would make a client for each model."""
    first, *others = [model._get_connection() for model in (Application, Identity, Counter)]
    for table in others:
        first.connection.add_meta_table(table.get_meta_table())
        table.connection = first.connection


_share_a_connection()
handler = Mangum(app, lifespan="off")
