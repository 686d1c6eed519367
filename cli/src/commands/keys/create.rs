//! `keys create`.

use clap::Args;
use diesel_encrypted::key_life::{CreateKeys, LEASE};

use crate::{
    context::Context,
    exit::{Exit, Result},
    life::{self, SelectionOptions},
};

/// Make new data keys or index keys: pending, stored and read back, and not used yet.
///
/// The first step of a rotation. Every process has to know a key before it is activated: those that refresh their vault do
/// after a lease, others when they are started again. Of an index it is a new generation, with another normaliser or number
/// of bits if asked. A name that has a pending key keeps it.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted keys create patients.email
  diesel-encrypted keys create --every field
  diesel-encrypted keys create --users
  diesel-encrypted keys create index:patients.email:default --normalize lowercase,trim --bits 24")]
pub(crate) struct Create {
    #[command(flatten)]
    keys: SelectionOptions,

    /// The steps by which the new generation of an index normalises, in order
    #[arg(long, value_name = "STEPS", value_delimiter = ',', requires = "bits")]
    normalize: Option<Vec<String>>,

    /// The bits that tags of the new generation of an index keep, 8 to 112
    #[arg(long)]
    bits: Option<u8>,
}

impl Create {
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let mut task = CreateKeys::new(self.keys.selection());
        if let Some(bits) = self.bits {
            task = task.index(self.normalize.clone().unwrap_or_default(), bits);
        }
        let keys = life::run(context, &mut *context.connect()?, context.root_keys()?, LEASE, &task)?;
        life::tell(context, &keys, "Next, when every process knows them: keys activate\n")?;
        Ok(Exit::Done)
    }
}
