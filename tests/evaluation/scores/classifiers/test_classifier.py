from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from sentcse.evaluation.scores.classifiers.classifier import fit_classifiers, predict
from sentcse.evaluation.scores.classifiers.settings import CLASSIFIERS, L2_GRID
from sentcse.evaluation.scores.classifiers.streams import RowStream, initial_weights

TORCH_OPTIMIZERS = {"adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}


def problem(rows=300, width=12, classes=2, seed=0, noise=2.0):
    generator = np.random.default_rng(seed)
    features = generator.normal(size=(rows, width)).astype(np.float32)
    scores = features @ generator.normal(size=(width, classes)) + noise * generator.normal(size=(rows, classes))
    return np.c_[features, np.ones(rows, dtype=np.float32)].astype(np.float32), scores.argmax(axis=1)


def train_one(features, labels, train, dev, *, l2, initial, orders, settings):
    """One model in PyTorch, step by step: the loop of SentEval's tools/classifier.py."""
    model = nn.Linear(features.shape[1] - 1, len(initial))
    with torch.no_grad():
        model.weight.copy_(torch.tensor(initial[:, :-1]))
        model.bias.copy_(torch.tensor(initial[:, -1]))
    optimizer = TORCH_OPTIMIZERS[settings.optimizer](model.parameters(), weight_decay=l2)
    x, y = torch.tensor(features[:, :-1]), torch.tensor(labels)
    epochs, best, failures, stop = 0, -1.0, 0, False
    while not stop and epochs <= settings.max_epoch:
        for _ in range(settings.epoch_size):
            for rows in torch.tensor(next(orders)).split(settings.batch_size):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x[train][rows]), y[train][rows]).backward()
                optimizer.step()
        epochs += settings.epoch_size
        with torch.no_grad():
            accuracy = (model(x[dev]).argmax(dim=1) == y[dev]).double().mean().item()
        if accuracy > best:
            best, kept = accuracy, copy.deepcopy(model)
        else:
            stop = failures >= settings.tenacity
            failures += 1
    return np.c_[kept.weight.detach().numpy(), kept.bias.detach().numpy()], best, epochs


@pytest.mark.parametrize("mode", ["test", "fasttest"])
@pytest.mark.parametrize("classes", [2, 6])
def test_a_stack_equals_models_trained_one_by_one(mode, classes):
    settings = CLASSIFIERS[mode]
    features, labels = problem(classes=classes, seed=1)
    rows = np.random.default_rng(1).permutation(300)
    train, dev = rows[:230], rows[230:]
    initial = initial_weights(classes, 13, seed=5)
    options = {"initial": initial, "settings": settings}
    # decays so large as well that the models stop at different rounds
    l2 = (1e-5, 1e-2, 0.3, 3.0)
    fitted = fit_classifiers(features, labels, train, dev, l2=l2, orders=RowStream(5).orders(230), **options)
    epochs = []
    for model, decay in enumerate(l2):
        weights, accuracy, stopped = train_one(
            features, labels, train, dev, l2=decay, orders=RowStream(5).orders(230), **options
        )
        np.testing.assert_allclose(fitted.weights[model], weights, atol=1e-5)
        assert fitted.dev_accuracy[model] == pytest.approx(accuracy)
        epochs.append(stopped)
    assert fitted.epochs == max(epochs)
    assert len(set(epochs)) > 1


def test_training_goes_on_to_one_round_beyond_max_epoch():
    # the accuracy cannot fall: the tenacity never stops it
    settings = replace(CLASSIFIERS["test"], tenacity=10**6, max_epoch=8)
    features, labels = problem(rows=40)
    rows = np.arange(40)
    fitted = fit_classifiers(
        features,
        labels,
        rows,
        rows,
        l2=L2_GRID,
        initial=initial_weights(2, 13, seed=0),
        orders=RowStream(0).orders(40),
        settings=settings,
    )
    assert fitted.epochs == 12


@pytest.mark.parametrize("tenacity", [0, 1, 3])
def test_rounds_without_a_better_accuracy_are_counted_in_all(tenacity):
    features, labels = problem(rows=60)
    # one class only on the dev rows, and features that decide nothing there: the first round is the best
    dev_features = np.zeros((10, 13), dtype=np.float32)
    features, labels = np.concatenate([features, dev_features]), np.concatenate([labels, np.zeros(10, dtype=int)])
    fitted = fit_classifiers(
        features,
        labels,
        np.arange(60),
        np.arange(60, 70),
        l2=(1e-5,),
        initial=initial_weights(2, 13, seed=0),
        orders=RowStream(0).orders(60),
        settings=replace(CLASSIFIERS["fasttest"], tenacity=tenacity),
    )
    assert fitted.epochs == 2 * (1 + tenacity + 1)
    assert fitted.dev_accuracy == pytest.approx(1.0)


def test_the_arguments_stay_as_they_were():
    features, labels = problem(rows=50)
    initial = initial_weights(2, 13, seed=0)
    before = features.copy(), labels.copy(), initial.copy()
    fit_classifiers(
        features,
        labels,
        np.arange(40),
        np.arange(40, 50),
        l2=L2_GRID,
        initial=initial,
        orders=RowStream(0).orders(40),
        settings=CLASSIFIERS["fasttest"],
    )
    for array, expected in zip((features, labels, initial), before, strict=True):
        np.testing.assert_array_equal(array, expected)


def test_prediction_takes_the_highest_score_and_the_first_of_equal_ones():
    weights = np.array([[[1, 0], [0, 1]], [[0, 0], [0, 0]]], dtype=np.float32)
    features = np.array([[2, 1], [0, 1]], dtype=np.float32)
    np.testing.assert_array_equal(predict(weights, features), [[0, 1], [0, 0]])
