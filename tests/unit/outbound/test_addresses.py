from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from shared.outbound.addresses import AddressRule


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104  # not bound to
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::127.0.0.1",
        "2002:7f00:1::",
        "2002:a00:1::1",
    ],
)
def test_what_leads_inside_is_refused(address: str) -> None:
    assert not AddressRule().admits(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::1.1.1.1"]
)
def test_public_addresses_may_be_called(address: str) -> None:
    assert AddressRule().admits(ip_address(address))


def test_an_opened_network_may_be_called_and_its_neighbour_not() -> None:
    rule = AddressRule([ip_network("10.1.0.0/16")])
    assert rule.admits(ip_address("10.1.2.3"))
    assert rule.admits(ip_address("::ffff:10.1.2.3"))
    assert not rule.admits(ip_address("10.2.0.1"))
