#!/usr/bin/env python3
"""Clients that misbehave, against `menshen serve`: while each does its worst, a push is still answered.

Slow headers, slow bodies, announced and endless bodies, huge headers, junk, pipelined requests that
nobody reads the answers of, and thousands of idle connections. Prints what each was told, how long a
push took meanwhile and what memory the server used. Only Python's standard library and `openssl`.

  scripts/rude_clients.py                 10,000 idle connections
  scripts/rude_clients.py --idle 2000

Exit code 0 when every push was answered within the platform's five seconds and every bound held.
"""

import argparse
import os
import pathlib
import re
import resource
import secrets
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

import around
from around import check

# What the server promises: src/server/serve.rs and src/server/call.rs.
HEADER_SECONDS = 5
BODY_SECONDS = 15
STALL_SECONDS = 30
# A push that nobody signed.
STRANGER = b"signature=a&timestamp=1&nonce=1&encrypt_type=aes&msg_signature=a"
# The platform gives up after five.
PUSH_SECONDS = 5
# What the server may use for all of this. The largest part: actix-web decodes every request that its read
# buffer of 128 KiB holds, some 3,000 without headers or 24 MiB, for a client that pipelines and never reads.
MEMORY_MB = 900
# Of a server that is allowed few open files, and of those the ones that are not for connections.
FEW_FILES, FILES_KEPT_BACK = 600, 256


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.environ.get("MENSHEN", "target/debug/menshen"))
    parser.add_argument("--idle", type=int, default=10_000)
    args = parser.parse_args()
    args.rules, args.show = None, False
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # The server gets the same limit, and raises its own.
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if args.idle > hard - 500:
        print(f"only {hard} open files are allowed here: {hard - 500} idle connections instead of {args.idle}")
        args.idle = hard - 500
    folder = pathlib.Path(tempfile.mkdtemp(prefix="menshen-rude-"))
    server = around.Serve(args, folder)
    try:
        server.start()
        rude = Rude(server, args.idle)
        rude.push("to begin with")
        rude.slow_headers()
        rude.slow_body()
        rude.announced_body()
        rude.endless_body()
        rude.huge_header()
        rude.junk()
        rude.never_reads()
        rude.idle()
        rude.afterwards()
        print(f"all bounds held; a push took {rude.slowest * 1000:.0f} ms at most")
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)
    few_files(args)


