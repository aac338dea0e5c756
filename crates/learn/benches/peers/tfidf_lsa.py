# packages: scikit-learn
"""scikit-learn: tf-idf of words 1-2 and characters 3-5, then 256 dimensions, of the texts that the benchmark `lsa` wrote into
the folder that `ASSAY_BENCH` names. Prints a line of JSON.
"""

import json
import os
import resource
import time

from scipy.sparse import hstack
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

texts = open(f"{os.environ['ASSAY_BENCH']}/texts.txt", encoding="utf-8").read().split("\n")
start = time.perf_counter()
words = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b")
characters = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(3, 5), analyzer="char_wb")
rows = hstack([words.fit_transform(texts), characters.fit_transform(texts)]).tocsr()
tfidf = time.perf_counter() - start
svd = TruncatedSVD(256, n_iter=5, random_state=1)
vectors = normalize(svd.fit_transform(rows))
both = time.perf_counter() - start
print(json.dumps({
    "peer": "scikit-learn",
    "name": f"tf-idf and LSA-256, {len(texts)} texts",
    "seconds": both,
    "terms": rows.shape[1],
    "tfidf_s": round(tfidf, 1),
    "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
}))
