//! Runs [`wire_flag`](hooklatch_fuzz::wire_flag).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(wire_flag);
