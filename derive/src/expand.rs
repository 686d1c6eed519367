//! Writes the code. It is short, sits in `const _`, and reaches us only through `__private`, under the name `_enc`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Path, Type};

use crate::attributes::{BoundTo, Encrypt, Searchable};
use crate::model::{Field, Model, Role, name};

/// The code for a model that was validated.
pub(crate) fn expand(model: &Model) -> TokenStream {
    let krate = &model.krate;
    if model.table.is_none() && matches!(model.role, Role::Uses(_)) {
        return TokenStream::new(); // reported already
    }
    let body = match &model.role {
        Role::Declares => declarations(model),
        Role::Uses(declarer) => checks(model, declarer),
    };
    quote! {
        const _: () = {
            use #krate::__private as _enc;
            #body
        };
    }
}

/// One column to declare.
struct Declaration<'a> {
    model: &'a Model,
    field: &'a Field,
    encrypt: &'a Encrypt,
    /// The column's path, with the field's own span.
    column: TokenStream,
    /// The name of its static.
    statik: Ident,
}

fn declarations(model: &Model) -> TokenStream {
    let mut all: Vec<Declaration<'_>> = Vec::new();
    if let Some(table) = &model.table {
        for (field, encrypt) in model.encrypted() {
            let mut statik = format_ident!("FIELD_{}", name(&field.column).to_uppercase());
            if all.iter().any(|earlier| earlier.statik == statik) {
                statik = format_ident!("{statik}_{}", all.len());
            }
            all.push(Declaration { model, field, encrypt, column: column(table, &field.column), statik });
        }
    }
    let ident = &model.ident;
    let (generics, arguments, bounds) = model.generics.split_for_impl();
    let columns = all.iter().flat_map(|declaration| [declaration.statik(), declaration.impls()]);
    let statics = all.iter().map(|declaration| &declaration.statik);
    let constants = constants(model);
    let reseal = reseal(model, &quote!(Self), model.encrypted().map(|(field, _)| field));
    quote! {
        #(#columns)*
        impl #generics _enc::EncryptedModel for #ident #arguments #bounds {
            fn fields() -> &'static [&'static _enc::Field] {
                static FIELDS: &[&_enc::Field] = &[#(&#statics),*];
                FIELDS
            }
        }
        #reseal
        #constants
    }
}

