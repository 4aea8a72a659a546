"""What a company's money must be, told only what the engine was told. As simple as can be: it is the law."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Model:
    """Cents. `unpaid` are calls as (id, price), oldest first; `held` and `paid` are by call."""

    money: int = 0
    bonus: int = 0
    topups: dict[int, str] = field(default_factory=dict)
    amounts: dict[int, int] = field(default_factory=dict)
    gone: dict[int, int] = field(default_factory=dict)
    """What is taken back of a top-up by refunds and disputes, as far as we were told."""
    held: dict[int, int] = field(default_factory=dict)
    unpaid: list[tuple[int, int]] = field(default_factory=list)
    paid: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def left(self) -> int:
        return self.money + self.bonus - sum(self.held.values())

    def told(self, topup: int, what: str) -> None:
        """succeeded is final, failed beats cancelled, and both beat open. Success moves the money, once."""
        if RANK[what] > RANK[self.topups[topup]]:
            self.topups[topup] = what
            if what == "succeeded":
                self.given(self.amounts[topup] - self.gone.get(topup, 0))

    def taken_back(self, topup: int, cents: int) -> None:
        """The sum that is gone of a top-up is now `cents`."""
        before, self.gone[topup] = self.gone.get(topup, 0), cents
        if self.topups[topup] == "succeeded":
            self.given(before - cents)

    def given(self, money: int, bonus: int = 0) -> None:
        """Whatever raises what is left pays the calls that wait, oldest first."""
        self.money, self.bonus = self.money + money, self.bonus + bonus
        waiting, self.unpaid = self.unpaid, []
        for call, price in waiting:
            self.called(call, price)

    def called(self, call: int, price: int) -> None:
        """Bonus pays first; never more than is left. What the call held is free again."""
        had = self.held.pop(call, 0)
        if price > self.left:
            self.unpaid.append((call, price))
        else:
            from_bonus = min(price, self.bonus)
            self.paid[call] = (price - from_bonus, from_bonus)
            self.money, self.bonus = self.money - price + from_bonus, self.bonus - from_bonus
        if had:
            self.given(0)

    def call_refunded(self, call: int, cents: int) -> None:
        """Money first, then bonus, to what each has paid."""
        money, bonus = self.paid[call]
        back = min(cents, money)
        self.paid[call] = (money - back, bonus - (cents - back))
        self.given(back, cents - back)


RANK = {"open": 0, "cancelled": 1, "failed": 2, "succeeded": 3}
