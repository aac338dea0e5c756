# packages: scikit-learn
"""scikit-learn: logistic regression on Banking77 by L-BFGS, on the vectors of the benchmark `classify` and on tf-idf of its
own (words 1-2 and characters 3-5, as ours). Reads what that benchmark wrote into the folder that `ASSAY_BENCH` names; prints lines of JSON.
"""

import json
import os
import time

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

folder = os.environ["ASSAY_BENCH"]
if not os.path.exists(f"{folder}/labels.txt"):
    raise SystemExit(0)
labels, is_test = np.loadtxt(f"{folder}/labels.txt", dtype=int).T
texts = open(f"{folder}/labeled.txt", encoding="utf-8").read().split("\n")
train, test = is_test == 0, is_test == 1


def measure(name, rows, runs):
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        model = LogisticRegression(C=10, max_iter=300).fit(rows[train], labels[train])
        seconds.append(time.perf_counter() - start)
    print(json.dumps({
        "peer": "scikit-learn",
        "name": f"train/Banking77, {name}",
        "seconds": min(seconds),
        "accuracy": round(float(model.score(rows[test], labels[test])), 4),
        "log_loss": round(float(log_loss(labels[test], model.predict_proba(rows[test]))), 4),
        "iterations": int(model.n_iter_[0]),
    }))


measure("LSA-256", np.fromfile(f"{folder}/vectors.f32", dtype="<f4").reshape(len(labels), -1), 3)
words = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b")
characters = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(3, 5), analyzer="char_wb")
measure("all built-in features", hstack([words.fit_transform(texts), characters.fit_transform(texts)]).tocsr(), 1)
