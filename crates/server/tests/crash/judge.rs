//! Compares what was acknowledged, what is stored and what was handed on.
//!
//! Functions of lists, so that each violation can be constructed and seen to be found.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;

use crate::delivery::Delivery;
use crate::ledger::{Sent, Sheet};
use crate::receiver::Stored;
use crate::webhooks::Sort;

#[cfg(test)]
mod tests;

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) rule: Rule,
    /// The event's id, where there is one.
    pub(crate) id: String,
    pub(crate) about: String,
}

/// The promises, by how they are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Rule {
    /// Acknowledged, and not in the inbox.
    Lost,
    /// In the inbox, and never handed on to a consumer.
    NotHandedOn,
    /// Handed on, and not in the inbox.
    NotStored,
    /// Handed on, and nobody genuine sent it like this.
    NotSent,
    /// One webhook, two events; or two webhooks, one event.
    Identity,
    /// A settled dispatch was handed on again, or is not settled any more.
    Unsettled,
    /// Handed on after a later event of its subject, or before an earlier one was taken.
    Overtaken,
    /// Sent after another was acknowledged, and stored in front of it.
    Arrival,
    /// A signal was absorbed, and nobody looked at the object afterwards.
    SignalLost,
    /// Neither done nor in quarantine when all should be.
    NotEnded,
    /// A genuine webhook was refused, or a forged one believed.
    Answer,
    /// The receiver itself does not do what it is told.
    Receiver,
}

impl Violation {
    pub(crate) fn new(rule: Rule, id: &str, about: impl Into<String>) -> Self {
        Self { rule, id: id.to_owned(), about: about.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}: {}", self.rule, self.id, self.about)
    }
}

/// What was acknowledged is in the inbox; each webhook is one event.
pub(crate) fn acknowledged(sheet: &Sheet, stored: &[Stored]) -> Vec<Violation> {
    let stored: HashSet<&str> = stored.iter().map(|event| event.id.as_str()).collect();
    let mut violations: Vec<_> =
        sheet.strange.iter().map(|strange| Violation::new(Rule::Answer, "", strange)).collect();
    let mut owners: HashMap<&str, &[u8]> = HashMap::new();
    for (body, sent) in &sheet.by_body {
        let ids: BTreeSet<&str> = sent.acknowledged.iter().map(|answer| answer.id.as_str()).collect();
        if sent.sort != Sort::Signal && ids.len() > 1 {
            let id = ids.iter().next().unwrap_or(&"");
            violations.push(Violation::new(
                Rule::Identity,
                id,
                format!("one webhook, several events: {ids:?}"),
            ));
        }
        for id in ids {
            if !stored.contains(id) {
                violations.push(Violation::new(Rule::Lost, id, format!("acknowledged: {}", short(body))));
            }
            if owners.insert(id, body).is_some() {
                let about = format!("acknowledged for two webhooks, one is {}", short(body));
                violations.push(Violation::new(Rule::Identity, id, about));
            }
        }
    }
    violations
}

/// What was sent after another was acknowledged stands behind it, whatever the subject.
pub(crate) fn arrival(sheet: &Sheet) -> Vec<Violation> {
    let first = |sent: &'_ &Sent| sent.sort != Sort::Signal && !sent.acknowledged.is_empty();
    let mut sent: Vec<&Sent> = sheet.by_body.values().filter(first).collect();
    let mut acknowledged = sent.clone();
    let answered = |sent: &Sent| sent.acknowledged.iter().map(|answer| answer.at).min();
    sent.sort_by_key(|sent| sent.first);
    acknowledged.sort_by_key(|sent| answered(sent));
    let mut acknowledged = acknowledged.into_iter().peekable();
    let (mut newest, mut violations) = ("", Vec::new());
    for sent in sent {
        while let Some(before) = acknowledged.next_if(|before| answered(before) < Some(sent.first)) {
            newest = before.acknowledged.first().map_or("", |answer| &answer.id).max(newest);
        }
        let id = sent.acknowledged.first().map_or("", |answer| &answer.id);
        if id < newest {
            let about = format!("sent after {newest} was acknowledged, and stored in front of it");
            violations.push(Violation::new(Rule::Arrival, id, about));
        }
    }
    violations
}

