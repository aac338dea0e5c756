"""sentence-transformers. Arguments: the model's folder, a file of texts, one a line, a file for the vectors."""
import json, os, sys, time
import torch
from sentence_transformers import SentenceTransformer

torch.set_num_threads(int(os.environ.get("ASSAY_THREADS", "2")))
texts = open(sys.argv[2], encoding="utf-8").read().split("\n")
model = SentenceTransformer(sys.argv[1], device="cpu")
model.encode(texts[:64])
start = time.perf_counter()
vectors = model.encode(texts, batch_size=32, normalize_embeddings=True)
seconds = time.perf_counter() - start
vectors.astype("<f4").tofile(sys.argv[3])
print(json.dumps({"texts": len(texts), "seconds": round(seconds, 3), "per_second": round(len(texts) / seconds)}))
