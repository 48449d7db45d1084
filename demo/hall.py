"""A service hall: a booking that is moved and cancelled, then a day with walk-ins, three windows and a no-show."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from chalicelib.kernel import clock
from chalicelib.kernel.clock import SHANGHAI
from demo.client import Demo, DemoFailed, Headers


def play(demo: Demo, buyer: Headers) -> None:
    """A booking, moved and cancelled; then a hall's day: check-in, walk-ins, three windows, a no-show."""
    print("\nA service hall: booking a slot, and three windows calling\n")
    _pass_midnight(demo)
    booked = booking(demo, buyer)

    def cancel() -> Any:
        cancelled = demo.call("POST", f"/v1/appointments/{booked['id']}/cancel", {"reason": "改日再来"}, buyer)
        return None, f"{cancelled['status']}; the place comes back at a random moment"

    demo.step("cancels it", cancel)
    _pass_midnight(demo)
    kiosk = demo.step("the kiosk of the 24-hour hall logs in", lambda: demo.log_in_staff("hall.kiosk"))
    queue(demo, kiosk, arrival(demo, buyer, kiosk))


def _pass_midnight(demo: Demo) -> None:
    """Tickets belong to a day, and the hall counts anew at midnight: what follows should not run into it."""
    now = clock.now()
    local = now.astimezone(SHANGHAI)
    if local.time() >= _LATE:
        midnight = datetime.combine(local.date() + timedelta(days=1), time(0, 0, 5), SHANGHAI)
        demo.wait_until(midnight, "midnight, when the hall's new day begins")


BOOKED_HALL, OPEN_HALL = "xuanwu_hall", "self_service_hall"
OPEN = f"/v1/halls/{OPEN_HALL}"
HOUSING = "house_purchase_certificate"
_LATE = time(23, 55)


def booking(demo: Demo, buyer: Headers) -> Any:
    """The next open day: look, hold, confirm, move; the appointment that stands at the end."""

    def look() -> Any:
        # Around Spring Festival and National Day the hall is closed for longer than one can book ahead.
        for hall in (BOOKED_HALL, OPEN_HALL):
            for day in open_days(demo, hall):
                slots = demo.call("GET", f"/v1/halls/{hall}/days/{day['date']}?services={HOUSING}")["slots"]
                free = [slot["start"] for slot in slots if slot["state"] == "open"]
                if len(free) > 1:
                    told = f"{hall}, {day['date']}: {day['left']} places, from {free[0]} on"
                    return (hall, day["date"], free), told
        raise DemoFailed("no hall has two free slots on the next days")

    hall, day, free = demo.step("looks for the next open day of a hall", look)

    def hold(start: str, moves: str = "") -> Any:
        body = {"hall": hall, "services": [HOUSING], "date": day, "start": start, "moves": moves}
        held = demo.call("POST", "/v1/holds", body, buyer, 201)
        return held, f"{held['date']} {held['start']}, until {held['until'][11:19]}"

    def confirm(held: Any) -> Any:
        done = demo.call("POST", "/v1/appointments", {"hold": held["hold"]}, buyer, 201)
        return done, f"{done['number']}, {done['visitor']}"

    held = demo.step("holds a place for five minutes", lambda: hold(free[0]))
    first = demo.step("confirms it", lambda: confirm(held))
    other = demo.step("holds a later place to move to", lambda: hold(free[1], first["id"]))
    moved = demo.step("confirms: moved, the old one was safe until now", lambda: confirm(other))

    def slip() -> Any:
        path = f"/v1/appointments/{moved['id']}"
        for part, name in (("slip", "appointment.html"), ("calendar", "appointment.ics")):
            demo.save(name, demo.fetch(f"{path}/{part}", buyer))
        return None, "appointment.html, appointment.ics"

    demo.step("a slip to print, and a file for the calendar", slip)
    return moved


def open_days(demo: Demo, hall: str) -> list[Any]:
    """The days after today that can be booked at a hall, the next one first."""
    today = clock.today()
    months = {f"{today + timedelta(days):%Y-%m}" for days in range(8)}
    days = []
    for month in sorted(months):
        for day in demo.call("GET", f"/v1/halls/{hall}/days?month={month}&services={HOUSING}")["days"]:
            if day["state"] == "open" and day["date"] > str(today):
                days.append(day)
    return days


