use super::*;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

const LEAST: f32 = 150.0;
const MOST: f32 = 50_000.0;

/// A tree above `n` groups around a few centres: the two nearest merge, and the name stands where the larger one's stood.
fn tree(n: usize, seed: u64) -> Vec<NameBox> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let centres: Vec<[f32; 2]> = (0..12).map(|_| [0, 1].map(|_| random.gen_range(-0.9_f32..0.9))).collect();
    let mut boxes: Vec<NameBox> = (0..n)
        .map(|_| {
            let centre = centres[random.gen_range(0..centres.len())];
            let [x, y] = centre.map(|c| (c + random.gen_range(-0.3_f32..0.3)).clamp(-1.0, 1.0));
            named(x, y, random.gen_range(10..200), &mut random)
        })
        .collect();
    let mut alive: Vec<usize> = (0..n).collect();
    while alive.len() > 1 {
        let mut best = (f32::INFINITY, 0, 1);
        for (i, &a) in alive.iter().enumerate() {
            for (j, &b) in alive.iter().enumerate().skip(i + 1) {
                let apart = (boxes[a].x - boxes[b].x).hypot(boxes[a].y - boxes[b].y);
                // Not too uneven, as Ward's tree.
                let apart = apart * (boxes[a].size.min(boxes[b].size) as f32).sqrt();
                if apart < best.0 {
                    best = (apart, i, j);
                }
            }
        }
        let (b, a) = (alive.swap_remove(best.2), alive.swap_remove(best.1));
        let large = if boxes[a].size >= boxes[b].size { boxes[a] } else { boxes[b] };
        let merged = named(large.x, large.y, boxes[a].size + boxes[b].size, &mut random);
        let number = boxes.len();
        for child in [a, b] {
            boxes[child].parent = Some(number as u32);
        }
        boxes.push(merged);
        alive.push(number);
    }
    boxes
}

fn named(x: f32, y: f32, size: u32, random: &mut Xoshiro256PlusPlus) -> NameBox {
    NameBox { parent: None, x, y, width: random.gen_range(60.0..220.0), height: 22.0, size }
}

fn overlap(a: &NameBox, b: &NameBox, zoom: f32) -> bool {
    let [x, y, zoom] = [a.x - b.x, a.y - b.y, zoom].map(f64::from);
    x.abs() * zoom < f64::from(a.width + b.width) / 2.0
        && y.abs() * zoom < f64::from(a.height + b.height) / 2.0
}

fn shown(intervals: &[Interval], zoom: f32) -> Vec<usize> {
    (0..intervals.len()).filter(|&node| intervals[node].contains(zoom)).collect()
}

fn is_below(boxes: &[NameBox], mut node: usize, above: usize) -> bool {
    while let Some(parent) = boxes[node].parent {
        node = parent as usize;
        if node == above {
            return true;
        }
    }
    false
}

/// At every zoom at which anything changes, and between: no overlap, no name together with one above it, and no name goes
/// without two of those below it in its place.
fn check(boxes: &[NameBox], intervals: &[Interval], least: f32, most: f32) {
    let mut zooms: Vec<f32> =
        intervals.iter().flat_map(|i| [i.from, i.to]).filter(|z| z.is_finite()).collect();
    zooms.extend([least, most]);
    zooms.sort_unstable_by(f32::total_cmp);
    zooms.dedup();
    let between: Vec<f32> = zooms.windows(2).map(|pair| f32::midpoint(pair[0], pair[1])).collect();
    zooms.extend(between);
    zooms.sort_unstable_by(f32::total_cmp);
    let mut before: Vec<usize> = Vec::new();
    for zoom in zooms {
        let now = shown(intervals, zoom);
        for (at, &a) in now.iter().enumerate() {
            for &b in &now[..at] {
                assert!(!overlap(&boxes[a], &boxes[b], zoom), "{a} and {b} at {zoom}");
                assert!(!is_below(boxes, a, b) && !is_below(boxes, b, a), "{a} and {b} at {zoom}");
            }
        }
        for &gone in before.iter().filter(|node| !now.contains(node)) {
            let heirs = now.iter().filter(|&&node| is_below(boxes, node, gone)).count();
            assert!(heirs >= 2, "{gone} goes at {zoom} and {heirs} come");
        }
        before = now;
    }
}

