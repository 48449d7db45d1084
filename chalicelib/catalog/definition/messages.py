"""What people are told (消息模板): one template for each kind of event, in words for each platform.

Places such as ``{service}`` are filled from the event; each event's places stand in its feature's ``events.py``. The
values of WeChat's and Alipay's fields are cut to what the platform takes before they are sent.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.catalog.definition.words import Strict, Text

Kind = Literal["progress", "appointment", "payment", "delivery", "security", "digest"]


class WechatMessage(Strict, frozen=True):
    """A WeChat subscription message (订阅消息): ``id`` of the template, values of its fields by their keys.

    ``long_term``: consent to it stays until it is taken back; otherwise each consent is good for one message.
    """

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{10,64}$")]
    data: Annotated[dict[Annotated[str, Meta(pattern=r"^[a-z_]+[0-9]{1,2}$")], str], Meta(min_length=1, max_length=5)]
    long_term: bool = False


class AlipayMessage(Strict, frozen=True):
    """An Alipay mini-program message: ``id`` of the user template, values of ``keyword1`` and so on."""

    id: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{10,64}$")]
    data: Annotated[dict[Annotated[str, Meta(pattern=r"^keyword[0-9]$")], str], Meta(min_length=1, max_length=5)]
    long_term: bool = False


class MessageTemplate(Strict, frozen=True, kw_only=True):
    """What is said about an ``event`` of the event log.

    ``urgent`` messages are sent in quiet hours too and cannot be switched off; ``inbox_only`` ones are not pushed.
    ``large`` replaces ``body`` for people who read large text. ``page`` is the mini-program page that it opens;
    ``sms`` is what the text message says, without signature.
    """

    event: Annotated[str, Meta(pattern=r"^[a-z][a-z_]{2,60}$")]
    kind: Kind
    title: Text
    body: Text
    page: Annotated[str, Meta(pattern=r"^pages/[^ ]{1,200}$")]
    large: Text | None = None
    urgent: bool = False
    inbox_only: bool = False
    wechat: WechatMessage | None = None
    alipay: AlipayMessage | None = None
    sms: Text | None = None


class MessageRules(Strict, frozen=True, kw_only=True):
    """When and how much: quiet hours and the digest's hour (Asia/Shanghai), messages a day for each channel.

    ``sms_price``: fen for one part of a text message; ``sms_signature``: the name before it (【...】). A message that a
    platform does not take is handed to the next channel after ``patience_minutes``.
    """

    quiet_from: Annotated[int, Meta(ge=0, le=23)] = 22
    quiet_until: Annotated[int, Meta(ge=0, le=23)] = 8
    digest_hour: Annotated[int, Meta(ge=0, le=23)] = 18
    per_day: dict[Literal["wechat", "alipay", "sms"], Annotated[int, Meta(ge=0)]] = {}
    per_person_day: Annotated[int, Meta(ge=1)] = 20
    sms_price: Annotated[int, Meta(ge=0)] = 5
    sms_signature: Annotated[str, Meta(min_length=2, max_length=12)] = "办事"
    patience_minutes: Annotated[int, Meta(ge=1, le=240)] = 10


class Messages(Strict, frozen=True):
    """``messages.json`` of the city: the rules, and a template for each event that people are told of."""

    rules: MessageRules
    templates: list[MessageTemplate]

    def template(self, event: str) -> MessageTemplate | None:
        return next(filter(lambda one: one.event == event, self.templates), None)
