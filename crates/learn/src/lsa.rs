//! Latent semantic analysis: sparse text features to dense vectors by a truncated SVD.
