"""Checks a certificate without any network: the number, its URL, or a photo of the printed QR.

    python -m tools.verify_sticker --keys keys.json [--revoked revoked.json ...] NUMBER|URL|PHOTO

``keys.json`` and ``revoked.json`` are the downloads of ``/v1/certificates/keys`` and
``/v1/certificates/revoked``, taken while there was a network. Prints what the signature vouches for;
exit code 0 only for a genuine certificate that is valid today and not in the revoked list.
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

from chalicelib.certificates import rules
from chalicelib.certificates.store import number_of
from chalicelib.kernel import clock
from chalicelib.kernel.security import signing


def check(number: str, keys: dict[int, bytes], revoked: set[str], today: date) -> tuple[str, rules.Payload | None]:
    """Status and the signed payload: ``valid``, ``expired``, ``not_yet_valid``, ``revoked``, ``forged``, or
    ``unknown_key`` if the list of keys does not have the one that the number names."""
    try:
        data, signature = rules.decode_number(number)
        payload = rules.decode_payload(data)
    except (ValueError, OverflowError):
        return "forged", None
    key = keys.get(payload.key)
    if key is None:
        return "unknown_key", None
    if not signing.verifies(key, rules.DOMAIN + data, signature):
        return "forged", None
    return rules.validity(payload.certificate_id in revoked, payload.valid_from, payload.valid_to, today), payload


def read_number(source: str) -> str:
    """The number in a text, a URL or a photo; raises ValueError if there is none."""
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
    return source.rsplit("/", 1)[-1]


def _load(path: str, wanted: str) -> dict[str, Any]:
    """A download; ``wanted`` is what it has to hold."""
    try:
        found: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
        found[wanted]
        return found
    except (OSError, ValueError, KeyError, TypeError):
        raise SystemExit(
            f"{path} is not a download of /v1/certificates/{'keys' if wanted == 'keys' else 'revoked'}"
        ) from None


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--keys", required=True)
    parser.add_argument("--revoked", action="append", default=[], help="every part of the list, in order")
    given = parser.parse_args(arguments)
    keys = {int(key["number"]): base64.b64decode(key["public_key"]) for key in _load(given.keys, "keys")["keys"]}
    parts = [_load(part, "ids") for part in given.revoked]
    revoked = {one for part in parts for one in part["ids"]}
    if parts and parts[-1].get("cursor"):
        raise SystemExit(f"{given.revoked[-1]} is not the last part of the list: download on with its cursor")
    try:
        number = read_number(given.source)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    status, payload = check(number, keys, revoked, clock.today())
    unchecked = "" if given.revoked or status != "valid" else "（未核对撤销名单 revocation not checked）"
    print(f"离线核验 offline: {status.upper()}{unchecked}")
    if status == "unknown_key":
        print("  名单中没有这把公钥，请重新下载 download the list of keys again: it lacks this key", file=sys.stderr)
    if payload is not None:
        print(f"  {payload.subject or number_of(payload.certificate_id)}")
        print(f"  {payload.valid_from} 至 {payload.valid_to}")
        print(f"  编号 {number_of(payload.certificate_id)}  第 {payload.revision} 版")
        print("  联网后请再核对撤销与版次 check revocation and revision when there is a network")
    return 0 if status == "valid" else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
