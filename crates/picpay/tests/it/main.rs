//! The shared suite, and what is peculiar to PicPay.

use hooklatch_core::conformance;
use hooklatch_picpay::PicPay;

#[test]
fn fixtures_are_as_derived() {
    conformance::fixtures::<PicPay>();
}

#[test]
fn conformance() {
    conformance::suite::<PicPay>();
}
