"""Checks a certificate without any network: the number, its URL, or a photo of the printed QR.

    python -m tools.verify_sticker --keys keys.json [--list list.json ...] NUMBER|URL|PHOTO

``keys.json`` is the download of ``/v1/certificates/keys``, ``list.json`` of ``/v1/certificates/offline_list`` (every
part), taken while there was a network. Three answers: VALID (exit code 0), NOT VALID (1), CANNOT TELL (3): the list is
missing, too old or not signed, the key is unknown, the address is another one than the city's, or there is no signed
number. Exit code 2: a file is missing or is none of these.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from chalicelib.certificates import rules
from chalicelib.certificates.store import number_of
from chalicelib.kernel import clock
from chalicelib.kernel.security import signing

VALID, NOT_VALID, CANNOT_TELL = "valid", "not_valid", "cannot_tell"
EXIT_CODES = {VALID: 0, NOT_VALID: 1, CANNOT_TELL: 3}
_ANSWERS = {VALID: "有效 VALID", NOT_VALID: "无效 NOT VALID", CANNOT_TELL: "无法判断 CANNOT TELL"}
_REASONS = {
    "": "",
    "forged": "不是真的 forged",
    "no_signed_number": "这不是二维码中的签名编号，印刷的证照编号须联网查询 this is not the signed number in a QR; "
    "a printed number is checked online",
    "expired": "已过期 expired",
    "not_yet_valid": "尚未生效 not yet valid",
    "not_in_force": "已撤销或暂停使用 revoked or suspended",
    "superseded": "已被新版取代 superseded by a newer print",
    "unknown_key": "名单中没有这把公钥，请重新下载 the list of keys lacks this key, download it again",
    "foreign_domain": "二维码中的网址不是本市的 the address in the QR is not the city's",
    "no_list": "没有名单 there is no list, or a part is missing",
    "list_forged": "名单签名无效 the list is not signed by a known key",
    "list_too_old": "名单过旧，请重新下载 the list is too old, download it again",
}


_LONGEST_PRINTED = 100
"""Characters of what somebody may have typed; the number in a QR has 222 digits."""


class BadList(Exception):
    """The list tells nothing; the message is one of the reasons."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What was downloaded: public keys by number, and the city's address."""

    keys: Mapping[int, bytes]
    address: str


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The answer, why, and what the signature vouches for."""

    answer: str
    reason: str = ""
    payload: rules.Payload | None = None


def read_list(parts: list[dict[str, Any]], keys: Mapping[int, bytes], now: datetime) -> dict[str, int]:
    """The entries of all parts of one list, each signed; raises ``BadList``."""
    found: dict[int, rules.OfflineList] = {}
    for part in parts:
        content = _read_part(part, keys)
        found[content.part] = content
    numbers = {content.number for content in found.values()}
    is_whole = len(numbers) == 1 and all(len(found) == content.parts for content in found.values())
    if not is_whole:
        raise BadList("no_list")
    entries: dict[str, int] = {}
    for content in found.values():
        if now - content.as_of > rules.OLDEST_LIST:
            raise BadList("list_too_old")
        entries |= content.entries
    return entries


def _read_part(part: dict[str, Any], keys: Mapping[int, bytes]) -> rules.OfflineList:
    try:
        data = base64.b64decode(part["data"], validate=True)
        signature = base64.b64decode(part["signature"], validate=True)
        key = keys.get(int(part["key"]))
    except (KeyError, TypeError, ValueError):
        raise BadList("list_forged") from None
    if key is None or not signing.verifies(key, rules.LIST_DOMAIN + data, signature):
        raise BadList("list_forged")
    return msgspec.json.decode(data, type=rules.OfflineList)


def check(number: str, known: Known, parts: list[dict[str, Any]], now: datetime) -> Finding:
    """What a number is worth by what was downloaded."""
    try:
        data, signature = rules.decode_number(number)
        payload = rules.decode_payload(data)
    except (ValueError, OverflowError):
        return Finding(answer=NOT_VALID, reason="forged")
    key = known.keys.get(payload.key)
    if key is None:
        return Finding(answer=CANNOT_TELL, reason="unknown_key")
    if not signing.verifies(key, rules.DOMAIN + data, signature):
        return Finding(answer=NOT_VALID, reason="forged")
    state = rules.validity(rules.ISSUED, payload.valid_from, payload.valid_to, clock.local(now).date())
    if state != "valid":
        return Finding(answer=NOT_VALID, reason=state, payload=payload)
    try:
        entries = read_list(parts, known.keys, now)
    except BadList as fault:
        return Finding(answer=CANNOT_TELL, reason=str(fault), payload=payload)
    newest = entries.get(rules.listed_hash(payload.certificate_id), 1)
    if newest == 0:
        return Finding(answer=NOT_VALID, reason="not_in_force", payload=payload)
    # A print that is newer than the list's is the newest one that anybody knows of.
    if payload.revision < newest:
        return Finding(answer=NOT_VALID, reason="superseded", payload=payload)
    return Finding(answer=VALID, payload=payload)


def read_source(source: str) -> str:
    """The text of a number, a URL or a photo; raises ValueError if there is none."""
    if source.lower().endswith((".png", ".jpg", ".jpeg")) and not Path(source).is_file():
        raise ValueError(f"there is no file {source}")
    if len(source) < 200 and Path(source).is_file():
        import zxingcpp
        from PIL import Image

        try:
            with Image.open(source) as image:
                found = zxingcpp.read_barcodes(
                    image.convert("L"), zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
                )
        except OSError:
            raise ValueError("the file is no picture") from None
        if not found:
            raise ValueError("no QR can be read in the picture")
        source = found[0].text
    return source


def judge(text: str, known: Known, parts: list[dict[str, Any]], now: datetime) -> Finding:
    """As ``check``, for a number or its address: a look-alike domain is somebody else's, whatever the number.

    Only what claims to be signed can be forged: a long number, or whatever stands behind the city's address.
    """
    address, slash, number = text.strip().rpartition("/")
    if slash and f"{address}/" != known.address:
        return Finding(answer=CANNOT_TELL, reason="foreign_domain")
    may_be_typed = len(number) <= _LONGEST_PRINTED
    if not slash and may_be_typed:
        return Finding(answer=CANNOT_TELL, reason="no_signed_number")
    return check(number, known, parts, now)


def _load(path: str, wanted: str) -> dict[str, Any]:
    """A download; ``wanted`` is what it has to hold."""
    try:
        found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        found[wanted]
        return found
    except (OSError, ValueError, KeyError, TypeError):
        name = "keys" if wanted == "keys" else "offline_list"
        raise ValueError(f"{path} is not there, or is not a download of /v1/certificates/{name}") from None


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--keys", required=True)
    parser.add_argument("--list", action="append", default=[], help="every part of the list")
    given = parser.parse_args(arguments)
    try:
        downloaded = _load(given.keys, "keys")
        keys = {int(key["number"]): base64.b64decode(key["public_key"]) for key in downloaded["keys"]}
        known = Known(keys=keys, address=str(downloaded.get("address", "")))
        parts = [_load(part, "data") for part in given.list]
        text = read_source(given.source)
    except (ValueError, KeyError, TypeError) as error:
        print(error if isinstance(error, ValueError) else f"{given.keys} holds no keys", file=sys.stderr)
        return 2
    finding = judge(text, known, parts, clock.now())
    _print(finding)
    return EXIT_CODES[finding.answer]


def _print(finding: Finding) -> None:
    print(f"离线核验 offline: {_ANSWERS[finding.answer]}  {_REASONS[finding.reason]}".rstrip())
    payload = finding.payload
    if payload is not None:
        print(f"  {payload.subject or number_of(payload.certificate_id)}")
        print(f"  {payload.valid_from} 至 {payload.valid_to}")
        print(f"  编号 {number_of(payload.certificate_id)}  第 {payload.revision} 版")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
