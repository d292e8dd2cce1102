#!/usr/bin/env python3
"""Backtest speed and memory beside floors and peers, in one run, as Markdown tables.

    cargo build --profile dist
    scripts/backtest_bench.py --menshen target/dist/menshen [--python VENV/bin/python] [--floor BENCH]
        [--rows 5000000] [--growth 500000,2000000,5000000,20000000] [--only feature,signals,guard,growth]
        [--repeat 3] [--dir DIR] | tee bench.md

Nothing but Python's own library is needed. Makes logins in the columns of the public RBA data set
(synthetic; about 288 bytes a row, one account for 9.6 rows) and runs over them:

* feature: three per-user features and one condition, as a rule file; beside it, when they are there,
  the csv crate alone and with a hash map (`--floor`, the binary of `cargo bench --bench backtest --no-run`),
  Polars and DuckDB (`--python`, an interpreter that has them; one that is missing is said and left out);
* signals: 1, 5 and 20 signals, with one and two threads;
* guard: the shipped rules over `menshen simulate-logins`, with one and two threads;
* growth: the three features over more and more rows, with one and two threads.

Wall time is told with CPU time beside it: on a busy machine only the second says anything. Of several
rounds (`--repeat`) the one with the least CPU time is told. Memory is the highest anonymous resident
memory seen (RssAnon of /proc, every 20 ms; none where there is no /proc). The data of the defaults take
8 GB while they are used; `--dir` keeps them. Exit code 1 when a run fails.
"""

import argparse
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PARTS = ("feature", "signals", "guard", "growth")
HEADER = (
    "index,Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,"
    "User Agent String,Browser Name and Version,OS Name and Version,Device Type,"
    "Login Successful,Is Attack IP,Is Account Takeover"
)

FEATURE = """\
# Three features of each user and one condition.
signal new_country "new country" weight 30 { when new(login.country, within: 90 days) }
signal new_asn "new network" weight 20 { when new(login.asn, within: 90 days) }
signal failures "failures before" weight 40 { when count(failures, within: 1 hour) >= 3 }
on login when suspicion >= 50 { challenge captcha }
"""

MORE = [
    "new(login.city, within: 90 days)",
    "new(login.country, within: 90 days)",
    "new(login.asn, within: 90 days)",
    "count(failures, within: 1 hour) >= 3",
    "new(login.browser, within: 90 days)",
    "new(login.os, within: 90 days)",
    "count(failures, within: 10 minutes) >= 5",
    "distinct(ip, of: failures, within: 1 hour) >= 5",
    "count(successes, within: 10 minutes, where: country != login.country) >= 1",
    "since(successes) >= 90 days",
    "share(login.hour, within: 90 days) < 2%",
    "distinct(country, of: successes, within: 1 day) >= 3",
    "streak(failures) >= 5",
    "days_since(login.city) >= 60",
    "distinct(city, of: successes, within: 7 days) >= 5",
    "count(attempts, within: 1 day) >= 20",
    "ratio(failures, attempts, within: 1 day) >= 90%",
    "new(login.device, within: 90 days)",
    "last(country, of: successes, within: 30 days) != login.country",
    "distinct(browser, of: successes, within: 7 days) >= 4",
]


def named(threads):
    return f"{threads} thread{'s' * (threads > 1)}"


def signals(n):
    text = "".join(
        f'signal s{at} "s{at}" weight 50 {{ when {when} }}\n' for at, when in enumerate(MORE[:n])
    )
    return text + "on login when suspicion >= 50 { challenge captcha }\n"


