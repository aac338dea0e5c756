//! Words that stand in the database and are decoded as a row is read.

use thiserror::Error;

/// A word that this version of the program does not know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("“{word}” is no {of}")]
pub struct UnknownWord {
    word: String,
    of: &'static str,
}

impl UnknownWord {
    pub(crate) fn new(word: String, of: &'static str) -> UnknownWord {
        UnknownWord { word, of }
    }
}

/// Lets a row decode a type that has `parse`: `#[sqlx(try_from = "String")]`.
macro_rules! decoded {
    ($type:ty, $of:literal) => {
        impl TryFrom<String> for $type {
            type Error = $crate::word::UnknownWord;

            fn try_from(word: String) -> Result<Self, Self::Error> {
                match <$type>::parse(&word) {
                    Some(known) => Ok(known),
                    None => Err($crate::word::UnknownWord::new(word, $of)),
                }
            }
        }
    };
}

pub(crate) use decoded;

#[cfg(test)]
mod tests {
    use crate::answer::{Kind, Origin, Standing};
    use crate::consensus::State;
    use crate::job::JobState;
    use crate::queue::QueueState;
    use crate::release::{ReleaseState, Split};

    #[test]
    fn every_word_is_read_as_it_is_written() {
        macro_rules! there_and_back {
            ($($type:ty),+) => {$(
                for known in <$type>::ALL {
                    assert_eq!(<$type>::try_from(known.as_str().to_owned()), Ok(known));
                    assert_eq!(serde_json::to_value(known).unwrap(), known.as_str());
                }
                assert!(<$type>::try_from("another word".to_owned()).is_err());
            )+};
        }
        there_and_back!(Kind, Origin, Standing, State, JobState, QueueState, ReleaseState, Split);
    }
}
