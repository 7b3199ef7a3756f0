"""The PLY container: header and element tables, whatever the elements mean. NumPy only.

Format facts: Greg Turk, "The PLY Polygon File Format" (1994), and files as found in the wild
(CRLF headers, `float32`-style type names, UTF-8 comments).
"""

from __future__ import annotations

import re
import struct
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.errors import SceneError

_TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4",
    "float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2",
    "int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8",
}  # fmt: skip
_BYTE_ORDERS = {"ascii": "=", "binary_little_endian": "<", "binary_big_endian": ">"}
_STRUCT_CODES = {"i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I"}
MAX_HEADER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Property:
    """dtype: NumPy kind and size without byte order; count_dtype is set for a list."""

    name: str
    dtype: str
    count_dtype: str | None = None


@dataclass(frozen=True, slots=True)
class Element:
    name: str
    count: int
    properties: tuple[Property, ...]

    @property
    def has_lists(self) -> bool:
        return any(p.count_dtype for p in self.properties)


@dataclass(frozen=True, slots=True)
class Header:
    """format: as in the file; body: offset of the first byte after the header."""

    format: str
    elements: tuple[Element, ...]
    comments: tuple[str, ...]
    body: int

    def element(self, name: str) -> Element | None:
        return next((e for e in self.elements if e.name == name), None)


class Columns:
    """The scalar properties of one element, read by name."""

    def __init__(
        self,
        dtypes: dict[str, str],
        count: int,
        table: NDArray | None,
        columns: dict[str, NDArray] | None = None,
    ) -> None:
        self.dtypes = dtypes
        self.count = count
        self._index = {name: i for i, name in enumerate(dtypes)}
        self._table = table  # [count, n] when all columns share a type, else None
        self._columns = columns or {}

    def __contains__(self, name: str) -> bool:
        return name in self.dtypes

    def raw(self, name: str) -> NDArray:
        """One column as stored (a view, byte order and all)."""
        if self._table is not None:
            return self._table[:, self._index[name]]
        return self._columns[name]

    def column(self, name: str) -> NDArray:
        """One column, contiguous copy in native byte order and its own type."""
        return np.array(self.raw(name), dtype=self.dtypes[name], order="C")

    def matrix(self, names: list[str]) -> NDArray[np.float32]:
        """[count, len(names)] float32, contiguous copy. Values beyond float32 become inf."""
        out = np.empty((self.count, len(names)), np.float32)
        first = self._index[names[0]] if names else 0
        with np.errstate(over="ignore", invalid="ignore"):
            if self._table is not None and [self._index[n] for n in names] == list(
                range(first, first + len(names))
            ):
                out[...] = self._table[:, first : first + len(names)]
            else:
                for i, name in enumerate(names):
                    out[:, i] = self.raw(name)
        return out


def parse_header(data: bytes | memoryview) -> Header:
    """Parse the header at the start of `data`. Raises SceneError in one line."""
    head = bytes(data[:MAX_HEADER_BYTES])
    start = re.match(rb"ply[ \t]*(\r\n|\n|\r)", head)
    if not start:
        raise SceneError("not a PLY file: it does not begin with a line 'ply'")
    end = re.compile(rb"[\r\n]end_header[ \t]*" + start[1]).search(head)
    if not end:
        # Some writers mix line ends; accept any.
        end = re.compile(rb"[\r\n]end_header[ \t]*(\r\n|\n|\r)").search(head)
    if not end:
        raise SceneError("the PLY header has no line 'end_header': the file is cut or damaged")
    text = head[start.end() : end.start()]
    try:
        lines = text.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        lines = text.decode("latin-1").splitlines()
    return _parse_lines(lines, end.end())


def _parse_lines(lines: list[str], body: int) -> Header:
    ply_format = ""
    comments: list[str] = []
    elements: list[tuple[str, int, list[Property]]] = []
    for line in lines:
        words = line.split()
        keyword = words[0] if words else ""
        if keyword in ("comment", "obj_info"):
            comments.append(line.strip()[len(keyword) :].strip())
        elif keyword == "format" and len(words) == 3 and words[1] in _BYTE_ORDERS:
            ply_format = words[1]
        elif keyword == "element" and len(words) == 3 and re.fullmatch("[0-9]{1,18}", words[2]):
            if any(name == words[1] for name, _, _ in elements):
                raise SceneError(f"the PLY header declares element {words[1]!r} twice")
            elements.append((words[1], int(words[2]), []))
        elif keyword == "property" and elements:
            _add_property(elements[-1][2], words, elements[-1][0])
        elif keyword:
            raise SceneError(f"cannot read this line of the PLY header: {line.strip()[:80]!r}")
    if not ply_format:
        raise SceneError("the PLY header has no 'format' line")
    parsed = tuple(Element(name, count, tuple(props)) for name, count, props in elements)
    return Header(ply_format, parsed, tuple(comments), body)


def _add_property(properties: list[Property], words: list[str], element: str) -> None:
    if len(words) == 3 and words[1] in _TYPES:
        new = Property(words[2], _TYPES[words[1]])
    elif (
        len(words) == 5 and words[1] == "list"
        and _TYPES.get(words[2], "f")[0] in "iu" and words[3] in _TYPES
    ):  # fmt: skip
        new = Property(words[4], _TYPES[words[3]], _TYPES[words[2]])
    else:
        raise SceneError(f"cannot read this line of the PLY header: {' '.join(words)[:80]!r}")
    if any(p.name == new.name for p in properties):
        raise SceneError(f"the PLY element {element!r} has two properties named {new.name!r}")
    properties.append(new)


