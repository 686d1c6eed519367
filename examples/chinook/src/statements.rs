//! Takes a script for a server apart into its statements.
//!
//! A script is written for the command-line client of its database, which reads more than SQL and sends one statement at
//! a time. So this reads as the client does: a semicolon in a text, a quoted name or a comment ends nothing.
//!
//! psql knows `E'..'`, `$tag$..$tag$`, comments within comments, and commands that begin with a backslash; mysql knows
//! backslashes in every text, names between backticks, and comments after `#`.

use std::iter;

use crate::Result;
use crate::address::Server;

/// A statement without its semicolon, and the line it begins on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Statement<'s> {
    pub(crate) line: usize,
    pub(crate) sql: &'s str,
}

/// The statements of a script, and what psql was to do besides: the client's own `\c`.
pub(crate) fn split(script: &str, rules: Server) -> Result<Vec<Statement<'_>>> {
    let mut statements = Vec::new();
    let mut rest = script;
    loop {
        rest = after_blank(rest, rules)?;
        if rest.is_empty() {
            return Ok(statements);
        }
        let line = 1 + newlines(script) - newlines(rest);
        let len = if rules == Server::Postgres && rest.starts_with('\\') {
            to_line_end(rest)
        } else {
            statement_len(rest, rules).map_err(|what| format!("line {line}: {what}"))?
        };
        let (sql, after) = rest.split_at(len);
        let sql = sql.trim_end();
        match sql.split_whitespace().next() {
            None => {} // a semicolon alone
            Some(word) if rules == Server::Mysql && word.eq_ignore_ascii_case("delimiter") => {
                return Err(format!("line {line}: DELIMITER, a command of the client mysql, is not known here").into());
            }
            Some(word) if word.starts_with('\\') && !["\\c", "\\connect"].contains(&word.trim_end_matches(';')) => {
                return Err(format!("line {line}: {word}, a command of the client psql, is not known here").into());
            }
            Some(_) => statements.push(Statement { line, sql }),
        }
        rest = after.strip_prefix(';').unwrap_or(after);
    }
}

impl Statement<'_> {
    /// The first two words in capitals if they choose, make or drop a whole database. Which one is worked in, the address
    /// says that the program was called with.
    pub(crate) fn about_databases(&self, rules: Server) -> Option<String> {
        let words: Vec<String> = self.words(rules).take(2).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match (words.as_slice(), rules) {
            (["CREATE" | "DROP", "DATABASE"], _) | (["CREATE" | "DROP", "SCHEMA"], Server::Mysql) => {
                Some(words.join(" "))
            }
            (["USE", ..], Server::Mysql) => Some("USE".to_owned()),
            ([command, ..], Server::Postgres) if command.starts_with('\\') => Some(command.to_lowercase()),
            _ => None,
        }
    }

    /// The words in capitals, without comments. MySQL runs what stands in `/*! .. */`.
    fn words(&self, rules: Server) -> impl Iterator<Item = String> {
        let mut rest = self.sql;
        iter::from_fn(move || {
            rest = after_blank(rest, rules).ok()?;
            if rules == Server::Mysql
                && let Some(run) = rest.strip_prefix("/*!").or_else(|| rest.strip_prefix("/*M!"))
            {
                rest = run.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
            }
            let is_end = |c: char| c.is_whitespace() || "/;`\"".contains(c);
            let (word, after) = rest.split_at(rest.find(is_end).unwrap_or(rest.len()));
            rest = after;
            (!word.is_empty()).then(|| word.to_uppercase())
        })
    }
}

fn newlines(text: &str) -> usize {
    text.matches('\n').count()
}

fn to_line_end(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// What follows blanks and comments.
fn after_blank(text: &str, rules: Server) -> Result<&str> {
    let mut rest = text.trim_start();
    while let Some(len) = comment_len(rest, rules)? {
        rest = rest.split_at(len).1.trim_start();
    }
    Ok(rest)
}

/// Up to the semicolon that ends the statement, or to the end of the script.
fn statement_len(text: &str, rules: Server) -> Result<usize> {
    let mut before = None;
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if next == ';' {
            break;
        }
        let len = match comment_len(rest, rules)? {
            Some(len) => len,
            None => quoted_len(rest, next, before, rules)?.unwrap_or(next.len_utf8()),
        };
        let (token, after) = rest.split_at(len);
        before = token.chars().next_back();
        rest = after;
    }
    Ok(text.len() - rest.len())
}

