"""Where deliveries may go: events carry customers' data, so it is this machine unless somebody says otherwise."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

from billing.errors import Refused

URL_MAX = 2_000


class AddressRefused(Refused):
    """Not an address that deliveries may be sent to."""

    code = "address_refused"


async def checked(url: str, *, allow_remote: bool) -> str:
    """The address, if deliveries may go there. Raises `AddressRefused`."""
    host = _host_of(url)
    if not allow_remote and not await _is_here(host):
        raise AddressRefused(
            f"{host} is not this machine, and events carry customers' data",
            remedy="Use an address such as http://127.0.0.1:3000/webhook, or allow another machine (--allow-remote).",
        )
    return url


class HereOnly(AbstractResolver):
    """Looks names up, and refuses those that lead to another machine: asked anew for each connection."""

    def __init__(self, names: AbstractResolver) -> None:
        self._names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._names.resolve(host, port, family)
        elsewhere = [each["host"] for each in found if not is_loopback(each["host"])]
        if elsewhere:
            raise OSError(None, f"{host} leads to {elsewhere[0]}, which is not this machine")
        return found

    async def close(self) -> None:
        await self._names.close()


def is_loopback(address: str) -> bool:
    """Whether this is the number of this machine itself; a name is not."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _host_of(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if len(url) > URL_MAX or parts.scheme not in ("http", "https") or not host or not url.isprintable():
        raise AddressRefused(
            f"{url[:100]!r} is no address to send to", remedy="Write it as http://127.0.0.1:3000/webhook."
        )
    if parts.username is not None or parts.fragment:
        raise AddressRefused(
            "an address with a user name, a password or a fragment is not taken",
            remedy="Deliveries are signed: let the application check the signature instead.",
        )
    return host


async def _is_here(host: str) -> bool:
    """Every number that the name has now; what it has at the time of sending is checked again then."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return is_loopback(host)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(is_loopback(str(address[0])) for *_, address in found)
