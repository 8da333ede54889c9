//! Runs [`decode_pico`](hooklatch_fuzz::decode_pico).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(decode_pico);
