#!/usr/bin/env python3
"""SIGKILL under load: nothing that `menshen serve` has acknowledged may be missing afterwards.

Several information systems and followers live through account, binding, logins, alert, prompt, lock
and unlock at the same time, over and over; the server is killed at a random moment and started
again; then every fact that had been acknowledged is asked for. Plays everything with nothing but
Python's standard library and the `openssl` command (through tour.py).

  scripts/chaos.py                 5 rounds
  scripts/chaos.py --rounds 50
  scripts/chaos.py --seed 7        the same moments of killing again

A call without an answer proves nothing: what it would have changed is not checked any more. A
SIGKILL leaves the page cache alone, so a missing fsync does not show here: see power_cut.sh.
Exit code 0 when nothing was missing, nothing was answered 500, nobody was turned away before the kill, and
every kind of fact was acknowledged at least once.
"""

import argparse
import collections
import datetime
import http.client
import json
import os
import pathlib
import random
import secrets
import signal
import tempfile
import threading
import time
import urllib.error

import around
from around import AGENT, BEIJING, NEW_YORK, check, foreign_machine, wait

PASSWORD = "correct horse battery staple"
SCOPES = "accounts,codes,bindings,login,reports,machines,sessions,events,unlock,lock,alerts,outbox"


class Gone(Exception):
    """The server ended before it had answered."""


class Server(around.Serve):
    """`serve` with a key that may do everything the load does."""

    def prepare(self):
        super().prepare()
        self.key = self.run("keys", "add", "chaos", "--scope", SCOPES)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Ledger:
    """What was acknowledged."""

    def __init__(self):
        self.lock = threading.Lock()
        self.facts = []
        self.counts = collections.Counter()
        self.events = []

    def add(self, kind, *detail):
        with self.lock:
            self.facts.append((kind, *detail))
            self.counts[kind] += 1


