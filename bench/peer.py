"""The peers in the benchmark: five of our endpoints as a good engineer writes them with FastAPI and Mangum.

``handler`` uses PynamoDB: views are coroutines, which spares them a pool of threads, and all models share one
connection of botocore. ``aiodynamo_handler`` has the same views on aiodynamo and aiohttp. Same tables, same calls with
the same conditions (``api.py`` compares their number), same answers in substance; shorter than ours because they leave
out what ours does besides (merged accounts, a queue's order, problem details, logs without personal data).
"""

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated, Any, Protocol

import jwt
from fastapi import Depends, FastAPI, Header, HTTPException
from mangum import Mangum
from pydantic import BaseModel
from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.models import Model

PREFIX = os.environ["TABLE_PREFIX"]
PUBLIC_KEYS: dict[str, Any] = {}


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


class Preferences(BaseModel):
    progress: str
    appointment: str
    payment: str
    delivery: str
    language: str
    large_text: bool
    sms: bool
    at_night: bool


class TicketWish(BaseModel):
    services: list[str]


class Ticket(BaseModel):
    id: str
    number: str
    hall: str
    status: str
    position: int


class Conflict(Exception):
    """Somebody else has changed it."""


class Store(Protocol):
    """What the views need of a database."""

    async def identity(self, pk: str, sk: str) -> dict[str, Any] | None: ...
    async def application_of(self, receipt: str) -> dict[str, Any] | None: ...
    async def applications(self, party: str) -> list[dict[str, Any]]: ...
    async def preferences(self, account: str) -> dict[str, Any] | None: ...
    async def save_preferences(self, account: str, values: dict[str, Any], before: int) -> None: ...
    async def hall_item(self, pk: str, sk: str) -> dict[str, Any] | None: ...
    async def save_hall_item(self, pk: str, sk: str, values: dict[str, Any], before: int | None) -> None: ...


def build(store: Store) -> FastAPI:
    """The five endpoints on a database."""
    app = FastAPI()
    caller = _caller_of(store)
    _add_reading(app, store, caller)
    _add_writing(app, store, caller)
    return app


Caller = Callable[..., Any]


def _caller_of(store: Store) -> Caller:
    async def caller(authorization: Annotated[str, Header()]) -> str:
        """The subject of the access token, which is checked, and still exists."""
        token = authorization.removeprefix("Bearer ")
        key = PUBLIC_KEYS[jwt.get_unverified_header(token)["kid"]]
        # The benchmark's clock stands still, so nothing is compared with it; the signature is what takes time.
        claims = jwt.decode(
            token, key, ["ES256"], options={"verify_aud": False, "verify_exp": False, "verify_iat": False}
        )
        kind = "STAFF" if claims["kind"] == "staff" else "ACCOUNT"
        if await store.identity(f"{kind}#{claims['sub']}", "HEAD") is None:
            raise HTTPException(401)
        return str(claims["sub"])

    return caller


def _add_reading(app: FastAPI, store: Store, caller: Caller) -> None:
    async def acting_for(account: Annotated[str, Depends(caller)], acting_for: Annotated[str, Header()]) -> str:
        """The enterprise that the caller acts for."""
        # Ours names a mandate by a secret index, so this one is never found: the read is what counts here.
        mandate = hashlib.sha256(account.encode()).hexdigest()[:32]
        await store.identity(f"ORGANIZATION#{acting_for}", f"MANDATE#{mandate}")
        return acting_for

    @app.get("/v1/progress")
    async def read_progress(receipt: str) -> Progress:
        item = await store.application_of(receipt)
        if item is None:
            raise HTTPException(404)
        return Progress(receipt=receipt, service=item["service"], status=item["status"], asked_at=datetime.now(UTC))

    @app.get("/v1/applications")
    async def list_applications(party: Annotated[str, Depends(acting_for)]) -> Rows:
        rows = []
        for one in await store.applications(party):
            rows.append(Row(id=one["pk"], service=one["service"], status=one["status"], receipt=one.get("receipt")))
        return Rows(items=rows)

    @app.get("/v1/me")
    async def read_me(account: Annotated[str, Depends(caller)]) -> Me:
        item = await store.identity(f"ACCOUNT#{account}", "HEAD")
        return Me(account_id=account, level=int((item or {}).get("level") or 0))


