"""The load stage over both roles: what each role's load asks, and what keeps it from shrinking.

Fixed ratio: only the driver asks. Measured: each role for itself. Roles that have a load metric but do not drive are
watched all the same, because guards remember the load of their own role.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from disaggregated_service.core.decision import ConditionType
from disaggregated_service.core.pair import ROLES, Pair, Role
from disaggregated_service.core.service import Mode
from disaggregated_service.core.trail import Reason, Stage
from scaler.core.load import Ask, AskIn, AskOut, Measured, Missing, NoAsk, ask, measure
from scaler.core.need_window import NeedWindow, watch
from scaler.core.situation import Situation
from scaler.core.starting import stuck_replicas


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadView:
    """measured: every role with a load metric. asks: the driving roles whose load is known. needs: their windows.

    spared_from: replicas of each role that a shrink would be taken from.
    """

    measured: Mapping[Role, Measured | Missing]
    asks: Mapping[Role, Ask]
    needs: Mapping[Role, NeedWindow]
    spared_from: Pair

    def known(self, role: Role) -> Measured | None:
        found = self.measured.get(role)
        return found if isinstance(found, Measured) else None

    def is_known(self, roles: tuple[Role, ...]) -> bool:
        return all(self.known(role) is not None for role in roles)


def view_loads(situation: Situation) -> LoadView:
    """Measures every role that has a load metric, and asks the driving ones."""
    spec = situation.spec
    expected, spared_from = _expected(situation)
    measured: dict[Role, Measured | Missing] = {}
    asks: dict[Role, Ask] = {}
    needs = dict(situation.memory.needs)
    for role in ROLES:
        load = spec.load.of(role)
        if load is None:
            continue
        found = measure(load, situation.observation.signals.of(role), expected=expected.of(role))
        measured[role] = found
        if isinstance(found, Missing):
            if role in spec.driving_roles:
                situation.note(Stage.LOAD, Reason.ABSENT_LOAD, f"{role.value}:{found.why.value}")
            continue
        needs[role] = watch(
            needs[role],
            need=found.need_in,
            unit=(load.target, load.full),
            now_s=situation.now_s,
            span_s=situation.cooldown_in_s,
            bridge_s=situation.signals_spec.stale_after_s,
        )
        if role in spec.driving_roles:
            in_force = situation.pair.of(role)
            asks[role] = ask(found, spec.load, in_force=in_force, spared_from=spared_from.of(role))
            _note_ask(situation, role, asks[role], found)
    return LoadView(measured=measured, asks=asks, needs=needs, spared_from=spared_from)


def _expected(situation: Situation) -> tuple[Pair, Pair]:
    """Replicas that should be heard, and replicas that a shrink would be taken from: those in force less the stuck.

    An advisory pair exists nowhere: there the ready replicas should be heard, and the pair is what it would be if
    it had been obeyed.
    """
    pair, ready = situation.pair, situation.observation.signals.ready
    if situation.spec.mode is Mode.ADVISORY:
        return ready, pair
    deadline_s = situation.spec.load.progress_deadline_s
    stuck = stuck_replicas(situation.memory.starting, now_s=situation.now_s, deadline_s=deadline_s)
    for role in ROLES:
        if stuck.of(role):
            numbers = (("stuck", float(stuck.of(role))), ("deadline_s", deadline_s))
            situation.trace.condition(ConditionType.REPLICAS_STUCK, role.value, *numbers)
            situation.note(Stage.LOAD, Reason.REPLICAS_STUCK, role.value, *numbers)
    counted_on = Pair(max(0, pair.prefill - stuck.prefill), max(0, pair.decode - stuck.decode))
    return counted_on, Pair(min(counted_on.prefill, ready.prefill), min(counted_on.decode, ready.decode))


def _note_ask(situation: Situation, role: Role, answer: Ask, found: Measured) -> None:
    reason, need = _what_it_asks(answer, found)
    situation.note(
        Stage.LOAD,
        reason,
        role.value,
        ("load_tps", found.load_tps),
        ("need", need),
        ("in_force", situation.pair.of(role)),
        ("covered", found.covered),
        ("ready", situation.observation.signals.of(role).ready),
        ("age_s", found.age_s),
    )


def _what_it_asks(answer: Ask, found: Measured) -> tuple[Reason, float]:
    match answer:
        case AskOut():
            return Reason.LOAD_OUT, found.need_out
        case AskIn():
            return Reason.LOAD_IN, found.need_in
        case NoAsk(silent=True):
            return Reason.SILENT_REPLICAS, found.need_in
        case NoAsk():
            return Reason.WITHIN_BAND, found.need_out
