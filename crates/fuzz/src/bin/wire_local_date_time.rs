//! Runs [`wire_local_date_time`](hooklatch_fuzz::wire_local_date_time).

#![cfg_attr(fuzzing, no_main)]

hooklatch_fuzz::program!(wire_local_date_time);
