"""The one declaration of an endpoint, and what happens to a request because of it.

From a declaration come the route, parsing and validation, authorization, problem details, the
OpenAPI document (``tools/openapi.py``) and the generated authorization tests (``tests/laws``)::

    @endpoint("POST", "/v1/applications/{application_id}/withdraw", OWN_APPLICATION, errors=[WRONG_STATE])
    def withdraw_application(actor: Actor, target: Application, body: Withdrawal) -> ApplicationView: ...

A view names what it needs: ``actor``, ``target`` (loaded and authorized), ``body`` and ``query``
(validated structs), ``request``, and the path's parameters. Its return annotation is the answer.
"""

from __future__ import annotations

import hashlib
import inspect
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, get_type_hints

import msgspec

from chalicelib.kernel import aws, blanks, budget, errors, ids, log
from chalicelib.kernel.access import ANONYMOUS, ANY_STAFF, Access, Actor, Level
from chalicelib.kernel.edge import idempotency
from chalicelib.kernel.edge.field_errors import field_error
from chalicelib.kernel.edge.rates import Limit, Slowdown

MAX_BODY_BYTES = 262_144
REGISTRY: list[Endpoint] = []
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the edge hands in: lower-case header names, decoded path parameters, raw body.

    Of an idempotent request: ``key`` names what it creates, ``record`` the same whatever the body says.
    """

    method: str
    path: str
    parameters: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    source_ip: str
    id: str = field(default_factory=ids.new_id)
    key: str = ""
    record: str = ""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What goes out: status, headers and body; ``bytes`` of other types than JSON are sent as they are."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class HtmlPage(msgspec.Struct, frozen=True):
    """A server-rendered page; a view that returns it answers text/html."""

    html: str


class Plain(msgspec.Struct, frozen=True):
    """Bare words, for a platform that reads nothing else; a view that returns them answers text/plain."""

    text: str


class Download(msgspec.Struct, frozen=True):
    """A file; a view that returns it answers with the file's bytes."""

    data: bytes
    content_type: str
    filename: str


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A declared endpoint; see ``endpoint()`` for the meaning of each part."""

    method: str
    path: str
    access: Access
    view: Callable[..., Any]
    errors: tuple[errors.ErrorCode, ...]
    status: int
    idempotent: bool
    recorded: bool
    apart: bool
    limit: Limit | Slowdown | None
    files: tuple[str, ...]
    names: tuple[str, ...]
    parameters: dict[str, Any]
    body: type[Any] | None
    query: type[Any] | None
    answer: Any

    @property
    def operation(self) -> str:
        return self.view.__name__


def endpoint(
    method: str,
    path: str,
    access: Access,
    *,
    errors: list[errors.ErrorCode] | None = None,
    status: int = 200,
    idempotent: bool = False,
    recorded: bool = True,
    apart: bool = False,
    limit: Limit | Slowdown | None = None,
    files: tuple[str, ...] = (),
) -> Callable[[View], View]:
    """Declare an endpoint.

    ``access``: who may call it; ``errors``: the codes beside the common ones that it can answer;
    ``status`` of success; ``idempotent``: takes an Idempotency-Key; ``recorded``: its answer is kept for repeats
    (two write units; without it, what the view creates must carry ``Request.key``); ``apart``: API Gateway has a
    resource of its own for it, because another function answers it (``functions/print_certificate.py``, and its path in
    ``infra/functions.yaml``); ``limit``: how often one caller may, or how often an address is refused before it is
    slowed down, where nobody is known; ``files``: the media types of the files that a view which returns ``Download``
    gives.
    """
    if access.anyone and isinstance(limit, Limit):
        raise ValueError(f"{path}: many people share an address, so there is a Slowdown for those whom nobody knows")

    def declare(view: View) -> View:
        hints = get_type_hints(view)
        REGISTRY.append(
            Endpoint(
                method=method,
                path=path,
                access=access,
                view=view,
                errors=tuple(errors or ()),
                status=status,
                idempotent=idempotent,
                recorded=recorded,
                apart=apart,
                limit=limit,
                files=files,
                names=tuple(inspect.signature(view).parameters),
                parameters={name: hints.get(name, str) for name in re.findall(r"{(\w+)}", path)},
                body=hints.get("body"),
                query=hints.get("query"),
                answer=hints.get("return"),
            )
        )
        return view

    return declare


def roles_named() -> tuple[str, ...]:
    """The roles by which some endpoint lets staff in: no others are of any use."""
    found = {role for declared in REGISTRY for role in declared.access.staff if declared.access.staff != ANY_STAFF}
    return tuple(sorted(found))


Authenticate = Callable[[dict[str, str]], Actor]


def serve(declared: Endpoint, request: Request, authenticate: Authenticate) -> Answer:
    """Answer one request by its endpoint's declaration; never raises."""
    started = time.perf_counter()
    code = ""
    actor = ANONYMOUS
    try:
        with budget.of_seconds(budget.REQUEST_SECONDS):
            actor = ANONYMOUS if declared.access.anyone else authenticate(request.headers)
            answer = _answer(declared, request, actor)
    except errors.Problem as problem:
        if problem.error.status >= 500:
            log.failure("request_refused", problem, request_id=request.id, operation=declared.operation)
        code = problem.error.code
        answer = problem_answer(problem, request.id)
    except Exception as error:
        log.failure("request_failed", error, request_id=request.id, operation=declared.operation)
        told = errors.UNAVAILABLE(retry_after=1) if aws.is_passing(error) else errors.INTERNAL()
        code = told.error.code
        answer = problem_answer(told, request.id)
    if answer.status >= 500:
        log.count("failed_requests", operation=declared.operation)
    answer.headers["X-Request-Id"] = request.id
    log.write(
        "request",
        request_id=request.id,
        operation=declared.operation,
        status=answer.status,
        code=code,
        actor=actor.id,
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
    )
    return answer


