"""What each request costs, computed once before the world starts: the same numbers for every world.

Nothing here depends on when or where a request is served.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.trace import FloatArray, IntArray
from heteroscale.simulator.world.engine import Engine
from heteroscale.simulator.world.network import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One entry per request, in the order of arrival.

    cached_tokens: the front of the prompt that prefill finds in its cache. read_s: prefill on one rank. transfer_s: the
    KV cache on its way. to_write: tokens that decode writes; the first one comes from prefill.
    """

    arrival_s: FloatArray
    prompt_tokens: IntArray
    cached_tokens: IntArray
    read_s: FloatArray
    transfer_s: FloatArray
    to_write: IntArray


def work_of(
    requests: Requests, *, prefill: Engine, decode: Engine, network: Network, prefix_hit_frac: float = 0.0
) -> Work:
    """Every prompt has the same share of its tokens in the cache; its KV cache travels whole all the same.

    Raises ValueError for a share outside 0..1, and for a request whose context no empty decode replica could hold.
    """
    if not 0 <= prefix_hit_frac < 1:
        raise ValueError(f"prefix_hit_frac is {prefix_hit_frac}; it must be at least 0 and below 1")
    prompts = requests.prompt_tokens
    to_write = requests.output_tokens - 1
    too_long = np.flatnonzero((prompts + to_write > decode.kv_tokens_max) & (to_write > 0))
    if len(too_long):
        first = int(too_long[0])
        raise ValueError(
            f"request {first}: {prompts[first]} + {to_write[first]} tokens never fit into the {decode.kv_tokens_max:,} "
            f"tokens of KV memory of {decode.name}; choose an engine with more, or cap the lengths"
        )
    cached = np.floor(prompts * prefix_hit_frac).astype(np.int64)
    a, b, c = prefill.prefill_s
    return Work(
        arrival_s=requests.arrival_s,
        prompt_tokens=prompts,
        cached_tokens=cached,
        read_s=a + b * (prompts - cached) + c * (prompts**2 - cached**2),
        transfer_s=network.transfers_s(prompts.astype(np.float64) * prefill.kv_bytes_per_token),
        to_write=to_write,
    )
