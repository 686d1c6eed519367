//! `doctor`: looks at everything, changes nothing, and says what to do. Each look is a file.

mod columns;
mod indexes;
mod roots;

use clap::Args;
use diesel_encrypted::Field;
use serde::Serialize;

use crate::{
    context::Context,
    exit::{Exit, Result},
    session::Session,
};

/// Look whether keys, key tables, columns, indexes and guards are as they have to be. Changes nothing.
///
/// Without a root key it looks at all but whether the key tables are authentic.
///
/// Root keys and the permissions of their files; whether every row of the key tables is authentic; types, widths and
/// collations of columns; indexes and guards that are missing; plaintext, and values of lost keys; what each blind index
/// shows to whoever reads the table, with the bits that would show less. The exit code is 3 if something needs someone.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted doctor
  diesel-encrypted doctor --json | jq '.[] | select(.level != \"ok\")'")]
pub(crate) struct Doctor {}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    /// To be known, and in order.
    Note,
    /// To be done.
    Warn,
    /// Does not work.
    Fail,
}

/// What one look found.
#[derive(Debug, Serialize)]
struct Finding {
    level: Level,
    about: String,
    says: String,
}

/// What was found so far.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, level: Level, about: impl Into<String>, says: impl Into<String>) {
        self.0.push(Finding { level, about: about.into(), says: says.into() });
    }
}

impl Doctor {
    #[allow(clippy::unused_self, reason = "as every command")]
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let mut findings = Findings::default();
        let mut session = context.connect()?;
        roots::look(context, &mut *session, &mut findings);
        if let Some(fields) = fields(context, &mut *session, &mut findings) {
            let there = columns::look(&mut *session, &fields, &mut findings)?;
            indexes::look(&mut *session, &there, &mut findings)?;
        }
        context.output.result(&findings.0, || findings.text())?;
        let bad = findings.0.iter().any(|finding| matches!(finding.level, Level::Warn | Level::Fail));
        Ok(if bad { Exit::Found } else { Exit::Done })
    }
}

/// The registered fields: those of a vault, which finds every row of the scope authentic, else as the rows stand.
fn fields(context: &Context, session: &mut dyn Session, findings: &mut Findings) -> Option<Vec<&'static Field>> {
    match context.root_keys_if_named() {
        Ok(None) => findings.add(
            Level::Warn,
            "key tables",
            "found authentic by nothing, as there is no root key: what follows is what they say",
        ),
        _ => match context.open(session) {
            Ok(vault) => {
                findings.add(Level::Ok, "key tables", "every row of this scope is authentic, and every key unwraps");
                return Some(vault.fields().collect());
            }
            Err(failure) => findings.add(Level::Fail, "key tables", failure.to_string()),
        },
    }
    let rows = session.inventory().ok().flatten()?;
    context.registered_fields(&rows).map_err(|failure| findings.add(Level::Fail, "columns", failure.to_string())).ok()
}

impl Findings {
    fn text(&self) -> String {
        let line = |finding: &Finding| {
            let level = match finding.level {
                Level::Ok => "ok  ",
                Level::Note => "note",
                Level::Warn => "WARN",
                Level::Fail => "FAIL",
            };
            format!("{level}  {}: {}\n", finding.about, finding.says)
        };
        self.0.iter().map(line).collect()
    }
}
