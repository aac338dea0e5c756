//! Labeling replayed with known labels: what each strategy would have saved.
