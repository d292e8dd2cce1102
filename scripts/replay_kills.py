#!/usr/bin/env python3
"""What a backtest says of a server's history is what the server said, also when it was killed on the way.

Starts `menshen serve`, sends logins to it over real HTTP from several connections at once, kills it
with SIGKILL at random moments and starts it again; what had no answer is sent again under the same id.
Then `menshen backtest --live --decisions` replays the store, and every decision must be the same, byte
for byte: signals with their values, suspicion, explanation, and for logins that came in time also
the verdict and whether there was an alert.

  scripts/replay_kills.py                       2,000 logins, 3 kills
  scripts/replay_kills.py --logins 100000 --kills 40
  scripts/replay_kills.py --seed 7              the same logins again

The first 60 % lie in the past (they arrive late: judged, no rule acts), the rest happen now. Some
accounts are locked and unlocked on the way. The rules are the shipped ones without their stories.
Nothing but Python's standard library.
Exit code 0 when every decision is the same.
"""

import argparse
import collections
import datetime
import http.client
import json
import os
import pathlib
import random
import signal
import sys
import tempfile
import threading
import time

import around
from around import check, foreign_machine

SCOPES = "accounts,import,reports,lock,unlock,alerts"
# Older than alerts stay open, so that the past, which raises none, does not reach into the present of
# a replay, which does; and younger than what is kept of names that are no account.
PAST_ENDS = datetime.timedelta(days=4)
PAST_DAYS = 24
RETRY = 0.02


class Server(around.Serve):
    """`serve` with a key that may do what this needs."""

    def prepare(self):
        super().prepare()
        for path in (self.folder / "rules").glob("*.rules"):
            path.write_text(without(path.read_text(encoding="utf-8")), encoding="utf-8")
        self.key = self.run("keys", "add", "replay", "--scope", SCOPES)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def without(rules):
    """Rules without stories, which every start would run."""
    blocks, keep = [], True
    for line in rules.splitlines(keepends=True):
        if line[:1].isalpha():
            keep = not line.startswith("test ")
            blocks.append("")
        if keep or line[:1] == "#":
            blocks[-1:] = [(blocks[-1] if blocks else "") + line]
    return "".join(blocks)


class Connection:
    """A connection that is opened again whenever the server has gone."""

    def __init__(self, server):
        self.server, self.http = server, None

    def send(self, method, path, text, kind="application/json"):
        """Status and answer; tries until there is one."""
        headers = {"Authorization": f"Bearer {self.server.key}", "Content-Type": kind}
        while True:
            try:
                if self.http is None:
                    self.http = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
                self.http.request(method, path, text, headers)
                response = self.http.getresponse()
                answer = response.read()
                if response.status in (429, 500, 503):
                    time.sleep(RETRY)
                    continue
                return response.status, answer
            except (OSError, http.client.HTTPException):
                if self.http is not None:
                    self.http.close()
                self.http = None
                time.sleep(RETRY)


