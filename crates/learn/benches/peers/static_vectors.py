# packages: model2vec
"""Model2Vec on the texts and with the model that the benchmark `encoder` wrote into the folder that `ASSAY_BENCH` names.
Compares its vectors of the first texts with those of the benchmark, and prints a line of JSON.
"""

import json
import os
import time

import numpy as np
from model2vec import StaticModel

folder = os.environ["ASSAY_BENCH"]
texts = open(f"{folder}/static.txt", encoding="utf-8").read().split("\n")
model = StaticModel.from_pretrained(f"{folder}/static")
model.encode(texts[:64])
start = time.perf_counter()
vectors = model.encode(texts)
seconds = time.perf_counter() - start
ours = np.fromfile(f"{folder}/static.f32", dtype="<f4").reshape(-1, vectors.shape[1])
cosines = (vectors[: len(ours)].astype(np.float64) * ours).sum(axis=1)
print(json.dumps({
    "peer": "model2vec",
    "name": f"static vectors/{len(texts)} texts",
    "seconds": seconds,
    "a_second": round(len(texts) / seconds),
    "smallest_cosine": float(cosines[ours.any(axis=1)].min()),
}))
