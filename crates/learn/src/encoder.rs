//! Sentence vectors from a BERT-family model in a local folder, on the CPU.