impl Declaration<'_> {
    /// `static FIELD_EMAIL: Field = ..;`
    fn statik(&self) -> TokenStream {
        let Self { model, encrypt, column, statik, .. } = self;
        let by = by(model);
        let id = model.field_id(self.field, encrypt);
        let table = model.sql_table();
        let path = model.table.iter();
        let key = model.primary_key.iter().flat_map(|key| path.clone().map(move |table| self::column(table, key)));
        let mut options = quote!(.primary_key(&[#(<#key as _enc::Column>::NAME),*]));
        if let Some(algorithm) = encrypt.algorithm {
            let algorithm = format_ident!("{algorithm}");
            options.extend(quote!(.algorithm(_enc::Algorithm::#algorithm)));
        }
        if let Some(bucket) = encrypt.pad {
            let bucket = proc_macro2::Literal::u32_unsuffixed(bucket);
            options.extend(quote!(.padding(#bucket)));
        }
        if encrypt.accept_plaintext {
            options.extend(quote!(.plaintext(_enc::Plaintext::Accept)));
        }
        match &encrypt.bound_to {
            Some(BoundTo::Columns(owners)) => {
                let owners = owners.iter().flat_map(|owner| path.clone().map(move |t| self::column(t, owner)));
                options.extend(quote!(.binding(_enc::Binding::Columns(&[#(<#owners as _enc::Column>::NAME),*]))));
            }
            Some(BoundTo::External) => options.extend(quote!(.binding(_enc::Binding::External))),
            None => {}
        }
        if !self.field.searchable.is_empty() {
            let indexes = self.field.searchable.iter().map(index);
            options.extend(quote!(.indexes(&[#(#indexes),*])));
        }
        quote! {
            static #statik: _enc::Field = _enc::declare::<#column, #by>(#id, #table)#options;
        }
    }

    /// The column's traits.
    fn impls(&self) -> TokenStream {
        let Self { model, field, encrypt, column, statik } = self;
        let by_argument = model.foreign_schema.is_some().then(|| by(model)).map(|by| quote!(<#by>));
        let [class, layers] = self.class_and_layers();
        let binding = format_ident!("{}", if encrypt.bound_to.is_some() { "Bound" } else { "Unbound" });
        let mut impls = quote_spanned! {field.ident.span()=>
            impl _enc::EncryptedColumn #by_argument for #column {
                type Class = #class;
                type Binding = _enc::#binding;
                type Layers = #layers;
                fn field() -> &'static _enc::Field {
                    &#statik
                }
            }
        };
        let by = by(model);
        for (slot, index) in field.live_indexes() {
            let slot = (slot > 0).then(|| proc_macro2::Literal::usize_unsuffixed(slot));
            let arguments = match &slot {
                Some(slot) => Some(quote!(<#by, #slot>)),
                None => by_argument.clone(),
            };
            let width = match (encrypt.accept_plaintext, index.is_truncated()) {
                (true, false) if index.is_comparable() => "PartlyTagged",
                (true, false) => "Unsettled",
                (_, true) => "Truncated",
                (false, false) => "Full",
            };
            let width = Ident::new(width, Span::call_site());
            let column = respan(column.clone(), index.span);
            impls.extend(quote_spanned! {index.span=>
                impl _enc::SearchableColumn #arguments for #column {
                    type Width = _enc::#width;
                }
            });
        }
        if let Some((_, index)) = field.live_indexes().find(|(_, i)| i.with.is_some() || !i.normalize.is_empty()) {
            let column = respan(column.clone(), index.span);
            impls.extend(quote_spanned!(index.span=> const _: () = _enc::normalizes::<#column, #by>();));
        }
        let (generics, arguments, bounds) = model.generics.split_for_impl();
        let ident = &model.ident;
        let target = target(model, column);
        impls.extend(quote_spanned! {field.ty.span()=>
            impl #generics _enc::Declares<#column> for #ident #arguments #bounds {
                type As = #target;
            }
        });
        impls
    }

    /// The class and the layers of the field's type, which is where a wrong type is found.
    ///
    /// The type stands in a constant: in the associated type itself it would be part of a public interface, and what is
    /// sealed is often private.
    fn class_and_layers(&self) -> [TokenStream; 2] {
        let generics = &self.model.generics;
        if self.field.broken || generics.type_params().next().is_some() || generics.const_params().next().is_some() {
            return [quote!(_enc::class::Text), quote!(_enc::OneLayer)]; // reported already
        }
        let ty = self.model.without_lifetimes(&self.field.ty);
        let field_of = format_ident!("{}", if self.encrypt.bound_to.is_some() { "BoundFieldOf" } else { "FieldOf" });
        let by = self.model.foreign_schema.is_some().then(|| by(self.model)).map(|by| quote!(, #by));
        let known = |alias: &str, constant: &str| {
            let (alias, constant) = (format_ident!("{alias}"), format_ident!("{constant}"));
            quote_spanned!(self.field.ty.span()=> _enc::#alias<{ <#ty as _enc::#field_of<Self #by>>::#constant }>)
        };
        [known("Class", "CLASS"), known("LayersIf", "TWO_LAYERS")]
    }
}

/// `Index::new("default").normalize(..)`.
fn index(index: &Searchable) -> TokenStream {
    let name = index.name();
    let steps = index.normalize.iter().map(|step| {
        let step = format_ident!("{step}");
        quote!(_enc::Normalizer::#step)
    });
    let custom = index.with.iter().map(|function| {
        let name = function.segments.last().map(|last| self::name(&last.ident)).unwrap_or_default();
        quote!(_enc::Normalizer::Custom { name: #name, apply: #function })
    });
    let steps: Vec<TokenStream> = steps.chain(custom).collect();
    let mut tokens = quote!(_enc::Index::new(#name));
    if !steps.is_empty() {
        tokens.extend(quote!(.normalize(&[#(#steps),*])));
    }
    if let Some((bits, _)) = index.bits {
        let bits = proc_macro2::Literal::u8_unsuffixed(bits);
        tokens.extend(quote!(.bits(#bits)));
    }
    if let Some(domain) = &index.domain {
        tokens.extend(quote!(.domain(#domain)));
    }
    if index.removed {
        tokens.extend(quote!(.removed()));
    }
    tokens
}

/// `Patient::EMAIL_DOMAIN` for each named index.
fn constants(model: &Model) -> TokenStream {
    let vis = &model.vis;
    let Some(table) = &model.table else { return TokenStream::new() };
    let mut constants = TokenStream::new();
    let mut seen = Vec::new();
    for (field, _) in model.encrypted() {
        let column = column(table, &field.column);
        let target = target(model, &column);
        for (slot, index) in field.live_indexes() {
            let Some(given) = &index.name else { continue };
            let constant = Ident::new(&field.constant(given), given.span());
            if seen.contains(&constant) {
                continue; // reported already
            }
            let doc = format!(" The blind index `{}` of `{}`.", given.value(), name(&field.ident));
            let slot = proc_macro2::Literal::usize_unsuffixed(slot);
            constants.extend(quote! {
                #[doc = #doc]
                #[allow(dead_code)]
                #vis const #constant: _enc::NamedIndex<#target, #slot> = _enc::NamedIndex::new();
            });
            seen.push(constant);
        }
    }
    if constants.is_empty() {
        return constants;
    }
    let ident = &model.ident;
    let (generics, arguments, bounds) = model.generics.split_for_impl();
    quote! {
        impl #generics #ident #arguments #bounds {
            #constants
        }
    }
}

/// `impl Reseal for Patient`, where the types of its fields are known.
fn reseal<'m>(model: &Model, declared: &TokenStream, fields: impl Iterator<Item = &'m Field>) -> TokenStream {
    let fields: Vec<&Field> = fields.collect();
    if model.generics.type_params().next().is_some() || fields.iter().any(|field| field.broken) {
        return TokenStream::new();
    }
    let ident = &model.ident;
    let (generics, arguments, bounds) = model.generics.split_for_impl();
    let values = fields.iter().map(|field| {
        let ident = &field.ident;
        quote_spanned!(field.ty.span()=> &self.#ident)
    });
    quote! {
        impl #generics _enc::Reseal for #ident #arguments #bounds {
            type Declared = #declared;
            fn is_stale(&self) -> ::core::result::Result<bool, _enc::ValueError> {
                _enc::any_stale(&[#(#values),*])
            }
        }
    }
}

/// What a user of another model's columns is checked for.
fn checks(model: &Model, declarer: &Type) -> TokenStream {
    let Some(table) = &model.table else { return TokenStream::new() };
    let (generics, _, bounds) = model.generics.split_for_impl();
    let check =
        format_ident!("{}", if model.generics.type_params().next().is_some() { "uses_generic" } else { "uses" });
    let checked = || model.fields.iter().filter(|field| field.encrypt.is_some() || field.looks_encrypted());
    let reseal = reseal(model, &declarer.to_token_stream(), checked());
    let checks = checked().map(|field| {
        let column = column(table, &field.column);
        let ty = &field.ty;
        quote_spanned!(field.ty.span()=> _enc::#check::<#declarer, #column, #ty>();)
    });
    quote! {
        #[allow(clippy::multiple_bound_locations)]
        fn _check #generics () #bounds {
            #(#checks)*
        }
        #reseal
    }
}

/// Who declares the model's columns.
fn by(model: &Model) -> TokenStream {
    match &model.foreign_schema {
        Some(_) => {
            let (_, arguments, _) = model.generics.split_for_impl();
            let ident = &model.ident;
            model.without_lifetimes(quote!(#ident #arguments))
        }
        None => quote!(_enc::Here),
    }
}

/// What stands for a column in a type.
fn target(model: &Model, column: &TokenStream) -> TokenStream {
    match &model.foreign_schema {
        Some(_) => {
            let by = by(model);
            quote!(_enc::Of<#by, #column>)
        }
        None => column.clone(),
    }
}

/// The path of a column, with the column's own span: there the compiler reports what is wrong with it.
fn column(table: &Path, column: &Ident) -> TokenStream {
    let table = respan(table.to_token_stream(), column.span());
    quote_spanned!(column.span()=> #table::#column)
}

/// `tokens` as they resolve, but shown at `span`.
fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    tokens
        .into_iter()
        .map(|mut token| {
            token.set_span(span.resolved_at(token.span()));
            token
        })
        .collect()
}
