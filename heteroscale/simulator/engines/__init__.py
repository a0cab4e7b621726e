"""What replicas can do: presets by name, and new ones fitted to measured points."""

from heteroscale.simulator.engines.choice import ENGINES, EnginePair, engine_named
from heteroscale.simulator.engines.fit import fit_engine
from heteroscale.simulator.engines.grid import GridError
from heteroscale.simulator.engines.presets import LLAMA_70B_H100_TP4

__all__ = ["ENGINES", "LLAMA_70B_H100_TP4", "EnginePair", "GridError", "engine_named", "fit_engine"]
