# packages: scikit-learn
"""scikit-learn's KMeans or TSNE.

    python cluster.py                                      KMeans on the vectors that the benchmark `cluster` wrote into the
                                                           folder that `ASSAY_BENCH` names
    python cluster.py kmeans VECTORS.npy CLUSTERS [SEED] [LABELS.npy]
    python cluster.py tsne VECTORS.npy [SEED]

Prints a line of JSON.

`inertia` compares with Clusters::inertia; with true labels, `nmi` is the normalized mutual information with them.
For tsne, `kept` is the share of each point's 15 nearest neighbours that are still among its 15 nearest in the picture.
"""

import json
import os
import sys
import time

import numpy as np


def kmeans(vectors, clusters, seed, labels):
    from sklearn.cluster import KMeans
    from sklearn.metrics import normalized_mutual_info_score

    began = time.perf_counter()
    model = KMeans(clusters, n_init=1, random_state=seed).fit(vectors)
    out = {"seconds": time.perf_counter() - began, "inertia": float(model.inertia_), "iterations": int(model.n_iter_)}
    if labels is not None:
        out["nmi"] = float(normalized_mutual_info_score(labels, model.labels_))
    return out


def tsne(vectors, seed):
    from sklearn.manifold import TSNE
    from sklearn.neighbors import NearestNeighbors

    began = time.perf_counter()
    places = TSNE(init="pca", random_state=seed).fit_transform(vectors)
    seconds = time.perf_counter() - began
    near = [NearestNeighbors(n_neighbors=16).fit(x).kneighbors(x, return_distance=False)[:, 1:] for x in (vectors, places)]
    kept = np.mean([len(set(a) & set(b)) / 15 for a, b in zip(*near)])
    return {"seconds": seconds, "kept": float(kept)}


def as_the_benchmark():
    vectors = np.load(f"{os.environ['ASSAY_BENCH']}/vectors.npy")
    n, k = len(vectors), round(len(vectors) ** 0.5)
    made = kmeans(vectors, k, 0, None)
    made["inertia"] = round(made["inertia"])
    return {"peer": "scikit-learn", "name": f"cluster/k-means {k} and tree, {n} x {vectors.shape[1]}"} | made


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(json.dumps(as_the_benchmark()))
        raise SystemExit(0)
    method, path, *rest = sys.argv[1:]
    vectors = np.load(path)
    if method == "kmeans":
        labels = np.load(rest[2], allow_pickle=False) if len(rest) > 2 else None
        print(json.dumps(kmeans(vectors, int(rest[0]), int(rest[1]) if len(rest) > 1 else 0, labels)))
    else:
        print(json.dumps(tsne(vectors, int(rest[0]) if rest else 0)))
