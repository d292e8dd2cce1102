//! A strict reader for the platform's XML, and the writer's escaping.
//!
//! One pass of quick-xml's events into [`Fields`]. Refused, each with its byte offset: document
//! types, processing instructions, attributes, entities beyond XML's five, a second root, mixed
//! content, duplicate envelope fields, and whatever exceeds the [`Limits`]. No entity is ever
//! expanded and nothing is fetched.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};

use super::fields::{Field, Fields, Limits, ParseError, ParseErrorKind, Value, named};

const BOM: &str = "\u{feff}";
const ROOT: &str = "xml";
/// Room for what is written, bytes: enough for the usual reply.
const ROOM: usize = 512;
/// Room for the elements of the root: enough for the usual message.
const FIELDS_ROOM: usize = 8;

/// Reads one `<xml>` document; the result holds the root's elements.
pub fn parse(body: &[u8], limits: &Limits) -> Result<Fields, ParseError> {
    if body.len() > limits.body {
        return Err(ParseErrorKind::TooLarge.at(limits.body));
    }
    let text = std::str::from_utf8(body)
        .map_err(|error| ParseErrorKind::NotUtf8.at(error.valid_up_to()))?;
    let bare = text.strip_prefix(BOM).unwrap_or(text);
    let skipped = text.len() - bare.len();
    if !is_plainly_legal(bare)
        && let Some((at, _)) = bare.char_indices().find(|(_, c)| !is_xml_char(*c))
    {
        return Err(ParseErrorKind::IllegalCharacter.at(skipped + at));
    }
    Builder::new(bare, *limits)
        .run()
        .map_err(|error| error.kind.at(error.at + skipped))
}

/// Writes `text` as CDATA, splitting `]]>` so that it cannot end the section, and leaving out
/// characters XML 1.0 forbids.
pub fn push_cdata(out: &mut String, text: &str) {
    out.push_str("<![CDATA[");
    if is_plainly_legal(text) && !may_end_cdata(text) {
        out.push_str(text);
    } else {
        let legal: String = text.chars().filter(|c| is_xml_char(*c)).collect();
        out.push_str(&legal.replace("]]>", "]]]]><![CDATA[>"));
    }
    out.push_str("]]>");
}

/// Writes the element of a text field: most as `<name><![CDATA[text]]></name>`.
pub(super) fn push_text(out: &mut String, name: &str, text: &str) {
    push_tag(out, "<", name);
    match is_number(name, text) {
        true => out.push_str(text),
        false => push_exact(out, text),
    }
    push_tag(out, "</", name);
}

fn push_tag(out: &mut String, open: &str, name: &str) {
    out.push_str(open);
    out.push_str(name);
    out.push('>');
}

/// Writes `fields` as the elements of an `<xml>` document.
pub fn write(fields: &Fields) -> String {
    document(|out| write_fields(out, fields))
}

/// An `<xml>` document of what `inner` writes.
pub(super) fn document(inner: impl FnOnce(&mut String)) -> String {
    let mut out = String::with_capacity(ROOM);
    out.push_str("<xml>");
    inner(&mut out);
    out.push_str("</xml>");
    out
}

