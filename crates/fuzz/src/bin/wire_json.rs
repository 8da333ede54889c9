//! Runs [`wire_json`](hooklatch_fuzz::wire_json).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(wire_json);
