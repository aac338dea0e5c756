//! A new picture laid over an old one, so that what is known stays where it was looked for.

/// Turns, mirrors, scales and shifts the places of `new` so that those named in `pairs` come to lie near their old places:
/// the rotation or reflection of least squared distance (Procrustes; Gower 1975), and the scale at which both are spread as
/// wide, which unlike that of least squares does not shrink a picture that fits badly. `pairs` hold an index in `new` and
/// an old place. Indices that don't exist, and places that are not finite, are passed over; nothing happens without a pair,
/// and with equal places there is only a shift. If something then lies beyond 1 in a direction, all is drawn together
/// around the origin until nothing does.
pub fn align(new: &mut [[f32; 2]], pairs: &[(usize, [f32; 2])]) {
    let pairs: Vec<([f64; 2], [f64; 2])> = pairs
        .iter()
        .filter_map(|&(at, old)| Some((new.get(at)?.map(f64::from), old.map(f64::from))))
        .filter(|(new, old)| new.iter().chain(old).all(|x| x.is_finite()))
        .collect();
    if pairs.is_empty() {
        return;
    }
    let n = pairs.len() as f64;
    let mut centres = [[0.0; 2]; 2];
    for (new, old) in &pairs {
        for axis in [0, 1] {
            centres[0][axis] += new[axis] / n;
            centres[1][axis] += old[axis] / n;
        }
    }
    // As complex numbers: turning is a product, mirroring the conjugate.
    let (mut turned, mut mirrored, mut spread) = ([0.0; 2], [0.0; 2], [0.0; 2]);
    for (new, old) in &pairs {
        let [x, y] = [0, 1].map(|axis| new[axis] - centres[0][axis]);
        let [u, v] = [0, 1].map(|axis| old[axis] - centres[1][axis]);
        turned = [turned[0] + x * u + y * v, turned[1] + x * v - y * u];
        mirrored = [mirrored[0] + x * u - y * v, mirrored[1] + x * v + y * u];
        spread = [spread[0] + x * x + y * y, spread[1] + u * u + v * v];
    }
    let length = |z: [f64; 2]| z[0].hypot(z[1]);
    let is_mirrored = length(mirrored) > length(turned);
    let by = if is_mirrored { mirrored } else { turned };
    let by = if length(by) > 0.0 && spread[0] > 0.0 && spread[1] > 0.0 {
        let scale = (spread[1] / spread[0]).sqrt() / length(by);
        by.map(|part| part * scale)
    } else {
        [1.0, 0.0]
    };
    let is_mirrored = is_mirrored && by != [1.0, 0.0];
    let mut most = 1.0_f32;
    for place in new.iter_mut() {
        let [x, y] = [0, 1].map(|axis| f64::from(place[axis]) - centres[0][axis]);
        let y = if is_mirrored { -y } else { y };
        let moved = [by[0] * x - by[1] * y + centres[1][0], by[0] * y + by[1] * x + centres[1][1]];
        *place = moved.map(|x| x as f32);
        most = place.iter().fold(most, |most, x| most.max(x.abs()));
    }
    if most > 1.0 && most.is_finite() {
        new.iter_mut().flatten().for_each(|x| *x = (*x / most).clamp(-1.0, 1.0));
    }
}

#[cfg(test)]
mod tests;