def arrival(demo: Demo, buyer: Headers, kiosk: Headers) -> Any:
    """Books the next slot of today and checks in with the code, or takes a number where no slot is left; the ticket."""
    today = str(clock.today())
    slots = demo.call("GET", f"{OPEN}/days/{today}?services={HOUSING}")["slots"]
    start = next((slot["start"] for slot in slots if slot["state"] == "open"), None)

    def take_number() -> Any:
        ticket = demo.call("POST", f"{OPEN}/tickets", {"services": [HOUSING]}, kiosk, 201)
        return ticket, f"ticket {ticket['number']}, position {ticket['position']}"

    if start is None:
        return demo.step("no slot of today is left; takes a number instead", take_number)

    def book() -> Any:
        body = {"hall": OPEN_HALL, "services": [HOUSING], "date": today, "start": start}
        held = demo.call("POST", "/v1/holds", body, buyer, 201)
        done = demo.call("POST", "/v1/appointments", {"hold": held["hold"]}, buyer, 201)
        return done, f"{done['number']} for {start} today"

    booked = demo.step("books the next slot there", book)

    def check_in() -> Any:
        ticket = demo.call("POST", f"{OPEN}/check_ins", {"code": booked["number"]}, kiosk)
        return ticket, f"ticket {ticket['number']}, position {ticket['position']}"

    return demo.step("the kiosk scans the code on the phone: checked in", check_in)


def queue(demo: Demo, kiosk: Headers, arrived: Any) -> None:
    """Walk-ins take tickets; three windows call, one person does not come, one window closes."""
    clerks = {
        window: demo.step(f"clerk {window} logs in and opens window {window}", partial(clerk, demo, window))
        for window in ("1", "2", "3")
    }

    def do(window: str, deed: str) -> Any:
        return demo.call("POST", f"{OPEN}/windows/{window}/{deed}", {}, clerks[window])

    def take() -> Any:
        path, body = f"{OPEN}/tickets", {"services": [HOUSING]}
        tickets = [demo.call("POST", path, body, kiosk, 201) for _ in range(3)]
        return tickets, ", ".join(ticket["number"] for ticket in tickets)

    demo.step("three people without appointment take tickets", take)

    def call(window: str) -> Any:
        current = do(window, "next")["current"]["person"]
        return current["number"], f"{current['number']} ({current['lane']}) to window {window}"

    called = [demo.step(f"window {window} calls", partial(call, window)) for window in clerks]
    if len(set(called)) < len(called):
        raise DemoFailed(f"two windows called one person: {called}")

    def board() -> Any:
        shown = demo.call("GET", f"{OPEN}/board")
        return None, f"{shown['calls'][0]['voice']['zh']}; {shown['groups'][0]['waiting']} waiting"

    demo.step("the display in the hall", board)
    demo.step("window 1 is done", lambda: (do("1", "finish"), f"{called[0]} served"))
    demo.step("nobody comes to window 2", lambda: (do("2", "no_show"), f"{called[1]} missed"))
    demo.step("window 3 closes in the middle", lambda: (do("3", "close"), f"{called[2]} goes back to the head"))
    demo.step("window 1 calls the one at the head", lambda: call("1"))

    def follow() -> Any:
        view = demo.call("GET", f"/v1/tickets/{arrived['id']}")
        return None, f"{view['number']}: {view['status']}, position {view.get('position', 0)}"

    demo.step("the buyer follows the queue on the phone", follow)
    do("1", "finish")
    demo.step("and is called", lambda: call("1"))
    do("1", "finish")
    for window in clerks:
        do(window, "close")
    status = demo.call("GET", f"/v1/tickets/{arrived['id']}")["status"]
    demo.step("the supervisor's overview", lambda: overview(demo, status))


def clerk(demo: Demo, window: str) -> tuple[Headers, str]:
    """A clerk at an open window."""
    headers = demo.log_in_staff(f"window.{window}")
    demo.call("POST", f"{OPEN}/windows/{window}/open", {}, headers)
    return headers, f"window {window} is open"


def overview(demo: Demo, appointment: str) -> tuple[None, str]:
    headers = demo.log_in_staff("hall.supervisor")
    group = demo.call("GET", f"{OPEN}/overview", headers=headers)["groups"][0]
    told = f"{group['issued']} tickets today, {group['served']} served, {group['missed']} missed"
    return None, f"{told}; with appointment: {appointment}"
