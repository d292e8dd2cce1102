//! CSV: comma, semicolon or tab, quoted where needed, with a header.
//!
//! A file is cut into pieces between records; threads read pieces side by side, and what they read is
//! put into the table piece after piece, so the table is the same for any number of threads.

use std::collections::VecDeque;
use std::io::BufRead;
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
    let delimiter = match mapping.delimiter() {
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
    let resolved = Resolved::new(&names, &mapping).map_err(|why| {
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
    if take(row.batch(&first), &mut line, pieces.given, reading)? {
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
            if !take(row.batch(&piece), line, pieces.given, reading)? {
                break;
            }
        }
        return Ok(());
    }
    std::thread::scope(|scope| {
        let readers: Vec<(SyncSender<Vec<u8>>, Receiver<Batch>)> = (0..threads)
            .map(|_| {
                let (give, pieces) = sync_channel::<Vec<u8>>(AHEAD);
                let (done, batches) = sync_channel(AHEAD);
                scope.spawn(move || {
                    for piece in pieces {
                        if done.send(row.batch(&piece)).is_err() {
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
                    batch.ok_or_else(|| {
                        Stop::Io(std::io::Error::other("a thread that reads stopped"))
                    })?
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
        }
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
        let mut piece = Vec::with_capacity(PIECE + self.left.len());
        piece.append(&mut self.left);
        let mut wanted = PIECE;
        loop {
            while piece.len() < wanted && !self.over {
                let buffer = self.stream.fill_buf()?;
                let n = buffer.len();
                piece.extend_from_slice(buffer);
                self.stream.consume(n);
                self.over = n == 0;
            }
            if self.over {
                self.given += piece.len() as u64;
                return Ok((!piece.is_empty()).then_some(piece));
            }
            let mut end = split::whole(&piece, self.delimiter);
            if end == 0 && piece.len() > PIECE + MAX_ROW_BYTES {
                // No row is that long: a quote without an end, or line breaks of old Macs.
                let old = memrchr(b'\r', &piece[..piece.len() - 1]);
                end = old.map_or(piece.len(), |at| at + 1);
                self.torn = old.is_none();
            }
            if end > 0 {
                self.left.extend_from_slice(&piece[end..]);
                piece.truncate(end);
                self.given += end as u64;
                return Ok(Some(piece));
            }
            wanted = piece.len() + MAX_ROW_BYTES;
        }
    }
}

/// The separator that stands most often in the first line.
fn delimiter_of(stream: &mut impl BufRead) -> Result<u8, Stop> {
    let buffer = stream.fill_buf()?;
    let line = buffer
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |wanted: u8| line.iter().filter(|byte| **byte == wanted).count();
    Ok([b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|delimiter| count(*delimiter))
        .unwrap_or(b','))
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::{MAX_COLUMNS, PIECE};
    use crate::backtest::input::mapping::Mapping;
    use crate::backtest::input::{Options, Reason, Watch, read_stream};
    use crate::backtest::needs::Columns;
    use crate::backtest::table::Table;

    /// Rows of three fields, the given ones with a quote that has no end; how many were lost and how many read.
    fn with_open_quotes(open: impl Fn(usize) -> bool) -> (u64, usize) {
        const ROWS: usize = 40_000;
        let mut text = "account,time,success\n".to_owned();
        for row in 0..ROWS {
            let quote = if open(row) { "\"" } else { "" };
            text.push_str(&format!("{quote}a{row},{},1\n", 1_767_225_600 + row));
        }
        let mut table = Table::new(Columns::all());
        let options = Options {
            max_unusable: 1.0,
            ..Options::default()
        };
        let read = read_stream("x", text.as_bytes(), &mut table, options, &Watch::default());
        let (report, _) = read.expect("it reads");
        let lost = report.reasons.values().map(|found| found.0).sum();
        (lost, table.len())
    }

    #[test]
    fn a_quote_too_many_costs_its_own_line_and_not_the_rest_of_the_file() {
        assert_eq!(with_open_quotes(|row| row == 50), (1, 39_999));
        assert_eq!(with_open_quotes(|row| row == 39_999), (1, 39_999));
        // One that another one closes is two lines at most.
        let (lost, read) = with_open_quotes(|row| row == 50 || row == 30_000);
        assert_eq!((lost, read), (2, 39_998));
        // Where they are many, each line they take along counts.
        let (lost, read) = with_open_quotes(|row| row % 500 == 0);
        assert_eq!(lost as usize + read, 40_000);
    }

    #[test]
    fn another_encoding_and_labels_nobody_can_read_are_told() {
        let read = |text: &[u8]| {
            let mut table = Table::new(Columns::all());
            let options = Options {
                mapping: Mapping::parse(
                    "[columns]\naccount = \"账号\"\ntime = \"时间\"\nsuccess = \"成功\"\n\
                          [labels]\nstolen = \"被盗\"\n",
                )
                .expect("a mapping"),
                max_unusable: 1.0,
                ..Options::default()
            };
            read_stream("x", text, &mut table, options, &Watch::default())
        };
        let text = "账号,时间,成功,被盗\na,1767225600,1,盗号\nb,1767225601,1,\nc,1767225602,1,是\n";
        let (report, _) = read(text.as_bytes()).expect("it reads");
        let told: Vec<_> = report
            .reasons
            .iter()
            .map(|(reason, found)| (*reason, found.0))
            .collect();
        assert_eq!(told, [(Reason::BadLabel, 1)]);
        // 账号,时间 as Excel writes them in China.
        let gbk = b"\xd5\xcb\xba\xc5,\xca\xb1\xbc\xe4\na,1767225600\n";
        let error = read(gbk)
            .map(|_| ())
            .expect_err("another encoding")
            .to_string();
        assert!(error.contains("CSV UTF-8"), "{error}");
    }

    #[test]
    fn places_not_on_earth_and_flags_nobody_can_read_are_left_out_and_told() {
        let csv = "account,time,success,lat,lon,legal,captcha\n\
                   a,1767225600,1,39.9,116.4,1,\na,1767225601,1,99,999,perhaps,x\n";
        let json = "{\"account\":\"a\",\"time\":1767225600,\"success\":true,\"place\":{\"lat\":99,\"lon\":1}}\n";
        for (text, expected) in [
            (csv, vec![(Reason::BadNumber, 2), (Reason::BadFlag, 2)]),
            (json, vec![(Reason::BadNumber, 1)]),
        ] {
            let mut table = Table::new(Columns::all());
            let options = Options {
                max_unusable: 1.0,
                ..Options::default()
            };
            let watch = Watch::default();
            let (report, _) =
                read_stream("x", text.as_bytes(), &mut table, options, &watch).expect("it reads");
            let told: Vec<_> = report
                .reasons
                .iter()
                .map(|(reason, found)| (*reason, found.0))
                .collect();
            assert_eq!(told, expected, "{text}");
            let last = table.len() as u32 - 1;
            assert_eq!(table.point(last), (None, None));
        }
    }

    #[test]
    fn the_end_of_a_row_that_is_too_long_is_no_row() {
        let long = "x".repeat(3 * PIECE);
        for quote in ["", "\""] {
            let text =
                format!("account,time,success\n{quote}{long},1767225600,1\nb,1767225601,1\n");
            for threads in [1, 3] {
                let mut table = Table::new(Columns::all());
                let options = Options {
                    max_unusable: 1.0,
                    threads,
                    ..Options::default()
                };
                let watch = Watch::default();
                // As a file comes: not all at once.
                let stream = BufReader::with_capacity(PIECE / 16, text.as_bytes());
                let read = read_stream("x", stream, &mut table, options, &watch);
                let (report, _) = read.expect("it reads");
                assert_eq!(table.len(), 1);
                assert_eq!(table.accounts.text(0), "b");
                assert_eq!(report.unusable(), 1);
                let samples = &report.reasons[&Reason::Syntax].1;
                assert_eq!(samples[0].line, 2);
            }
        }
    }

    #[test]
    fn a_header_of_more_columns_than_any_table_has_is_refused() {
        let read = |columns: usize| {
            let more: String = (3..columns).map(|at| format!(",c{at}")).collect();
            let text = format!("account,time,success{more}\n");
            let row = format!("a,1767225600,1{}\n", ",".repeat(columns - 3));
            let mut table = Table::new(Columns::all());
            let options = Options::default();
            let text = text + &row;
            let read = read_stream("x", text.as_bytes(), &mut table, options, &Watch::default());
            read.map(|_| table.len()).map_err(|error| error.to_string())
        };
        assert_eq!(read(MAX_COLUMNS), Ok(1));
        for columns in [MAX_COLUMNS + 1, 1_000_000] {
            let error = read(columns).expect_err("too many");
            assert!(error.starts_with("x: a header of ") && error.ends_with("16384 is the most"));
        }
    }

    #[test]
    fn blank_lines_count_as_lines() {
        let csv = "\n\naccount,time,success\na,x,1\n";
        let json = "\n\n\n{\"account\":\"a\",\"time\":\"x\",\"success\":true}\n";
        for text in [csv, json] {
            let mut table = Table::new(Columns::all());
            let read = read_stream(
                "x",
                text.as_bytes(),
                &mut table,
                Options {
                    max_unusable: 1.0,
                    ..Options::default()
                },
                &Watch::default(),
            );
            // What was wrong is told also when nothing is left.
            let error = read.map(|_| ()).expect_err("no login").to_string();
            assert!(error.contains("x:4 “x”"), "{error}");
        }
    }

    #[test]
    fn pieces_come_in_their_order_whoever_reads_them() {
        let mut text = "account,time,success,city\n".to_owned();
        let mut rows = 0_usize;
        while text.len() < 12 * PIECE {
            // Some rows hold a line break, some cannot be used.
            let (city, time) = match rows % 7 {
                0 => ("\"北\n京\"", "x"),
                1 => ("\"北\n京\"", "1767225600"),
                _ => ("", "1767225600"),
            };
            text += &format!("a{rows:07},{time},1,{city}\n");
            rows += 1;
        }
        let read = |threads: usize| {
            let mut table = Table::new(Columns::all());
            let options = Options {
                max_unusable: 1.0,
                threads,
                ..Options::default()
            };
            let watch = Watch::default();
            let (report, _) =
                read_stream("x", text.as_bytes(), &mut table, options, &watch).expect("it reads");
            (table, format!("{:?}", report.reasons))
        };
        let (one, told) = read(1);
        assert_eq!(one.len(), rows - rows.div_ceil(7));
        let names = (0..one.len() as u32).map(|row| one.accounts.text(row));
        assert!(names.is_sorted(), "in the order of the file");
        for threads in [2, 3, 5] {
            let (more, same) = read(threads);
            assert_eq!(same, told, "{threads} threads");
            assert_eq!(more.account, one.account, "{threads} threads");
            assert_eq!(more.time, one.time, "{threads} threads");
        }
    }
}
