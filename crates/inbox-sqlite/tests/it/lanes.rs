//! The dispatcher at work on a real inbox: consumers and settlements that misbehave.

use std::sync::atomic::{AtomicUsize, Ordering as Atomic};

use async_trait::async_trait;
use hooklatch_core::{Consumer, Dispatch, Failure};
use hooklatch_inbox::*;

use super::*;

#[derive(Debug)]
struct Watched {
    inner: SqliteInbox,
    claims: AtomicUsize,
    panics: AtomicUsize,
    /// How long a settlement takes besides.
    slowness: Duration,
}

#[async_trait]
impl EventLog for Watched {
    async fn event(&self, id: EventId) -> Result<Option<EventDetail>, InboxError> {
        self.inner.event(id).await
    }
    async fn events(&self, query: Query) -> Result<Page, InboxError> {
        self.inner.events(query).await
    }
    async fn consumers(&self) -> Result<Vec<ConsumerStatus>, InboxError> {
        self.inner.consumers().await
    }
    async fn size(&self) -> Result<Size, InboxError> {
        self.inner.size().await
    }
    async fn verify(&self) -> Result<Vec<String>, InboxError> {
        self.inner.verify().await
    }
    async fn back_up(&self, to: &std::path::Path) -> Result<(), InboxError> {
        self.inner.back_up(to).await
    }
}

#[async_trait]
impl Inbox for Watched {
    async fn register(&self, consumers: &[ConsumerSpec]) -> Result<Vec<ConsumerId>, InboxError> {
        self.inner.register(consumers).await
    }
    async fn append(&self, arrival: Arrival) -> Result<Appended, InboxError> {
        self.inner.append(arrival).await
    }
    async fn claim(
        &self,
        consumer: ConsumerId,
        limit: usize,
        now: OffsetDateTime,
    ) -> Result<Claim, InboxError> {
        self.claims.fetch_add(1, Atomic::Relaxed);
        self.inner.claim(consumer, limit, now).await
    }
    async fn settle(&self, consumer: ConsumerId, settlements: Vec<Settlement>) -> Result<(), InboxError> {
        if self.panics.load(Atomic::Relaxed) > 0 {
            self.panics.fetch_sub(1, Atomic::Relaxed);
            panic!("a settlement panics");
        }
        tokio::time::sleep(self.slowness).await;
        self.inner.settle(consumer, settlements).await
    }
    async fn set_paused(&self, consumer: ConsumerId, reason: Option<String>) -> Result<(), InboxError> {
        self.inner.set_paused(consumer, reason).await
    }
    async fn replay(&self, replay: Replay) -> Result<Replayed, InboxError> {
        self.inner.replay(replay).await
    }
    async fn release(&self, id: EventId, arrival: Arrival) -> Result<Released, InboxError> {
        self.inner.release(id, arrival).await
    }
    async fn prune(&self, retention: Retention) -> Result<Pruned, InboxError> {
        self.inner.prune(retention).await
    }
    fn arrivals(&self) -> tokio::sync::watch::Receiver<u64> {
        self.inner.arrivals()
    }
    fn check_ready(&self) -> Result<(), InboxError> {
        self.inner.check_ready()
    }
    async fn close(&self) {
        self.inner.close().await;
    }
}

/// Noon, and what has passed since.
fn clock() -> Clock {
    let start = tokio::time::Instant::now();
    Arc::new(move || NOON + start.elapsed())
}

struct Own<F>(F, Arc<AtomicUsize>);

#[async_trait]
impl<F: Fn(&Dispatch) -> Result<(), Failure> + Send + Sync + 'static> Consumer for Own<F> {
    async fn consume(&self, dispatch: &Dispatch) -> Result<(), Failure> {
        (self.0)(dispatch)?;
        self.1.fetch_add(1, Atomic::Relaxed);
        Ok(())
    }
}

async fn lanes(
    panics: usize,
    slowness: Duration,
    consumer: impl Fn(&Dispatch) -> Result<(), Failure> + Send + Sync + 'static,
) -> (tempfile::TempDir, Arc<Watched>, Arc<AtomicUsize>, Dispatcher) {
    let Fixture { folder, inbox, consumers } = Fixture::new(&[Ordering::Subject]).await;
    let watched = Arc::new(Watched {
        inner: inbox,
        claims: AtomicUsize::new(0),
        panics: AtomicUsize::new(panics),
        slowness,
    });
    let inbox: Arc<dyn Inbox> = Arc::clone(&watched) as _;
    let done = Arc::new(AtomicUsize::new(0));
    let lane = Lane {
        name: "c0".into(),
        id: consumers[0],
        consumer: Arc::new(Own(consumer, Arc::clone(&done))),
        retry: Retry::default(),
        concurrency: 4,
    };
    let clock = clock();
    let dispatcher = Dispatcher::start(&inbox, vec![lane], &Handlers::default(), &clock);
    (folder, watched, done, dispatcher)
}

