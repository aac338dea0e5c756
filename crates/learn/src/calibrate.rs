//! Probabilities that mean what they say: temperature scaling and the calibration error.
