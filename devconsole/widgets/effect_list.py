"""What an event caused, and how often it was delivered and tried."""

from __future__ import annotations

from collections.abc import Sequence

from devconsole.effects import Effect, Trial
from devconsole.format import clock
from devconsole.looks import Tone
from devconsole.widgets.row_list import Column, TupleList


class EffectList(TupleList[Effect]):
    """Top-up, ledger rows and decisions of one event."""

    def columns(self, width: int) -> Sequence[Column]:  # noqa: ARG002 - the last column takes what there is
        return (
            Column("What", 12, lambda effect: (effect.what, Tone.PLAIN)),
            Column("Outcome", 12, lambda effect: (str(effect.look), effect.look.tone)),
            Column("Change", 0, lambda effect: (effect.detail, Tone.STRONG)),
        )


class TrialList(TupleList[Trial]):
    """Deliveries and attempts of one event."""

    def columns(self, width: int) -> Sequence[Column]:  # noqa: ARG002 - the last column takes what there is
        return (
            Column("Time", 8, lambda trial: (clock(trial.at), Tone.MUTED)),
            Column("What", 9, lambda trial: (trial.what, Tone.PLAIN)),
            Column("Outcome", 13, lambda trial: (str(trial.look), trial.look.tone)),
            Column("Took", 8, lambda trial: (trial.took, Tone.PLAIN), "right"),
            Column("Why", 0, lambda trial: (trial.detail, Tone.MUTED)),
        )
