"""What the places in the paths of identity stand for in the tests of access (tests/laws/access.py)."""

from __future__ import annotations

import secrets
from datetime import timedelta

from chalicelib.kernel import clock
from local.staff import enrol
from scenes.world import new_id_number
from tests.laws.access import Places

ABSENT = {
    "organization_id": "0" * 26,
    "mandate_id": "0" * 26,
    "given_mandate_id": "0" * 26,
    "relative_id": "0" * 26,
    "dispute_id": "0" * 26,
    "session_id": "0" * 26,
    "username": "nobody",
    "key_id": "0" * 22,
}


def organization_id(places: Places) -> str:
    return places.enterprise.organization_id


def mandate_id(places: Places) -> str:
    path = f"/v1/organizations/{places.enterprise.organization_id}/mandates"
    rows = places.enterprise.representative.get(path).json["items"]
    return str(next(row["id"] for row in rows if row["role"] == "legal_representative"))


def given_mandate_id(places: Places) -> str:
    """A mandate that the representative gave as a person."""
    until = str(clock.today() + timedelta(30))
    body = {"name": "某人", "id_number": new_id_number(), "scope": ["*"], "until": until}
    return str(places.enterprise.representative.post("/v1/me/mandates", body).json["id"])


def account_id(places: Places) -> str:
    return places.enterprise.representative.account_id


def session_id(places: Places) -> str:
    client = places.enterprise.representative
    return str(client.world.log_in("wechat", client.user).get("/v1/sessions").json["items"][0]["id"])


def username(places: Places) -> str:
    """A staff member whom nobody else needs."""
    username = f"placeholder.{secrets.token_hex(4)}"
    enrol(username, "某某", "transport_bureau", ["officer"], ("wide.meadow.lantern", "JBSWY3DPEHPK3PXP" * 2))
    return username


def key_id(places: Places) -> str:
    """Of a security key that nobody has."""
    return "0" * 22


def dispute_id(places: Places) -> str:
    world = places.enterprise.world
    number = new_id_number()
    world.claimant("测试人", number)
    world.real_person("测试人", number)
    cursor = ""
    while True:
        page = world.staff("security").get(f"/v1/disputes?cursor={cursor}" if cursor else "/v1/disputes").json
        if page["items"]:
            last = str(page["items"][-1]["id"])
        if "cursor" not in page:
            return last
        cursor = page["cursor"]


def relative_id(places: Places) -> str:
    body = {"name": "甲代表", "id_number": places.enterprise.id_number}
    return str(places.enterprise.world.real_person().post("/v1/relatives", body).json["id"])
