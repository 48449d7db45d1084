"""What happens to a certificate."""

from __future__ import annotations

from chalicelib.kernel.event_types import EventType

CERTIFICATE_ISSUED = EventType("certificate_issued", zh="证照已生成", en="The certificate was issued")
CERTIFICATE_PRINTED = EventType("certificate_printed", zh="证照已打印", en="The certificate was printed")
PRINT_FETCHED = EventType("print_fetched", zh="已下载打印件", en="The print was fetched")
CERTIFICATE_PRINTS_VOIDED = EventType("certificate_prints_voided", zh="打印件已作废", en="The prints are void")
CERTIFICATE_REVOKED = EventType("certificate_revoked", zh="证照已撤销", en="The certificate was revoked")
