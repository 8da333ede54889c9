//! Runs [`inbox_headers`](hooklatch_fuzz::inbox_headers).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(inbox_headers);
