"""The tree of domains on a terminal: one line a domain and class, from the outside in. Drawing only.

It fits 80 columns: long names are cut at the end, bars take what is left.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table
from rich.text import Text

from disaggregated_service.core.placement_spec import Tier
from heteroscale.command.topology_tree import Branch, ClassUse

TIER_STYLE = {Tier.LOW: "green", Tier.MEDIUM: "yellow", Tier.HIGH: "red"}
BAR_CELLS = 16
BAR_CELLS_NARROW = 8
NARROW_COLUMNS = 90


def show(console: Console, profile: str, root: Branch) -> None:
    """Prints the table, and below it what the words mean."""
    cells = BAR_CELLS_NARROW if console.width < NARROW_COLUMNS else BAR_CELLS
    table = Table(box=None, pad_edge=False, title=f"topology by {profile}", title_justify="left", title_style="bold")
    table.add_column("domain", no_wrap=True, overflow="ellipsis", ratio=1)
    for name in ("level", "tier", "class"):
        table.add_column(name, no_wrap=True)
    table.add_column("used", no_wrap=True, width=cells)
    table.add_column("free", justify="right", no_wrap=True)
    table.add_column("nodes", justify="right", no_wrap=True)
    for row in _rows(root, "", "", cells):
        table.add_row(*row)
    console.print(table)
    console.print(
        "free: of the GPUs on nodes that take replicas now · (-n): nodes that take none",
        style="dim",
    )


def _rows(branch: Branch, lead: str, below: str, cells: int) -> Iterator[tuple[Text, ...]]:
    """lead: what stands before the domain's own name; below: before the lines under it."""
    name = Text(lead, style="dim") + Text("cluster" if branch.label is None else branch.label.value)
    if branch.level == "unknown":
        name = Text(lead, style="dim") + Text("unknown (labels missing)", style="italic")
    tier = Text(branch.tier or "", style=TIER_STYLE[branch.tier] if branch.tier else "")
    deeper = bool(branch.groups or branch.children)
    level = "" if branch.level in {"cluster", "unknown"} else branch.level
    for index, use in enumerate(branch.classes):
        first = index == 0
        yield (
            name if first else Text(below + ("│ " if deeper else "  "), style="dim"),
            Text(level if first else ""),
            tier if first else Text(),
            *_use(use, cells),
        )
    for words in branch.groups:
        line = Text(below + ("│ " if branch.children else "  "), style="dim") + Text(f"■ {words}", style="cyan")
        yield (line, *[Text()] * 6)
    for index, child in enumerate(branch.children):
        last = index == len(branch.children) - 1
        yield from _rows(child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  "), cells)


def _use(use: ClassUse, cells: int) -> tuple[Text, ...]:
    full = 0 if use.gpus == 0 else round(cells * use.used / use.gpus)
    if 0 < use.used < use.gpus:
        full = min(max(full, 1), cells - 1)  # neither empty nor full is shown where it is not so
    bar = Text("█" * full) + Text("░" * (cells if use.gpus else 0), style="dim")[: (cells if use.gpus else 0) - full]
    nodes = f"{use.nodes} (-{use.out})" if use.out else str(use.nodes)
    return Text(use.name), bar, Text(f"{use.gpus - use.used}/{use.gpus}"), Text(nodes)
