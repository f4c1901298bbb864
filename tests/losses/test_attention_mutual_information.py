"""Attention mutual information against loops in plain Python, closed forms, invariances and the published values."""

from __future__ import annotations

import inspect
import json
import math
import os
from itertools import product
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from sentcse.losses.attention_mutual_information import (
    attention_mutual_information,
    attention_rows,
    common_support,
    draw_positions,
    gaussian_information,
    information_sums,
    row_correlation,
    support_scale,
)

GOLDEN = Path(os.environ.get("SENTCSE_GOLDEN", Path(__file__).parents[1] / "golden"))
EVERY_POSITION = 10**6


def random_maps(layers: int, lengths: list[int], heads: int = 2, dropout: float = 0.2, seed: int = 0) -> list[Tensor]:
    """Maps of both views of sentences of the given lengths, padded keys at 0, some weights dropped; float64."""
    generator = torch.Generator().manual_seed(seed)
    tokens, mask = max(lengths), token_mask(lengths)
    maps = []
    for _ in range(layers):
        scores = torch.randn(len(mask), heads, tokens, tokens, generator=generator, dtype=torch.float64)
        weights = scores.masked_fill(~mask.bool()[:, None, None], -torch.inf).softmax(-1)
        dropped = torch.rand(weights.shape, generator=generator) < dropout
        maps.append(weights.masked_fill(dropped, 0.0) / (1 - dropout))
    return maps


def token_mask(lengths: list[int]) -> Tensor:
    mask = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    return mask.long().repeat_interleave(2, 0)


def layer_groups(layers: int, pairing: str) -> list[list[int]]:
    if pairing == "per_layer":
        return [[layer] for layer in range(layers)]
    return [[layer for layer in range(layers) if layer % 2 == m] for m in (0, 1)]


def naive_information(
    maps: list[Tensor], lengths: list[int], *, pairing: str, count_padding: bool, minimum: int = 2
) -> tuple[float, float, int, int]:
    """(information, support share, rows used, rows left out), one position at a time."""
    _, heads, tokens, _ = maps[0].shape
    informations, above_zero, positions, left_out = [], 0, 0, 0
    for sentence, head, group in product(range(len(lengths)), range(heads), layer_groups(len(maps), pairing)):
        reach = tokens if count_padding else lengths[sentence]
        pairs = []
        for layer, query, key in product(group, range(reach), range(reach)):
            x, y = (float(maps[layer][2 * sentence + view, head, query, key]) for view in (0, 1))
            if x > 0 and y > 0:
                pairs.append((math.log(x), math.log(y)))
        if len(pairs) < minimum:
            left_out += 1
            continue
        above_zero, positions = above_zero + len(pairs), positions + len(group) * reach**2
        mean_x, mean_y = (sum(side) / len(pairs) for side in zip(*pairs, strict=True))
        covariance = sum((x - mean_x) * (y - mean_y) for x, y in pairs)
        variances = sum((x - mean_x) ** 2 for x, _ in pairs) * sum((y - mean_y) ** 2 for _, y in pairs)
        informations.append(-0.5 * math.log(1 - covariance**2 / variances))
    share = above_zero / positions
    return sum(informations) / len(informations) * (share**2 + 1e-6), share, len(informations), left_out


@pytest.mark.parametrize("count_padding", [False, True])
@pytest.mark.parametrize(("layers", "pairing"), [(2, "parity"), (3, "parity"), (4, "parity"), (3, "per_layer")])
def test_equals_loops_over_every_position(layers: int, pairing: str, count_padding: bool) -> None:
    lengths = [6, 4, 5]
    maps = random_maps(layers, lengths)
    result = attention_mutual_information(
        maps, token_mask(lengths), samples=EVERY_POSITION, generator=None, pairing=pairing, minimum_support=2,
        count_padding=count_padding,
    )  # fmt: skip
    expected, share, used, left_out = naive_information(maps, lengths, pairing=pairing, count_padding=count_padding)
    assert float(result.information) == pytest.approx(expected, rel=1e-9)
    assert float(result.support_share) == pytest.approx(share, rel=1e-6)
    assert (int(result.rows_used), int(result.rows_left_out), int(result.rows_not_finite)) == (used, left_out, 0)


