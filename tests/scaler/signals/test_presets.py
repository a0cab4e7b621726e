import pytest

from disaggregated_service.core.signals_spec import Engine
from scaler.core.observation import Absent, Why
from scaler.edge.engines.choice import PRESETS, choose
from scaler.edge.engines.preset import HISTOGRAMS, Candidate, Kind, Place, Signal

VLLM_PREFILL = {"vllm:prompt_tokens_total", "vllm:prompt_tokens_cached_total"}


def chosen(engine, signal, names):
    return choose(PRESETS[engine], signal, {place: frozenset(found) for place, found in names.items()})


def test_every_engine_has_a_preset_with_every_signal():
    assert set(PRESETS) == set(Engine)
    for preset in PRESETS.values():
        assert set(preset.candidates) == set(Signal)


@pytest.mark.parametrize("engine", list(Engine))
def test_latencies_are_histograms_and_nothing_else_is(engine):
    for signal, candidates in PRESETS[engine].candidates.items():
        for candidate in candidates:
            assert (candidate.kind is Kind.HISTOGRAM) == (signal in HISTOGRAMS)


@pytest.mark.parametrize(
    ("engine", "signal", "place", "used"),
    [
        ("vllm", Signal.DECODE_TPS, Place.DECODE, "vllm:generation_tokens_total"),
        (
            "vllm",
            Signal.PREFILL_TPS,
            Place.PREFILL,
            'vllm:prompt_tokens_by_source_total{source="local_compute"}',
        ),
        ("vllm", Signal.TBT, Place.DECODE, "vllm:request_time_per_output_token_seconds"),
        ("vllm", Signal.TTFT, Place.PREFILL, "vllm:time_to_first_token_seconds"),
        (
            "sglang",
            Signal.DECODE_TPS,
            Place.DECODE,
            'sglang:realtime_tokens_total{engine_type="decode",mode="decode"}',
        ),
        (
            "trtllm",
            Signal.PREFILL_TPS,
            Place.PREFILL,
            "trtllm_prompt_tokens_total - trtllm_prompt_cached_tokens_total",
        ),
        ("dynamo", Signal.DECODE_TPS, Place.FRONTEND, "dynamo_frontend_output_tokens_total"),
        ("llm-d", Signal.TTFT, Place.FRONTEND, "llm_d_epp_request_ttft_seconds"),
    ],
)
def test_the_first_name_of_a_current_engine(engine, signal, place, used):
    first = PRESETS[Engine(engine)].candidates[signal][0]
    assert (str(first), first.place) == (used, place)


def test_an_old_engine_is_read_under_its_old_names_and_says_so():
    choice = chosen(Engine.VLLM, Signal.PREFILL_TPS, {Place.PREFILL: VLLM_PREFILL})
    assert choice.name.used == "vllm:prompt_tokens_total - vllm:prompt_tokens_cached_total"
    assert choice.name.missing == ('vllm:prompt_tokens_by_source_total{source="local_compute"}',)


def test_all_prompt_tokens_alone_are_not_prefill_work():
    choice = chosen(Engine.VLLM, Signal.PREFILL_TPS, {Place.PREFILL: {"vllm:prompt_tokens_total"}})
    assert isinstance(choice.used, Absent)
    assert choice.used.why is Why.NO_SERIES


def test_a_name_written_twice_is_read_once():
    both = {"llm_d_epp_request_output_tokens_sum", "inference_objective_request_output_tokens_sum"}
    choice = chosen(Engine.LLM_D, Signal.DECODE_TPS, {Place.FRONTEND: both})
    assert choice.name.used == "llm_d_epp_request_output_tokens_sum"


def test_a_deprecated_name_serves_where_it_is_the_only_one():
    choice = chosen(
        Engine.LLM_D, Signal.DECODE_TPS, {Place.FRONTEND: {"inference_objective_request_output_tokens_sum"}}
    )
    assert choice.name.used == "inference_objective_request_output_tokens_sum"
    assert choice.name.missing[0] == "llm_d_epp_request_output_tokens_sum"


def test_a_place_that_is_not_configured_is_passed_over():
    choice = chosen(Engine.LLM_D, Signal.DECODE_TPS, {Place.DECODE: {"vllm:generation_tokens_total"}})
    assert isinstance(choice.used, Candidate)
    assert choice.used.place is Place.DECODE
    assert chosen(Engine.DYNAMO, Signal.DECODE_TPS, {}).used == Absent(
        Why.NOT_CONFIGURED, "preset dynamo reads it at frontend, which this service does not name"
    )


def test_names_do_not_take_turns_while_a_better_place_cannot_be_asked():
    down = Absent(Why.SOURCE_DOWN)
    found: dict[Place, frozenset[str] | Absent]
    found = {Place.FRONTEND: down, Place.DECODE: frozenset({"vllm:generation_tokens_total"})}
    assert choose(PRESETS[Engine.LLM_D], Signal.DECODE_TPS, found).used == down


def test_a_decode_pool_is_never_asked_for_prompt_tokens():
    """On vLLM's decode replicas they count what was transferred, not what was computed."""
    for preset in PRESETS.values():
        assert not [name for name in preset.names_at(Place.DECODE) if "prompt" in name or "input" in name]
