"""Where nothing may be sent to."""

from __future__ import annotations

import pytest

from cloud.notify.addresses import refusal


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.8", "192.168.1.1", "172.16.0.1", "169.254.169.254"),
        "0.0.0.0",  # noqa: S104, it is refused
        *(
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "fe80::1%eth0",
            "fd00::1",
            "ff02::1",
        ),
        *("::ffff:10.0.0.8", "64:ff9b::a00:8", "2002:a00:8::1", "::", "no address"),
        *("64:ff9b:1::a00:8", "::10.0.0.8"),
    ],
)
def test_private_and_special_addresses_are_refused(address: str) -> None:
    assert refusal(address, ()) is not None


@pytest.mark.parametrize(
    "address", ["9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9", "64:ff9b::909:909"]
)
def test_public_ones_may_be_sent_to(address: str) -> None:
    assert refusal(address, ()) is None


def test_an_operators_own_network_may_be_named() -> None:
    assert refusal("10.1.2.3", ("10.1.0.0/16",)) is None
    assert refusal("10.2.2.3", ("10.1.0.0/16",)) is not None
    assert refusal("::ffff:10.1.2.3", ("10.1.0.0/16",)) is None
