"""Who somebody is: logins, accounts, proofs, enterprises and who acts for them, staff."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="identity",
    routes=("routes",),
    tables={"identity": True},
    events="events",
)
