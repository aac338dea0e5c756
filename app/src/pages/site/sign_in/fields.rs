//! Fields of the forms for people who are not in yet.

use crate::parts::fields::Field;

pub fn new_password(form: &'static str) -> Field<'static> {
    Field {
        form,
        name: "new_password",
        label: "Password",
        hint: "At least 10 characters; a few words make a good one.",
        kind: "password",
        value: "",
        required: true,
    }
}
