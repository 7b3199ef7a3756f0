"""The scene being coded, and the stream it makes at some steps."""

from __future__ import annotations

from codec.core.params import CodingParams, SceneHeader
from codec.encoder.ancillary import ancillary_boxes
from codec.encoder.assemble import assemble
from codec.encoder.prepare import Prepared, prepare
from codec.encoder.steps import Steps, dequantize, quantize_scene
from codec.options import EncoderOptions
from codec.scene import Camera, Splats
from codec.wire.tables import SCENE_FLAG_ANTIALIASED, SCENE_FLAG_ORDER_KEPT


def scene_flags(splats: Splats, order_kept: bool = False) -> int:
    """HEAD's flags of a scene (spec 3.4)."""
    return (SCENE_FLAG_ANTIALIASED * splats.antialiased) | (SCENE_FLAG_ORDER_KEPT * order_kept)


class Draft:
    """A scene that pruning and training may replace, with how to write it.

    splats: settable.   prepared: of `splats`, for the step search.   views: carried in the file.
    like: coding parameters to keep instead of deriving them from the scene, None = derive.
    """

    like: CodingParams | None = None

    def __init__(self, splats: Splats, options: EncoderOptions,
                 default_views: list[Camera] | None = None) -> None:
        self.options, self.views = options, default_views
        self.splats = splats

    @property
    def splats(self) -> Splats:
        return self._splats

    @splats.setter
    def splats(self, splats: Splats) -> None:
        self._splats = splats
        self.prepared: Prepared = prepare(splats)

    def build(self, steps: Steps) -> bytes:
        """The whole stream."""
        splats, options = self._splats, self.options
        header = SceneHeader(splats.n_gaussians, splats.sh_degree, scene_flags(splats))
        quantized = quantize_scene(self.prepared, steps, self.like)
        return assemble(quantized, header, self._ancillary, tile_size=options.tile_size,
                        threads=options.threads)

    def quantized(self, steps: Steps) -> Splats:
        """What the stream decodes to, in the order of `splats`."""
        return dequantize(quantize_scene(self.prepared, steps, self.like), self._splats)

    def _ancillary(self, rows):
        in_order = self._splats.take(rows) if self._splats.extra else self._splats
        return ancillary_boxes(in_order, self.views)
