# packages: cleanlab numpy pandas
"""Suspected label errors by cleanlab, on the same probabilities as the benchmark `errors`.

    python errors.py                              50,000 generated rows of 14 labels
    python errors.py LABELED.csv PROBS.csv        columns id and label; id and one column a label

Prints lines of JSON: of generated rows one for each benchmark, of files one with the suspects in order for each filter and
rank. Seconds are the best of several runs. With STABLE=1 in the environment
numpy's sort keeps the order of equal values, which cleanlab leaves to chance.
"""

import json
import os
import sys
import time
import warnings

import numpy as np
import pandas as pd

from table import probabilities

warnings.filterwarnings("ignore")

if os.environ.get("STABLE"):
    argsort = np.argsort
    np.argsort = lambda a, *args, **options: argsort(a, *args, **{**options, "kind": "stable"})

from cleanlab.filter import find_label_issues  # noqa: E402


def read(labeled, probs):
    labeled = pd.read_csv(labeled, dtype=str)[["id", "label"]]
    probs = pd.read_csv(probs, dtype={"id": str})
    columns = [column for column in probs.columns if column != "id"]
    joined = probs.merge(labeled, on="id")
    given = joined["label"].map({column: at for at, column in enumerate(columns)}).to_numpy()
    return joined["id"].tolist(), given, joined[columns].to_numpy()


def main():
    if len(sys.argv) > 2:
        ids, given, p = read(*sys.argv[1:3])
    else:
        given, p = probabilities()
        ids = [str(row) for row in range(len(given))]
    found, seconds = {}, {}
    for filter_by in ["prune_by_noise_rate", "confident_learning"]:
        for rank in ["self_confidence", "normalized_margin"]:
            best = np.inf
            for _ in range(5):
                start = time.perf_counter()
                rows = find_label_issues(given, p, filter_by=filter_by, return_indices_ranked_by=rank, n_jobs=1)
                best = min(best, time.perf_counter() - start)
            found[f"{filter_by},{rank}"] = [ids[row] for row in rows]
            seconds[f"{filter_by},{rank}"] = best
    if len(sys.argv) > 2:
        print(json.dumps({"n_items": len(ids), "n_labels": p.shape[1], "found": found, "seconds": seconds}))
        return
    for filter_by in ["prune_by_noise_rate", "confident_learning"]:
        key = f"{filter_by},self_confidence"
        more = {"suspects": len(found[key])}
        print(json.dumps({"peer": "cleanlab", "name": f"errors/{filter_by}", "seconds": seconds[key], **more}))


main()
