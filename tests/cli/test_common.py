"""Sizes, colours, errors and exit codes of both tools, without a codec behind them."""

from __future__ import annotations

import errno

import click
import pytest
from click.testing import CliRunner

from codec import errors
from codec.cli.common import Color, NfxCommand, Size, describe_error, format_size


@pytest.mark.parametrize(("text", "n_bytes"), [
    ("1", 1), ("5000", 5000), ("100kB", 100_000), ("100KB", 100_000), ("100 kB", 100_000),
    ("1.5MB", 1_500_000), (".5MB", 500_000), ("2GB", 2 * 10**9), ("2KiB", 2048),
    ("1.5mib", 1_572_864), ("12B", 12),
])
def test_sizes(text, n_bytes):
    assert Size().convert(text, None, None) == n_bytes


@pytest.mark.parametrize(
    "text", ["", "kB", "-5", "1e6", "5 parsecs", "0", "0.0001kB", "nan", "1,5MB"])
def test_sizes_that_are_none(text):
    with pytest.raises(click.BadParameter):
        Size().convert(text, None, None)


def test_colors():
    assert Color().convert("0.5, 1,0", None, None) == (0.5, 1.0, 0.0)
    assert Color().convert("White", None, None) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("text", ["1,1", "1,1,2", "red", "nan,0,0", "-0.1,0,0"])
def test_colors_that_are_none(text):
    with pytest.raises(click.BadParameter):
        Color().convert(text, None, None)


@pytest.mark.parametrize(("n_bytes", "text"), [
    (999, "999 B"), (1000, "1.00 kB"), (1_500_000, "1.50 MB"), (2 * 10**9, "2.00 GB"),
])
def test_sizes_as_a_person_reads_them(n_bytes, text):
    assert format_size(n_bytes) == text


def failing(error: BaseException):
    """A command that fails with `error`."""
    @click.command(cls=NfxCommand)
    def tool() -> None:
        raise error

    return CliRunner().invoke(tool, [], prog_name="tool")


@pytest.mark.parametrize(("error", "code"), [
    (errors.UsageError("x"), 2), (errors.SceneError("x"), 3), (errors.BadMagic("x"), 4),
    (errors.UnsupportedError("x"), 5), (errors.LimitExceeded("x"), 6),
    (errors.BackendError("x"), 7), (MemoryError(), 1), (ValueError("two\nlines"), 1),
    (OSError(errno.ENOSPC, "No space left on device", "out.nfx"), 1), (KeyboardInterrupt(), 130),
    (ModuleNotFoundError("No module named 'numba'", name="numba"), 7),
])
def test_every_failure_is_one_line_and_its_code(error, code):
    """One line that names the tool, no traceback, the exit code of the error's class."""
    done = failing(error)
    assert done.exit_code == code
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("tool: error: ")
    assert "Traceback" not in done.output and done.stdout == ""


def test_full_disk_names_the_file():
    code, line = describe_error(OSError(errno.ENOSPC, "No space left on device", "out.nfx"))
    assert (code, line) == (1, "out.nfx: No space left on device")


def test_debug_shows_the_traceback(monkeypatch):
    monkeypatch.setenv("NFX_DEBUG", "1")
    assert isinstance(failing(errors.SceneError("x")).exception, errors.SceneError)
