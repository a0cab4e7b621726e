"""The reference of topology profiles for people: the fields, made from the types, and what each preset reads."""

from __future__ import annotations

from collections.abc import Iterator

from disaggregated_service.core.profile_preset import PRESETS
from disaggregated_service.core.shape import record_of
from disaggregated_service.core.topology_labels import TopologyProfile
from disaggregated_service.core.topology_profile import TopologyProfileSpec
from disaggregated_service.edge.manifest import API_VERSION, PROFILE_KIND
from disaggregated_service.edge.reference import sections

_HEAD = f"""# {PROFILE_KIND}

`apiVersion: {API_VERSION}`, cluster-scoped. The same YAML works in a file, beside the services, and in a cluster.
This page is generated from the types by `python -m disaggregated_service.edge.generate`; do not edit it.

Which node labels say where a node sits and what GPU it has: there is no standard, so it is configuration. A service
names a profile, or directly one of the presets below, in `spec.placement.topologyProfile`; a profile with a preset's
name takes its place.

Of each level's keys the first that a node carries counts, and a key counts for the innermost level only. With `aws`, a
node with layers 1 to 4 has S1 layer 4 and S2 layer 3; one with layers 1 to 3 has S1 layer 3 and S2 layer 2.
A node without a level's label is placed by no rule at that level.

Where patterns of several classes match a product, the one with most letters written out wins. Products that sharing or
MIG renamed (`-SHARED`, `-MIG-...`) match only patterns that name that part.

Where the label of a preset's classes is not on the nodes (no GPU feature discovery, for instance), write the classes by
another one: `h100: {{label: node.kubernetes.io/instance-type, match: ["p5.48xlarge"]}}`.

```yaml
apiVersion: {API_VERSION}
kind: {PROFILE_KIND}
metadata: {{name: our-fabric}}
spec:
  preset: topograph-v1
  gpuClasses:
    h100: {{match: ["NVIDIA-H100-*"]}}
  reserve: {{high: 0.1}}
```
"""


def profile_reference() -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *sections(record_of(TopologyProfileSpec)), *_presets()])


def _presets() -> Iterator[str]:
    yield "## Presets\n"
    yield "| preset | S1 | S2 | upper, outermost first | GPU classes by | RDMA resources |"
    yield "| --- | --- | --- | --- | --- | --- |"
    yield from (_row(profile) for profile in PRESETS.values())
    yield "\n## GPU classes of the presets\n"
    yield "| class | products | labels |\n| --- | --- | --- |"
    yield from _classes()
    yield ""


def _row(profile: TopologyProfile) -> str:
    labels = sorted({found.label for _, found in profile.classes})
    columns = (profile.s1, profile.s2, profile.upper, labels, profile.rdma_resources)
    return f"| `{profile.name}` | " + " | ".join(_keys(column) for column in columns) + " |"


def _classes() -> Iterator[str]:
    """One row a class and way of writing products; whose label it is, is in the table above."""
    labels: dict[tuple[str, tuple[str, ...]], set[str]] = {}
    for profile in PRESETS.values():
        for name, found in profile.classes:
            labels.setdefault((name, found.match), set()).add(found.label)
    for (name, match), found_labels in sorted(labels.items()):
        yield f"| `{name}` | {_keys(match)} | {_keys(sorted(found_labels))} |"


def _keys(keys: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys) or "-"
