import socket

import numpy as np
import pytest

from packtune.data.download import fetch
from packtune.errors import CorruptFile, DownloadFailed

CONTENT = np.random.default_rng(0).bytes(300_000)
NAME = "file.gz"


def verify(content: bytes) -> None:
    if content != CONTENT:
        raise CorruptFile("not the content asked for")


@pytest.fixture
def destination(tmp_path):
    return tmp_path / "made" / "on" / "demand" / NAME


@pytest.fixture
def part(destination):
    return destination.with_name(NAME + ".part")


@pytest.fixture
def closed_url():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return f"http://127.0.0.1:{port}/"


def leave_part(part, content):
    part.parent.mkdir(parents=True)
    part.write_bytes(content)


def test_a_file_is_fetched_and_progress_told(make_mirror, destination):
    reports = []
    mirror = make_mirror(files={NAME: CONTENT})
    fetch([mirror.url], destination, verify=verify, progress=lambda *report: reports.append(report))
    assert destination.read_bytes() == CONTENT
    assert [path.name for path in destination.parent.iterdir()] == [NAME]
    assert reports[0] == (NAME, 0, len(CONTENT))
    assert reports[-1] == (NAME, len(CONTENT), len(CONTENT))
    assert reports == sorted(reports)


def test_a_server_that_does_not_tell_the_size_is_fine(make_mirror, destination):
    reports = []
    mirror = make_mirror(files={NAME: CONTENT}, tells_size=False)
    fetch([mirror.url], destination, verify=verify, progress=lambda *report: reports.append(report))
    assert destination.read_bytes() == CONTENT
    assert reports[-1] == (NAME, len(CONTENT), None)


def test_a_cut_download_keeps_its_part_and_the_next_run_goes_on_from_there(make_mirror, destination, part):
    mirror = make_mirror(files={NAME: CONTENT}, cut_after=100_000)
    with pytest.raises(DownloadFailed, match="cut after 100,000 of 300,000 bytes"):
        fetch([mirror.url], destination, verify=verify)
    assert part.read_bytes() == CONTENT[:100_000]
    assert not destination.exists()
    mirror.cut_after = None
    fetch([mirror.url], destination, verify=verify)
    assert destination.read_bytes() == CONTENT
    assert mirror.requested_ranges == ["", "bytes=100000-"]
    assert not part.exists()


def test_the_next_mirror_goes_on_where_the_first_was_cut(make_mirror, destination):
    first = make_mirror(files={NAME: CONTENT}, cut_after=100_000)
    second = make_mirror(files={NAME: CONTENT})
    fetch([first.url, second.url], destination, verify=verify)
    assert destination.read_bytes() == CONTENT
    assert second.requested_ranges == ["bytes=100000-"]


def test_a_server_without_ranges_starts_over(make_mirror, destination, part):
    leave_part(part, CONTENT[:1000])
    mirror = make_mirror(files={NAME: CONTENT}, ranges=False)
    fetch([mirror.url], destination, verify=verify)
    assert destination.read_bytes() == CONTENT
    assert mirror.requested_ranges == ["bytes=1000-"]


@pytest.mark.parametrize("extra", [b"", b"too long"])
def test_a_range_beyond_the_end_starts_over(make_mirror, destination, part, extra):
    leave_part(part, CONTENT + extra)
    mirror = make_mirror(files={NAME: CONTENT})
    fetch([mirror.url], destination, verify=verify)
    assert destination.read_bytes() == CONTENT
    assert mirror.requested_ranges == [f"bytes={len(CONTENT + extra)}-", ""]


def test_a_wrong_part_from_earlier_is_dropped_and_all_of_it_asked_again(make_mirror, destination, part):
    leave_part(part, b"not the beginning of the file")
    mirror = make_mirror(files={NAME: CONTENT})
    fetch([mirror.url], destination, verify=verify)
    assert destination.read_bytes() == CONTENT
    assert mirror.requested_ranges == ["bytes=29-", ""]


def test_wrong_content_is_dropped_and_the_next_mirror_asked(make_mirror, destination):
    wrong, right = make_mirror(files={NAME: b"a login page"}), make_mirror(files={NAME: CONTENT})
    fetch([wrong.url, right.url], destination, verify=verify)
    assert destination.read_bytes() == CONTENT
    assert right.requested_ranges == [""]


def test_wrong_content_everywhere_leaves_nothing_behind(make_mirror, destination):
    mirror = make_mirror(files={NAME: b"a login page"})
    with pytest.raises(DownloadFailed, match="sent the wrong content: not the content asked for"):
        fetch([mirror.url], destination, verify=verify)
    assert list(destination.parent.iterdir()) == []


def test_an_unverified_file_never_replaces_what_is_there(make_mirror, destination):
    destination.parent.mkdir(parents=True)
    destination.write_bytes(b"old")
    mirror = make_mirror(files={NAME: b"a login page"})
    with pytest.raises(DownloadFailed):
        fetch([mirror.url], destination, verify=verify)
    assert destination.read_bytes() == b"old"


def test_the_error_names_each_mirror_with_its_reason_and_what_to_do(make_mirror, destination, closed_url):
    empty = make_mirror()
    with pytest.raises(DownloadFailed) as caught:
        fetch([closed_url, empty.url, "no-address"], destination, verify=verify, timeout_s=5)
    message = str(caught.value)
    assert f"{closed_url}{NAME}: " in message
    assert "refused" in message
    assert f"{empty.url}{NAME}: answered 404 Not Found" in message
    assert "no-address/file.gz: unknown url type" in message
    assert "of 3 that were tried" in message
    assert "give its folder with --data-dir" in message


def test_a_silent_server_is_given_up(destination):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(DownloadFailed, match="timed out"):
            fetch([url], destination, verify=verify, timeout_s=0.2)


def test_a_place_that_cannot_be_written_is_not_blamed_on_the_mirrors(make_mirror, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    mirror = make_mirror(files={NAME: CONTENT})
    with pytest.raises(DownloadFailed, match="cannot write the download .*check the permissions"):
        fetch([mirror.url], tmp_path / "file" / NAME, verify=verify)
