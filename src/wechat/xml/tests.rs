//! What is read, what is refused, and what is written back.

use super::super::fields::MESSAGE_LIMITS;
use super::*;

fn read(text: &str) -> Result<Fields, ParseErrorKind> {
    parse(text.as_bytes(), &MESSAGE_LIMITS).map_err(|error| error.kind)
}

#[test]
fn texts_references_and_split_cdata_are_read_whole() {
    let fields = read(
        "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- c --><xml> <A><![CDATA[a]]]]><![CDATA[>b]]></A>\n\
         <B>x &lt;&#20320;&amp;&gt;<!-- c --> y</B><C/><D>  </D><E><![CDATA[ 1 ]]></E></xml>\n",
    )
    .unwrap();
    assert_eq!(fields.get("A"), Some("a]]>b"));
    assert_eq!(fields.get("B"), Some("x <你&> y"));
    assert_eq!(fields.get("C"), Some(""));
    assert_eq!(fields.filled("D"), None);
    assert_eq!(fields.get("E"), Some(" 1 "));
}

#[test]
fn what_is_plainly_legal_is_legal_and_full_width_punctuation_is_among_it() {
    let all = (0..=u32::from(char::MAX)).filter_map(char::from_u32);
    for c in all.filter(|c| !is_xml_char(*c)) {
        assert!(!is_plainly_legal(&format!("好{c}。")), "{c:?}");
    }
    assert!(is_plainly_legal("发送“绑定”，绑定账号！（锁定）：\t\r\n"));
}

#[test]
fn hostile_documents_are_refused_by_name() {
    use ParseErrorKind::*;
    let deep = format!("<xml>{}{}</xml>", "<a>".repeat(5000), "</a>".repeat(5000));
    let many = format!(
        "<xml>{}</xml>",
        (0..200).map(|n| format!("<f{n}/>")).collect::<String>()
    );
    let long = format!("<xml><a>{}</a></xml>", "x".repeat(32 * 1024 + 1));
    let large = format!("<xml>{}</xml>", " ".repeat(64 * 1024));
    for (text, kind) in [
        ("<!DOCTYPE xml><xml/>", Doctype),
        (
            "<!DOCTYPE xml [<!ENTITY a \"b\">]><xml><A>&a;</A></xml>",
            Doctype,
        ),
        (
            "<!DOCTYPE xml SYSTEM \"file:///etc/passwd\"><xml/>",
            Doctype,
        ),
        ("<xml><A>&nbsp;</A></xml>", Entity),
        ("<xml><A>&#0;</A></xml>", Entity),
        ("<xml><A>&#x1;</A></xml>", Entity),
        ("<xml><A>&#xD800;</A></xml>", Entity),
        ("<xml><A>a\u{1}b</A></xml>", IllegalCharacter),
        ("<xml a=\"1\"/>", Attribute),
        ("<xml><A b='1'>x</A></xml>", Attribute),
        ("<xml/><xml/>", Root),
        ("<xml></xml>tail", Root),
        ("head<xml></xml>", Root),
        ("<message/>", Root),
        ("", Root),
        ("<!-- only -->", Root),
        ("<xml><?php x?></xml>", Instruction),
        ("<xml><A>t<B/></A></xml>", Mixed),
        ("<xml><A><B/>t</A></xml>", Mixed),
        ("<xml>t<A/></xml>", Mixed),
        ("<xml>t</xml>", Mixed),
        ("<xml><A>1</A><A>2</A></xml>", Duplicate),
        ("<xml><A>1</B></xml>", Syntax),
        ("<xml><A>1</A>", Syntax),
        ("<xml><A><![CDATA[1]]</A></xml>", Syntax),
        ("<xml><A>1 & 2</A></xml>", Syntax),
        ("<?xml version=\"1.0\" encoding=\"GBK\"?><xml/>", NotUtf8),
        (deep.as_str(), TooDeep),
        (many.as_str(), TooMany),
        (long.as_str(), FieldTooLong),
        (large.as_str(), TooLarge),
    ] {
        assert_eq!(
            read(text).unwrap_err(),
            kind,
            "{}",
            &text[..text.len().min(60)]
        );
    }
    assert_eq!(
        parse(b"<xml><A>\xff</A></xml>", &MESSAGE_LIMITS),
        Err(NotUtf8.at(8))
    );
}

