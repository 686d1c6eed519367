//! `ON CONFLICT` by a unique index on a slot.

use diesel::expression::SqlLiteral;
use diesel::query_source::Column;
use diesel::sql_types::Untyped;

use super::dialect;
use crate::column::StoredAs;

/// `column.blind_conflict_target()`: the expression of the unique index, as SQL. Diesel takes no other expression there.
pub type BlindConflictTarget = SqlLiteral<Untyped>;

pub(super) fn target<C>(slot: usize) -> BlindConflictTarget
where
    C: Column,
    C::SqlType: StoredAs,
{
    let place = dialect::place(super::storage::<C>(), slot);
    diesel::dsl::sql(&format!("(substr({}{place})", super::quoted::<C>()))
}