def _answer(declared: Endpoint, request: Request, actor: Actor) -> Answer:
    if declared.limit is None:
        return _authorized_answer(declared, request, actor)
    with declared.limit.of_request(actor.id or request.source_ip):
        return _authorized_answer(declared, request, actor)


def _authorized_answer(declared: Endpoint, request: Request, actor: Actor) -> Answer:
    authorize_role(declared.access, actor)
    given = _parse_parameters(declared, request.parameters)
    if declared.body is not None:
        given["body"] = _parse_body(request, declared.body)
    if declared.query is not None:
        given["query"] = _parse_query(request.query, declared.query)
    if declared.access.target is not None:
        given["target"] = load_target(declared.access, actor, request.parameters)
    given |= {"actor": actor, "request": request, "if_match": request.headers.get("if-match", "")}
    if not declared.idempotent:
        return _present(declared, declared.view(**_wanted(declared, given)), request)
    record = idempotency.record_name(
        f"{actor.id}/{actor.principal}",
        f"{declared.operation}{sorted(request.parameters.items())}",
        idempotency.check_key(request.headers.get("idempotency-key")),
    )
    given["request"] = replace(request, key=idempotency.request_identity(record, request.body), record=record)
    if not declared.recorded:
        return _present(declared, declared.view(**_wanted(declared, given)), request)

    def work() -> idempotency.StoredAnswer:
        body = msgspec.json.encode(declared.view(**_wanted(declared, given)))
        return idempotency.StoredAnswer(declared.status, body)

    stored = idempotency.once(record, request.body, work)
    return Answer(status=stored.status, body=stored.body)


def _wanted(declared: Endpoint, given: dict[str, Any]) -> dict[str, Any]:
    return {name: given[name] for name in declared.names}


def authorize_role(access: Access, actor: Actor) -> None:
    """Raise unless the declaration lets callers of this kind in."""
    if access.anyone:
        return
    if actor.kind == "anonymous":
        raise errors.NOT_AUTHENTICATED()
    if actor.kind == "person" and access.person is not None:
        if actor.is_partial and not access.partial:
            raise errors.PARTIAL_SESSION()
        if actor.level < access.person:
            raise level_refusal(access.person)
        return
    has_role = access.staff == ANY_STAFF or bool(set(access.staff) & set(actor.roles))
    if actor.kind == "staff" and has_role:
        return
    raise errors.FORBIDDEN()


def level_refusal(needed: Level) -> errors.Problem:
    """The error for a person who is not known well enough: it says what to do."""
    return _LEVEL_ERRORS[needed]()


_LEVEL_ERRORS = {
    Level.PHONE: errors.PHONE_REQUIRED,
    Level.CLAIMED: errors.CLAIM_REQUIRED,
    Level.PROVEN: errors.PROOF_REQUIRED,
}


