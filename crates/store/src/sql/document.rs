//! JSON in a TEXT column, on both engines.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::database::Database;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::{Decode, Encode, Type};

/// A value that is stored as JSON text.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Doc<T>(pub T);

impl<T, DB: Database> Type<DB> for Doc<T>
where
    String: Type<DB>,
{
    fn type_info() -> DB::TypeInfo {
        String::type_info()
    }

    fn compatible(ty: &DB::TypeInfo) -> bool {
        String::compatible(ty)
    }
}

impl<'q, T: Serialize, DB: Database> Encode<'q, DB> for Doc<T>
where
    String: Encode<'q, DB>,
{
    fn encode_by_ref(&self, buffer: &mut <DB as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        serde_json::to_string(&self.0)?.encode(buffer)
    }
}

impl<'r, T: DeserializeOwned, DB: Database> Decode<'r, DB> for Doc<T>
where
    &'r str: Decode<'r, DB>,
{
    fn decode(value: <DB as Database>::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Doc(serde_json::from_str(<&str>::decode(value)?)?))
    }
}
