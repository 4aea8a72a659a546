"""Whether a program that we started is really there: not stopped, and with a connection to somebody beside ourselves.

A tool may sit there looking connected while nothing arrives; what the system knows of it cannot look wrong.
"""

from __future__ import annotations

from enum import StrEnum

import psutil


class Pulse(StrEnum):
    """What the system says of a program and all that it started."""

    BEATS = "beats"
    STOPPED = "it is stopped"
    """Somebody sent SIGSTOP, or a debugger holds it."""
    CUT_OFF = "it has no connection to Stripe"
    GONE = "it has ended"


def pulse_of(pid: int, *, except_port: int) -> Pulse:
    """Look at the process `pid` and its offspring; connections to `except_port`, which is ours, do not count."""
    try:
        processes = [each for each in psutil.Process(pid).children(recursive=True) if _is_there(each)]
    except psutil.NoSuchProcess:
        return Pulse.GONE
    if not processes:
        return Pulse.GONE
    try:
        if any(each.status() == psutil.STATUS_STOPPED for each in processes):
            return Pulse.STOPPED
        connected = any(_reaches_out(each, except_port) for each in processes)
    except psutil.NoSuchProcess:
        return Pulse.GONE
    except psutil.AccessDenied:
        return Pulse.BEATS  # this system does not tell; the Events API still does
    return Pulse.BEATS if connected else Pulse.CUT_OFF


def _is_there(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _reaches_out(process: psutil.Process, except_port: int) -> bool:
    return any(
        connection.status == psutil.CONN_ESTABLISHED and connection.raddr and connection.raddr.port != except_port
        for connection in process.net_connections(kind="tcp")
    )
