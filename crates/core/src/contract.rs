//! What a sender expects of whoever receives its webhooks.

use std::num::NonZeroU8;
use std::time::Duration;

/// What a provider expects as answer, and what it does when it gets another.
///
/// `None` means that no public page says; it never means "no limit".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contract {
    /// How long the provider waits for the answer.
    pub answer_within: Option<Duration>,
    /// After how many equal failing statuses in a row the provider switches the webhook off.
    ///
    /// A receiver that knows this never answers that many equal refusals in a row.
    pub switched_off_after: Option<NonZeroU8>,
}

impl Contract {
    /// The contract of a provider that documents none.
    pub const UNDOCUMENTED: Self = Self { answer_within: None, switched_off_after: None };

    /// The same contract with a time limit.
    #[must_use]
    pub const fn answering_within(mut self, limit: Duration) -> Self {
        self.answer_within = Some(limit);
        self
    }

    /// The same contract with a number of equal failing statuses in a row that ends the feed.
    #[must_use]
    pub const fn switched_off_after(mut self, refusals: NonZeroU8) -> Self {
        self.switched_off_after = Some(refusals);
        self
    }
}
