"""How far a convolutional network sees: spans of indices along one axis, walked back layer by layer.

A span is the first and the last index that something depends on; each function gives the span one layer earlier.
"""

from __future__ import annotations

from collections.abc import Callable

Span = tuple[int, int]


def join(*spans: Span) -> Span:
    """The span that holds all of these."""
    return min(span[0] for span in spans), max(span[1] for span in spans)


def before_conv(span: Span, times: int = 1) -> Span:
    """Before 3 x 3 convolutions of stride 1, so many one after the other."""
    return span[0] - times, span[1] + times


def before_stride(span: Span) -> Span:
    """Before a 3 x 3 convolution of stride 2 and padding 1."""
    return 2 * span[0] - 1, 2 * span[1] + 1


def before_enlarging(span: Span, factor: int) -> Span:
    """Before bilinear enlarging: output i lies at (i + 0.5) / factor - 0.5 of its input."""
    half = factor // 2
    return (span[0] - half) // factor, (span[1] - half) // factor + 1


def reach_px(span_of: Callable[[int], Span], stride_px: int) -> int:
    """How far from an output pixel the farthest input pixel lies that it depends on, exactly.

    Args:
        span_of: the input span of an output pixel. stride_px: after so many pixels everything repeats.
    """
    return max(max(phase - low, high - phase) for phase in range(stride_px) for low, high in [span_of(phase)])


def halo_px(span_of: Callable[[int], Span], stride_px: int) -> int:
    """`reach_px` rounded up to a multiple of the stride."""
    return -(-reach_px(span_of, stride_px) // stride_px) * stride_px
