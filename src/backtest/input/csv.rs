//! CSV: comma, semicolon, tab or bar, quoted where needed, with a header; before that perhaps `sep=;`, as Excel has it.
//!
//! A file is cut into pieces between records; threads read pieces side by side, and what they read is
//! put into the table piece after piece, so the table is the same for any number of threads.

use std::collections::VecDeque;
use std::io::{BufRead, ErrorKind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use memchr::{memchr, memrchr};

use super::batch::{Batch, Row};
use super::header::{MAX_COLUMNS, Resolved, Unresolved};
use super::split::{self, MAX_ROW_BYTES, Records};
use super::{InputError, Reading, Stop};
use crate::lang::eval::sanitise;

/// Characters shown of a header.
const MAX_HEADER: usize = 2_000;
/// Bytes of a piece, about.
const PIECE: usize = 1 << 20;
/// Pieces under way for each thread that reads.
const AHEAD: usize = 2;
/// Pieces read ahead by the thread that fills the table, while it would wait for the others.
const OWN: usize = 2;
/// Accounts looked for side by side before their logins are put into the table.
const TOUCHED: usize = 32;
/// Threads that read pieces: more would wait for the one that fills the table.
const READERS: usize = 4;

/// `blank` lines were read before.
pub(super) fn read(
    stream: &mut impl BufRead,
    blank: u64,
    reading: &mut Reading<'_, '_>,
) -> Result<&'static str, Stop> {
    let mapping = reading.options.mapping.clone();
    let told = separator(stream)?;
    let blank = blank + u64::from(told.is_some());
    let delimiter = match mapping.delimiter().or(told) {
        Some(delimiter) => delimiter,
        None => delimiter_of(stream)?,
    };
    let mut pieces = Pieces::new(stream, delimiter);
    let Some(mut first) = pieces.next()? else {
        return Ok("empty");
    };
    let (header, after, lines) = header(&first, delimiter).map_err(|columns| {
        let path = reading.file.clone();
        Stop::Error(InputError::Columns { path, columns })
    })?;
    first.drain(..after);
    if header
        .iter()
        .any(|name| name.contains(char::REPLACEMENT_CHARACTER))
    {
        let path = reading.file.clone();
        return Err(Stop::Error(InputError::Encoding { path }));
    }
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    let resolved = Resolved::new(&names, &mapping, reading.options.labels_only).map_err(|why| {
        let path = reading.file.clone();
        let header = sanitise(&names.join(", "), MAX_HEADER, false);
        Stop::Error(match why {
            Unresolved::Missing(field) => InputError::Column {
                path,
                field,
                header,
            },
            Unresolved::Twice(name) => InputError::TwoColumns {
                path,
                name: sanitise(&name, MAX_HEADER, false),
                header,
            },
        })
    })?;
    let format = if resolved.rba {
        "CSV (RBA data set)"
    } else {
        "CSV"
    };
    reading.numbered = resolved.rba;
    let row = Row::new(&resolved, &mapping, header.len(), delimiter, reading)?;
    // The first line of what comes next, from 1.
    let mut line = 1 + blank + lines;
    let batch = row.batch(&first);
    pieces.again(first);
    if take(batch, &mut line, pieces.given, reading)? {
        rest(&mut pieces, &row, &mut line, reading)?;
    }
    Ok(format)
}

/// The names in a header, and the bytes and line breaks it takes; the error is how many they are, when too many.
fn header(bytes: &[u8], delimiter: u8) -> Result<(Vec<String>, usize, u64), usize> {
    let mut records = Records::new(bytes, delimiter);
    records.next();
    if records.width() > MAX_COLUMNS {
        return Err(records.width());
    }
    let names = (0..records.width())
        .map(|at| String::from_utf8_lossy(records.get(at)).trim().to_owned())
        .collect();
    Ok((names, records.rest(), records.lines()))
}

/// Where the batch of a piece comes from.
enum Source {
    /// From the next reader in turn.
    Reader,
    /// It was read here.
    Here(Box<Batch>),
}

