"""The presets say what their source says, and an engine can be named, mixed and fitted."""

from __future__ import annotations

import re

import pytest

from heteroscale.simulator.engines.choice import ENGINES, engine_named
from heteroscale.simulator.engines.fit import fit_engine
from heteroscale.simulator.engines.grid import GridError
from heteroscale.simulator.world.engine import Engine

# tokens/s per GPU as the source prints them. Prefill: measured points at these lengths. Decode: the fitted formula at
# a time between tokens and a context, None where it is limited by KV memory or cannot be reached.
PREFILL_LENGTHS = (1024, 4096, 8192, 32768)
PRINTED = {
    "llama-3.1-70b-h100-tp2": ((6025, 5992, 6601, 4764), {(20, 1024): 1057, (20, 4096): 453, (40, 1024): 4264}),
    "llama-3.1-70b-h100-tp4": ((4419, 4745, 5094, 4091), {(20, 1024): 2138, (20, 4096): 1157, (40, 4096): 1849}),
    "llama-3.1-70b-h100-tp8": ((2969, 3312, 3653, 3148), {(20, 1024): 1890, (20, 8192): 779, (40, 8192): 1049}),
    "llama-3.1-70b-h200-tp4": ((4869, 5234, 5273, 4220), {(20, 1024): 2614, (20, 4096): 1451, (40, 8192): 1318}),
    "qwen3-32b-h100-tp1": ((14851, 14340, 13604, 7978), {(20, 1024): 2652, (20, 4096): 1022, (40, 1024): 6910}),
    "qwen3-32b-h200-tp1": ((17026, 16259, 15212, 9230), {(20, 1024): 4627, (20, 8192): 1013, (40, 8192): 1790}),
    "deepseek-r1-h200-dp16ep16": ((4571, 5542, 5557, 3579), {(40, 1024): 2169, (40, 4096): 1402, (40, 8192): 953}),
    "deepseek-r1-h200-dp32ep32": ((3707, 4225, 3668, 2626), {(20, 1024): 196, (40, 4096): 1414, (40, 8192): 1037}),
    "deepseek-r1-h100-dp16ep16": ((4536, 5301, 4921, 3524), {(40, 1024): 1569, (40, 8192): 784}),
    "deepseek-r1-h100-dp32ep32": ((3558, 3693, 3407, 2768), {(40, 1024): 1677, (40, 8192): 948}),
}


def decode_tps_per_gpu(engine: Engine, tbt_s: float, context_tokens: int) -> float:
    """As many running requests as keep the time between tokens: d0 + d1*B + d2*B*context = tbt."""
    d0, d1, d2 = engine.step_s
    running = (tbt_s - d0) / (d1 + d2 * context_tokens)
    return running / tbt_s / engine.gpus


def worst_error_frac(engine: Engine) -> float:
    """The largest error that the preset itself admits to for prefill."""
    return max(float(found) for found in re.findall(r"prefill [a-z ]*(\d+) %", engine.fit_error)) / 100


@pytest.mark.parametrize("name", PRINTED)
def test_prefill_is_within_the_stated_error_of_the_measured_points(name: str) -> None:
    engine = ENGINES[name]
    for tokens, printed in zip(PREFILL_LENGTHS, PRINTED[name][0], strict=True):
        per_gpu = engine.prefill_ranks * tokens / engine.prefill_duration_s(tokens) / engine.gpus
        assert per_gpu == pytest.approx(printed, rel=worst_error_frac(engine))


@pytest.mark.parametrize("name", PRINTED)
def test_decode_is_what_the_formula_gives(name: str) -> None:
    for (tbt_ms, context), printed in PRINTED[name][1].items():
        assert decode_tps_per_gpu(ENGINES[name], tbt_ms / 1e3, context) == pytest.approx(printed, rel=0.02)


def test_every_preset_states_its_source_its_error_and_its_quantisation() -> None:
    for name, engine in ENGINES.items():
        assert engine.name == name
        assert len(engine.source) > 20
        assert "%" in engine.fit_error or "scaled" in engine.fit_error
        assert engine.quantisation
        assert engine.kv_tokens_max > 10_000 or not engine.decodes


def test_two_engines_are_mixed_by_role() -> None:
    pair = engine_named("prefill=llama-3.1-70b-h100-tp4,decode=llama-3.1-70b-h200-tp4")
    assert (pair.prefill.name, pair.decode.name) == ("llama-3.1-70b-h100-tp4", "llama-3.1-70b-h200-tp4")
    assert engine_named("qwen3-32b-h200-tp1").prefill is engine_named("qwen3-32b-h200-tp1").decode


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("qwen3-32b-h200-tp", "qwen3-32b-h200-tp1"),
        ("prefill=qwen3-32b-h200-tp1,decode=llama-3.1-70b-h100-tp4", "KV cache"),
        ("prefill=qwen3-32b-h200-tp1", "decode"),
        ("", "no engine"),
    ],
)
def test_an_engine_that_cannot_be_is_refused_with_what_would_do(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        engine_named(text)


HEADER = (
    "model,system,backend,backend_version,tp,attention_dp,gpus,phase,isl_or_context,batch_global,ms,memory_gb_per_gpu"
)


ROW = "Meta-Llama-3.1-70B,h100_sxm,vllm,0.24.0,4,1,4"


def grid() -> list[str]:
    """Points of an engine whose coefficients are known: 10 + 0.05 L + 1e-6 L^2, and 12 + 0.04 B + 2e-5 KV."""
    prefill = [(tokens, 1, 10 + 0.05 * tokens + 1e-6 * tokens**2) for tokens in (256, 1024, 4096, 16384)]
    decode = [
        (context, batch, 12 + 0.04 * batch + 2e-5 * batch * context)
        for context in (1024, 4096, 8192)
        for batch in (1, 16, 128)
    ]
    return [
        HEADER,
        *(f"{ROW},prefill,{tokens},{batch},{ms},10.0" for tokens, batch, ms in prefill),
        *(f"{ROW},decode,{context},{batch},{ms},10.0" for context, batch, ms in decode),
    ]


def test_a_fit_finds_the_coefficients_behind_exact_points() -> None:
    engine = fit_engine(grid(), "mine")
    assert engine.prefill_s == pytest.approx((10e-3, 0.05e-3, 1e-9), rel=1e-4)
    assert engine.step_s == pytest.approx((12e-3, 0.04e-3, 2e-8), rel=1e-4)
    assert engine.gpus == 4
    assert "0.0%" in engine.fit_error


@pytest.mark.parametrize(
    "bad",
    [
        "Meta-Llama-3.1-70B,h100_sxm,vllm,0.24.0,4,1,4,prefill,abc,1,5,10",
        "Meta-Llama-3.1-70B,h100_sxm,vllm,0.24.0,4,1,4,prefill,64,1,-5,10",
    ],
)
def test_a_bad_row_is_named_by_its_line(bad: str) -> None:
    with pytest.raises(GridError, match="line 3"):
        fit_engine([*grid()[:2], bad, *grid()[2:]], "mine")


def test_points_that_determine_nothing_are_refused() -> None:
    with pytest.raises(GridError, match="do not determine"):
        fit_engine(grid()[:2], "mine")
