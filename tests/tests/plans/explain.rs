//! Reading the plan of a statement: of the very one that Diesel sends, and of one that was prepared for any values.

use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::{QueryResult, RunQueryDsl};
use diesel_encrypted_tests::backend::Backend;

/// What a plan reads, and by what.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The indexes that it looks something up in, by name.
    pub(crate) indexes: Vec<String>,
    /// The tables or indexes that it reads from one end to the other.
    pub(crate) scanned: Vec<String>,
    /// As the database says it.
    pub(crate) text: String,
}

/// A backend whose plans can be read.
pub(crate) trait Explained: Backend {
    /// Brings the statistics up to date that plans are made from.
    const ANALYZE: &str;

    /// The plan of `query` as Diesel sends it, with its parameters.
    fn plan(&mut self, query: &dyn QueryFragment<Self::Backend>) -> Plan;

    /// The plan of `query` prepared by its SQL, made without knowing a parameter. On SQLite and MySQL each statement of
    /// Diesel's is prepared, and there is no other plan.
    fn plan_for_any_value(&mut self, query: &dyn QueryFragment<Self::Backend>) -> Plan {
        self.plan(query)
    }
}

/// `EXPLAIN` of a query, which gives rows of `ST`.
struct Explain<'q, Q, ST> {
    words: &'static str,
    query: &'q Q,
    row: std::marker::PhantomData<ST>,
}

impl<'q, Q, ST> Explain<'q, Q, ST> {
    fn new(words: &'static str, query: &'q Q) -> Self {
        Self { words, query, row: std::marker::PhantomData }
    }
}

impl<DB: diesel::backend::Backend, Q: QueryFragment<DB>, ST> QueryFragment<DB> for Explain<'_, Q, ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(self.words);
        self.query.walk_ast(out)
    }
}

impl<Q, ST> QueryId for Explain<'_, Q, ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q, ST> Query for Explain<'_, Q, ST> {
    type SqlType = ST;
}

impl<Q, ST, C> RunQueryDsl<C> for Explain<'_, Q, ST> {}

impl Explained for diesel::SqliteConnection {
    const ANALYZE: &str = "ANALYZE";

    fn plan(&mut self, query: &dyn QueryFragment<Self::Backend>) -> Plan {
        use diesel::sql_types::{Integer, Text};

        let explain = Explain::<_, (Integer, Integer, Integer, Text)>::new("EXPLAIN QUERY PLAN ", &query);
        let mut plan = Plan::default();
        for (_, _, _, step) in explain.load::<(i32, i32, i32, String)>(self).unwrap() {
            let words: Vec<&str> = step.split(' ').collect();
            let index = words.iter().position(|word| *word == "INDEX").and_then(|at| words.get(at + 1));
            match (words.as_slice(), index) {
                (["SEARCH", ..], Some(index)) if !step.contains("AUTOMATIC") => plan.indexes.push((*index).to_owned()),
                (["SEARCH", ..], None) if step.contains("INTEGER PRIMARY KEY") => {}
                (["SEARCH" | "SCAN", scanned, ..], _) => plan.scanned.push((*scanned).to_owned()),
                _ => {}
            }
            plan.text += &format!("{step}\n");
        }
        plan
    }
}

#[cfg(feature = "postgres")]
impl Explained for diesel::PgConnection {
    const ANALYZE: &str = "ANALYZE";

    fn plan(&mut self, query: &dyn QueryFragment<Self::Backend>) -> Plan {
        let text =
            Explain::<_, diesel::sql_types::Text>::new("EXPLAIN (FORMAT JSON) ", &query).get_result(self).unwrap();
        postgres_plan(text)
    }

    fn plan_for_any_value(&mut self, query: &dyn QueryFragment<Self::Backend>) -> Plan {
        use diesel::connection::SimpleConnection;

        let printed = diesel::debug_query::<diesel::pg::Pg, _>(&query).to_string();
        let (sql, _) = printed.split_once(" -- binds").unwrap();
        self.batch_execute("SET plan_cache_mode = force_generic_plan").unwrap();
        self.batch_execute(&format!("PREPARE search AS {sql}")).unwrap();
        let values = vec!["NULL"; sql.matches('$').count()].join(", ");
        let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE search({values})");
        let text: String = diesel::dsl::sql::<diesel::sql_types::Text>(&explain).get_result(self).unwrap();
        self.batch_execute("DEALLOCATE search; RESET plan_cache_mode").unwrap();
        assert!(sql.contains('$') && !text.contains("NULL"), "a plan for any value names its parameters: {text}");
        postgres_plan(text)
    }
}

#[cfg(feature = "postgres")]
fn postgres_plan(text: String) -> Plan {
    let mut plan = Plan::default();
    each_object(&serde_json::from_str(&text).unwrap(), &mut |node| {
        let named = |key: &str| node.get(key).and_then(|name| name.as_str()).map(str::to_owned);
        let looked_up = node.contains_key("Index Cond");
        match named("Node Type").as_deref() {
            Some("Index Scan" | "Index Only Scan" | "Bitmap Index Scan") if looked_up => {
                plan.indexes.extend(named("Index Name"));
            }
            Some("Index Scan" | "Index Only Scan" | "Bitmap Index Scan") => plan.scanned.extend(named("Index Name")),
            Some("Seq Scan") => plan.scanned.extend(named("Relation Name")),
            _ => {}
        }
    });
    Plan { text, ..plan }
}

#[cfg(feature = "mysql")]
impl Explained for diesel::MysqlConnection {
    const ANALYZE: &str = "ANALYZE TABLE people, letters";

    /// By the lines that name a table, how it is read, and by what: MariaDB also writes the tags there, byte by byte, so
    /// that it is not always JSON.
    fn plan(&mut self, query: &dyn QueryFragment<Self::Backend>) -> Plan {
        let explain = Explain::<_, diesel::sql_types::Binary>::new("EXPLAIN FORMAT=JSON ", &query);
        let text: Vec<u8> = explain.get_result(self).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        let mut plan = Plan::default();
        let (mut table, mut is_scan) = (String::new(), false);
        for line in text.lines() {
            let Some((key, value)) = line.trim().split_once(": ") else { continue };
            let value = value.trim_matches([',', '"']).to_owned();
            match key {
                "\"table_name\"" => table = value,
                "\"access_type\"" => {
                    is_scan = matches!(value.as_str(), "ALL" | "index");
                    if is_scan {
                        plan.scanned.push(table.clone());
                    }
                }
                "\"key\"" if !is_scan => plan.indexes.push(value),
                _ => {}
            }
        }
        Plan { text, ..plan }
    }
}

/// Each object of `json`, however deep.
#[cfg(feature = "postgres")]
fn each_object(json: &serde_json::Value, visit: &mut impl FnMut(&serde_json::Map<String, serde_json::Value>)) {
    match json {
        serde_json::Value::Array(items) => items.iter().for_each(|item| each_object(item, visit)),
        serde_json::Value::Object(object) => {
            visit(object);
            object.values().for_each(|value| each_object(value, visit));
        }
        _ => {}
    }
}
