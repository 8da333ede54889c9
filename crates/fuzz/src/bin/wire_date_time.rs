//! Runs [`wire_date_time`](hooklatch_fuzz::wire_date_time).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(wire_date_time);
