"""How results reach people: address books, parcels, hand-overs, couriers, carriers."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="delivery",
    title="快递件、交接、地址簿 Parcels, hand-overs, address book",
    uses=("identity", "catalog", "certificates", "payments"),
    routes=("routes",),
    paths=("addresses", "carriers", "courier", "halls", "handovers", "notify", "postage", "shipments"),
    roles=("courier",),
    tables={"delivery": True},
    events="events",
    graphs={"parcel": "rules:SHIPMENTS", "hand-over": "rules:HANDOVERS"},
    tells=("SHIPMENT",),
    completes={"parcel": "service:postage_paid"},
    work="service.followups:WORKER",
)