/// Pieces go to a reader here, and what it read of each comes back with the piece.
type Reader = (SyncSender<Vec<u8>>, Receiver<(Batch, Vec<u8>)>);

/// Reads all pieces after the first.
fn rest<R: BufRead>(
    pieces: &mut Pieces<'_, R>,
    row: &Row,
    line: &mut u64,
    reading: &mut Reading<'_, '_>,
) -> Result<(), Stop> {
    let threads = reading.options.threads.saturating_sub(1).min(READERS);
    if threads == 0 {
        while let Some(piece) = pieces.next()? {
            let batch = row.batch(&piece);
            pieces.again(piece);
            if !take(batch, line, pieces.given, reading)? {
                break;
            }
        }
        return Ok(());
    }
    std::thread::scope(|scope| {
        let readers: Vec<Reader> = (0..threads)
            .map(|_| {
                let (give, pieces) = sync_channel::<Vec<u8>>(AHEAD);
                let (done, batches) = sync_channel(AHEAD);
                scope.spawn(move || {
                    for piece in pieces {
                        if done.send((row.batch(&piece), piece)).is_err() {
                            break;
                        }
                    }
                });
                (give, batches)
            })
            .collect();
        let mut order: VecDeque<Source> = VecDeque::new();
        let (mut given, mut taken, mut own, mut more) = (0, 0, 0, true);
        loop {
            if more && given - taken < threads * AHEAD {
                match pieces.next()? {
                    Some(piece) => {
                        // Fails only when the reader panicked: then its batch will be missing below.
                        let _ = readers[given % threads].0.send(piece);
                        order.push_back(Source::Reader);
                        given += 1;
                    }
                    None => more = false,
                }
                continue;
            }
            let batch = match order.pop_front() {
                None => return Ok(()),
                Some(Source::Here(batch)) => {
                    own -= 1;
                    *batch
                }
                Some(Source::Reader) => {
                    let batches = &readers[taken % threads].1;
                    let batch = match batches.try_recv() {
                        // Rather than wait, this thread reads a piece itself.
                        Err(TryRecvError::Empty) if more && own < OWN => {
                            order.push_front(Source::Reader);
                            match pieces.next()? {
                                Some(piece) => {
                                    order.push_back(Source::Here(Box::new(row.batch(&piece))));
                                    pieces.again(piece);
                                    own += 1;
                                }
                                None => more = false,
                            }
                            continue;
                        }
                        Err(TryRecvError::Empty) => batches.recv().ok(),
                        found => found.ok(),
                    };
                    taken += 1;
                    let (batch, piece) = batch.ok_or_else(|| {
                        Stop::Io(std::io::Error::other("a thread that reads stopped"))
                    })?;
                    pieces.again(piece);
                    batch
                }
            };
            if !take(batch, line, pieces.given, reading)? {
                return Ok(());
            }
        }
    })
}

/// Puts what was read of a piece into the table; `false` when reading shall stop. So far `given` bytes
/// were cut into pieces.
fn take(
    batch: Batch,
    line: &mut u64,
    given: u64,
    reading: &mut Reading<'_, '_>,
) -> Result<bool, Stop> {
    reading.make_room(batch.len(), batch.bytes, given);
    for note in &batch.notes {
        reading.note(note.lost(), *line + note.line);
    }
    let mut accounts = batch.accounts();
    for (number, (at, login)) in batch.logins().enumerate() {
        if number.is_multiple_of(TOUCHED) {
            accounts
                .by_ref()
                .take(TOUCHED)
                .for_each(|account| reading.table.accounts.touch(account.as_bytes()));
        }
        reading.push(login, *line + at)?;
    }
    *line += batch.lines;
    let rows = reading.table.len() as u64;
    reading.watch.rows.store(rows, Ordering::Relaxed);
    if reading.watch.stopped() {
        reading.stop_at(line.saturating_sub(1));
    }
    Ok(!reading.report.stopped)
}

