//! Where a contact came from.

use hooklatch_core::wire::object;

object! {
    /// Where a contact came from. The possible values are not public, so all are plain text.
    pub struct Acquisition {
        /// The audience by name, for instance `Default Global`.
        audience?: String,
        /// The country by its English name, for instance `United States`.
        region?: String,
        /// `Other` in the samples.
        source?: String,
        /// `Desktop` in the samples.
        device?: String,
        /// By the name, whether advertisements were blocked.
        adblock?: bool,
    }
}
