"""What no log may hold: every secret and every piece of personal data that a script has handled.

The scripts hand everything they send and receive to `Secrets.note`; when the server has ended its log
is searched. Not for use by itself.
"""

import pathlib
import re

# Fields whose values are secrets, personal data, or what somebody has written.
FIELDS = {
    "password", "current_password", "new_password", "phone", "code", "ticket", "token", "session_token",
    "machine", "openid", "user_agent", "answer", "captcha",
}  # fmt: skip
# Shorter ones would be found by chance.
SHORTEST = 6
TIME = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
WORD = re.compile(r"[0-9A-Za-z_]+")


class Secrets:
    def __init__(self):
        self.known = {}

    def note(self, value, name=""):
        """Keeps what is secret in a value, its fields and theirs."""
        if isinstance(value, dict):
            for field, inner in value.items():
                self.note(inner, field)
        elif isinstance(value, list):
            for inner in value:
                self.note(inner, name)
        elif isinstance(value, str) and name in FIELDS and len(value) >= SHORTEST:
            self.known[value] = name

    def found_in(self, log):
        """The kinds of secrets that stand in the log, each with its line, the secret itself taken out."""
        text = TIME.sub(b"", pathlib.Path(log).read_bytes()).decode(errors="replace")
        words = set(WORD.findall(text))
        found = []
        for secret, name in self.known.items():
            # A code is six digits: as a word of its own, or it would be found in any larger number.
            there = secret in words if WORD.fullmatch(secret) else secret in text
            if there:
                line = next((line for line in text.splitlines() if secret in line), "")
                found.append(f"{name}: {line.replace(secret, '…')[:300]}")
        return found
