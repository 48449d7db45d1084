"""Our transport and signatures against the official SDK's, and against a hostile gateway."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from chalicelib.kernel.errors import Problem
from chalicelib.platforms import alipay
from scenes.world import World


def test_the_signed_text_is_the_one_that_the_official_sdk_signs() -> None:
    from alipay.aop.api.util.SignatureUtils import get_sign_content

    parameters = {"method": "alipay.trade.query", "biz_content": '{"a":"中文 &="}', "sign_type": "RSA2", "app_id": "1"}
    assert alipay.sign_content(parameters) == get_sign_content(parameters)


def node(content: str, *, signature: str | None = None, name: str = "alipay_system_oauth_token_response") -> bytes:
    sign = "" if signature is None else f',"sign":"{signature}"'
    return f'{{"{name}":{content}{sign}}}'.encode()


METHOD = "alipay.system.oauth.token"


def signed(world: World, content: str) -> str:
    return world.simulators.alipay._sign(content.encode())


def test_the_signature_covers_the_bytes_as_received(world: World) -> None:
    content = '{"open_id":"a\\/b",  "note":"中"}'
    assert alipay._open(METHOD, node(content, signature=signed(world, content)))["open_id"] == "a/b"


@pytest.mark.parametrize("altered", ['{"open_id":"b"}', '{"open_id": "a"}', '{"open_id":"a","x":1}'])
def test_an_altered_answer_is_refused(world: World, altered: str) -> None:
    with pytest.raises(Problem):
        alipay._open(METHOD, node(altered, signature=signed(world, '{"open_id":"a"}')))


def test_a_second_node_of_the_same_name_is_refused(world: World) -> None:
    content = '{"open_id":"a"}'
    genuine = node(content, signature=signed(world, content)).decode()
    doubled = genuine.replace(',"sign"', ',"alipay_system_oauth_token_response":{"open_id":"victim"},"sign"')
    with pytest.raises(Problem):
        alipay._open(METHOD, doubled.encode())


def test_a_success_without_signature_is_refused(world: World) -> None:
    with pytest.raises(Problem):
        alipay._open(METHOD, node('{"open_id":"a"}'))


def test_a_sha1_signature_is_refused(world: World) -> None:
    content = '{"open_id":"a"}'
    key: rsa.RSAPrivateKey = world.simulators.alipay._own_key
    sha1 = base64.b64encode(key.sign(content.encode(), PKCS1v15(), hashes.SHA1())).decode()
    with pytest.raises(Problem):
        alipay._open(METHOD, node(content, signature=sha1))


def test_another_key_is_refused(world: World) -> None:
    content = '{"open_id":"a"}'
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    foreign = base64.b64encode(key.sign(content.encode(), PKCS1v15(), hashes.SHA256())).decode()
    with pytest.raises(Problem):
        alipay._open(METHOD, node(content, signature=foreign))


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"other":{}}', b'{"error_response":"x"}', b"<html>"])
def test_nonsense_is_the_platforms_fault(world: World, answer: bytes) -> None:
    with pytest.raises(Problem) as refused:
        alipay._open(METHOD, answer)
    assert refused.value.error.code == "platform_unavailable"


def test_an_unsigned_refusal_names_its_sub_code(world: World) -> None:
    content = '{"code":"40002","sub_code":"isv.invalid-signature"}'
    with pytest.raises(alipay.AlipayRefused) as refused:
        alipay._open(METHOD, node(content))
    assert refused.value.sub_code == "isv.invalid-signature"


def test_the_gateway_refuses_what_we_did_not_sign(world: World) -> None:
    """The simulator checks our signatures as Alipay does: an altered parameter is noticed."""
    from urllib.parse import urlencode

    from alipay.aop.api.request.AlipaySystemOauthTokenRequest import AlipaySystemOauthTokenRequest

    request = AlipaySystemOauthTokenRequest()
    request.grant_type, request.code = "authorization_code", "x"
    parameters = {**alipay._signed(request), "code": "y"}
    body = urlencode(parameters).encode()
    answer = world.simulators.alipay.respond("POST", "/gateway.do", {}, body, "127.0.0.1")
    assert json.loads(answer.body)["alipay_system_oauth_token_response"]["sub_code"] == "isv.invalid-signature"


def test_the_time_stamp_is_chinas_whatever_the_machine_thinks(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import time
    from datetime import datetime

    from alipay.aop.api.request.AlipaySystemOauthTokenRequest import AlipaySystemOauthTokenRequest

    from chalicelib.kernel import clock

    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        stamp = alipay._signed(AlipaySystemOauthTokenRequest())["timestamp"]
    finally:
        monkeypatch.undo()
        time.tzset()
    sent = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.SHANGHAI)
    assert sent == clock.local(clock.now())


def test_the_certification_page_opens_with_our_signed_url(world: World) -> None:
    client = world.log_in("alipay")
    started = client.post("/v1/me/proof", {"name": "测试人", "id_number": "11010519491231002X"}).json
    target = started["certify_url"].split("gateway.do", 1)[1]
    page = world.simulators.alipay.respond("GET", f"/gateway.do{target}", {}, b"", "127.0.0.1")
    assert page.status == 200 and "人脸认证" in page.body.decode()