def test_rows_with_too_little_support_are_left_out_and_counted() -> None:
    lengths = [7, 3, 2]
    maps = random_maps(2, lengths)
    expected, share, used, left_out = naive_information(
        maps, lengths, pairing="parity", count_padding=False, minimum=10
    )
    result = attention_mutual_information(
        maps, token_mask(lengths), samples=EVERY_POSITION, generator=None, minimum_support=10
    )
    assert left_out >= 8
    assert used >= 4
    assert float(result.information) == pytest.approx(expected, rel=1e-9)
    assert float(result.support_share) == pytest.approx(share, rel=1e-6)
    assert (int(result.rows_used), int(result.rows_left_out)) == (used, left_out)


def test_published_rule_uses_as_many_positions_as_the_poorest_row_where_none_has_enough() -> None:
    lengths = [4, 3]
    maps = random_maps(2, lengths, dropout=0.0)  # 16 positions in the rows of one sentence, 9 in those of the other
    mask = token_mask(lengths)
    few = attention_mutual_information(
        maps, mask, samples=150, generator=torch.Generator().manual_seed(1), minimum_support=None
    )
    nine = attention_mutual_information(
        maps, mask, samples=9, generator=torch.Generator().manual_seed(1), minimum_support=9
    )
    assert int(few.rows_used) == 8
    assert float(few.information) == float(nine.information)
    enough_in_one = attention_mutual_information(maps, mask, samples=16, generator=None, minimum_support=None)
    assert (int(enough_in_one.rows_used), int(enough_in_one.rows_left_out)) == (4, 4)


def test_no_row_left_gives_zero_with_a_gradient_of_zero() -> None:
    maps = [m.float().requires_grad_() for m in random_maps(2, [3])]
    result = attention_mutual_information(maps, token_mask([3]), generator=None, minimum_support=100)
    result.information.backward()
    assert result.information.item() == 0.0
    assert int(result.rows_left_out) == 4
    assert all(float(m.grad.abs().max()) == 0.0 for m in maps)


def test_invariant_to_the_order_of_the_batch_and_of_the_views() -> None:
    lengths = [6, 4, 5]
    maps = random_maps(4, lengths)
    information = [
        float(attention_mutual_information(
            [m[order] for m in maps], token_mask(lengths)[order], samples=EVERY_POSITION, generator=None
        ).information)
        for order in ([0, 1, 2, 3, 4, 5], [4, 5, 0, 1, 2, 3], [1, 0, 3, 2, 5, 4])
    ]  # fmt: skip
    assert information[1:] == pytest.approx([information[0]] * 2, rel=1e-12)


def test_invariant_to_padding_whatever_the_maps_hold_there() -> None:
    lengths = [6, 5]
    maps = random_maps(4, lengths)
    padded = [torch.nn.functional.pad(m, (0, 3, 0, 3), value=0.37) for m in maps]
    mask = torch.nn.functional.pad(token_mask(lengths), (0, 3))
    plain = attention_mutual_information(maps, token_mask(lengths), samples=EVERY_POSITION, generator=None)
    longer = attention_mutual_information(padded, mask, samples=EVERY_POSITION, generator=None)
    assert float(longer.information) == pytest.approx(float(plain.information), rel=1e-12)
    assert float(longer.support_share) == float(plain.support_share)


