"""Charts as inline SVG: scales, axes and marks. Colours come from the classes in the style."""

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tf_lpdistill.report.markup import Markup, join, tag

WIDE, NARROW = 860, 340
"""Widths in CSS pixels of the two drawings of every chart: for a desktop and for a phone."""


@dataclasses.dataclass(frozen=True)
class Scale:
    """A map from data to pixels, linear or logarithmic.

    Args:
        low, high: the ends of the data; they differ, and are positive for a log scale.
        start, stop: the pixels where they lie; start may be the larger (y grows downwards).
        log: logarithmic instead of linear.
    """

    low: float
    high: float
    start: float
    stop: float
    log: bool = False

    def __call__(self, value: Any) -> Any:
        """Returns the pixel of `value` (a number or an array)."""
        warp = np.log if self.log else np.asarray
        share = (warp(value) - warp(self.low)) / (warp(self.high) - warp(self.low))
        return self.start + share * (self.stop - self.start)

    def ticks(self, number: int) -> list[float]:
        """Returns about `number` round values between the ends, ascending."""
        return _log_ticks(self.low, self.high) if self.log else nice(self.low, self.high, number)


def nice(low: float, high: float, number: int) -> list[float]:
    """Returns about `number` round values (1, 2, 2.5 or 5 times a power of ten) in [low, high]."""
    rough = (high - low) / max(number, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    steps = [multiple * power for multiple in (1, 2, 2.5, 5, 10)]
    step = min(steps, key=lambda step: abs(math.log(step / rough)))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    # Rounded to the step's own digits, so that 3 * 0.1 is written 0.3.
    digits = max(0, 2 - math.floor(math.log10(step)))
    return [round(i * step, digits) for i in range(first, last + 1)]


def _log_ticks(low, high):
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for multiples in ((1,), (1, 3), (1, 2, 5)):
        values = [m * 10.0**d for d in decades for m in multiples]
        values = [value for value in values if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(values) >= 3:
            break
    return values


def responsive(draw: Callable, label: str) -> Markup:
    """Returns a chart drawn twice, of which the style shows the one that fits the screen.

    One drawing scaled down to a phone would have letters of five pixels.

    Args:
        draw: a function of the width in pixels that returns (height, children).
        label: what the chart shows and what it says, in sentences, for those who do not see it.

    Returns:
        `Markup`.
    """
    return join(
        canvas(*draw(width), width=width, label=label, class_=class_)
        for width, class_ in ((WIDE, "chart wide"), (NARROW, "chart narrow"))
    )


def canvas(
    height: float, children: Any, *, width: float, label: str, class_: str = "chart"
) -> Markup:
    """Returns the `svg` element of a drawing of width x height pixels; `label` as above."""
    return tag(
        "svg",
        children,
        class_=class_,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=label,
    )


def clip(x: Scale, y: Scale, *children: Any) -> Markup:
    """Returns the children, cut off at the edges of the area that two `Scale`s span."""
    left, top = float(x.start), float(min(y.start, y.stop))
    width, height = float(x.stop - x.start), float(abs(y.stop - y.start))
    return tag(
        "svg",
        children,
        x=left,
        y=top,
        width=width,
        height=height,
        viewBox=f"{left:g} {top:g} {width:g} {height:g}",
    )


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Returns a straight line."""
    x1, y1, x2, y2 = map(float, (x1, y1, x2, y2))
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def text(x: float, y: float, value: object, class_: str, anchor: str = "start") -> Markup:
    """Returns a text that starts, is centred ("middle") or ends ("end") at (x, baseline y)."""
    return tag("text", value, x=float(x), y=float(y), class_=class_, text_anchor=anchor)


def dot(x: float, y: float, radius: float, class_: str) -> Markup:
    """Returns a filled circle."""
    return tag("circle", cx=float(x), cy=float(y), r=float(radius), class_=class_)


def short(name: str, most: int) -> str:
    """Returns a name, or its first letters and an ellipsis where it has more than `most`."""
    return name if len(name) <= most else f"{name[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def width_of(names: Iterable[str]) -> float:
    """Returns about how many pixels the longest of the names takes, at the size of a label."""
    return 7.0 * max(map(len, names), default=0)


def upright(x: float, y: float, value: object, class_: str) -> Markup:
    """Returns a text that runs upwards from (baseline x, y)."""
    turn = f"rotate(-90 {x:.2f} {y:.2f})"
    return tag("text", value, x=float(x), y=float(y), class_=class_, transform=turn)


def square(x: float, y: float, side: float, class_: str, opacity: float | None = None) -> Markup:
    """Returns a square with its upper left corner at (x, y)."""
    x, y, side = map(float, (x, y, side))
    return tag("rect", x=x, y=y, width=side, height=side, class_=class_, fill_opacity=opacity)


def cloud(xs: np.ndarray, ys: np.ndarray, class_: str) -> Markup:
    """Returns many small dots as one path, whose round caps are the dots."""
    steps = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in zip(xs, ys, strict=True))
    return tag("path", d=steps, class_=class_)


def curve(xs: np.ndarray, ys: np.ndarray, class_: str) -> Markup:
    """Returns a line through the points; a NaN interrupts it, a lone point becomes a dot."""
    runs = _runs(np.isfinite(ys))
    lines = [
        tag("polyline", points=_points(xs[run], ys[run]), class_=class_)
        for run in runs
        if len(xs[run]) > 1
    ]
    lone = [dot(xs[run][0], ys[run][0], 2.5, "dot") for run in runs if len(xs[run]) == 1]
    return join(lines, lone)


def band(xs: np.ndarray, lows: np.ndarray, highs: np.ndarray, class_: str) -> Markup:
    """Returns the area between two curves; NaN interrupts it."""
    return join(
        tag(
            "polygon",
            points=_points(
                np.concatenate([xs[run], xs[run][::-1]]),
                np.concatenate([lows[run], highs[run][::-1]]),
            ),
            class_=class_,
        )
        for run in _runs(np.isfinite(lows) & np.isfinite(highs))
        if len(xs[run]) > 1
    )


def grid(
    x: Scale,
    y: Scale,
    x_ticks: Sequence[float],
    y_ticks: Sequence[float],
    *,
    x_text: Callable[[float], str] = str,
    y_text: Callable[[float], str] = str,
) -> Markup:
    """Returns horizontal rules with their values at the left, and values below.

    Args:
        x, y: the `Scale`s of the chart.
        x_ticks, y_ticks: values to mark.
        x_text, y_text: functions from a value to its text.
    """
    return join(
        [line(x.start, y(v), x.stop, y(v), "rule") for v in y_ticks],
        [text(x.start - 8, y(v) + 4, y_text(v), "tick", "end") for v in y_ticks],
        [text(x(v), y.start + 20, x_text(v), "tick", "middle") for v in x_ticks],
    )


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Moves positions apart as little as needed, in their order, so that labels do not collide.

    Args:
        positions: list of float.
        gap: the smallest distance between two of the result.
        low, high: ends that are kept to while there is room.

    Returns:
        A list of float, in the order of `positions`.
    """
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    blocks = []  # of [centre, number]: touching labels move as one, around their mean
    for i in order:
        blocks.append([positions[i], 1])
        while True:
            for block in blocks:
                half = (block[1] - 1) * gap / 2
                block[0] = max(low + half, min(block[0], high - half))
            if len(blocks) < 2:
                break
            (first, n), (second, m) = blocks[-2:]
            if second - first >= (n + m) * gap / 2:
                break
            blocks[-2:] = [[(first * n + second * m) / (n + m), n + m]]
    placed = [centre + (j - (n - 1) / 2) * gap for centre, n in blocks for j in range(n)]
    result = dict(zip(order, placed, strict=True))
    return [result[i] for i in range(len(positions))]


def _runs(mask):
    """Returns slices of the stretches where `mask` is true."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return [slice(start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def _points(xs, ys):
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
