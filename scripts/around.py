"""What stands around the bot in the scripts: the WeChat platform, the information system, and the bot's process.

Python's standard library and the `openssl` command.
"""

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET

from secrecy import Secrets

PASSWORD = "correct horse battery staple"
BEIJING = {"country": "中国", "region": "北京", "city": "北京", "lat": 39.90, "lon": 116.40}
NEW_YORK = {"country": "美国", "region": "纽约州", "city": "纽约", "lat": 40.71, "lon": -74.01}
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
FOREIGN_KEY = "the-information-system-signs-its-machines-with-this"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"tour" * 8).decode()


@contextlib.contextmanager
def watched(bot, keep=None):
    """Shows the end of the bot's log when what is done inside fails, and leaves no process behind. Its folder
    goes too, unless it is to be kept (True) or is somebody else's (None)."""
    try:
        yield
    except Exception:
        print(f"\n--- the bot's log ({bot.log})", file=sys.stderr)
        print(pathlib.Path(bot.log).read_text(errors="replace")[-6000:], file=sys.stderr)
        raise
    finally:
        bot.end()
        if keep:
            print(f"kept {bot.folder}")
        elif keep is not None:
            subprocess.run(["rm", "-rf", str(bot.folder)], check=False)


def check(holds, what):
    if not holds:
        raise AssertionError(what if isinstance(what, str) else json.dumps(what, ensure_ascii=False))


def wait(probe, what, seconds=240):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what} did not come within {seconds} s")


def foreign_machine(name):
    """An identifier of the information system's own, which it signs: `[keys] foreign_machine_key`."""
    mac = hmac.new(FOREIGN_KEY.encode(), name.encode(), hashlib.sha256).hexdigest()
    return f"{name}.{mac}"


# --- the WeChat platform: pushes -------------------------------------------------------------


class WeChat:
    """Signs, encrypts and pushes; decrypts the reply."""

    def __init__(self, bot):
        self.bot = bot
        self.last_id = int(time.time()) << 32

    def push(self, openid, text=None, event=None, **fields):
        self.last_id += 1
        self.bot.secrets.note({"openid": openid, "answer": text})
        now = int(time.time())
        parts = {"ToUserName": "gh_tour", "FromUserName": openid}
        body = "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in parts.items())
        body += f"<CreateTime>{now}</CreateTime>"
        if event:
            fields = {"MsgType": "event", "Event": event, **fields}
        else:
            fields = {"MsgType": "text", "Content": text, **fields}
        body += "".join(f"<{k}><![CDATA[{v}]]></{k}>" for k, v in fields.items())
        if not event:
            body += f"<MsgId>{self.last_id}</MsgId>"
        sealed = self.seal(f"<xml>{body}</xml>")
        nonce = secrets.token_hex(5)
        query = {
            "signature": sha1(self.bot.token, str(now), nonce), "timestamp": str(now), "nonce": nonce,
            "openid": openid, "encrypt_type": "aes",
            "msg_signature": sha1(self.bot.token, str(now), nonce, sealed),
        }
        url = f"{self.bot.url}/wechat/main?" + "&".join(f"{k}={v}" for k, v in query.items())
        data = (f"<xml><ToUserName><![CDATA[gh_tour]]></ToUserName>"
                f"<Encrypt><![CDATA[{sealed}]]></Encrypt></xml>")
        if self.bot.show:
            print(f"  curl '{url}' -H 'Content-Type: text/xml' --data-binary '{data}'")
        request = urllib.request.Request(url, data.encode(), {"Content-Type": "text/xml"})
        with urllib.request.urlopen(request, timeout=10) as response:
            answer = response.read().decode()
        if answer.strip() in ("", "success"):
            return ""
        outer = ET.fromstring(answer)
        sealed = outer.findtext("Encrypt")
        signed = sha1(self.bot.token, outer.findtext("TimeStamp"), outer.findtext("Nonce"), sealed)
        check(signed == outer.findtext("MsgSignature"), "the reply is signed")
        reply = ET.fromstring(self.open(sealed))
        check(reply.findtext("ToUserName") == openid, "the reply goes to who wrote")
        return reply.findtext("Content") or ""

    def seal(self, text):
        plain = text.encode()
        plain = os.urandom(16) + struct.pack(">I", len(plain)) + plain + self.bot.app_id.encode()
        pad = 32 - len(plain) % 32
        return base64.b64encode(self.aes("-e", plain + bytes([pad]) * pad)).decode()

    def open(self, sealed):
        plain = self.aes("-d", base64.b64decode(sealed))
        plain = plain[16:-plain[-1]]
        length = struct.unpack(">I", plain[:4])[0]
        check(plain[4 + length:].decode() == self.bot.app_id, "the reply names the AppID")
        return plain[4:4 + length].decode()

    def aes(self, direction, data):
        key = base64.b64decode(self.bot.aes_key + "=")
        done = subprocess.run(
            ["openssl", "enc", direction, "-aes-256-cbc", "-nopad", "-K", key.hex(), "-iv", key[:16].hex()],
            input=data, capture_output=True, check=True)
        return done.stdout


