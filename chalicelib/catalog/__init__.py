"""What the city offers, as data: services, halls, calendar, messages; published as a whole."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="catalog",
    routes=("routes",),
    tables={"catalog": True},
    events="events",
)
