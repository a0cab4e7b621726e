import pytest

from disaggregated_service.core.deployment_group import Label
from disaggregated_service.core.gpu_class import gpu_class_of
from disaggregated_service.core.node_levels import NodeLevels, levels_of, speaks_for
from disaggregated_service.core.profile_preset import PRESETS
from disaggregated_service.core.topology_labels import GpuClass, TopologyProfile

ZONE = "topology.kubernetes.io/zone"
LAYER = "topology.k8s.aws/network-node-layer-"


def layers(*values: str) -> dict[str, str]:
    return {f"{LAYER}{index}": value for index, value in enumerate(values, start=1)}


@pytest.mark.parametrize(
    ("preset", "s1", "s2", "outer"),
    [
        ("topograph-pre-0.1", "network.topology.kubernetes.io/block", "network.topology.kubernetes.io/spine", "network.topology.kubernetes.io/datacenter"),
        ("topograph-v0.1", "network.topology.nvidia.com/block", "network.topology.nvidia.com/spine", "network.topology.nvidia.com/datacenter"),
        ("topograph-v0.3", "network.topology.nvidia.com/leaf", "network.topology.nvidia.com/spine", "network.topology.nvidia.com/core"),
        ("topograph-v1", "fabric.topograph.run/tier-0", "fabric.topograph.run/tier-1", "fabric.topograph.run/tier-2"),
        ("topograph", "fabric.topograph.run/tier-0", "fabric.topograph.run/tier-1", "fabric.topograph.run/tier-2"),
        ("gke", "cloud.google.com/gce-topology-subblock", "cloud.google.com/gce-topology-block", None),
        ("oci", "oci.oraclecloud.com/rdma.local_block_id", "oci.oraclecloud.com/rdma.network_block_id", "oci.oraclecloud.com/rdma.hpc_island_id"),
        ("oci", "oci.oraclecloud.com/host.rack_id", "oci.oraclecloud.com/host.network_block_id", None),
        ("coreweave", "backend.coreweave.cloud/leafgroup", "ib.coreweave.cloud/superpod", "backend.coreweave.cloud/fabric"),
        ("coreweave", "backend.coreweave.cloud/leafgroup-name", "backend.coreweave.cloud/fabric", None),
        ("alibaba", "alibabacloud.com/asw-id", "alibabacloud.com/point-of-delivery", "alibabacloud.com/hpn-zone"),
        ("volcano", "volcano.sh/tor", "volcano.sh/hypercluster", None),
        ("huawei", "volcano.sh/hypernode", "volcano.sh/hypercluster", None),
        ("azure", None, "kubernetes.azure.com/agentpool", None),
        ("generic", "topology.kubernetes.io/rack", "topology.kubernetes.io/block", "topology.kubernetes.io/region"),
        ("amd", "topology.kubernetes.io/rack", "topology.kubernetes.io/block", None),
        ("volcengine", "topology.kubernetes.io/rack", "topology.kubernetes.io/block", None),
    ],
)  # fmt: skip
def test_each_provider_is_read_by_its_own_labels(preset: str, s1: str | None, s2: str, outer: str | None) -> None:
    labels = {key: f"value of {key}" for key in (s1, s2, outer) if key is not None}
    upper = (Label(outer, labels[outer]),) if outer is not None else ()
    expected = NodeLevels(Label(s1, labels[s1]) if s1 else None, Label(s2, labels[s2]), upper)
    assert levels_of(PRESETS[preset], labels) == expected


def test_on_aws_s1_is_the_bottom_layer_and_s2_the_one_above_with_three_layers_or_four() -> None:
    four = levels_of(PRESETS["aws"], layers("top", "b", "c", "bottom") | {ZONE: "z1"})
    assert (four.s1, four.s2) == (Label(f"{LAYER}4", "bottom"), Label(f"{LAYER}3", "c"))
    assert four.upper == (Label(ZONE, "z1"), Label(f"{LAYER}1", "top"), Label(f"{LAYER}2", "b"))
    three = levels_of(PRESETS["aws"], layers("top", "b", "bottom"))
    assert (three.s1, three.s2) == (Label(f"{LAYER}3", "bottom"), Label(f"{LAYER}2", "b"))
    assert three.upper == (Label(f"{LAYER}1", "top"),)


