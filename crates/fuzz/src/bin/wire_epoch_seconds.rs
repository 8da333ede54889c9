//! Runs [`wire_epoch_seconds`](hooklatch_fuzz::wire_epoch_seconds).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(wire_epoch_seconds);
