from heteroscale.command.servable import servable
from tests.services import service

check = servable(scrape_interval_s=5, interval_s=15, has_prometheus=True)


def test_a_query_under_a_name_that_nobody_asks_for_is_a_fault():
    subject = service(signals={"queries": {"decodeTPS": "x", "decode_tps": "x", "ttft": "x"}})
    (fault,) = check(subject)
    assert fault.path == "spec.signals.queries.decodeTPS"
    assert "did you mean" in fault.right


def test_signals_that_serve_can_read_are_no_fault():
    assert check(service()) == ()


def test_a_prometheus_that_nobody_named_is_a_fault():
    blind = servable(scrape_interval_s=5, interval_s=15, has_prometheus=False)
    (fault,) = blind(service())
    assert (fault.path, "--prometheus" in fault.right) == ("spec.signals.source", True)
