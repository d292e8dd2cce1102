#!/usr/bin/env python3
"""The conditions of backtest_sql.rules, computed in SQLite: an implementation that shares nothing
with the engine. Standard library only.

  backtest_sql.py generate LOGINS.csv          logins with ties, late rows, repeated ids, missing
                                               values, and times on the edges of windows
  … generate LOGINS.csv --in-order             the same without late rows
  backtest_sql.py check LOGINS.csv STATES.tsv  compares what the engine said (arrival TAB signal TAB
                                               state) with SQL; exit 1 when they differ
  … check … --mutate window|ties|unknown       SQL with one rule changed: then they must differ
  … guard LOGINS.csv TOLD.json                 compares what a report says of every rule of
                                               backtest_sql_guard.rules with counts over SQL
  … guard … --mutate window|unknown|late       likewise
  … guard … --sparse                           the data need not hold enough of everything
"""
import csv
import datetime
import ipaddress
import json
import math
import random
import sqlite3
import sys

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_767_571_200_000  # 2026-01-05T00:00:00Z
CITIES = {
    "北京": ("CN", 39.90, 116.40), "上海": ("CN", 31.23, 121.47), "东京": ("JP", 35.68, 139.69),
    "纽约": ("US", 40.71, -74.01), "Köln": ("DE", 50.94, 6.96),
}
FIELDS = ["id", "time", "account", "success", "machine", "ip", "country", "city", "lat", "lon", "asn"]


def generate(path, in_order=False):
    dice = random.Random(20260105)
    rows = []
    for number in range(2_600):
        # A grid of five minutes makes ties, and differences that are exactly a window.
        time = START + dice.randrange(0, 30 * DAY, 5 * MINUTE)
        if dice.random() < 0.35 and rows:
            # Close to another one, or at the same instant.
            time = rows[dice.randrange(len(rows))]["time"] + dice.choice([0, 0, 5 * MINUTE, 10 * MINUTE, HOUR, DAY])
        city = dice.choice(list(CITIES))
        country, lat, lon = CITIES[city]
        rows.append({
            "id": f"e{number}", "time": time, "account": f"a{dice.randrange(14)}",
            "success": dice.random() < 0.6, "machine": f"m{dice.randrange(9)}",
            "ip": f"203.0.{dice.randrange(3)}.{dice.randrange(1, 7)}",
            "country": country, "city": city, "lat": lat, "lon": lon, "asn": 64500 + dice.randrange(4),
        })
    rows.sort(key=lambda row: row["time"])
    # Late rows: some arrive after later ones.
    for _ in range(90):
        row = rows.pop(dice.randrange(len(rows)))
        rows.insert(dice.randrange(len(rows)), row)
    if in_order:
        rows.sort(key=lambda row: row["time"])
    for row in rows:
        for field, share in (("machine", 0.15), ("ip", 0.06), ("city", 0.1), ("country", 0.1), ("asn", 0.1)):
            if dice.random() < share:
                row[field] = ""
        if dice.random() < 0.12:
            row["lat"] = row["lon"] = ""
    # The same id again, with another content: the first counts.
    for _ in range(60):
        row = dict(rows[dice.randrange(len(rows))])
        row["account"] = "a0"
        rows.insert(rows.index(next(r for r in rows if r["id"] == row["id"])) + 1 + dice.randrange(20), row)
    with open(path, "w", newline="", encoding="utf-8") as file:
        out = csv.DictWriter(file, FIELDS)
        out.writeheader()
        for row in rows:
            row = dict(row)
            row["success"] = "true" if row["success"] else "false"
            out.writerow(row)


def distance(lat1, lon1, lat2, lon2):
    if None in (lat1, lon1, lat2, lon2):
        return None
    lat1, lon1, lat2, lon2 = map(math.radians, (lat1, lon1, lat2, lon2))
    a = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * 6_371.0088 * math.asin(math.sqrt(min(1.0, a)))


class Clock:
    """Hours as points on a circle: the length of their mean, and what its angle says."""

    def __init__(self):
        self.sum, self.n = 0j, 0

    def step(self, hour):
        if hour is not None:
            self.sum += complex(math.cos(hour * math.pi / 12), math.sin(hour * math.pi / 12))
            self.n += 1


class UsualHour(Clock):
    def finalize(self):
        if not self.n or abs(self.sum) / self.n < 0.05:
            return None
        return math.atan2(self.sum.imag, self.sum.real) * 12 / math.pi % 24


