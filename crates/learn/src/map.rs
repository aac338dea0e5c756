//! A picture of the pile: two dimensions in which neighbours stay neighbours.
