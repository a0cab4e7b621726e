"""`heteroscale webhook` in a process of its own: files that are missing, old, broken or replaced, and its end."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.command.running_program import PATIENCE_S, eventually, run_command
from tests.placement_webhook.edge.plan_text import (
    CHAT,
    PRODUCT,
    S2,
    TWO_DOMAINS,
    group,
    nodes_text,
    plan_text,
    pod,
    service_object,
)
from tests.placement_webhook.edge.webhook_program import WebhookProgram
from tests.placement_webhook.edge.webhook_world import patched

PREFILL = pod("chat", "prefill")


def values_of(patch: list[dict[str, Any]], key: str, before: dict[str, Any] = PREFILL) -> set[str]:
    """Of one label over all required terms, after an independent engine applied the patch."""
    after = patched(before, patch)
    required = after["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return {
        value
        for term in required["nodeSelectorTerms"]
        for expression in term["matchExpressions"]
        if expression["key"] == key
        for value in expression["values"]
    }


async def metric(program: WebhookProgram, result: str, reason: str) -> float:
    return await program.metric(f'reviews_total{{reason="{reason}",result="{result}"}}')


async def test_from_no_plan_to_a_plan_to_the_drain(tmp_path: Path) -> None:
    async with WebhookProgram(tmp_path) as program:
        status, why = await program.get("/readyz")
        assert status == 503
        assert "--plan" in why
        assert await program.admit(PREFILL) == []
        assert await metric(program, "failopen", "unsynced") == 1

        program.plan.write_text(plan_text(CHAT))
        program.nodes.write_text(nodes_text(*TWO_DOMAINS))
        await program.said("plan of 1 services")
        await program.said("8 nodes and 0 pods")
        await _ready(program)
        patch = await program.admit(PREFILL)
        assert values_of(patch, S2) == {"s2-a", "s2-b"}
        assert values_of(patch, PRODUCT) == {"NVIDIA-H100-80GB-HBM3"}
        assert await program.admit(patched(PREFILL, patch)) == [], "admitted twice, changed once"
        assert await program.admit(pod("stranger", "prefill")) == []
        assert await metric(program, "skipped", "not_a_role") == 1
        assert await program.metric("nodes") == 8

        program.process.send_signal(signal.SIGTERM)
        assert await program.ended() == 0
        await program.said("stopped")


async def test_a_plan_a_day_old_is_applied_and_counted(tmp_path: Path) -> None:
    program = WebhookProgram(tmp_path)
    program.plan.write_text(plan_text(CHAT))
    program.nodes.write_text(nodes_text(*TWO_DOMAINS))
    yesterday_unix_s = time.time() - 86_400
    os.utime(program.plan, (yesterday_unix_s, yesterday_unix_s))
    async with program:
        assert values_of(await program.admit(PREFILL), S2) == {"s2-a", "s2-b"}
        assert await program.metric("stale_plan_reviews_total") == 1
        assert await program.metric("plan_age_seconds") >= 86_400


async def test_without_nodes_pods_go_in_untouched_until_there_are_some(tmp_path: Path) -> None:
    program = WebhookProgram(tmp_path)
    program.plan.write_text(plan_text(CHAT))
    program.nodes.write_text(nodes_text())
    async with program:
        assert await program.admit(PREFILL) == []
        assert await metric(program, "failopen", "no_nodes") == 1
        program.nodes.write_text(nodes_text(*TWO_DOMAINS))
        await program.said("8 nodes")
        assert await program.admit(PREFILL) != []


async def test_a_group_whose_domain_vanished_is_left_out_and_the_last_one_leaves_the_pod_alone(tmp_path: Path) -> None:
    program = WebhookProgram(tmp_path)
    program.plan.write_text(plan_text(CHAT))
    program.nodes.write_text(nodes_text(*(one for one in TWO_DOMAINS if one["metadata"]["labels"][S2] == "s2-b")))
    async with program:
        assert values_of(await program.admit(PREFILL), S2) == {"s2-b"}
        gone = service_object("chat", group("chat-a", "s2-a", 1, 3))
        program.plan.write_text(plan_text(gone))
        await _said_times(program, "plan of 1 services", 2)
        assert await program.admit(PREFILL) == []
        assert await metric(program, "failopen", "groups_vanished") == 1


async def test_a_conflicting_selector_of_the_authors_wins(tmp_path: Path) -> None:
    program = WebhookProgram(tmp_path)
    program.plan.write_text(plan_text(CHAT))
    program.nodes.write_text(nodes_text(*TWO_DOMAINS))
    async with program:
        picky = pod("chat", "prefill")
        picky["spec"]["nodeSelector"] = {S2: "s2-elsewhere"}
        assert await program.admit(picky) == []
        assert await metric(program, "failopen", "conflict") == 1


async def test_a_burst_spreads_by_what_this_process_admitted_and_dry_runs_leave_no_trace(tmp_path: Path) -> None:
    program = WebhookProgram(tmp_path)
    program.plan.write_text(plan_text(CHAT))
    program.nodes.write_text(nodes_text(*TWO_DOMAINS))
    async with program:
        for _ in range(8):
            await program.admit(PREFILL, dryRun=True)
        assert await program.metric("recent_admissions") == 0
        for _ in range(2):
            await program.admit(PREFILL)
        assert await program.metric("recent_admissions") == 2


async def test_it_makes_certificates_of_its_own(tmp_path: Path) -> None:
    program = WebhookProgram(tmp_path, own=True)
    program.plan.write_text(plan_text(CHAT))
    program.nodes.write_text(nodes_text(*TWO_DOMAINS))
    async with program:
        assert await program.admit(PREFILL) != []
        assert await program.metric("certificate_expiry_timestamp_seconds") > time.time() + 20 * 86_400


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--plan: is missing"),
        (["--plan", "plan.yaml"], "--nodes: is missing"),
        (["--plan", "nowhere/plan.yaml", "--nodes", "n"], "--plan nowhere/plan.yaml: nowhere is no folder"),
        (["--plan", "p", "--nodes", "n"], "--tls-cert: is missing"),
        (["--plan", "p", "--nodes", "n", "--tls-cert", "c"], "--tls-cert: goes with --tls-key"),
        (["--plan", "p", "--nodes", "n", "--tls-own", "d", "--tls-key", "k"], "--tls-own: certificates are given"),
        (["--plan", "p", "--nodes", "n", "--tls-name", "w"], "--tls-name: says whom"),
        (["--listen", "nonsense"], "is not HOST:PORT"),
        (
            ["--plan", "p", "--nodes", "n", "--tls-cert", "c", "--tls-key", "k", "--listen", "192.0.2.1:443"],
            "--listen 192.0.2.1:443: ",
        ),
    ],
)
async def test_a_callers_mistake_is_named(arguments: list[str], words: str) -> None:
    code, _, errors = await run_command("webhook", *arguments)
    assert code == 2
    assert words in errors


async def _ready(program: WebhookProgram) -> None:
    ends_at_s = time.monotonic() + PATIENCE_S
    while (await program.get("/readyz"))[0] != 200:
        assert time.monotonic() < ends_at_s


async def _said_times(program: WebhookProgram, pattern: str, times: int) -> None:
    await eventually(lambda: sum(pattern in line for line in program.lines) >= times, lambda: "\n".join(program.lines))
