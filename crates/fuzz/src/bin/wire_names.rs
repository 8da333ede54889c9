//! Runs [`wire_names`](hooklatch_fuzz::wire_names).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(wire_names);
