"""The garbage collector of a long-lived process: it need not walk what stays until the end."""

from __future__ import annotations

import gc


def spare() -> None:
    """Set aside what has been built so far, and look at the rest less often.

    Measured: 5 to 8 % of a flood of deliveries in the server; in the console, pauses of tens of milliseconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
