#!/usr/bin/env python3
"""Breaks a newly written dialog in ten ways and writes down what the tool says of each.

    scripts/ten_breakages.py --bin target/debug/menshen                  rewrite docs/ten-breakages
    scripts/ten_breakages.py --bin target/debug/menshen --reader DIR     set ten folders out for a reader

docs/ten-breakages/whole.rules is the dialog as it should be. Every breakage is an exact replacement in
it, and a replacement that finds nothing is an error, so that the ten stay what they claim to be.
tests/ten_breakages.rs runs the broken and the mended files again.
"""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys

HOME = pathlib.Path(__file__).resolve().parent.parent / "docs" / "ten-breakages"

# name, what was slipped, [(text as it should be, text as it was typed)]
TEN = [
    ("full-width", "typed with the Chinese input method on", [
        ("cancel_words = [\"取消\", \"算了\"]", "cancel_words = [“取消”，“算了”]"),
        ("between_hours(now.hour, 8, 20)", "between_hours（now.hour，8，20）"),
    ]),
    ("quote", "a closing quotation mark is missing", [
        ("phone: mobile \"请发送您的手机号。\"", "phone: mobile \"请发送您的手机号。"),
    ]),
    ("indentation", "an item is indented, a text block is not", [
        ("on text matching", "    on text matching"),
        ("            我们会发短信到", "我们会发短信到"),
    ]),
    ("unknown-name", "a dialog and an extractor are misspelt", [
        ("start umbrella with", "start umbrela with"),
        ("phone: mobile", "phone: moblie"),
    ]),
    ("undeclared-slot", "a reply prints what the dialog never asked", [
        ("我们会发短信到 {phone}", "我们会发短信到 {telephone}"),
    ]),
    ("dead-rule", "the wider rule stands first", [
        ("on text \"借伞\" when closed {\n    reply \"借伞处 8 点到 20 点开门。\"\n}\n\n", ""),
        ("on text matching", "on text \"借伞\" when closed {\n    reply \"借伞处 8 点到 20 点开门。\"\n}\n\non text matching"),
    ]),
    ("no-exit", "nobody can leave the dialog", [
        (" at most 3 times\n    cancel on cancel_words { reply \"已取消。\" }\n", "\n"),
        (" at most 3 times\n    ask phone", "\n    ask phone"),
        ("    give up { reply \"先到这里，需要时再发“借伞”。\" }\n", ""),
    ]),
    ("unit", "a duration without its unit, an hour compared with a text", [
        ("expires 10 minutes", "expires 10"),
        ("let closed = not between_hours(now.hour, 8, 20)", "let closed = now.hour < \"8\""),
    ]),
    ("story", "the reply was changed and the story was not", [
        ("reply \"请把伞放回架子，谢谢。\"", "reply \"请把伞放回架子。\""),
    ]),
    ("regex", "a regular expression does not close its group", [
        ("^还伞[a-z]{1}[0-9]{3}$", "^还伞([a-z]{1}[0-9]{3}$"),
    ]),
]


def broken(whole, edits):
    text = whole
    for right, typed in edits:
        if text.count(right) < 1:
            sys.exit(f"whole.rules no longer has {right!r}")
        text = text.replace(right, typed, 1)
    return text


def said(binary, folder):
    """What the two commands an author runs say, as they would see it."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("MENSHEN_")}
    env.update(MENSHEN_LANG="zh", NO_COLOR="1")
    parts = []
    for command in ("check", "test"):
        done = subprocess.run([binary, command, "umbrella.rules"], cwd=folder, env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        parts.append(f"$ menshen {command} umbrella.rules\n{done.stdout.decode()}[{done.returncode}]\n")
        if done.returncode != 0:
            break
    return "".join(parts), done.returncode


def main():
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--bin", required=True)
    args.add_argument("--reader", type=pathlib.Path)
    args = args.parse_args()
    binary = str(pathlib.Path(args.bin).resolve())
    whole = (HOME / "whole.rules").read_text()
    for number, (name, slip, edits) in enumerate(TEN, 1):
        folder = args.reader / str(number) if args.reader else HOME / f"{number:02}-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "umbrella.rules").write_text(broken(whole, edits))
        output, code = said(binary, folder)
        print(f"== {number} {name}: {slip}\n{output}")
        if args.reader:
            continue
        (folder / "output.txt").write_text(output)
    if args.reader:
        shutil.copy(binary, args.reader / "menshen")
        for page in ("language.md", "language.zh-CN.md"):
            shutil.copy(HOME.parent / page, args.reader / page)


main()
