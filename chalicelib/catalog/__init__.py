"""What the city offers, as data: services, halls, calendar, messages; published as a whole."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="catalog",
    title="事项与办事指南 Services and their guides",
    routes=("routes",),
    paths=("halls", "services"),
    tables={"catalog": True},
    events="events",
)
