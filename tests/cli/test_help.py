"""`--help` as a manual page: sections, every option explained, examples that parse, exit codes."""

from __future__ import annotations

import inspect
import re
import shlex

import click
import pytest
from click.testing import CliRunner

from codec import errors
from codec.cli import splatdec, splatenc

COMMANDS = [splatenc.main, splatdec.main]


def help_of(command) -> str:
    return CliRunner().invoke(command, ["--help"], terminal_width=100).output


def options(command) -> list[click.Option]:
    return [p for p in command.params if isinstance(p, click.Option)]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.name)
def test_every_option_has_a_section_and_a_meaning(command):
    """Named once; only --version and --help are left over."""
    named = [name for names in command.sections.values() for name in names]
    assert sorted(named) == sorted(o.name for o in options(command) if o.name != "version")
    text = help_of(command)
    for option in options(command):
        assert option.help, option.name
        assert re.search(rf"^  .*{option.opts[-1]}\b", text, re.M), option.name
    for title in (*command.sections, "Other", "Examples", "Exit codes", "Environment"):
        assert re.search(rf"^ *{re.escape(title)}:$", text, re.M), title
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.name)
def test_options_with_a_value_say_what_happens_without(command):
    """A default is told, unless leaving the option out just leaves its work out."""
    work = {"output", "target_size", "target_psnr", "viewer", "views", "orbit", "contact_sheet",
            "compare", "weights"}
    for option in options(command):
        if option.is_flag or option.name in work | {"version", "help"}:
            continue
        text = " ".join(option.get_help_record(click.Context(command))[1].split())
        assert "[default" in text, option.name


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.name)
def test_the_examples_parse(command, tmp_path, monkeypatch):
    """Each is a command line the tool accepts."""
    monkeypatch.chdir(tmp_path)
    for name in ("scene.ply", "scene.nfx", "cameras.json"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "photos").mkdir()
    found = re.findall(rf"^    {command.name} (.+?)(?:   .*)?$", help_of(command), re.M)
    assert len(found) >= 6
    for words in found:
        given = command.make_context(command.name, shlex.split(words)).params
        if command is splatenc.main:
            splatenc._options(given)
        else:
            given.pop("source")
            splatdec._check_usage(given)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.name)
def test_every_exit_code_is_told(command):
    codes = {e.exit_code for _, e in inspect.getmembers(errors, inspect.isclass)
             if issubclass(e, errors.NfxError)} | {0, 130}
    told = set(map(int, re.findall(r"^    (\d+) +\w", help_of(command), re.M)))
    assert told == codes
