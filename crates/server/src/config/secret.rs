//! Secrets as they are named: `env:NAME`, `file:PATH`, `plain:TEXT`, and those that are made and kept.

use hooklatch_core::Secret;
use toml::Spanned;

use super::{ConfigError, Context};
use crate::hexadecimal;

/// The secret that `text` names.
pub(super) fn secret(text: &Spanned<String>, context: &mut Context<'_>) -> Result<Secret, ConfigError> {
    let fail = |message: String| context.document.error(text.span(), message);
    let value = match text.get_ref().split_once(':') {
        Some(("env", name)) => std::env::var(name).map_err(|_| {
            fail(format!("the environment variable {name} is not set, or is not text; set it to the secret"))
        })?,
        Some(("file", path)) => {
            let path = context.path(path);
            let read = std::fs::read_to_string(&path)
                .map_err(|error| fail(format!("{}: {error}", path.display())))?;
            read.trim_end_matches(['\n', '\r']).to_owned()
        }
        Some(("plain", text)) => text.to_owned(),
        _ => {
            return Err(fail(
                "a secret is written \"env:NAME\", \"file:PATH\" or, to try things out, \"plain:TEXT\""
                    .to_owned(),
            ));
        }
    };
    let secret = Secret::new(value)
        .filter(|secret| !secret.expose_str().trim().is_empty())
        .ok_or_else(|| fail("the secret is empty; an empty secret would prove everybody".to_owned()))?;
    if text.get_ref().starts_with("plain:") {
        let warning =
            context.document.error(text.span(), "a secret in plain text; use env: or file: in production");
        context.warnings.push(warning.to_string());
    }
    Ok(secret)
}

/// The secrets that `texts` name.
pub(super) fn secrets(
    texts: &[Spanned<String>],
    context: &mut Context<'_>,
) -> Result<Vec<Secret>, ConfigError> {
    texts.iter().map(|text| secret(text, context)).collect()
}

/// A new secret.
pub(super) fn made() -> Result<String, ConfigError> {
    hexadecimal::random()
        .map_err(|error| ConfigError::without_place(format!("no random bytes for a secret: {error}")))
}
