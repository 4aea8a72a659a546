"""Bytes as anybody may send them to the relay's port, well-formed HTTP or not, and what came back."""

from __future__ import annotations

import gzip
import re
import socket
import zlib
from collections.abc import Sequence
from urllib.parse import urlsplit

from hypothesis import strategies as st

PATH = "/api/stripe/webhook"
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
ANSWER_MAX = 1 << 20


def statuses(webhook: str, data: bytes | Sequence[bytes], *, wait_s: float = 3.0, quiet_s: float = 0.1) -> list[int]:
    """Send the bytes on one connection and read every answer, until nothing comes for a moment; then hang up.

    Hanging up at once would be read as a sender who has gone, and nobody would be answered.
    """
    address = urlsplit(webhook)
    pieces = [data] if isinstance(data, bytes) else list(data)
    answer = b""
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=wait_s) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            connection.settimeout(quiet_s)
            while len(answer) < ANSWER_MAX and (more := connection.recv(65_536)):
                answer += more
        except (TimeoutError, ConnectionError):
            pass  # it hung up on us, or waits for more: both are allowed
    return [int(status) for status in STATUS.findall(answer)]


def request(body: bytes, headers: Sequence[tuple[bytes, bytes]] = (), *, method: bytes = b"POST") -> bytes:
    """A request to the webhook with a right length, unless the headers tell of another."""
    names = {name.lower() for name, _ in headers}
    lines = [method + b" " + PATH.encode() + b" HTTP/1.1", b"Host: 127.0.0.1"]
    if not names & {b"content-length", b"transfer-encoding"}:
        lines.append(b"Content-Length: %d" % len(body))
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"


BOMB = gzip.compress(b"\x00" * (64 << 20), compresslevel=9)
"""64 KiB that unpack to 64 MiB."""
CHUNKED = (b"Transfer-Encoding", b"chunked")

