//! The four people at their desks: they take what a queue gives them and answer as their tables say.

use crate::design::{self, Published};
use crate::label::annotate::{self, Served, Submission};
use crate::{Error, Instance, Result, Thing};
use domain::answer::{Said, SkipReason};
use domain::permission::Actor;
use domain::{ItemId, LabelId, ProjectId, QueueId};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sample::{Annotator, INTENTS, Inbox, Message};
use std::collections::HashMap;
use store::Clock;
use store::label::tally::Tally;
use uuid::{Builder, Uuid};

/// Items that someone takes at once.
const HANDFUL: usize = 8;

pub struct Worker {
    pub actor: Actor,
    pub annotator: Annotator,
}

pub struct Crew<'a> {
    instance: Instance,
    clock: Clock,
    project: ProjectId,
    messages: HashMap<&'a str, &'a Message>,
    workers: Vec<Worker>,
    random: Xoshiro256PlusPlus,
}

impl<'a> Crew<'a> {
    pub fn new(
        instance: Instance,
        clock: Clock,
        project: ProjectId,
        inbox: &'a Inbox,
        workers: Vec<Worker>,
        seed: u64,
    ) -> Crew<'a> {
        let messages = inbox.messages.iter().map(|m| (m.external_id.as_str(), m)).collect();
        Crew { instance, clock, project, messages, workers, random: Xoshiro256PlusPlus::seed_from_u64(seed) }
    }

    /// A day's work: about this share of what the queue still wants, in turns, so that everyone meets everyone.
    pub async fn work(&mut self, queue: QueueId, share: f64) -> Result<()> {
        let counts = self.instance.store.tally(Tally::Queue(queue)).await?;
        let count = |key: &str| counts.get(key).copied().unwrap_or(0);
        let wanted = ((count("slots") - count("answers")) as f64 * share).ceil() as usize;
        let published = design::published(&self.instance, &self.workers[0].actor, self.project).await?;
        let published = published.ok_or(Error::NotFound(Thing::Taxonomy))?;
        let mut turns: Vec<usize> = (0..self.workers.len()).collect();
        let mut done = 0;
        while done < wanted {
            turns.shuffle(&mut self.random);
            let mut n = 0;
            for worker in &turns {
                n += self.handful(*worker, queue, &published).await?;
            }
            if n == 0 {
                break;
            }
            done += n;
        }
        Ok(())
    }

    /// One person takes a handful, answers it and sends it. Returns how many there were.
    async fn handful(&mut self, worker: usize, queue: QueueId, published: &Published) -> Result<usize> {
        let actor = self.workers[worker].actor;
        let batch = annotate::next(&self.instance, &actor, self.project, queue, HANDFUL).await?;
        let items: Vec<ItemId> = batch.items.iter().map(|served| served.item).collect();
        let rows = self.instance.store.items_by_id(self.project, &items).await?;
        let names: HashMap<ItemId, String> = rows.into_iter().map(|r| (r.id, r.external_id)).collect();
        let mut submissions = Vec::new();
        let mut seconds = 0.0;
        for served in &batch.items {
            let name = names.get(&served.item).map_or("", String::as_str);
            let Some(message) = self.messages.get(name).copied() else { continue };
            let submission = self.answer(worker, served, message, published);
            seconds += submission.seconds.unwrap_or(0.0);
            submissions.push(submission);
        }
        // Four people work side by side: the clock goes by a quarter of what each takes.
        self.clock.advance((seconds / self.workers.len() as f64).ceil() as i64);
        let n = submissions.len();
        for receipt in annotate::submit_many(&self.instance, &actor, self.project, submissions).await? {
            receipt?;
        }
        Ok(n)
    }

    fn answer(
        &mut self,
        worker: usize,
        served: &Served,
        message: &Message,
        published: &Published,
    ) -> Submission {
        let answered = self.workers[worker].annotator.answer(message, &mut self.random);
        let said = match answered.intent.and_then(|intent| label_of(intent, published)) {
            Some(label) => Said::Labels(vec![label]),
            None if self.random.gen_bool(0.5) => Said::Skip(SkipReason::Unsure),
            None => Said::Skip(SkipReason::NoFit),
        };
        Submission {
            id: self.id(),
            assignment: served.assignment,
            revision: served.revision,
            said,
            version: Some(published.id),
            seconds: Some((answered.seconds * 10.0).round() / 10.0),
            note: None,
            confidence: None,
        }
    }

    /// What a browser would make: the time and random bits.
    fn id(&mut self) -> Uuid {
        let millis = u64::try_from(self.clock.now().0 / 1000).unwrap_or(0);
        Builder::from_unix_timestamp_millis(millis, &self.random.r#gen()).into_uuid()
    }
}

/// The label that stands for an intent; the bucket for everything else while there is none.
fn label_of(intent: usize, published: &Published) -> Option<LabelId> {
    let intent = INTENTS.get(intent)?;
    let other = || published.taxonomy.labels.iter().find(|label| label.other && !label.retired);
    published.taxonomy.by_name(intent.name).or_else(other).map(|label| label.id)
}