/// The length of the comment that the text begins with. What MySQL runs is none.
fn comment_len(text: &str, rules: Server) -> Result<Option<usize>> {
    let to_the_line_end = match rules {
        Server::Postgres => text.starts_with("--"),
        // MySQL reads `5--3` as a subtraction.
        Server::Mysql => {
            let after_dashes = text.strip_prefix("--").map(|rest| rest.chars().next());
            text.starts_with('#')
                || after_dashes.is_some_and(|next| next.is_none_or(|c| c.is_whitespace() || c.is_control()))
        }
    };
    if to_the_line_end {
        return Ok(Some(to_line_end(text)));
    }
    let run = rules == Server::Mysql && (text.starts_with("/*!") || text.starts_with("/*M!"));
    if run || !text.starts_with("/*") {
        return Ok(None);
    }
    let mut depth = 0_usize;
    let mut rest = text;
    loop {
        if let Some(after) = rest.strip_prefix("*/") {
            depth -= 1;
            rest = after;
        } else if let Some(after) = rest.strip_prefix("/*") {
            // MySQL knows no comment within a comment.
            depth = if rules == Server::Postgres { depth + 1 } else { 1 };
            rest = after;
        } else if let Some(next) = rest.chars().next() {
            rest = rest.split_at(next.len_utf8()).1;
        } else {
            return Err("a comment does not end".into());
        }
        if depth == 0 {
            return Ok(Some(text.len() - rest.len()));
        }
    }
}

/// The length of the text or name in quotes that begins here.
fn quoted_len(text: &str, quote: char, before: Option<char>, rules: Server) -> Result<Option<usize>> {
    let escapes = match (quote, rules) {
        ('\'' | '"', Server::Mysql) => true,
        // Whether the word before is `E` alone does not matter: no other word stands right before a quote, but for `U&`,
        // `B`, `N` and `X`.
        ('\'', Server::Postgres) => matches!(before, Some('e' | 'E')),
        ('"', Server::Postgres) | ('`', Server::Mysql) => false,
        ('$', Server::Postgres) if !before.is_some_and(|c| c.is_alphanumeric() || c == '_') => {
            return dollar_quoted_len(text);
        }
        _ => return Ok(None),
    };
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = characters.next() {
        if character == '\\' && escapes {
            characters.next();
        } else if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return Ok(Some(at + quote.len_utf8()));
        }
    }
    Err(format!("what begins with {quote} does not end").into())
}

