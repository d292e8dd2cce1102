# What the tour's commands share; to be read into bash. Needs URL, KEY, CALLBACK, APP_ID, TOKEN and
# AES_KEY (`menshen dev` writes them to .menshen-dev/env), and curl, openssl, python3.

# call METHOD PATH [JSON]: one call of the API
call() { curl -s -X "$1" "$URL$2" -H "Authorization: Bearer $KEY" ${3:+--json "$3"}; echo; }
# part '["code"]': a part of the JSON that comes in
part() { python3 -c 'import json, sys
it = eval("it" + sys.argv[1], {"it": json.load(sys.stdin)})
print(it if isinstance(it, str) else json.dumps(it, ensure_ascii=False))' "$1"; }

# The follower. Any OpenID will do.
OPENID=${OPENID:-oTour$(openssl rand -hex 11)}

# The platform's part: sign, encrypt, push; open the reply and print its text.
hex=$(printf '%s=' "$AES_KEY" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
aes() { openssl enc "$1" -aes-256-cbc -nopad -K "$hex" -iv "${hex:0:32}"; }
sha1() { printf '%s\n' "$@" | LC_ALL=C sort | tr -d '\n' | openssl sha1 -r | cut -d' ' -f1; }
push() {
  local now nonce=$RANDOM$RANDOM sealed
  now=$(date +%s)
  sealed=$(python3 -c 'import os, sys
text, app_id = (word.encode() for word in sys.argv[1:])
plain = os.urandom(16) + len(text).to_bytes(4, "big") + text + app_id
pad = 32 - len(plain) % 32
sys.stdout.buffer.write(plain + bytes([pad]) * pad)' \
    "<xml><ToUserName>gh_tour</ToUserName><FromUserName>$OPENID</FromUserName><CreateTime>$now</CreateTime>$1</xml>" \
    "$APP_ID" | aes -e | openssl base64 -A)
  curl -s "$CALLBACK?timestamp=$now&nonce=$nonce&openid=$OPENID&encrypt_type=aes&signature=$(sha1 "$TOKEN" "$now" "$nonce")&msg_signature=$(sha1 "$TOKEN" "$now" "$nonce" "$sealed")" \
    -H 'Content-Type: text/xml' \
    -d "<xml><ToUserName>gh_tour</ToUserName><Encrypt>$sealed</Encrypt></xml>" | tee reply.xml |
    python3 -c 'import sys, xml.etree.ElementTree as x; print(x.fromstring(sys.stdin.read()).findtext("Encrypt"))' |
    openssl base64 -d -A | aes -d |
    python3 -c 'import sys, xml.etree.ElementTree as x
plain = sys.stdin.buffer.read()
print(x.fromstring(plain[20:20 + int.from_bytes(plain[16:20], "big")]).findtext("Content"))'
}
follow() { push "<MsgType>event</MsgType><Event>subscribe</Event>"; }
text() { push "<MsgType>text</MsgType><Content>$1</Content><MsgId>$RANDOM$RANDOM$RANDOM</MsgId>"; }

# login PASSWORD MACHINE IP PLACE [CAPTCHA]
login() {
  call POST /v1/login "{\"account\":\"alice\",\"password\":\"$1\",\"machine\":\"$2\",\"ip\":\"$3\",\"place\":$4${5:+,\"captcha\":$5}}"
}
beijing='{"country":"中国","region":"北京","city":"北京","lat":39.90,"lon":116.40}'
new_york='{"country":"美国","region":"纽约州","city":"纽约","lat":40.71,"lon":-74.01}'
