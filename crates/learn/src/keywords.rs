//! What a group is about: words that set it apart, items that stand for it.
