//! Fields from the registry, for programs that have no model: what was registered of a field is enough to open, seal and
//! index its values.
//!
//! The rows are authentic by then. Nothing is written for such a field, and no key made.

use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use super::{VaultError, authentic::active, registry::RegisteredIndex, start::Start};
use crate::{
    Algorithm, Binding, Class, Field, Index, Normalizer, Plaintext, Storage,
    index::{BITS_MAX, BITS_MIN},
    keys::{IndexSpec, KeyRow, Purpose, RegistryRow},
};

/// What [`super::registry`] writes.
#[derive(Deserialize)]
struct Options {
    algorithm: String,
    padding: Option<u32>,
    plaintext: String,
    bound_to: Vec<String>,
    bound_externally: bool,
    #[serde(default)]
    inner_class: Option<u8>,
}

/// A row, and how the tags of its indexes are made, where there is a key for them.
#[derive(Clone, PartialEq)]
struct Declaration {
    row: RegistryRow,
    specs: Vec<Option<IndexSpec>>,
}

/// A field is known by its address, for as long as the process runs. Declarations are few, and one that is met again gets
/// the field it got before.
static KNOWN: Mutex<Vec<(Declaration, &'static Field)>> = Mutex::new(Vec::new());

impl Start {
    /// The fields of these rows that no model declares.
    pub(super) fn registered_fields(
        &self,
        rows: &[RegistryRow],
        keys: &[KeyRow],
    ) -> Result<Vec<&'static Field>, VaultError> {
        let undeclared = rows.iter().filter(|row| self.fields.iter().all(|field| field.id() != row.field_id));
        undeclared.map(|row| registered_field(row, keys, self.scope.as_deref())).collect()
    }
}

/// The fields that these rows register, with the indexes that `keys` make for a scope. The rows are taken as they stand:
/// only a vault finds them authentic.
///
/// # Errors
/// [`VaultError::UnreadableField`] for what a later version registered.
pub fn registered_fields(
    rows: &[RegistryRow],
    keys: &[KeyRow],
    scope: Option<&[u8]>,
) -> Result<Vec<&'static Field>, VaultError> {
    rows.iter().map(|row| registered_field(row, keys, scope)).collect()
}

fn registered_field(row: &RegistryRow, keys: &[KeyRow], scope: Option<&[u8]>) -> Result<&'static Field, VaultError> {
    let unreadable = || VaultError::UnreadableField { field: row.field_id.clone() };
    let indexes: Vec<RegisteredIndex> = serde_json::from_str(&row.indexes).map_err(|_| unreadable())?;
    let spec =
        |index: &RegisteredIndex| active(keys, Purpose::Index, &index.domain, scope).and_then(|row| row.index.clone());
    let specs = indexes.iter().map(spec).collect();
    let declaration = Declaration { row: RegistryRow { mac: [0; 32], ..row.clone() }, specs };
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, field)) = known.iter().find(|(other, _)| *other == declaration) {
        return Ok(field);
    }
    let field: &'static Field = Box::leak(Box::new(declaration.field(&indexes).ok_or_else(unreadable)?));
    known.push((declaration, field));
    Ok(field)
}

impl Declaration {
    /// `None` for what a later version registered.
    fn field(&self, indexes: &[RegisteredIndex]) -> Option<Field> {
        let Self { row, specs } = self;
        let options: Options = serde_json::from_str(&row.options).ok()?;
        let primary_key: Vec<String> = serde_json::from_str(&row.primary_key).ok()?;
        let storage = [Storage::Binary, Storage::Text].into_iter().find(|storage| storage.name() == row.storage)?;
        let algorithm = Algorithm::ALL.into_iter().find(|algorithm| algorithm.name() == options.algorithm)?;
        let plaintext = match options.plaintext.as_str() {
            "refuse" => Plaintext::Refuse,
            "accept" => Plaintext::Accept,
            _ => return None,
        };
        let indexes: Option<Vec<Index>> =
            indexes.iter().zip(specs).map(|(index, spec)| registered_index(index, spec.as_ref())).collect();
        let indexes = indexes.filter(|indexes| indexes.len() <= 15)?;
        let class = Class::from_u8(row.class)?;
        let field = |class| Field::new(leak(&row.field_id), leak(&row.table), leak(&row.column), class, storage);
        let field = match options.inner_class {
            None => field(class),
            // What a field of two layers accepts is its constructor's to say, which would panic.
            Some(_) if class != Class::Bytes || plaintext != Plaintext::Refuse => return None,
            Some(inner) => field(Class::from_u8(inner)?).two_layers(),
        };
        let mut field = field
            .primary_key(leak_all(&primary_key))
            .algorithm(algorithm)
            .plaintext(plaintext)
            .indexes(Vec::leak(indexes));
        field = match (options.bound_to.is_empty(), options.bound_externally) {
            (true, false) => field,
            (false, false) => field.binding(Binding::Columns(leak_all(&options.bound_to))),
            (true, true) => field.binding(Binding::External),
            (false, true) => return None,
        };
        match options.padding {
            None => Some(field),
            Some(bucket) if bucket >= 2 => Some(field.padding(bucket)),
            Some(_) => None,
        }
    }
}

/// How it normalises is read from its keys. Those steps that this program knows stand here too, to compare versions of
/// Unicode.
fn registered_index(registered: &RegisteredIndex, spec: Option<&IndexSpec>) -> Option<Index> {
    let mut index = Index::new(leak(&registered.name));
    if let Some(shared) = registered.domain.strip_prefix("domain:") {
        index = index.domain(leak(shared));
    }
    if let Some(spec) = spec {
        let steps: Vec<Normalizer> = spec.normalize.iter().filter_map(|name| Normalizer::named(name, &[])).collect();
        index = index
            .normalize(Vec::leak(steps))
            .bits(Some(spec.bits).filter(|bits| (BITS_MIN..=BITS_MAX).contains(bits))?);
        index.lacks = spec.normalize.iter().find(|name| Normalizer::named(name, &[]).is_none()).map(|name| leak(name));
    } else {
        index.lacks = Some("");
    }
    Some(if registered.removed { index.removed() } else { index })
}

fn leak(text: &str) -> &'static str {
    String::leak(text.to_owned())
}

fn leak_all(texts: &[String]) -> &'static [&'static str] {
    Vec::leak(texts.iter().map(|text| leak(text)).collect())
}