class Life(threading.Thread):
    """One account after another, from its creation to its unlocking."""

    # Whether a store that has failed is what is played: only then may the server turn everybody away.
    may_refuse = False

    def __init__(self, name, server, ledger, stop):
        super().__init__(daemon=True)
        self.server, self.ledger, self.stop = server, ledger, stop
        self.name, self.born = name, 0
        self.wechat = around.WeChat(server)
        self.wechat.last_id = (int(time.time()) << 32) + random.getrandbits(30)
        self.failed = None

    def run(self):
        while not self.stop.is_set():
            self.born += 1
            account = f"{self.name}-{self.born}"
            try:
                self.live(account)
            except Gone:
                # Whatever was under way may have happened or not.
                self.ledger.add("unsure", account)
                return
            except Exception as error:  # noqa: BLE001 - told by the main thread
                self.failed = error
                return

    def live(self, account):
        phone = f"+861{random.randrange(30, 100)}{random.randrange(10**8):08}"
        openid = "o" + account.replace("-", "") + secrets.token_hex(8)
        ip = f"{random.randrange(20, 99)}.{random.randrange(256)}.{random.randrange(256)}.{random.randrange(1, 255)}"
        desk, kiosk = foreign_machine(f"desk-{account}"), foreign_machine(f"kiosk-{account}")

        self.once(f"/v1/accounts", {"account": account, "name": account, "phone": phone, "password": PASSWORD})
        self.ledger.add("account", account)
        code = self.call("POST", f"/v1/accounts/{account}/verification-code", {})["code"]
        check("绑定成功" in self.push(openid, f"{phone[3:]} {code}"), "bound")
        self.ledger.add("binding", account, openid)

        answer = self.call("POST", "/v1/login", {
            "account": account, "password": PASSWORD, "machine": desk, "ip": ip, "place": BEIJING, "user_agent": AGENT})
        token = answer["token"]
        self.ledger.add("login", account, answer["decision"]["id"])
        self.ledger.add("session", account, token)

        # Elsewhere half a minute later: one report, sent twice, is one login.
        report = {"id": f"r-{account}", "account": account, "machine": kiosk, "ip": "8.8.8.8", "place": NEW_YORK,
                  "user_agent": AGENT, "success": True, "session": f"s-{account}",
                  "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")}
        decision = self.call("POST", "/v1/logins", report)
        self.ledger.add("report", account, report, decision)
        check(decision.get("alert"), f"an alert: {decision}")
        self.ledger.add("alert", account, decision["alert"])
        self.ledger.add("prompt", account, openid)

        how = random.randrange(3)
        if how == 0:
            # The owner locks; a lock withdraws prompts that have not gone out.
            self.ledger.add("withdrawn", account)
            check("已锁定" in self.push(openid, "锁定"), "locked")
        else:
            if how == 1:
                return
            self.ledger.add("withdrawn", account)
            self.once(f"/v1/accounts/{account}/lock", {"reason": "chaos"})
        self.ledger.add("locked", account)
        self.ledger.add("ended", account, token)
        if random.random() < 0.5:
            return
        if how == 2:
            # A lock set by an operator is not undone from the chat.
            self.once(f"/v1/accounts/{account}/unlock", {"reason": "chaos"})
        else:
            code = self.call("POST", f"/v1/accounts/{account}/verification-code", {"purpose": "unlock"})["code"]
            check("解锁验证码" in self.push(openid, "解锁"), "asked for the code")
            check("已解锁" in self.push(openid, code), "unlocked")
        self.ledger.add("unlocked", account)

    def once(self, path, body):
        """A call with an `Idempotency-Key`; its answer is kept for comparison."""
        key = secrets.token_hex(8)
        status, answer = self.send("POST", path, body, {"Idempotency-Key": key})
        check(200 <= status < 300, f"POST {path} answered {status}: {answer}")
        self.ledger.add("idempotent", body.get("account") or path.split("/")[3], path, body, key, status, answer)
        return answer

    def call(self, method, path, body=None):
        status, answer = self.send(method, path, body)
        check(200 <= status < 300, f"{method} {path} answered {status}: {answer}")
        return answer

    def send(self, method, path, body=None, headers=None):
        for _ in range(10):
            status, answer, _ = request(self.server, method, path, body, headers)
            # A full queue passes; a store that has failed does not.
            if status != 503 or self.stop.is_set():
                break
            time.sleep(0.05)
        # A kill gives no answer at all: a 500 is a bug, whatever is done to the server.
        check(status != 500, f"{method} {path} answered 500: {answer}")
        if status == 503:
            self.refused(f"{method} {path}")
        return status, answer

    def refused(self, what):
        check(self.may_refuse or self.stop.is_set(), f"{what} was turned away by a server that should work")
        raise Gone()

    def push(self, openid, text):
        try:
            return self.wechat.push(openid, text=text)
        except urllib.error.HTTPError as error:
            check(error.code != 500, "a push was answered 500")
            if error.code == 503:
                self.refused("a push")
            raise
        except (OSError, http.client.HTTPException):
            raise Gone() from None


# What lives acknowledge first, and what needs a whole one.
EARLY = ("account", "binding", "login", "session", "report", "alert", "prompt", "idempotent")
ALL = (*EARLY, "withdrawn", "locked", "ended", "unlocked")


def enough(ledger, kinds=ALL):
    """A run in which nothing was acknowledged proves nothing."""
    missing = [kind for kind in kinds if not ledger.counts[kind]]
    check(not missing, f"never acknowledged: {missing}; {dict(ledger.counts)}")