def _add_writing(app: FastAPI, store: Store, caller: Caller) -> None:
    @app.put("/v1/messages/preferences")
    async def change_preferences(body: Preferences, account: Annotated[str, Depends(caller)]) -> Preferences:
        before = await store.preferences(account)
        try:
            await store.save_preferences(account, body.model_dump(), int((before or {}).get("version") or 0))
        except Conflict:
            raise HTTPException(409) from None
        return body

    @app.post("/v1/halls/{hall}/tickets", status_code=201)
    async def take_ticket(
        hall: str, body: TicketWish, actor: Annotated[str, Depends(caller)], idempotency_key: Annotated[str, Header()]
    ) -> Ticket:
        ticket_id = hashlib.sha256(f"{actor}/{idempotency_key}".encode()).hexdigest()[:26]
        queue = await store.hall_item(f"PEERQUEUE#{hall}#{date.today()}", "HEAD") or {}
        for _ in range(2):  # ours looks once more before it writes, and after it was given a number
            known = await store.hall_item(f"PEERTICKET#{ticket_id}", "HEAD")
            if known is not None:
                return Ticket(id=ticket_id, number=known["number"], hall=hall, status="waiting", position=1)
        count = int(queue.get("count") or 0) + 1
        number = f"A{count:03d}"
        version = int(queue.get("version") or 0)
        try:
            values = {"count": count, "version": version + 1}
            await store.save_hall_item(f"PEERQUEUE#{hall}#{date.today()}", "HEAD", values, version)
            await store.save_hall_item(f"PEERNUMBER#{hall}#{date.today()}", number, {"ticket": ticket_id}, None)
            await store.hall_item(f"PEERTICKET#{ticket_id}", "HEAD")
            ticket = {"number": number, "hall": hall, "services": body.services, "status": "open"}
            await store.save_hall_item(f"PEERTICKET#{ticket_id}", "HEAD", ticket, 0)
        except Conflict:
            raise HTTPException(409) from None
        await store.hall_item(f"PEERQUEUE#{hall}#{date.today()}", "HEAD")
        return Ticket(id=ticket_id, number=number, hall=hall, status="waiting", position=count)


# PynamoDB


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


class Preference(Model):
    class Meta:
        table_name = PREFIX + "notices"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute(null=True)
    kinds = JSONAttribute(null=True)
    language = UnicodeAttribute(null=True)
    large_text = BooleanAttribute(null=True)
    sms = BooleanAttribute(null=True)
    at_night = BooleanAttribute(null=True)


class HallItem(Model):
    class Meta:
        table_name = PREFIX + "queueing"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    version = NumberAttribute(null=True)
    count = NumberAttribute(null=True)  # type: ignore[assignment]
    ticket = UnicodeAttribute(null=True)
    number = UnicodeAttribute(null=True)
    hall = UnicodeAttribute(null=True)
    services = JSONAttribute(null=True)
    status = UnicodeAttribute(null=True)


def _values(item: Model) -> dict[str, Any]:
    return item.attribute_values


class PynamoStore:
    """The models above. PynamoDB has no coroutines: each call holds up the loop, in which nothing else runs."""

    async def identity(self, pk: str, sk: str) -> dict[str, Any] | None:
        try:
            return _values(Identity.get(pk, sk))
        except Identity.DoesNotExist:
            return None

    async def application_of(self, receipt: str) -> dict[str, Any] | None:
        for found in Application.by_receipt.query(f"RECEIPT#{receipt}", limit=1):
            return _values(Application.get(found.pk, found.sk))
        return None

    async def applications(self, party: str) -> list[dict[str, Any]]:
        found = Application.by_holder.query(f"APPLICANT#{party}", limit=20, scan_index_forward=False)
        return [_values(one) for one in found]

    async def preferences(self, account: str) -> dict[str, Any] | None:
        try:
            return _values(Preference.get(f"PREFERENCES#{account}", "HEAD"))
        except Preference.DoesNotExist:
            return None

    async def save_preferences(self, account: str, values: dict[str, Any], before: int) -> None:
        kinds = {name: values[name] for name in ("progress", "appointment", "payment", "delivery")}
        others = {name: values[name] for name in ("language", "large_text", "sms", "at_night")}
        item = Preference(f"PREFERENCES#{account}", "HEAD", version=before + 1, kinds=kinds, **others)
        self._save(item, Preference.version == before if before else Preference.pk.does_not_exist())

    async def hall_item(self, pk: str, sk: str) -> dict[str, Any] | None:
        try:
            return _values(HallItem.get(pk, sk, consistent_read=True))
        except HallItem.DoesNotExist:
            return None

    async def save_hall_item(self, pk: str, sk: str, values: dict[str, Any], before: int | None) -> None:
        condition = None
        if before is not None:
            condition = HallItem.version == before if before else HallItem.pk.does_not_exist()
        self._save(HallItem(pk, sk, **values), condition)

    def _save(self, item: Model, condition: Any) -> None:
        from pynamodb.exceptions import PutError

        try:
            item.save(condition=condition)
        except PutError as error:
            raise Conflict from error


