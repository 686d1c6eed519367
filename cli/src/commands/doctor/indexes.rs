//! Indexes and guards that are missing, and what blind indexes show.

use diesel_encrypted::{
    Field,
    index::{BITS_MAX, BITS_MIN},
    sql::{self, PieceKind, tag_counts},
};

use super::{Findings, Level};
use crate::{
    catalogue::Names,
    exit::{Failure, Result},
    job::column_name,
    output::count,
    session::Session,
};

pub(super) fn look(session: &mut dyn Session, fields: &[&'static Field], findings: &mut Findings) -> Result<()> {
    let names = Names::of(session)?;
    let dialect = session.dialect();
    let pieces = sql::of_fields(fields.iter().copied(), dialect).pieces();
    for piece in pieces.map_err(|error| Failure::failed(error.to_string()))?.iter().filter(|piece| !names.has(piece)) {
        let what = match piece.kind {
            PieceKind::TagColumn => "generated column, without which searches fail",
            PieceKind::Index => "index, without which searches read the whole table",
            PieceKind::ClearIndex => "index, without which searches among rows in the clear read the whole table",
            _ => "guard, which refuses what is not sealed",
        };
        findings.add(
            Level::Warn,
            format!("{}.{}", piece.table, piece.column),
            format!("has no {what}, of the name {}: `sql --missing` prints it", piece.name),
        );
    }
    for field in fields {
        for (slot, index) in field.declared_indexes().iter().enumerate().filter(|(_, index)| !index.is_removed()) {
            let counts = session.numbers(&tag_counts(dialect, field, slot))?;
            if let Some((rows, tags, most)) = counts.first().copied().filter(|(rows, ..)| *rows > 0) {
                let about = format!("{}, index {}", column_name(field), index.name());
                findings.add(Level::Note, about, shows(rows, tags, most, index.bit_count()));
            }
        }
    }
    Ok(())
}

/// What whoever reads the table learns of equality.
fn shows(rows: i64, tags: i64, most: i64, bits: u8) -> String {
    let number = |number: i64| usize::try_from(number).unwrap_or_default();
    let seen =
        format!("{} with {}, the most frequent in {}", count(number(rows), "row"), different(number(tags)), most);
    let advice = match (bits, suggested(rows)) {
        (_, None) => "; there are too few rows for shorter tags to hide any".to_owned(),
        (BITS_MAX, Some((least, greatest))) => format!(
            "; all {BITS_MAX} bits show which values are equal. With {least} to {greatest} bits others would stand beside \
             them, and the application sorts them out"
        ),
        (bits, Some((least, greatest))) if bits > greatest => {
            format!("; {bits} bits hide little among so many rows: {least} to {greatest} would do")
        }
        (bits, Some((least, greatest))) if bits < least => {
            format!("; {bits} bits make searches read many rows: {least} to {greatest} would do")
        }
        (bits, _) => format!("; {bits} bits suit so many rows"),
    };
    seen + &advice
}

fn different(tags: usize) -> String {
    match tags {
        1 => "one and the same tag".to_owned(),
        tags => format!("{tags} different tags"),
    }
}

/// The numbers of bits for which 2 ≤ rows / 2^bits < √rows: some other rows share a tag, and not too many.
fn suggested(rows: i64) -> Option<(u8, u8)> {
    let fits = |bits: &u8| {
        let share = rows >> bits;
        // share < √rows, without a root: rows < 2^(2 bits).
        share >= 2 && rows < 1_i64.checked_shl(2 * u32::from(*bits)).filter(|power| *power > 0).unwrap_or(i64::MAX)
    };
    let fitting: Vec<u8> = (BITS_MIN..63).filter(fits).collect();
    Some((*fitting.first()?, *fitting.last()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_suggested_for_which_rows_share_tags_and_not_too_many() {
        for (rows, expected) in
            [(0, None), (511, None), (512, Some((8, 8))), (1_000_000, Some((10, 18))), (10_000_000, Some((12, 22)))]
        {
            assert_eq!(suggested(rows), expected, "{rows}");
            let Some((least, greatest)) = suggested(rows) else { continue };
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            for bits in least..=greatest {
                let share = rows as f64 / 2_f64.powi(bits.into());
                assert!((2.0..(rows as f64).sqrt()).contains(&share), "{rows} {bits}");
            }
        }
    }
}
