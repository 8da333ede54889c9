//! Runs [`verify_picpay`](hooklatch_fuzz::verify_picpay).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(verify_picpay);
