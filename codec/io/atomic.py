"""Files appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from codec.errors import UsageError

_STREAMS = ("/dev/stdin", "/dev/stdout", "/dev/stderr")


def atomic_write(
    path: str | os.PathLike[str], data: Any | Iterable[Any], overwrite: bool = False
) -> None:
    """Write `data` (one bytes-like object, or an iterable of them in order) to `path`.

    Written to a temporary name in the same folder, then renamed, so that a reader never sees
    half a file and a failure leaves what was there before. A link stays and its target is written.
    Raises UsageError when `path` exists and `overwrite` is false, when it is a folder, a device or
    a pipe, or when its folder does not exist; OSError as the system gives it (disk full, no
    permission).
    """
    chunks = [data] if isinstance(data, (bytes, bytearray, memoryview)) else data
    with atomic_file(path, overwrite) as stream:
        for chunk in chunks:
            stream.write(chunk)


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike[str], overwrite: bool = False) -> Iterator[BinaryIO]:
    """A new file open for writing that becomes `path` when the block ends without an error.

    Until then it stands under a temporary name (the stream's `name`) in the same folder.
    Raises what `atomic_write` raises.
    """
    check_name(path, overwrite)
    target = _through_links(path)
    temporary = _temporary(target)
    try:
        # "x" and not tempfile: mkstemp would leave mode 0600 instead of the user's umask.
        with open(temporary, "xb") as stream:
            yield stream
        _publish(temporary, target, overwrite)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def check_writable(path: str | os.PathLike[str], overwrite: bool) -> None:
    """Raise now, before long work, what `atomic_write` would raise later."""
    check_name(path, overwrite)
    _try_folder(_through_links(path))


def check_name(path: str | os.PathLike[str], overwrite: bool) -> None:
    """Raise UsageError for what no file can be written to, whatever its folder takes."""
    _refuse_streams(Path(path))
    target = _through_links(path)
    if target.is_dir():
        raise UsageError(f"{path} is a folder; give a file name")
    if not target.parent.is_dir():
        raise UsageError(f"the folder {target.parent} does not exist; create it first")
    if target.exists() and not target.is_file():
        # Renaming over it would replace the device or pipe itself.
        raise UsageError(f"{path} is no regular file; give a file name")
    if target.exists() and not overwrite:
        raise _exists(Path(path))


def _through_links(path: str | os.PathLike[str]) -> Path:
    """`path`, or what it is a link to: renaming over a link would replace the link."""
    target = Path(path)
    return Path(os.path.realpath(target)) if target.is_symlink() else target


def _refuse_streams(path: Path) -> None:
    """Raise UsageError for names of open streams, which no file can be renamed to."""
    place = os.path.abspath(path)
    if str(path) == "-" or place in _STREAMS or place.startswith(("/dev/fd/", "/proc/")):
        raise UsageError(f"{path} is no regular file; outputs are written whole and then named: "
                         "give a file name")


def _try_folder(target: Path) -> None:
    """Raise OSError, naming `target`, where no file can be made beside it."""
    temporary = _temporary(target)
    try:
        with open(temporary, "xb"):
            pass
        temporary.unlink()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(target)) from error


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name[:200]}.{os.urandom(6).hex()}.tmp")


def same_file(a: Path, b: Path) -> bool:
    """Whether two paths are one file, or, where either is not there yet, could become one.

    Names that differ in case alone could: some file systems do not tell them apart.
    """
    if a.exists() and b.exists():
        return a.samefile(b)
    return a.parent.resolve() == b.parent.resolve() and a.name.lower() == b.name.lower()


def _exists(target: Path) -> UsageError:
    return UsageError(f"{target} exists; choose another name or overwrite it with --overwrite")


def _publish(temporary: Path, target: Path, overwrite: bool) -> None:
    if overwrite:
        os.replace(temporary, target)
        return
    try:
        # A hard link fails when the target appeared meanwhile; a rename would replace it.
        os.link(temporary, target)
    except FileExistsError:
        raise _exists(target) from None
    except OSError:  # file systems without hard links
        check_name(target, overwrite)
        os.replace(temporary, target)
    else:
        temporary.unlink()
