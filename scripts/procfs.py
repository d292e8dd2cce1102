"""What the system knows of a running process: processor time, memory, threads, open files (proc(5))."""

import os
import re
from pathlib import Path
from typing import NamedTuple


class Vitals(NamedTuple):
    resident: float
    """MiB in memory, pages of the program included."""
    anonymous: float
    """MiB in memory that belong to no file."""
    threads: int
    files: int


def vitals(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    found = dict(re.findall(r"^(VmRSS|RssAnon|Threads):\s+(\d+)", status, re.M))
    files = len(os.listdir(f"/proc/{pid}/fd"))
    return Vitals(int(found["VmRSS"]) / 1024, int(found["RssAnon"]) / 1024, int(found["Threads"]), files)


def processor_time(pid):
    """Seconds, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
