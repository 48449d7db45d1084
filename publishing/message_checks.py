"""What must be true of message templates beyond their shape: each is filled in with samples and held to every limit."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.catalog.definition import MessageTemplate
from chalicelib.notices import rules
from chalicelib.notices.service import messages, sources

_TITLE_MOST, _BODY_MOST = 40, 400
Found = Iterator[tuple[str, str]]


def mistakes(templates: list[MessageTemplate]) -> Found:
    """Every mistake, with its place and reason."""
    events = [template.event for template in templates]
    for event in sorted({event for event in events if events.count(event) > 1}):
        yield f"templates {event}", "two templates have one event"
    for template in templates:
        for place, reason in _mistakes_of(template):
            yield f"templates {template.event}{place}", reason


def _mistakes_of(template: MessageTemplate) -> Found:
    samples = sources.places().get(template.event)
    if samples is None:
        yield "", f"nobody tells this event; there are {', '.join(sorted(sources.places()))}"
        return
    unknown = False
    for place, text in _texts(template):
        for name in sorted(rules.places(text) - set(samples)):
            unknown = True
            yield place, f"there is no {{{name}}}; there are {', '.join(sorted(samples))}"
    if unknown:
        return
    if template.urgent and template.inbox_only:
        yield ".urgent", "what is urgent is pushed, not left in the inbox"
    if not template.inbox_only and not (template.wechat and template.alipay and template.sms):
        yield "", "what is pushed has wechat, alipay and sms, so that everybody can be reached"
    yield from _fitting(template, {name: pair[0] for name, pair in samples.items()})
    values = ({name: pair[0] for name, pair in samples.items()}, {name: pair[1] for name, pair in samples.items()})
    if not list(_fitting(template, values[0])):
        yield from _lengths(template, *values)


def _texts(template: MessageTemplate) -> Iterator[tuple[str, str]]:
    """Every text with places, and where it stands."""
    for name in ("title", "body", "large", "sms"):
        text = getattr(template, name)
        if text is not None:
            yield f".{name}.zh", text.zh
            yield f".{name}.en", text.en
    yield ".page", template.page
    for platform in rules.PLATFORMS:
        message = getattr(template, platform)
        for key, text in message.data.items() if message else ():
            yield f".{platform}.data.{key}", text


def _fitting(template: MessageTemplate, values: dict[str, str]) -> Found:
    """WeChat's fields take the samples; their fixed words alone do not fill the field."""
    for key, text in template.wechat.data.items() if template.wechat else ():
        try:
            fitted = rules.fit_wechat(key, rules.fill(text, values))
        except rules.Unfit as unfit:
            yield f".wechat.data.{key}", str(unfit)
            continue
        words = rules.fill(text, dict.fromkeys(values, ""))
        if key.startswith("thing") and len(words) >= 20:
            yield f".wechat.data.{key}", f"its fixed words leave no room: {fitted}"


def _lengths(template: MessageTemplate, zh: dict[str, str], en: dict[str, str]) -> Found:
    words = messages.worded(template, zh, en)
    for name, text, most in (
        ("title.zh", words.title.zh, _TITLE_MOST),
        ("title.en", words.title.en, 2 * _TITLE_MOST),
        ("body.zh", words.body.zh, _BODY_MOST),
        ("body.en", words.body.en, 2 * _BODY_MOST),
    ):
        if len(text) > most:
            yield f".{name}", f"has {len(text)} characters, at most {most}"
    for language, text in (("zh", words.sms.zh), ("en", words.sms.en)) if words.sms else ():
        if len(rules.sms_text("x" * 12, text)) >= rules.SMS_MOST:
            yield f".sms.{language}", f"is longer than {rules.SMS_MOST} characters with its signature"