def generate(path, rows, seed=7):
    """Logins of `rows / 9.6` users in order of time; a few users log in very often."""
    chance = random.Random(seed)
    users = max(1, int(rows / 9.6))
    agents = []
    for major in range(60, 100):
        for system, os_name in (
            ("Windows NT 10.0; Win64; x64", "Windows 10"),
            ("Macintosh; Intel Mac OS X 10_15_7", "Mac OS X 10.15.7"),
            ("X11; Linux x86_64", "Linux"),
            ("Linux; Android 11; SM-G991B", "Android 11"),
            ("iPhone; CPU iPhone OS 14_4 like Mac OS X", "iOS 14.4"),
        ):
            for minor in range(4):
                version = f"{major}.0.{4000 + minor * 37}.{minor * 11}"
                agent = (
                    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) "
                    f"Chrome/{version} Safari/537.36"
                )
                device = "mobile" if "Android" in os_name or "iOS" in os_name else "desktop"
                agents.append(f'"{agent}",Chrome {version},{os_name},{device}')
    places = []
    for country in range(60):
        code = chr(65 + country // 8) + chr(65 + country % 26)
        for city in range(30):
            places.append((f"{code},Region {city % 7} of {code},City {city} of {code}",
                           3000 + country * 40 + city % 9))
    clock = 1_580_515_200_000
    step = int(360 * 86_400_000 / rows * 1000)  # microseconds
    micros = clock * 1000
    lines = [HEADER]
    pick, below = chance.choice, chance.random
    with open(path, "w", encoding="utf-8", buffering=1 << 20) as out:
        for row in range(rows):
            micros += int(below() * 2 * step)
            ms = micros // 1000
            user = int(users * below() ** 1.5)
            key = user * 2654435761 & 0xFFFFFFFF
            strange = below()
            place, asn = places[key % len(places)] if strange < 0.9 else pick(places)
            if strange < 0.8:
                ip = f"{10 + key % 180}.{key >> 8 & 255}.{key >> 16 & 255}.{key >> 3 & 255}"
                agent = agents[key % len(agents)]
            else:
                n = int(below() * 4294967295)
                ip = f"{10 + n % 180}.{n >> 8 & 255}.{n >> 16 & 255}.{n >> 3 & 255}"
                agent = pick(agents)
            day = time.gmtime(ms // 1000)
            stamp = (f"{day[0]}-{day[1]:02}-{day[2]:02} {day[3]:02}:{day[4]:02}:{day[5]:02}"
                     f".{ms % 1000:03}")
            good = "True" if below() < 0.6 else "False"
            rtt = "" if row % 20 else "521.0"
            lines.append(f"{row},{stamp},{-4324475583306591936 + key * 977},{rtt},{ip},{place},"
                         f"{asn},{agent},{good},False,False")
            if len(lines) >= 4096:
                out.write("\n".join(lines) + "\n")
                lines.clear()
        if lines:
            out.write("\n".join(lines) + "\n")


def run(command, **more):
    """(wall seconds, CPU seconds, highest RssAnon in bytes, standard output)"""
    started = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    peak = [0]
    over = threading.Event()

    def watch():
        while not over.wait(0.02):
            try:
                with open(f"/proc/{child.pid}/status", encoding="ascii") as status:
                    for line in status:
                        if line.startswith("RssAnon:"):
                            peak[0] = max(peak[0], int(line.split()[1]) * 1024)
            except OSError:
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, err = child.communicate()
    over.set()
    watcher.join()
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if child.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{err.decode()}\nexit code {child.returncode}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, peak[0], out


COLUMNS = ("rows/s", "rows per CPU second", "s", "CPU s", "memory MB", "bytes an account", "judged/s")


def head(title):
    """Begins a table."""
    print(f"\n### {title}\n\n| | {' | '.join(COLUMNS)} |\n|---|{'---:|' * len(COLUMNS)}", flush=True)


def row(name, rows, users, result):
    """A line of it; its rows a second by the clock."""
    wall, cpu, peak, out = result
    judged = ""
    if out.startswith(b"{"):
        judged = f"{json.loads(out)['run']['logins_per_second']:,.0f}"
    memory, each = (f"{peak / 1e6:,.0f}", f"{peak / users:,.0f}") if peak else ("", "")
    cells = (f"{rows / wall:,.0f}", f"{rows / cpu:,.0f}", f"{wall:.2f}", f"{cpu:.2f}", memory, each, judged)
    print(f"| {name} | {' | '.join(cells)} |", flush=True)
    return rows / wall


def version(python, module):
    """The version of an interpreter's module; nothing where it has none."""
    code = f"import {module}; print({module}.__version__)"
    asked = subprocess.run([python, "-c", code], capture_output=True, check=False, text=True)
    return asked.stdout.strip()


def machine(exe):
    """What the figures are of, in one line."""
    told = subprocess.run([exe, "--version"], capture_output=True, check=True, text=True).stdout.strip()
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    return f"{told}; {os.cpu_count()} processors, load average {load}; {time.strftime('%Y-%m-%d %H:%M %Z')}"


DUCKDB = """
import duckdb, sys
c = duckdb.connect(); c.execute("set threads=2")
print(c.execute('''
with l as (select "User ID" u, epoch_ms("Login Timestamp") t, "Country" c, ASN a, "Login Successful" ok,
       "index" i from read_csv(?, header=true)),
f as (select *, row_number() over (partition by u, c, ok order by t, i) nc,
       row_number() over (partition by u, a, ok order by t, i) na,
       count(*) filter (where not ok) over (partition by u order by t range between 3600000 preceding and 1 preceding) nf
       from l)
select count(*) from f where ok and (case when nc=1 then 30 else 0 end)+(case when na=1 then 20 else 0 end)
       +(case when nf>=3 then 40 else 0 end)>=50''', [sys.argv[1]]).fetchone())
"""
POLARS = """
import polars as pl, sys
l = pl.scan_csv(sys.argv[1], try_parse_dates=True).select(
    pl.col("User ID").alias("u"), pl.col("Login Timestamp").alias("t"), pl.col("Country").alias("c"),
    pl.col("ASN").alias("a"), pl.col("Login Successful").cast(pl.String).str.to_lowercase().eq("true").alias("ok"))
f = l.with_columns(
    (pl.int_range(pl.len()).over(["u", "c", "ok"]) == 0).alias("nc"),
    (pl.int_range(pl.len()).over(["u", "a", "ok"]) == 0).alias("na"),
    (~pl.col("ok")).cast(pl.Int32).rolling_sum_by("t", window_size="1h").over("u").alias("nf"))
print(f.filter(pl.col("ok") & ((pl.col("nc").cast(pl.Int32) * 30 + pl.col("na").cast(pl.Int32) * 20
    + (pl.col("nf") >= 3).cast(pl.Int32) * 40) >= 50)).select(pl.len()).collect())
"""


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parse.add_argument("--menshen", required=True, help="the binary")
    parse.add_argument("--rows", type=int, default=5_000_000, help="of feature and signals")
    parse.add_argument("--growth", default="500000,2000000,5000000,20000000", help="rows, with commas between")
    parse.add_argument("--floor", help="the binary of `cargo bench --bench backtest --no-run`")
    parse.add_argument("--python", help="an interpreter that has polars, duckdb or both")
    parse.add_argument("--rules", default=os.path.join(ROOT, "rules"), help="of guard; the shipped ones")
    parse.add_argument("--accounts", type=int, default=20_000, help="of guard; some 110 logins each")
    parse.add_argument("--only", default=",".join(PARTS), help="some of " + ",".join(PARTS))
    parse.add_argument("--repeat", type=int, default=1, help="rounds of every run")
    parse.add_argument("--dir", help="keep the data here, and use what is there")
    given = parse.parse_args()
    only = given.only.split(",")
    if unknown := [part for part in only if part not in PARTS]:
        parse.error(f"--only: there is no {unknown[0]}; there are {', '.join(PARTS)}")
    exe = os.path.abspath(given.menshen)
    if not os.access(exe, os.X_OK):
        parse.error(f"--menshen: {exe} is no program")
    growth = sorted({int(rows) for rows in given.growth.split(",")})
    folder = os.path.abspath(given.dir or tempfile.mkdtemp(prefix="menshen-bench-"))
    os.makedirs(folder, exist_ok=True)

    def data(rows):
        path = os.path.join(folder, f"rba-{rows}.csv")
        if not os.path.exists(path):
            print(f"making {rows:,} rows", file=sys.stderr, flush=True)
            generate(path + ".part", rows)
            os.rename(path + ".part", path)
        return path

    def rules(name, text):
        path = os.path.join(folder, name + ".rules")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def best(command, **more):
        return min((run(command, **more) for _ in range(max(1, given.repeat))), key=lambda told: told[1])

    def menshen(file, logins, threads):
        return best([exe, "backtest", file, "--logins", logins, "--threads", str(threads),
                     "--format", "json"], cwd=folder)

    print(machine(exe), flush=True)
    try:
        users = int(given.rows / 9.6)
        if "feature" in only:
            logins = data(given.rows)
            size = os.path.getsize(logins)
            head(f"Three features, one condition: {given.rows:,} rows, {size / 1e9:.2f} GB, {users:,} accounts")
            file = rules("feature", FEATURE)
            mine = {}
            for threads in (1, 2):
                mine[threads] = row(f"menshen, {named(threads)}", given.rows, users,
                                    menshen(file, logins, threads))
            if given.floor:
                for kind, what in (("parse", "reading alone"), ("hash", "and a hash map of accounts")):
                    row(f"csv crate, {what}, 1 thread", given.rows, users,
                        best([os.path.abspath(given.floor), kind, logins]))
            beside = []
            for name, code in (("Polars", POLARS), ("DuckDB", DUCKDB)) if given.python else ():
                known = version(given.python, name.lower())
                if not known:
                    beside.append(f"{given.python} has no {name.lower()}.")
                    continue
                rate = row(f"{name} {known}, 2 threads", given.rows, users,
                           best([given.python, "-c", code, logins],
                                env={**os.environ, "POLARS_MAX_THREADS": "2"}))
                beside.append(f"By the clock menshen with 2 threads is {mine[2] / rate:.2f} times {name}.")
            if beside:
                print("\n" + "\n".join(beside))
        if "signals" in only:
            head(f"Signals: {given.rows:,} rows, {users:,} accounts")
            for n in (1, 5, 20):
                for threads in (1, 2):
                    row(f"{n} signal{'s' * (n > 1)}, {named(threads)}", given.rows, users,
                        menshen(rules(f"s{n}", signals(n)), data(given.rows), threads))
        if "guard" in only:
            logins = os.path.join(folder, f"simulated-{given.accounts}.csv")
            if not os.path.exists(logins):
                run([exe, "simulate-logins", "--accounts", str(given.accounts), "--days", "120",
                     "--out", logins])
            with open(logins, "rb") as lines:
                n = sum(1 for _ in lines) - 1
            head(f"The shipped rules: {n:,} simulated logins of {given.accounts:,} accounts")
            for threads in (1, 2):
                row(f"shipped rules, {named(threads)}", n, given.accounts,
                    menshen(os.path.abspath(given.rules), logins, threads))
        if "growth" in only:
            head("Growth: three features, one condition")
            for rows in growth:
                logins = data(rows)
                for threads in (1, 2):
                    row(f"{rows:,} rows, {named(threads)}", rows, int(rows / 9.6),
                        menshen(rules("feature", FEATURE), logins, threads))
                if not given.dir:
                    os.remove(logins)
    finally:
        if not given.dir:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
