"""A certificate that rests on a written promise (告知承诺)."""

from __future__ import annotations

from scenes.world import Client, World, new_id_number


def promised(world: World) -> tuple[Client, str]:
    """A house purchase that rests on a promise: approved at once, and checked afterwards."""
    number = new_id_number()
    registers = world.simulators.departments.registers
    registers["households"][number] = [{"local": True, "marital_status": "single"}]
    registers["housing"][number] = [{"homes": 0, "under_review": True}]
    buyer = world.real_person("丁购房", number)
    begun = buyer.post("/v1/applications", {"service": "house_purchase_certificate"}).json
    path = f"/v1/applications/{begun['id']}"
    form = {**begun["form"], "district": "玄武区", "purpose": "first_home", "marital_status": "single"}
    assert buyer.put(f"{path}/form", {"form": form}).json["outcome"] == "review"
    assert buyer.put(f"{path}/promises", {"commitment": True}).json["commitment"] is True
    assert buyer.post(f"{path}/submit").json["status"] == "completed"
    return buyer, begun["id"]
