//! What all nodes over one expression share: they may stand wherever the expression may.

macro_rules! node {
    ($node:ident { $($field:ident),* }) => {
        impl<E, QS, const SLOT: usize> SelectableExpression<QS> for $node<E, SLOT>
        where
            E: SelectableExpression<QS>,
            Self: AppearsOnTable<QS>,
        {
        }

        impl<E, QS, const SLOT: usize> AppearsOnTable<QS> for $node<E, SLOT>
        where
            E: AppearsOnTable<QS>,
            Self: Expression,
        {
        }

        impl<E, G, const SLOT: usize> ValidGrouping<G> for $node<E, SLOT>
        where
            E: ValidGrouping<G>,
        {
            type IsAggregate = E::IsAggregate;
        }
    };
}

pub(super) use node;
