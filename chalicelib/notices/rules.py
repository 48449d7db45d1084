"""Messages: what fits into each platform's fields, when they are sent, what becomes of them. Pure.

The limits are WeChat's for the fields of subscription messages; a value that does not fit is cut before it is sent,
because the platform refuses the whole message otherwise (error 47003).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta

from chalicelib.kernel.clock import SHANGHAI
from chalicelib.kernel.errors import ErrorCode
from chalicelib.kernel.graph import NEW, Edge, Graph

WECHAT = "wechat"
ALIPAY = "alipay"
SMS = "sms"
PLATFORMS = (WECHAT, ALIPAY)
PUSH = "push"
DIGEST = "digest"
INBOX = "inbox"
KINDS = ("progress", "appointment", "payment", "delivery")
SECURITY = "security"
"""The kind of what somebody must hear about their account; nobody can switch it off, so it is no preference."""
QUEUED = "queued"
COLLECTED = "collected"
SENDING = "sending"
SENT = "sent"
INBOX_ONLY = "inbox_only"
DEAD = "dead"
GIVE_UP_AFTER = timedelta(hours=24)
LATE_AFTER = timedelta(seconds=10)
ALIPAY_MOST = 64
SMS_MOST = 500
INBOX_DAYS = 365
_MORE = "…"

MESSAGE_STATE = ErrorCode(
    "message_wrong_state",
    409,
    zh="消息当前状态为“{state_zh}”，不能进行此操作",
    en="The message is “{state}”; not possible now",
)
STILL_DEAD = ErrorCode(
    "letter_still_dead",
    409,
    zh="原因尚未消除（{reason}），请先更正模板或数据",
    en="Its cause is still there ({reason}); mend the template or the data first",
)
TEMPLATE_UNKNOWN = ErrorCode("template_unknown", 422, zh="没有此消息模板", en="There is no such message template")

MESSAGES = Graph(
    (
        Edge("queue", NEW, QUEUED, by=("system",)),
        Edge("collect", NEW, COLLECTED, by=("system",)),
        Edge("keep", NEW, INBOX_ONLY, by=("system",)),
        Edge("begin", QUEUED, SENDING, by=("system",)),
        Edge("hand_over", SENDING, SENT, by=("system",)),
        Edge("finish", QUEUED, SENT, by=("system",)),
        Edge("put_off", SENDING, QUEUED, by=("system",)),
        Edge("leave", QUEUED, INBOX_ONLY, by=("system",)),
        Edge("leave", COLLECTED, INBOX_ONLY, by=("system",)),
        Edge("give_up", QUEUED, DEAD, by=("system",)),
        Edge("replay", DEAD, QUEUED, by=("system_administrator",)),
    ),
    MESSAGE_STATE,
    {
        QUEUED: "待发送", COLLECTED: "待汇总", SENDING: "发送中", SENT: "已发送", INBOX_ONLY: "仅站内信", DEAD: "死信",
    },
)  # fmt: skip


class Unfit(ValueError):
    """A value that cannot be made to fit its field; the message says why."""


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its ``{places}`` filled; raises ``KeyError`` for a place without a value."""
    return template.format_map(values)


def places(template: str) -> set[str]:
    """The places that a template names."""
    return set(re.findall(r"\{([a-z_]+)\}", template))


def _cut(most: int) -> Callable[[str], str]:
    return lambda text: text if len(text) <= most else text[: most - 1] + _MORE


def _matching(pattern: str, what: str) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise Unfit(f"{what} cannot be {text!r}")
        return text

    return check


def _characters(text: str) -> str:
    kept = "".join(character for character in text if "!" <= character <= "~")
    if not kept:
        raise Unfit("a character_string takes digits, letters and symbols only")
    return kept[:32]


def _phrase(text: str) -> str:
    kept = "".join(re.findall(r"[\u4e00-\u9fff]", text))[:5]
    if not kept:
        raise Unfit("a phrase takes Chinese characters only")
    return kept


def _name(text: str) -> str:
    return text[:10] if re.search(r"[\u4e00-\u9fff]", text) else text[:20]


_DAY = r"\d{4}年\d{1,2}月\d{1,2}日"
_CLOCK = r"\d{1,2}:\d{2}"
_FITS: dict[str, Callable[[str], str]] = {
    "thing": _cut(20),
    "number": _matching(r"\d{1,32}(\.\d+)?", "a number"),
    "letter": _matching(r"[A-Za-z]{1,32}", "a letter field"),
    "symbol": _matching(r"[^\w\s]{1,5}", "a symbol"),
    "character_string": _characters,
    "time": _matching(rf"({_DAY} )?{_CLOCK}(~({_DAY} )?{_CLOCK})?", "a time"),
    "date": _matching(rf"{_DAY}( {_CLOCK})?(~{_DAY}( {_CLOCK})?)?", "a date"),
    "amount": _matching(r"[^\d\s]{0,3}\d{1,10}(\.\d{1,2})?元?", "an amount"),
    "phone_number": _matching(r"[\d+\-]{1,17}", "a phone number"),
    "car_number": _matching(r"[\u4e00-\u9fff]?[A-Za-z0-9]{1,7}[\u4e00-\u9fff]?", "a plate"),
    "name": _name,
    "phrase": _phrase,
}
WECHAT_FIELDS = tuple(_FITS)


def fit_wechat(field: str, text: str) -> str:
    """The value as WeChat takes it in a field such as ``thing1``; raises ``Unfit`` for what no cutting helps."""
    kind = field.rstrip("0123456789")
    if kind not in _FITS:
        raise Unfit(f"there is no field {kind}; there are {', '.join(WECHAT_FIELDS)}")
    return _FITS[kind](text.strip() or "无")


def fit_alipay(text: str) -> str:
    """The value as Alipay takes it in a keyword."""
    return _cut(ALIPAY_MOST)(text.strip() or "无")


def sms_text(signature: str, text: str) -> str:
    """A text message with its signature, cut to what providers take."""
    return _cut(SMS_MOST)(f"【{signature}】{text}")


def send_at(now: datetime, quiet_from: int, quiet_until: int, *, urgent: bool) -> datetime:
    """When a message may be sent: now, or when the quiet hours of Asia/Shanghai are over."""
    local = now.astimezone(SHANGHAI)
    over = quiet_from > quiet_until
    quiet = (local.hour >= quiet_from or local.hour < quiet_until) if over else quiet_from <= local.hour < quiet_until
    if urgent or not quiet or quiet_from == quiet_until:
        return now
    day = local.date() + timedelta(days=1 if over and local.hour >= quiet_from else 0)
    return datetime.combine(day, time(quiet_until), SHANGHAI)


def digest_at(now: datetime, hour: int) -> datetime:
    """When the next digest (汇总) is sent: today at its hour, or tomorrow if that is over."""
    local = now.astimezone(SHANGHAI)
    day = local.date() + timedelta(days=local.hour >= hour)
    return datetime.combine(day, time(hour), SHANGHAI)


def handling(preference: str, *, urgent: bool, inbox_only: bool) -> str:
    """How a message of a kind is handled for somebody: pushed, collected for the digest, or left in the inbox."""
    if inbox_only:
        return INBOX
    return PUSH if urgent else preference
