//! Runs [`decode_orders`](hooklatch_fuzz::decode_orders).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(decode_orders);