def request(server, method, path, body=None, headers=None):
    """One request over a connection of its own: status, answer and headers."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        data = json.dumps(body, ensure_ascii=False).encode() if body is not None else None
        given = {"Authorization": f"Bearer {server.key}", **(headers or {})}
        if data is not None:
            given["Content-Type"] = "application/json"
        connection.request(method, path, data, given)
        response = connection.getresponse()
        text = response.read()
        if response.length:
            raise Gone()
        answer = json.loads(text) if text else None
        server.secrets.note([body, answer])
        return response.status, answer, response.headers
    except (OSError, http.client.HTTPException, ValueError):
        raise Gone() from None
    finally:
        connection.close()


class Reader(threading.Thread):
    """Reads the feed to its end, again and again: what it has seen may not vanish or change."""

    def __init__(self, server, ledger, stop):
        super().__init__(daemon=True)
        self.server, self.ledger, self.stop = server, ledger, stop

    def run(self):
        try:
            while not self.stop.is_set():
                read_feed(self.server, self.ledger.events)
                time.sleep(0.01)
        except Gone:
            pass


def read_feed(server, events):
    while True:
        after = f"&after={events[-1][0]}" if events else ""
        status, page, _ = request(server, "GET", f"/v1/events?limit=200{after}")
        check(status == 200, page)
        events.extend((event["cursor"], event["id"], event["type"], event.get("account")) for event in page["events"])
        if not page["events"]:
            return


class Judge:
    """Asks the restarted server for everything it had acknowledged."""

    def __init__(self, server, ledger):
        self.server, self.ledger = server, ledger
        self.asked = collections.Counter()
        self.settled = 0

    def after_restart(self, everything=False):
        """Everything since the last few rounds; all there ever was at the end."""
        facts = self.ledger.facts
        since = 0 if everything else max(0, self.settled - 200)
        unsure = {fact[1] for fact in facts if fact[0] == "unsure"}
        locked = {fact[1] for fact in facts if fact[0] == "locked"}
        withdrawn = {fact[1] for fact in facts if fact[0] == "withdrawn"}
        unlocked = {fact[1] for fact in facts if fact[0] == "unlocked"}
        for kind, account, *rest in facts[since:]:
            shaky = account in unsure
            judge = getattr(self, kind, None)
            if judge is None:
                continue
            if kind == "locked":
                if account in unlocked or shaky:
                    continue
            if kind == "unlocked" and shaky:
                continue
            if kind == "session" and (account in withdrawn or account in locked or shaky):
                continue
            judge(account, *rest)
            self.asked[kind] += 1
        self.settled = len(facts)
        self.feed()

    def get(self, path, want=200):
        status, answer, _ = request(self.server, "GET", path)
        check(status == want, f"GET {path} answered {status}: {answer}")
        return answer

    def account(self, account):
        check(self.get(f"/v1/accounts/{account}")["account"] == account, f"the account {account}")

    def binding(self, account, openid):
        check(self.get(f"/v1/accounts/{account}/binding")["openid"] == openid, f"the binding of {account}")
        check(self.get(f"/v1/bindings/main/{openid}")["account"] == account, f"the binding back to {account}")

    def login(self, account, decision):
        check(self.get(f"/v1/decisions/{decision}"), f"the decision {decision} of {account}")

    def session(self, account, token):
        check(self.introspect(token), f"the session of {account} lives")

    def ended(self, account, token):
        check(not self.introspect(token), f"the session of {account} has ended")

    def introspect(self, token):
        status, answer, _ = request(self.server, "POST", "/v1/sessions/introspect", {"token": token})
        check(status == 200, answer)
        return answer["active"]

    def report(self, account, report, decision):
        status, answer, _ = request(self.server, "POST", "/v1/logins", report)
        check(status == 200 and answer == decision, f"the report of {account}: {answer} instead of {decision}")

    def alert(self, account, alert):
        check(self.get(f"/v1/alerts/{alert}")["account"] == account, f"the alert of {account}")

    def locked(self, account):
        check(self.get(f"/v1/accounts/{account}").get("locked"), f"{account} is locked")

    def unlocked(self, account):
        check(not self.get(f"/v1/accounts/{account}").get("locked"), f"{account} is not locked")

    def idempotent(self, account, path, body, key, status, answer):
        again, replayed, headers = request(self.server, "POST", path, body, {"Idempotency-Key": key})
        check((again, replayed) == (status, answer), f"POST {path} again: {again} {replayed} instead of {status} {answer}")
        check(headers.get("Idempotency-Replayed"), f"POST {path} was done a second time")

    def feed(self):
        seen = self.ledger.events
        now = []
        read_feed(self.server, now)
        check(now[:len(seen)] == seen, "the feed is what it was, and goes on")
        numbers = [int(event[0]) for event in now]
        check(numbers == list(range(1, len(now) + 1)), "the feed has no gap")
        # Exactly once: one binding and one alert per account, however often it was asked for.
        for kind in ("account_created", "bound", "alerted"):
            doubled = [a for a, n in collections.Counter(e[3] for e in now if e[2] == kind).items() if n > 1]
            check(not doubled, f"{kind} twice: {doubled}")
        self.ledger.events = now

    def prompts(self):
        """Every prompt that no lock withdrew reaches the platform, over however many restarts."""
        withdrawn = {fact[1] for fact in self.ledger.facts if fact[0] == "withdrawn"}
        due = {fact[2]: fact[1] for fact in self.ledger.facts if fact[0] == "prompt" and fact[1] not in withdrawn}

        def missing():
            sent = {message["touser"] for message in self.server.platform.sent}
            return [account for openid, account in due.items() if openid not in sent]

        try:
            wait(lambda: not missing(), "every prompt", seconds=300)
        except AssertionError:
            raise AssertionError(f"prompts never sent: {missing()}") from None
        per_follower = collections.Counter(
            m["touser"] for m in self.server.platform.sent if "登录提醒" in m.get("text", {}).get("content", ""))
        self.asked["prompt"] = len(due)
        self.resent = sum(n - 1 for n in per_follower.values())

    def webhooks(self):
        """The information system has every event, and none that is not in the feed."""
        # An endpoint gets what happens from its first registration on, which is before any account.
        due = {event[1]: int(event[0]) for event in self.ledger.events if event[3]}

        def missing():
            seen = {event["id"] for event in self.server.system.events}
            return [number for id, number in due.items() if id not in seen]

        try:
            wait(lambda: not missing(), "every webhook", seconds=300)
        except AssertionError:
            raise AssertionError(f"{len(missing())} webhooks of {len(due)} never came: {missing()[:9]} …") from None
        ids = {event[1] for event in self.ledger.events}
        strange = {event["id"] for event in self.server.system.events} - ids
        read_feed(self.server, self.ledger.events)
        strange -= {event[1] for event in self.ledger.events}
        check(not strange, f"webhooks of events that never were: {strange}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.environ.get("MENSHEN", "target/debug/menshen"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lives", type=int, default=6, help="accounts under way at the same time")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--keep", action="store_true", help="keep the set-up's directory")
    args = parser.parse_args()
    args.rules, args.show = None, False
    moments = random.Random(args.seed)
    folder = tempfile.mkdtemp(prefix="menshen-chaos-")
    server = Server(args, pathlib.Path(folder))
    ledger = Ledger()
    judge = Judge(server, ledger)
    restarts = []
    print(f"seed {args.seed}", flush=True)
    with around.watched(server, keep=args.keep):
        server.start()
        for number in range(1, args.rounds + 1):
            before = sum(ledger.counts.values())
            stop = threading.Event()
            lives = [Life(f"r{number}w{life}", server, ledger, stop) for life in range(args.lives)]
            reader = Reader(server, ledger, stop)
            for thread in [*lives, reader]:
                thread.start()
            time.sleep(moments.uniform(0.3, 4.0))
            gone = [life.name for life in lives if not life.is_alive() and not life.failed]
            server.kill()
            stop.set()
            for thread in [*lives, reader]:
                thread.join(timeout=60)
            failed = [life.failed for life in lives if life.failed]
            if failed:
                raise failed[0]
            check(not gone, f"the server was gone before it was killed: {gone}")
            began = time.monotonic()
            server.spawn()
            restarts.append(time.monotonic() - began)
            judge.after_restart()
            print(f"round {number:3}: {sum(ledger.counts.values()) - before:4} facts, "
                  f"up again after {restarts[-1]:.2f} s, nothing missing", flush=True)
        # A few kills may all come early in the lives.
        enough(ledger, ALL if args.rounds >= 5 else EARLY)
        judge.after_restart(everything=True)
        began = time.monotonic()
        judge.prompts()
        judge.webhooks()
        print(f"every prompt and webhook had come {time.monotonic() - began:.0f} s after the last start", flush=True)
        server.stop()
        server.spawn()
        judge.after_restart(everything=True)
        print(f"{args.rounds} kills; acknowledged: " + ", ".join(f"{n} {k}" for k, n in sorted(ledger.counts.items())))
        print("asked for afterwards: " + ", ".join(f"{n} {k}" for k, n in sorted(judge.asked.items()))
              + f"; {len(ledger.events)} events in the feed; {judge.resent} prompts sent twice; "
              f"slowest start {max(restarts):.2f} s")


if __name__ == "__main__":
    main()
