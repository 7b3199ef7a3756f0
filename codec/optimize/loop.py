"""The loop around a trainer: time budget, Ctrl-C, measuring, checkpoints, the best so far."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from codec.optimize.losses import psnr, ssim
from codec.rendering import RenderOptions, render
from codec.scene import Splats


class Engine(Protocol):
    """What the loop needs of a trainer."""

    step: int
    splats: Splats

    def advance(self) -> float: ...


@dataclass(slots=True)
class Record:
    """What a training has cost and reached; survives a resume.

    seconds, cpu_seconds: wall time, and processor time of all threads, of training and measuring.
    history: one entry per measurement: step, seconds, gaussians, loss, psnr_held_out, psnr_train.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    history: list[dict] = field(default_factory=list)
    ended: str = "running"


@dataclass(slots=True)
class Best:
    """The scene of best PSNR on the sample of training views, by `measure`."""

    splats: Splats | None = None
    psnr: float = -np.inf
    step: int = -1


def mean_psnr(splats: Splats, views, indices, options: RenderOptions) -> float:
    """Mean PSNR in dB over some views of `views`, each at most 99; NaN without any."""
    return _mean_score(psnr, splats, views, indices, options)


def mean_ssim(splats: Splats, views, indices, options: RenderOptions) -> float:
    """Mean SSIM over some views of `views`; NaN without any."""
    return _mean_score(ssim, splats, views, indices, options)


def _mean_score(score, splats: Splats, views, indices, options: RenderOptions) -> float:
    """Each view is rendered on what is behind its own target."""
    values = []
    for index in indices:
        camera, target = views.view(index)
        how = replace(options, background=views.background(index))
        values.append(min(score(render(splats, camera, options=how).rgb, target), 99.0))
    return float(np.mean(values)) if values else float("nan")


def sample_views(count: int, most: int = 8) -> list[int]:
    """Up to `most` view numbers spread evenly over `count`."""
    return sorted({int(i) for i in np.linspace(0, count - 1, min(most, count))}) if count else []


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets instead of breaking into a step; a second Ctrl-C breaks."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def on_signal(number, frame):
        event.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(slots=True)
class Loop:
    """Runs `engine` up to `iterations`.

    measure(splats) -> dict with "psnr_train" and what else belongs in the history; called every
    `measure_every` steps.   save(): write a checkpoint; called every `save_seconds` and at the
    end.   budget: seconds of wall time of this call, 0 = none.   progress: called with one line.
    Ctrl-C, or `asked` set from outside, ends the loop after the step under way; `record.ended` says
    "interrupted".
    """

    engine: Engine
    iterations: int
    measure: Callable[[Splats], dict]
    record: Record
    best: Best
    measure_every: int = 1000
    save: Callable[[], None] = lambda: None
    save_seconds: float = 60.0
    budget: float = 0.0
    progress: Callable[[str], None] = lambda line: None
    asked: threading.Event = field(default_factory=threading.Event)

    def run(self) -> Splats:
        """Train until done, out of time or interrupted; returns the best scene so far."""
        start, cpu, saved = time.monotonic(), time.process_time(), time.monotonic()
        before, smooth = (self.record.seconds, self.record.cpu_seconds), None
        self.record.ended = "interrupted" if self.asked.is_set() else "finished"
        with interruptible() as stop:
            while self.engine.step < self.iterations and self.record.ended == "finished":
                loss = self.engine.advance()
                smooth = loss if smooth is None else 0.99 * smooth + 0.01 * loss
                self.record.seconds = before[0] + time.monotonic() - start
                self.record.cpu_seconds = before[1] + time.process_time() - cpu
                if self.engine.step % self.measure_every == 0:
                    self._measure(smooth)
                if time.monotonic() - saved >= self.save_seconds:
                    self.save()
                    saved = time.monotonic()
                if self.engine.step < self.iterations:
                    self.record.ended = self._reason(stop, time.monotonic() - start)
            if not self.record.history or self.record.history[-1]["step"] != self.engine.step:
                self._measure(smooth)
            self.record.seconds = before[0] + time.monotonic() - start
            self.record.cpu_seconds = before[1] + time.process_time() - cpu
            self.save()
            if stop.is_set():  # in the last step or while it was measured
                self.record.ended = "interrupted"
        return self.best.splats if self.best.splats is not None else self.engine.splats

    def _reason(self, stop: threading.Event, seconds: float) -> str:
        if stop.is_set() or self.asked.is_set():
            return "interrupted"
        return "out of time" if self.budget and seconds >= self.budget else "finished"

    def _measure(self, loss: float | None) -> None:
        splats = self.engine.splats
        found = self.measure(splats)
        entry = {"step": self.engine.step, "seconds": round(self.record.seconds, 1),
                 "cpu_seconds": round(self.record.cpu_seconds, 1),
                 "gaussians": splats.n_gaussians, "loss": loss} | found
        self.record.history.append(entry)
        if found["psnr_train"] > self.best.psnr:
            copy = splats.take(np.arange(splats.n_gaussians))
            self.best.splats, self.best.psnr, self.best.step = (
                copy, found["psnr_train"], self.engine.step)
        shown = "  ".join(f"{k} {v:.2f}" for k, v in found.items())
        self.progress(f"{self.engine.step:6d}/{self.iterations}  {entry['seconds']:7.0f} s  "
                      f"{entry['gaussians']:7d} Gaussians  {shown}")
