//! The rules: whether they compile under this configuration, what they need of it, and which ones run.

use serde_json::Value;

use super::findings::Findings;
use crate::bot::folder;
use crate::cli::sources::configured;
use crate::config::Config;
use crate::lang::diagnostics::{Language, Severity};
use crate::lang::program::Program;

/// Diagnostics reported in full; the rest is `menshen check`'s to say.
const MAX_SHOWN: usize = 5;

/// Looks at the folder, and at what a running server says.
pub fn look(config: &Config, live: Option<&Value>, found: &mut Findings) {
    if let Some(status) = live
        .map(|live| &live["rules"])
        .filter(|rules| rules["stale"] == true)
    {
        let since = status["stale_since"].as_str().unwrap_or("some time ago");
        found.error(
            "rules-stale",
            format!("the server still runs the rules it had before {since}: the folder holds newer ones that do not pass"),
            format!("run `menshen check {}` and `menshen test`, then reload", config.rules.path.display()),
        );
    }
    let sources = match folder::load(std::slice::from_ref(&config.rules.path)) {
        Ok(sources) => sources,
        Err(error) => {
            found.error(
                "rules-unreadable",
                error.to_string(),
                "set [rules] path, or run `menshen init`, which puts the shipped rules there",
            );
            return;
        }
    };
    let sources = std::sync::Arc::new(sources);
    let compiled = crate::lang::compile(sources.clone(), &configured(config));
    let errors: Vec<_> = compiled
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .collect();
    for error in errors.iter().take(MAX_SHOWN) {
        let (line, _) = sources.line_column(error.primary.span);
        let path = sources
            .file(error.primary.span.file)
            .map_or("", |file| file.path.as_str());
        found.error(
            "rules-wrong",
            format!(
                "{path}:{line}: {}: {}",
                error.code,
                error.title.get(Language::Zh)
            ),
            format!(
                "menshen help {}; menshen check {}",
                error.code,
                config.rules.path.display()
            ),
        );
    }
    if errors.len() > MAX_SHOWN {
        found.error(
            "rules-wrong",
            format!("{} more errors in the rules", errors.len() - MAX_SHOWN),
            format!("menshen check {}", config.rules.path.display()),
        );
    }
    let warnings = compiled.diagnostics.len() - errors.len();
    if warnings > 0 {
        found.note(
            "rules-warnings",
            format!("the rules compile with {warnings} warning(s)"),
            format!("menshen check {}", config.rules.path.display()),
        );
    }
    if let Some(program) = compiled.program {
        needs(config, &program, found);
        if let Some(hash) = live.and_then(|live| live["rules"]["hash"].as_str())
            && hash != program.hash
        {
            found.note(
                "rules-not-loaded",
                "the server runs other rules than the folder holds now",
                "reload them: `kill -HUP` the server, or POST /v1/rules/reload",
            );
        }
    }
}

/// What the rules name and the configuration must have.
fn needs(config: &Config, program: &Program, found: &mut Findings) {
    for account in &config.official_accounts {
        for template in &program.templates {
            if !account.templates.contains_key(template) {
                found.warning(
                    "template-missing",
                    format!("the rules send template {template}, which official account {} does not have: outside the 48 hours its prompts are undeliverable", account.name),
                    format!("[official_account.templates]\n{template} = \"the platform's template id\""),
                );
            }
        }
    }
    let forwards = program.sources.files.iter().any(|file| {
        file.text.lines().any(|line| {
            let code = line.split('#').next().unwrap_or_default().trim_start();
            code.split(|c: char| !c.is_ascii_alphanumeric()).next() == Some("forward")
        })
    });
    if forwards && config.forward.is_none() {
        found.warning(
            "forward-missing",
            "the rules forward messages, but there is no [forward]: every one ends as failed",
            "add [forward] url and secret_file, or remove the rules",
        );
    }
}
