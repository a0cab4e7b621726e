"""Built-in topology profiles: what each provider's nodes are labelled with.

S1 is the switch closest to a node and S2 the next one, whatever the provider calls them. Where a provider has a
label for the GPU that is there without an add-on, the classes use it; elsewhere they use those of NVIDIA's
GPU feature discovery and of AMD's node labeller. This file must never know a cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from disaggregated_service.core.topology_labels import GpuClass, TopologyProfile

ZONE = "topology.kubernetes.io/zone"
NVIDIA_PRODUCT = "nvidia.com/gpu.product"
AMD_PRODUCT = "amd.com/gpu.product-name"

_NVIDIA_MODELS = (
    ("a10", "A10"),
    ("a10g", "A10G"),
    ("a100", "A100"),
    ("a800", "A800"),
    ("b200", "B200"),
    ("b300", "B300"),
    ("gb200", "GB200"),
    ("gb300", "GB300"),
    ("gh200", "GH200"),
    ("h20", "H20"),
    ("h100", "H100"),
    ("h200", "H200"),
    ("h800", "H800"),
    ("l4", "L4"),
    ("l20", "L20"),
    ("l40", "L40"),
    ("l40s", "L40S"),
)
_AMD_MODELS = ("MI210", "MI250", "MI250X", "MI300A", "MI300X", "MI308X", "MI325X", "MI350X", "MI355X")

Classes = tuple[tuple[str, GpuClass], ...]


def _nvidia() -> Classes:
    """As GPU feature discovery writes products: `NVIDIA-H100-80GB-HBM3`; older ones leave `NVIDIA-` out.

    A model's name is matched whole or before a dash: `NVIDIA-H20*` would take an H200 for an H20.
    """
    return tuple(
        (name, GpuClass(match=(f"NVIDIA-{model}", f"NVIDIA-{model}-*", model, f"{model}-*")))
        for name, model in _NVIDIA_MODELS
    )


def _amd() -> Classes:
    """As AMD's labeller writes products: `AMD_Instinct_MI300X_OAM`."""
    return tuple(
        (model.lower(), GpuClass(label=AMD_PRODUCT, match=(f"AMD_Instinct_{model}", f"AMD_Instinct_{model}_*")))
        for model in _AMD_MODELS
    )


def _classes(*some: Iterable[tuple[str, GpuClass]]) -> Classes:
    return tuple(sorted((one for classes in some for one in classes), key=lambda item: item[0]))


def _labelled(label: str, products: Mapping[str, tuple[str, ...]]) -> Classes:
    return tuple((name, GpuClass(label=label, match=match)) for name, match in products.items())


COMMON = _classes(_nvidia(), _amd())

GKE_CLASSES = _classes(
    _amd(),
    _labelled(
        "cloud.google.com/gke-accelerator",
        {
            "a100": ("nvidia-tesla-a100", "nvidia-a100-80gb"),
            "b200": ("nvidia-b200",),
            "b300": ("nvidia-b300",),
            "gb200": ("nvidia-gb200",),
            "gb300": ("nvidia-gb300",),
            "h100": ("nvidia-h100-80gb", "nvidia-h100-mega-80gb"),
            "h200": ("nvidia-h200-141gb",),
            "l4": ("nvidia-l4",),
        },
    ),
)


def _renamed(label: str) -> Classes:
    """The same products under the provider's own label."""
    return tuple((name, replace(found, label=label)) for name, found in _nvidia())


ALIBABA_CLASSES = _classes(_amd(), _renamed("aliyun.accelerator/nvidia_name"))
VOLCENGINE_CLASSES = _classes(_amd(), _renamed("machine.cluster.vke.volcengine.com/gpu-name"))


def _topograph(name: str, prefix: str, s1: str, s2: str, *upper: str) -> TopologyProfile:
    keys = tuple(f"{prefix}/{level}" for level in upper)
    return TopologyProfile(
        name=name, s1=(f"{prefix}/{s1}",), s2=(f"{prefix}/{s2}",), upper=(ZONE, *keys), classes=COMMON
    )


TOPOGRAPH = _topograph("topograph-v1", "fabric.topograph.run", "tier-0", "tier-1", "tier-4", "tier-3", "tier-2")

