"""What both command line tools share: errors to exit codes, sizes, progress, output rules.

Nothing here imports NumPy: `--help` must answer at once.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import click

from codec.errors import NfxError, UsageError
from codec.wire.tables import MAGIC

EXIT_CODES = """\b
Exit codes:
  0    done
  1    the system refused (disk full, permission, memory), or a bug of NFX
  2    usage: options or paths that cannot work
  3    scene: the scene or camera file given cannot be used
  4    format: the NFX file is broken
  5    unsupported: a valid file that needs more than this decoder has
  6    limit: larger than the limits allow (splatdec --max-gaussians, --max-memory)
  7    backend: a renderer, device or weight file is missing
  130  interrupted

\b
Environment:
  NFX_WEIGHTS  a folder of restorer and LPIPS weights, looked into after --weights
  NFX_DEBUG=1  shows Python tracebacks

Progress, warnings and the summary go to standard error, --json and --info to standard output."""

_UNITS = {
    "": 1, "b": 1,
    "kb": 10**3, "mb": 10**6, "gb": 10**9,
    "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
}


class NfxCommand(click.Command):
    """A command whose every failure is one line on stderr and an exit code.

    sections: names of parameters under the headings that `--help` lists them by, in order.
    """

    def __init__(self, *args, sections: dict[str, tuple[str, ...]] | None = None, **more) -> None:
        more.setdefault("context_settings", {"max_content_width": 100})
        super().__init__(*args, **more)
        self.sections = sections or {}

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options by section; what no section names comes last."""
        rows = {p.name: _help_row(p, ctx) for p in self.get_params(ctx)
                if isinstance(p, click.Option)}
        named = {name for names in self.sections.values() for name in names}
        rest = tuple(name for name in rows if name not in named)
        for title, names in {**self.sections, "Other": rest}.items():
            with formatter.section(title):
                formatter.write_dl([rows[name] for name in names], col_max=26)

    def invoke(self, ctx: click.Context):
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            # Here, not in main: click would print an empty line first.
            raise _Interrupted("interrupted; no half-written file is left") from None

    def main(self, args=None, prog_name=None, complete_var=None, standalone_mode=True, **extra):
        name = prog_name or self.name
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except Exception as error:
            if os.environ.get("NFX_DEBUG") == "1":
                raise
            code, line = describe_error(error)
            if line:
                click.echo(f"{name}: error: {line}", err=True)
        sys.exit(code if isinstance(code, int) else 0)


def _help_row(option: click.Option, ctx: click.Context) -> tuple[str, str]:
    """An option and its help; a default told in the text and click's range in one bracket."""
    names, text = option.get_help_record(ctx) or ("", "")
    return names, re.sub(r"(\[default: [^]]*)\]\s+\[([^]]*)\]$", r"\1; \2]", text)


class _Interrupted(click.ClickException):
    exit_code = 130


def describe_error(error: Exception) -> tuple[int, str]:
    """(exit code, one line) for any exception; the line is empty when nothing can be said."""
    match error:
        case NfxError():
            return error.exit_code, _one_line(str(error))
        case click.ClickException():
            return error.exit_code, _one_line(error.format_message())
        case BrokenPipeError():
            # The reader of our stdout left (`| head`); the interpreter must not flush into it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            return 1, ""
        case ModuleNotFoundError() if not (error.name or "").startswith("codec"):
            return 7, f"{error.name} is not installed; pip install 'nfx[render]' brings it"
        case MemoryError():
            return 1, "not enough memory; use a smaller scene, or fewer threads"
        case OSError():
            what = error.strerror or str(error)
            return 1, _one_line(f"{error.filename}: {what}" if error.filename else what)
    kind = type(error).__name__
    return 1, _one_line(f"bug in NFX: {kind}: {error} (NFX_DEBUG=1 shows the traceback)")


def _one_line(text: str) -> str:
    return " ".join(text.split())


class InputPath(click.Path):
    """An existing file, pipe or folder; ``-`` is standard input."""

    def __init__(self, folders: bool = True) -> None:
        super().__init__(exists=True, dir_okay=folders, path_type=Path)

    def convert(self, value, param, ctx) -> Path:
        return super().convert("/dev/stdin" if value == "-" else value, param, ctx)


