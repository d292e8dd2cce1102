#!/usr/bin/env python3
"""The tour: from follow to lock, on real pushes, against `menshen dev` or `menshen serve`.

Plays everything around the bot with nothing but Python's standard library and the `openssl`
command: the WeChat platform (signs and encrypts pushes, decrypts replies, serves the API the bot
sends through), and the information system (calls the API, receives webhooks).

  scripts/tour.py                      against a fresh `dev`
  scripts/tour.py --mode serve         against a fresh set-up made by `init`
  scripts/tour.py --kill               SIGKILL and restart between any two steps
  scripts/tour.py --show               print every call as a curl command

Exit code 0 when every step went as it should.
"""

import argparse
import base64
import datetime
import os
import pathlib
import re
import secrets
import tempfile
import time

from around import AGENT, BEIJING, NEW_YORK, PASSWORD, Dev, Serve, WeChat, check, foreign_machine, wait, watched

PHONE = "13800138000"
NEW_PASSWORD = "another horse, another staple"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=["dev", "serve"], default="dev")
    parser.add_argument("--bin", default=os.environ.get("MENSHEN", "target/debug/menshen"))
    parser.add_argument("--rules", help="other rules than the shipped ones")
    parser.add_argument("--kill", action="store_true", help="SIGKILL and restart between any two steps")
    parser.add_argument("--show", action="store_true", help="print every call as a curl command")
    parser.add_argument("--keep", action="store_true", help="keep the set-up's directory")
    args = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="menshen-tour-")
    bot = (Dev if args.mode == "dev" else Serve)(args, pathlib.Path(folder))
    with watched(bot, keep=args.keep):
        Tour(bot, args).run()
        bot.stop()


# --- the steps -------------------------------------------------------------------------------


