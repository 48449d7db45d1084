"""The main job, from login to scan, as its users would notice it."""

from __future__ import annotations

from scenes.world import World


def test_an_enterprise_gets_its_sticker_within_one_request_and_anyone_can_check_it(world: World) -> None:
    enterprise = world.enterprise()
    applied = enterprise.apply()
    assert (applied["status"], applied["findings"]) == ("completed", [])

    timeline = enterprise.client.get(f"/v1/applications/{applied['id']}/timeline").json
    assert [entry["type"] for entry in timeline["entries"]] == [
        "application_drafted",
        "application_submitted",
        "application_accepted",
        "application_reviewed",
        "application_approved",
        "application_completed",
    ]
    assert "next" not in timeline

    status = world.anonymous().get(f"/v1/progress?receipt={applied['receipt']}").json
    assert status["what"] == {"zh": "已办结", "en": "Completed"}

    pdf = enterprise.print(applied["certificate_id"])
    assert pdf.startswith(b"%PDF-")
