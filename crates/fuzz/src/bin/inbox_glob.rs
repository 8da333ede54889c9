//! Runs [`inbox_glob`](hooklatch_fuzz::inbox_glob).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(inbox_glob);
