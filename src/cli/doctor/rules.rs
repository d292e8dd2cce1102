//! The rules: whether they compile under this configuration, what they need of it, and which ones run.

use serde_json::Value;

use super::findings::{Findings, w};
use crate::bot::folder::{self, FolderError};
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
        let since = status["stale_since"].as_str().unwrap_or("?");
        found.error(
            "rules-stale",
            w(format!("服务器运行的还是 {since} 以前的规则：文件夹里有新的，但没有通过"), format!("the server still runs the rules it had before {since}: the folder holds newer ones that do not pass")),
            w(format!("运行 `menshen check {}` 和 `menshen test`，再重新加载", config.rules.path.display()), format!("run `menshen check {}` and `menshen test`, then reload", config.rules.path.display())),
        );
    }
    let sources = match folder::load(std::slice::from_ref(&config.rules.path)) {
        Ok(sources) => sources,
        Err(error) => {
            let said = w(error.said(Language::Zh), error.said(Language::En));
            let missing = match &error {
                FolderError::Read { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
                FolderError::Empty { .. } => true,
                _ => false,
            };
            let cure = match missing {
                true => w(
                    "写 [rules] path，或运行 `menshen init`，它会放上自带的规则",
                    "set [rules] path, or run `menshen init`, which puts the shipped rules there",
                ),
                false => w(
                    "照上面说的改好；服务器在此之前用原来的规则，不在运行的话启动不了",
                    "mend that; until then a running server keeps the rules it has, and none starts",
                ),
            };
            found.error("rules-unreadable", said, cure);
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
            w(
                format!("{path}:{line}: {}: {}", error.code, error.title.zh),
                format!("{path}:{line}: {}: {}", error.code, error.title.en),
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
            w(
                format!("规则里还有 {} 个错误", errors.len() - MAX_SHOWN),
                format!("{} more errors in the rules", errors.len() - MAX_SHOWN),
            ),
            format!("menshen check {}", config.rules.path.display()),
        );
    }
    let warnings = compiled.diagnostics.len() - errors.len();
    if warnings > 0 {
        found.note(
            "rules-warnings",
            w(
                format!("规则能用，有 {warnings} 个警告"),
                format!("the rules compile with {warnings} warning(s)"),
            ),
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
                w(
                    "服务器运行的规则和文件夹里现在的不同",
                    "the server runs other rules than the folder holds now",
                ),
                w(
                    "重新加载：给服务器发 `kill -HUP`，或 POST /v1/rules/reload",
                    "reload them: `kill -HUP` the server, or POST /v1/rules/reload",
                ),
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
                    w(format!("规则要发模板 {template}，公众号 {} 没有：过了 48 小时它的提醒就送不出去", account.name), format!("the rules send template {template}, which official account {} does not have: outside the 48 hours its prompts are undeliverable", account.name)),
                    w(format!("[official_account.templates]\n{template} = \"平台的模板编号\""), format!("[official_account.templates]\n{template} = \"the platform's template id\"")),
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
            w(
                "规则要转发消息，却没有 [forward]：每一条都会失败",
                "the rules forward messages, but there is no [forward]: every one ends as failed",
            ),
            w(
                "加上 [forward] 的 url 和 secret_file，或去掉这些规则",
                "add [forward] url and secret_file, or remove the rules",
            ),
        );
    }
}
