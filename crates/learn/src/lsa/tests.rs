use super::*;
use crate::text::Features;
use ndarray::Array1;
use rayon::ThreadPoolBuilder;

fn sparse(dense: &Array2<f32>) -> Csr {
    let (mut starts, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in dense.rows() {
        for (column, &value) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            columns.push(column as u32);
            values.push(value);
        }
        starts.push(values.len());
    }
    Csr::new(dense.ncols(), starts, columns, values).unwrap()
}

fn spec(dims: usize) -> LsaSpec {
    LsaSpec::new(dims, 4, None, 1).unwrap()
}

/// Numbers without a pattern, a third of them not zero.
fn noise(n: usize, m: usize) -> Array2<f32> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(5);
    Array2::from_shape_simple_fn((n, m), || {
        let bits = random.next_u64();
        if bits % 3 == 0 { (bits >> 40) as f32 / (1 << 24) as f32 } else { 0.0 }
    })
}

#[test]
fn singular_values_are_those_of_the_full_decomposition() {
    let a = noise(120, 50);
    let (squares, vectors) = eigen::symmetric(dense::gram(a.view()));
    let lsa = Lsa::fit(&sparse(&a), &spec(20));
    assert_eq!(lsa.dims(), 20);
    for (i, value) in lsa.singular_values().iter().enumerate() {
        let want = squares[i].sqrt();
        assert!((f64::from(*value) / want - 1.0).abs() < 0.01, "{i}: {value} instead of {want}");
    }
    let first = lsa.components().column(0).mapv(f64::from).dot(&vectors.column(0)).abs();
    assert!(first > 0.9999, "{first}");
    let unit = lsa.components().t().dot(&lsa.components());
    assert!((unit - Array2::<f32>::eye(20)).iter().all(|d| d.abs() < 1e-4));
}

#[test]
fn as_many_dimensions_as_the_rows_span() {
    // Two rows repeated, one of zeros: rank 2, the second direction ten thousand times smaller.
    let (x, y) = (Array1::from_iter((0..9).map(|i| i as f32)), Array1::from_elem(9, 1e-3_f32));
    let mut a = Array2::zeros((31, 9));
    for i in 0..30 {
        a.row_mut(i).assign(if i % 2 == 0 { &x } else { &y });
    }
    let lsa = Lsa::fit(&sparse(&a), &spec(256));
    assert_eq!(lsa.dims(), 2, "{:?}", lsa.singular_values());
    let out = lsa.transform(&sparse(&a));
    let lengths: Vec<f32> = out.rows().into_iter().map(|row| row.dot(&row)).collect();
    assert!(lengths[..30].iter().all(|l| (l - 1.0).abs() < 1e-5));
    assert_eq!(lengths[30], 0.0);
    assert_eq!(Lsa::fit(&sparse(&a), &spec(1)).dims(), 1);
}

#[test]
fn nothing_has_no_dimensions() {
    for (n, m) in [(0, 0), (0, 3), (4, 0), (4, 3)] {
        let rows = sparse(&Array2::zeros((n, m)));
        let lsa = Lsa::fit(&rows, &LsaSpec::seeded(0));
        assert_eq!(lsa.dims(), 0);
        assert_eq!(lsa.transform(&rows).dim(), (n, 0));
    }
    let one = Lsa::fit(&sparse(&Array2::ones((1, 5))), &LsaSpec::seeded(0));
    assert_eq!(one.dims(), 1);
    assert!((one.singular_values()[0] - 5.0_f32.sqrt()).abs() < 1e-5);
}

#[test]
fn huge_and_tiny_values_stay_finite() {
    for scale in [1e-18_f32, 1e15] {
        let lsa = Lsa::fit(&sparse(&(noise(40, 20) * scale)), &spec(5));
        assert_eq!(lsa.dims(), 5);
        assert!(lsa.components().iter().all(|v| v.is_finite()));
    }
}

#[test]
fn a_sample_is_repeatable_and_the_same_by_either_way() {
    let texts: Vec<String> = (0..400).map(|i| format!("w{} v{} u{}", i % 7, i % 11, i % 3)).collect();
    let (tfidf, rows) = TfIdf::fit(&Features::default(), &texts);
    let spec = LsaSpec::new(8, 2, Some(100), 9).unwrap();
    let lsa = Lsa::fit(&rows, &spec);
    assert_eq!(Lsa::learn(&tfidf, &texts, &spec), lsa);
    assert_eq!(lsa.embed(&tfidf, &texts, |_| ()), lsa.transform(&rows));
    let all = LsaSpec::new(8, 2, Some(400), 9).unwrap();
    assert_eq!(Lsa::fit(&rows, &all), Lsa::fit(&rows, &LsaSpec::new(8, 2, None, 9).unwrap()));
    let again = Lsa::from_parts(lsa.components().to_owned(), lsa.singular_values().to_vec());
    assert_eq!(again, Some(lsa.clone()));
    assert_eq!(Lsa::from_parts(lsa.components().to_owned(), vec![1.0]), None);
    assert_eq!(Lsa::from_parts(ndarray::array![[f32::NAN]], vec![1.0]), None);
}

#[test]
fn the_same_bits_on_one_and_two_threads() {
    let a = sparse(&noise(9_000, 40));
    let on = |n| {
        let pool = ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| {
            let lsa = Lsa::fit(&a, &spec(12));
            (lsa.transform(&a), lsa)
        })
    };
    assert_eq!(on(1), on(2));
}

#[test]
fn parameters_are_checked() {
    assert_eq!(LsaSpec::new(0, 2, None, 0), Err(BadLsaSpec::Dims(0)));
    assert_eq!(LsaSpec::new(2_001, 2, None, 0), Err(BadLsaSpec::Dims(2_001)));
    assert_eq!(LsaSpec::new(2, 101, None, 0), Err(BadLsaSpec::PowerIterations(101)));
    assert_eq!(LsaSpec::new(2, 2, Some(0), 0), Err(BadLsaSpec::Sample));
}