/// Whether XML 1.0 allows the character.
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Whether a look at the bytes shows that all characters are legal: no control characters, and none of the
/// last 64 below U+10000, of which two are illegal and the others rare.
fn is_plainly_legal(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Without a way out in the middle, so that many bytes are looked at in one step.
    let control = bytes.iter().fold(false, |odd, &byte| {
        odd | (byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r'))
    });
    let next = bytes.iter().skip(1);
    let late = (bytes.iter().zip(next)).fold(false, |odd, (&first, &second)| {
        odd | ((first == 0xef) & (second == 0xbf))
    });
    !(control | late)
}

/// Whether a look at the bytes does not rule out `]]>`: a substring search is dearer than most texts.
fn may_end_cdata(text: &str) -> bool {
    text.as_bytes().contains(&b']') && text.contains("]]>")
}

fn write_fields(out: &mut String, fields: &Fields) {
    for Field { name, value } in fields.iter() {
        match value {
            Value::Text(text) => push_text(out, name, text),
            Value::Fields(inner) => {
                push_tag(out, "<", name);
                write_fields(out, inner);
                push_tag(out, "</", name);
            }
        }
    }
}

/// As [`push_cdata`], with carriage returns as references: every reader takes a bare one for a line feed.
fn push_exact(out: &mut String, text: &str) {
    if !text.as_bytes().contains(&b'\r') {
        return push_cdata(out, text);
    }
    for (nth, piece) in text.split('\r').enumerate() {
        if nth > 0 {
            out.push_str("&#13;");
        }
        push_cdata(out, piece);
    }
}

/// The platform sends these without CDATA.
fn is_number(name: &str, text: &str) -> bool {
    let numeric = matches!(
        name,
        "CreateTime"
            | "MsgId"
            | "MsgID"
            | "Location_X"
            | "Location_Y"
            | "Scale"
            | "Latitude"
            | "Longitude"
            | "Precision"
            | "MenuId"
            | "Count"
            | "ArticleCount"
            | "Idx"
            | "TimeStamp"
    );
    numeric
        && !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
}

/// An element that has been opened and not closed.
struct Open {
    name: Cow<'static, str>,
    text: String,
    /// Bytes of white space outside CDATA at the text's beginning and at its end.
    edges: (usize, usize),
    /// It has a CDATA section: that is its text, white space around it is layout.
    cdata: bool,
    /// CDATA is content even if it is white space.
    has_content: bool,
    fields: Fields,
}

impl Open {
    /// The text without the layout around it: pretty-printers put line breaks around CDATA and
    /// around plain text alike.
    fn text(text: String, cdata: bool, edges: (usize, usize)) -> String {
        let bare = if cdata {
            let inner = text.get(edges.0..text.len() - edges.1);
            inner.unwrap_or_default()
        } else {
            text.trim_ascii()
        };
        match bare.len() == text.len() {
            true => text,
            false => bare.to_owned(),
        }
    }
}

struct Builder<'a> {
    reader: Reader<&'a [u8]>,
    limits: Limits,
    stack: Vec<Open>,
    elements: usize,
    root: Option<Fields>,
    at: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, limits: Limits) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_comments = true;
        config.check_end_names = true;
        Self {
            reader,
            limits,
            stack: Vec::with_capacity(limits.depth),
            elements: 0,
            root: None,
            at: 0,
        }
    }

    fn run(mut self) -> Result<Fields, ParseError> {
        let mut first = true;
        loop {
            self.at = position(self.reader.buffer_position());
            let event = self
                .reader
                .read_event()
                .map_err(|_| ParseErrorKind::Syntax.at(position(self.reader.error_position())))?;
            match event {
                Event::Start(start) => {
                    if !start.attributes_raw().trim().is_empty() {
                        return Err(self.error(ParseErrorKind::Attribute));
                    }
                    let name = start.name();
                    self.open(name.as_ref())?;
                }
                // `expand_empty_elements` turns these into Start and End.
                Event::Empty(_) => return Err(self.error(ParseErrorKind::Syntax)),
                Event::End(_) => self.close()?,
                Event::Text(text) => self.append(&text.xml10_content(), false)?,
                Event::CData(text) => {
                    self.append(&text.xml10_content(), true)?;
                    if let Some(element) = self.stack.last_mut() {
                        element.cdata = true;
                    }
                }
                Event::GeneralRef(reference) => {
                    let c =
                        resolve(&reference).ok_or_else(|| self.error(ParseErrorKind::Entity))?;
                    self.append(c.encode_utf8(&mut [0; 4]), true)?;
                }
                Event::Comment(_) => {}
                Event::Decl(declaration) => {
                    let utf8 = match declaration.encoding() {
                        None => true,
                        Some(Ok(name)) => {
                            name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("utf8")
                        }
                        Some(Err(_)) => return Err(self.error(ParseErrorKind::Syntax)),
                    };
                    if !utf8 {
                        return Err(self.error(ParseErrorKind::NotUtf8));
                    }
                    if !first {
                        return Err(self.error(ParseErrorKind::Instruction));
                    }
                }
                Event::PI(_) => return Err(self.error(ParseErrorKind::Instruction)),
                Event::DocType(_) => return Err(self.error(ParseErrorKind::Doctype)),
                Event::Eof => break,
            }
            first = false;
        }
        if !self.stack.is_empty() {
            return Err(self.error(ParseErrorKind::Syntax));
        }
        let at = self.at;
        self.root.ok_or_else(|| ParseErrorKind::Root.at(at))
    }

    fn open(&mut self, name: &str) -> Result<(), ParseError> {
        match self.stack.last() {
            None if self.root.is_some() || name != ROOT => {
                return Err(self.error(ParseErrorKind::Root));
            }
            Some(parent) if parent.has_content => return Err(self.error(ParseErrorKind::Mixed)),
            Some(parent) if self.stack.len() == 1 && !parent.fields.admits_at_root(name) => {
                return Err(self.error(ParseErrorKind::Duplicate));
            }
            _ => {}
        }
        if self.stack.len() >= self.limits.depth {
            return Err(self.error(ParseErrorKind::TooDeep));
        }
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(self.error(ParseErrorKind::TooMany));
        }
        self.stack.push(Open {
            name: named(name),
            text: String::new(),
            edges: (0, 0),
            cdata: false,
            has_content: false,
            fields: match self.stack.is_empty() {
                true => Fields::with_room(FIELDS_ROOM),
                false => Fields::new(),
            },
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), ParseError> {
        let Some(element) = self.stack.pop() else {
            return Err(self.error(ParseErrorKind::Syntax));
        };
        match self.stack.last_mut() {
            None if element.has_content => return Err(self.error(ParseErrorKind::Mixed)),
            None => self.root = Some(element.fields),
            Some(parent) => {
                let value = if element.fields.is_empty() {
                    Value::Text(Open::text(element.text, element.cdata, element.edges))
                } else {
                    Value::Fields(element.fields)
                };
                parent.fields.push_named(element.name, value);
            }
        }
        Ok(())
    }

    /// Adds text to the open element; white space outside CDATA is no content.
    fn append(&mut self, text: &str, explicit: bool) -> Result<(), ParseError> {
        let content = explicit || !text.trim_ascii().is_empty();
        let limit = self.limits.field;
        let kind = match self.stack.last_mut() {
            None if content => ParseErrorKind::Root,
            None => return Ok(()),
            Some(element) if content && !element.fields.is_empty() => ParseErrorKind::Mixed,
            Some(element) if element.text.len() + text.len() > limit => {
                ParseErrorKind::FieldTooLong
            }
            Some(element) => {
                let space = if content { 0 } else { text.len() };
                if !element.has_content {
                    element.edges.0 += space;
                }
                element.edges.1 = if content { 0 } else { element.edges.1 + space };
                match element.text.is_empty() {
                    // Most texts are one piece, and take its room.
                    true => element.text = text.to_owned(),
                    false => element.text.push_str(text),
                }
                element.has_content |= content;
                return Ok(());
            }
        };
        Err(self.error(kind))
    }

    fn error(&self, kind: ParseErrorKind) -> ParseError {
        kind.at(self.at)
    }
}

fn position(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    if reference.is_char_ref() {
        let c = reference.resolve_char_ref().ok()??;
        return is_xml_char(c).then_some(c);
    }
    match reference.as_ref() {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
