//! What travels in queries and headers: machine identifiers, callback queries, times, phones, settings.

use menshen::guard::machines::{ForeignMachines, Identified, identify, sign};
use menshen::keys::Keys;
use menshen::wechat::Query;

pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let keys = Keys::from_bytes(&[7; 32], Some(&[8; 32]));
    let foreign = ForeignMachines::new([b"a key of the information system".to_vec()]);
    let seen = identify(&keys, Some(&foreign), Some(&text));
    assert!(
        !matches!(seen, Identified::Foreign(_)),
        "a forged foreign identifier was taken"
    );
    if let Identified::Own(id) = &seen {
        assert_eq!(
            sign(&keys, id).reveal(),
            text.trim(),
            "a forged identifier was taken"
        );
    }
    // One byte of a good token changed is no good token.
    let good = sign(&keys, "mch_0123456789abcdef");
    assert!(matches!(
        identify(&keys, None, Some(good.reveal())),
        Identified::Own(_)
    ));
    if let [at, flip, ..] = data {
        let mut bytes = good.reveal().as_bytes().to_vec();
        let at = usize::from(*at) % bytes.len();
        bytes[at] ^= flip & 0x7f;
        let changed = String::from_utf8_lossy(&bytes);
        if changed.trim() != good.reveal() {
            assert!(
                !matches!(identify(&keys, None, Some(&changed)), Identified::Own(_)),
                "{changed}"
            );
        }
    }
    let _ = Query::parse(&text);
    if let Some(at) = menshen::env::parse_rfc3339(&text) {
        assert_eq!(
            menshen::env::parse_rfc3339(&menshen::env::rfc3339(at)),
            Some(at)
        );
    }
    let _ = menshen::config::Config::from_text(std::path::Path::new("menshen.toml"), &text, []);
}

pub fn seeds() -> Vec<Vec<u8>> {
    let keys = Keys::from_bytes(&[7; 32], None);
    let own = sign(&keys, "mch_1").reveal().to_owned();
    [
        own.as_str(),
        "value.0011223344556677889900112233445566778899001122334455667788990011",
        "signature=a&timestamp=1795160000&nonce=1&echostr=%E4%BD%A0",
        "encrypt_type=aes&msg_signature=x&timestamp=1&nonce=2&openid=o",
        "2026-11-20T08:00:00.123+08:00",
        "[[official_account]]\nname = \"main\"\napp_id = \"wx1\"\napp_secret = \"s\"\ntoken = \"t\"\nmode = \"plaintext\"\n",
        "[server]\nlisten = \"127.0.0.1:0\"\n[limits]\ncodes_per_day = 3\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