@pytest.mark.parametrize("layers", [2, 3])
def test_gradients_equal_finite_differences(layers: int) -> None:
    lengths = [4, 3]
    maps = [m.requires_grad_() for m in random_maps(layers, lengths, heads=1)]

    def information(*given: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(3)
        return attention_mutual_information(
            given, token_mask(lengths), samples=12, generator=generator, minimum_support=3
        ).information

    # dropped weights are at the edge of the support: differences are taken on the positive ones alone
    positive = [m.detach() > 0 for m in maps]

    def of_positive(*given: Tensor) -> Tensor:
        return information(*(m.where(above, 0.0) for m, above in zip(given, positive, strict=True)))

    assert torch.autograd.gradcheck(of_positive, maps, eps=1e-7, atol=1e-6)


def test_rows_not_finite_are_counted_and_leave_the_gradients_of_the_others_untouched() -> None:
    lengths = [5, 5, 5, 5, 5]
    good = random_maps(2, lengths[:1], heads=1, dropout=0.0)
    bad = random_maps(2, lengths[1:], heads=1, dropout=0.0, seed=1)
    for layer in bad:
        layer[0, 0, 1, 1] = torch.inf
        layer[2] = 1.0  # no variation in one view: logarithms of exactly 0
        layer[6] = 0.2  # the same within rounding
        layer[4:6] = torch.nan  # NaN is not above zero: no support at all
    both = [torch.cat([g, b]).float().requires_grad_() for g, b in zip(good, bad, strict=True)]
    alone = [g.float().requires_grad_() for g in good]
    result = attention_mutual_information(
        both, token_mask(lengths), samples=EVERY_POSITION, generator=None, minimum_support=2
    )
    expected = attention_mutual_information(
        alone, token_mask(lengths[:1]), samples=EVERY_POSITION, generator=None, minimum_support=2
    )
    assert (int(result.rows_used), int(result.rows_not_finite), int(result.rows_left_out)) == (2, 6, 2)
    assert result.information.item() == pytest.approx(expected.information.item(), rel=1e-6)
    result.information.backward()
    expected.information.backward()
    for mixed, reference in zip(both, alone, strict=True):
        assert torch.allclose(mixed.grad[:2], reference.grad, rtol=1e-5, atol=1e-9)
        assert float(mixed.grad[2:].abs().max()) == 0.0


def test_identical_views_give_a_finite_information_and_gradient() -> None:
    maps = [m[:1].float().repeat(2, 1, 1, 1).requires_grad_() for m in random_maps(2, [6], dropout=0.0)]
    result = attention_mutual_information(maps, token_mask([6]), generator=None)
    result.information.backward()
    assert 6.5 < result.information.item() < 7.0  # -1/2 ln 1e-6 = 6.9
    assert all(bool(m.grad.isfinite().all()) for m in maps)


def test_information_of_a_known_correlation() -> None:
    assert float(gaussian_information(torch.tensor(0.6, dtype=torch.float64))) == pytest.approx(-math.log(0.8))
    assert math.isnan(float(gaussian_information(torch.tensor(math.nan))))


def test_half_precision_maps_are_compared_in_float32_even_under_autocast() -> None:
    maps = [m.to(torch.bfloat16) for m in random_maps(2, [6, 6])]
    with torch.autocast("cpu", torch.bfloat16):
        half = attention_mutual_information(maps, token_mask([6, 6]), samples=EVERY_POSITION, generator=None)
    full = attention_mutual_information(
        [m.float() for m in maps], token_mask([6, 6]), samples=EVERY_POSITION, generator=None
    )
    assert half.information.dtype == torch.float32
    assert float(half.information) == pytest.approx(float(full.information), rel=1e-6)


def test_draws_are_uniform_without_replacement_within_the_support() -> None:
    rows, inside = 4000, torch.arange(40) % 2 == 0
    chosen, counted = draw_positions(inside.expand(rows, 40), 5, torch.Generator().manual_seed(0))
    assert bool(counted.all())
    assert bool(inside[chosen].all())
    assert all(len(set(row)) == 5 for row in chosen.tolist())
    frequency = torch.bincount(chosen.flatten(), minlength=40)[inside] / rows
    assert float((frequency - 5 / 20).abs().max()) < 5 * math.sqrt(0.25 * 0.75 / rows)
    neighbours = (chosen == 0).any(1) & (chosen == 2).any(1)  # both of two given positions: 5/20 * 4/19
    assert float(neighbours.float().mean()) == pytest.approx(5 / 20 * 4 / 19, abs=0.02)


def test_a_row_poor_in_support_gives_all_of_it() -> None:
    support = torch.tensor([[False, True, True, False], [True, True, True, True]])
    chosen, counted = draw_positions(support, 3, torch.Generator().manual_seed(0))
    assert sorted(chosen[0][counted[0]].tolist()) == [1, 2]
    assert int(counted[1].sum()) == 3


def test_the_same_generator_state_draws_the_same_positions_and_leaves_the_global_state_alone() -> None:
    maps, mask = random_maps(2, [8, 8]), token_mask([8, 8])
    before = torch.random.get_rng_state()
    first, second, other = (
        float(attention_mutual_information(
            maps, mask, samples=40, generator=torch.Generator().manual_seed(seed)
        ).information)
        for seed in (5, 5, 6)
    )  # fmt: skip
    assert first == second != other
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"maps": random_maps(1, [3])}, "at least 2 layers"),
        ({"maps": []}, "at least one layer"),
        ({"maps": [m[:1] for m in random_maps(2, [3])]}, "maps must all be"),
        ({"attention_mask": torch.ones(2, 4)}, "attention_mask must be"),
        ({"samples": 1}, "samples must be at least 2"),
        ({"minimum_support": 1}, "minimum_support must be at least 2"),
    ],
)
def test_wrong_arguments_are_named(change: dict[str, object], message: str) -> None:
    arguments = {"maps": random_maps(2, [3]), "attention_mask": token_mask([3]), "generator": None, **change}
    with pytest.raises(ValueError, match=message):
        inspect.unwrap(information_sums)(**arguments)  # as users call it: without the tests' shape checks


