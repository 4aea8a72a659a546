"""Faults of the sandbox: which there are, which are on, and switching them."""

from __future__ import annotations

from relay.api import FaultView, ListFaults, Page, SwitchFaultOn, SwitchFaultsOff
from relay.backend import Backend, FaultSwitch
from relay.operations.registry import handles
from relay.suggestions import did_you_mean
from relay.unknown import NoSandbox, UnknownFault


@handles(ListFaults)
async def list_faults(backend: Backend, _request: ListFaults) -> Page[FaultView]:
    faults = tuple(_switch(backend).faults())
    return Page(rows=faults, total=len(faults))


@handles(SwitchFaultOn)
async def switch_fault_on(backend: Backend, request: SwitchFaultOn) -> FaultView:
    switch = _switch(backend)
    _known(switch, request.fault)
    switch.switch_on(
        request.fault,
        times=request.times,
        only=request.only,
        contains=request.contains,
        seconds=request.seconds,
        probability=request.probability,
    )
    return _known(switch, request.fault)


@handles(SwitchFaultsOff)
async def switch_faults_off(backend: Backend, request: SwitchFaultsOff) -> Page[FaultView]:
    switch = _switch(backend)
    if request.fault is not None:
        _known(switch, request.fault)
    were_on = tuple(fault for fault in switch.faults() if fault.on and request.fault in (None, fault.name))
    switch.switch_off(request.fault)
    return Page(rows=were_on, total=len(were_on))


def _switch(backend: Backend) -> FaultSwitch:
    if backend.faults is None:
        raise NoSandbox
    return backend.faults


def _known(switch: FaultSwitch, name: str) -> FaultView:
    faults = {fault.name: fault for fault in switch.faults()}
    if name not in faults:
        raise UnknownFault(name, did_you_mean(name, faults))
    return faults[name]
