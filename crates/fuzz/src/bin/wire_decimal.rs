//! Runs [`wire_decimal`](hooklatch_fuzz::wire_decimal).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(wire_decimal);
