"""Engines by name: the presets, and what `--engine` may say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from disaggregated_service.core.pair import Role
from heteroscale.simulator.engines.presets import PRESETS
from heteroscale.simulator.world.engine import Engine

ENGINES: Mapping[str, Engine] = MappingProxyType({engine.name: engine for engine in PRESETS})


@dataclass(frozen=True, slots=True)
class EnginePair:
    """Who reads prompts and who writes answers; one engine for both, or two that run the same model."""

    prefill: Engine
    decode: Engine

    def __post_init__(self) -> None:
        if not self.prefill.prefills:
            raise ValueError(f"engine {self.prefill.name} is known for decode only; name another one for prefill")
        if not self.decode.decodes:
            raise ValueError(
                f"engine {self.decode.name} is known for prefill only; name another one for decode, "
                f"as prefill={self.decode.name},decode=NAME"
            )
        models = self.prefill.model, self.decode.model
        if all(models) and models[0] != models[1]:
            raise ValueError(
                f"prefill runs {models[0]} and decode {models[1]}; a KV cache of one is of no use to the other"
            )

    def of(self, role: Role) -> Engine:
        return self.prefill if role is Role.PREFILL else self.decode

    @property
    def name(self) -> str:
        """As `engine_named` understands it."""
        if self.prefill == self.decode:
            return self.prefill.name
        return f"prefill={self.prefill.name},decode={self.decode.name}"


def engine_named(text: str, more: Mapping[str, Engine] | None = None) -> EnginePair:
    """`NAME`, or `prefill=NAME,decode=NAME`; `more` holds engines beside the presets, by their names.

    Raises ValueError for an unknown name, with the nearest one, and for a pair that cannot work together.
    """
    engines = {**ENGINES, **(more or {})}
    if "=" not in text:
        engine = _named(text.strip(), engines)
        return EnginePair(engine, engine)
    names: dict[str, str] = {}
    for part in text.split(","):
        role, _, name = part.partition("=")
        if role.strip() not in set(Role) or role.strip() in names:
            raise ValueError(f"engine {text!r}: {part!r} is not understood; write prefill=NAME,decode=NAME")
        names[role.strip()] = name.strip()
    if len(names) != len(Role):
        raise ValueError(f"engine {text!r} names one role; write prefill=NAME,decode=NAME, or one NAME for both")
    return EnginePair(_named(names[Role.PREFILL], engines), _named(names[Role.DECODE], engines))


def _named(name: str, engines: Mapping[str, Engine]) -> Engine:
    if name in engines:
        return engines[name]
    near = get_close_matches(name, engines, n=1)
    meant = f" did you mean {near[0]}?" if near else ""
    raise ValueError(f"no engine {name!r};{meant} there are: {', '.join(engines)}")
