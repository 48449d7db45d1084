"""A hall's day: check-in, tickets, windows that call, displays, statistics."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="queueing",
    uses=("identity", "catalog", "appointments"),
    routes=("routes",),
    roles=("kiosk",),
    tables={"queueing": True},
    events="events",
    graphs={"ticket": "rules:TICKETS"},
)
