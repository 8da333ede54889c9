//! Which calls there are.

use http::Method;

/// A call of the admin API, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    Events,
    Event(&'a str),
    Body(&'a str),
    ReplayEvent(&'a str),
    Replay,
    Sources,
    Consumers,
    Pause(&'a str),
    Resume(&'a str),
    Stats,
    Prune,
    Rejected,
    Explain(&'a str),
    Admit(&'a str),
}

impl<'a> Route<'a> {
    /// The call at a path.
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let segments: Vec<&str> = path.strip_prefix("/api/v1/")?.split('/').collect();
        Some(match *segments.as_slice() {
            ["events"] => Self::Events,
            ["events", id] => Self::Event(id),
            ["events", id, "body"] => Self::Body(id),
            ["events", id, "replay"] => Self::ReplayEvent(id),
            ["replay"] => Self::Replay,
            ["sources"] => Self::Sources,
            ["consumers"] => Self::Consumers,
            ["consumers", name, "pause"] => Self::Pause(name),
            ["consumers", name, "resume"] => Self::Resume(name),
            ["stats"] => Self::Stats,
            ["prune"] => Self::Prune,
            ["rejected"] => Self::Rejected,
            ["rejected", id] => Self::Explain(id),
            ["rejected", id, "admit"] => Self::Admit(id),
            _ => return None,
        })
    }

    /// The methods that the call has.
    pub(super) fn allow(self) -> &'static str {
        match self {
            Self::ReplayEvent(_)
            | Self::Replay
            | Self::Pause(_)
            | Self::Resume(_)
            | Self::Prune
            | Self::Admit(_) => "POST",
            Self::Events
            | Self::Event(_)
            | Self::Body(_)
            | Self::Sources
            | Self::Consumers
            | Self::Stats
            | Self::Rejected
            | Self::Explain(_) => "GET, HEAD",
        }
    }

    /// Whether the call has this method.
    pub(super) fn takes(self, method: &Method) -> bool {
        self.allow().split(", ").any(|allowed| allowed == method.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_whole() {
        assert_eq!(Route::of("/api/v1/events/x/body"), Some(Route::Body("x")));
        assert_eq!(Route::of("/api/v1/consumers/a/pause"), Some(Route::Pause("a")));
        for path in
            ["/api/v1", "/api/v1/", "/api/v1/event", "/api/v2/events", "/api/v1/events/x/y", "/events"]
        {
            assert_eq!(Route::of(path), None, "{path}");
        }
        assert!(Route::Events.takes(&Method::GET) && Route::Events.takes(&Method::HEAD));
        assert!(!Route::Events.takes(&Method::POST) && !Route::Pause("a").takes(&Method::GET));
    }
}
