"""People hear what happened: once, on the platform that they use, within its limits, in the inbox in any case."""

from __future__ import annotations

import pytest

from chalicelib.notices import service, store
from chalicelib.notices.service import channels
from functions import notify_people
from scenes import tampering
from scenes.world import World
from tests.delivery import parcels
from tests.notices import telling
from tests.notices.telling import COMPLETED


def test_a_completed_application_is_told_on_wechat_and_in_the_inbox(world: World) -> None:
    person = telling.reader(world)
    person.agree(COMPLETED, times=-1)
    applied = person.finish()
    telling.settle(world)
    (message,) = person.wechat()
    assert message["template_id"] == COMPLETED and message["page"] == f"pages/application/detail?id={applied['id']}"
    assert message["data"]["thing1"]["value"] == "不动产转移登记"
    assert message["data"]["character_string2"]["value"] == applied["receipt"]
    assert message["data"]["time4"]["value"] == "2026年11月2日 16:00"
    newest = person.inbox()[0]
    assert newest["title"] == "已办结" and applied["receipt"] in newest["text"] and not newest["read"]
    assert "登簿发证" in newest["text"], "the service's own wording"
    assert person.texts() == []


def test_without_consent_a_text_message_is_sent(world: World) -> None:
    person = telling.reader(world)
    applied = person.finish()
    telling.settle(world)
    assert person.wechat() == []
    (text,) = person.texts()
    assert text.startswith("【示例市办事】") and applied["receipt"] in text
    assert telling.verdicts(world, applied) == ["wechat no_consent", "sms sent"]


def test_without_anything_it_is_in_the_inbox(world: World) -> None:
    person = telling.reader(world, phone=False)
    applied = person.finish()
    telling.settle(world)
    assert person.inbox()[0]["event"] == "application_completed"
    (message,) = telling.states(world, f"APPLICATION#{applied['id']}")["application_completed"]
    assert message["status"] == "inbox_only"


def test_a_consent_that_wechat_counts_differently_is_used_up_at_once(world: World) -> None:
    """43101: fall back, and do not try this template again before the next consent."""
    person = telling.reader(world)
    results = dict.fromkeys((COMPLETED,), "accept")
    assert person.client.post("/v1/messages/consents", {"results": results}).status == 200
    first = person.finish()
    telling.settle(world)
    assert telling.verdicts(world, first) == ["wechat no_consent", "sms sent"]
    listed = person.client.get("/v1/messages/templates").json["items"]
    (template,) = [row for row in listed if row["id"] == COMPLETED]
    assert not template["long_term"] and template["left"] == 0


def test_a_one_time_consent_is_good_for_one_message(world: World) -> None:
    person = telling.reader(world)
    person.agree("wxt_shipment_ready")
    world.bind_phone(person.client, person.phone)
    done = []
    for _ in range(2):
        begun = parcels.Recipient(world=world, client=person.client, id_number=person.id_number)
        done.append(begun.approved(mode="pick_up", hall=parcels.HALL))
    hall = parcels.hall(world)
    assert hall.pack(done[0]["shipment"]).status == 200
    telling.settle(world)
    assert [message["template_id"] for message in person.wechat()] == ["wxt_shipment_ready"]
    person.client.post(f"/v1/shipments/{done[0]['shipment']}/code")
    third = begun.approved(mode="pick_up", hall=parcels.HALL)
    assert hall.pack(third["shipment"]).status == 200
    telling.settle(world)
    assert len(person.wechat()) == 1 and any("取件码" in text for text in person.texts())


def test_an_event_that_comes_again_is_told_once(world: World) -> None:
    person = telling.reader(world)
    person.agree(COMPLETED, times=-1)
    applied = person.finish()
    telling.settle(world)
    records = _records_of(world, f"APPLICATION#{applied['id']}")
    for planned in store.events(f"APPLICATION#{applied['id']}", None).items:
        tampering.remove(planned)  # as if the function had died before it wrote this down
    for _ in range(3):
        assert notify_people.handler({"Records": records}) == {"batchItemFailures": []}
    telling.settle(world)
    assert len(person.wechat()) == 1
    assert [row["event"] for row in person.inbox()].count("application_completed") == 1


def _records_of(world: World, subject: str) -> list[dict[str, object]]:
    """The event log's entries of a subject as the stream brings them."""
    from chalicelib.kernel.events import changes, history

    entries, _ = history.entries(subject)
    return [
        {
            "eventName": "INSERT",
            "dynamodb": {
                "SequenceNumber": str(place),
                "NewImage": {"pk": {"S": subject}, "sk": {"S": "x"}, "entry": {"S": changes.entry_text(entry)}},
            },
        }
        for place, entry in enumerate(entries)
    ]