#[test]
fn documents_are_taken_up_to_each_limit() {
    use ParseErrorKind::*;
    let limits = MESSAGE_LIMITS;
    // The root counts as a level and as an element.
    let deep = |levels: usize| {
        let inner = levels - 1;
        format!("<xml>{}{}</xml>", "<a>".repeat(inner), "</a>".repeat(inner))
    };
    let many = |elements: usize| {
        let inner: String = (1..elements).map(|n| format!("<f{n}/>")).collect();
        format!("<xml>{inner}</xml>")
    };
    let long = |bytes: usize| format!("<xml><a>{}</a></xml>", "x".repeat(bytes));
    // Two texts, of which neither is too long: 25 bytes are elements.
    let large = |bytes: usize| {
        let [a, b] = [limits.field, bytes - limits.field - 25].map(|n| "x".repeat(n));
        format!("<xml><a>{a}</a><b>{b}</b></xml>")
    };
    for (at, beyond, kind) in [
        (deep(limits.depth), deep(limits.depth + 1), TooDeep),
        (many(limits.elements), many(limits.elements + 1), TooMany),
        (long(limits.field), long(limits.field + 1), FieldTooLong),
        (large(limits.body), large(limits.body + 1), TooLarge),
    ] {
        assert!(read(&at).is_ok(), "{kind:?}");
        assert_eq!(read(&beyond).unwrap_err(), kind);
    }
}

#[test]
fn offsets_count_from_the_start_of_the_body() {
    let text = "\u{feff}<xml><A>1</A><A>2</A></xml>";
    let error = parse(text.as_bytes(), &MESSAGE_LIMITS).unwrap_err();
    assert_eq!(error.at, text.find("<A>2").unwrap());
}

#[test]
fn layout_around_texts_is_no_part_of_them() {
    let fields = read(
        "<xml>\n  <A>\n    <![CDATA[ a ]]>\n  </A>\n  <B>\n    b c\n  </B>\n  \
         <C>\n<![CDATA[x]]> <![CDATA[y]]>\n</C><D> <![CDATA[]]> </D>\n</xml>",
    )
    .unwrap();
    assert_eq!(fields.get("A"), Some(" a "));
    assert_eq!(fields.get("B"), Some("b c"));
    assert_eq!(fields.get("C"), Some("x y"));
    assert_eq!(fields.get("D"), Some(""));
}

#[test]
fn lists_may_repeat_and_nested_names_too() {
    let fields = read("<xml><List><a>1</a></List><List><a>2</a><a>3</a></List></xml>").unwrap();
    assert_eq!(fields.groups("List").count(), 2);
}

#[test]
fn what_is_written_is_read_back() {
    let fields = Fields::new()
        .text("CreateTime", "17")
        .text("Content", "]]> a <b> & \u{0} ]]]]>>")
        .group("Info", Fields::new().text("Empty", ""));
    let back = read(&write(&fields)).unwrap();
    assert_eq!(back.get("Content"), Some("]]> a <b> &  ]]]]>>"));
    assert_eq!(back.get("Info.Empty"), Some(""));
    assert_eq!(back.get("CreateTime"), Some("17"));
}

#[test]
fn carriage_returns_given_as_references_are_written_as_references() {
    let fields = read("<xml><A>a&#13;b&#13;&#10;c</A><B><![CDATA[]]>&#13;</B></xml>").unwrap();
    assert_eq!(fields.get("A"), Some("a\rb\r\nc"));
    assert_eq!(fields.get("B"), Some("\r"));
    assert!(read(&write(&fields)).unwrap() == fields);
}
