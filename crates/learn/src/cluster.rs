//! Groups in a pile of vectors: micro-clusters, and the merge tree above them.