def test_alipay_users_hear_it_on_alipay(world: World) -> None:
    person = telling.reader(world)
    alipay = world.log_in("alipay")
    world.merge(person.client, alipay, "张三", person.id_number)
    alipay.renew()
    world.log_in("alipay", alipay.user)
    template = "ali_application_completed"
    wanted = {"user": alipay.user, "templates": [template], "times": -1}
    results = world.simulators.alipay.controls["consents"](wanted)["results"]
    assert alipay.post("/v1/messages/consents", {"results": results}).status == 200
    person.agree(COMPLETED, times=-1)
    person.finish()
    telling.settle(world)
    (message,) = world.simulators.alipay.messages.outbox
    assert message["user_template_id"] == template and message["data"]["keyword1"]["value"] == "不动产转移登记"
    assert person.wechat() == [], "one person, one message: the platform used last"


def test_quiet_hours_hold_what_is_not_urgent(world: World) -> None:
    person = telling.reader(world)
    world.pass_time(hours=7)
    person.client.renew()
    person.finish()
    telling.settle(world)
    assert person.texts() == [] and person.inbox()[0]["event"] == "application_completed"
    world.pass_time(hours=9, minutes=1)
    telling.settle(world)
    assert len(person.texts()) == 1


def test_what_is_urgent_is_sent_at_night(world: World) -> None:
    person = telling.reader(world)
    registers = world.simulators.departments.registers
    registers["households"][person.id_number] = [{"local": True, "marital_status": "single"}]
    registers["housing"][person.id_number] = [{"homes": 0, "under_review": True}]
    begun = person.client.post("/v1/applications", {"service": "house_purchase_certificate"}).json
    form = {**begun["form"], "district": "江宁区", "purpose": "first_home"}
    person.client.put(f"/v1/applications/{begun['id']}/form", {"form": form})
    person.client.post(f"/v1/applications/{begun['id']}/submit")
    world.pass_time(hours=7)
    officer, task = world.staff("housing"), f"/v1/tasks/{begun['id']}-review"
    officer.post(f"{task}/claim")
    asked = officer.post(f"{task}/request_correction", {"items": [{"field": "/form/district", "what": "请更正"}]})
    assert asked.status == 200, asked.json
    telling.settle(world)
    assert any("补正" in text for text in person.texts())


def test_the_digest_gathers_what_somebody_does_not_want_at_once(world: World) -> None:
    person = telling.reader(world)
    saved = person.client.put("/v1/messages/preferences", {"progress": "digest"})
    assert saved.status == 200 and saved.json["progress"] == "digest"
    for _ in range(2):
        person.finish()
    telling.settle(world)
    assert person.texts() == []
    world.pass_time(hours=2, minutes=1)
    for _ in range(2):
        telling.settle(world)
    (text,) = person.texts()
    assert "2 条新消息" in text
    person.client.renew()
    assert person.inbox()[0]["event"] == "digest"


def test_preferences_language_and_large_text(world: World) -> None:
    person = telling.reader(world)
    person.client.put("/v1/messages/preferences", {"progress": "inbox", "language": "en", "large_text": True})
    person.finish()
    telling.settle(world)
    newest = person.inbox()[0]
    assert newest["title"] == "Completed" and newest["text"] == "Your application is done."
    assert person.texts() == []


def test_the_inbox_counts_and_marks(world: World) -> None:
    person, other = telling.reader(world), telling.reader(world)
    person.finish()
    person.finish()
    telling.settle(world)
    before = person.client.get("/v1/messages/unread").json["count"]
    assert before == len(person.inbox()) >= 2
    first = person.inbox()[0]["id"]
    assert other.client.post("/v1/messages/read", {"ids": [first]}).json == {"marked": 0}
    assert person.client.post("/v1/messages/read", {"ids": [first]}).json == {"marked": 1}
    assert person.client.post("/v1/messages/read", {"ids": [first]}).json == {"marked": 0}
    assert person.client.get("/v1/messages/unread").json["count"] == before - 1
    person.client.post("/v1/messages/read")
    assert person.client.get("/v1/messages/unread").json == {"count": 0, "more": False}


def test_a_platform_out_of_order_for_an_hour_loses_nothing(world: World) -> None:
    person = telling.reader(world)
    sms = world.simulators.sms
    sms.controls["faults"]({"fault": "http_500", "times": 10_000})
    applied, *_ = [person.finish() for _ in range(3)]
    telling.settle(world)
    for _ in range(60):
        world.pass_time(minutes=1)
        channels.forget()
        telling.sweep(world)
    assert person.texts() == []
    sms.controls["reset_faults"]({})
    world.pass_time(minutes=61)
    channels.forget()
    telling.sweep(world)
    assert len(person.texts()) == 3
    assert telling.verdicts(world, applied)[-1] == "sms sent"