class HourSpread(Clock):
    def finalize(self):
        if not self.n:
            return None
        length = min(1.0, abs(self.sum) / self.n)
        return min(12.0, math.sqrt(-2 * math.log(length)) * 12 / math.pi) if length > 0 else 12.0


def load(path):
    db = sqlite3.connect(":memory:")
    db.create_aggregate("usual_hour", 1, UsualHour)
    db.create_aggregate("hour_spread", 1, HourSpread)
    db.create_function("log10", 1, lambda x: None if x is None else math.log10(x), deterministic=True)
    db.create_function("distance", 4, distance, deterministic=True)
    db.create_function("network", 1, lambda ip: ip and str(ipaddress.ip_network(ip + "/24", strict=False)), deterministic=True)
    db.execute("""create table l (arrival integer primary key, id text, time integer, account text, success integer,
        machine text, ip text, network text, country text, city text, lat real, lon real, asn integer, hour integer)""")
    seen, arrival = set(), 0
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["id"] in seen:
                continue
            seen.add(row["id"])
            value = lambda name: row[name] or None
            number = lambda name: float(row[name]) if row[name] else None
            time = int(row["time"])
            db.execute("insert into l values (?,?,?,?,?,?,?,network(?),?,?,?,?,?,?)", (
                arrival, row["id"], time, row["account"], row["success"] == "true", value("machine"), value("ip"),
                value("ip"), value("country"), value("city"), number("lat"), number("lon"), number("asn"),
                ((time + 8 * HOUR) // HOUR) % 24))
            arrival += 1
    for key in ("account", "ip", "network", "machine"):
        db.execute(f"create index by_{key} on l ({key}, time)")
    return db


# Filled in by `conditions`: how a window begins, what arrived before, in which order.
def conditions(mutate):
    begins = ">=" if mutate == "window" else ">"
    before = "h.arrival < p.arrival"
    newest = "h.time desc, h.arrival desc"
    oldest = "h.time, h.arrival"
    if mutate == "ties":
        # Among logins of one instant the last to arrive would come first.
        before = "(case when h.time = p.time then h.arrival > p.arrival else h.arrival < p.arrival end)"
        newest, oldest = "h.time desc, h.arrival", "h.time, h.arrival desc"

    def rows(within=None, by="account", extra="1"):
        keys = " and ".join(f"h.{key} = p.{key}" for key in ([by] if isinstance(by, str) else by)) if by else "1"
        window = f"h.time {begins} p.time - {within}" if within else "1"
        return f"from l h where {keys} and {window} and h.time <= p.time and {before} and {extra}"

    def known(by):
        return " or ".join(f"p.{key} is null" for key in ([by] if isinstance(by, str) else by)) if by else "0"

    def unless(missing, value):
        return f"case when {missing} then null else ({value}) end"

    def novelty(field, within, new):
        same = f"exists (select 1 {rows(within, extra=f'h.success and h.{field} = p.{field}')})"
        any_known = f"exists (select 1 {rows(within, extra=f'h.success and h.{field} is not null')})"
        blind = f"exists (select 1 {rows(within, extra='h.success')})"
        ever = f"exists (select 1 {rows(extra='h.success')})"
        return f"""case when p.{field} is null then null
            when {any_known} then {'not' if new else ''} {same}
            when {blind} then null
            when {ever} then {1 if new else 0} else null end"""

    def last(n, extra):
        return f"(select count(*) from (select h.* {rows()} order by {newest} limit {n}) h where {extra})"

    def previous(column):
        return f"(select h.{column} {rows(extra='h.success')} order by {newest} limit 1)"

    away = f"distance({previous('lat')}, {previous('lon')}, p.lat, p.lon)"
    elapsed = f"max(p.time - {previous('time')}, {MINUTE})"
    percentile = f"""(select x from (select h.hour x, row_number() over (order by h.hour) n, count(*) over () c
        {rows(10 * DAY, extra='h.success')}) where n = max(1, cast(c * 0.9 as integer) + (c * 0.9 > cast(c * 0.9 as integer))))"""
    foreign = f"{rows(DAY, extra='h.success and h.country <> p.country')}"
    young = f"""((select p.time - min(h.time) {rows(extra='h.success')}) >= {3 * DAY}
        and (select count(*) {rows(extra='h.success')}) >= 4)"""
    # What follows a row, in the order of the history, in a window that is the same.
    later = "(s.time, -s.arrival) > (h.time, -h.arrival)" if mutate == "ties" else "(s.time, s.arrival) > (h.time, h.arrival)"

    def followers(within, gap, extra):
        return rows(within, extra=f"h.success and {extra}").replace("h.", "s.").replace("l h", "l s").replace(
            "where", f"where {later} and s.time <= h.time + {gap} and")

    def pair(extra):
        success = followers(2 * DAY, 30 * MINUTE, extra)
        return f"exists (select 1 {rows(2 * DAY, extra=f'not h.success and exists (select 1 {success})')})"

    spots = "h.success and h.lat is not null"
    near = rows(5 * DAY, extra=spots).replace("h.", "s.").replace("l h", "l s")
    usual = f"""(select min(distance(h.lat, h.lon, p.lat, p.lon)) {rows(5 * DAY, extra=spots)}
        and (select count(*) {near} and distance(s.lat, s.lon, h.lat, h.lon) <= 20)
            >= 0.25 * (select count(*) {near}))"""
    usual_hour = f"(select usual_hour(h.hour) {rows(5 * DAY, extra='h.success')})"

    # Counts of everybody are by whole days, like those of rarity; the owner's are of the window.
    def everybody(extra):
        return f"""(select count(*) from l h where h.success and h.arrival < p.arrival
            and h.time / {DAY} between (p.time - {3 * DAY}) / {DAY} and p.time / {DAY} and {extra})"""

    own = lambda extra: f"(select count(*) {rows(3 * DAY, extra=f'h.success and {extra}')})"
    anybody = lambda field: f"(({everybody(f'h.{field} = p.{field}')} + 1.0) / ({everybody('1')} + 1.0))"
    levels = {"ip": 0.6, "asn": 0.3, "country": 0.1}
    mixed = lambda of: " + ".join(f"iif(p.{field} is null, 0.0, {weight} * {of(field)})" for field, weight in levels.items())
    of_owner = lambda field: f"(({own(f'h.{field} = p.{field}')} + {anybody(field)}) / ({own('1')} + 1.0))"
    familiarity = f"""case when {own('1')} = 0 or coalesce(p.ip, p.asn, p.country) is null then null
        else -round(log10(({mixed(anybody)}) / ({mixed(of_owner)})), 6) end"""
    success = followers(DAY, 5 * HOUR, "1")
    given_up = f"not h.success and h.time + {5 * HOUR} < p.time and not exists (select 1 {success})"
    return {
        "elsewhere": f"""case when {pair('h.machine <> p.machine')} then 1
            when {pair('(h.machine is null or p.machine is null)')} then null else 0 end""",
        "given_up": f"exists (select 1 {rows(DAY, extra=given_up)})",
        "far_away": f"{usual} >= 300",
        "odd_hour": f"round(min(abs({usual_hour} - p.hour), 24 - abs({usual_hour} - p.hour)), 6) >= 6",
        "scattered": f"round((select hour_spread(h.hour) {rows(5 * DAY, extra='h.success')}), 6) >= 8",
        "stranger": f"{familiarity} < -0.2",
        "burst": f"(select count(*) {rows(10 * MINUTE, extra='not h.success')}) >= 1",
        "ip_burst": unless(known("ip"), f"(select count(*) {rows(HOUR, 'ip')}) >= 1"),
        "net_accounts": unless(known("network"), f"(select count(distinct h.account) {rows(DAY, 'network', 'h.success')}) >= 5"),
        "pair": unless(known(["ip", "machine"]), f"(select count(*) {rows(5 * DAY, ['ip', 'machine'], 'h.success')}) >= 1"),
        "own_pair": unless(known(["machine"]), f"(select count(*) {rows(5 * DAY, ['account', 'machine'], 'h.success')}) >= 1"),
        "cities": f"(select count(distinct h.city) {rows(2 * DAY, extra='h.success')}) >= 3",
        "ratio_ip": unless(known("ip"), f"(select avg(h.success) {rows(DAY, 'ip')}) <= 0.5"),
        "share_city": f"""case when p.city is null then null else
            (select avg(h.city = p.city) {rows(6 * DAY, extra='h.city is not null and h.success')}) < 0.2 end""",
        "new_city": novelty("city", 3 * DAY, True),
        "not_seen_machine": f"not ({novelty('machine', 2 * DAY, False)})",
        "in_a_row": f"""(select count(*) {rows(extra=f'''not h.success and not exists (select 1 from l s where s.account = p.account
            and s.time <= p.time and {before.replace('h.', 's.')} and s.success and {'(s.time, -s.arrival) > (h.time, -h.arrival)' if mutate == 'ties' else '(s.time, s.arrival) > (h.time, h.arrival)'})''')}) >= 2""",
        "silent": f"p.time - {previous('time')} >= {DAY}",
        "city_days": f"""case when p.city is null then null else
            (p.time - (select max(h.time) {rows(extra='h.success and h.city = p.city')})) * 1.0 / {DAY} >= 2 end""",
        "first_city": f"(select h.city {rows(DAY, extra='h.success')} order by {oldest} limit 1) <> p.city",
        "last_country": f"(select h.country {rows(5 * DAY, extra='h.success')} order by {newest} limit 1) <> p.country",
        "early": f"p.hour < (select min(h.hour) {rows(10 * DAY, extra='h.success')})",
        "late_hour": f"p.hour > (select max(h.hour) {rows(10 * DAY, extra='h.success')})",
        "far_from_mean": f"abs(p.hour - (select avg(h.hour) {rows(10 * DAY, extra='h.success')})) >= 8",
        "beyond": f"p.hour > {percentile}",
        # By whole days: from the day on which the window begins, whatever the hour.
        "rare_city": f"""case when p.city is null then null else
            (select avg(coalesce(h.city = p.city, 0)) from l h where h.success and h.arrival < p.arrival
            and h.time / {DAY} between (p.time - {3 * DAY}) / {DAY} and p.time / {DAY}) < 0.15 end""",
        "last_five": f"{last(5, 'not h.success')} >= 3",
        "abroad": f"""case when not exists (select 1 {rows(DAY)}) then 0
            when p.country is null or not exists (select 1 {rows(DAY, extra='h.country is not null')}) then null
            else (select count(*) {foreign}) >= 1 end""",
        "teleport": f"{away} >= 500 and {away} / ({elapsed} / 3600000.0) >= 900",
        "young": f"case when {novelty('city', 3 * DAY, True)} then iif({young}, 1, 2) else {novelty('city', 3 * DAY, True)} end",
    }


def check(path, states, mutate):
    db = load(path)
    said = {}
    with open(states, encoding="utf-8") as file:
        for line in file:
            arrival, signal, state = line.rstrip("\n").split("\t")
            said.setdefault(signal, {})[int(arrival)] = state
    words = {None: "not_evaluable", 0: "quiet", 1: "fired", 2: "learning"}
    all_conditions = conditions(mutate)
    missing = set(all_conditions) ^ set(said)
    if missing:
        sys.exit(f"only on one side: {sorted(missing)}")
    differences = 0
    for signal, condition in all_conditions.items():
        counts = {}
        for arrival, value in db.execute(f"select p.arrival, {condition} from l p where p.success"):
            if value is None and mutate == "unknown":
                # Unknown taken for false, inside the negation too.
                value = 1 if condition.startswith("not") else 0
            expected = words[value]
            counts[expected] = counts.get(expected, 0) + 1
            got = said[signal].get(arrival)
            if got != expected:
                differences += 1
                if differences <= 12:
                    print(f"{signal}: login {arrival}: SQL says {expected}, the engine {got}")
        print(f"{signal}: {counts}")
        if mutate is None and min(counts.get("fired", 0), counts.get("quiet", 0)) < 5:
            sys.exit(f"{signal} is not put to the test by this data: {counts}")
    print(f"{differences} differences")
    sys.exit(1 if differences else 0)


def guard(path, told, mutate):
    """What a report says of each rule, counted again: conditions are SQL, the rest is plain counting."""
    db = load(path)
    count = lambda within, by="account", where="1": f"""(select count(*) from l h where h.{by} = p.{by}
        and h.time {'>=' if mutate == 'window' else '>'} p.time - {within} and h.time <= p.time and h.arrival < p.arrival and {where})"""
    burst, cities = (conditions(mutate)[name] for name in ("burst", "cities"))
    suspicion = f"30 * coalesce({burst}, 0) + 20 * coalesce({cities}, 0)"
    # Event, condition, what the rule wants.
    rules = [
        ("attempt", f"case when p.ip is null then null else {count(HOUR, 'ip', 'not h.success')} >= 1 end", "captcha"),
        ("attempt", conditions(mutate)["not_seen_machine"], "deny"),
        ("attempt", "p.city = '东京'", "deny"),
        ("failure", f"{count(DAY, where='not h.success')} >= 2", "lock"),
        ("login", "p.city = '东京'", "deny"),
        ("login", f"{suspicion} >= 30", "captcha"),
        ("login", "p.country <> 'CN'", "alert"),
        ("login", f"{suspicion} >= 20", "alert"),
    ]
    values = [dict(db.execute(f"select p.arrival, {condition} from l p")) for _, condition, _ in rules]
    n = len(rules)
    found = [dict(evaluated=0, not_evaluable=0, matched=0, captchas=0, refused=0, locked=0, alerts=0, prompts=0, capped=0,
                  cooled_down=0, decisive=0, first=None, last=None, accounts=set(), addresses=set(), days={}) for _ in rules]
    together = [[0] * n for _ in rules]
    clock, asked_today = 0, {}
    # Who is locked is refused anyhow, and who is refused is asked for no captcha; an alert counts beside all of them.
    bits = {"captcha": 1, "alert": 2, "deny": 4, "lock": 8}


    def worth(slots):
        done = {rules[slot][2] for slot in slots}
        severest = next((bits[does] for does in ("lock", "deny", "captcha") if does in done), 0)
        return severest + (bits["alert"] if "alert" in done else 0)

    rows = db.execute("select arrival, time, account, success, ip from l order by arrival").fetchall()
    for arrival, time, account, success, ip in rows:
        clock = max(clock, time)
        late = clock - time > 10 * MINUTE and mutate != "late"
        held = []
        for slot, (event, _, _) in enumerate(rules):
            if event != "attempt" and (late or event != ("login" if success else "failure")):
                continue
            value = values[slot][arrival]
            if value is None and mutate != "unknown":
                found[slot]["not_evaluable"] += 1
                continue
            found[slot]["evaluated"] += 1
            if value:
                held.append(slot)
        raised = None
        for slot in held:
            one, does = found[slot], rules[slot][2]
            one["matched"] += 1
            one["captchas"] += does == "captcha"
            one["refused"] += does == "deny"
            one["locked"] += does == "lock"
            one["alerts"] += does == "alert"
            if does == "alert" and raised is None:
                raised = slot
            one["decisive"] += worth(held) > worth([other for other in held if other != slot])
            one["first"] = min(time, one["first"] or time)
            one["last"] = max(time, one["last"] or time)
            one["accounts"].add(account)
            if ip:
                one["addresses"].add(ip)
            day = (time + 8 * HOUR) // DAY
            one["days"][day] = one["days"].get(day, 0) + 1
            for other in held:
                together[slot][other] += 1
        if raised is not None:
            day = (account, (time + 8 * HOUR) // DAY)
            asked_today[day] = asked_today.get(day, 0) + 1
            found[raised]["prompts" if asked_today[day] <= 10 else "capped"] += 1
    with open(told, encoding="utf-8") as file:
        said = json.load(file)
    days = range((min(row[1] for row in rows) + 8 * HOUR) // DAY, (max(row[1] for row in rows) + 8 * HOUR) // DAY + 1)
    moment = lambda text: text and round(datetime.datetime.fromisoformat(text).timestamp() * 1000)
    differences = [] if said["overlap"]["together"] == together else ["together"]
    for slot, (one, rule) in enumerate(zip(found, said["rules"], strict=True)):
        one["accounts"], one["addresses"] = len(one["accounts"]), len(one["addresses"])
        one["by_day"] = [one["days"].get(day, 0) for day in days]
        del one["days"]
        one["per_day_max"] = max(one["by_day"])
        one["on"] = rules[slot][0]
        for name, value in one.items():
            got = moment(rule[name]) if name in ("first", "last") else rule[name]
            if got != value:
                differences.append(f"{rule['name']} on {rule['on']}: {name}: SQL says {value}, the report {got}")
        if mutate is None and "--sparse" not in sys.argv and min(one["matched"], one["evaluated"] - one["matched"]) < 5:
            sys.exit(f"{rule['name']} is not put to the test by this data: {one}")
    print("\n".join(differences), f"{len(differences)} differences", sep="\n")
    sys.exit(1 if differences else 0)


if __name__ == "__main__":
    if sys.argv[1] == "generate":
        generate(sys.argv[2], "--in-order" in sys.argv)
    elif sys.argv[1] == "guard":
        mutate = sys.argv[-1] if "--mutate" in sys.argv else None
        guard(sys.argv[2], sys.argv[3], mutate)
    elif sys.argv[1] == "check":
        check(sys.argv[2], sys.argv[3], sys.argv[5] if len(sys.argv) > 5 else None)
    else:
        sys.exit(__doc__)
