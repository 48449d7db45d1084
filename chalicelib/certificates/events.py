"""What happens to a certificate."""

from __future__ import annotations

from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.events import announcements

_PLACES = {
    "id": announcements.same("5f0c9a1b2c3d4e5f"),
    "name": ("旅游包车标贴", "Tour bus sticker"),
    "number": announcements.same("5W3K-2M9Q-X7TB-4F"),
    "at": announcements.moment_sample(),
}

CERTIFICATE_ISSUED = EventType("certificate_issued", zh="证照已生成", en="The certificate was issued")
CERTIFICATE_PRINTED = EventType("certificate_printed", zh="证照已打印", en="The certificate was printed")
PRINT_FETCHED = EventType("print_fetched", zh="已下载打印件", en="The print was fetched")
CERTIFICATE_PRINTS_VOIDED = EventType("certificate_prints_voided", zh="打印件已作废", en="The prints are void")
CERTIFICATE_REVOKED = EventType(
    "certificate_revoked", zh="证照已撤销", en="The certificate was revoked", places=_PLACES
)
CERTIFICATE_SUSPENDED = EventType(
    "certificate_suspended", zh="证照已暂停使用", en="The certificate was suspended", places=_PLACES
)
CERTIFICATE_RESUMED = EventType(
    "certificate_resumed", zh="证照已恢复使用", en="The certificate is in force again", places=_PLACES
)