def test_a_key_counts_once_and_an_empty_value_never() -> None:
    profile = TopologyProfile(name="x", s1=("a", "b"), s2=("b", "c"), upper=("c", "b", "a"))
    assert levels_of(profile, {"a": "", "b": "1"}) == NodeLevels(Label("b", "1"), None, ())
    assert levels_of(profile, {"a": "0", "b": "1", "c": "2"}) == NodeLevels(
        Label("a", "0"), Label("b", "1"), (Label("c", "2"),)
    )
    assert levels_of(profile, {}) == NodeLevels(None, None, ())


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ("NVIDIA-H100-80GB-HBM3", "h100"),
        ("NVIDIA-H200", "h200"),
        ("NVIDIA-H20", "h20"),
        ("NVIDIA-H20-3e", "h20"),
        ("NVIDIA-GH200-480GB", "gh200"),
        ("NVIDIA-L40S", "l40s"),
        ("A100-SXM4-40GB", "a100"),
        ("NVIDIA-H100-80GB-HBM3-SHARED", None),
        ("A100-SXM4-40GB-MIG-1g.5gb", None),
        ("NVIDIA-A100-SXM4-40GB-MIG-3g.20gb-SHARED", None),
        ("nvidia-h100-80gb-hbm3", None),
        ("Tesla-V100", None),
        ("", None),
    ],
)
def test_a_product_has_the_class_of_its_model_and_a_slice_has_none(product: str, expected: str | None) -> None:
    assert gpu_class_of(PRESETS["topograph"], {"nvidia.com/gpu.product": product}) == expected


@pytest.mark.parametrize(
    ("preset", "label", "product", "expected"),
    [
        ("gke", "cloud.google.com/gke-accelerator", "nvidia-h100-mega-80gb", "h100"),
        ("gke", "nvidia.com/gpu.product", "NVIDIA-H100-80GB-HBM3", None),
        ("alibaba", "aliyun.accelerator/nvidia_name", "NVIDIA-H20", "h20"),
        ("volcengine", "machine.cluster.vke.volcengine.com/gpu-name", "NVIDIA-H800", "h800"),
        ("amd", "amd.com/gpu.product-name", "AMD_Instinct_MI300X_OAM", "mi300x"),
        ("oci", "amd.com/gpu.product-name", "AMD_Instinct_MI355X_OAM", "mi355x"),
    ],
)
def test_the_class_is_read_from_the_providers_own_label(
    preset: str, label: str, product: str, expected: str | None
) -> None:
    assert gpu_class_of(PRESETS[preset], {label: product}) == expected


def test_no_product_belongs_to_two_classes_of_a_preset() -> None:
    for profile in PRESETS.values():
        written = [(found.label, pattern) for _, found in profile.classes for pattern in found.match]
        assert len(written) == len(set(written)), profile.name


def test_shared_and_mig_products_match_a_pattern_that_names_them() -> None:
    sliced = GpuClass(match=("NVIDIA-H100-*-SHARED", "*-MIG-1g.10gb"))
    profile = TopologyProfile(name="x", classes=(("h100", GpuClass(match=("NVIDIA-H100*",))), ("slice", sliced)))
    for product, expected in (
        ("NVIDIA-H100-80GB-HBM3", "h100"),
        ("NVIDIA-H100-80GB-HBM3-SHARED", "slice"),
        ("NVIDIA-H100-80GB-HBM3-MIG-1g.10gb", "slice"),
        ("NVIDIA-H100-80GB-HBM3-MIG-1g.10gb-SHARED", None),
        ("NVIDIA-H100-80GB-HBM3-MIG-2g.20gb", None),
    ):
        assert gpu_class_of(profile, {"nvidia.com/gpu.product": product}) == expected, product


def test_the_pattern_that_says_most_wins_in_whatever_order_classes_are_named() -> None:
    for wide, narrow in (("a", "z"), ("z", "a")):
        classes = ((wide, GpuClass(match=("NVIDIA-H20*",))), (narrow, GpuClass(match=("NVIDIA-H200*",))))
        profile = TopologyProfile(name="x", classes=tuple(sorted(classes)))
        assert gpu_class_of(profile, {"nvidia.com/gpu.product": "NVIDIA-H200"}) == narrow
        assert gpu_class_of(profile, {"nvidia.com/gpu.product": "NVIDIA-H20"}) == wide


def test_a_profile_speaks_for_the_nodes_of_its_selector() -> None:
    profile = TopologyProfile(name="x", node_selector=(("pool", "rdma"),))
    assert speaks_for(profile, {"pool": "rdma", "other": "x"})
    assert not speaks_for(profile, {"pool": "cpu"})
    assert speaks_for(TopologyProfile(name="y"), {})
