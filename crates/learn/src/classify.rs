//! Labels from vectors: softmax regression and the baselines beside it.