/// Everything stored was handed on, everything handed on is stored, and is what was sent.
pub(crate) fn handed_on(
    consumer: &str,
    sheet: &Sheet,
    stored: &[Stored],
    deliveries: &[Delivery],
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let ids: HashSet<&str> = stored.iter().map(|event| event.id.as_str()).collect();
    let got: HashSet<&str> = deliveries.iter().map(|delivery| delivery.id.as_str()).collect();
    for event in stored.iter().filter(|event| event.state != "quarantined") {
        if !got.contains(event.id.as_str()) {
            violations.push(Violation::new(
                Rule::NotHandedOn,
                &event.id,
                format!("never came to {consumer}"),
            ));
        }
    }
    let mut owners: HashMap<&[u8], &str> = HashMap::new();
    for delivery in deliveries {
        let Delivery { id, body, .. } = delivery;
        if !ids.contains(id.as_str()) {
            violations.push(Violation::new(Rule::NotStored, id, format!("came to {consumer}")));
        }
        let about = || format!("came to {consumer}: {}", short(body));
        let sent = sheet.by_body.get(body);
        match sent.filter(|sent| delivery.source.strip_prefix("/sources/") == Some(&sent.source)) {
            Some(Sent { sort: Sort::Once, acknowledged, .. }) => {
                if acknowledged.iter().any(|answer| answer.id != *id) {
                    violations.push(Violation::new(Rule::Identity, id, about()));
                }
                if *owners.entry(body).or_insert(id) != id {
                    violations.push(Violation::new(Rule::Identity, id, about()));
                }
            }
            Some(Sent { sort: Sort::Signal, .. }) => {}
            _ => violations.push(Violation::new(Rule::NotSent, id, about())),
        }
    }
    violations
}

/// Of one subject no event comes before an earlier one was taken, and none again once a later one has come.
pub(crate) fn order(consumer: &str, deliveries: &[Delivery]) -> Vec<Violation> {
    struct Last<'a> {
        id: &'a str,
        is_taken: bool,
    }
    let mut violations = Vec::new();
    let mut subjects: HashMap<&str, Last<'_>> = HashMap::new();
    let mut seen: HashSet<&str> = HashSet::new();
    for delivery in deliveries {
        let Some(subject) = &delivery.subject else { continue };
        let id = delivery.id.as_str();
        let is_again = !seen.insert(id);
        let last = subjects.entry(subject).or_insert(Last { id, is_taken: false });
        if id < last.id && is_again {
            let about = format!("came to {consumer} again after {}, so it was settled: {subject}", last.id);
            violations.push(Violation::new(Rule::Unsettled, id, about));
        } else if id < last.id {
            let about = format!("came to {consumer} after {}: {subject}", last.id);
            violations.push(Violation::new(Rule::Overtaken, id, about));
        } else if id == last.id {
            last.is_taken |= delivery.is_taken;
        } else {
            if !last.is_taken {
                let about = format!("came to {consumer} before {} was taken: {subject}", last.id);
                violations.push(Violation::new(Rule::Overtaken, id, about));
            }
            *last = Last { id, is_taken: delivery.is_taken };
        }
    }
    violations
}

/// Nothing that the inbox called done is handed on later.
pub(crate) fn settled(consumer: &str, done: &HashSet<String>, later: &[Delivery]) -> Vec<Violation> {
    let again = later.iter().filter(|delivery| done.contains(&delivery.id));
    let about = |delivery: &Delivery| {
        Violation::new(Rule::Unsettled, &delivery.id, format!("was done, and came to {consumer} again"))
    };
    again.map(about).collect()
}

/// Whatever was done before a crash is done after it.
pub(crate) fn still_done(before: &[Stored], after: &[Stored]) -> Vec<Violation> {
    let after: HashMap<&str, &str> =
        after.iter().map(|event| (event.id.as_str(), event.state.as_str())).collect();
    let done = before.iter().filter(|event| event.state == "done");
    let lost = done.filter_map(|event| match after.get(event.id.as_str()) {
        Some(&"done") => None,
        state => Some(Violation::new(Rule::Unsettled, &event.id, format!("was done, and is {state:?} now"))),
    });
    lost.collect()
}

/// After every acknowledged signal somebody looked.
pub(crate) fn signals(consumer: &str, sheet: &Sheet, deliveries: &[Delivery]) -> Vec<Violation> {
    let mut latest = BTreeMap::new();
    for delivery in deliveries {
        let at = latest.entry(delivery.id.as_str()).or_insert(delivery.at);
        *at = delivery.at.max(*at);
    }
    let signals = sheet.by_body.values().filter(|sent| sent.sort == Sort::Signal);
    let lost = signals.flat_map(|sent| &sent.acknowledged).filter(|answer| {
        let looked = latest.get(answer.id.as_str()).copied().flatten();
        looked.is_none_or(|looked| looked < answer.sent)
    });
    let about = format!("absorbed, and {consumer} has not looked since");
    lost.map(|answer| Violation::new(Rule::SignalLost, &answer.id, &*about)).collect()
}

/// Everything has ended well.
pub(crate) fn ended(stored: &[Stored]) -> Vec<Violation> {
    let open = stored.iter().filter(|event| !matches!(event.state.as_str(), "done" | "quarantined"));
    open.map(|event| Violation::new(Rule::NotEnded, &event.id, format!("is {}", event.state))).collect()
}

/// The beginning of a body.
fn short(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(100).collect()
}
