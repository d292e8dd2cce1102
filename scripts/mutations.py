#!/usr/bin/env python3
"""Breaks the store and the history one line at a time and says which tests notice.

    scripts/mutations.py [NAME…]
    scripts/mutations.py --stand         only whether each line still stands where it is broken

Works on a copy of the checkout in a temporary folder, so nothing here is touched. Each mutation removes or
turns round one line that a promise of the store hangs on, then runs the store's tests; those of the history are
noticed by the comparison with SQL (`tests/backtest_sql.rs`). A mutation no test notices ends the run with
status 1. Takes a build and a test run per mutation: half an hour in all.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WRITER, QUICK, OPEN, SLED = (f"src/store/{name}.rs" for name in ("writer", "quick", "sled/open", "sled/mod"))
SYNC = """        self.barrier
            .sync()
            .map_err(|error| EngineError(format!("the database file cannot be synced: {error}")))?;
"""

STORE_TESTS = ["--lib", "--", "store::"]
SQL_TESTS = ["--test", "backtest_sql"]

# name, file, what stands there, what stands there instead
MUTATIONS = [
    ("the engine is not flushed", WRITER, "        self.engine.flush()?;\n", ""),
    ("the database file is not synced", SLED, "        self.0.sync_data()\n", "        Ok(())\n"),
    ("the barrier is not passed", WRITER, SYNC, ""),
    ("a failed sync is ignored", WRITER, SYNC, "        let _ = self.barrier.sync();\n"),
    (
        "answered before the commit",
        WRITER,
        "        drain.waiting.push((reply, result));\n",
        "        self.answer(reply, result);\n",
    ),
    (
        "the mark of the last commit is not compared",
        OPEN,
        "(last < known.sequence)",
        "(last > known.sequence + 1_000_000_000)",
    ),
    (
        "a reader does not look for a commit meanwhile",
        QUICK,
        "        self.begun.load(Ordering::SeqCst) == begun\n",
        "        self.begun.load(Ordering::SeqCst) >= begun\n",
    ),
    (
        "a reader does not look what is under way",
        QUICK,
        "(self.under_way.load(Ordering::SeqCst) == 0).then_some(begun)",
        "(self.under_way.load(Ordering::SeqCst) != usize::MAX).then_some(begun)",
    ),
    (
        "a failed command keeps its writes",
        WRITER,
        "(Err(_), _) => Err(StoreError::Aborted),",
        "(Err(_), _) => return (Err(StoreError::Aborted), writes),",
    ),
    (
        "the old edge of a window belongs to it",
        "src/history/window.rs",
        "Window::Within(ms) => Some(present.time.saturating_sub(ms)),",
        "Window::Within(ms) => Some(present.time.saturating_sub(ms).saturating_sub(1)),",
    ),
    (
        "the old edge belongs to a window that moves on",
        "src/history/walk.rs",
        "while *from < now && sheet.time(*from) <= after {",
        "while *from < now && sheet.time(*from) < after {",
    ),
    (
        "of the same moment nothing came before",
        "src/history/window.rs",
        "let to = rows.partition_point(|row| time(row) <= present.time);",
        "let to = rows.partition_point(|row| time(row) < present.time);",
    ),
    (
        "what is not known is taken for false",
        "src/lang/eval/compare.rs",
        "        let unknown = if left.is_known() { right } else { left };\n        return unknown.clone();\n",
        "        return Value::YesNo(false);\n",
    ),
]


def main() -> int:
    root = Path(__file__).resolve().parent.parent
    wanted = sys.argv[1:]
    gone = [f"{name}: {path}" for name, path, before, _ in MUTATIONS if (root / path).read_text().count(before) != 1]
    if gone:
        print("the line is no longer there; mend this script:", *gone, sep="\n  ", file=sys.stderr)
        return 1
    if wanted == ["--stand"]:
        return 0
    unknown = set(wanted) - {name for name, *_ in MUTATIONS}
    if unknown:
        print("no such mutation:", ", ".join(sorted(unknown)), file=sys.stderr)
        return 2
    unnoticed = []
    with tempfile.TemporaryDirectory(prefix="menshen-mutations-") as folder:
        copy = Path(folder) / "menshen"
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns("target", ".git"))
        target = os.environ.get("CARGO_TARGET_DIR", str(root / "target" / "mutations"))
        env = dict(os.environ, CARGO_TARGET_DIR=target, RUST_BACKTRACE="0")
        for name, path, before, after in MUTATIONS:
            if wanted and name not in wanted:
                continue
            file = copy / path
            text = file.read_text(encoding="utf-8")
            file.write_text(text.replace(before, after), encoding="utf-8")
            red = failing(copy, env, STORE_TESTS if path.startswith("src/store/") else SQL_TESTS)
            file.write_text(text, encoding="utf-8")
            print(f"{name}: " + (f"noticed by {len(red)}: {', '.join(red[:4])}" if red else "NOT NOTICED"), flush=True)
            if not red:
                unnoticed.append(name)
    return 1 if unnoticed else 0


def failing(copy: Path, env: dict[str, str], tests: list[str]) -> list[str]:
    """The tests that fail; `the build` or `no end` where it does not come to that."""
    try:
        run = subprocess.run(
            ["cargo", "test", "--locked", *tests],
            cwd=copy, env=env, capture_output=True, text=True, timeout=1200, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return ["no end within 20 minutes"]
    if "test result" not in run.stdout:
        sys.exit(f"what was mutated does not build:\n{run.stderr[-2000:]}")
    lines = run.stdout.splitlines()
    return [line.split()[1] for line in lines if line.startswith("test ") and line.endswith("FAILED")]


if __name__ == "__main__":
    sys.exit(main())