def read_elements(data: bytes | memoryview, header: Header, names: list[str]) -> dict[str, Columns]:
    """Read the named elements (those the file has); list properties in them are skipped.

    data: the whole file. Sizes are checked against len(data) before anything is allocated.
    Raises SceneError when the file ends early or an ASCII token is no number.
    """
    ascii_body = header.format == "ascii"
    body = _ascii_values(data, header.body) if ascii_body else np.frombuffer(data, np.uint8)
    position = 0 if ascii_body else header.body
    wanted = [e.name for e in header.elements if e.name in names]
    out: dict[str, Columns] = {}
    for element in header.elements:
        if len(out) == len(wanted):
            break  # what follows the last wanted element is never touched
        columns, position = _read_element(body, element, position, header.format)
        if element.name in names:
            out[element.name] = columns
    return out


def _ascii_values(data: bytes | memoryview, start: int) -> NDArray[np.float64]:
    """All numbers of an ASCII body; float64 holds every PLY integer type exactly."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        try:
            return np.fromstring(bytes(data[start:]), dtype=np.float64, sep=" ")
        except (DeprecationWarning, ValueError):
            raise SceneError("the ASCII PLY body holds something that is not a number") from None


def _read_element(
    body: NDArray, element: Element, position: int, ply_format: str
) -> tuple[Columns, int]:
    ascii_body = ply_format == "ascii"
    sizes = [1 if ascii_body else int((p.count_dtype or p.dtype)[1:]) for p in element.properties]
    least = sum(sizes) * element.count  # an empty list still has its count
    if position + least > len(body):
        unit = "numbers" if ascii_body else "bytes"
        raise SceneError(
            f"the PLY file is cut: {element.count} x {element.name!r} need {least} {unit}, "
            f"{max(0, len(body) - position)} are there"
        )
    order = _BYTE_ORDERS[ply_format]
    if element.has_lists:
        return _read_with_lists(body, element, position, order, ascii_body)
    if ascii_body:
        table = body[position : position + least].reshape(element.count, len(sizes))
        return Columns({p.name: p.dtype for p in element.properties}, element.count, table), (
            position + least
        )
    return _binary_columns(body, element, position, order), position + least


def _binary_columns(
    body: NDArray[np.uint8], element: Element, position: int, order: str
) -> Columns:
    dtypes = {p.name: p.dtype for p in element.properties}
    n, kinds = element.count, set(dtypes.values())
    if len(kinds) == 1:
        dtype = np.dtype(order + kinds.pop())
        table = np.frombuffer(body, dtype, n * len(dtypes), position).reshape(n, len(dtypes))
        return Columns(dtypes, n, table)
    packed = np.dtype([(name, order + kind) for name, kind in dtypes.items()])
    if not n or not dtypes:
        return Columns(dtypes, n, None, {k: np.empty(n, v) for k, v in dtypes.items()})
    rows = np.frombuffer(body, packed, n, position)
    return Columns(dtypes, n, None, {name: rows[name] for name in dtypes})


def _read_with_lists(
    body: NDArray, element: Element, position: int, order: str, ascii_body: bool
) -> tuple[Columns, int]:
    """Rows of varying length: find where each property starts, then gather the scalars."""
    starts, end = _walk_rows(body, element, position, order, ascii_body)
    dtypes: dict[str, str] = {}
    columns: dict[str, NDArray] = {}
    for i, prop in enumerate(element.properties):
        if prop.count_dtype:
            continue
        dtypes[prop.name] = prop.dtype
        if ascii_body:
            columns[prop.name] = body[starts[:, i]]
        else:
            index = starts[:, i, None] + np.arange(int(prop.dtype[1:]))
            columns[prop.name] = np.asarray(body[index]).view(order + prop.dtype)[:, 0]
    return Columns(dtypes, element.count, None, columns), end


def _walk_rows(
    body: NDArray, element: Element, position: int, order: str, ascii_body: bool
) -> tuple[NDArray[np.int64], int]:
    """(start of every property of every row [count, n_properties], end of the element)."""
    starts = np.empty((element.count, len(element.properties)), np.int64)
    steps = []
    for prop in element.properties:
        code = _STRUCT_CODES.get(prop.count_dtype or "", "")
        reader = struct.Struct(order + code) if code and not ascii_body else None
        unit = 1 if ascii_body else int(prop.dtype[1:])
        steps.append((bool(prop.count_dtype), reader, unit))
    size = len(body)
    for row in range(element.count):
        for i, (is_list, reader, unit) in enumerate(steps):
            starts[row, i] = position
            if not is_list:
                position += unit
                continue
            try:
                (count,) = (
                    reader.unpack_from(body.data, position) if reader else (int(body[position]),)
                )
            except (struct.error, IndexError, ValueError, OverflowError):
                count = size  # past the end, or not a number: reported just below
            position += (reader.size if reader else 1) + count * unit
            if count < 0:
                raise SceneError(f"a list of PLY element {element.name!r} has a negative length")
        if position > size:
            raise SceneError(f"the PLY file is cut inside element {element.name!r}, row {row}")
    return starts, position
