//! The stations of a project: one list, of which the navigation and the overview are made.

use crate::parts::numbers::grouped;
use domain::permission::Act;
use workflow::site::projects::Overview;

/// Where a page belongs. Only stations that are built are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Station {
    Overview,
    Data,
    Discover,
    Taxonomy,
    Queues,
    Agreement,
    Releases,
    Settings,
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Above,
    /// In the row of stations that a text passes from import to release.
    Line,
    Below,
}

/// An entry of the navigation.
pub struct Entry {
    pub station: Station,
    pub place: Place,
    /// Behind the address of the project.
    pub path: &'static str,
    pub name: &'static str,
    /// What a visitor must be allowed to find it here.
    pub needs: Act,
    /// Its count or version; a station with one is done.
    pub mark: fn(&Overview) -> Option<String>,
}

/// Where several entries lead to one station, a visitor finds the first that they are allowed.
pub const ENTRIES: [Entry; 9] = [
    Entry {
        station: Station::Overview,
        place: Place::Above,
        path: "",
        name: "Overview",
        needs: Act::SeeProject,
        mark: |_| None,
    },
    Entry {
        station: Station::Data,
        place: Place::Line,
        path: "/data",
        name: "Data",
        needs: Act::SeeOthers,
        mark: |overview| (overview.n_items > 0).then(|| grouped(overview.n_items)),
    },
    Entry {
        station: Station::Discover,
        place: Place::Line,
        path: "/discover",
        name: "Discover",
        needs: Act::SeeOthers,
        mark: |overview| overview.n_groups.map(grouped),
    },
    Entry {
        station: Station::Taxonomy,
        place: Place::Line,
        path: "/taxonomy",
        name: "Taxonomy",
        needs: Act::SeeOthers,
        mark: |overview| overview.taxonomy.map(version),
    },
    Entry {
        station: Station::Queues,
        place: Place::Line,
        path: "/queues",
        name: "Queues",
        needs: Act::SeeProject,
        mark: |overview| (overview.n_queues > 0).then(|| overview.n_queues.to_string()),
    },
    Entry {
        station: Station::Agreement,
        place: Place::Line,
        path: "/agreement",
        name: "Agreement",
        needs: Act::SeeOthers,
        mark: |_| None,
    },
    Entry {
        station: Station::Releases,
        place: Place::Line,
        path: "/releases",
        name: "Releases",
        needs: Act::SeeOthers,
        mark: |overview| overview.release.map(version),
    },
    Entry {
        station: Station::Settings,
        place: Place::Below,
        path: "/settings",
        name: "Settings",
        needs: Act::SeeOthers,
        mark: |_| None,
    },
    Entry {
        station: Station::Settings,
        place: Place::Below,
        path: "/settings/tokens",
        name: "My tokens",
        needs: Act::SeeProject,
        mark: |_| None,
    },
];

fn version(number: i64) -> String {
    format!("v{number}")
}

/// What a visitor finds, in the order of the list.
pub fn found(may: impl Fn(Act) -> bool) -> Vec<&'static Entry> {
    let mut found: Vec<&Entry> = Vec::new();
    for entry in ENTRIES.iter().filter(|entry| may(entry.needs)) {
        if !found.iter().any(|earlier| earlier.station == entry.station) {
            found.push(entry);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotators_find_their_queues_and_tokens() {
        let names = |found: Vec<&Entry>| found.into_iter().map(|entry| entry.name).collect::<Vec<_>>();
        assert_eq!(names(found(|act| act == Act::SeeProject)), ["Overview", "Queues", "My tokens"]);
        let all = ["Overview", "Data", "Discover", "Taxonomy", "Queues", "Agreement", "Releases", "Settings"];
        assert_eq!(names(found(|_| true)), all);
    }
}
