//! One example of each record.

use super::*;
use crate::store::records::Sample;

/// One example of each record here.
pub(crate) fn samples() -> Vec<Sample> {
    let time = 1_790_000_000_000;
    let login = Login {
        account: "alice".into(),
        time,
        seq: 7,
        known: true,
        success: true,
        machine: Some("mch_sample".into()),
        legal: true,
        ip: Some("192.0.2.1".into()),
        place: Place {
            country: Some("中国".into()),
            city: Some("北京".into()),
            lat: Some(39.9),
            lon: Some(116.4),
            asn: Some(4134),
            ..Place::default()
        },
        browser: Some("Chrome".into()),
        hour: Some(9),
        weekday: Some(1),
        captcha: true,
        answered_lock: true,
        kept_until: time + 1,
        ..Login::default()
    };
    vec![
        Sample::of(login.clone()),
        Sample::of(LoginBy {
            by: "ip".into(),
            value: "192.0.2.1".into(),
            login,
        }),
        Sample::of(LoginCount {
            by: "ip".into(),
            value: "192.0.2.1".into(),
            rows: 3,
            exact_until: time,
            first_success: Some(time),
            trimmed_to: Some(time),
            kept_until: time + 1,
            stamp: 5,
        }),
        Sample::of(LoginId {
            id: "report-1".into(),
            digest: "00ff".into(),
            decision: "dec_sample".into(),
            at: time,
        }),
        Sample::of(Decision {
            id: "dec_sample".into(),
            time,
            kind: "login".into(),
            account: "alice".into(),
            login: serde_json::json!({"city": "北京"}),
            signals: vec![SignalView {
                name: "new_city".into(),
                title: "异地登录".into(),
                weight: 40.0,
                state: "fired".into(),
                shadow: false,
                values: BTreeMap::from([("login.city".into(), "北京".into())]),
                missing: Vec::new(),
            }],
            suspicion: 40.0,
            verdict: "allow".into(),
            generation: 3,
            hash: "00ff".into(),
            explanation: "因为：登录城市没有见过。\n".repeat(50),
            alert: Some("alr_sample".into()),
        }),
    ]
}