def _share_a_connection() -> None:
    """PynamoDB would make a client for each model."""
    models: tuple[type[Model], ...] = (Application, Identity, Preference, HallItem)
    first, *others = [model._get_connection() for model in models]
    for table in others:
        first.connection.add_meta_table(table.get_meta_table())
        table.connection = first.connection


_share_a_connection()
handler = Mangum(build(PynamoStore()), lifespan="off")


# aiodynamo


class AiodynamoStore:
    """aiodynamo on one session of aiohttp."""

    def __init__(self) -> None:
        self._client: Any = None

    async def _ready(self) -> Any:
        if self._client is None:
            from aiodynamo.client import Client
            from aiodynamo.credentials import EnvironmentCredentials
            from aiodynamo.http.aiohttp import AIOHTTP
            from aiohttp import ClientSession
            from yarl import URL

            endpoint = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB")
            self._client = Client(
                AIOHTTP(ClientSession()),
                EnvironmentCredentials(),
                os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
                endpoint=URL(endpoint) if endpoint else None,
            )
        return self._client

    async def _get(self, table: str, pk: str, sk: str, *, consistent: bool = False) -> dict[str, Any] | None:
        from aiodynamo.errors import ItemNotFound

        client = await self._ready()
        try:
            found: dict[str, Any] = await client.get_item(
                PREFIX + table, {"pk": pk, "sk": sk}, consistent_read=consistent
            )
        except ItemNotFound:
            return None
        return found

    async def _put(self, table: str, item: dict[str, Any], before: int | None) -> None:
        from aiodynamo.errors import ConditionalCheckFailed
        from aiodynamo.expressions import F

        client = await self._ready()
        condition = None
        if before is not None:
            condition = F("version").equals(before) if before else F("pk").does_not_exist()
        try:
            await client.put_item(PREFIX + table, item, condition=condition)
        except ConditionalCheckFailed as error:
            raise Conflict from error

    async def identity(self, pk: str, sk: str) -> dict[str, Any] | None:
        return await self._get("identity", pk, sk)

    async def application_of(self, receipt: str) -> dict[str, Any] | None:
        from aiodynamo.expressions import HashKey
        from aiodynamo.models import Select

        client = await self._ready()
        condition = HashKey("gsi2pk", f"RECEIPT#{receipt}")
        page = await client.query_single_page(
            PREFIX + "applications", condition, index="gsi2", limit=1, select=Select.all_projected_attributes
        )
        for found in page.items:
            return await self._get("applications", found["pk"], found["sk"])
        return None

    async def applications(self, party: str) -> list[dict[str, Any]]:
        from aiodynamo.expressions import HashKey
        from aiodynamo.models import Select

        client = await self._ready()
        condition = HashKey("gsi1pk", f"APPLICANT#{party}")
        page = await client.query_single_page(
            PREFIX + "applications",
            condition,
            index="gsi1",
            limit=20,
            scan_forward=False,
            select=Select.all_projected_attributes,
        )
        return list(page.items)

    async def preferences(self, account: str) -> dict[str, Any] | None:
        return await self._get("notices", f"PREFERENCES#{account}", "HEAD")

    async def save_preferences(self, account: str, values: dict[str, Any], before: int) -> None:
        item = {"pk": f"PREFERENCES#{account}", "sk": "HEAD", "version": before + 1, **values}
        await self._put("notices", item, before)

    async def hall_item(self, pk: str, sk: str) -> dict[str, Any] | None:
        return await self._get("queueing", pk, sk, consistent=True)

    async def save_hall_item(self, pk: str, sk: str, values: dict[str, Any], before: int | None) -> None:
        await self._put("queueing", {"pk": pk, "sk": sk, **values}, before)


def aiodynamo_handler() -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """The same views on aiodynamo; one loop for all calls, as a function's process has."""
    return Mangum(build(AiodynamoStore()), lifespan="off")
