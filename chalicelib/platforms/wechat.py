"""WeChat mini-program server API, as far as it is used (contract: platforms' official documents).

Success is an answer without ``errcode`` or with 0; the content type tells nothing.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import urlencode

import msgspec

from chalicelib.kernel import errors, log, phones
from chalicelib.platforms import http, shared_token
from chalicelib.platforms.messaging import SENT, Outcome, Verdict
from chalicelib.platforms.secrets import secrets
from chalicelib.platforms.settings import settings

PLATFORM = "微信 WeChat"

USER_BLOCKED = errors.ErrorCode(
    "login_blocked_by_platform",
    403,
    zh="平台认为此账号存在风险，暂不能登录",
    en="The platform blocks this user's login as risky",
)
PLATFORM_QUOTA = errors.ErrorCode(
    "platform_quota_reached",
    429,
    zh="平台限制了请求次数，请一分钟后再试",
    en="The platform's quota is reached; retry in a minute",
)

_BUSY = -1
_ID_CARD = "IDENTITY_CARD"
_FACE_PASSED = 10000
_CODE_ERRORS = {40029, 40163}
_TOKEN_ERRORS = {40001, 40014, 42001}
_QUOTA_ERRORS = {45009, 45011}
_MESSAGE_VERDICTS: dict[int, Verdict] = {
    -1: "busy",
    40001: "busy",
    40003: "unreachable",
    40014: "busy",
    42001: "busy",
    43101: "no_consent",
    45009: "quota",
    45011: "busy",
}


class WechatSession(msgspec.Struct, frozen=True):
    """Who logged in: the ``openid`` in our mini-program."""

    openid: str


def exchange_code(code: str) -> WechatSession:
    """code2Session; the session key is not kept, nothing of ours needs it.

    Raises ``login_code_invalid``, ``login_blocked_by_platform``, ``platform_quota_reached``,
    ``platform_unavailable``.
    """
    answer = _get(
        "/sns/jscode2session",
        appid=settings().wechat_app_id,
        secret=secrets().wechat_app_secret,
        js_code=code,
        grant_type="authorization_code",
    )
    _raise_for(answer)
    openid = answer.get("openid")
    if not isinstance(openid, str) or not openid:
        raise http.unavailable(PLATFORM)
    return WechatSession(openid)


def phone_number(code: str, openid: str) -> str:
    """The phone number behind a getPhoneNumber code, as E.164.

    ``openid`` makes WeChat check that the code belongs to this user. Raises as ``exchange_code``.
    """
    answer = _post_with_token("/wxa/business/getuserphonenumber", {"code": code, "openid": openid})
    info = answer.get("phone_info")
    watermark = info.get("watermark") if isinstance(info, dict) else None
    if (
        not isinstance(info, dict)
        or not isinstance(watermark, dict)
        or watermark.get("appid") != settings().wechat_app_id
    ):
        raise http.unavailable(PLATFORM)
    # ``phoneNumber`` has the country in front at times, so the two parts are taken.
    number = info.get("purePhoneNumber")
    country = info.get("countryCode")
    if not isinstance(number, str) or not isinstance(country, str):
        raise http.unavailable(PLATFORM)
    try:
        return phones.parse(number, country)
    except ValueError:
        raise http.unavailable(PLATFORM) from None


def start_face_check(order_no: str, name: str, id_number: str, openid: str) -> str:
    """Begin a face check of this user (getVerifyId): the id that the mini-program gives to wx.requestFacialVerify.

    ``order_no``: 5 to 32 of ``[0-9A-Za-z_-]``, unique in the app. Raises as ``exchange_code``.
    """
    person = {"cert_type": _ID_CARD, "cert_name": name, "cert_no": id_number}
    body = {"out_seq_no": order_no, "cert_info": person, "openid": openid}
    verify_id = _post_with_token("/cityservice/face/identify/getverifyid", body).get("verify_id")
    if not isinstance(verify_id, str) or not verify_id:
        raise http.unavailable(PLATFORM)
    return verify_id


def face_check_passed(verify_id: str, order_no: str, name: str, id_number: str, openid: str) -> bool:
    """Whether this user passed the face check as this person, as WeChat's server says (queryVerifyInfo).

    The front end's success proves nothing, and ``errcode`` 0 alone neither. Raises as ``exchange_code``.
    """
    body = {
        "verify_id": verify_id,
        "out_seq_no": order_no,
        "cert_hash": person_hash(name, id_number),
        "openid": openid,
    }
    answer = _post_with_token("/cityservice/face/identify/queryverifyinfo", body)
    result = answer.get("verify_ret")
    if not isinstance(result, int):
        raise http.unavailable(PLATFORM)
    if result != _FACE_PASSED:
        log.write("face_check_not_passed", platform="wechat", code=str(result))
    return result == _FACE_PASSED


def person_hash(name: str, id_number: str) -> str:
    """``cert_hash``: SHA-256 in hex over the three values of the person, each in base64, joined as a query."""
    parts = []
    for key, value in (("cert_type", _ID_CARD), ("cert_name", name), ("cert_no", id_number)):
        parts.append(f"{key}={base64.b64encode(value.encode()).decode()}")
    return hashlib.sha256("&".join(parts).encode()).hexdigest()


def send_message(openid: str, template_id: str, page: str, data: dict[str, str], lang: str) -> Outcome:
    """A subscription message (subscribeMessage.send); ``data`` maps fields to values that fit them."""
    body = {
        "touser": openid,
        "template_id": template_id,
        "page": page,
        "data": {key: {"value": value} for key, value in data.items()},
        "lang": "en_US" if lang == "en" else "zh_CN",
    }
    try:
        answer = _call_with_token("/cgi-bin/message/subscribe/send", body)
    except http.Unheard:
        return Outcome(verdict="unheard")
    except errors.Problem as problem:
        return Outcome(verdict="busy", reason=problem.error.code)
    code = answer.get("errcode", 0)
    if code == 0:
        return SENT
    return Outcome(verdict=_MESSAGE_VERDICTS.get(code, "refused"), reason=str(code))


def _fetch_token() -> tuple[str, int]:
    """stable_token in its normal mode: the same token for every caller until five minutes before its end."""
    body = {
        "grant_type": "client_credential",
        "appid": settings().wechat_app_id,
        "secret": secrets().wechat_app_secret,
        "force_refresh": False,
    }
    try:
        answer = _post("/cgi-bin/stable_token", body)
    except http.Unheard:  # nothing was sent to anybody yet
        raise http.unavailable(PLATFORM) from None
    _raise_for(answer)
    token = answer.get("access_token")
    seconds = answer.get("expires_in")
    if not isinstance(token, str) or not isinstance(seconds, int):
        raise http.unavailable(PLATFORM)
    return token, seconds


def _call_with_token(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to a call that needs a token; a token that WeChat no longer takes is renewed, once."""
    token = shared_token.get("wechat", _fetch_token)
    answer = _post(f"{path}?{urlencode({'access_token': token})}", body)
    if answer.get("errcode") in _TOKEN_ERRORS:
        token = shared_token.get("wechat", _fetch_token, refused=token)
        answer = _post(f"{path}?{urlencode({'access_token': token})}", body)
    return answer


def _post_with_token(path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = _call_with_token(path, body)
    _raise_for(answer)
    return answer


def _get(path: str, **query: str) -> dict[str, Any]:
    url = f"{settings().wechat_api_url}{path}?{urlencode(query)}"
    return http.parse_object(PLATFORM, http.call(PLATFORM, "GET", url).data)


def _post(path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = http.call(
        PLATFORM,
        "POST",
        settings().wechat_api_url + path,
        body=msgspec.json.encode(body),
        headers={"Content-Type": "application/json"},
    )
    return http.parse_object(PLATFORM, answer.data)


def _raise_for(answer: dict[str, Any]) -> None:
    code = answer.get("errcode", 0)
    if code == 0:
        return
    if code in _CODE_ERRORS:
        raise http.CODE_INVALID()
    if code == 40226:
        raise USER_BLOCKED()
    if code in _QUOTA_ERRORS:
        raise PLATFORM_QUOTA(retry_after=60)
    log.write("platform_refused", level="warning" if code == _BUSY else "error", platform="wechat", code=str(code))
    raise http.unavailable(PLATFORM)
