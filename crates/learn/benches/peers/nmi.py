"""How well clusters of labeled texts match their labels, by scikit-learn: normalized mutual information.

    python nmi.py LABELED.csv CLUSTERS.csv…

LABELED.csv has the columns item_id and label, each CLUSTERS.csv id and cluster. Prints a list of numbers, one for each.
"""

import csv
import json
import sys

from sklearn.metrics import normalized_mutual_info_score


def column(path, key, value):
    with open(path, encoding="utf-8", newline="") as file:
        return {row[key]: row[value] for row in csv.DictReader(file)}


labeled, *files = sys.argv[1:]
truth = column(labeled, "item_id", "label")


def nmi(clusters):
    return float(normalized_mutual_info_score(list(truth.values()), clusters))


# A text without a known word is in no cluster, which counts as one.
found = [column(path, "id", "cluster") for path in files]
print(json.dumps([nmi([clusters.get(id, "") for id in truth]) for clusters in found]))
