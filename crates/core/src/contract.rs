//! What a sender expects of whoever receives its webhooks.

use std::num::NonZeroU8;
use std::time::Duration;

use http::StatusCode;

/// What a provider expects as answer, and what it does when it gets another.
///
/// `None` means that no public page says; it never means "no limit" or "anything".
/// That a refused notification is sent again is promised by none of the providers, so nothing here speaks of it:
/// what is refused must be taken for lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contract {
    /// Which statuses the provider takes for "received".
    pub accepted: Option<Accepted>,
    /// How long the provider waits for the answer.
    pub answer_within: Option<Duration>,
    /// After how many equal failing statuses in a row the provider switches the webhook off.
    ///
    /// A receiver that knows this never answers that many equal refusals in a row.
    pub switched_off_after: Option<NonZeroU8>,
}

/// Statuses that a provider takes for "received".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Accepted {
    /// Every 2xx. A redirect is a failure.
    Successful,
}

impl Accepted {
    /// Whether `status` tells the provider that its notification was received.
    pub fn includes(self, status: StatusCode) -> bool {
        match self {
            Self::Successful => status.is_success(),
        }
    }
}

impl Contract {
    /// The contract of a provider that documents none.
    pub const UNDOCUMENTED: Self = Self { accepted: None, answer_within: None, switched_off_after: None };

    /// The same contract with the statuses that count as received.
    #[must_use]
    pub const fn accepting(mut self, accepted: Accepted) -> Self {
        self.accepted = Some(accepted);
        self
    }

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

    /// Whether the provider is known to take `status` for "received", as far as any page says.
    pub fn accepts(&self, status: StatusCode) -> Option<bool> {
        self.accepted.map(|accepted| accepted.includes(status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_accepted_refused_or_nobody_knows() {
        let documented = Contract::UNDOCUMENTED.accepting(Accepted::Successful);
        assert_eq!(documented.accepts(StatusCode::ACCEPTED), Some(true));
        assert_eq!(documented.accepts(StatusCode::FOUND), Some(false));
        assert_eq!(Contract::UNDOCUMENTED.accepts(StatusCode::OK), None);
    }
}