def sha1(*parts):
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


# --- what listens: the platform's API, and the information system ----------------------------


class Listener:
    def __init__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, answer = outer.take(self.path, self.headers, body)
                data = json.dumps(answer).encode() if answer is not None else b""
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        # A killed bot resets its connections.
        self.server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Platform(Listener):
    """Serves the calls the bot makes: the access token and the sends."""

    def __init__(self):
        super().__init__()
        self.sent = []

    def take(self, path, _headers, body):
        given = json.loads(body)
        if path == "/cgi-bin/stable_token":
            return 200, {"access_token": "token-" + given["appid"], "expires_in": 7200}
        if path.startswith("/cgi-bin/message/custom/send?access_token=token-"):
            self.sent.append(given)
            return 200, {"errcode": 0, "errmsg": "ok"}
        if path.startswith("/cgi-bin/message/template/send?access_token=token-"):
            # No template stands here: a prompt whose first send was killed half-way goes by message again.
            return 200, {"errcode": 40037, "errmsg": "invalid template_id"}
        return 200, {"errcode": 40066, "errmsg": "invalid url"}


class System(Listener):
    """Receives the webhooks, and checks their signatures."""

    def __init__(self):
        super().__init__()
        self.events = []

    def take(self, _path, headers, body):
        key = base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_"))
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        if f"v1,{mac}" not in (headers["webhook-signature"] or "").split():
            return 401, {"error": "the signature is wrong"}
        self.events.append(json.loads(body))
        return 204, None

    def wait_for(self, kind):
        return wait(lambda: next((e for e in self.events if e["type"] == kind), None), f"the webhook {kind}")


# --- the bot ---------------------------------------------------------------------------------


