//! Rows of one kind under the names of their columns. A table that is too wide scrolls in its own frame.

use leptos::prelude::*;

/// The head of a column.
pub struct Column {
    name: &'static str,
    class: Option<&'static str>,
    is_hidden: bool,
}

/// Words.
pub const fn words(name: &'static str) -> Column {
    Column { name, class: None, is_hidden: false }
}

/// Figures, which stand to the right.
pub const fn figures(name: &'static str) -> Column {
    Column { name, class: Some("n"), is_hidden: false }
}

/// Its name is for screen readers alone: what stands below says by itself what it is.
pub const fn hidden(name: &'static str) -> Column {
    Column { name, class: None, is_hidden: true }
}

impl Column {
    /// Left out on a phone.
    pub const fn not_on_phones(self) -> Column {
        let class = match self.class {
            Some(_) => "n no-phone",
            None => "no-phone",
        };
        Column { class: Some(class), ..self }
    }

    fn view(self) -> AnyView {
        let name = match self.is_hidden {
            true => view! { <span class="vh">{self.name}</span> }.into_any(),
            false => self.name.into_any(),
        };
        match self.class {
            Some(class) => view! {
                <th scope="col" class=class>
                    {name}
                </th>
            }
            .into_any(),
            None => view! { <th scope="col">{name}</th> }.into_any(),
        }
    }
}

pub struct Table {
    name: &'static str,
    class: &'static str,
    columns: Vec<Column>,
    foot: Option<AnyView>,
}

impl Table {
    /// `name` is what a screen reader calls the frame.
    pub fn new(name: &'static str, columns: impl IntoIterator<Item = Column>) -> Table {
        Table { name, class: "table", columns: columns.into_iter().collect(), foot: None }
    }

    /// A row becomes two or three lines on a phone.
    pub fn stacked(self) -> Table {
        Table { class: "table stacked", ..self }
    }

    /// A last row that sums up.
    pub fn foot(self, row: impl IntoView + 'static) -> Table {
        Table { foot: Some(row.into_any()), ..self }
    }

    pub fn rows(self, rows: impl IntoView + 'static) -> AnyView {
        let columns: Vec<_> = self.columns.into_iter().map(Column::view).collect();
        view! {
            <div class="scroll" tabindex="0" role="region" aria-label=self.name>
                <table class=self.class>
                    <thead>
                        <tr>{columns}</tr>
                    </thead>
                    <tbody>{rows}</tbody>
                    {self.foot.map(|row| view! { <tfoot>{row}</tfoot> })}
                </table>
            </div>
        }
        .into_any()
    }
}
