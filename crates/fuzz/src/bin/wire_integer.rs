//! Runs [`wire_integer`](hooklatch_fuzz::wire_integer).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(wire_integer);
