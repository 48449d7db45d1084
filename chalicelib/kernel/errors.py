"""Every error that the system can answer, with a stable code and a text in both languages.

A feature declares its codes once (``NOT_FOUND = ErrorCode("application_not_found", 404, zh=..., en=...)``)
and raises them (``raise NOT_FOUND()``). ``docs/errors.md`` and the OpenAPI document are generated
from these declarations.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import Any

REGISTRY: dict[str, ErrorCode] = {}


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: a JSON Pointer into the request, and what to do, in both languages."""

    path: str
    code: str
    _: KW_ONLY
    zh: str
    en: str


@dataclass(frozen=True)
class ErrorCode:
    """One kind of error: stable ``code``, HTTP ``status``, Chinese and English text.

    The texts may hold ``{name}`` places, filled by the keyword arguments of the call.
    """

    code: str
    status: int
    _: KW_ONLY
    zh: str
    en: str

    def __post_init__(self) -> None:
        if self.code in REGISTRY:
            raise ValueError(f"error code {self.code} is declared twice")
        REGISTRY[self.code] = self

    def __call__(
        self, *, fields: list[FieldError] | None = None, retry_after: int | None = None, **values: Any
    ) -> Problem:
        return Problem(error=self, fields=fields or [], retry_after=retry_after, values=values)


@dataclass(kw_only=True)
class Problem(Exception):
    """An error on its way to the caller; becomes an RFC 9457 answer at the edge."""

    error: ErrorCode
    fields: list[FieldError] = field(default_factory=list)
    retry_after: int | None = None
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def zh(self) -> str:
        return self.error.zh.format(**self.values)

    @property
    def en(self) -> str:
        return self.error.en.format(**self.values)

    def __str__(self) -> str:
        return f"{self.error.code}: {self.en}"


def refuse_if(condition: object, error: ErrorCode, **values: Any) -> None:
    """Raise an error where a condition holds; ``values`` fill the places of its words."""
    if condition:
        raise error(**values)


INVALID_REQUEST = ErrorCode(
    "invalid_request", 422, zh="请求内容有误，请按字段提示修改", en="The request is not valid; see the fields"
)
INVALID_JSON = ErrorCode("invalid_json", 400, zh="请求体不是合法的 JSON", en="The body is not valid JSON")
BODY_TOO_LARGE = ErrorCode("body_too_large", 413, zh="请求体超过 {limit} 字节", en="The body exceeds {limit} bytes")
UNSUPPORTED_MEDIA_TYPE = ErrorCode(
    "unsupported_media_type", 415, zh="请使用 Content-Type: application/json", en="Send Content-Type: application/json"
)
NOT_AUTHENTICATED = ErrorCode("not_authenticated", 401, zh="请先登录", en="Log in first")
TOKEN_EXPIRED = ErrorCode(
    "token_expired", 401, zh="登录已过期，请刷新令牌", en="The access token has expired; refresh it"
)
FORBIDDEN = ErrorCode("forbidden", 403, zh="您无权进行此操作", en="You may not do this")
PHONE_REQUIRED = ErrorCode("phone_required", 403, zh="请先绑定手机号", en="Bind your phone number first")
CLAIM_REQUIRED = ErrorCode(
    "claim_required", 403, zh="请先填写姓名和证件号码", en="Enter your name and the number of your ID document first"
)
PROOF_REQUIRED = ErrorCode(
    "proof_required",
    403,
    zh="请先核验本人身份：可刷脸、使用国家网络身份认证，或持身份证到窗口办理",
    en="Prove who you are first: by a face check, the national network identity, or your ID card at a window",
)
OWN_MATTER = ErrorCode(
    "own_matter",
    403,
    zh="这是您本人、亲属或您所代理的个人或企业的事项，请交由其他工作人员办理",
    en="This concerns you, a relative, or somebody you act for; a colleague has to see to it",
)
STAFF_IDENTITY_UNKNOWN = ErrorCode(
    "staff_identity_unknown",
    403,
    zh="系统尚未登记您的身份证件，无法确认事项与您无关；请系统管理员补登",
    en="Your own ID number is not known here, so own matters cannot be told apart; a system administrator adds it",
)
PARTIAL_SESSION = ErrorCode(
    "partial_session",
    403,
    zh="此次登录只说明您持有手机。请在小程序刷脸后十分钟内重新扫码登录，或用网络身份认证或窗口核验码再核验一次",
    en="This session only says that you hold the phone. Do a face check in the mini-program and scan again within ten "
    "minutes, or prove who you are once more by the network identity or a code for a window",
)
MANDATE_INVALID = ErrorCode(
    "mandate_invalid",
    403,
    zh="您没有代该企业或该人办事的有效授权",
    en="You have no valid mandate to act for this enterprise or this person",
)
MANDATE_DOES_NOT_COVER = ErrorCode(
    "mandate_does_not_cover", 403, zh="您的授权不包含此事项", en="Your mandate does not cover this service"
)
NOT_FOUND = ErrorCode("not_found", 404, zh="没有找到您要的内容", en="There is nothing here for you")
METHOD_NOT_ALLOWED = ErrorCode(
    "method_not_allowed", 405, zh="此地址不支持该方法", en="This path does not take this method"
)
CONFLICT = ErrorCode(
    "changed_meanwhile",
    409,
    zh="内容刚被他人修改，请刷新后重试",
    en="It was changed meanwhile; load it again and retry",
)
TOO_MANY_REQUESTS = ErrorCode(
    "too_many_requests",
    429,
    zh="操作过于频繁，请 {seconds} 秒后再试",
    en="Too many attempts; retry in {seconds} seconds",
)
INTERNAL = ErrorCode(
    "internal_error",
    500,
    zh="系统出错，请稍后重试；如仍不成功请提供请求编号",
    en="Something failed here; retry, then quote the request id",
)
UNAVAILABLE = ErrorCode(
    "temporarily_unavailable",
    503,
    zh="系统繁忙，请稍后重试；重试是安全的",
    en="Busy; retry shortly, a retry is safe",
)
PLATFORM_UNAVAILABLE = ErrorCode(
    "platform_unavailable",
    503,
    zh="{platform} 暂时没有响应，您的操作没有生效，请稍后重试",
    en="{platform} did not answer properly; nothing was changed, retry shortly",
)
IDEMPOTENCY_KEY_REQUIRED = ErrorCode(
    "idempotency_key_required",
    400,
    zh="请在 Idempotency-Key 头中给出 8 至 255 个可见字符",
    en="Send an Idempotency-Key header of 8 to 255 visible characters",
)
IDEMPOTENCY_KEY_REUSED = ErrorCode(
    "idempotency_key_reused",
    409,
    zh="此 Idempotency-Key 已用于另一个请求",
    en="This Idempotency-Key was used for another request",
)
IDEMPOTENCY_IN_PROGRESS = ErrorCode(
    "idempotency_in_progress",
    409,
    zh="同一请求正在处理，请稍候",
    en="The same request is being processed; retry shortly",
)