KNOWN_ATTACKS: dict[str, bytes] = {
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "only line ends": b"\r\n" * 5_000,
    "a line without end": b"POST " + b"/" * 200_000,
    "a header without end": request(b"", [(b"X", b"a" * 300_000)]),
    "very many headers": request(b"", [(b"X-%d" % number, b"y") for number in range(5_000)]),
    "a huge signature": request(b"{}", [(b"Stripe-Signature", b"t=1," + b"v1=00," * 1_000)]),
    "a signature of odd bytes": request(b"{}", [(b"Stripe-Signature", bytes(range(128, 256)))]),
    "a signature with a time beyond all numbers": request(b"{}", [(b"Stripe-Signature", b"t=" + b"9" * 5_000)]),
    "two lengths": request(b"{}", [(b"Content-Length", b"2"), (b"Content-Length", b"3")]),
    "a length and chunks": request(chunked(b"{}"), [(b"Content-Length", b"2"), CHUNKED]),
    "a negative length": request(b"{}", [(b"Content-Length", b"-1")]),
    "a length in words": request(b"{}", [(b"Content-Length", b"two")]),
    "a length beyond all numbers": request(b"{}", [(b"Content-Length", b"9" * 400)]),
    "a body that is shorter than it says": request(b"{}", [(b"Content-Length", b"100")]),
    "a chunk size in words": request(b"many\r\n{}\r\n0\r\n\r\n", [CHUNKED]),
    "a negative chunk": request(b"-5\r\n{}\r\n0\r\n\r\n", [CHUNKED]),
    "a chunk beyond all numbers": request(b"f" * 400 + b"\r\n{}", [CHUNKED]),
    "a chunk without its end": request(b"5\r\n{}", [CHUNKED]),
    "chunks twice": request(chunked(b"{}"), [(b"Transfer-Encoding", b"chunked, chunked")]),
    "an unknown transfer": request(b"{}", [(b"Transfer-Encoding", b"smoke-signals")]),
    "a compressed bomb": request(BOMB, [(b"Content-Encoding", b"gzip")]),
    "a bomb in chunks": request(chunked(BOMB), [(b"Content-Encoding", b"gzip"), CHUNKED]),
    "deflate that is none": request(b"not deflate", [(b"Content-Encoding", b"deflate")]),
    "compressed and cut": request(gzip.compress(b"{}" * 500)[:-9], [(b"Content-Encoding", b"gzip")]),
    "an unknown encoding": request(b"{}", [(b"Content-Encoding", b"vigenere")]),
    "raw deflate": request(zlib.compress(b"{}")[2:-4], [(b"Content-Encoding", b"deflate")]),
    "nothing but depth": request(b"[" * 500_000),
    "depth in an event": request(b'{"id":"evt_1","object":"event","data":' + b'{"a":' * 100_000),
    "numbers beyond all numbers": request(b'{"id":"evt_1","created":' + b"9" * 100_000 + b"}"),
    "UTF-16": request('{"id":"evt_1"}'.encode("utf-16")),
    "broken UTF-8": request(b'{"id":"evt_\xff\xc0"}'),
    "lone surrogates": request(b'{"id":"evt_\\ud800","object":"event","type":"x","data":{"object":{}}}'),
    "zero bytes": request(b'{"id":"evt_\\u0000","object":"event","type":"x","data":{"object":{}}}'),
    "a multipart form": request(b"--x\r\n\r\n", [(b"Content-Type", b"multipart/form-data; boundary=x")]),
    "an upgrade": request(b"", [(b"Connection", b"upgrade"), (b"Upgrade", b"websocket")]),
    "HTTP/2 by heart": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 64,
    "HTTP/0.9": b"GET /api/stripe/webhook\r\n",
    "an absolute address": b"POST http://evil.example/api/stripe/webhook HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "a path with everything": b"POST /api/stripe/webhook?%00%ff#\x7f HTTP/1.1\r\nHost: x\r\n\r\n",
    "hundreds in a row": request(b"{}") * 300,
    "expects to go on": request(b"", [(b"Expect", b"100-continue"), (b"Content-Length", b"5")]),
    "expects what is not ASCII": request(b"{}", [(b"Expect", b"\x9d")]),
    "expects what is not ASCII elsewhere": b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nExpect: \x9d\r\n\r\n",
    "a strange method": b"\xff\xfe / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "expects the odd": request(b"{}", [(b"Expect", b"a-miracle")]),
}
"""What people have sent to servers to make them fall, by what is wrong with it."""


header_names = st.sampled_from(
    [b"Stripe-Signature", b"Content-Type", b"Content-Encoding", b"User-Agent", b"X-Devconsole-Source", b"Expect",
     b"Connection", b"Content-Length", b"Transfer-Encoding", b"Cookie", b"Authorization", b"X"]
)  # fmt: skip
header_values = st.one_of(
    st.binary(max_size=60).map(lambda value: value.translate(None, b"\r\n")),
    st.sampled_from([b"chunked", b"gzip", b"deflate", b"br", b"identity", b"0", b"5", b"-1", b"close", b"keep-alive",
                     b"t=1,v1=00", b"t=,v1=", b"replay", b"100-continue"]),
)  # fmt: skip
bodies = st.one_of(
    st.binary(max_size=300),
    st.sampled_from([b"{}", b"[]", b"null", b'{"id":"evt_1","object":"event","type":"x","data":{"object":{}}}']),
    st.binary(max_size=100).map(gzip.compress),
    st.lists(st.binary(max_size=40), max_size=4).map(lambda chunks: chunked(*chunks)),
)
requests = st.builds(
    request,
    bodies,
    st.lists(st.tuples(header_names, header_values), max_size=6),
    method=st.sampled_from([b"POST", b"POST", b"GET", b"PUT", b"", b"P\x00ST", b"post"]),
)
anything = st.one_of(
    requests,
    st.binary(max_size=400),
    st.lists(requests, max_size=4).map(b"".join),
    st.builds(
        lambda whole, place, junk: whole[: place % (len(whole) + 1)] + junk + whole[place % (len(whole) + 1) :],
        requests,
        st.integers(0, 10_000),
        st.binary(min_size=1, max_size=5),
    ),
)
"""Requests, right and wrong, several on one connection, and requests with something broken in the middle."""
