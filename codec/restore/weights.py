"""Finding weight files and telling whether they are the right ones. No torch here.

The hash is over tensors, not files (spec 4.11): names, types, shapes and bytes in name order, so
that one model saved by another version of safetensors is still itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from codec.errors import BackendError
from codec.wire.restorer import ModelId

ENVIRONMENT = "NFX_WEIGHTS"
HUB = "hub"
STEM = "diffusion_pytorch_model"
SMALL_STEM = "nfx-small"
PROMPT_FILES = {
    "nifi": "nifi.safetensors", "gausspainter": "remove-degradation.safetensors",
    "gfix": "remove-degradations.safetensors", "img2img": "null.safetensors",
}
"""Embeddings that an encoder signals by kind, in `prompts/` of a weight folder."""
PACKAGE = Path(__file__).parent / "weights"
_CHUNK = 1 << 22
_LONGEST_HEADER = 100_000_000


def safetensors_digest(paths: Iterable[Path]) -> bytes:
    """SHA-256 over all tensors of one or more safetensors files. Raises BackendError."""
    tensors = [(name, *place) for path in paths for name, *place in _tensors_of(path)]
    digest = hashlib.sha256()
    for name, kind, shape, path, start, end in sorted(tensors, key=lambda t: t[0].encode()):
        digest.update(tensor_header(name, kind, shape))
        with open(path, "rb") as stream:
            stream.seek(start)
            while start < end:
                block = stream.read(min(_CHUNK, end - start))
                if not block:
                    raise BackendError(f"{path} is shorter than its own header says")
                digest.update(block)
                start += len(block)
    return digest.digest()


def safetensors_metadata(path: Path) -> dict[str, str]:
    """The free metadata of a safetensors file; empty when there is none. Raises BackendError."""
    return _header(path)[1].get("__metadata__", {})


def tensor_header(name: str, kind: str, shape: Iterable[int]) -> bytes:
    """What stands before a tensor's bytes in the hash."""
    return b"\0".join([name.encode(), kind.encode(), ",".join(map(str, shape)).encode(), b""])


def _tensors_of(path: Path) -> list[tuple]:
    """(name, type, shape, path, start, end) of each tensor of a safetensors file."""
    size, header = _header(path)
    try:
        return [(name, about["dtype"], about["shape"], path,
                 *(8 + size + offset for offset in about["data_offsets"]))
                for name, about in header.items() if name != "__metadata__"]
    except (KeyError, TypeError, AttributeError) as error:
        raise BackendError(f"{path} is no safetensors file") from error


def _header(path: Path) -> tuple[int, dict]:
    """(bytes of the header, the header) of a safetensors file. Raises BackendError."""
    try:
        with open(path, "rb") as stream:
            size = struct.unpack("<Q", stream.read(8))[0]
            header = json.loads(stream.read(min(size, _LONGEST_HEADER)))
        if isinstance(header, dict):
            return size, header
    except (OSError, ValueError, struct.error) as error:
        raise BackendError(f"{path} is no safetensors file") from error
    raise BackendError(f"{path} is no safetensors file")


@dataclass(frozen=True, slots=True)
class Found:
    """Weights on this machine: a folder, its safetensors files, and their hash."""

    folder: Path
    files: tuple[Path, ...]
    sha256: bytes


