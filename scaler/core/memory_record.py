"""A memory as plain data, to be persisted and read back by another process.

Holds ages in seconds, never instants: another process has another monotonic clock. What has to be watched without a
gap (the need windows, a guard that is needless) is left out on purpose: a process that was away does not know what it
missed. Raises `DamagedMemoryError`, which names the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from disaggregated_service.core.pair import ROLES, Pair, Role
from scaler.core.memory import Clocks, Firing, GuardMemory, GuardRaise, Memory
from scaler.core.ready_history import ReadyRuns
from scaler.core.starting import StartingReplicas

Data = dict[str, Any]


class DamagedMemoryError(ValueError):
    """The persisted data is not what this version writes."""


def memory_to_data(memory: Memory, *, now_s: float) -> Data:
    """JSON-ready data; every instant becomes an age."""

    def age(instant_s: float | None) -> float | None:
        return None if instant_s is None else round(now_s - instant_s, 6)

    return {
        "inForce": _pair(memory.in_force),
        "clocks": {
            role.value: {"loadRaiseAgeS": age(clock.load_raise_at_s), "changeAgeS": age(clock.change_at_s)}
            for role, clock in memory.clocks.items()
        },
        "ready": [[age(at_s), _pair(ready)] for at_s, ready in memory.ready.runs],
        "starting": {
            role.value: [[age(at_s), count] for at_s, count in starting.cohorts]
            for role, starting in memory.starting.items()
        },
        "counts": [[age(at_s), _pair(pair)] for at_s, pair in memory.counts],
        "guards": {name: _guard_to_data(guard, age) for name, guard in memory.guards.items()},
    }


def memory_from_data(data: Mapping[str, Any], *, now_s: float, elapsed_s: float) -> Memory:
    """The memory that `memory_to_data` wrote `elapsed_s` seconds ago; a clock set back since then counts as 0."""
    elapsed_s = max(0.0, elapsed_s)

    def instant(age_s: float | None) -> float | None:
        return None if age_s is None else now_s - elapsed_s - float(age_s)

    try:
        return Memory(
            in_force=_read_pair(data["inForce"]),
            clocks={
                role: Clocks(
                    load_raise_at_s=instant(data["clocks"][role.value]["loadRaiseAgeS"]),
                    change_at_s=instant(data["clocks"][role.value]["changeAgeS"]),
                )
                for role in ROLES
            },
            ready=ReadyRuns(tuple((now_s - elapsed_s - float(age), _read_pair(pair)) for age, pair in data["ready"])),
            starting={
                role: StartingReplicas(
                    tuple((now_s - elapsed_s - float(age), int(n)) for age, n in data["starting"][role.value])
                )
                for role in ROLES
            },
            counts=tuple((now_s - elapsed_s - float(age), _read_pair(pair)) for age, pair in data["counts"]),
            guards={str(name): _guard_from_data(guard, instant) for name, guard in data["guards"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedMemoryError(f"memory: {type(error).__name__}: {error}") from error


def _pair(pair: Pair) -> list[int]:
    return [pair.prefill, pair.decode]


def _read_pair(data: Any) -> Pair:
    prefill, decode = data
    if not isinstance(prefill, int) or not isinstance(decode, int) or prefill < 0 or decode < 0:
        raise DamagedMemoryError(f"a pair of replica counts is two integers >= 0, not {data!r}")
    return Pair(prefill, decode)


def _guard_to_data(guard: GuardMemory, age: Any) -> Data:
    trial = guard.raise_in_trial
    return {
        "firings": [[age(f.at_s), f.role.value, f.load_per_replica_tps] for f in guard.firings],
        "trial": None
        if trial is None
        else {
            "before": _pair(trial.before),
            "after": _pair(trial.after),
            "slowFrac": trial.slow_frac,
            "prefillTps": trial.prefill_tps,
            "decodeTps": trial.decode_tps,
        },
        "raisesWithoutEffect": guard.raises_without_effect,
        "ineffective": guard.ineffective,
        "calmAgeS": age(guard.calm_since_s),
    }


def _guard_from_data(data: Any, instant: Any) -> GuardMemory:
    trial = data["trial"]
    return GuardMemory(
        firings=tuple(
            Firing(at_s=instant(float(age)), role=Role(role), load_per_replica_tps=float(tps))
            for age, role, tps in data["firings"]
        ),
        raise_in_trial=None
        if trial is None
        else GuardRaise(
            before=_read_pair(trial["before"]),
            after=_read_pair(trial["after"]),
            slow_frac=float(trial["slowFrac"]),
            prefill_tps=_optional(trial["prefillTps"]),
            decode_tps=_optional(trial["decodeTps"]),
        ),
        raises_without_effect=int(data["raisesWithoutEffect"]),
        ineffective=bool(data["ineffective"]),
        calm_since_s=instant(data["calmAgeS"]),
    )


def _optional(value: Any) -> float | None:
    return None if value is None else float(value)