#[test]
fn no_view_has_two_names_over_each_other() {
    let boxes = tree(300, 4);
    let intervals = zoom_intervals(&boxes, LEAST, MOST);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(8);
    let mut most_names = 0;
    for (width, height) in [(390.0_f32, 600.0_f32), (900.0, 700.0), (1440.0, 900.0)] {
        for _ in 0..200 {
            let zoom = LEAST * 100.0_f32.powf(random.r#gen());
            let centre = [0, 1].map(|_| random.gen_range(-1.0_f32..1.0));
            let names: Vec<&NameBox> = shown(&intervals, zoom)
                .into_iter()
                .map(|node| &boxes[node])
                .filter(|name| ((name.x - centre[0]) * zoom).abs() < (width + name.width) / 2.0)
                .filter(|name| ((name.y - centre[1]) * zoom).abs() < (height + name.height) / 2.0)
                .collect();
            most_names = most_names.max(names.len());
            for (at, a) in names.iter().enumerate() {
                assert!(names[..at].iter().all(|b| !overlap(a, b, zoom)));
            }
        }
    }
    assert!(most_names > 30, "{most_names}");
}

#[test]
fn zooming_in_only_refines() {
    let boxes = tree(300, 4);
    let intervals = zoom_intervals(&boxes, LEAST, MOST);
    check(&boxes, &intervals, LEAST, MOST);
    let names: Vec<usize> =
        (0..9).map(|step| shown(&intervals, LEAST * 2.0_f32.powi(step) * 0.999 + 1.0).len()).collect();
    assert!(names.windows(2).all(|pair| pair[0] <= pair[1]), "{names:?}");
    // As many levels as the tree has: from an overview of some names to nearly all groups.
    assert!(names[0] >= 6 && names[8] >= 290, "{names:?}");
    let used = intervals.iter().filter(|interval| !interval.is_empty()).count();
    assert!(used > 400, "{used} of {} names are shown at some zoom", boxes.len());
}

#[test]
fn larger_groups_win() {
    let name = |x: f32, size: u32| NameBox { parent: None, x, y: 0.0, width: 100.0, height: 20.0, size };
    let intervals = zoom_intervals(&[name(0.0, 5), name(0.25, 50), name(0.8, 7)], 100.0, 1e4);
    assert_eq!(intervals[1], Interval { from: 100.0, to: f32::INFINITY });
    assert!((intervals[0].from - 400.0).abs() < 0.1 && intervals[0].to == f32::INFINITY);
    assert!((intervals[2].from - 100.0 / 0.55).abs() < 0.1);
}

/// The root has a large child with two of its own far apart, and a tiny one right beside it.
#[test]
fn a_tiny_sibling_hides_no_level() {
    let name = |parent: Option<u32>, x: f32, size: u32| NameBox {
        parent,
        x,
        y: 0.0,
        width: 100.0,
        height: 20.0,
        size,
    };
    let boxes = [
        name(None, -0.5, 110),
        name(Some(0), -0.5, 100),
        name(Some(0), -0.499, 10),
        name(Some(1), -0.5, 60),
        name(Some(1), 0.5, 40),
    ];
    let intervals = zoom_intervals(&boxes, 50.0, 1e6);
    check(&boxes, &intervals, 50.0, 1e6);
    assert!((intervals[3].from - 100.0).abs() < 0.1 && intervals[3].from == intervals[4].from);
    assert_eq!((intervals[0].from, intervals[0].to), (50.0, intervals[3].from));
    assert!(intervals[1].is_empty());
    assert!((intervals[2].from / 1e5 - 1.0).abs() < 0.01, "{intervals:?}");
}

#[test]
fn what_cannot_be_drawn_is_never_shown() {
    assert!(zoom_intervals(&[], 1.0, 2.0).is_empty());
    let name = |parent: Option<u32>, x: f32| NameBox { parent, x, y: 0.0, width: 9.0, height: 9.0, size: 3 };
    // Not a number, in a circle, below a circle; a parent that isn't there is none.
    let boxes = [
        name(None, f32::NAN),
        name(Some(2), 0.0),
        name(Some(1), 0.0),
        name(Some(2), 0.3),
        name(Some(9), 0.5),
    ];
    let shown: Vec<bool> = zoom_intervals(&boxes, 1.0, 9.0).iter().map(|i| !i.is_empty()).collect();
    assert_eq!(shown, [false, false, false, false, true]);
    assert!(zoom_intervals(&boxes, 9.0, 9.0).iter().all(Interval::is_empty));
    // Places that never come apart: the larger name stays, and the parent's where there is no larger.
    let same = [name(None, 0.0), name(Some(0), 0.0), name(Some(0), 0.0)];
    let intervals = zoom_intervals(&same, 1.0, f32::INFINITY);
    assert_eq!(intervals[0], Interval { from: 1.0, to: f32::INFINITY });
    assert!(intervals[1].is_empty() && intervals[2].is_empty());
}

#[test]
fn names_stand_in_the_denser_part() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(2);
    let mut blob = |n: usize, x: f32, wide: f32| -> Vec<[f32; 2]> {
        (0..n).map(|_| [x + random.gen_range(-wide..wide), random.gen_range(-wide..wide)]).collect()
    };
    // Fewer points, but closer together; the mean lies between.
    let places = [blob(600, -0.6, 0.3), blob(400, 0.6, 0.05), blob(3, 30.0, 0.1)].concat();
    let [x, y] = anchor(&places);
    assert!((x - 0.6).abs() < 0.05 && y.abs() < 0.05, "{x} {y}");
    assert!(places.contains(&[x, y]), "a point of the group");
}

