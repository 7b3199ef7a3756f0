"""Finding weight files: a folder given, torch's own cache, or the usual download."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_TORCHVISION = "https://download.pytorch.org/models/"
DOWNLOADS = {
    "alexnet": _TORCHVISION + "alexnet-owt-7be5be79.pth",
    "squeezenet1_1": _TORCHVISION + "squeezenet1_1-b8a52dc0.pth",
    "vgg16": _TORCHVISION + "vgg16-397923af.pth",
}
_SUFFIXES = (".safetensors", ".pth", ".pt")


class MissingWeights(Exception):
    """A weight file is neither given, cached nor to be downloaded; the message says which."""


@dataclass(frozen=True, slots=True)
class WeightSource:
    """Where weights may come from: a folder, and whether a download is allowed."""

    folder: Path | None = None
    download: bool = False

    def find(self, stem: str) -> Path:
        """The file whose name starts with `stem`. Raises MissingWeights."""
        for folder in self._folders():
            found = [p for p in sorted(folder.glob(f"{stem}*")) if p.suffix in _SUFFIXES]
            if found:
                return found[0]
        if self.download and stem in DOWNLOADS:
            return self._fetch(DOWNLOADS[stem])
        raise MissingWeights(f"no {stem} weights: put {stem}*.safetensors or .pth into --weights")

    def _folders(self) -> list[Path]:
        import torch

        cache = Path(torch.hub.get_dir()) / "checkpoints"
        return [folder for folder in (self.folder, cache) if folder and folder.is_dir()]

    @staticmethod
    def _fetch(url: str) -> Path:
        import socket

        import torch

        target = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[1]
        target.parent.mkdir(parents=True, exist_ok=True)
        before = socket.getdefaulttimeout()
        socket.setdefaulttimeout(20)
        try:
            torch.hub.download_url_to_file(url, str(target), progress=False)
        except OSError as problem:
            raise MissingWeights(f"download of {target.name} failed: {problem}") from problem
        finally:
            socket.setdefaulttimeout(before)
        return target


def load_tensors(path: Path) -> dict:
    """The tensors of a .safetensors or torch file by name; nothing in it is executed."""
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def short_hash(path: Path) -> str:
    """The first 8 hex digits of the file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]
