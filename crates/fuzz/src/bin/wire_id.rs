//! Runs [`wire_id`](hooklatch_fuzz::wire_id).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(wire_id);
