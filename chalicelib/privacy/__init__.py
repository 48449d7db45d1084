"""What somebody may ask for about their own data: a copy of all of it (个人信息保护法 art. 45)."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="privacy",
    title="个人信息副本 A copy of one's own data",
    uses=("identity", "certificates", "payments", "delivery", "applications", "appointments", "notices"),
    routes=("routes",),
)
