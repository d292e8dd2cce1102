//! Followers, windows and quotas of the simulated platform.

use super::*;

fn follower() -> (World, String) {
    let (env, _) = Env::scripted(0, 1);
    let mut world = World::default();
    let openid = world.create_user("小明", &env).unwrap();
    world.set_following(&openid, true, 0).unwrap();
    (world, openid)
}

fn taken(world: &mut World, openid: &str, now: Millis) -> (u32, i64) {
    let mut count = 0;
    loop {
        match world.take_custom(openid, now) {
            Ok(()) => count += 1,
            Err(Refused(code, _)) => return (count, code),
        }
    }
}

#[test]
fn a_message_allows_five_in_two_days_and_an_action_three_in_a_minute() {
    let (mut world, openid) = follower();
    assert_eq!(taken(&mut world, &openid, 0), (0, 45015));
    world.note_message(&openid, 0);
    assert_eq!(taken(&mut world, &openid, MESSAGE_WINDOW - 1), (5, 45047));
    assert_eq!(taken(&mut world, &openid, MESSAGE_WINDOW), (0, 45015));
    world.note_action(&openid, DAY);
    assert_eq!(taken(&mut world, &openid, DAY + MINUTE - 1), (3, 45047));
    world.note_message(&openid, 3 * DAY);
    world.set_following(&openid, false, 3 * DAY).unwrap();
    assert_eq!(taken(&mut world, &openid, 3 * DAY), (0, 45015));
    assert_eq!(taken(&mut world, "nobody", 0), (0, 40003));
}

#[test]
fn a_client_id_is_one_message_for_ten_minutes() {
    let (mut world, openid) = follower();
    let (first, new) = world.template_id(&openid, Some("a"), 0);
    assert!(new && first > 1 << 53);
    assert_eq!(
        world.template_id(&openid, Some("a"), CLIENT_ID_WINDOW - 1),
        (first, false)
    );
    assert!(world.template_id("other", Some("a"), 0).1);
    assert!(world.template_id(&openid, Some("a"), CLIENT_ID_WINDOW).1);
    assert!(world.template_id(&openid, None, 0).1);
}

#[test]
fn quotas_start_anew_at_midnight_in_beijing() {
    let mut world = World::default();
    assert!(world.count_call("/x", 1, 0).is_ok());
    assert_eq!(
        world.count_call("/x", 1, 16 * HOUR - 1).unwrap_err().0,
        45009
    );
    assert!(world.count_call("/x", 1, 16 * HOUR).is_ok());
}

#[test]
fn codes_end_and_transcripts_stay_bounded() {
    let (env, clock) = Env::scripted(0, 1);
    let (mut world, openid) = follower();
    let code = world.add_code("login".into(), Some(60), &env);
    assert_eq!(world.find_code(&code.ticket, 0).unwrap().scene, "login");
    clock.advance(MINUTE);
    assert!(world.find_code("login", env.now()).is_err());
    for _ in 0..MAX_ENTRIES + 3 {
        let line = (
            Side::User,
            Channel::Message,
            "text".into(),
            "a".repeat(9999),
            Value::Null,
        );
        world.record(&openid, 0, line);
    }
    let all = world.transcript(&openid, 0).unwrap();
    assert_eq!((all.len(), all[0].seq), (MAX_ENTRIES, 4));
    assert_eq!(all[0].text.len(), MAX_ENTRY_TEXT);
    assert_eq!(world.transcript(&openid, 502).unwrap().len(), 1);
}
