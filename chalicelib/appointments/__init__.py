"""Places in halls' slots: holding, confirming, moving, cancelling, waiting lists, no-shows."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="appointments",
    title="号源、预约、候补 Slots, appointments, waiting list",
    uses=("identity", "catalog"),
    routes=("routes",),
    paths=("appointments", "booking_tickets", "halls", "holds", "waiting"),
    tables={"appointments": True},
    events="events",
    graphs={"appointment": "rules:APPOINTMENTS", "waiting list": "rules:WAITERS"},
    tells=("APPOINTMENT", "WAITER"),
)
