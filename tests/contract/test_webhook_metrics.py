"""Every metric that the running webhook exports is documented with what to do about it, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.placement_webhook.edge.plan_text import TWO_DOMAINS, group, nodes_text, plan_text, pod, service_object
from tests.placement_webhook.edge.webhook_program import WebhookProgram

REFERENCE = Path(__file__).resolve().parents[2] / "docs/reference/metrics.md"
SUFFIX = re.compile(r"_(bucket|count|sum)$")


async def test_every_metric_is_documented_and_nothing_else_is(tmp_path: Path) -> None:
    async with WebhookProgram(tmp_path) as program:
        program.plan.write_text(plan_text(service_object("chat", group("chat-a", "s2-1", 2, 6))))
        program.nodes.write_text(nodes_text(*TWO_DOMAINS))
        await program.said("plan")
        await program.admit(pod("chat", "prefill"))
        _, text = await program.get("/metrics")
    samples = [sample.name for family in text_string_to_metric_families(text) for sample in family.samples]
    exported = {SUFFIX.sub("", name) for name in samples if not name.endswith("_created")}
    rows = re.findall(
        r"^\| `(heteroscale_webhook_\w+)` \|[^|]*\|[^|]+\|([^|]+)\|$",
        REFERENCE.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    ours = {name for name in exported if name.startswith("heteroscale_webhook_")}
    labelled = {"heteroscale_webhook_refused_total", "heteroscale_webhook_reload_failures_total"}  # shown once counted
    assert {name for name, _ in rows} - labelled == ours - labelled
    assert [name for name, remedy in rows if len(remedy.strip()) < 10] == []
