"""The few pages that a browser may end on. They look up nothing and say where to look instead."""

from __future__ import annotations

from aiohttp import web

PAID_PATH = "/checkout/done"
CANCELLED_PATH = "/checkout/cancelled"

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 34rem; margin: 18vh auto; padding: 0 1.5rem }}
</style>
<h1>{title}</h1>
<p>{text}</p>
"""


async def paid(_request: web.Request) -> web.StreamResponse:
    return _page(
        "Payment sent",
        "You can close this page. The balance is credited when the webhook arrives: watch it in the console.",
    )


async def cancelled(_request: web.Request) -> web.StreamResponse:
    return _page(
        "Payment not made",
        "Nothing was charged. The top-up stays open until its page expires; the console can cancel it.",
    )


async def pointer(_request: web.Request) -> web.StreamResponse:
    return web.Response(text="devconsole relay: run `devconsole` to see what happens here, or `devconsole status`.\n")


def _page(title: str, text: str) -> web.Response:
    return web.Response(text=_PAGE.format(title=title, text=text), content_type="text/html")