def few_files(args):
    """Where the system allows few open files, connections up to a bound below that: commands and rules need some too."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="menshen-files-"))
    server = around.Serve(args, folder)
    # The server alone has few files; commands come without the limit.
    command = server.command
    server.binary, menshen = "prlimit", server.binary
    server.command = lambda: [f"--nofile={FEW_FILES}:{FEW_FILES}", menshen, *command()]
    server.run = lambda *arguments: subprocess.run(
        [menshen, *arguments], cwd=folder, env=server.environment, capture_output=True, text=True, check=True
    ).stdout.strip()
    try:
        server.start()
        rude = Rude(server, 0)
        rude.push("with few files")
        bound = rude.metric('menshen_bound_limit{bound="connections"}')
        check(0 < bound <= FEW_FILES - FILES_KEPT_BACK, f"{bound} connections with {FEW_FILES} files")
        kept = [rude.connect() for _ in range(FEW_FILES)]
        time.sleep(0.5)  # for the server to take what it takes
        (folder / "rules" / "more.rules").write_text('on text "文件不够" {\n    reply "够"\n}\n', encoding="utf-8")
        server.process.send_signal(signal.SIGHUP)
        around.wait(lambda: len(server.run("rules", "history").splitlines()) > 1, "rules to be loaded", seconds=30)
        for connection in kept:
            connection.close()
        rude.push(f"{FEW_FILES} connections at a bound of {bound}: rules and commands went on")
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)


class Rude:
    def __init__(self, server, idle):
        self.server, self.many = server, idle
        self.wechat = around.WeChat(server)
        self.slowest = 0.0

    def push(self, what):
        """A genuine push meanwhile."""
        began = time.monotonic()
        answer = self.wechat.push("oRude" + secrets.token_hex(8), text="帮助")
        took = time.monotonic() - began
        self.slowest = max(self.slowest, took)
        check(answer, "a push is answered")
        check(took < PUSH_SECONDS, f"a push took {took:.1f} s")
        print(f"{what:<44} a push took {took * 1000:4.0f} ms, the server uses {self.memory():4} MB", flush=True)

    def memory(self):
        status = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text()
        used = int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) // 1024
        check(used < MEMORY_MB, f"{used} MB are used")
        return used

    def signed(self):
        """The query of a push, rightly signed; what its body says is another matter."""
        token, now, nonce = self.server.token, str(int(time.time())), secrets.token_hex(5)
        return (f"signature={around.sha1(token, now, nonce)}&timestamp={now}&nonce={nonce}"
                "&encrypt_type=aes&msg_signature=a").encode()

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=30)

    def metric(self, name):
        with urllib.request.urlopen(f"{self.server.url}/metrics", timeout=30) as response:
            text = response.read().decode()
        return int(re.search(rf"^{re.escape(name)} (\d+)", text, re.MULTILINE)[1])

    def bound(self, name):
        return self.metric(f'menshen_bound_used{{bound="{name}"}}')

    def unused(self):
        """Connections that ended before a request of theirs was whole."""
        return self.metric("menshen_connections_unused_total")

    def check_unused(self, before, more, what):
        """Counted when the server has let go of a connection, which may be after its end was seen here."""
        deadline = time.monotonic() + 10
        while (counted := self.unused() - before) < more and time.monotonic() < deadline:
            time.sleep(0.05)
        check(counted == more, f"{what}: {counted} of {more} were counted")

    def slow_headers(self):
        """A byte of the headers every half second: the connection ends after HEADER_SECONDS."""
        unused = self.unused()
        slow = [self.connect() for _ in range(200)]
        began = time.monotonic()
        for connection in slow:
            connection.sendall(b"POST /wechat/main HTTP/1.1\r\nHost: x\r\n")
        alive = set(slow)
        while alive and time.monotonic() - began < 4 * HEADER_SECONDS:
            for connection in list(alive):
                try:
                    connection.sendall(b"a")
                except OSError:
                    alive.discard(connection)
            alive -= {one for one in select.select(list(alive), [], [], 0.5)[0] if ended(one)}
        took = time.monotonic() - began
        check(not alive, f"{len(alive)} of 200 slow senders are still connected")
        self.check_unused(unused, len(slow), "slow senders")
        self.push(f"200 with slow headers, ended after {took:.0f} s")

    def slow_body(self):
        connection = self.connect()
        connection.sendall(b"POST /v1/login HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + self.server.key.encode() +
                           b"\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        began = time.monotonic()
        answer = b""
        while not answer and time.monotonic() - began < 3 * BODY_SECONDS:
            try:
                connection.sendall(b" ")
                if select.select([connection], [], [], 0.5)[0]:
                    answer = connection.recv(4096)
                    break
            except OSError:
                break
        took = time.monotonic() - began
        check(b" 408 " in answer, f"a slow body got {answer[:80]}")
        self.push(f"a slow body: 408 after {took:.0f} s")

    def announced_body(self):
        for query, told in [(self.signed(), b" 413 "), (STRANGER, b" 403 ")]:
            answer = self.say(b"POST /wechat/main?" + query + b" HTTP/1.1\r\nHost: x\r\n"
                              b"Content-Type: text/xml\r\nContent-Length: 10000000000\r\n\r\n")
            check(told in answer, f"ten announced gigabytes got {answer[:80]}")
        self.push("ten gigabytes announced: 413")

    def endless_body(self):
        connection = self.connect()
        connection.sendall(b"POST /wechat/main?" + self.signed() + b" HTTP/1.1\r\nHost: x\r\n"
                           b"Content-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        sent, answer = 0, b""
        try:
            while sent < 1 << 30 and not answer:
                connection.sendall(chunk)
                sent += len(chunk)
                if select.select([connection], [], [], 0)[0]:
                    answer = connection.recv(4096)
        except OSError:
            pass
        check(sent < 64 << 20, f"{sent >> 20} MB of an endless body were read")
        check(not answer or b" 413 " in answer, f"an endless body got {answer[:80]}")
        self.push(f"an endless body: over after {sent >> 10} KiB")

    def huge_header(self):
        unused = self.unused()
        answer = self.say(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * (2 << 20))
        check(b" 200 " not in answer, f"a header of 2 MiB got {answer[:80]}")
        self.push("a header of 2 MiB: refused")
        answer = self.say(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"X: x\r\n" * 1000 + b"\r\n")
        check(b" 200 " not in answer, f"1,000 headers got {answer[:80]}")
        self.check_unused(unused, 2, "heads beyond the bounds")
        self.push("1,000 headers: refused")

    def junk(self):
        for junk in [b"\x16\x03\x01" + os.urandom(2000), b"\0" * 5000, b"GET / HTTP/9.9\r\n\r\n", os.urandom(100_000)]:
            answer = self.say(junk)
            check(b" 200 " not in answer, f"junk got {answer[:80]}")
        # Two bodies' lengths in one request: no smuggling.
        answer = self.say(b"POST /wechat/main HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\nhello")
        check(b" 400 " in answer or not answer, f"two lengths got {answer[:80]}")
        self.push("junk: refused")

    def never_reads(self):
        silent = []
        for _ in range(20):
            connection = self.connect()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(0.2)
            try:
                for _ in range(2000):
                    connection.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
            except OSError:
                pass
            silent.append(connection)
        self.push("20 that pipeline and never read")
        # A connection that is ended tells so in its errors only: reading would be reading.
        began = time.monotonic()
        while self.bound("connections") > 5 and time.monotonic() - began < 4 * STALL_SECONDS:
            time.sleep(1)
        took = time.monotonic() - began
        check(self.bound("connections") <= 5, f"{self.bound('connections')} that never read are still connected")
        self.push(f"they were disconnected after {took:.0f} s")
        for connection in silent:
            connection.close()

    def idle(self):
        kept, began = [], time.monotonic()
        for _ in range(self.many):
            connection = self.connect()
            # One answered request makes it a kept-alive connection, not one that never spoke.
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            kept.append(connection)
            if len(kept) % 500 == 0:
                for one in kept[-500:]:
                    check(b" 200 " in one.recv(4096), "an idle connection was answered once")
        took = time.monotonic() - began
        count = self.bound("connections")
        check(count >= self.many * 0.99, f"{count} connections are open")
        self.push(f"{count} open connections, made in {took:.0f} s")
        self.push("once more")
        for connection in kept:
            connection.close()

    def afterwards(self):
        around.wait(lambda: self.bound("connections") < 50, "the connections to be let go", seconds=60)
        self.push("afterwards")

    def say(self, data):
        """Sends, and reads until the other side has had enough."""
        connection = self.connect()
        answer = b""
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        try:
            while more := connection.recv(65536):
                answer += more
        except OSError:
            pass
        connection.close()
        return answer


def ended(connection):
    try:
        while connection.recv(4096):
            pass
        return True
    except socket.timeout:
        return False
    except OSError:
        return True


if __name__ == "__main__":
    main()
