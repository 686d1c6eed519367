//! Values of one type that are bound as one, where a database has arrays: PostgreSQL.

#[cfg(any(feature = "sqlite", feature = "mysql"))]
use diesel::result::Error as DieselError;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
use diesel::{
    QueryResult,
    query_builder::{AstPass, QueryFragment},
};

/// The values.
#[derive(Clone, Debug)]
pub enum Array {
    /// `bytea[]`
    Bytes(Vec<Vec<u8>>),
    /// `text[]`
    Texts(Vec<String>),
    /// `bigint[]`
    Numbers(Vec<i64>),
}

#[cfg(feature = "postgres")]
impl QueryFragment<diesel::pg::Pg> for Array {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, diesel::pg::Pg>) -> QueryResult<()> {
        use diesel::sql_types;

        match self {
            Self::Bytes(values) => out.push_bind_param::<sql_types::Array<sql_types::Binary>, _>(values),
            Self::Texts(values) => out.push_bind_param::<sql_types::Array<sql_types::Text>, _>(values),
            Self::Numbers(values) => out.push_bind_param::<sql_types::Array<sql_types::BigInt>, _>(values),
        }
    }
}

macro_rules! without_arrays {
    ($feature:literal, $backend:ty) => {
        #[cfg(feature = $feature)]
        impl QueryFragment<$backend> for Array {
            fn walk_ast<'b>(&'b self, _: AstPass<'_, 'b, $backend>) -> QueryResult<()> {
                Err(DieselError::QueryBuilderError("this database has no arrays".into()))
            }
        }
    };
}

without_arrays!("sqlite", diesel::sqlite::Sqlite);
without_arrays!("mysql", diesel::mysql::Mysql);
