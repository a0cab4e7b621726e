from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from disaggregated_service.core.fault import Fault, InvalidServices
from disaggregated_service.core.service import DisaggregatedService
from heteroscale.ticker.catalogue import Catalogue, open_catalogue
from tests.services import spec_data
from tests.ticker.world import Failures


def document(name: str, **changes: object) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "heteroscale.dev/v1alpha1",
            "kind": "DisaggregatedService",
            "metadata": {"name": name, "namespace": "llm"},
            "spec": spec_data(**changes),
        }
    )


def no_faults(service: DisaggregatedService) -> tuple[Fault, ...]:
    del service
    return ()


class Files:
    """A folder of services, the catalogue over it, and what it counted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.failures = Failures()
        self._turn = 0
        self.write("chat", document("chat"))
        self.write("code", document("code"))
        self.catalogue: Catalogue = open_catalogue(folder, no_faults, self.failures)

    def write(self, name: str, text: str) -> None:
        path = self.folder / f"{name}.yaml"
        path.write_text(text)
        self._turn += 1  # file systems keep times too coarsely for edits a test makes
        os.utime(path, ns=(self._turn, self._turn))

    async def names(self) -> list[str]:
        await self.catalogue.refresh()
        return [service.key.name for service in self.catalogue.services]

    def priority(self, name: str) -> int:
        (found,) = (service for service in self.catalogue.services if service.key.name == name)
        return found.spec.priority


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


async def test_new_changed_and_removed_services_are_picked_up(files: Files):
    assert await files.names() == ["chat", "code"]
    files.write("vision", document("vision"))
    files.write("chat", document("chat", priority=7))
    (files.folder / "code.yaml").unlink()
    assert await files.names() == ["chat", "vision"]
    assert files.priority("chat") == 7


async def test_a_broken_edit_keeps_the_last_good_version_and_the_others_go_on(
    files: Files, caplog: pytest.LogCaptureFixture
):
    files.write("chat", document("chat", priority="high"))
    files.write("code", document("code", priority=9))
    assert await files.names() == ["chat", "code"]
    assert (files.priority("chat"), files.priority("code")) == (100, 9)
    assert files.failures.reload == 1
    assert "spec.priority" in caplog.text


@pytest.mark.parametrize("text", ["", "{", "kind: [", "\x00", document("chat")[:100]])
async def test_a_file_caught_while_it_is_being_written_takes_nothing_away(files: Files, text: str):
    files.write("chat", text)
    if not text:
        return  # an empty file is a whole one: the service was taken out
    assert await files.names() == ["chat", "code"]
    files.write("chat", document("chat", priority=3))
    assert await files.names() == ["chat", "code"]
    assert files.priority("chat") == 3
    assert files.catalogue.faults == ()


async def test_a_fault_is_said_once_not_at_every_tick(files: Files, caplog: pytest.LogCaptureFixture):
    files.write("chat", "{")
    for _ in range(5):
        await files.names()
    files.write("code", document("code", priority=9))
    await files.names()
    said = [record for record in caplog.records if "last good version" in record.message]
    assert len(said) == 1
    assert files.failures.reload == 2  # two edits were read, and the fault was there both times


async def test_a_folder_that_vanishes_takes_nothing_away(files: Files):
    gone = files.folder.with_name("gone")
    files.folder.rename(gone)
    assert await files.names() == ["chat", "code"]
    gone.rename(files.folder)
    assert await files.names() == ["chat", "code"]


async def test_what_only_this_program_can_see_keeps_the_last_good_version_too(tmp_path: Path):
    def no_seven(service: DisaggregatedService) -> tuple[Fault, ...]:
        return (Fault(path="spec.priority", wrong="is 7", right="write 8"),) if service.spec.priority == 7 else ()

    files = Files(tmp_path)
    catalogue = open_catalogue(tmp_path, no_seven, files.failures)
    files.write("chat", document("chat", priority=7))
    await catalogue.refresh()
    assert [service.spec.priority for service in catalogue.services] == [100, 100]
    assert "llm/chat" in str(catalogue.faults[0])


def test_at_the_start_every_fault_is_said_and_nothing_runs(tmp_path: Path):
    (tmp_path / "one.yaml").write_text(document("one", priority=-1))
    (tmp_path / "two.yaml").write_text(document("two", mode="activ"))
    with pytest.raises(InvalidServices) as found:
        open_catalogue(tmp_path, no_faults, Failures())
    assert {fault.path for fault in found.value.faults} == {"spec.priority", "spec.mode"}


def test_one_broken_file_keeps_no_other_service_from_starting(tmp_path: Path):
    (tmp_path / "good.yaml").write_text(document("good"))
    (tmp_path / "bad.yaml").write_text(document("bad", mode="activ"))
    failures = Failures()
    catalogue = open_catalogue(tmp_path, no_faults, failures)
    assert [service.key.name for service in catalogue.services] == ["good"]
    assert [fault.path for fault in catalogue.faults] == ["spec.mode"]
    assert failures.reload == 1


def test_a_path_that_does_not_exist_is_said_at_the_start(tmp_path: Path):
    with pytest.raises(InvalidServices, match="cannot be read"):
        open_catalogue(tmp_path / "nowhere", no_faults, Failures())


async def test_a_config_map_changes_by_a_link(tmp_path: Path):
    for name, priority in (("v1", 1), ("v2", 2)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "chat.yaml").write_text(document("chat", priority=priority))
    link, mounted = tmp_path / "..data", tmp_path / "mounted"
    link.symlink_to("v1")
    mounted.mkdir()
    (mounted / "chat.yaml").symlink_to("../..data/chat.yaml")
    catalogue = open_catalogue(mounted, no_faults, Failures())
    link.unlink()
    link.symlink_to("v2")
    await catalogue.refresh()
    assert [service.spec.priority for service in catalogue.services] == [2]