/// The length of `$tag$ .. $tag$`. A parameter, `$1`, is none.
fn dollar_quoted_len(text: &str) -> Result<Option<usize>> {
    let Some(tag_end) = text.char_indices().skip(1).find(|(_, c)| !(c.is_alphanumeric() || *c == '_')) else {
        return Ok(None);
    };
    let (tag_end, '$') = tag_end else { return Ok(None) };
    let (tag, body) = text.split_at(tag_end + 1);
    if tag.chars().nth(1).is_some_and(|c| c.is_ascii_digit()) {
        return Ok(None);
    }
    match body.find(tag) {
        Some(end) => Ok(Some(tag.len() + end + tag.len())),
        None => Err(format!("what begins with {tag} does not end").into()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

    use super::*;
    use crate::address::Server::{Mysql, Postgres};

    fn statements(script: &str, rules: Server) -> Vec<&str> {
        split(script, rules).unwrap().into_iter().map(|statement| statement.sql).collect()
    }

    #[track_caller]
    fn refused(script: &str, rules: Server, expected: &str) {
        let error = split(script, rules).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn statements_end_at_semicolons_and_at_the_end() {
        for rules in [Postgres, Mysql] {
            assert_eq!(
                statements("SELECT 1;\n;; SELECT\n 2 ;SELECT 3 \n", rules),
                ["SELECT 1", "SELECT\n 2", "SELECT 3"]
            );
            assert_eq!(statements(" \n", rules), [""; 0]);
            assert_eq!(statements("SELECT 'é;';SELECT 1", rules), ["SELECT 'é;'", "SELECT 1"]);
        }
    }

    #[test]
    fn a_statement_knows_its_line() {
        let split = split("-- one\n\nSELECT 1;\n/* four\n*/ SELECT '\n';\nSELECT 3", Postgres).unwrap();
        assert_eq!(split.iter().map(|statement| statement.line).collect::<Vec<_>>(), [3, 5, 7]);
    }

    #[test]
    fn a_semicolon_in_quotes_ends_nothing() {
        for rules in [Postgres, Mysql] {
            let both = "INSERT INTO t VALUES ('a;b', 'O''Malley; it''s', '')";
            assert_eq!(statements(&format!("{both};{both}"), rules), [both, both]);
        }
        let names = r#"SELECT "a;""b""#;
        assert_eq!(statements(&format!("{names};x"), Postgres), [names, "x"]);
        let names = "SELECT `a;``b`, N'x;y'";
        assert_eq!(statements(&format!("{names};x"), Mysql), [names, "x"]);
    }

    #[test]
    fn a_backslash_escapes_in_every_text_of_mysql_and_in_some_of_postgresql() {
        let escaped = r"SELECT 'it\'s; \\', 'x'";
        assert_eq!(statements(&format!("{escaped};x"), Mysql), [escaped, "x"]);
        assert_eq!(statements(r"SELECT `\`;x", Mysql), [r"SELECT `\`", "x"]);
        assert_eq!(statements(r"SELECT 'a\';x", Postgres), [r"SELECT 'a\'", "x"]);
        let escaped = r"SELECT E'it\'s; \\', 'x'";
        assert_eq!(statements(&format!("{escaped};x"), Postgres), [escaped, "x"]);
    }

    #[test]
    fn a_semicolon_in_a_comment_ends_nothing() {
        assert_eq!(statements("SELECT 1 -- a;b'\n + 2;x", Postgres), ["SELECT 1 -- a;b'\n + 2", "x"]);
        assert_eq!(statements("SELECT 1 /* /* ; */ ; */;x", Postgres), ["SELECT 1 /* /* ; */ ; */", "x"]);
        assert_eq!(statements("SELECT 1 /* /* ; */;x", Mysql), ["SELECT 1 /* /* ; */", "x"]);
        assert_eq!(statements("# a;b\nSELECT 1 -- ;\n;x", Mysql), ["SELECT 1 -- ;", "x"]);
        assert_eq!(statements("SELECT 5--3;x", Mysql), ["SELECT 5--3", "x"]);
        assert_eq!(statements("SELECT 5--3;x\n;y", Postgres), ["SELECT 5--3;x", "y"]);
    }

    #[test]
    fn postgresql_quotes_with_dollars() {
        let body = "DO $do$ BEGIN SELECT $$;$$; 'x; END $do$";
        assert_eq!(statements(&format!("{body};x"), Postgres), [body, "x"]);
        assert_eq!(statements("SELECT $1;SELECT a$b;x$", Postgres), ["SELECT $1", "SELECT a$b", "x$"]);
    }

    #[test]
    fn what_chooses_makes_or_drops_a_database_is_known() {
        let about = |script: &str, rules| -> Vec<Option<String>> {
            split(script, rules).unwrap().iter().map(|statement| statement.about_databases(rules)).collect()
        };
        let some = |words: &str| Some(words.to_owned());
        assert_eq!(
            about(
                "DROP DATABASE IF EXISTS x; create  database x;\n\\c x;\nCREATE TABLE \"database\" (x int)",
                Postgres
            ),
            [some("DROP DATABASE"), some("CREATE DATABASE"), some("\\c"), None]
        );
        assert_eq!(
            about(
                "drop schema`x`; USE `x`; /*!40000 DROP DATABASE IF EXISTS x*/; DROP/**/DATABASE x; DROP TABLE x",
                Mysql
            ),
            [some("DROP SCHEMA"), some("USE"), some("DROP DATABASE"), some("DROP DATABASE"), None]
        );
        assert_eq!(about("DROP SCHEMA x; SELECT 'USE x'", Postgres), [None, None]);
    }

    #[test]
    fn what_is_not_understood_is_refused_by_line() {
        refused("SELECT 1;\nSELECT 'x", Postgres, "line 2: what begins with ' does not end");
        refused(r"SELECT 'x\'", Mysql, "line 1: what begins with ' does not end");
        refused("SELECT $a$ $b$", Postgres, "what begins with $a$ does not end");
        refused("SELECT 1 /* x", Mysql, "line 1: a comment does not end");
        refused("/* /* */", Postgres, "a comment does not end");
        refused("\\i other.sql", Postgres, "line 1: \\i, a command of the client psql");
        refused("SELECT 1;\ndelimiter $$", Mysql, "line 2: DELIMITER, a command of the client mysql");
    }
}
