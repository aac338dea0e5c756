"""Agreement by krippendorff, statsmodels and scikit-learn, on the same answers as the benchmark `agreement`.

    python agreement.py                                   the generated table of 50,000 answers
    python agreement.py FILE.csv ITEM ANNOTATOR LABEL     a file's columns

Prints one line of JSON: values, and the best seconds of several runs from the long table to the number.
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

    values, seconds = {}, {}
    for metric in ["nominal", "ordinal", "interval", "ratio"]:
        if metric == "ratio" and domain[0] < 0:
            continue
        alpha = lambda: krippendorff.alpha(value_counts=counts(), value_domain=domain, level_of_measurement=metric)
        values["alpha_" + metric], seconds["alpha_" + metric] = best(alpha)

    each = counts().sum(axis=1)
    if each.min() == each.max():
        values["fleiss_kappa"], seconds["fleiss_kappa_from_counts"] = best(lambda: fleiss_kappa(counts()))
        sides = lambda: rows.sort_values(["item", "annotator"])["label"].to_numpy().reshape(n_items, -1)
        _, seconds["fleiss_kappa"] = best(lambda: fleiss_kappa(aggregate_raters(sides())[0]))

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
        values[name], seconds[name] = best(lambda: cohen(weights), runs=2)
    print(json.dumps({"n_answers": len(rows), "values": values, "seconds": seconds}))


main()
