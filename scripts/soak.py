#!/usr/bin/env python3
"""A soak: writers and readers on one server for half an hour; its memory must stay flat.

Eight writers live through account, binding, logins, alert, lock and unlock (as in chaos.py, without
the kills), eight readers ask for accounts, bindings, the feed and the metrics. Every half minute a
line says how much memory the server has, how many threads and files, and what the store does.

  scripts/soak.py                        30 minutes
  scripts/soak.py --minutes 5 --limit 1.5    a short one is still warming up

Exit code 0 when the memory of the last quarter is at most `limit` times that of the second quarter (the first one
warms up), nothing failed, every call was answered, every kind of fact came about, and no store command was ever
stuck. Four password checks at a time come and go with 19 MiB each, so that single samples differ by half: memory has
grown when both the lowest sample of a quarter and its median have; what leaks raises both. Run it on a machine that
has nothing else to do.
"""

import argparse
import os
import pathlib
import random
import re
import statistics
import tempfile
import threading
import time

import chaos
from around import check
from procfs import vitals


class Reader(threading.Thread):
    def __init__(self, server, ledger, stop):
        super().__init__(daemon=True)
        self.server, self.ledger, self.stop = server, ledger, stop
        self.asked, self.failed = 0, None

    def run(self):
        try:
            after = ""
            while not self.stop.is_set():
                fact = random.choice(self.ledger.facts[-2000:] or [("none", "nobody")])
                for path, fine in [(f"/v1/accounts/{fact[1]}", (200, 404)), (f"/v1/accounts/{fact[1]}/binding", (200, 404)),
                                   (f"/v1/events?limit=100{after}", (200,)), ("/metrics", (200,))]:
                    status, answer = self.get(path)
                    check(status in fine, f"GET {path} answered {status}: {answer}")
                    if path.startswith("/v1/events"):
                        after = f"&after={answer['cursor']}" if answer["events"] else after
                    self.asked += 1
        except Exception as error:  # noqa: BLE001 - told by the main thread
            if not self.stop.is_set():
                self.failed = error

    def get(self, path):
        if path == "/metrics":
            metrics(self.server)
            return 200, None
        status, answer, _ = chaos.request(self.server, "GET", path)
        return status, answer


class Writer(chaos.Life):
    """One whose calls may time out on a machine that has much else to do: it counts them and goes on."""

    late = 0

    def run(self):
        while not self.stop.is_set() and not self.failed:
            super().run()
            if not self.failed and not self.stop.is_set():
                check(self.server.process.poll() is None, "the server runs")
                self.late += 1


def metrics(server):
    import urllib.request
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=30) as response:
        return response.read().decode()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.environ.get("MENSHEN", "target/debug/menshen"))
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--limit", type=float, default=1.2)
    parser.add_argument("--late", type=int, default=0, help="calls that may get no answer within 30 s")
    parser.add_argument("--cache", default="32", help="MiB for the store's engine: small, so that it is full early")
    args = parser.parse_args()
    args.rules, args.show = None, False
    with tempfile.TemporaryDirectory(prefix="menshen-soak-") as folder:
        server = chaos.Server(args, pathlib.Path(folder))
        server.command = lambda: ["serve", "--cache", args.cache]
        ledger, stop = chaos.Ledger(), threading.Event()
        server.start()
        writers = [Writer(f"s{number}", server, ledger, stop) for number in range(args.writers)]
        readers = [Reader(server, ledger, stop) for _ in range(args.readers)]
        samples, began = [], time.monotonic()
        try:
            for thread in [*writers, *readers]:
                thread.start()
            while time.monotonic() - began < args.minutes * 60:
                time.sleep(min(30, args.minutes * 60 / 20))
                for thread in [*writers, *readers]:
                    if thread.failed:
                        raise thread.failed
                    check(thread.is_alive(), f"{thread.name} ended")
                resident, anonymous, threads, files = vitals(server.process.pid)
                samples.append(anonymous)
                text = metrics(server)
                commit = re.search(r"^menshen_store_commit (\d+)", text, re.M)[1]
                stuck = re.search(r"^menshen_store_stuck (\d+)", text, re.M)[1]
                size = (pathlib.Path(folder) / "data/db").stat().st_size >> 20
                print(f"{(time.monotonic() - began) / 60:5.1f} min: {resident:.0f} MiB resident ({anonymous:.0f} anonymous), "
                      f"{threads} threads, {files} files, commit {commit}, {size} MiB on disk, "
                      f"{ledger.counts['account']} accounts, {sum(r.asked for r in readers)} reads, {stuck} stuck, "
                      f"{sum(w.late for w in writers)} calls late", flush=True)
            check(stuck == "0", "no command was stuck")
        finally:
            stop.set()
            for thread in [*writers, *readers]:
                thread.join(timeout=60)
            server.stop()
        quarter = len(samples) // 4
        early, late = samples[quarter:2 * quarter], samples[-quarter:]
        lowest, median = min(late) / min(early), statistics.median(late) / statistics.median(early)
        ratio = min(lowest, median)
        print(f"anonymous memory of the last quarter: {min(late):.0f} to {max(late):.0f} MiB, of the second {min(early):.0f} to "
              f"{max(early):.0f}; the lowest {lowest:.2f} times, the median {median:.2f} times")
        print("acknowledged: " + ", ".join(f"{n} {k}" for k, n in sorted(ledger.counts.items())))
        chaos.enough(ledger)
        check(ratio <= args.limit, f"the memory grows: {ratio:.2f} times")
        late = sum(writer.late for writer in writers)
        check(late <= args.late, f"{late} calls got no answer in time")


if __name__ == "__main__":
    main()
