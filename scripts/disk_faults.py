#!/usr/bin/env python3
"""What power_cut.sh runs: a server whose data lies on a disk that fails in every way.

Power cuts under load, each followed by a question for everything that was acknowledged; a disk on
which every write and every sync fails from one moment on; a disk that fills up; a disk that turns
read-only. Not for use by itself: it needs a mounted ext4 image.
"""

import argparse
import fcntl
import os
import pathlib
import random
import struct
import subprocess
import tempfile
import threading
import time

import chaos
from around import check, wait, watched

# linux/fs: _IOR('X', 125, __u32), and "do not write the journal first".
EXT4_IOC_SHUTDOWN = 0x8004587D
NOLOGFLUSH = 2


class Life(chaos.Life):
    may_refuse = True


class Server(chaos.Server):
    """Everything but the data is kept elsewhere: a log on the dead disk would tell nothing."""

    def __init__(self, args, folder, disk):
        super().__init__(args, folder)
        self.disk = disk
        self.environment["MENSHEN_STORE__PATH"] = str(disk / "data")
        # Dumps are another way to lose nothing, and would use up the small disk.
        self.environment["MENSHEN_STORE__DUMP_EVERY"] = "0s"

    def prepare(self):
        self.run("init", ".", "--app-id", "wx0123456789abcdef")
        check((self.disk / "data/db").exists(), "the store lies on the disk")
        (self.folder / "secrets/app_secret").write_text("0" * 32)
        self.environment["MENSHEN_SERVER__LISTEN"] = f"127.0.0.1:{self.port}"
        self.key = self.run("keys", "add", "tour", "--scope", chaos.SCOPES)
        # Names and files made just now are not what is tested.
        os.sync()


def power_off(disk):
    """The file system forgets everything that it was not made to write."""
    handle = os.open(disk, os.O_RDONLY)
    try:
        fcntl.ioctl(handle, EXT4_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))
    finally:
        os.close(handle)


def remount(args):
    wait(lambda: subprocess.run(["umount", args.disk], capture_output=True).returncode == 0, "the unmount", seconds=20)
    subprocess.run(["mount", "-o", "loop", args.image, args.disk], check=True)


def power_cuts(args, server, ledger, judge, moments):
    lives_before = 0
    for number in range(1, args.rounds + 1):
        stop = threading.Event()
        lives = [Life(f"p{number}w{life}", server, ledger, stop) for life in range(args.lives)]
        for life in lives:
            life.start()
        time.sleep(moments.uniform(0.5, 4.0))
        power_off(args.disk)
        stop.set()
        # It cannot write any more, and may not have acknowledged anything since.
        server.kill()
        for life in lives:
            life.join(timeout=60)
        failed = [life.failed for life in lives if life.failed]
        if failed:
            raise failed[0]
        remount(args)
        server.spawn()
        judge.after_restart()
        facts = len(ledger.facts)
        print(f"power cut {number:3}: {facts - lives_before:4} facts, nothing missing", flush=True)
        lives_before = facts
    judge.after_restart(everything=True)


def failing(server, ledger, name):
    """Lives go on until the server takes nothing any more; then it must say so."""
    stop = threading.Event()
    lives = [Life(f"{name}{life}", server, ledger, stop) for life in range(4)]
    for life in lives:
        life.start()
    wait(lambda: not any(life.is_alive() for life in lives), f"{name}: the server stops accepting", seconds=120)
    failed = [life.failed for life in lives if life.failed]
    if failed:
        raise failed[0]
    check(server.process.poll() is None, f"{name}: the process lives and answers")
    status, ready, _ = chaos.request(server, "GET", "/readyz")
    check(status == 503 and ready["store"] == "failed", f"{name}: /readyz is red: {status} {ready}")
    status, _, _ = chaos.request(server, "POST", "/v1/accounts", {"account": "late", "name": "late", "phone": "13900000000"})
    check(status == 503, f"{name}: an API call is answered {status} instead of 503")
    check("the store has failed" in pathlib.Path(server.log).read_text(errors="replace"), f"{name}: the log says so")


def dying_disk(args, server, ledger, judge):
    """Like a power cut for the disk alone: from then on write, fsync and fdatasync return EIO."""
    dying = threading.Timer(1.0, power_off, [args.disk])
    dying.start()
    failing(server, ledger, "dying")
    dying.join()
    server.kill()
    remount(args)
    server.spawn()
    judge.after_restart(everything=True)
    print("dying disk: 503 and red after the first write or sync that failed; nothing missing", flush=True)


def full_disk(args, server, ledger, judge):
    filler = pathlib.Path(args.disk) / "filler"
    with open(filler, "wb") as file:
        block = b"\0" * (1 << 20)
        try:
            while True:
                file.write(block)
                file.flush()
        except OSError:
            pass
    failing(server, ledger, "full")
    server.kill()
    filler.unlink()
    server.spawn()
    judge.after_restart(everything=True)
    print("full disk: 503 and red until there was room again; nothing missing", flush=True)


def read_only_disk(args, server, ledger, judge):
    # What the kernel does by itself after an error: a disk with open files cannot simply be remounted.
    subprocess.run(["mount", "-o", "remount,abort", args.disk], check=True)
    failing(server, ledger, "readonly")
    server.kill()
    # A start on a disk that cannot be written says so, and does not hang.
    done = subprocess.run([server.binary, *server.command()], cwd=server.folder, env=server.environment,
                          capture_output=True, text=True, timeout=120)
    check(done.returncode != 0 and ("ead-only" in done.stderr or "只读" in done.stderr), f"a read-only start: {done}")
    remount(args)
    server.spawn()
    judge.after_restart(everything=True)
    print("read-only disk: 503 and red, a start is refused; nothing missing", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", default=os.environ.get("MENSHEN", "target/debug/menshen"))
    parser.add_argument("--disk", required=True)
    parser.add_argument("--image", required=True)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--lives", type=int, default=6)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    args = parser.parse_args()
    args.rules, args.show = None, False
    print(f"seed {args.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="menshen-faults-") as folder:
        server = Server(args, pathlib.Path(folder), pathlib.Path(args.disk))
        ledger = chaos.Ledger()
        judge = chaos.Judge(server, ledger)
        with watched(server):
            server.start()
            power_cuts(args, server, ledger, judge, random.Random(args.seed))
            dying_disk(args, server, ledger, judge)
            full_disk(args, server, ledger, judge)
            read_only_disk(args, server, ledger, judge)
            judge.prompts()
            chaos.enough(ledger, chaos.EARLY)
            server.stop()
    print("acknowledged: " + ", ".join(f"{n} {k}" for k, n in sorted(ledger.counts.items())))


if __name__ == "__main__":
    main()