def check_paths(outputs: dict[str, Path | None], inputs: dict[str, Path | None]) -> None:
    """Raise UsageError where an output would replace an input file or another output.

    Both by what the user calls them; None is not given.
    """
    from codec.io.atomic import same_file

    others = {name: path for name, path in inputs.items() if path and not path.is_dir()}
    for name, path in outputs.items():
        if path is None:
            continue
        for other, there in others.items():
            if same_file(path, there):
                why = "an output never replaces what it is made of" if other in inputs else \
                    "one would replace the other"
                raise UsageError(f"{name} and {other} are one file, {path}: {why}")
        others[name] = path


def read_stream(source: Path) -> bytes:
    """The bytes of an NFX file or pipe; from what is none, no more than its first bytes."""
    if source.is_file():
        return source.read_bytes()
    with open(source, "rb") as stream:
        head = stream.read(len(MAGIC))
        return head + stream.read() if head == MAGIC else head


class Size(click.ParamType):
    """A positive number of bytes: ``5000``, ``100kB``, ``1.5MB``, ``2MiB`` (kB is 1000 bytes)."""

    name = "size"

    def convert(self, value, param, ctx) -> int:
        if isinstance(value, int):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)\s*([a-zA-Z]*)", value.strip())
        unit = _UNITS.get(found[2].lower()) if found else None
        if unit is None:
            self.fail(f"{value!r} is no size; give bytes, or a number with kB, MB, GB, KiB, "
                      "MiB or GiB, such as 100kB or 1.5MB", param, ctx)
        size = round(float(found[1]) * unit)
        if size < 1:
            self.fail(f"{value!r} is less than one byte", param, ctx)
        return size


class Sizes(click.ParamType):
    """Sizes separated by commas: ``20kB,80kB,1MB``."""

    name = "sizes"

    def convert(self, value, param, ctx) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        return tuple(Size().convert(part, param, ctx) for part in value.split(","))


class Color(click.ParamType):
    """A background colour: ``r,g,b`` with each in 0..1, or ``white`` or ``black``."""

    name = "r,g,b"
    _NAMES = {"black": (0.0, 0.0, 0.0), "white": (1.0, 1.0, 1.0)}

    def convert(self, value, param, ctx) -> tuple[float, float, float]:
        if isinstance(value, tuple):
            return value
        if value.lower() in self._NAMES:
            return self._NAMES[value.lower()]
        try:
            r, g, b = (float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is no colour; give three numbers in 0..1, such as 1,1,1",
                      param, ctx)
        if not all(0 <= x <= 1 for x in (r, g, b)):
            self.fail(f"{value!r}: each of the three numbers must lie in 0..1", param, ctx)
        return r, g, b


def format_size(n_bytes: float) -> str:
    """Bytes as a person reads them, in powers of 1000."""
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= scale:
            return f"{n_bytes / scale:.2f} {unit}"
    return f"{n_bytes:.0f} B"


@contextlib.contextmanager
def warnings_to_stderr(program: str) -> Iterator[list[str]]:
    """Warnings of the library become ``program: warning: ...`` lines; yields them as a list."""
    lines: list[str] = []

    def show(message, category, filename, lineno, file=None, line=None) -> None:
        text = _one_line(str(message))
        if not issubclass(category, DeprecationWarning) and text not in lines:
            lines.append(text)
            click.echo(f"{program}: warning: {text}", err=True)

    with warnings.catch_warnings():
        warnings.simplefilter("default", UserWarning)
        warnings.showwarning = show
        yield lines


class Progress:
    """Progress on stderr: one line redrawn on a terminal, one line a stage elsewhere."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._tty = sys.stderr.isatty()
        self._stage = ""
        self._drawn = 0.0
        self._width = 0

    def __call__(self, stage: str, fraction: float = 0.0, note: str = "") -> None:
        if self._quiet:
            return
        text = f"{stage} {note}".strip()
        if not self._tty:
            if stage != self._stage:
                click.echo(text, err=True)
        elif stage != self._stage or time.monotonic() - self._drawn > 0.1:
            self._draw(f"[{100 * min(max(fraction, 0.0), 1.0):3.0f} %] {text}")
        self._stage = stage

    def _draw(self, text: str) -> None:
        click.echo("\r" + text[:100].ljust(self._width), err=True, nl=False)
        self._width = min(len(text), 100)
        self._drawn = time.monotonic()

    def clear(self) -> None:
        """Take the redrawn line away, before something else is printed."""
        if self._tty and self._width:
            click.echo("\r" + " " * self._width + "\r", err=True, nl=False)
            self._width = 0


def plain_numbers(value):
    """For `json.dumps`: NumPy scalars and arrays as numbers and lists, anything else as text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
