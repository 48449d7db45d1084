"""Text messages through providers (短信): one contract for all, signed as the departments' exchange is.

Providers' own APIs differ; this port has a contract of ours (docs/messages.md). ``serial`` makes a repeat at the same
provider find the first message, so asking again after an answer that was not heard sends nothing twice.
"""

from __future__ import annotations

from chalicelib.kernel import errors
from chalicelib.platforms import signed
from chalicelib.platforms.http import Unheard
from chalicelib.platforms.messaging import Outcome
from chalicelib.platforms.secrets import secrets
from chalicelib.platforms.settings import settings

PLATFORM = "短信 Text messages"
_FAULTS = {"unreachable": "unreachable", "content": "refused", "form": "refused"}


def providers() -> list[str]:
    """The names of the providers, the preferred one first."""
    return list(settings().sms_providers)


def send(provider: str, serial: str, phone: str, text: str) -> Outcome:
    """Hand a text to one provider."""
    url = settings().sms_providers[provider]
    service = signed.Service(
        name=PLATFORM, url=_host(url), client_id=settings().sms_client_id, secret=secrets().sms_secret
    )
    try:
        answer = signed.call(service, f"{_path(url)}/v1/messages", {"serial": serial, "phone": phone, "text": text})
    except Unheard:
        return Outcome(verdict="unheard", reason=provider)
    except errors.Problem:
        return Outcome(verdict="busy", reason=provider)
    if answer.get("status") == "accepted":
        return Outcome(verdict="sent", reason=provider, parts=int(answer.get("parts", 1)))
    reason = str(answer.get("reason", ""))
    verdict = _FAULTS.get(reason, "refused")
    return Outcome(verdict=verdict, reason=f"{provider}: {reason}")  # type: ignore[arg-type]


def _host(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _path(url: str) -> str:
    path = url.partition("://")[2].partition("/")[2].rstrip("/")
    return f"/{path}" if path else ""
