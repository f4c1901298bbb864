"""Attention mutual information (AMI): the structural term of miCSE (Klein and Nabi 2023, section 3).

The attention weights of two views of a sentence are taken for log-normal; under that assumption their mutual
information follows from the correlation r of their logarithms: -1/2 ln(1 - r^2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

Pairing = Literal["parity", "per_layer"]

MAX_SQUARED_CORRELATION = 1.0 - 1e-6  # keeps the information of identical views finite: at most 6.9 nats
MIN_DEVIATION = 1e-6  # a row whose logarithms deviate less is constant within float32: its correlation is undefined
SCALE_FLOOR = 1e-6  # eps of the published scale


class AttentionMutualInformation(NamedTuple):
    """The information with its gradient, and the counts worth logging; all are scalar tensors, so nothing waits."""

    information: Float[Tensor, ""]
    support_share: Float[Tensor, ""]
    rows_used: Int[Tensor, ""]
    rows_left_out: Int[Tensor, ""]
    rows_not_finite: Int[Tensor, ""]


class InformationSums(NamedTuple):
    """What the mean is made of; adds up over parts of a batch: a sum over the rows used, in nats, with its gradient.

    `counts`: rows used, left out, not finite; then, of the rows with enough, positions above zero and all positions.
    """

    information: Float[Tensor, ""]
    counts: Int[Tensor, " 5"]


def attention_mutual_information(
    maps: Sequence[Float[Tensor, "views heads tokens tokens"]],
    attention_mask: Shaped[Tensor, "views tokens"],
    *,
    generator: torch.Generator | None,
    samples: int = 150,
    pairing: Pairing = "parity",
    minimum_support: int | None = 32,
    count_padding: bool = False,
) -> AttentionMutualInformation:
    """Mean information between the attention maps of two views, times (support share)^2 + 1e-6: to be maximised.

    The arguments are those of `information_sums`. With no row left the information is 0, with a gradient of 0.
    """
    sums = information_sums(
        maps,
        attention_mask,
        generator=generator,
        samples=samples,
        pairing=pairing,
        minimum_support=minimum_support,
        count_padding=count_padding,
    )
    return mean_information(sums)


def mean_information(sums: InformationSums) -> AttentionMutualInformation:
    """The mean over the rows used, weighted by the support share, from the sums over all parts of a batch."""
    used, left_out, not_finite, above, positions = sums.counts.unbind()
    share = above.to(sums.information.dtype) / positions.clamp(min=1)
    return AttentionMutualInformation(
        information=sums.information / used.clamp(min=1) * support_scale(share),
        support_share=share,
        rows_used=used,
        rows_left_out=left_out,
        rows_not_finite=not_finite,
    )


def information_sums(
    maps: Sequence[Float[Tensor, "views heads tokens tokens"]],
    attention_mask: Shaped[Tensor, "views tokens"],
    *,
    generator: torch.Generator | None,
    samples: int = 150,
    pairing: Pairing = "parity",
    minimum_support: int | None = 32,
    count_padding: bool = False,
) -> InformationSums:
    """The information between the attention maps of two views, summed over rows, with the counts for its mean.

    Args:
        maps: post-softmax (and post-dropout) maps of the chosen layers, in order; the two views of a sentence are
            neighbours in the first dimension.
        attention_mask: 1 at real tokens.
        generator: draws the positions; an own one, so that the dropout stream does not depend on this term. It draws
            on its own device. None draws from torch's global state.
        samples: positions compared in each row, drawn without replacement from those where both views are above zero;
            a row with fewer uses all of them.
        pairing: how layers are joined to rows, see `attention_rows`.
        minimum_support: rows with fewer positions above zero are left out. None follows the published code: rows need
            `samples` positions, and where no row of the batch has them, every row uses as many as the poorest one has.
        count_padding: True compares padded queries too and counts all padding in the support share, as the published
            code does; False leaves padding out on both axes.

    Rows with a NaN, an infinity or no variation are left out and counted as not finite.

    Raises:
        ValueError: if maps, attention_mask, samples, pairing or minimum_support are not as described.
    """
    _check(maps, attention_mask, samples, minimum_support)
    with torch.autocast(maps[0].device.type, enabled=False):
        rows = attention_rows(maps, pairing=pairing)
        support, positions = common_support(rows.detach(), attention_mask, len(maps), count_padding=count_padding)
        size = support.sum(dim=-1)
        if minimum_support is None:
            samples = minimum_support = _published_samples(size, samples)
        enough = size >= max(minimum_support, 1)
        chosen, counted = draw_positions(support, samples, generator)
        x, y = rows.gather(-1, chosen.unsqueeze(1).expand(-1, 2, -1, -1, -1)).unbind(1)
        information = gaussian_information(row_correlation(x, y, counted & enough.unsqueeze(-1)))
        used = enough & information.isfinite()
        counts = (used, ~enough, enough & ~used, size * enough, positions * enough)
        return InformationSums(information.where(used, 0.0).sum(), torch.stack([each.sum() for each in counts]))


def attention_rows(
    maps: Sequence[Float[Tensor, "views heads tokens tokens"]], *, pairing: Pairing
) -> Float[Tensor, "sentences 2 heads groups positions"]:
    """Arrange maps in the rows that are compared: a row is (sentence, head, group), its layers side by side.

    "parity" is the published arrangement: with layers numbered l = 2 j + m from the first one given, group m holds the
    layers j = 0, 1, ... With an odd number of layers group 1 has one layer less, and its rows are filled up with
    zeros, which never belong to the support: no layer is dropped. "per_layer" makes a group of every layer.

    Raises:
        ValueError: if pairing is neither, or if there are fewer than two layers to pair by parity.
    """
    if pairing == "per_layer":
        ordered = list(maps)
    elif pairing == "parity":
        if len(maps) < 2:
            raise ValueError(f'pairing "parity" needs the maps of at least 2 layers, got {len(maps)}')
        filled = [*maps, torch.zeros_like(maps[0])] if len(maps) % 2 else list(maps)
        ordered = filled[0::2] + filled[1::2]
    else:
        raise ValueError(f'pairing must be "parity" or "per_layer", got {pairing!r}')
    groups = 2 if pairing == "parity" else len(maps)
    # the layers of a group side by side in memory, so that one copy gives all rows and the rest are views
    stacked = torch.stack(ordered, dim=2)  # (views, heads, layers, tokens, tokens)
    return stacked.view(stacked.shape[0] // 2, 2, stacked.shape[1], groups, -1)


def common_support(
    rows: Float[Tensor, "sentences 2 heads groups positions"],
    attention_mask: Shaped[Tensor, "views tokens"],
    layers: int,
    *,
    count_padding: bool,
) -> tuple[Bool[Tensor, "sentences heads groups positions"], Int[Tensor, "sentences 1 groups"]]:
    """Where both views are above zero, and how many positions of a row could be.

    Dropout makes zeros in either view. Unless padding is counted, both the query and the key have to be real tokens.
    """
    real = attention_mask[0::2].bool() & attention_mask[1::2].bool()  # (sentences, tokens)
    pairs = torch.ones_like(real) if count_padding else real
    allowed = (pairs.unsqueeze(2) & pairs.unsqueeze(1)).flatten(1)  # (sentences, tokens * tokens)
    groups, side_by_side = rows.shape[3], rows.shape[4] // allowed.shape[1]
    support = (rows[:, 0] > 0) & (rows[:, 1] > 0)
    if not count_padding:
        support &= allowed.repeat(1, side_by_side)[:, None, None]
    layers_of_group = torch.full((groups,), side_by_side, device=rows.device)
    layers_of_group[-1] -= groups * side_by_side - layers  # the filled-up group of an odd number of layers
    return support, allowed.sum(dim=1)[:, None, None] * layers_of_group


def draw_positions(
    support: Bool[Tensor, "*rows positions"], samples: int, generator: torch.Generator | None
) -> tuple[Int[Tensor, "*rows drawn"], Bool[Tensor, "*rows drawn"]]:
    """Positions of each row, drawn uniformly without replacement from its support; returns (chosen, counted).

    A row with less support than `samples` gets all of it; what fills up its places is not `counted`.
    """
    # The largest random keys win, keys outside the support being 0: a quarter of the time of torch.multinomial
    device = support.device if generator is None else generator.device
    keys = torch.empty(support.shape, dtype=torch.int32, device=device).random_(generator=generator)
    keys = keys.to(support.device).mul_(support)
    chosen = keys.topk(min(samples, support.shape[-1]), dim=-1, sorted=False).indices
    return chosen, support.gather(-1, chosen)


def row_correlation(
    x: Float[Tensor, "*rows positions"], y: Float[Tensor, "*rows positions"], selected: Bool[Tensor, "*rows positions"]
) -> Float[Tensor, "*rows"]:
    """Pearson correlation of log x and log y over the selected positions of each row, in float32 at least.

    NaN, without a gradient, where it is undefined: nothing selected, a selected value not above zero or not finite, or
    no variation in x or y.
    """
    dtype = torch.promote_types(x.dtype, torch.float32)
    good = (x > 0) & x.isfinite() & (y > 0) & y.isfinite()
    defined = (good | ~selected).all(dim=-1)
    selected = selected & defined.unsqueeze(-1)
    count = selected.sum(dim=-1)
    dx, dy = _centred_log(x.to(dtype), selected, count), _centred_log(y.to(dtype), selected, count)
    xx, yy = dx.square().sum(dim=-1), dy.square().sum(dim=-1)
    defined = defined & (torch.minimum(xx, yy) > MIN_DEVIATION**2 * count)
    # undefined rows get a harmless denominator first: a where() after the division alone would pass NaN gradients
    r = (dx * dy).sum(dim=-1) / (xx * yy).where(defined, 1.0).sqrt()
    return r.where(defined, torch.nan)


def gaussian_information(correlation: Float[Tensor, "*rows"]) -> Float[Tensor, "*rows"]:
    """-1/2 ln(1 - r^2), in nats, with r^2 held below 1 (no gradient beyond): always finite unless r is NaN."""
    return -0.5 * torch.log1p(-correlation.square().clamp(max=MAX_SQUARED_CORRELATION))


def support_scale(support_share: Float[Tensor, ""]) -> Float[Tensor, ""]:
    """Weight of the mean information, as published: share of positions above zero, squared, plus 1e-6."""
    return support_share.square() + SCALE_FLOOR


def _centred_log(values: Tensor, selected: Tensor, count: Tensor) -> Tensor:
    logarithms = values.where(selected, 1.0).log()
    mean = logarithms.sum(dim=-1) / count.clamp(min=1)
    return (logarithms - mean.unsqueeze(-1)).where(selected, 0.0)


def _published_samples(size: Tensor, samples: int) -> int:
    """Return `samples`, or where no row has so much support, what the poorest row has."""
    smallest, largest = torch.stack([size.min(), size.max()]).tolist()
    return samples if largest >= samples else int(smallest)


def _check(maps: Sequence[Tensor], attention_mask: Tensor, samples: int, minimum_support: int | None) -> None:
    if len(maps) == 0:
        raise ValueError("maps must hold at least one layer, got none")
    views, _, tokens, keys = shape = maps[0].shape
    if any(m.shape != shape for m in maps) or tokens != keys or views % 2:
        shapes = [tuple(m.shape) for m in maps]
        raise ValueError(f"maps must all be (2 * sentences, heads, tokens, tokens), got {shapes}")
    if attention_mask.shape != (views, tokens):
        raise ValueError(f"attention_mask must be {(views, tokens)} like the maps, got {tuple(attention_mask.shape)}")
    if samples < 2:
        raise ValueError(f"samples must be at least 2, a correlation needs two points, got {samples}")
    if minimum_support is not None and minimum_support < 2:
        raise ValueError(f"minimum_support must be at least 2, a correlation needs two points, got {minimum_support}")
