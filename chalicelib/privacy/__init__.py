"""What somebody may ask for about their own data (个人信息保护法 art. 45, 47): a copy, and to close the account."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="privacy",
    title="个人信息副本与账号注销 A copy of one's own data, closing an account",
    uses=("identity", "catalog", "certificates", "payments", "delivery", "applications", "appointments", "notices"),
    routes=("routes",),
    paths=("closed_accounts", "me"),
    tables={"privacy": True},
    events="events",
    graphs={"closing of an account": "rules:CLOSINGS"},
    work="service.closing:WORKER",
)