#[test]
fn anchors_of_little() {
    assert_eq!(anchor(&[]), [0.0, 0.0]);
    assert_eq!(anchor(&[[f32::NAN, 0.0]]), [0.0, 0.0]);
    assert_eq!(anchor(&[[0.5, -0.5], [f32::INFINITY, 0.0]]), [0.5, -0.5]);
    assert_eq!(anchor(&[[0.3, 0.2]; 40]), [0.3, 0.2]);
    let line: Vec<[f32; 2]> = (0..50).map(|i| [i as f32 / 50.0, 0.0]).collect();
    assert!(line.contains(&anchor(&line)));
    assert!([[0.0, 0.0], [1.0, 1.0]].contains(&anchor(&[[0.0, 0.0], [1.0, 1.0]])));
}

/// Groups as a map has them: most of a group together, a part elsewhere among others, single points anywhere.
#[test]
fn anchors_lie_where_their_group_has_the_plurality() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(3);
    let around = |random: &mut Xoshiro256PlusPlus, centre: [f32; 2], wide: f32| {
        centre.map(|c| c + wide * (0..4).map(|_| random.gen_range(-1.0_f32..1.0)).sum::<f32>())
    };
    let home = |group: usize| [(group % 8) as f32 / 4.0 - 0.9, (group / 8) as f32 / 4.0 - 0.9];
    let groups: Vec<Vec<[f32; 2]>> = (0..64)
        .map(|group| {
            let other = random.gen_range(0..64);
            (0..random.gen_range(150..400))
                .map(|n| match n % 10 {
                    0..7 => around(&mut random, home(group), 0.07),
                    7..9 => around(&mut random, home(other), 0.07),
                    _ => [0, 1].map(|_| random.gen_range(-1.0_f32..1.0)),
                })
                .collect()
        })
        .collect();
    let right = groups.iter().enumerate().filter(|(group, places)| {
        let [x, y] = anchor(places);
        let near = |places: &[[f32; 2]]| places.iter().filter(|p| (p[0] - x).hypot(p[1] - y) < 0.04).count();
        let own = near(places);
        groups.iter().enumerate().all(|(other, places)| other == *group || near(places) < own)
    });
    let right = right.count();
    assert!(right >= 61, "{right} of 64");
}

proptest! {
    #[test]
    fn any_tree_is_drawn_without_overlap(
        places in prop::collection::vec((-1.0_f32..1.0, -1.0_f32..1.0, 5.0_f32..300.0, 5.0_f32..60.0, 0_u32..9, any::<u16>()), 1..40),
        least in 1.0_f32..500.0,
        factor in 1.1_f32..1e4,
    ) {
        // Later ones hang below earlier ones, some below none; some at one place.
        let mut boxes: Vec<NameBox> = Vec::new();
        for (x, y, width, height, size, parent) in places {
            let parent = (parent as usize % (boxes.len() + 1)).checked_sub(1);
            let (x, y) = match parent {
                Some(parent) if size == 0 => (boxes[parent].x, boxes[parent].y),
                _ => (x, y),
            };
            boxes.push(NameBox { parent: parent.map(|p| p as u32), x, y, width, height, size });
        }
        for node in (1..boxes.len()).rev() {
            if let Some(parent) = boxes[node].parent {
                boxes[parent as usize].size += boxes[node].size;
            }
        }
        let most = least * factor;
        let intervals = zoom_intervals(&boxes, least, most);
        check(&boxes, &intervals, least, most);
        // One name at least, whatever happens.
        prop_assert!(intervals.iter().any(|interval| interval.contains(least)));
        prop_assert_eq!(zoom_intervals(&boxes, least, most), intervals);
    }
}
