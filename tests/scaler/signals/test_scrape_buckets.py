"""Histograms whose buckets are none."""

import pytest

from scaler.edge.engines.choice import PRESETS
from scaler.edge.engines.preset import Place, Signal
from scaler.edge.exposition import Exposition
from scaler.edge.scrape_samples import Pool, ScrapeSamples
from scaler.edge.scrape_window import ReplicaWindow
from tests.fakes.exporter_text import Vllm
from tests.services import service


@pytest.mark.parametrize("bound", ["", ',le="abc"', ',le="NaN"'])
def test_a_bucket_without_a_bound_is_none_and_ends_no_tick(bound: str):
    asked = service(
        signals={"source": "scrape", "endpoints": {"prefill": ["http://p/metrics"], "decode": ["http://d/metrics"]}}
    )
    preset = PRESETS[asked.spec.engine]
    exposition = Exposition(preset.names_at(Place.PREFILL))
    window = ReplicaWindow()
    for at_s in (10.0, 20.0, 30.0):
        text = Vllm(ttft={0.1: at_s, 1.0: at_s}).text().replace(',le="0.1"', bound, 1)
        window.add(at_s, exposition.read(text.encode(), series_max=1000), 60.0)
    assert asked.spec.signals is not None
    pools = {Place.PREFILL: Pool(windows={"http://p/metrics": window})}
    samples = ScrapeSamples(asked, asked.spec.signals, pools, 30.0)
    merged = samples.buckets(preset.candidates[Signal.TTFT][0])
    assert 0.1 not in merged
    assert merged[float("inf")] > 0
