# packages: crowd-kit numpy pandas
"""Dawid and Skene's model by crowd-kit, on the same answers as the benchmark `votes`.

    python votes.py                                           the generated table of 50,000 answers, as `cargo xtask bench` reads it
    python votes.py STEPS                                     the same with what came out
    python votes.py STEPS FILE.csv ITEM ANNOTATOR LABEL       a file's columns

Prints one line of JSON: class shares and summed probabilities after so many steps, and the best seconds of two runs.
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas as pd
from crowdkit.aggregation import DawidSkene

from table import generated

warnings.filterwarnings("ignore")


def main():
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    if len(sys.argv) > 5:
        rows = pd.read_csv(sys.argv[2])[sys.argv[3:6]]
        rows.columns = ["task", "worker", "label"]
    else:
        rows = pd.DataFrame(dict(zip(["task", "worker", "label"], generated())))
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        # No tolerance: exactly this many steps.
        fitted = DawidSkene(n_iter=steps, tol=-np.inf).fit(rows)
        seconds.append(time.perf_counter() - start)
    if len(sys.argv) == 1:
        name = f"votes/{steps} steps, no shrinkage"
        print(json.dumps({"peer": "crowd-kit", "name": name, "seconds": min(seconds), "steps": steps}))
        return
    p = fitted.probas_.sort_index(axis=0).sort_index(axis=1).to_numpy()
    print(
        json.dumps(
            {
                "steps": steps,
                "n_answers": len(rows),
                "prior": fitted.priors_.sort_index().tolist(),
                # Enough to tell whether all agree: each item's probabilities by label number, and by item.
                "mean_by_label": (p * np.arange(p.shape[1])).sum(axis=1)[:200].tolist(),
                "sum_of_squares": float((p**2).sum()),
                "seconds": min(seconds),
            }
        )
    )


main()
