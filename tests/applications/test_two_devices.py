"""Two devices that write one draft: neither loses the other's words."""

from __future__ import annotations

from scenes import paying
from scenes.world import World

SERVICE = "real_estate_registration"


def test_who_has_not_seen_the_other_device_s_words_is_told_what_differs(world: World) -> None:
    phone = world.real_person("乙购房")
    begun = phone.post("/v1/applications", {"service": SERVICE}).json
    path = f"/v1/applications/{begun['id']}/form"
    read = phone.get(path)
    tag = read.headers["ETag"]
    assert read.json["form"] == begun["form"]

    form = {**begun["form"], **paying.HOME}
    saved = phone.put(path, {"form": form}, headers={"If-Match": tag})
    assert saved.status == 200 and saved.json["form_tag"] == phone.get(path).headers["ETag"] != tag

    tablet = {**form, "extra_copies": 2}
    refused = phone.put(path, {"form": tablet}, headers={"If-Match": tag})
    assert (refused.status, refused.code) == (412, "form_changed")
    assert [field["path"] for field in refused.json["fields"]] == ["/form/extra_copies"]
    assert phone.get(path).json["form"]["extra_copies"] == 0, "nothing of it is saved"

    weak = "W/" + saved.json["form_tag"]
    assert phone.put(path, {"form": tablet}, headers={"If-Match": weak}).status == 200
    assert phone.put(path, {"form": form}, headers={"If-Match": "*"}).status == 200
    assert phone.put(path, {"form": tablet}).status == 200, "without a tag the last one counts, as before"


def test_a_form_that_has_not_changed_is_not_sent_again(world: World) -> None:
    phone = world.real_person("乙购房")
    begun = phone.post("/v1/applications", {"service": SERVICE}).json
    path = f"/v1/applications/{begun['id']}/form"
    tag = phone.get(path).headers["ETag"]
    assert phone.get(path, headers={"If-None-Match": tag}).status == 304
