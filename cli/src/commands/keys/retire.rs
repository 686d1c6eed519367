//! `keys retire`.

use clap::Args;
use diesel_encrypted::key_life::{LEASE, RetireKey};

use crate::{
    commands::purge::key_id,
    context::Context,
    exit::{Exit, Result},
    life,
};

/// Retire the active key of a field or index that no model has any more.
///
/// A field in use needs an active key: there, activating another retires the old one.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted keys retire 1f2e3d4c")]
pub(crate) struct Retire {
    /// The key, as `keys list` prints it
    #[arg(value_parser = key_id)]
    key: u32,
}

impl Retire {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let task = RetireKey::new(self.key);
        let key = life::run(context, &mut *context.connect()?, context.root_keys()?, LEASE, &task)?;
        life::tell(context, &[key], "")?;
        Ok(Exit::Done)
    }
}
