//! A queue on disk between a fast producer and a slow consumer. The producer never waits (there is no backpressure),
//! and memory stays the same.

use crate::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::SeekFrom;
use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio::sync::{Mutex, mpsc};

/// The end of the producer. When it is dropped, the queue ends.
pub struct Bring<T> {
    file: Arc<Mutex<File>>,
    places: mpsc::UnboundedSender<Place>,
    end: u64,
    of: PhantomData<fn(T)>,
}

/// The end of the consumer. Values come in the order in which they were pushed.
pub struct Take<T> {
    file: Arc<Mutex<File>>,
    places: mpsc::UnboundedReceiver<Place>,
    of: PhantomData<fn() -> T>,
}

struct Place {
    start: u64,
    bytes: usize,
}

/// A queue in an unnamed file in `folder`: the file is gone when the program ends, even after a crash.
pub fn line<T>(folder: &Path) -> Result<(Bring<T>, Take<T>)> {
    let file = tempfile::tempfile_in(folder).map_err(store::Error::from)?;
    let file = Arc::new(Mutex::new(File::from_std(file)));
    let (tell, places) = mpsc::unbounded_channel();
    let bring = Bring { file: file.clone(), places: tell, end: 0, of: PhantomData };
    Ok((bring, Take { file, places, of: PhantomData }))
}

impl<T: Serialize> Bring<T> {
    pub async fn push(&mut self, thing: &T) -> Result<()> {
        let bytes = postcard::to_stdvec(thing).map_err(Error::internal)?;
        let place = Place { start: self.end, bytes: bytes.len() };
        self.end += bytes.len() as u64;
        let write = async {
            let mut file = self.file.lock().await;
            file.seek(SeekFrom::Start(place.start)).await?;
            file.write_all(&bytes).await?;
            file.flush().await
        };
        write.await.map_err(store::Error::from)?;
        // An error only means that the consumer has gone.
        let _ = self.places.send(place);
        Ok(())
    }
}

impl<T: DeserializeOwned> Take<T> {
    /// The next value. None when the producer has gone and all values were taken.
    pub async fn next(&mut self) -> Result<Option<T>> {
        let Some(place) = self.places.recv().await else { return Ok(None) };
        let mut bytes = vec![0; place.bytes];
        let read = async {
            let mut file = self.file.lock().await;
            file.seek(SeekFrom::Start(place.start)).await?;
            file.read_exact(&mut bytes).await
        };
        read.await.map_err(store::Error::from)?;
        postcard::from_bytes(&bytes).map(Some).map_err(Error::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_brought_is_taken_in_order_to_the_last_bit() {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut bring, mut take) = line::<Vec<(i64, Option<f64>, String)>>(folder.path()).expect("a line");
        let things: Vec<_> =
            (0..50_i64).map(|i| vec![(i, Some(1.0 / (i as f64 + 3.0)), "ä".repeat(i as usize))]).collect();
        for (at, thing) in things.iter().enumerate() {
            bring.push(thing).await.expect("brought");
            if at % 3 == 0 {
                assert_eq!(take.next().await.expect("read").as_ref(), things.get(at / 3));
            }
        }
        drop(bring);
        for thing in &things[17..] {
            assert_eq!(take.next().await.expect("read").as_ref(), Some(thing));
        }
        assert_eq!(take.next().await.expect("the end"), None);
        assert_eq!(std::fs::read_dir(folder.path()).expect("listed").count(), 0, "nothing with a name");
    }
}