class Load:
    """Logins to be sent, and what was answered."""

    def __init__(self, server, reports, chance):
        self.server, self.reports, self.chance = server, reports, chance
        self.next, self.lock = 0, threading.Lock()
        self.answers = {}
        self.failed = None

    def take(self):
        with self.lock:
            if self.next >= len(self.reports) or self.failed:
                return None
            self.next += 1
            return self.reports[self.next - 1]

    def work(self):
        connection = Connection(self.server)
        try:
            while report := self.take():
                if report.get("time") is None:
                    # Clocks differ and reports wait: what is known of an account at a login goes by
                    # arrival, not by its time.
                    waited = datetime.timedelta(milliseconds=self.chance.randrange(3_000))
                    now = datetime.datetime.now(datetime.timezone.utc)
                    report["time"] = (now - waited).isoformat(timespec="milliseconds")
                status, text = connection.send("POST", "/v1/logins", json.dumps(report).encode())
                check(status == 200, f"POST /v1/logins answered {status}: {text[:300]}")
                answer = json.loads(text)
                with self.lock:
                    self.answers[answer["id"]] = answer
        except Exception as error:  # noqa: BLE001 - told by the main thread
            self.failed = error

    def run(self, workers, moments, server):
        threads = [threading.Thread(target=self.work, daemon=True) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for moment in moments:
            while len(self.answers) < moment and self.failed is None and any(t.is_alive() for t in threads):
                time.sleep(0.002)
            server.kill()
            server.spawn()
        for thread in threads:
            thread.join()
        if self.failed:
            raise self.failed


def simulated(server, args, seed):
    """The logins of synthetic people, as reports; and who of them has an account."""
    days = PAST_DAYS * 5 // 3
    accounts, lines = 8, []
    while len(lines) < args.logins:
        text = server.run("simulate-logins", "--accounts", str(accounts), "--days", str(days), "--attacks", "400",
                          "--seed", str(seed), "--format", "ndjson")
        lines = text.splitlines()
        # As many people as it takes, and a few more.
        accounts = max(accounts + 1, int(accounts * args.logins / len(lines) * 1.03))
    first = max(0, (len(lines) - args.logins) // 2)
    logins = [json.loads(line) for line in lines[first:first + args.logins]]
    known = sorted({login["account"] for login in logins if login.get("known", True)})
    return logins, known


def reports(logins, run):
    """What is sent: 60 % in the past, the others now."""
    past = len(logins) * 6 // 10
    time_of = lambda login: datetime.datetime.fromisoformat(login["time"].replace("Z", "+00:00"))
    last = time_of(logins[past - 1])
    # The past fits between what is kept and what may still be open.
    squeeze = min(1.0, datetime.timedelta(days=PAST_DAYS) / max(last - time_of(logins[0]), datetime.timedelta(days=1)))
    end = datetime.datetime.now(datetime.timezone.utc) - PAST_ENDS
    made = []
    for index, login in enumerate(logins):
        report = {key: value for key, value in login.items()
                  if key in ("account", "ip", "place", "user_agent", "success", "channel", "reason")}
        report["id"] = f"{run}-{index}"
        if login.get("machine"):
            name = foreign_machine(login["machine"])
            # A forged one where the simulation says so.
            report["machine"] = name if login.get("legal", True) else name[:-1] + "x"
        at = end - (last - time_of(login)) * squeeze
        report["time"] = at.isoformat(timespec="milliseconds") if index < past else None
        made.append(report)
    return made


def locks(server, names, stop, done, random_):
    """Locks and unlocks accounts while logins come in."""
    connection = Connection(server)
    while not stop.wait(0.05) and names:
        account = random_.choice(names)
        for what in ("lock", "unlock"):
            status, text = connection.send("POST", f"/v1/accounts/{account}/{what}", b'{"reason": "replay"}')
            check(status in (200, 201, 204, 409), f"{what} answered {status}: {text[:200]}")
            done.add(account)
            if stop.wait(0.1):
                break


def exact(value):
    """As it stands in the file: the same keys in the same order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def compare(kept, replayed, locked):
    """How many decisions are the same, by what was compared; the first differences."""
    counts, wrong = collections.Counter(), []
    for id, live in kept.items():
        again = replayed.get(id)
        if again is None:
            wrong.append((id, "is not in the replay"))
            continue
        told = [(live["signals"], again["signals"], "signals"),
                (live["suspicion"], again["suspicion"], "suspicion"),
                (live["explanation"], again["explanation"], "explanation"),
                (live["login"]["success"], again["success"], "success")]
        if not live["login"]["late"]:
            check(not again.get("late"), f"{id} came in time")
            # Where nobody can be asked the server raises none.
            raised = again["alert"] not in ("none", "no_account", "refused")
            told.append((live["alert"] is not None, raised, "alert"))
            # A lock closes alerts, which a replay does not know: the day's cap may be met at another login.
            if live["account"] not in locked:
                told.append((live["verdict"], again["verdict"], "verdict"))
            counts["in time"] += 1
        wrong += [(id, f"{name}: {exact(was)[:600]}\n    replayed: {exact(now)[:600]}")
                  for was, now, name in told if exact(was) != exact(now)]
        counts["decisions"] += 1
        counts["with a signal that fired"] += any(s["state"] == "fired" for s in live["signals"])
        counts["with an alert"] += live["alert"] is not None
        counts["refused though the password was right"] += live["verdict"] == "deny" and live["login"]["success"]
        counts["not allowed"] += live["verdict"] != "allow"
    return counts, wrong


def read(path, key=None):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            value = json.loads(line)
            if key is None or value.get("kind") == key:
                yield value


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.environ.get("MENSHEN", "target/debug/menshen"))
    parser.add_argument("--rules", help="other rules than the shipped ones")
    parser.add_argument("--logins", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--workers", type=int, default=6, help="connections at the same time")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--keep", action="store_true", help="keep the set-up's directory")
    args = parser.parse_args()
    args.show = False
    chance = random.Random(args.seed)
    print(f"seed {args.seed}", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="menshen-replay-"))
    server = Server(args, folder)
    with around.watched(server, keep=args.keep):
        server.prepare()
        logins, known = simulated(server, args, args.seed)
        server.spawn()
        connection = Connection(server)
        for from_ in range(0, len(known), 5_000):
            rows = "\n".join(json.dumps({"account": name}) for name in known[from_:from_ + 5_000])
            status, text = connection.send("POST", "/v1/accounts:import", rows.encode(), "application/x-ndjson")
            check(status == 200 and b"problem" not in text, f"the import answered {status}: {text[:300]}")

        load = Load(server, reports(logins, f"r{args.seed}"), random.Random(args.seed))
        moments = sorted(chance.sample(range(1, len(logins) * 19 // 20), args.kills))
        stop, locked = threading.Event(), set()
        some = chance.sample(known, min(len(known), 20))
        locker = threading.Thread(target=locks, args=(server, some, stop, locked, chance), daemon=True)
        locker.start()
        began = time.monotonic()
        load.run(args.workers, moments, server)
        took = time.monotonic() - began
        stop.set()
        locker.join()
        server.kill()
        print(f"{len(load.answers):,} logins acknowledged, {args.kills + 1} kills, {took:.0f} s; "
              f"{len(known):,} accounts, {len(locked)} of them locked on the way", flush=True)

        server.run("export", "--out", "export.ndjson")
        kept = {line["record"]["id"]: line["record"] for line in read(folder / "export.ndjson", "decision")}
        began = time.monotonic()
        server.run("backtest", "rules", "--live", "--decisions", "replayed.ndjson", "--format", "json")
        took = time.monotonic() - began
        replayed = {line["id"]: line for line in read(folder / "replayed.ndjson")}

        lost = [id for id in load.answers if id not in kept]
        check(not lost, f"{len(lost)} acknowledged decisions are gone: {lost[:5]}")
        for id, answer in load.answers.items():
            record = kept[id]
            same = (answer["verdict"], answer["suspicion"], answer.get("alert"))
            check(same == (record["verdict"], record["suspicion"], record.get("alert")), f"{id} was answered otherwise")
        check(len(kept) == len(logins), f"{len(kept)} decisions of {len(logins)} logins")
        counts, wrong = compare(kept, replayed, locked)
        for id, what in wrong[:5]:
            print(f"{id} ({kept[id]['account']}, {kept[id]['login']['time']}) {what}", file=sys.stderr)
        check(not wrong, f"{len(wrong)} differences")
        check(counts["with an alert"] > 0 and counts["with a signal that fired"] > 0, f"this proves little: {counts}")
        print("the same, byte for byte: " + ", ".join(f"{n:,} {what}" for what, n in counts.items())
              + f"; replayed in {took:.1f} s")


if __name__ == "__main__":
    main()
