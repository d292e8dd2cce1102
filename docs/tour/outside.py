#!/usr/bin/env python3
"""Everything around the bot in the README's tour, on 127.0.0.1:9100.

The platform's API, as far as the tour needs it (an access token, the send call), and an information
system that receives webhooks and checks their signatures (Standard Webhooks: HMAC-SHA256 over
ID.TIMESTAMP.BODY). Prints what it gets.
"""
import base64, hashlib, hmac, http.server, json

SECRET = b"the-tour-signs-its-webhooks-so!"  # whsec_dGhlLXRvdXItc2lnbnMtaXRzLXdlYmhvb2tzLXNvIQ==


class Outside(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer, path = {}, self.path.split("?")[0]
        if path == "/cgi-bin/stable_token":
            answer = {"access_token": "a-token", "expires_in": 7200}
        elif path == "/cgi-bin/message/custom/send":
            print("PROMPT ", json.loads(body)["text"]["content"], flush=True)
            answer = {"errcode": 0, "errmsg": "ok"}
        elif path == "/cgi-bin/message/template/send":  # none stands here; the bot sends a message instead
            answer = {"errcode": 40037, "errmsg": "invalid template_id"}
        else:
            signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
            mac = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
            genuine = hmac.compare_digest(f"v1,{mac}", self.headers["webhook-signature"] or "")
            print("WEBHOOK", json.loads(body)["type"], "genuine" if genuine else "FORGED", flush=True)
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", 9100), Outside).serve_forever()
