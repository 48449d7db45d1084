"""Whoever has another document than a resident's ID card: online where it can be checked, else at a window."""

from __future__ import annotations

from typing import Any

import pytest

from scenes.world import Client, Reply, World, new_id_number

PERMIT = {"document": "permit_hong_kong_macau", "born": "1985-04-01"}
PASSPORT = {"document": "passport", "country": "USA", "born": "1985-04-01"}


def known(world: World, number: str, name: str = "陈大文") -> dict[str, Any]:
    world.simulators.departments.people[number] = name
    return {"name": name, "id_number": number}


def at_window(world: World, client: Client, body: dict[str, Any]) -> Reply:
    code = client.post("/v1/me/proof/code").json["code"]
    return world.staff("window.1").post("/v1/counter/proofs", {**body, "code": code})


def test_a_permit_is_claimed_and_proven_on_alipay(world: World) -> None:
    client = world.log_in("alipay")
    body = known(world, "H10000001") | PERMIT
    assert client.post("/v1/me/claim", body).json["level"] == "claimed"
    started = client.post("/v1/me/proof", body)
    assert started.status == 200, started.json
    wanted = {"certify_id": started.json["certify_id"], "passed": True}
    world.simulators.alipay.controls["certifications"](wanted)
    assert client.post("/v1/me/proof/confirm").json["level"] == "proven"
    asked = world.simulators.alipay.last_identity
    assert asked["cert_type"] == "HOME_VISIT_PERMIT_HK_MC"


def test_the_renewed_permit_is_the_same_person(world: World) -> None:
    first, second = world.log_in("alipay"), world.log_in("alipay")
    known(world, "H1000000201")
    assert at_window(world, first, known(world, "H10000002") | PERMIT).status == 200
    refused = second.post("/v1/me/claim", known(world, "H1000000201") | PERMIT)
    assert refused.code == "proven_elsewhere"


def test_wechats_face_check_knows_residents_only_and_names_the_ways(world: World) -> None:
    client = world.log_in("wechat")
    refused = client.post("/v1/me/proof", known(world, "H10000003") | PERMIT)
    assert refused.code == "no_face_check_for_document"
    assert "支付宝" in refused.json["title"] and "窗口" in refused.json["title"]
    assert at_window(world, client, known(world, "H10000003") | PERMIT).status == 200
    assert client.get("/v1/me").json["level"] == "proven"


def test_a_passport_is_proven_at_a_window_only(world: World) -> None:
    client = world.log_in("wechat")
    body = {"name": "JOHN SMITH", "id_number": "536789012"} | PASSPORT
    refused = client.post("/v1/me/claim", body)
    assert refused.code == "document_needs_window" and "窗口" in refused.json["title"]
    assert at_window(world, client, body).status == 200
    assert client.get("/v1/me").json["level"] == "proven"
    applied = client.post("/v1/applications", {"service": "real_estate_registration"})
    assert applied.status == 201, applied.json
    namesake = world.log_in("wechat")
    assert at_window(world, namesake, body | {"country": "GBR"}).status == 200, "another country's number"
    assert at_window(world, world.log_in("wechat"), body).status == 200


def test_the_auditor_finds_who_read_the_data_of_a_passport_s_holder(world: World) -> None:
    client = world.log_in("wechat")
    assert at_window(world, client, {"name": "JOHN SMITH", "id_number": "536789033"} | PASSPORT).status == 200
    auditor = world.staff("auditor")
    wanted = {"id_number": "536789033", "document": "passport", "country": "USA"}
    assert auditor.post("/v1/readings/search", wanted).json["items"] == []
    world.pump()
    (row,) = client.get("/v1/me/readings").json["items"]
    assert row["kind"] == "readings", "the search was one"
    assert auditor.post("/v1/readings/search", {**wanted, "country": ""}).code == "document_incomplete"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"born": None}, "document_incomplete"),
        ({"born": "2090-01-01"}, "document_incomplete"),
        ({"country": ""}, "document_incomplete"),
        ({"id_number": "护照护照护照"}, "id_number_invalid"),
        ({"document": "library_card"}, "invalid_request"),
    ],
)
def test_what_a_passport_needs(world: World, change: dict[str, Any], code: str) -> None:
    body = {"name": "JOHN SMITH", "id_number": "536789099"} | PASSPORT | change
    assert at_window(world, world.log_in("wechat"), body).code == code


def test_numbers_of_eighteen_digits_tell_their_kind(world: World) -> None:
    client = world.log_in("alipay")
    for prefix, name in (("810000", "RESIDENCE_PERMIT_HK_MC"), ("830000", "RESIDENCE_PERMIT_TAIWAN")):
        number = renumbered(prefix)
        started = client.post("/v1/me/proof", known(world, number))
        assert started.status == 200, started.json
        assert world.simulators.alipay.last_identity["cert_type"] == name


def renumbered(prefix: str) -> str:
    from tests.kernel.test_papers import check

    body = prefix + new_id_number()[6:17]
    return body + check(body)


def test_the_desk_takes_a_number_for_any_document(world: World) -> None:
    hall = world.hall()
    visitor = {"name": "JOHN SMITH", "id_number": "536789012"} | PASSPORT
    body = {"services": ["house_purchase_certificate"], "visitor": visitor}
    taken = world.staff("window.1").post(f"/v1/halls/{hall}/tickets", body)
    assert taken.status == 201, taken.json


def test_a_relative_may_have_a_permit(world: World) -> None:
    """The day of birth is said, because the number does not tell it; a passport goes to a window."""
    citizen = world.real_person("张三")
    number = "H12345678"
    world.simulators.departments.people[number] = "李四"
    asked = citizen.post("/v1/relatives", {"name": "李四", "id_number": number, **PERMIT})
    assert asked.status == 201, asked.json
    passport = {"name": "DOE JOHN", "id_number": "536789033", **PASSPORT}
    assert citizen.post("/v1/relatives", passport).code == "document_needs_window"