def load_target(access: Access, actor: Actor, parameters: dict[str, str]) -> Any:
    """The object that the path names.

    Raises ``not_found`` if absent or none of the caller's business, ``own_matter`` if it is too much of it.
    """
    assert access.target is not None and access.related is not None
    found = access.target(**parameters)
    if found is None and access.stand_in is not None:
        access.related(actor, access.stand_in())
    if found is None or not access.related(actor, found):
        raise errors.NOT_FOUND()
    if actor.kind == "staff" and access.own is not None and access.own(actor, found):
        raise errors.OWN_MATTER()
    return found


def _parse_parameters(declared: Endpoint, texts: dict[str, str]) -> dict[str, Any]:
    """The values of the path's parameters, in the types that the view asks for (a text, if it asks for none)."""
    values: dict[str, Any] = {}
    for name, text in texts.items():
        try:
            values[name] = msgspec.convert(text, declared.parameters[name], strict=False)
        except msgspec.ValidationError as error:
            fault = field_error(error)
            raise errors.INVALID_REQUEST(fields=[replace(fault, path=f"/{name}")]) from None
    return values


def _parse_body(request: Request, shape: type[Any]) -> Any:
    if len(request.body) > MAX_BODY_BYTES:
        raise errors.BODY_TOO_LARGE(limit=MAX_BODY_BYTES)
    media_type = request.headers.get("content-type", "application/json").split(";")[0].strip().lower()
    if media_type != "application/json":
        raise errors.UNSUPPORTED_MEDIA_TYPE()
    try:
        # In two steps, because texts are trimmed before their length is checked; that holds for every text of a body.
        given = blanks.trim_texts(msgspec.json.decode(request.body or b"{}"))
        return msgspec.convert(given, shape, str_keys=True)
    except msgspec.ValidationError as error:
        raise errors.INVALID_REQUEST(fields=[field_error(error)]) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise errors.INVALID_JSON() from None


def _parse_query(query: dict[str, str], shape: type[Any]) -> Any:
    try:
        return msgspec.convert(blanks.trim_texts(query), shape, strict=False)
    except msgspec.ValidationError as error:
        raise errors.INVALID_REQUEST(fields=[field_error(error)]) from None


def _present(declared: Endpoint, result: Any, request: Request) -> Answer:
    if isinstance(result, HtmlPage):
        return Answer(
            status=200, body=result.html.encode(), content_type="text/html; charset=utf-8", headers=dict(_PAGE_HEADERS)
        )
    if isinstance(result, Plain):
        return Answer(
            status=declared.status,
            body=result.text.encode(),
            content_type="text/plain",
            headers={"Cache-Control": "no-store"},
        )
    if isinstance(result, Download):
        disposition = f'attachment; filename="{result.filename}"'
        headers = {
            "Content-Disposition": disposition,
            "Cache-Control": "no-store",
            # browsers show a PDF in an object of their own, which object-src would forbid
            "Content-Security-Policy": "frame-ancestors 'none'; base-uri 'none'",
        }
        return Answer(status=200, body=result.data, content_type=result.content_type, headers=headers)
    body = msgspec.json.encode(result)
    if request.method != "GET":
        return Answer(status=declared.status, body=body, headers={"Cache-Control": "no-store"})
    tag = tag_of(body)
    # What is somebody's own is kept in no cache; a client that polls keeps it in its memory, with the tag.
    storing = "no-cache" if declared.access.anyone else "no-store"
    headers = {"ETag": tag, "Cache-Control": storing}
    if _knows(request.headers.get("if-none-match", ""), tag):
        return Answer(status=304, body=b"", headers=headers)
    return Answer(status=declared.status, body=body, headers=headers)


def tag_of(body: bytes) -> str:
    """The ``ETag`` of an answer."""
    return f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def _knows(if_none_match: str, tag: str) -> bool:
    """Whether a caller's list of tags has this one; a proxy that compresses makes ours weak (RFC 9110, 13.1.2)."""
    known = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return tag in known or "*" in known


_PAGE_POLICY = (
    "default-src 'none'; object-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
_PAGE_HEADERS = {"Cache-Control": "no-store", "Content-Security-Policy": _PAGE_POLICY}


def problem_answer(problem: errors.Problem, request_id: str) -> Answer:
    """The problem as RFC 9457 ``application/problem+json`` with both languages."""
    body = {
        "type": f"urn:banshi:error:{problem.error.code}",
        "title": problem.zh,
        "title_en": problem.en,
        "status": problem.error.status,
        "code": problem.error.code,
        "fields": problem.fields,
        "request_id": request_id,
    }
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Answer(
        status=problem.error.status,
        body=msgspec.json.encode(body),
        content_type="application/problem+json",
        headers=headers,
    )
