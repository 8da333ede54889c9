//! Runs [`wire_field`](hooklatch_fuzz::wire_field).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(wire_field);
