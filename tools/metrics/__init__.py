"""Image quality as the field measures it, each number named by its exact variant.

>>> from tools.metrics import load_suite
>>> suite = load_suite(weights=Path("weights"))
>>> suite.left_out                       # what cannot be computed here, and why
>>> scores = suite.measure(references, images)

`image` holds PSNR and the SSIMs, `networks` LPIPS and DISTS, `distribution` patch FID and KID,
`video` VMAF, `consistency` the multi-view score, `suite` chooses and runs them.
"""

from __future__ import annotations

from tools.metrics.suite import Metric, PathViews, Suite, load_suite

__all__ = ["Metric", "PathViews", "Suite", "load_suite"]
