use super::*;

fn npy(descr: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}   \n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn given(bytes: &[u8], texts: &[&str]) -> Result<Array2<f32>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.npy");
    std::fs::write(&path, bytes).unwrap();
    match make(&Choice::Given(path), texts, 0) {
        Ok(vectors) => Ok(vectors.dense),
        Err(error) => Err(error.to_string().split_once("x.npy: ").unwrap().1.to_owned()),
    }
}

#[test]
fn choices_are_read_and_written() {
    for word in ["lsa", "sentence:a/b", "static:a/b", "given:C:\\x.npy"] {
        assert_eq!(word.parse::<Choice>().unwrap().to_string(), word);
    }
    for word in ["", "LSA", "sentence", "sentence:", "static:", "given:", "bert:x"] {
        assert!(word.parse::<Choice>().is_err(), "{word}");
    }
}

#[test]
fn given_vectors_are_read_and_scaled() {
    let want = ndarray::array![[0.6_f32, 0.8], [0.0, 0.0]];
    let single = npy("<f4", "False", "(2, 2)", &floats(&[3.0, 4.0, 0.0, 0.0]));
    assert_eq!(given(&single, &["a", "b"]).unwrap(), want);
    let data: Vec<u8> = [3.0_f64, 4.0, 0.0, 0.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(given(&npy("<f8", "False", "(2, 2)", &data), &["a", "b"]).unwrap(), want);
    assert_eq!(given(&npy("<f4", "False", "(0, 2)", &[]), &[]).unwrap().dim(), (0, 2));
}

#[test]
fn what_is_wrong_with_given_vectors_is_said() {
    let data = floats(&[3.0, 4.0, 0.0, 0.0]);
    let says = |bytes: &[u8], words: &str| {
        let said = given(bytes, &["a", "b"]).unwrap_err();
        assert!(said.contains(words), "{said}");
    };
    says(b"", "no .npy file");
    says(b"item,label\n1,2\n", "no .npy file");
    says(b"\x93NUMPY\x01\x00\xff\xff{", "ends within its header");
    says(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{", "longer than 1 MB");
    says(&npy("<i8", "False", "(2, 2)", &data), "it holds <i8");
    says(&npy(">f4", "False", "(2, 2)", &data), "it holds >f4");
    says(&npy("<f4", "True", "(2, 2)", &data), "Fortran");
    says(&npy("<f4", "False", "(4,)", &data), "its shape is (4,)");
    says(&npy("<f4", "False", "(1, 2, 2)", &data), "its shape is (1, 2, 2)");
    says(&npy("<f4", "False", "(2, 0)", &[]), "empty");
    says(b"\x93NUMPY\x01\x00\x09", "ends within its header");
    says(&npy("<f4", "False", "(2, 3)", &data), "cut off: 2 × 3 numbers of 4 bytes do not make its 16 bytes");
    says(&npy("<f4", "False", "(2, 2)", &data[..15]), "cut off");
    says(&npy("<f8", "False", "(2, 2)", &data), "cut off");
    let (long, words) =
        (npy("<f4", "False", "(1, 2)", &data), "1 × 2 numbers of 4 bytes do not make its 16 bytes");
    assert!(given(&long, &["a"]).unwrap_err().starts_with(words));
    says(&npy("<f4", "False", "(9223372036854775807, 9)", &data), "do not make");
    says(&npy("<f4", "False", "(4, 1)", &data), "4 rows for 2 texts");
    says(&npy("<f4", "False", "(2, 2)", &floats(&[1.0, 2.0, 3.0, f32::NAN])), "row 2, column 2");
    says(&npy("<f4", "False", "(2, 2)", &floats(&[1.0, f32::INFINITY, 3.0, 4.0])), "row 1, column 2");
    let large: Vec<u8> = [1.0_f64, 2.0, 1e300, 4.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    says(&npy("<f8", "False", "(2, 2)", &large), "row 2, column 1 is not a finite number");
}

#[test]
fn built_in_vectors_are_the_same_with_and_without_the_sparse_rows() {
    let texts: Vec<String> = (0..60).map(|i| format!("card {} top {}", i % 7, i % 5)).collect();
    let alone = make(&Choice::Lsa, &texts, 3).unwrap();
    let both = make_with_tfidf(&Choice::Lsa, &texts, 3).unwrap();
    assert_eq!(alone.dense, both.dense);
    assert!(alone.tfidf.is_none());
    let (tfidf, rows) = both.tfidf.unwrap();
    assert_eq!((rows.n_rows(), rows.n_cols()), (60, tfidf.n_columns()));
    assert_eq!(make::<&str>(&Choice::Lsa, &[], 0).unwrap().dense.nrows(), 0);
}

#[test]
fn a_folder_that_is_no_model_is_named() {
    let error = make(&Choice::Sentence(Path::new("/nowhere").into()), &["a"], 0).unwrap_err().to_string();
    assert!(error.contains("nowhere") && error.contains("config.json"), "{error}");
}

#[test]
fn rows_can_be_read_in_parts() {
    let bytes = npy("<f4", "False", "(3, 2)", &floats(&[1.0, 2.0, 3.0, 4.0, f32::NAN, 6.0]));
    let mut npy = npy::Npy::new(&bytes[..], bytes.len() as u64).unwrap();
    assert_eq!(npy.dim(), (3, 2));
    let mut two = Array2::zeros((2, 2));
    npy.read_rows(two.view_mut()).unwrap();
    assert_eq!(two, ndarray::array![[1.0, 2.0], [3.0, 4.0]]);
    let said = |error: npy::NpyError| error.to_string();
    assert!(said(npy.read_rows(two.view_mut()).unwrap_err()).contains("(1, 2) are left"));
    let mut wide = Array2::zeros((1, 3));
    assert!(said(npy.read_rows(wide.view_mut()).unwrap_err()).contains("(1, 3) numbers were asked for"));
    let mut one = Array2::zeros((1, 2));
    assert_eq!(said(npy.read_rows(one.view_mut()).unwrap_err()), "row 3, column 1 is not a finite number");
}

/// What stands in a folder is said by `config.json`, and read before anything large is.
#[test]
fn a_model_of_another_kind_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let says = |choice: Choice, config: &str, words: &[&str]| {
        std::fs::write(folder.path().join("config.json"), config).unwrap();
        let error = make(&choice, &["a"], 0).unwrap_err().to_string();
        assert!(words.iter().all(|words| error.contains(words)), "{error}");
    };
    let (as_static, as_sentence) =
        (Choice::Static(folder.path().into()), Choice::Sentence(folder.path().into()));
    says(as_static.clone(), r#"{"model_type": "t5"}"#, &["type t5", "model2vec"]);
    says(as_static, r#"{"model_type": "bert"}"#, &["holds a sentence model", "sentence:", "model2vec"]);
    says(as_sentence, r#"{"model_type": "model2vec"}"#, &["holds a static model", "static:"]);
}
