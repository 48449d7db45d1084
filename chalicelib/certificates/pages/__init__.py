"""Server-rendered pages of certificates; jinja2 is imported only when a page is shown."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from chalicelib.certificates.service.verification import Verification

STATUS_WORDS = {
    "valid": ("有效", "VALID", "good"),
    "expired": ("已过期", "EXPIRED", "bad"),
    "not_yet_valid": ("尚未生效", "NOT YET VALID", "warn"),
    "suspended": ("已暂停使用", "SUSPENDED", "bad"),
    "revoked": ("已撤销", "REVOKED", "bad"),
    "superseded": ("旧版打印件，已作废", "VOID: REPLACED BY A NEWER PRINT", "bad"),
    "unknown": ("查无此证", "NOT FOUND", "bad"),
    "forged": ("不是真证:签名无效", "NOT GENUINE: BAD SIGNATURE", "bad"),
}


@functools.cache
def _template(name: str) -> Any:
    from jinja2 import Environment, FileSystemLoader

    return Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True).get_template(name)


def verification(result: Verification) -> str:
    """The verification page: readable without scripts, in both languages, in one request."""
    zh, en, mood = STATUS_WORDS[result.status]
    page: str = _template("verification.html").render(result=result, zh=zh, en=en, mood=mood)
    return page
