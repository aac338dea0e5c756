//! Colours of the map: one value an item.

use super::acts::done;
use super::points::Points;
use crate::{Error, Instance, Result, allow};
use domain::consensus::State;
use domain::permission::{Act, Actor};
use domain::{ClusteringId, LabelId, ProjectId};
use std::collections::HashMap;

/// What the map is coloured by; groups are coloured where the map is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColourBy {
    Label,
    Labeled,
    Time,
    Agreement,
    Field(String),
}

impl ColourBy {
    pub fn read(text: &str) -> Option<ColourBy> {
        Some(match text {
            "label" => ColourBy::Label,
            "labeled" => ColourBy::Labeled,
            "time" => ColourBy::Time,
            "agreement" => ColourBy::Agreement,
            other => ColourBy::Field(other.strip_prefix("field:")?.to_owned()),
        })
    }
}

/// A colour and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Legend {
    pub name: String,
    /// Which label hue; nothing: grey.
    pub hue: Option<u8>,
}

#[derive(Debug)]
pub struct Colours {
    /// For categories one entry a value; for a scale its two ends.
    pub legend: Vec<Legend>,
    pub is_scale: bool,
    /// One value for each point in the order of the map: an entry of the legend, or 0 to 254 on a scale (255: unknown).
    pub values: Vec<u8>,
}

/// Values of a field that have a colour of their own.
const VALUES: usize = 15;
/// Labels that have one.
const LABELS: usize = 250;
const UNKNOWN: u8 = 255;

pub async fn colours(
    instance: &Instance,
    actor: &Actor,
    project: ProjectId,
    run: ClusteringId,
    by: &ColourBy,
) -> Result<Colours> {
    allow(actor, Act::SeeOthers)?;
    let (row, _) = done(instance, project, run).await?;
    let points = Points::of_run(instance, &row).await?;
    let store = &instance.store;
    let (legend, is_scale, by_item): (Vec<Legend>, bool, HashMap<i64, u8>) = match by {
        ColourBy::Label => labels(instance, project).await?,
        ColourBy::Labeled => {
            let states = store.states_of_items(project).await?;
            let legend = vec![grey("not labeled"), hue("labeled", 3), hue("in conflict", 0)];
            let of = |state: &str| match State::parse(state) {
                Some(state) if state.is_resolved() => 1,
                Some(State::Conflict) => 2,
                _ => 0,
            };
            (legend, false, states.iter().map(|(item, state)| (*item, of(state))).collect())
        }
        ColourBy::Time => {
            let times = store.times_of_items(project).await?;
            let first = times.iter().map(|(_, at)| *at).min().unwrap_or(0);
            let last = times.iter().map(|(_, at)| *at).max().unwrap_or(0);
            let day = |at: i64| domain::Time(at).date();
            let of = |at: i64| ((at - first) as f64 / (last - first).max(1) as f64 * 254.0) as u8;
            let legend = vec![grey(&day(first)), grey(&day(last))];
            (legend, true, times.into_iter().map(|(item, at)| (item, of(at))).collect())
        }
        ColourBy::Agreement => {
            let shares = store.confidence_of_items(project).await?;
            let legend = vec![grey("nobody agrees"), grey("all agree")];
            (legend, true, shares.into_iter().map(|(item, share)| (item, (share * 254.0) as u8)).collect())
        }
        ColourBy::Field(name) => field(store.field_of_items(project, name).await?, name)?,
    };
    let none = if is_scale { UNKNOWN } else { 0 };
    let values = points
        .order
        .iter()
        .map(|&at| by_item.get(&points.items[at as usize]).copied().unwrap_or(none))
        .collect();
    Ok(Colours { legend, is_scale, values })
}

fn grey(name: &str) -> Legend {
    Legend { name: name.to_owned(), hue: None }
}

fn hue(name: &str, hue: u8) -> Legend {
    Legend { name: name.to_owned(), hue: Some(hue) }
}

type Found = (Vec<Legend>, bool, HashMap<i64, u8>);

async fn labels(instance: &Instance, project: ProjectId) -> Result<Found> {
    let taxonomy = instance.store.published_taxonomy(project).await?.map(|(_, _, taxonomy)| taxonomy);
    let offered = taxonomy.as_ref().map(|taxonomy| taxonomy.offered()).unwrap_or_default();
    let mut legend = vec![grey("no label")];
    let mut places: HashMap<LabelId, u8> = HashMap::new();
    for label in offered.into_iter().take(LABELS) {
        places.insert(label.id, legend.len() as u8);
        legend.push(hue(&label.name, label.hue));
    }
    let of_items = instance.store.labels_of_items(project).await?;
    // Of several labels the first one colours the item.
    let mut values = HashMap::new();
    for (item, label) in of_items {
        let place = places.get(&LabelId(label)).copied().unwrap_or(0);
        values.entry(item).or_insert(place);
    }
    Ok((legend, false, values))
}

fn field(rows: Vec<(i64, String)>, name: &str) -> Result<Found> {
    if rows.is_empty() {
        return Err(Error::conflict(format!("No item has a field “{name}”.")));
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    rows.iter().for_each(|(_, value)| *counts.entry(value).or_insert(0) += 1);
    let mut values: Vec<(&str, usize)> = counts.into_iter().collect();
    values.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    values.truncate(VALUES);
    let mut legend = vec![grey("other or none")];
    legend.extend(values.iter().enumerate().map(|(at, (value, _))| hue(value, at as u8)));
    let places: HashMap<&str, u8> =
        values.iter().enumerate().map(|(at, (value, _))| (*value, at as u8 + 1)).collect();
    let by_item =
        rows.iter().map(|(item, value)| (*item, places.get(value.as_str()).copied().unwrap_or(0))).collect();
    Ok((legend, false, by_item))
}
