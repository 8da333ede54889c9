//! Runs [`decode_piriod`](hooklatch_fuzz::decode_piriod).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(decode_piriod);
