//! Runs [`verify_pico`](hooklatch_fuzz::verify_pico).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(verify_pico);
