//! Walking over checked expressions and blocks.

use crate::lang::program::{
    Action, ActionKind, Block, Expr, ExprKind, HistoryQuery, Reply, Template, TemplatePart,
};

/// Calls `see` with every node, outer ones first, `let`s and history filters included.
pub(in crate::lang) fn nodes(expr: &Expr, queries: &[HistoryQuery], see: &mut dyn FnMut(&Expr)) {
    see(expr);
    let mut go = |inner: &Expr| nodes(inner, queries, see);
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Field(_) | ExprKind::RowField(_) | ExprKind::Name(_) => {}
        ExprKind::Let { value, .. } => go(value),
        ExprKind::Not(inner) | ExprKind::IsKnown { inner, .. } | ExprKind::Trusted(inner) => {
            go(inner)
        }
        ExprKind::And(parts) | ExprKind::Or(parts) | ExprKind::Call(_, parts) => {
            parts.iter().for_each(go);
        }
        ExprKind::Compare(_, a, b) | ExprKind::Arith(_, a, b) | ExprKind::Otherwise(a, b) => {
            go(a);
            go(b);
        }
        ExprKind::InList { item, .. } => go(item),
        ExprKind::InValues { item, values, .. } => {
            go(item);
            values.iter().for_each(go);
        }
        ExprKind::History(id) => {
            if let Some(query) = queries.get(id.0 as usize) {
                query.value.iter().for_each(&mut go);
                query.filter.iter().for_each(&mut go);
                if let Some(sequence) = &query.sequence {
                    sequence.first_is.iter().for_each(&mut go);
                    sequence.second_is.iter().for_each(&mut go);
                }
            }
        }
    }
}

/// Calls `see` with every field, name and history question.
pub(in crate::lang) fn leaves(expr: &Expr, queries: &[HistoryQuery], see: &mut dyn FnMut(&Expr)) {
    nodes(expr, queries, &mut |node| {
        if matches!(
            node.kind,
            ExprKind::Field(_) | ExprKind::RowField(_) | ExprKind::Name(_) | ExprKind::History(_)
        ) {
            see(node);
        }
    });
}

/// How many nodes it has, without those of history filters.
pub(in crate::lang) fn size(expr: &Expr) -> usize {
    let mut count = 0;
    nodes(expr, &[], &mut |_| count += 1);
    count
}

/// Whether it asks the history anything.
pub(in crate::lang) fn has_history(expr: &Expr) -> bool {
    let mut found = false;
    nodes(expr, &[], &mut |node| {
        found |= matches!(node.kind, ExprKind::History(_))
    });
    found
}

/// Calls `see` with every action of a block and of the answers inside it.
pub(in crate::lang) fn actions<'a>(block: &'a Block, see: &mut dyn FnMut(&'a Action)) {
    for action in &block.actions {
        see(action);
        for arm in &action.outcomes {
            actions(&arm.block, see);
        }
    }
}

/// Whether a block holds an action of this kind.
pub(in crate::lang) fn has(block: &Block, wanted: impl Fn(&ActionKind) -> bool) -> bool {
    let mut found = false;
    actions(block, &mut |action| found |= wanted(&action.kind));
    found
}

/// Calls `see` with what a text shows.
pub(in crate::lang) fn of_text(text: &Template, see: &mut dyn FnMut(&Expr)) {
    for part in &text.parts {
        if let TemplatePart::Value(value) = part {
            see(value);
        }
    }
}

/// Calls `see` with every value that the actions of a block take, and those of the answers inside it.
pub(in crate::lang) fn values(block: &Block, see: &mut dyn FnMut(&Expr)) {
    actions(block, &mut |action| match &action.kind {
        ActionKind::Reply(reply) => {
            let texts: Vec<&Template> = match reply {
                Reply::Text(text) | Reply::Image(text) | Reply::Voice(text) => vec![text],
                Reply::Video {
                    media,
                    title,
                    description,
                } => [media]
                    .into_iter()
                    .chain(title)
                    .chain(description)
                    .collect(),
                Reply::Music {
                    title,
                    description,
                    url,
                    hq_url,
                    thumb,
                } => [thumb]
                    .into_iter()
                    .chain(title)
                    .chain(description)
                    .chain(url)
                    .chain(hq_url)
                    .collect(),
                Reply::News {
                    title,
                    description,
                    picture,
                    url,
                } => [title, url]
                    .into_iter()
                    .chain(description)
                    .chain(picture)
                    .collect(),
            };
            texts.into_iter().for_each(|text| of_text(text, see));
        }
        ActionKind::Start { with, .. } => with.iter().for_each(|(_, value)| see(value)),
        ActionKind::Remember { value, .. } => see(value),
        ActionKind::Bind {
            phone,
            code,
            ticket,
        } => {
            see(phone);
            code.iter().chain(ticket).for_each(&mut *see);
        }
        ActionKind::Unbind { code } | ActionKind::UnlockAccount { code } => see(code),
        ActionKind::TrustAlert { choice, .. } | ActionKind::CloseAlert { choice } => {
            choice.iter().for_each(&mut *see);
        }
        ActionKind::Alert(alert) => {
            of_text(&alert.message, see);
            if let Some(template) = &alert.template {
                template
                    .fields
                    .iter()
                    .for_each(|(_, text)| of_text(text, see));
                template.url.iter().for_each(|text| of_text(text, see));
            }
        }
        ActionKind::Deny(text) | ActionKind::HandOver(text) => {
            text.iter().for_each(|text| of_text(text, see));
        }
        ActionKind::Call { args, .. } => args.iter().for_each(&mut *see),
        ActionKind::Note(text) | ActionKind::Send { text, .. } => of_text(text, see),
        ActionKind::LeaveDialog
        | ActionKind::AskAgain(_)
        | ActionKind::Forget(_)
        | ActionKind::Tag(_)
        | ActionKind::Untag(_)
        | ActionKind::LockAccount
        | ActionKind::LogOff
        | ActionKind::Challenge
        | ActionKind::Allow
        | ActionKind::Forward
        | ActionKind::IssueCode(_) => {}
    });
}