/// Waits until `condition` holds.
async fn eventually(condition: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !condition().await {
        assert!(tokio::time::Instant::now() < deadline, "not within twenty seconds");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn plain(subject: &str) -> Arrival {
    let identity = Identity::Content { clock: None };
    Arrival {
        source: "shop".into(),
        provider: "orders",
        received_at: NOON,
        peer: None,
        proof: Proof::Path,
        headers: Vec::new(),
        body: Bytes::copy_from_slice(subject.as_bytes()),
        sample: None,
        content: Content::Event(Reading {
            kind: "k".to_owned(),
            subject: Some(subject.to_owned()),
            ..Reading::default()
        }),
        consumers: vec![ConsumerId(1)],
        identity: (identity.class(), identity.key("k", subject.as_bytes())),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_asks_for_an_endless_wait_does_not_end_its_lane() {
    let (_folder, inbox, done, _dispatcher) = lanes(0, Duration::ZERO, |dispatch| {
        if dispatch.subject.as_deref() == Some("bad") {
            return Err(Failure::retry_after(Duration::MAX, "never mind"));
        }
        Ok(())
    })
    .await;
    inbox.append(plain("bad")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    inbox.append(plain("good")).await.unwrap();
    eventually(async || done.load(Atomic::Relaxed) == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_dispatcher_ends() {
    let (_folder, inbox, done, dispatcher) = lanes(0, Duration::ZERO, |_| Ok(())).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(dispatcher);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let before = inbox.claims.load(Atomic::Relaxed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let claims = inbox.claims.load(Atomic::Relaxed) - before;
    assert!(claims < 5, "{claims} claims in a second with nothing to do");
    let _ = done;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settlement_that_panics_does_not_end_its_lane() {
    let (_folder, inbox, done, _dispatcher) = lanes(1, Duration::ZERO, |_| Ok(())).await;
    inbox.append(plain("first")).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    inbox.append(plain("second")).await.unwrap();
    inbox.append(plain("third")).await.unwrap();
    eventually(async || done.load(Atomic::Relaxed) == 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_is_asked_for_while_others_are_settled_is_not_forgotten() {
    let asked = Arc::new(AtomicUsize::new(0));
    let asking = Arc::clone(&asked);
    let (_folder, inbox, _done, _dispatcher) = lanes(0, Duration::from_secs(1), move |dispatch| {
        if dispatch.subject.as_deref() == Some("last") {
            asking.fetch_add(1, Atomic::Relaxed);
            return Err(Failure::pause("gone"));
        }
        Ok(())
    })
    .await;
    inbox.append(plain("first")).await.unwrap();
    // The first is handed on at once, and its settlement takes a second.
    tokio::time::sleep(Duration::from_millis(300)).await;
    inbox.append(plain("last")).await.unwrap();
    let reason = async || inbox.consumers().await.unwrap().remove(0).paused;
    eventually(async || reason().await.as_deref() == Some("gone")).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(reason().await.as_deref(), Some("gone"));
    assert_eq!(asked.load(Atomic::Relaxed), 1, "it has to ask more than once");
}

struct Hasty;

impl Consumer for Hasty {
    fn consume<'a, 'b, 'c>(
        &'a self,
        dispatch: &'b Dispatch,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'c>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        assert!(dispatch.attempt > 1, "panics before there is a future");
        Box::pin(async { Ok(()) })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_panics_at_once_is_tried_again() {
    let Fixture { folder: _folder, inbox, consumers } = Fixture::new(&[Ordering::Subject]).await;
    let inbox: Arc<dyn Inbox> = Arc::new(inbox);
    let lane = Lane {
        name: "c0".into(),
        id: consumers[0],
        consumer: Arc::new(Hasty),
        retry: Retry { first: Duration::from_millis(10), ..Retry::default() },
        concurrency: 4,
    };
    let clock = clock();
    let _dispatcher = Dispatcher::start(&inbox, vec![lane], &Handlers::default(), &clock);
    let id = inbox.append(plain("first")).await.unwrap().id;
    eventually(async || inbox.event(id).await.unwrap().unwrap().record.state == EventState::Done).await;
}

/// Fails at first, then refuses everything, and notes how many it refuses at a time.
#[derive(Default)]
struct Picky {
    failed: AtomicUsize,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

struct Shared(Arc<Picky>);

#[async_trait]
impl Consumer for Shared {
    async fn consume(&self, _: &Dispatch) -> Result<(), Failure> {
        if self.0.failed.fetch_add(1, Atomic::Relaxed) < 5 {
            return Err(Failure::retry("down"));
        }
        let at_once = self.0.at_once.fetch_add(1, Atomic::Relaxed) + 1;
        self.0.most_at_once.fetch_max(at_once, Atomic::Relaxed);
        tokio::time::sleep(Duration::from_millis(50)).await;
        self.0.at_once.fetch_sub(1, Atomic::Relaxed);
        Err(Failure::give_up("not this one"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_refuses_what_probes_it_is_not_down() {
    let Fixture { folder: _folder, inbox, consumers } = Fixture::new(&[Ordering::Subject]).await;
    let inbox: Arc<dyn Inbox> = Arc::new(inbox);
    let picky = Arc::new(Picky::default());
    let lane = Lane {
        name: "c0".into(),
        id: consumers[0],
        consumer: Arc::new(Shared(Arc::clone(&picky))),
        retry: Retry::default(),
        concurrency: 4,
    };
    let _dispatcher = Dispatcher::start(&inbox, vec![lane], &Handlers::default(), &clock());
    for number in 0..40 {
        inbox.append(plain(&number.to_string())).await.unwrap();
    }
    eventually(async || picky.failed.load(Atomic::Relaxed) >= 20).await;
    assert!(picky.most_at_once.load(Atomic::Relaxed) > 1);
}