@dataclass(frozen=True, slots=True)
class WeightStore:
    """Where weights are looked for.

    folder: the one the caller named, None, or "hub" to let huggingface_hub fetch what is missing.
    After it come $NFX_WEIGHTS and the package's own folder.
    """

    folder: str | os.PathLike | None = None

    @property
    def places(self) -> list[Path]:
        """Folders, in the order of looking."""
        named = [] if self.folder in (None, HUB) else [Path(self.folder)]
        known = [Path(p) for p in [os.environ.get(ENVIRONMENT)] if p]
        return [*named, *known, PACKAGE]

    def find(self, title: str, part: str = "", stem: str = STEM, revision: str = "",
             sha256: bytes = b"") -> Found:
        """The safetensors files of a model; of several precisions that of the hash, else the first.

        title: such as "stabilityai/sd-turbo".   part: subfolder, such as "unet".
        stem: file name's beginning. Raises BackendError naming what to get and where it was looked
        for.
        """
        folders = [folder for place in self.places
                   for folder in (place / title / part, place / title.split("/")[-1] / part)]
        if "/" not in title:
            folders += self.places  # this project's own network lies at the top
        found = _best(folders, stem, sha256)
        if found is None and self.folder == HUB:
            found = _best([_fetch(title, part, stem, revision)], stem, sha256)
        if found is not None:
            return found
        wanted = "/".join(x for x in (title, part, f"{stem}.safetensors") if x)
        looked = ", ".join(dict.fromkeys(map(str, folders)))
        raise BackendError(
            f"the restorer's weights {wanted} are missing: get them from huggingface.co, or give "
            f"--weights hub to fetch them; looked in {looked} "
            f"(--weights DIR or {ENVIRONMENT} name other folders)")

    def find_model(self, model: ModelId, part: str = "", stem: str = STEM) -> Found:
        """As `find`, of a signalled model, checked against its hash."""
        title, _, role = model.title.partition(":")
        found = self.find(title, part or role, stem, model.revision, model.sha256)
        check_digest(model.sha256, found.sha256, f"{model.title} in {found.folder}")
        return found

    def find_prompt(self, sha256: bytes) -> Path:
        """The file of a prompt's embedding, by its hash. Raises BackendError."""
        folders = [place / "prompts" for place in self.places]
        for path in (p for folder in folders for p in sorted(folder.glob("*.safetensors"))):
            if safetensors_digest([path]) == sha256:
                return path
        raise BackendError(
            f"the prompt's embedding {sha256.hex()[:16]}... is missing; put the file the encoder "
            f"used into one of {', '.join(map(str, folders))}")


def _best(folders: list[Path], stem: str, sha256: bytes) -> Found | None:
    """The first set of files with the hash, else the first at all."""
    first = None
    for folder in folders:
        for files in _file_sets(folder, stem):
            found = Found(folder, files, safetensors_digest(files))
            if not sha256 or found.sha256 == sha256:
                return found
            first = first or found
    return first


def _file_sets(folder: Path, stem: str) -> list[tuple[Path, ...]]:
    """Files that make up one model: one file, the shards of one, by precision."""
    sets: dict[str, list[Path]] = {}
    for path in sorted(folder.glob(f"{stem}*.safetensors")):
        rest = path.name.removeprefix(stem).removesuffix(".safetensors")
        if re.fullmatch(r"(\.\w+)?(-\d+-of-\d+)?", rest):
            sets.setdefault(re.sub(r"-\d+-of-\d+", "", rest), []).append(path)
    return [tuple(sets[key]) for key in sorted(sets)]


def _fetch(title: str, part: str, stem: str, revision: str) -> Path:
    """A folder with the model, downloaded by huggingface_hub. Raises BackendError."""
    try:
        from huggingface_hub import snapshot_download

        inside = f"{part}/" if part else ""
        root = snapshot_download(title, revision=revision or None, allow_patterns=[
            f"{inside}{stem}*.safetensors", f"{inside}*.json"])
    except Exception as error:  # the hub's client raises many kinds
        raise BackendError(f"cannot fetch {title} from the hub: {error}") from error
    return Path(root) / part


def check_digest(wanted: bytes, found: bytes, what: str) -> None:
    """Raise BackendError when weights are not the signalled ones."""
    if wanted != found:
        raise BackendError(
            f"{what} has other weights than the file was made for: SHA-256 {found.hex()[:16]}..., "
            f"wanted {wanted.hex()[:16]}...; get the revision the file names (splatdec --info)")
