//! The same logins, however they lie in files, give the same report.

use std::collections::HashSet;

use serde_json::Value;

use crate::{folder, report, rules};

const ALERTS: &str = "on login when suspicion >= budget {
    alert expires 1 day once per 30 minutes {
        message \"登录异常，请看 https://example.com/login\"
    }
}
on undeliverable alert {
    note \"x\"
}
";

/// Without what is about files, rows and seconds.
fn figures(mut report: Value) -> Value {
    let input = report["input"].as_object_mut().expect("an input");
    for of_files in ["files", "out_of_order", "reasons"] {
        input.remove(of_files).expect(of_files);
    }
    report["run"] = Value::Null;
    report
}

#[test]
fn neither_the_order_of_rows_nor_of_files_changes_a_figure() {
    let folder = folder();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    let text = std::fs::read_to_string(folder.path().join("logins.csv")).expect("logins");
    let (header, rows) = text.split_once('\n').expect("a header");
    let columns: Vec<&str> = header.split(',').collect();
    let time = columns.iter().position(|name| *name == "time");
    // Which of two logins of one moment came first, only the order of rows says.
    let mut moments = HashSet::new();
    let rows: Vec<&str> = rows
        .lines()
        .filter(|row| moments.insert(row.split(',').nth(time.expect("times"))))
        .collect();
    assert!(rows.len() > 1_000);
    let file = |rows: &mut dyn Iterator<Item = &&str>| {
        let rows: Vec<&str> = rows.copied().collect();
        format!("{header}\n{}\n", rows.join("\n"))
    };
    write("whole.csv", &file(&mut rows.iter()));
    write("back.csv", &file(&mut rows.iter().rev()));
    write("odd.csv", &file(&mut rows.iter().skip(1).step_by(2)));
    write("even.csv", &file(&mut rows.iter().step_by(2)));
    let alerting = |budget| {
        let rules = rules(budget);
        let (signals, _) = rules.split_once("on login").expect("a rule");
        format!("{signals}{ALERTS}")
    };
    write("rules/a.rules", &alerting(20));
    write("old.rules", &alerting(40));
    let told = |files: &[&str], threads: &str| {
        let first = ["backtest", "rules", "--logins"];
        let last = [
            "--against",
            "old.rules",
            "--format",
            "json",
            "--threads",
            threads,
        ];
        figures(report(
            folder.path(),
            &[&first[..], files, &last[..]].concat(),
        ))
    };
    let whole = told(&["whole.csv"], "1");
    let labels = &whole["figures"]["labels"]["logins"];
    for interval in ["recall_interval", "precision_interval"] {
        assert_eq!(labels[interval]["method"], "bootstrap", "{labels}");
    }
    assert!(whole["diff"]["worst"].as_array().expect("accounts").len() > 1);
    for files in [&["back.csv"][..], &["odd.csv", "even.csv"]] {
        let other = told(files, "2");
        assert!(other == whole, "{files:?}");
    }
}
