# packages: krippendorff numpy pandas scikit-learn statsmodels
"""Agreement by krippendorff, statsmodels and scikit-learn, on the same answers as the benchmark `agreement`.

    python agreement.py                                   the generated table of 50,000 answers
    python agreement.py FILE.csv ITEM ANNOTATOR LABEL     a file's columns

Prints lines of JSON: of the generated table one for each benchmark, of a file one with all values. Seconds are the best of
several runs from the long table to the number: where a function takes counts or a wide table, making these is part of the
way. How long it takes from counts that are ready stands beside it (`from_ready_counts_s`), and for Fleiss' kappa how long
with counts made by hand in place of the package's own `aggregate_raters` (`counts_by_hand_s`).
"""

import itertools
import json
import sys
import time
import warnings

import krippendorff
import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from table import generated

warnings.filterwarnings("ignore")


def best(work, runs=5):
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        value = work()
        seconds.append(time.perf_counter() - start)
    return value, min(seconds)


def read(path, item, annotator, label):
    rows = pd.read_csv(path, dtype={item: str, annotator: str})[[item, annotator, label]]
    rows.columns = ["item", "annotator", "label"]
    rows = rows.drop_duplicates(["item", "annotator"], keep="last")
    rows["item"] = pd.factorize(rows["item"])[0]
    rows["annotator"] = pd.factorize(rows["annotator"], sort=True)[0]
    return rows


def main():
    rows = read(*sys.argv[1:5]) if len(sys.argv) > 4 else pd.DataFrame(dict(zip(["item", "annotator", "label"], generated())))
    domain = np.unique(rows["label"].to_numpy())
    n_items = rows["item"].max() + 1

    def counts():
        column = np.searchsorted(domain, rows["label"].to_numpy())
        cells = rows["item"].to_numpy() * len(domain) + column
        return np.bincount(cells, minlength=n_items * len(domain)).reshape(n_items, len(domain))

    values, seconds, beside = {}, {}, {}
    ready = counts()
    for metric in ["nominal", "ordinal", "interval", "ratio"]:
        if metric == "ratio" and domain[0] < 0:
            continue
        name = "alpha_" + metric
        alpha = lambda counts: krippendorff.alpha(value_counts=counts, value_domain=domain, level_of_measurement=metric)
        values[name], seconds[name] = best(lambda: alpha(counts()))
        beside[name] = {"peer": "krippendorff", "from_ready_counts_s": best(lambda: alpha(ready))[1]}

    each = ready.sum(axis=1)
    if each.min() == each.max():
        sides = lambda: rows.sort_values(["item", "annotator"])["label"].to_numpy().reshape(n_items, -1)
        name = "fleiss_kappa"
        values[name], seconds[name] = best(lambda: fleiss_kappa(aggregate_raters(sides())[0]))
        beside[name] = {
            "peer": "statsmodels",
            "counts_by_hand_s": best(lambda: fleiss_kappa(counts()))[1],
            "from_ready_counts_s": best(lambda: fleiss_kappa(ready))[1],
        }

    people = np.unique(rows["annotator"].to_numpy())
    ranked = rows.assign(label=np.searchsorted(domain, rows["label"].to_numpy()))

    def cohen(weights):
        wide = ranked.pivot(index="item", columns="annotator", values="label")
        kappas = {}
        for a, b in itertools.combinations(people, 2):
            both = wide[[a, b]].dropna()
            if len(both):
                kappa = cohen_kappa_score(both[a], both[b], weights=weights, labels=range(len(domain)))
                kappas[f"{a},{b}"] = None if np.isnan(kappa) else kappa
        return kappas

    for name, weights in [("cohen", None), ("cohen_linear", "linear"), ("cohen_quadratic", "quadratic")]:
        values[name], seconds[name] = best(lambda: cohen(weights), runs=3)
        beside[name] = {"peer": "scikit-learn"}
    if len(sys.argv) > 4:
        print(json.dumps({"n_answers": len(rows), "values": values, "seconds": seconds}))
        return
    for name, more in beside.items():
        more = {key: round(value, 6) if key.endswith("_s") else value for key, value in more.items()}
        print(json.dumps({"name": f"agreement/{name}", "seconds": seconds[name], **more}))


main()
