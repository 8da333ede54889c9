//! Runs [`verify_orders`](hooklatch_fuzz::verify_orders).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(verify_orders);