def test_the_second_provider_takes_over(world: World) -> None:
    person = telling.reader(world)
    world.simulators.sms.controls["faults"]({"fault": "http_500", "times": 1000, "path": "/first"})
    person.finish()
    telling.settle(world)
    (sent,) = [one for one in world.simulators.sms.outbox if one["phone"] == person.phone]
    assert sent["provider"] == "second"


def test_a_provider_that_was_not_heard_is_asked_again_and_sends_once(world: World) -> None:
    person = telling.reader(world)
    world.simulators.sms.controls["faults"]({"fault": "lost_answer", "path": "/first"})
    applied = person.finish()
    telling.settle(world)
    assert len(person.texts()) == 1
    world.pass_time(minutes=2)
    channels.forget()
    telling.settle(world)
    assert len(person.texts()) == 1
    assert telling.verdicts(world, applied) == ["wechat no_consent", "sms busy", "sms sent"]


def test_wechat_unheard_is_not_repeated_but_followed_by_a_text_message(world: World) -> None:
    person = telling.reader(world)
    person.agree(COMPLETED, times=-1)
    world.simulators.wechat.controls["faults"]({"fault": "lost_answer", "path": "/cgi-bin/message"})
    applied = person.finish()
    telling.settle(world)
    assert len(person.wechat()) == 1 and len(person.texts()) == 1
    assert telling.verdicts(world, applied) == ["wechat unheard", "sms sent"]


@pytest.mark.parametrize(("code", "verdict"), [(40003, "unreachable"), (45168, "refused"), (45009, "quota")])
def test_what_wechat_refuses_goes_by_text_message(world: World, code: int, verdict: str) -> None:
    person = telling.reader(world)
    person.agree(COMPLETED, times=-1)
    world.pass_time(days=(40003, 45168, 45009).index(code) + 3)
    person.client.renew()
    world.simulators.wechat.controls["message_errors"]({"code": code})
    applied = person.finish()
    telling.settle(world)
    assert telling.verdicts(world, applied) == [f"wechat {verdict}", "sms sent"]
    if verdict == "quota":
        second = person.finish()
        telling.settle(world)
        assert telling.verdicts(world, second) == ["wechat quota", "sms sent"]
        assert person.wechat() == [], "nothing is tried until tomorrow"


def test_one_access_token_serves_all_processes(world: World) -> None:
    from chalicelib.platforms import shared_token

    person = telling.reader(world)
    person.agree(COMPLETED, times=-1)
    world.simulators.wechat.controls["expire_tokens"]({})
    calls = world.simulators.wechat.token_calls
    for _ in range(3):
        person.finish()
        shared_token.forget()
        telling.settle(world)
    assert len(person.wechat()) == 3 and world.simulators.wechat.token_calls == calls + 1


def test_a_poison_event_becomes_a_letter_and_is_replayed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person, healthy = telling.reader(world), telling.reader(world)
    telling.settle(world)
    applied = person.finish()
    fine = healthy.finish()
    about = service.sources.about

    def poisoned(subject: str, change: object) -> object:
        if subject == f"APPLICATION#{applied['id']}":
            raise KeyError("service")
        return about(subject, change)  # type: ignore[arg-type]

    desk = world.staff("administrator")
    before = {row["id"] for row in _letters(desk)}  # of other tests
    with monkeypatch.context() as patched:
        patched.setattr(service.sources, "about", poisoned)
        telling.settle(world)
    assert person.inbox() == [] and len(healthy.texts()) == 1, fine
    letters = [row for row in _letters(desk) if row["id"] not in before]
    assert all("KeyError" in row["reason"] for row in letters)
    assert letters and all(row["type"] == "event" for row in letters)
    for row in letters:
        assert desk.post(f"/v1/notices/letters/{row['id']}/replay").status == 200
    telling.settle(world)
    assert "application_completed" in [row["event"] for row in person.inbox()]
    assert desk.post(f"/v1/notices/letters/{letters[0]['id']}/replay").status == 404


def _letters(desk: object) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    cursor = ""
    while True:
        page = desk.get(f"/v1/notices/letters{cursor}").json  # type: ignore[attr-defined]
        found += page["items"]
        if "cursor" not in page:
            return found
        cursor = f"?cursor={page['cursor']}"


