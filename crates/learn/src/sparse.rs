//! Sparse matrices in compressed rows: what tf-idf makes and the truncated SVD reads.
