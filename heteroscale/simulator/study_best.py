"""What the engines could do at best for a load: every request alone in an idle system.

Asked before anything is simulated: an SLO that no fleet of any size can meet is the caller's mistake, and no policy's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heteroscale.simulator.arrivals import Requests
from heteroscale.simulator.world.engine import Engine, Link
from heteroscale.simulator.world.result import Slo


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """attained_frac: share of the requests that meet both targets. *_s_best: of the request that is served fastest.

    *_s_p50: of the median request. context_tokens_max: of the longest request, prompt and answer.
    """

    attained_frac: float
    ttft_s_best: float
    ttft_s_p50: float
    tbt_s_best: float
    tbt_s_p50: float
    context_tokens_max: int


def best_possible(requests: Requests, prefill: Engine, decode: Engine, slo: Slo) -> Best:
    """Over all requests. A decode step alone has a batch of one, and half the answer in its context."""
    prompts = requests.prompt_tokens.astype(np.float64)
    a, b, c = prefill.prefill_s
    link = Link()
    ttft_s = a + b * prompts + c * prompts**2 + link.setup_s + prompts * prefill.kv_bytes_per_token / link.bytes_per_s
    d0, d1, d2 = decode.step_s
    tbt_s = d0 + d1 + d2 * (prompts + requests.output_tokens / 2)
    met = (ttft_s <= slo.ttft_s) & (tbt_s <= slo.tbt_s)
    return Best(
        attained_frac=float(np.mean(met)),
        ttft_s_best=float(ttft_s.min()),
        ttft_s_p50=float(np.median(ttft_s)),
        tbt_s_best=float(tbt_s.min()),
        tbt_s_p50=float(np.median(tbt_s)),
        context_tokens_max=int((requests.prompt_tokens + requests.output_tokens).max()),
    )


def unfitting(best: Best, decode: Engine) -> str:
    """Why an engine cannot serve this load at all, empty where it can."""
    if best.context_tokens_max <= decode.kv_tokens_max:
        return ""
    return (
        f"a request of {best.context_tokens_max:,} tokens never fits into the KV memory of a replica of "
        f"{decode.name}, which holds {decode.kv_tokens_max:,}"
    )


def impossible(best: Best, slo: Slo) -> str:
    """Why nobody can meet the SLO, empty where somebody can."""
    if best.ttft_s_best > slo.ttft_s:
        return (
            f"the ttft target of {1000 * slo.ttft_s:g} ms cannot be met: an idle replica needs at least "
            f"{1000 * best.ttft_s_best:.0f} ms, and {1000 * best.ttft_s_p50:.0f} ms for the median prompt"
        )
    if best.tbt_s_best > slo.tbt_s:
        return (
            f"the tbt target of {1000 * slo.tbt_s:g} ms cannot be met: a request alone takes at least "
            f"{1000 * best.tbt_s_best:.1f} ms a token, and {1000 * best.tbt_s_p50:.1f} ms in the median"
        )
    return "" if best.attained_frac else "no request can meet the targets of ttft and tbt together, even alone"
