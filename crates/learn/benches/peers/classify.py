"""scikit-learn: softmax regression by L-BFGS on the features of `benches/classify.rs`. Argument: their folder."""
import json, sys, time
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

folder = sys.argv[1]
labels, is_test = np.loadtxt(f"{folder}/labels.txt", dtype=int).T
vectors = np.fromfile(f"{folder}/vectors.f32", dtype="<f4").reshape(len(labels), -1)
train, test = is_test == 0, is_test == 1
seconds = []
for _ in range(3):
    start = time.perf_counter()
    model = LogisticRegression(C=10, max_iter=300).fit(vectors[train], labels[train])
    seconds.append(time.perf_counter() - start)
probabilities = model.predict_proba(vectors[test])
print(json.dumps({
    "rows": int(train.sum()), "l2": 0.1, "fit_s": round(min(seconds), 4), "iterations": int(model.n_iter_[0]),
    "accuracy": round(float(model.score(vectors[test], labels[test])), 4),
    "log_loss": round(float(log_loss(labels[test], probabilities)), 4),
}))
