#!/usr/bin/env python3
"""Can a caller of POST /v1/login tell by the clock why it was refused?

Starts `menshen dev` on a fresh data directory, makes one open and one locked account, and measures the three
refused logins against each other: an unknown account, a wrong password, and the right password of the locked
account. The samples are interleaved in random order, so that whatever else the machine does falls on all three.
Every pair is compared with a Mann-Whitney test and by its medians; the verdict is "alike" unless a difference is
both significant and larger than what a network hides. Python's standard library only.

  scripts/timing.py [--bin target/debug/menshen] [--samples 300] [--seed 1] [--port PORT] [--alpha P] [--small MS]

Exit code 0: alike. 1: they can be told apart. Run it on a quiet machine: noise hides differences, it never makes them.
CI runs an unoptimised build beside whatever else the machine does, with a small --alpha and a larger --small: what it
is to notice is a login that is refused before the password was hashed, which is nearly all of the time it takes.
"""

import argparse
import http.client
import itertools
import json
import math
import os
import pathlib
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from around import free_port

# Rules that never demand a captcha, and read the history as the shipped ones do.
RULES = """
signal guessed "多次输错后登录" weight 50 {
    when count(failures, within: 10 minutes) >= 5
}

signal new_city "异地登录" weight 40 {
    when new(login.city, within: 90 days)
}
"""

# A difference of medians below both of these is not news: a millisecond is less than a local network's jitter.
SMALL_MS = 1.0
SMALL_SHARE = 0.02
# How often the three comparisons together may err, by chance alone.
ALPHA = 0.01


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.environ.get("MENSHEN", "target/debug/menshen"))
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--port", type=int, help="any that is free by default")
    parser.add_argument("--alpha", type=float, default=ALPHA, help="how often chance may tell them apart")
    parser.add_argument("--small", type=float, default=SMALL_MS, help="milliseconds that are no news")
    args = parser.parse_args()
    port = args.port or free_port()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="menshen-timing-"))
    (folder / "rules").mkdir()
    (folder / "rules" / "timing.rules").write_text(RULES, encoding="utf-8")
    command = [
        os.path.abspath(args.bin), "dev",
        "--listen", f"127.0.0.1:{port}", "--data", "data", "--rules", "rules",
    ]
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        key = ready(server, folder, port)
        samples = measure(Caller(port, key), args.samples, random.Random(args.seed))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
    return report(samples, args.alpha / 3, args.small)


def ready(server, folder, port):
    for _ in range(600):
        if server.poll() is not None:
            sys.exit((folder / "log").read_text(errors="replace"))
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                env = (folder / "data" / "env").read_text(encoding="utf-8")
                return re.search(r"KEY='([^']+)'", env).group(1)
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("the server did not become ready")


class Caller:
    """One kept connection, as an information system has it."""

    def __init__(self, port, key):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def post(self, path, body):
        text = json.dumps(body)
        start = time.perf_counter()
        self.connection.request("POST", path, text, self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        return answer.status, content, (time.perf_counter() - start) * 1000


def measure(caller, count, rng):
    for name in ("open", "closed"):
        status, content, _ = caller.post("/v1/accounts", {"account": name, "password": f"right for {name}"})
        assert status == 201, content
    status, content, _ = caller.post("/v1/accounts/closed/lock", {})
    assert status == 200, content
    kinds = {
        "unknown account": lambda: (f"nobody-{rng.randrange(10**9)}", "right for open"),
        "wrong password": lambda: ("open", f"wrong {rng.randrange(10**9)}"),
        "locked, right password": lambda: ("closed", "right for closed"),
    }
    samples = {kind: [] for kind in kinds}
    bodies = set()
    for turn in range(count + 20):
        order = list(kinds)
        rng.shuffle(order)
        for kind in order:
            account, password = kinds[kind]()
            body = {"account": account, "password": password, "ip": "203.0.113.7"}
            status, content, took = caller.post("/v1/login", body)
            assert status == 401, (status, content)
            bodies.add(content)
            if turn >= 20:  # the first ones warm caches
                samples[kind].append(took)
    assert len(bodies) == 1, f"the answers differ: {bodies}"
    print("one body for all three:", bodies.pop().decode())
    return samples


def report(samples, alpha, small):
    print(f"\n{'refused login':<24}{'n':>5}{'median':>10}{'mean':>10}{'p5':>10}{'p95':>10}  (ms)")
    for kind, values in samples.items():
        ordered = sorted(values)
        low, high = (ordered[int(len(ordered) * share)] for share in (0.05, 0.95))
        print(f"{kind:<24}{len(values):>5}{statistics.median(values):>10.2f}{statistics.fmean(values):>10.2f}{low:>10.2f}{high:>10.2f}")
    print(f"\n{'pair':<48}{'Δ median':>10}{'share':>8}{'p':>10}{'AUC':>7}")
    told_apart = []
    for (one, a), (other, b) in itertools.combinations(samples.items(), 2):
        difference = statistics.median(a) - statistics.median(b)
        share = abs(difference) / statistics.median(a + b)
        p, auc = mann_whitney(a, b)
        print(f"{one + ' / ' + other:<48}{difference:>8.2f}ms{share:>8.1%}{p:>10.4f}{auc:>7.3f}")
        if p < alpha and abs(difference) > small and share > SMALL_SHARE:
            told_apart.append((one, other))
    print(
        "\nverdict:",
        "alike" if not told_apart else "TOLD APART: " + ", ".join(f"{a} / {b}" for a, b in told_apart),
        f"(a difference counts when p < {alpha:.2g} and it is over {small:g} ms and {SMALL_SHARE:.0%} of the median)",
    )
    return 1 if told_apart else 0


def mann_whitney(a, b):
    """Two-sided p by the normal approximation, and the chance that a value of `a` is above one of `b`."""
    ranked = sorted([(value, 0) for value in a] + [(value, 1) for value in b])
    ranks = {0: 0.0, 1: 0.0}
    for rank, (_, side) in enumerate(ranked, 1):  # times in nanoseconds: ties do not matter
        ranks[side] += rank
    n, m = len(a), len(b)
    u = ranks[0] - n * (n + 1) / 2
    deviation = math.sqrt(n * m * (n + m + 1) / 12)
    z = (u - n * m / 2) / deviation
    return math.erfc(abs(z) / math.sqrt(2)), u / (n * m)


if __name__ == "__main__":
    sys.exit(main())
