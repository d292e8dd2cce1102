//! Where the login that is judged stands among the rows of other keys.

use smallvec::SmallVec;

use super::super::symbols::NONE;

/// Where the present login was last found among the rows of each kind of key: it is asked for several
/// times, and the next one of an account often stands right behind.
#[derive(Debug, Default)]
pub(super) struct Places(SmallVec<[(u32, usize); 4]>);

impl Places {
    /// The place of `row` among the `rows` of a group of the index `at`.
    #[inline]
    pub(super) fn of(&mut self, at: usize, group: u32, rows: &[u32], row: u32) -> Option<usize> {
        if self.0.len() <= at {
            self.0.resize(at + 1, (NONE, 0));
        }
        let (known, last) = &mut self.0[at];
        let near = *last..*last + 2;
        let stands = |place: &usize| rows.get(*place) == Some(&row);
        let found = match *known == group {
            true => near.into_iter().find(stands),
            false => None,
        };
        let place = match found {
            Some(place) => place,
            None => rows.binary_search(&row).ok()?,
        };
        (*known, *last) = (group, place);
        Some(place)
    }
}
