"""Cases: drafts, submitting, tasks of departments, decisions, timelines."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="applications",
    uses=("identity", "catalog", "certificates", "payments", "delivery"),
    routes=("routes",),
    tables={"applications": True},
    events="events",
    graphs={"application": "rules:GRAPH"},
    tells=("APPLICATION",),
    completes={"application": "service:complete_paid"},
)
