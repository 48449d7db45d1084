"""A hall's day: check-in, tickets, windows that call, displays, statistics."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="queueing",
    title="取号、叫号、显示屏 Tickets, calls, displays",
    uses=("identity", "catalog", "appointments"),
    routes=("routes",),
    paths=("appointments", "halls", "tickets"),
    resources=("/t/{ticket_id}",),
    roles=("kiosk",),
    tables={"queueing": True},
    events="events",
    graphs={"ticket": "rules:TICKETS"},
    tells=("TICKET",),
)
