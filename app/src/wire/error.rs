//! What went wrong, as a program decides on it and a person reads it.

use leptos::prelude::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::codec::JsonEncoding;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What went wrong, so that a program can decide and a person can read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[error("{message}")]
pub struct ApiError {
    pub code: Code,
    pub message: String,
    /// Fields that do not fit, with what is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// No person is signed in, or the token does not hold.
    Unauthorized,
    Forbidden,
    NotFound,
    Invalid,
    Conflict,
    TooMany,
    /// The server's disk is full or can't be written.
    Storage,
    /// What was sent has more bytes than are taken.
    TooLarge,
    Internal,
    /// The request did not reach the server, or its answer did not come back.
    Network,
}

impl Code {
    /// The HTTP status that goes with it.
    pub fn status(self) -> u16 {
        match self {
            Code::Unauthorized => 401,
            Code::Forbidden => 403,
            Code::NotFound => 404,
            Code::Invalid => 422,
            Code::Conflict => 409,
            Code::TooMany => 429,
            Code::Storage => 507,
            Code::TooLarge => 413,
            Code::Internal | Code::Network => 500,
        }
    }
}

impl ApiError {
    pub fn new(code: Code, message: impl Into<String>) -> ApiError {
        ApiError { code, message: message.into(), fields: Vec::new() }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let code = match error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) => Code::Network,
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_) => Code::Invalid,
            _ => Code::Internal,
        };
        ApiError::new(code, error.to_string())
    }
}
