"""Personal data at rest: bound to its place, found by blind index, masked on output."""

from __future__ import annotations

import pytest

from chalicelib.kernel.security import vault
from scenes.world import World


def test_a_sealed_value_opens_only_where_it_belongs(world: World) -> None:
    sealed = vault.seal("张三".encode(), "identity", "ACCOUNT#1", "name")
    assert vault.unseal(sealed, "identity", "ACCOUNT#1", "name").decode() == "张三"
    for place in (
        ("identity", "ACCOUNT#2", "name"),
        ("identity", "ACCOUNT#1", "phone"),
        ("applications", "ACCOUNT#1", "name"),
    ):
        with pytest.raises(vault.Tampered):
            vault.unseal(sealed, *place)


def test_every_altered_byte_is_noticed(world: World) -> None:
    sealed = vault.seal(b"secret", "identity", "ACCOUNT#1", "name")
    for place in (0, 5, 17, len(sealed) - 1):
        altered = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(vault.Tampered):
            vault.unseal(altered, "identity", "ACCOUNT#1", "name")


def test_nonces_do_not_repeat(world: World) -> None:
    sealed = [vault.seal(b"same", "t", "p", "a") for _ in range(2000)]
    assert len({one[5:17] for one in sealed}) == 2000


def test_a_new_month_uses_a_new_key_and_the_old_values_stay_readable(world: World) -> None:
    old = vault.seal(b"november", "t", "p", "a")
    world.pass_time(days=40)
    new = vault.seal(b"december", "t", "p", "a")
    assert old[1:5] != new[1:5]
    assert (vault.unseal(old, "t", "p", "a"), vault.unseal(new, "t", "p", "a")) == (b"november", b"december")


def test_keys_survive_a_new_process(world: World) -> None:
    sealed, index = vault.seal(b"kept", "t", "p", "a"), vault.blind_index("phone", "13800000000")
    vault._unwrapped.clear()
    assert vault.unseal(sealed, "t", "p", "a") == b"kept"
    assert vault.blind_index("phone", "13800000000") == index


def test_blind_indexes_are_separate_for_each_attribute_and_ignore_spelling(world: World) -> None:
    assert vault.blind_index("id_number", "11010519491231002x") == vault.blind_index("id_number", "11010519491231002X ")
    assert vault.blind_index("id_number", "1") != vault.blind_index("phone", "1")


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        (vault.mask_name, "张三", "张*"),
        (vault.mask_name, "欧阳小明", "欧阳**"),
        (vault.mask_id_number, "11010519491231002X", "110***********002X"),
        (vault.mask_phone, "13812341234", "138****1234"),
    ],
)
def test_masks(mask: object, value: str, shown: str) -> None:
    assert callable(mask) and mask(value) == shown
