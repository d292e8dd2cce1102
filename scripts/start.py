#!/usr/bin/env python3
"""How long `menshen serve` takes to be ready, and how much memory it has when idle.

A set-up with a million accounts:
    cargo run --release -- init big && rm -r big/data
    cargo run --release --example space -- 1000000 big/data
    scripts/start.py target/release/menshen big/menshen.toml --rules 1000

Prints, for each round: milliseconds until /readyz says 200, processor time by then, the resident memory after
--idle seconds without requests, and how long stopping took (with --kill: the next start has a log to read).
The added rules are a file of their own in the rules folder, removed at the end.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path

from procfs import processor_time, vitals

PATIENCE = 600


def address(config):
    """Where the server listens, for a client on this machine."""
    listen = config.get("server", {}).get("listen", "127.0.0.1:8080")
    host, _, port = listen.rpartition(":")
    return f"http://{'127.0.0.1' if host in ('0.0.0.0', '[::]') else host}:{port}"


def rules(count):
    """Rules of which each waits for a text of its own."""
    return "\n".join(f'on text "测速{n}" {{\n    reply "第{n}条"\n}}\n' for n in range(count))


def wait_until_ready(server, url, log):
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        if server.poll() is not None:
            sys.exit(f"the server ended with {server.returncode}:\n{log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            pass
        time.sleep(0.005)
    sys.exit(f"not ready after {PATIENCE} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("menshen", type=Path)
    parser.add_argument("config", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rules", type=int, default=0, help="rules more than the set-up's")
    parser.add_argument("--idle", type=float, default=15, help="seconds without requests before memory is read")
    parser.add_argument("--kill", action="store_true", help="SIGKILL instead of a stop in order")
    args = parser.parse_args()
    folder = args.config.resolve().parent
    config = tomllib.loads(args.config.read_text())
    url = address(config)
    own = folder / config.get("rules", {}).get("path", "rules")
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        added = own / "menshen-start.rules"
        try:
            if args.rules:
                added.write_text(rules(args.rules))
            for _ in range(args.rounds):
                begun = time.monotonic()
                with log.open("w") as out:
                    server = subprocess.Popen(
                        [args.menshen.resolve(), "serve", "--config", args.config.resolve()],
                        stdout=subprocess.DEVNULL,
                        stderr=out,
                    )
                try:
                    wait_until_ready(server, url, log)
                    ready, spent = time.monotonic() - begun, processor_time(server.pid)
                    time.sleep(args.idle)
                    memory = vitals(server.pid).resident
                finally:
                    stopping = time.monotonic()
                    server.send_signal(signal.SIGKILL if args.kill else signal.SIGTERM)
                    server.wait(PATIENCE)
                print(
                    f"{ready * 1000:.0f} ms to ready, {spent:.2f} s of processor time, "
                    f"{memory:.0f} MiB idle, stopped in {time.monotonic() - stopping:.1f} s",
                    flush=True,
                )
        finally:
            added.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
