"""Cases: drafts, submitting, tasks of departments, decisions, timelines."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="applications",
    title="办件：填写、提交、审查 Applications: filling in, submitting, review",
    uses=("identity", "catalog", "certificates", "payments", "delivery"),
    routes=("routes",),
    paths=("absences", "applications", "jobs", "progress", "publicity", "tasks"),
    roles=("unit_head",),
    tables={"applications": True},
    events="events",
    graphs={"application": "rules:GRAPH", "step": "rules:STEPS", "task": "answers:SEATS"},
    tells=("APPLICATION",),
    completes={"application": "service:complete_paid"},
    work="service.following:WORKER",
)
