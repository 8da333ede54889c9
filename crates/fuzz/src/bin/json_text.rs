//! Runs [`json_text`](hooklatch_fuzz::json_text).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(json_text);
