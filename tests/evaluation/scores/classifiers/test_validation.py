"""Against a plain PyTorch and scikit-learn version of SentEval's protocol, one classifier at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.model_selection import StratifiedKFold
from torch import nn

from sentcse.evaluation.scores.classifiers.problem import make_problem
from sentcse.evaluation.scores.classifiers.settings import CLASSIFIERS, L2_GRID
from sentcse.evaluation.scores.classifiers.validation import Validation, count_classifiers

SETTINGS = {
    "adam": replace(CLASSIFIERS["test"], folds=3, epoch_size=2, tenacity=1),
    "rmsprop": replace(CLASSIFIERS["fasttest"], folds=3, batch_size=50),
}


class Plain:
    """A classifier of SentEval: seeded when it is made, global random state, PyTorch throughout."""

    def __init__(self, width, classes, l2, settings, seed):
        np.random.seed(seed)
        torch.manual_seed(seed)
        self.settings = settings
        self.model = nn.Linear(width, classes)
        make = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}[settings.optimizer]
        self.optimizer = make(self.model.parameters(), weight_decay=l2)

    def fit(self, x, y, dev=None):
        if dev is None:
            drawn = np.random.permutation(len(x))
            held_out = int(0.05 * len(x))
            dev = x[drawn[:held_out]], y[drawn[:held_out]]
            x, y = x[drawn[held_out:]], y[drawn[held_out:]]
        epochs, best, failures, stop = 0, -1.0, 0, False
        while not stop and epochs <= self.settings.max_epoch:
            for _ in range(self.settings.epoch_size):
                for rows in np.array_split(
                    np.random.permutation(len(x)), range(self.settings.batch_size, len(x), self.settings.batch_size)
                ):
                    self.optimizer.zero_grad()
                    nn.functional.cross_entropy(self.model(x[rows]), y[rows]).backward()
                    self.optimizer.step()
            epochs += self.settings.epoch_size
            if self.score(*dev) > best:
                best, state = self.score(*dev), {name: value.clone() for name, value in self.model.state_dict().items()}
            else:
                stop = failures >= self.settings.tenacity
                failures += 1
        self.model.load_state_dict(state)
        return best

    @torch.no_grad()
    def score(self, x, y):
        return float((self.model(x).argmax(dim=1) == y).double().mean())


def folds(x, y, k):
    return list(StratifiedKFold(n_splits=k, shuffle=True, random_state=1111).split(x, y))


def choose(x, y, classes, settings, seed):
    scores = []
    for l2 in L2_GRID:
        each = [
            Plain(x.shape[1], classes, l2, settings, seed).fit(x[train], y[train], (x[dev], y[dev]))
            for train, dev in folds(x, y, settings.folds)
        ]
        scores.append(round(100 * np.mean(each), 2))
    return L2_GRID[int(np.argmax(scores))], max(scores)


def data(problem, part):
    rows = problem.parts[part]
    return torch.tensor(problem.features[rows, :-1]), torch.tensor(problem.labels[rows])


def expect_nested(problem, settings, seed):
    x, y = data(problem, "all")
    dev, test, chosen = [], [], []
    for train, left_out in folds(x, y, settings.folds):
        l2, score = choose(x[train], y[train], problem.classes, settings, seed)
        classifier = Plain(x.shape[1], problem.classes, l2, settings, seed)
        classifier.fit(x[train], y[train])
        dev.append(score)
        test.append(classifier.score(x[left_out], y[left_out]))
        chosen.append(l2)
    return np.mean(dev), np.mean(test), chosen


def expect_folds(problem, settings, seed):
    x, y = data(problem, "train")
    l2, score = choose(x, y, problem.classes, settings, seed)
    classifier = Plain(x.shape[1], problem.classes, l2, settings, seed)
    classifier.fit(x, y)
    return score, classifier.score(*data(problem, "test")), [l2]


def expect_split(problem, settings, seed):
    x, y = data(problem, "train")
    scores = [Plain(x.shape[1], problem.classes, l2, settings, seed).fit(x, y, data(problem, "dev")) for l2 in L2_GRID]
    l2 = L2_GRID[int(np.argmax(np.round(100 * np.array(scores), 2)))]
    # trained again, as SentEval does
    classifier = Plain(x.shape[1], problem.classes, l2, settings, seed)
    score = classifier.fit(x, y, data(problem, "dev"))
    return 100 * score, classifier.score(*data(problem, "test")), [l2]


EXPECT = {"nested": expect_nested, "folds": expect_folds, "split": expect_split}


@pytest.mark.parametrize("division", EXPECT)
@pytest.mark.parametrize("optimizer", SETTINGS)
@pytest.mark.parametrize(("classes", "columns", "seed"), [(2, 1, 1111), (3, 2, 7)])
def test_outcome_equals_a_plain_version_of_sentevals(make_transfer, division, optimizer, classes, columns, seed):
    task, table = make_transfer(division, rows=120, classes=classes, columns=columns, signal=0.3, seed=seed)
    problem, settings = make_problem(table, task), SETTINGS[optimizer]
    outcome = Validation(problem, settings, seed=seed).run()
    dev, test, chosen = EXPECT[division](problem, settings, seed)
    assert outcome.l2 == tuple(chosen)
    assert 100 * outcome.dev_accuracy == pytest.approx(dev, abs=0.005)
    assert outcome.accuracy == pytest.approx(test, abs=1e-9)
    assert (outcome.predicted == problem.labels[outcome.tested]).mean() == pytest.approx(test, abs=1e-9)


@pytest.mark.parametrize("division", EXPECT)
@pytest.mark.parametrize("test", [True, False])
def test_classifiers_are_counted(make_transfer, division, test):
    task, table = make_transfer(division, rows=60)
    settings, counted = SETTINGS["rmsprop"], []
    outcome = Validation(make_problem(table, task), settings, test=test, trained=counted.append).run()
    assert sum(counted) == count_classifiers(division, settings, test=test)
    assert (outcome.accuracy is None) == (not test)


@pytest.mark.parametrize("division", EXPECT)
def test_dev_scores_are_the_same_without_the_test(make_transfer, division):
    task, table = make_transfer(division, rows=60)
    problem = make_problem(table, task)
    with_test, without = (Validation(problem, SETTINGS["rmsprop"], test=test).run() for test in (True, False))
    assert (with_test.dev_accuracy, with_test.l2) == (without.dev_accuracy, without.l2)


def test_the_folds_do_not_depend_on_the_seed(make_transfer):
    task, table = make_transfer("nested", rows=60)
    problem = make_problem(table, task)
    divisions = [
        [
            fold.tolist()
            for fold, _ in Validation(problem, SETTINGS["adam"], seed=seed)._stratified(problem.parts["all"])
        ]
        for seed in (1, 2)
    ]
    assert divisions[0] == divisions[1]
