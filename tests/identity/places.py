"""What the places in the paths of identity stand for in the tests of access (tests/laws/access.py)."""

from __future__ import annotations

from chalicelib.identity import service
from scenes.world import new_id_number
from tests.laws.access import Places

ABSENT = {
    "organization_id": "0" * 26,
    "mandate_id": "0" * 26,
    "relative_id": "0" * 26,
    "dispute_id": "0" * 26,
    "session_id": "0" * 26,
    "username": "nobody",
}


def organization_id(places: Places) -> str:
    return places.enterprise.organization_id


def mandate_id(places: Places) -> str:
    path = f"/v1/organizations/{places.enterprise.organization_id}/mandates"
    rows = places.enterprise.representative.get(path).json["items"]
    return str(next(row["id"] for row in rows if row["role"] == "legal_representative"))


def account_id(places: Places) -> str:
    return places.enterprise.representative.account_id


def session_id(places: Places) -> str:
    client = places.enterprise.representative
    return str(client.world.log_in("wechat", client.user).get("/v1/sessions").json["items"][0]["id"])


def username(places: Places) -> str:
    """A staff member whom nobody else needs."""
    service.staff.put_staff("placeholder", "某某", "transport_bureau", ["officer"], "x" * 12, "JBSWY3DPEHPK3PXP")
    return "placeholder"


def dispute_id(places: Places) -> str:
    world = places.enterprise.world
    number = new_id_number()
    world.claimant("测试人", number)
    world.real_person("测试人", number)
    cursor = ""
    while True:
        page = world.staff("administrator").get(f"/v1/disputes?cursor={cursor}" if cursor else "/v1/disputes").json
        if "cursor" not in page:
            return str(page["items"][-1]["id"])
        cursor = page["cursor"]


def relative_id(places: Places) -> str:
    body = {"name": "甲代表", "id_number": places.enterprise.id_number}
    return str(places.enterprise.world.real_person().post("/v1/relatives", body).json["id"])