class Tour:
    def __init__(self, bot, args):
        self.bot, self.args = bot, args
        self.wechat = WeChat(bot)
        self.openid = "oTour" + secrets.token_hex(11)
        self.desk = foreign_machine("desk-1")

    def run(self):
        self.bot.start()
        steps = [
            self.create_account, self.issue_code, self.follow, self.bind, self.see_binding,
            self.know_her_habits, self.usual_logins, self.wrong_passwords, self.captcha_before,
            self.stranger_gets_in, self.prompt_arrives, self.lock, self.sessions_are_dead,
            self.login_is_refused, self.lock_is_an_event, self.ask_to_unlock, self.unlock,
            self.change_password, self.login_works,
        ]
        for index, step in enumerate(steps):
            if index > 0 and self.args.kill:
                self.bot.kill_and_restart()
            began = time.monotonic()
            said = step()
            title = step.__name__.replace("_", " ")
            print(f"{index + 1:2}. {title}: {said}  ({time.monotonic() - began:.1f} s)", flush=True)
        print(f"the tour is through ({self.bot.name}{', killed between the steps' if self.args.kill else ''})")

    def create_account(self):
        made = self.api("POST", "/v1/accounts", {
            "account": "alice", "name": "爱丽丝", "phone": PHONE, "password": PASSWORD}, want=201)
        check(made["account"] == "alice", made)
        return "alice"

    def issue_code(self):
        self.code = self.api("POST", "/v1/accounts/alice/verification-code", {}, want=201)["code"]
        check(re.fullmatch(r"\d{6}", self.code), "six digits")
        return "six digits"

    def follow(self):
        reply = self.wechat.push(self.openid, event="subscribe", EventKey="")
        check("欢迎关注" in reply, reply)
        return reply

    def bind(self):
        text = f"我的手机号是１３８ ００１３ ８０００，验证码：{self.code}"
        reply = self.wechat.push(self.openid, text=text)
        check("绑定成功" in reply and "爱丽丝" in reply, reply)
        return reply

    def see_binding(self):
        found = self.api("GET", "/v1/accounts/alice/binding")
        check(found["openid"] == self.openid, found)
        back = self.api("GET", f"/v1/bindings/main/{self.openid}")
        check(back["account"] == "alice", back)
        event = self.event("bound", account="alice")
        hook = self.bot.system.wait_for("bound")
        check(hook["id"] == event["id"], "the webhook carries the same event")
        return "in the API, the event feed and a signed webhook"

    def know_her_habits(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        for day in range(20, 0, -1):
            at = (now - datetime.timedelta(days=day)).isoformat(timespec="seconds")
            self.api("POST", "/v1/logins?mode=backfill", {
                "id": f"past-{day}", "account": "alice", "machine": self.desk, "ip": "202.96.134.133",
                "place": BEIJING, "user_agent": AGENT, "time": at, "success": True})
        check(not self.events("alerted"), "the past raises nothing")
        return "20 logins of the past"

    def usual_logins(self):
        self.sessions = []
        for _ in range(3):
            answer = self.login(PASSWORD, self.desk, BEIJING, "202.96.134.133")
            check("alert" not in answer["decision"], answer["decision"])
            self.sessions.append(answer["token"])
        check(not self.events("alerted"), "no alert")
        check(not self.bot.platform.sent, "no prompt")
        return "three logins, no alert, no prompt"

    def wrong_passwords(self):
        for index in range(5):
            problem = self.login(f"guess {index}", self.desk, BEIJING, "202.96.134.133", want=401)
            check(problem["type"].endswith("login-refused"), problem)
        self.refused = problem
        return "five times login-refused"

    def captcha_before(self):
        problem = self.login(PASSWORD, None, NEW_YORK, "8.8.8.8", want=403)
        check(problem["type"].endswith("captcha-required"), problem)
        image = base64.b64decode(problem["captcha"]["image"].split(",", 1)[1])
        check(image.startswith(b"\x89PNG"), "a PNG")
        return f"captcha-required, a picture of {len(image)} bytes"

    def stranger_gets_in(self):
        answer = self.bot.stranger_logs_in(self)
        decision = answer["decision"]
        fired = [s["name"] for s in decision["signals"] if s["state"] == "fired" and not s.get("shadow")]
        check(decision.get("alert"), decision)
        check({"new_city", "new_machine", "guessed"} <= set(fired), fired)
        self.sessions.append(answer["token"])
        return f"let in, suspicion {decision['suspicion']:g}: {', '.join(fired)}"

    def prompt_arrives(self):
        prompt = wait(lambda: self.bot.platform.sent and self.bot.platform.sent[-1], "the prompt")
        text = prompt["text"]["content"]
        check(prompt["touser"] == self.openid and "锁定" in text and "纽约" in text, text)
        self.event("alerted", account="alice")
        wait(lambda: self.events("delivered"), "the event that it was delivered")
        return text.splitlines()[0]

    def lock(self):
        reply = self.wechat.push(self.openid, text="锁定")
        check("已锁定 爱丽丝" in reply, reply)
        return reply

    def sessions_are_dead(self):
        for token in self.sessions:
            seen = self.api("POST", "/v1/sessions/introspect", {"token": token})
            check(seen["active"] is False, seen)
        return f"all {len(self.sessions)}"

    def login_is_refused(self):
        problem = self.login(PASSWORD, self.desk, BEIJING, "202.96.134.133", want=401)
        check({k: problem[k] for k in ("type", "title", "status")}
              == {k: self.refused[k] for k in ("type", "title", "status")}, problem)
        return "the right password is answered like a wrong one"

    def lock_is_an_event(self):
        event = self.event("locked", account="alice")
        self.bot.system.wait_for("locked")
        return f"locked, event {event['cursor']} and a webhook"

    def ask_to_unlock(self):
        answer = self.api("POST", "/v1/accounts/alice/verification-code", {"purpose": "unlock"}, want=201)
        self.code = answer["code"]
        reply = self.wechat.push(self.openid, text="解锁")
        check("解锁验证码" in reply, reply)
        return reply

    def unlock(self):
        reply = self.wechat.push(self.openid, text=self.code)
        check("已解锁" in reply, reply)
        self.event("unlocked", account="alice")
        return reply

    def change_password(self):
        self.api("PUT", "/v1/accounts/alice/password", {"password": NEW_PASSWORD})
        return "done"

    def login_works(self):
        answer = self.login(NEW_PASSWORD, self.desk, BEIJING, "202.96.134.133")
        check(answer["password_change_required"] is False, answer)
        seen = self.api("POST", "/v1/sessions/introspect", {"token": answer["token"]})
        check(seen["active"] and seen["account"] == "alice", seen)
        return "a live session"

    # what the steps share

    def login(self, password, machine, place, ip, want=200, solve=False):
        body = {"account": "alice", "password": password, "ip": ip, "place": place, "user_agent": AGENT}
        if machine:
            body["machine"] = machine
        if solve:
            captcha = self.api("POST", "/v1/login", body, want=403)["captcha"]["id"]
            answer = self.api("GET", f"/sandbox/captchas/{captcha}")["answer"]
            body["captcha"] = {"id": captcha, "answer": answer}
        return self.api("POST", "/v1/login", body, want=want)

    def api(self, method, path, body=None, want=None):
        return self.bot.api(method, path, body, want)

    def events(self, kind):
        found, after = [], ""
        while True:
            page = self.api("GET", f"/v1/events?limit=200{after}")
            found += page["events"]
            if not page["events"]:
                return [event for event in found if event["type"] == kind]
            after = f"&after={page['cursor']}"

    def event(self, kind, account):
        found = [event for event in self.events(kind) if event.get("account") == account]
        check(found, f"an event {kind}")
        return found[-1]


if __name__ == "__main__":
    main()
