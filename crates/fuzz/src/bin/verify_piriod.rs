//! Runs [`verify_piriod`](hooklatch_fuzz::verify_piriod).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(verify_piriod);
