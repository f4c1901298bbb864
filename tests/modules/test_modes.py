from __future__ import annotations

from torch import nn

from sentcse.modules.modes import in_eval_mode


def test_every_module_gets_its_own_mode_back() -> None:
    module = nn.Sequential(nn.Dropout(), nn.Sequential(nn.BatchNorm1d(2).eval()))
    with in_eval_mode(module):
        assert not any(each.training for each in module.modules())
    assert [each.training for each in module.modules()] == [True, True, True, False]
