"""An approved case that nobody pays for ends by itself, with its bills, and is begun again from what was filled in."""

from __future__ import annotations

from datetime import date

from chalicelib.applications import limits, store
from chalicelib.applications.store import watchlist
from chalicelib.kernel import clock
from chalicelib.kernel.events import history
from functions import sweep_applications
from scenes import paying
from scenes.world import World


def look(world: World) -> None:
    world.pump()
    assert sweep_applications.handler({})["failed"] == 0
    world.pump()


def status(application_id: str) -> str:
    item = store.application(application_id)
    assert item is not None
    return item.status


def expired(world: World) -> paying.Payer:
    """A payer whose bill expired as many days ago as the case still waits."""
    payer = paying.payer(world)
    pay_by = date.fromisoformat(payer.bill()["pay_by"])
    world.pass_time(days=(pay_by - clock.today()).days + limits.UNPAID_DAYS)
    look(world)
    assert status(payer.application["id"]) == "approved", "its last day"
    return payer


def test_it_ends_with_its_bills_and_is_begun_again(world: World) -> None:
    payer = expired(world)
    number = payer.application["id"]
    world.pass_time(days=1)
    look(world)
    look(world)
    payer.client.token = world.log_in("wechat", payer.client.user).token
    assert payer.now()["status"] == "terminated"
    assert {payer.bill(place)["status"] for place in range(len(payer.bills))} == {"cancelled"}
    events = [entry.type for entry in history.entries(f"APPLICATION#{number}")[0]]
    assert events.count("application_unpaid") == 1
    assert watchlist.clock_of(number) is None
    inbox = payer.client.get("/v1/messages").json["items"]
    assert any("逾期未缴费" in message["title"] for message in inbox)

    again = payer.client.post("/v1/applications", {"service": "real_estate_registration", "like": number})
    assert again.status == 201, again.json
    assert again.json["form"]["district"] == payer.application["form"]["district"]
    assert again.json["id"] != number
    assert payer.client.post(f"/v1/applications/{again.json['id']}/submit").json["status"] == "approved"


def test_somebody_else_s_case_is_no_model(world: World) -> None:
    payer = paying.payer(world)
    body = {"service": "real_estate_registration", "like": payer.application["id"]}
    assert world.real_person("乙").post("/v1/applications", body).code == "no_such_model"
    other = payer.client.post("/v1/applications", {"service": "house_purchase_certificate", "like": body["like"]})
    assert other.code == "no_such_model"


def test_who_pays_at_the_last_moment_is_first(world: World) -> None:
    payer = expired(world)
    payer.client.token = world.log_in("wechat", payer.client.user).token
    reissued = payer.client.post(f"/v1/bills/{payer.bills[0]}/reissue")
    assert reissued.status == 200, reissued.json
    world.pass_time(days=1)
    look(world)
    assert status(payer.application["id"]) == "approved"
    payer.client.token = world.log_in("wechat", payer.client.user).token
    order = payer.client.post("/v1/payments", {"bills": [reissued.json["id"]]}).json
    paying.wechat(world, order["id"])
    paying.settle(world)
    assert status(payer.application["id"]) == "completed"
    world.pass_time(days=60)
    look(world)
    assert status(payer.application["id"]) == "completed" and watchlist.clock_of(payer.application["id"]) is None
