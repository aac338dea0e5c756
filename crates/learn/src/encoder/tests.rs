use super::tiny::{CONFIG, folder, tensors};
use super::*;
use std::fs;

#[test]
fn a_folder_is_opened_by_what_it_holds() {
    let sentence = folder(&tensors(), CONFIG);
    let model = Model::open(sentence.path()).unwrap();
    assert_eq!((model.kind(), model.dims()), ("sentence", 12));
    assert_eq!(Model::kind_of(sentence.path()).unwrap(), "sentence");
    let Model::Sentence(encoder) = &model else { panic!("a sentence model") };
    let to = tempfile::tempdir().unwrap();
    StaticEncoder::distill(encoder, 3, |_| ()).unwrap().save(to.path()).unwrap();
    let model = Model::open(to.path()).unwrap();
    assert_eq!((model.kind(), model.dims()), ("static", 3));
    assert_eq!(model.encode(&["my card", "is"], |_| ()).unwrap().dim(), (2, 3));
}

#[test]
fn files_are_those_that_are_read() {
    let sentence = folder(&tensors(), CONFIG);
    let path = sentence.path();
    let needed = ["config.json", "tokenizer.json", "model.safetensors"];
    assert_eq!(files(path).unwrap(), needed);
    fs::create_dir(path.join("1_Pooling")).unwrap();
    fs::write(path.join("1_Pooling/config.json"), r#"{"pooling_mode": "mean"}"#).unwrap();
    fs::write(path.join("sentence_bert_config.json"), "{}").unwrap();
    fs::write(path.join("README.md"), "no file of the model").unwrap();
    let more = ["sentence_bert_config.json", "1_Pooling/config.json"];
    assert_eq!(files(path).unwrap(), [&needed[..], &more].concat());

    // A copy of those files alone is the same model.
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join("1_Pooling")).unwrap();
    for name in files(path).unwrap() {
        fs::copy(path.join(&name), copy.path().join(&name)).unwrap();
    }
    let vectors = |folder: &Path| Model::open(folder).unwrap().encode(&["my card"], |_| ()).unwrap();
    assert_eq!(vectors(copy.path()), vectors(path));

    fs::write(path.join("config.json"), r#"{"model_type": "model2vec"}"#).unwrap();
    assert_eq!(files(path).unwrap(), needed);
    fs::remove_file(path.join("model.safetensors")).unwrap();
    assert!(files(path).unwrap_err().to_string().contains("model.safetensors"));
}

#[test]
fn a_folder_of_neither_kind_is_told_what_is_expected() {
    let says = |folder: &Path, words: &[&str]| {
        for error in [Model::open(folder).unwrap_err(), files(folder).unwrap_err()] {
            let error = error.to_string();
            assert!(words.iter().all(|words| error.contains(words)), "{error}");
        }
    };
    says(Path::new("/nowhere/at/all"), &["/nowhere/at/all/config.json"]);
    let empty = tempfile::tempdir().unwrap();
    says(empty.path(), &["holds no model", "config.json, tokenizer.json and model.safetensors"]);
    let other = folder(&tensors(), &CONFIG.replace("\"bert\"", "\"t5\""));
    says(other.path(), &["type t5", "bert, roberta, xlm-roberta, camembert", "model2vec"]);
    says(folder(&tensors(), "{\"model_type\":").path(), &["config.json", "EOF"]);
    says(folder(&tensors(), "[]").path(), &["config.json"]);
}
