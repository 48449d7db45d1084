"""What people are told: messages from the event log, by WeChat, Alipay and text message, and the inbox."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="notices",
    uses=("identity", "catalog"),
    routes=("routes",),
    tables={"notices": False},
    graphs={"message": "rules:MESSAGES"},
    work="service.dispatch:WORKER",
)
