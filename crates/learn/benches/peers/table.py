"""The answers that the benchmarks generate, to the last one: 10,000 items, 5 answers each by 20 people, 14 labels."""

import numpy as np

ITEMS, EACH, PEOPLE, LABELS = 10_000, 5, 20, 14


def mixed(x):
    """SplitMix64."""
    with np.errstate(over="ignore"):
        x = np.asarray(x, dtype=np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def truth(item):
    return (mixed(item) % np.uint64(LABELS)).astype(np.int64)


def generated():
    """Items, annotators, labels, in an order that is none."""
    n = ITEMS * EACH
    at = (np.arange(n) * 7919 + 13) % n
    item, turn = at // EACH, at % EACH
    annotator = ((mixed(item + 1_000_000) % np.uint64(PEOPLE)).astype(np.int64) + 4 * turn) % PEOPLE
    dice = mixed(at + 2_000_000)
    right = (dice % np.uint64(100)).astype(np.int64) < 65 + annotator % 5 * 6
    label = np.where(right, truth(item), (dice >> np.uint64(32)).astype(np.int64) % LABELS)
    return item, annotator, label


def probabilities(n=ITEMS * EACH, labels=LABELS):
    """Labels of which some are wrong, and rows of probabilities."""
    row = np.arange(n)
    true = truth(row) % labels
    given = np.where(mixed(row + 3_000_000) % np.uint64(12) == 0, (true + 1 + row % 3) % labels, true)
    cells = (row[:, None] * labels + np.arange(labels)[None, :]) + 4_000_000
    weight = (mixed(cells) % np.uint64(1000)).astype(np.float64) + 1.0
    weight[row, true] += 4000.0
    return given, weight / weight.sum(axis=1, keepdims=True)
