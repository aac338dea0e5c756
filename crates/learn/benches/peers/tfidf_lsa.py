"""scikit-learn: tf-idf of words 1-2 and characters 3-5, then 256 dimensions. Argument: a file of texts, one a line."""
import json, resource, sys, time
from scipy.sparse import hstack
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

texts = open(sys.argv[1], encoding="utf-8").read().split("\n")
start = time.perf_counter()
words = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b")
characters = TfidfVectorizer(sublinear_tf=True, min_df=2, ngram_range=(3, 5), analyzer="char_wb")
rows = hstack([words.fit_transform(texts), characters.fit_transform(texts)]).tocsr()
tfidf = time.perf_counter() - start
svd = TruncatedSVD(256, n_iter=5, random_state=1)
vectors = normalize(svd.fit_transform(rows))
both = time.perf_counter() - start
print(json.dumps({
    "rows": len(texts), "terms": rows.shape[1], "tfidf_s": round(tfidf, 3), "svd_s": round(both - tfidf, 3),
    "all_s": round(both, 3), "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
}))
