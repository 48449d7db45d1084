"""What people are told: messages from the event log, by WeChat, Alipay and text message, and the inbox."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="notices",
    title="消息中心与推送 Inbox and messages",
    uses=("identity", "catalog"),
    routes=("routes",),
    paths=("messages", "notices"),
    tables={"notices": False},
    graphs={"message": "rules:MESSAGES"},
    work="service.dispatch:WORKER",
)