# Instance types have three layers or four, counted from the top: what is closest to a node is layer 4 where there is
# one, else layer 3. A key counts for the innermost level only, so that S2 is layer 3 or 2, always the one above S1.
AWS = TopologyProfile(
    name="aws",
    s1=("topology.k8s.aws/network-node-layer-4", "topology.k8s.aws/network-node-layer-3"),
    s2=("topology.k8s.aws/network-node-layer-3", "topology.k8s.aws/network-node-layer-2"),
    upper=(ZONE, "topology.k8s.aws/network-node-layer-1", "topology.k8s.aws/network-node-layer-2"),
    classes=COMMON,
    rdma_resources=("vpc.amazonaws.com/efa",),
)

GKE = TopologyProfile(
    name="gke",
    s1=("cloud.google.com/gce-topology-subblock",),
    s2=("cloud.google.com/gce-topology-block",),
    upper=(ZONE,),
    classes=GKE_CLASSES,
    rdma_resources=(),  # the topology labels are there on machines with RDMA only
)

OCI = TopologyProfile(
    name="oci",
    s1=("oci.oraclecloud.com/rdma.local_block_id", "oci.oraclecloud.com/host.rack_id"),
    s2=("oci.oraclecloud.com/rdma.network_block_id", "oci.oraclecloud.com/host.network_block_id"),
    upper=(ZONE, "oci.oraclecloud.com/rdma.hpc_island_id"),
    classes=COMMON,
    rdma_resources=(),  # pods there use the host's network, or a resource each site names itself
)

COREWEAVE = TopologyProfile(
    name="coreweave",
    s1=("backend.coreweave.cloud/leafgroup", "backend.coreweave.cloud/leafgroup-name"),
    s2=("ib.coreweave.cloud/superpod", "backend.coreweave.cloud/fabric"),  # superpods are InfiniBand's; RoCE has none
    upper=(ZONE, "backend.coreweave.cloud/fabric"),
    classes=COMMON,
)

ALIBABA = TopologyProfile(
    name="alibaba",
    s1=("alibabacloud.com/asw-id",),
    s2=("alibabacloud.com/point-of-delivery",),
    upper=(ZONE, "alibabacloud.com/hpn-zone"),
    classes=ALIBABA_CLASSES,
    rdma_resources=("rdma/*", "aliyun/erdma"),
)

GENERIC = TopologyProfile(
    name="generic",
    s1=("topology.kubernetes.io/rack",),
    s2=("topology.kubernetes.io/block",),
    upper=("topology.kubernetes.io/region", ZONE),
    classes=COMMON,
)

VOLCENGINE = replace(  # no public label for switches: levels are the site's own, generic keys until it says so
    GENERIC, name="volcengine", classes=VOLCENGINE_CLASSES, rdma_resources=("vke.volcengine.com/rdma", "rdma/*")
)

AMD = replace(GENERIC, name="amd", gpu_resource="amd.com/gpu", classes=_classes(_amd()))

VOLCANO = TopologyProfile(
    name="volcano",
    s1=("volcano.sh/tor", "volcano.sh/hypernode"),
    s2=("volcano.sh/hypercluster",),
    upper=(ZONE,),
    classes=COMMON,
)

# No label for switches: one InfiniBand fabric is one node pool, so a pool stands for S2, and S1 is not known.
AZURE = TopologyProfile(name="azure", s2=("kubernetes.azure.com/agentpool",), upper=(ZONE,), classes=COMMON)

PRESETS: Mapping[str, TopologyProfile] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            _topograph("topograph-pre-0.1", "network.topology.kubernetes.io", "block", "spine", "datacenter"),
            _topograph("topograph-v0.1", "network.topology.nvidia.com", "block", "spine", "datacenter"),
            _topograph("topograph-v0.3", "network.topology.nvidia.com", "leaf", "spine", "core"),
            TOPOGRAPH,
            replace(TOPOGRAPH, name="topograph"),
            AWS,
            GKE,
            OCI,
            COREWEAVE,
            ALIBABA,
            VOLCENGINE,
            VOLCANO,
            replace(VOLCANO, name="huawei"),
            AMD,
            AZURE,
            GENERIC,
        )
    }
)