def test_an_unknown_pairing_is_named() -> None:
    with pytest.raises(ValueError, match='pairing must be "parity" or "per_layer", got \'odd\''):
        inspect.unwrap(attention_rows)(random_maps(2, [3]), pairing="odd")


@pytest.mark.golden
@pytest.mark.parametrize("case", ["ami_dropout", "ami_no_dropout"])
def test_golden_information_correlation_scale_and_gradient(case: str) -> None:
    golden, scalars = load_file(GOLDEN / f"{case}.safetensors"), json.loads((GOLDEN / "golden.json").read_text())[case]
    attention = golden["attention"].requires_grad_()  # (views, layers, heads, tokens, tokens)
    views, layers, _, tokens, _ = attention.shape
    rows = attention_rows(list(attention.unbind(1)), pairing="parity")
    mask = torch.ones(views, tokens)
    support, positions = common_support(rows.detach(), mask, layers, count_padding=True)
    selected = golden["selected"].view(support.shape)
    correlation = row_correlation(rows[:, 0], rows[:, 1], selected)
    scale = support_scale(support.sum() / positions.expand(support.shape[:-1]).sum())
    information = gaussian_information(correlation).mean() * scale
    information.backward()
    torch.testing.assert_close(correlation.flatten(), golden["correlation"], rtol=1e-4, atol=1e-6)
    assert float(scale) == pytest.approx(scalars["scale"], rel=1e-6)
    assert float(information) == pytest.approx(scalars["mutual_information"], rel=1e-4)
    expected = golden["grad.attention"]
    torch.testing.assert_close(attention.grad, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.golden
def test_golden_information_of_given_maps() -> None:
    golden = load_file(GOLDEN / "micse_bert.safetensors")
    expected = json.loads((GOLDEN / "golden.json").read_text())["micse_bert"]
    names = sorted((name for name in golden if name.startswith("attention.layer")), key=lambda n: int(n[15:]))
    result = attention_mutual_information(
        [golden[name] for name in names], golden["attention_mask"].flatten(0, 1), samples=150,
        generator=torch.Generator(), minimum_support=None, count_padding=True,
    )  # fmt: skip
    value = expected["attention_mutual_information_from_loss_difference"]
    assert float(result.information) == pytest.approx(value, rel=1e-4)
    assert float(result.support_share) == 1.0