/// A stream cut between records.
struct Pieces<'s, R> {
    stream: &'s mut R,
    delimiter: u8,
    /// What was read behind the last whole record.
    left: Vec<u8>,
    over: bool,
    /// The last piece ended within a row too long to be one: its end is none either.
    torn: bool,
    /// Bytes handed out.
    given: u64,
    /// Pieces that were read, for their room.
    spare: Vec<Vec<u8>>,
}

impl<'s, R: BufRead> Pieces<'s, R> {
    fn new(stream: &'s mut R, delimiter: u8) -> Self {
        Self {
            stream,
            delimiter,
            left: Vec::new(),
            over: false,
            torn: false,
            given: 0,
            spare: Vec::new(),
        }
    }

    /// Takes a piece back that was read.
    fn again(&mut self, piece: Vec<u8>) {
        self.spare.push(piece);
    }

    /// Fills `piece` up to its end, from `from` on; how many bytes it has then. Large reads go past the
    /// stream's own buffer.
    fn fill(&mut self, piece: &mut [u8], from: usize) -> Result<usize, Stop> {
        let mut at = from;
        while at < piece.len() && !self.over {
            match self.stream.read(&mut piece[at..]) {
                Ok(n) => {
                    self.over = n == 0;
                    at += n;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(at)
    }

    fn next(&mut self) -> Result<Option<Vec<u8>>, Stop> {
        while self.torn {
            let buffer = self.stream.fill_buf()?;
            let end = memchr(b'\n', buffer);
            let n = end.unwrap_or(buffer.len());
            self.torn = end.is_none() && n > 0;
            self.stream.consume(n);
            self.given += n as u64;
        }
        let mut piece = self.spare.pop().unwrap_or_default();
        let mut has = self.left.len();
        let mut wanted = PIECE.max(has);
        // What lies in a piece from before is written over; nothing need be zero.
        piece.resize(wanted.max(piece.len()), 0);
        piece[..has].copy_from_slice(&self.left);
        self.left.clear();
        loop {
            piece.resize(wanted.max(piece.len()), 0);
            has = self.fill(&mut piece[..wanted], has)?;
            if self.over {
                piece.truncate(has);
                self.given += has as u64;
                return Ok((has > 0).then_some(piece));
            }
            let mut end = split::whole(&piece[..has], self.delimiter);
            if end == 0 && has > PIECE + MAX_ROW_BYTES {
                // No row is that long: a quote without an end, or line breaks of old Macs.
                let old = memrchr(b'\r', &piece[..has - 1]);
                end = old.map_or(has, |at| at + 1);
                self.torn = old.is_none();
            }
            if end > 0 {
                self.left.extend_from_slice(&piece[end..has]);
                piece.truncate(end);
                self.given += end as u64;
                return Ok(Some(piece));
            }
            wanted = has + MAX_ROW_BYTES;
        }
    }
}

/// The separator a first line `sep=;` names, which is taken out of the stream.
fn separator(stream: &mut impl BufRead) -> Result<Option<u8>, Stop> {
    let [
        b's' | b'S',
        b'e' | b'E',
        b'p' | b'P',
        b'=',
        separator,
        rest @ ..,
    ] = stream.fill_buf()?
    else {
        return Ok(None);
    };
    let separator = *separator;
    let end = match rest {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => return Ok(None),
    };
    stream.consume(b"sep=;".len() + end);
    Ok(Some(separator).filter(|separator| !b"\"\r\n".contains(separator)))
}

/// The separator that stands most often in the first line.
fn delimiter_of(stream: &mut impl BufRead) -> Result<u8, Stop> {
    let buffer = stream.fill_buf()?;
    let line = buffer
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |wanted: u8| line.iter().filter(|byte| **byte == wanted).count();
    Ok([b',', b';', b'\t', b'|']
        .into_iter()
        .rev()
        .max_by_key(|delimiter| count(*delimiter))
        .unwrap_or(b','))
}

#[cfg(test)]
mod tests;
