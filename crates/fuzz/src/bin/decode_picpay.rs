//! Runs [`decode_picpay`](hooklatch_fuzz::decode_picpay).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(decode_picpay);
