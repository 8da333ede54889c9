#![doc = include_str!("../README.md")]
#![expect(clippy::missing_panics_doc, reason = "a target reports by panicking")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a target reports by panicking"
)]

mod account;
mod decode;
mod inbox;
mod json;
mod losses;
mod naive;
mod piriod;
mod privacy;
mod request;
pub mod seeds;
mod verify;
mod wire;

#[cfg(test)]
mod replay;

use hooklatch_orders::Orders;
use hooklatch_pico::Pico;
use hooklatch_picpay::PicPay;
use hooklatch_piriod::Piriod;

use seeds::Seed;

/// A function of bytes that panics when a property does not hold.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of the function and of its program.
    pub name: &'static str,
    /// The function.
    pub run: fn(&[u8]),
    seeds: fn() -> Vec<Seed>,
}

impl Target {
    /// Where fuzzing begins: never nothing.
    pub fn seeds(&self) -> Vec<Seed> {
        (self.seeds)().into_iter().chain(seeds::regressions(self.name)).collect()
    }
}

macro_rules! targets {
    ($($(#[$doc:meta])* $name:ident: $run:expr, $seeds:expr;)+) => {
        $($(#[$doc])* pub fn $name(bytes: &[u8]) {
            $run(bytes);
        })+

        /// All targets.
        pub const TARGETS: &[Target] = &[$(Target { name: stringify!($name), run: $name, seeds: || $seeds }),+];

        /// Each target on its seeds and on changes of them.
        #[cfg(test)]
        mod replayed {
            $(#[test]
            fn $name() {
                super::replay::replay(stringify!($name));
            })+
        }
    };
}

targets! {
    /// Who is believed by `orders`.
    verify_orders: verify::check::<Orders>, seeds::requests("orders");
    /// Who is believed by `pico`.
    verify_pico: verify::check::<Pico>, seeds::requests("pico");
    /// Who is believed by `picpay`.
    verify_picpay: verify::check::<PicPay>, seeds::requests("picpay");
    /// Who is believed by `piriod`.
    verify_piriod: verify::check::<Piriod>, seeds::requests("piriod");

    /// What `orders` reads.
    decode_orders: decode::check::<Orders>, seeds::requests("orders");
    /// What `pico` reads.
    decode_pico: decode::check::<Pico>, seeds::requests("pico");
    /// What `picpay` reads.
    decode_picpay: decode::check::<PicPay>, seeds::requests("picpay");
    /// What `piriod` reads.
    decode_piriod: decode::check::<Piriod>, seeds::requests("piriod");

    /// `wire::DateTime`.
    wire_date_time: wire::date_time, seeds::texts(&[
        r#""2024-07-01T16:00:00-03:00""#, r#""2024-07-01T19:00:00Z""#, r#""2025-04-16T11:30:04.157929932""#,
        r#""2025-04-16T11:30:04""#, r#""2025-04-16""#, r#""0000-00-00T24:60:60+99:99""#, "null",
    ]);
    /// `wire::LocalDateTime`.
    wire_local_date_time: wire::local_date_time, seeds::texts(&[
        r#""2021-04-15 11:13:33""#, r#""0000-00-00 00:00:00""#, r#""---""#, r#""2021-02-30 00:00:00""#, r#""""#, "0",
    ]);
    /// `wire::EpochSeconds`.
    wire_epoch_seconds: wire::epoch_seconds, seeds::texts(&[
        "1600000000", "-1", "-0", "253402300800", "9223372036854775808", "1e3", "1.5", r#""1""#,
    ]);
    /// `wire::Decimal`.
    wire_decimal: wire::decimal, seeds::texts(&[
        "0", "-7", "100.10", "1e3", "1.5E-3", "123456789012345678901234567890.5",
        "1.2345678901234567890123456789012345e1", r#""30.00""#, r#""-.5_0""#, r#""""#, "true",
    ]);
    /// `wire::Integer`.
    wire_integer: wire::integer, seeds::texts(&["5", r#""5""#, r#""+05""#, "9223372036854775808", "-0", "1.0", r#""""#, "null"]);
    /// `wire::Id`.
    wire_id: wire::id, seeds::texts(&["7", r#""a\nb""#, r#""\ud83d\ude00\/""#, r#""\ud800""#, "-1.5e+3", "true", "[1]"]);
    /// `wire::Flag`.
    wire_flag: wire::flag, seeds::texts(&[r#""Yes""#, r#""No""#, r#""1""#, r#""0""#, "1", "0", "true", "false", "2", r#""yes""#]);
    /// `wire::names!`.
    wire_names: wire::word, seeds::texts(&[r#""sent""#, r#""sent back""#, r#""\u0044elivered""#, r#""lost""#, r#""sent ""#, "1"]);
    /// `wire::Field` and `wire::object!`, and the watch for members that are skipped.
    wire_field: wire::field, seeds::texts(&[
        r#"{"id":1}"#, r#"{"id":"1","status":null,"inner":null}"#,
        r#"{"status":"sent","more":[{"a":1}],"inner":{"note":"n","words":["sent","lost"],"x":{}},"id":""}"#,
        r#"{"id":1,"id":2}"#, "[1,null,null]", r#"{"inner":{}}"#,
    ]);
    /// `wire::Json`.
    wire_json: wire::any_json, seeds::texts(&[r#" {"a": [1.10, 1e400]} "#, "null", r#""\u00e9""#, "-0", r#"{"a":1,"a":2}"#]);

    /// `json::compact`, `json::peek`, `json::glance` and the bound on depth.
    json_text: json::check, [seeds::bodies(), seeds::nested()].concat();
    /// `headers::encode` and `headers::decode` of the inbox.
    inbox_headers: inbox::check_headers, seeds::header_lines();
    /// `glob` of the inbox's filters.
    inbox_glob: inbox::check_glob, seeds::texts(&[
        "payment.*\npayment.failed", "*.failed\npayment.failed", "p*t.f*d\npayment.failed", "a*a\na", "a**b\nab", "*\n", "\nx",
    ]);
}

/// Makes a function of this crate a program: a target of cargo-fuzz, or on stable one that replays the files it is given.
#[cfg(fuzzing)]
#[macro_export]
macro_rules! program {
    ($target:ident) => {
        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| $crate::$target(bytes));
    };
}

/// Makes a function of this crate a program: a target of cargo-fuzz, or on stable one that replays the files it is given.
#[cfg(not(fuzzing))]
#[macro_export]
macro_rules! program {
    ($target:ident) => {
        fn main() -> std::io::Result<()> {
            std::env::args_os()
                .skip(1)
                .try_for_each(|file| std::fs::read(file).map(|bytes| $crate::$target(&bytes)))
        }
    };
}
