//! What the page of a run is asked for, as its address says it.

use crate::pages::discover::address::steps;
use crate::web::address::percent_encoded;
use domain::ClusterId;
use workflow::discover::RunView;

/// How the groups are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    #[default]
    Size,
    Tight,
    Steady,
    Unlabeled,
    New,
}

impl Sort {
    pub const ALL: [(Sort, &'static str, &'static str); 5] = [
        (Sort::Size, "size", "largest first"),
        (Sort::Tight, "tight", "tightest first"),
        (Sort::Steady, "steady", "steadiest first"),
        (Sort::Unlabeled, "unlabeled", "most unlabeled first"),
        (Sort::New, "new", "most new items first"),
    ];

    pub fn key(self) -> &'static str {
        Sort::ALL.iter().find(|(sort, ..)| *sort == self).map_or("size", |(_, key, _)| key)
    }
}

#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The number of groups.
    pub level: i64,
    pub group: Option<ClusterId>,
    pub steps: Vec<String>,
    pub sort: Sort,
}

impl Asked {
    /// Reads a query. What can't be read takes its default: the themes cut, the largest groups first.
    pub fn read(query: &str, run: &RunView) -> Asked {
        let get = |wanted: &str| {
            form_urlencoded::parse(query.as_bytes())
                .find(|(name, _)| name == wanted)
                .map(|(_, value)| value.into_owned())
        };
        let themes = run.outcome.as_ref().map_or(1, |outcome| outcome.grains.themes);
        let sort = get("sort").unwrap_or_default();
        Asked {
            level: get("k").and_then(|k| k.parse().ok()).unwrap_or(themes).clamp(1, run.finest().max(1)),
            group: get("group").and_then(|group| group.parse().ok()),
            steps: steps(query),
            sort: Sort::ALL.iter().find(|(_, key, _)| *key == sort).map_or(Sort::Size, |(sort, ..)| *sort),
        }
    }

    /// The query of the page that shows the same with another group opened.
    pub fn with_group(&self, group: Option<ClusterId>) -> String {
        Asked { group, ..self.clone() }.query()
    }

    pub fn query(&self) -> String {
        let mut parts = vec![format!("k={}", self.level)];
        if let Some(group) = self.group {
            parts.push(format!("group={group}"));
        }
        if self.sort != Sort::Size {
            parts.push(format!("sort={}", self.sort.key()));
        }
        parts.extend(self.steps.iter().map(|step| format!("sel={}", percent_encoded(step))));
        parts.join("&")
    }
}