def test_a_message_that_nobody_takes_is_a_letter_and_can_be_sent_again(world: World) -> None:
    person = telling.reader(world)
    world.simulators.sms.controls["blocked_words"]({"words": ["登簿", "办结", person.phone, "不动产"]})
    applied = person.finish()
    telling.settle(world)
    (message,) = telling.states(world, f"APPLICATION#{applied['id']}")["application_completed"]
    assert message["status"] == "dead"
    world.simulators.sms.controls["blocked_words"]({"words": []})
    desk = world.staff("administrator")
    for row in _letters(desk):
        if row["type"] == "message":
            desk.post(f"/v1/notices/letters/{row['id']}/replay")
    telling.settle(world)
    assert any(applied["receipt"] in text for text in person.texts())


def test_operators_see_counts_and_cost(world: World) -> None:
    person = telling.reader(world)
    world.pass_time(days=5)
    person.client.renew()
    person.finish()
    telling.settle(world)
    day = world.staff("administrator").get("/v1/notices/statistics").json
    (sms,) = [row for row in day["channels"] if row["channel"] == "sms"]
    assert sms["tried"] >= 1 and sms["cost"] >= 5


def test_a_correction_is_reminded_of_once(world: World) -> None:
    from functions import remind_applicants

    person = telling.reader(world)
    registers = world.simulators.departments.registers
    registers["households"][person.id_number] = [{"local": True, "marital_status": "single"}]
    registers["housing"][person.id_number] = [{"homes": 0, "under_review": True}]
    begun = person.client.post("/v1/applications", {"service": "house_purchase_certificate"}).json
    form = {**begun["form"], "district": "江宁区", "purpose": "first_home"}
    person.client.put(f"/v1/applications/{begun['id']}/form", {"form": form})
    person.client.post(f"/v1/applications/{begun['id']}/submit")
    officer, task = world.staff("housing"), f"/v1/tasks/{begun['id']}-review"
    officer.post(f"{task}/claim")
    officer.post(f"{task}/request_correction", {"items": [{"field": "/form/district", "what": "请更正"}]})
    due = person.client.get(f"/v1/applications/{begun['id']}").json["correct_by"]
    for _ in range(10):
        for _ in range(2):
            remind_applicants.handler({})
        world.pass_time(days=1)
        person.client.renew()
    telling.settle(world)
    told = [row for row in person.inbox() if row["event"] == "correction_reminder_due"]
    assert len(told) == 1 and due


def test_the_reminder_moves_with_the_appointment(world: World) -> None:
    """Booked for tomorrow, reminded, moved to the day after: one more reminder, for the new time, in time."""
    from functions import remind_visitors
    from tests.appointments.bookings import Booker

    person = telling.reader(world)
    booker = Booker(world, person.client, world.hall())
    first = booker.book("09:00")
    for _ in range(2):
        remind_visitors.handler({})
    moved = booker.book("10:00", day="2026-11-04", moves=first["id"])
    for _ in range(3):
        world.pass_time(days=1)
        remind_visitors.handler({})
    telling.settle(world)
    person.client.renew()
    reminders = [row["text"] for row in person.inbox() if row["event"] == "appointment_reminder_due"]
    assert len(reminders) == 2 and moved["status"] == "confirmed"
    assert "2026年11月4日 10:00" in reminders[0] and "2026年11月3日 09:00" in reminders[1]
    world.hall()  # a hall without appointments is published last, as other tests expect


def test_a_waiting_list_s_offer_and_a_hall_s_cancellation_have_their_words(world: World) -> None:
    from chalicelib.kernel import clock
    from chalicelib.kernel.events.changes import Change
    from tests.appointments.bookings import HOUSING, TOMORROW, Booker

    person = telling.reader(world)
    hall = world.hall()
    waiting = person.client.post("/v1/waiting", {"hall": hall, "services": [HOUSING], "date": TOMORROW}).json
    until = clock.seconds(clock.now()) + 1800
    offer = Change(
        version=2, type="place_offered", at=clock.now(), actor="system:test", data={"start": "09:30", "until": until}
    )
    assert service.plan(f"WAITER#{waiting['id']}", offer) == 1
    newest = person.inbox()[0]
    assert newest["urgent"] and "2026年11月3日 09:30" in newest["text"] and "16:30" in newest["text"]

    booked = Booker(world, telling.reader(world).client, hall).book("09:00")
    closed = Change(version=2, type="appointment_cancelled_by_hall", at=clock.now(), actor="system:publish")
    known = service.sources.about(f"APPOINTMENT#{booked['id']}", closed)
    assert known is not None and known.values["hall"][0]
    world.hall()  # a hall without appointments is published last, as other tests expect