class Bot:
    def __init__(self, args, folder):
        self.binary, self.show, self.folder = str(pathlib.Path(args.bin).resolve()), args.show, folder
        self.rules = ["--rules", str(pathlib.Path(args.rules).resolve())] if args.rules else []
        self.platform, self.system = Platform(), System()
        self.secrets = Secrets()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = str(folder / "log")
        (folder / "log").touch()
        self.process = None
        self.environment = {
            **os.environ,
            "MENSHEN_OFFICIAL_ACCOUNT__MAIN__API_BASE": self.platform.url,
            "MENSHEN_KEYS__FOREIGN_MACHINE_KEY": FOREIGN_KEY,
            # `dev` has a webhook of its own before ours.
            f"MENSHEN_WEBHOOK__{self.webhook}__URL": self.system.url,
            f"MENSHEN_WEBHOOK__{self.webhook}__SECRET": WEBHOOK_SECRET,
        }

    def start(self):
        self.prepare()
        self.spawn()

    def spawn(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, *self.command()], stdout=log, stderr=log, cwd=self.folder, env=self.environment)
        wait(self.ready, "the bot", seconds=60)
        self.learn()

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the bot ended with exit code {self.process.returncode}")
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=1) as response:
                return response.status == 200
        except OSError:
            return False

    def kill_and_restart(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.spawn()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                check(self.process.wait(timeout=40) == 0, "the bot stops in order")
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise AssertionError("the bot did not stop") from None

    def end(self):
        """Whatever became of it: no process is left behind."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def run(self, *arguments):
        done = subprocess.run([self.binary, *arguments], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True)
        check(done.returncode == 0, f"menshen {' '.join(arguments)}: {done.stderr}")
        return done.stdout.strip()

    def api(self, method, path, body=None, want=None):
        data = json.dumps(body, ensure_ascii=False) if body is not None else None
        if self.show:
            tail = f" --json '{data}'" if data else ""
            print(f"  curl -X {method} '{self.url}{path}' -H \"Authorization: Bearer $KEY\"{tail}")
        headers = {"Authorization": f"Bearer {self.key}"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.url + path, data.encode() if data else None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                status, text = response.status, response.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        answer = json.loads(text) if text else None
        self.secrets.note([body, answer])
        fits = status == want if want else 200 <= status < 300
        check(fits, f"{method} {path} answered {status}: {answer}")
        return answer


class Dev(Bot):
    """`menshen dev`: everything is made on the first start, and a captcha can be read."""

    name, webhook = "dev", 1

    def prepare(self):
        pass

    def command(self):
        return ["dev", "--listen", f"127.0.0.1:{self.port}", "--data", "data", *self.rules]

    def learn(self):
        found = dict(re.findall(r"^export (\w+)='([^']*)'$", (self.folder / "data/env").read_text(), re.M))
        self.key, self.app_id = found["KEY"], found["APP_ID"]
        self.token, self.aes_key = found["TOKEN"], found["AES_KEY"]

    def stranger_logs_in(self, tour):
        machine = tour.api("POST", "/v1/machines", {"ip": "8.8.8.8"}, want=201)["machine"]
        return tour.login(PASSWORD, machine, NEW_YORK, "8.8.8.8", solve=True)


class Serve(Bot):
    """`menshen init`, then `menshen serve`: nothing can be read that a stranger could not."""

    name, webhook = "serve", 0

    def prepare(self):
        if self.rules:
            # Before `init`, which keeps what is there.
            shutil.copytree(self.rules[1], self.folder / "rules")
        self.run("init", ".", "--app-id", "wx" + secrets.token_hex(8))
        (self.folder / "secrets/app_secret").write_text(secrets.token_hex(16))
        self.environment["MENSHEN_SERVER__LISTEN"] = f"127.0.0.1:{self.port}"
        # Before the server runs: the command opens the store itself.
        scopes = "accounts,codes,bindings,login,reports,machines,sessions,events,unlock"
        self.key = self.run("keys", "add", "tour", "--scope", scopes)

    def stop(self):
        super().stop()
        # What a stranger with the log would have.
        own = {"token": [self.key, *((self.folder / "secrets" / name).read_text().strip()
                                     for name in ("token", "encoding_aes_key", "app_secret"))]}
        self.secrets.note(own)
        told = self.secrets.found_in(self.log)
        check(not told, "the log holds no secret: " + "; ".join(told[:5]))
        print(f"none of {len(self.secrets.known)} secrets, codes, phones and OpenIDs is in the log")

    def command(self):
        return ["serve"]

    def learn(self):
        secret = lambda name: (self.folder / "secrets" / name).read_text().strip()
        self.token, self.aes_key = secret("token"), secret("encoding_aes_key")
        self.app_id = re.search(r'^app_id = "(\w+)"', (self.folder / "menshen.toml").read_text(), re.M)[1]
        # While it runs: the command asks the server.
        check("tour" in self.run("keys", "list"), "the key is listed")

    def stranger_logs_in(self, tour):
        # Nobody can read the captcha for us: he sits at a machine the information system vouches for.
        return tour.login(PASSWORD, foreign_machine("kiosk-7"), NEW_YORK, "8.8.8.8")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
