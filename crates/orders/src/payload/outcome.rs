//! Whether a completed transaction went well.

use hooklatch_core::wire::Flag;

use super::Transaction;

/// How a completed transaction ended, as far as its body tells.
///
/// How a decline is written is not public, so it takes two members to be sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `transaction_declined` says `APPROVED` (or no), or `response_code` is 100, and neither contradicts the other.
    Approved,
    /// `transaction_declined` says yes and `response_code` is absent or not 100 or 101,
    /// or neither of them is what it is after a success.
    Declined,
    /// The two are absent, contradict each other, or say that the customer has to do something more.
    Unclear,
}

/// What `transaction_declined` says.
enum Declined {
    No,
    Yes,
    /// A text that no page mentions.
    Word,
    Silent,
}

/// What `response_code` says.
enum Code {
    Success,
    /// The customer has to do something more.
    Pending,
    /// Anything else: no success.
    Other,
    Silent,
}

impl Transaction {
    /// How it ended. It means something only once the transaction is completed.
    ///
    /// A transaction completes with success or with a decline, so what is surely no success was declined.
    pub fn outcome(&self) -> Outcome {
        match (self.declined(), self.code()) {
            (Declined::No, Code::Success | Code::Silent) | (Declined::Silent, Code::Success) => {
                Outcome::Approved
            }
            (Declined::Yes, Code::Other | Code::Silent) | (Declined::Word, Code::Other) => Outcome::Declined,
            _ => Outcome::Unclear,
        }
    }

    fn declined(&self) -> Declined {
        match self.transaction_declined.get() {
            None => Declined::Silent,
            Some(Flag::Other(word)) if word.is_empty() => Declined::Silent,
            Some(Flag::Other(word)) if **word == *"APPROVED" => Declined::No,
            Some(flag) => match flag.value() {
                Some(true) => Declined::Yes,
                Some(false) => Declined::No,
                None => Declined::Word,
            },
        }
    }

    fn code(&self) -> Code {
        match self.response_code.get() {
            None => Code::Silent,
            Some(code) if code.as_str().is_empty() => Code::Silent,
            Some(code) => match code.value() {
                Some(100) => Code::Success,
                Some(101) => Code::Pending,
                _ => Code::Other,
            },
        }
    }
}
