//! One account at each provider: its handler, and a plain statement of who is to be believed.

use std::sync::LazyLock;

use hooklatch_core::{Access, Proof, Provider, Request, Secret, Settings, UnauthenticatedKind};
use hooklatch_orders::Orders;
use hooklatch_pico::Pico;
use hooklatch_picpay::PicPay;
use hooklatch_piriod::Piriod;

use crate::piriod;

/// A provider with one account whose secrets are known: those of the fixtures come first.
pub(crate) trait Account: Provider {
    /// Secrets that are believed.
    const SECRETS: [&'static str; 2];

    /// What a genuine request proves.
    const PROOF: Proof;

    /// The header that carries the proof, when it does not stand in the path.
    const PROOF_HEADER: &'static str;

    /// The account's handler.
    fn handler() -> &'static Self;

    /// Whether the request is to be believed, found without the handler, slowly, and not in constant time.
    ///
    /// # Errors
    ///
    /// Why it is not.
    fn judge(request: &Request) -> Result<(), UnauthenticatedKind>;

    /// Bodies for which somebody who recorded a genuine request could hope that its proof holds too.
    fn forgeries(_genuine: &Request) -> Vec<Vec<u8>> {
        Vec::new()
    }
}

/// A secret that was believed once.
const RETIRED: &str = "whsecret_retired";

macro_rules! accounts {
    ($($provider:ident: $proof:ident, $header:literal, $place:ident, $secrets:expr, $judge:expr $(, $forgeries:path)?;)+) => {$(
        impl Account for $provider {
            const SECRETS: [&'static str; 2] = $secrets;
            const PROOF: Proof = Proof::$proof;
            const PROOF_HEADER: &'static str = $header;

            fn handler() -> &'static Self {
                static HANDLER: LazyLock<$provider> = LazyLock::new(|| {
                    let secrets = $provider::SECRETS.map(|text| Secret::new(text).unwrap()).to_vec();
                    let mut settings = $place(secrets);
                    settings.access.retired = vec![Secret::new(RETIRED).unwrap()];
                    $provider::new(settings).unwrap()
                });
                &HANDLER
            }

            fn judge(request: &Request) -> Result<(), UnauthenticatedKind> {
                $judge(request, &Self::SECRETS)
            }

            $(fn forgeries(genuine: &Request) -> Vec<Vec<u8>> {
                $forgeries(genuine)
            })?
        }
    )+};
}

accounts! {
    Orders: Path, "", in_path, ["example-token-of-the-shop", "second-token"], judge_path_token;
    Pico: Path, "", in_path, ["example-token-of-the-publisher", "second-token"], judge_path_token;
    PicPay: Token, "authorization", own, ["a45c2dee-6435-1234-5678-b2a5f0ae7a8a", "second-token"], judge_authorization;
    Piriod: Signature, "x-piriod-signature", own, ["whsecret_example", "second"], piriod::judge, piriod::forgeries;
}

fn in_path(secrets: Vec<Secret>) -> Settings {
    Settings { secrets: Vec::new(), access: Access { path_tokens: secrets, ..Access::default() } }
}

fn own(secrets: Vec<Secret>) -> Settings {
    Settings { secrets, access: Access::default() }
}

fn judge_path_token(request: &Request, secrets: &[&str]) -> Result<(), UnauthenticatedKind> {
    let token = request.path_token.as_deref().ok_or(UnauthenticatedKind::Missing)?;
    if secrets.contains(&token) { Ok(()) } else { Err(UnauthenticatedKind::Mismatch) }
}

fn judge_authorization(request: &Request, secrets: &[&str]) -> Result<(), UnauthenticatedKind> {
    let token = only(request, "authorization")?;
    if secrets.iter().any(|secret| secret.as_bytes() == token) {
        Ok(())
    } else {
        Err(UnauthenticatedKind::Mismatch)
    }
}

/// The value of the header, if there is exactly one.
pub(crate) fn only<'a>(request: &'a Request, name: &str) -> Result<&'a [u8], UnauthenticatedKind> {
    let values: Vec<_> = request.headers.iter().filter(|(found, _)| found.as_str() == name).collect();
    match values.as_slice() {
        [(_, value)] => Ok(value.as_bytes()),
        _ => Err(UnauthenticatedKind::Missing),
    }
}
