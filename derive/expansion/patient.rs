// What `#[derive(Encrypted)]` writes for
//
//     #[derive(Encrypted)]
//     #[diesel(table_name = patients)]
//     pub struct Patient {
//         pub id: i32,
//         pub name: String,
//         #[encrypt]
//         #[searchable(normalize = "lowercase")]
//         #[searchable(name = "domain", with = email_domain)]
//         pub email: Encrypted<String, patients::email>,
//         #[encrypt(pad = 32)]
//         pub phone: Option<Encrypted<String, patients::phone>>,
//         #[encrypt(bound_to(id))]
//         pub chart: Sealed<Json<Chart>, patients::chart>,
//     }

const _: () = {
    use ::diesel_encrypted::__private as _enc;
    static FIELD_EMAIL: _enc::Field = _enc::declare::<
        patients::email,
        _enc::Here,
    >("patients.email", "patients")
        .primary_key(&[<patients::id as _enc::Column>::NAME])
        .indexes(
            &[
                _enc::Index::new("default").normalize(&[_enc::Normalizer::Lowercase]),
                _enc::Index::new("domain")
                    .normalize(
                        &[
                            _enc::Normalizer::Custom {
                                name: "email_domain",
                                apply: email_domain,
                            },
                        ],
                    ),
            ],
        );
    impl _enc::EncryptedColumn for patients::email {
        type Class = _enc::Class<
            { <Encrypted<String, patients::email> as _enc::FieldOf<Self>>::CLASS },
        >;
        type Binding = _enc::Unbound;
        type Layers = _enc::LayersIf<
            { <Encrypted<String, patients::email> as _enc::FieldOf<Self>>::TWO_LAYERS },
        >;
        fn field() -> &'static _enc::Field {
            &FIELD_EMAIL
        }
    }
    impl _enc::SearchableColumn for patients::email {
        type Width = _enc::Full;
    }
    impl _enc::SearchableColumn<_enc::Here, 1> for patients::email {
        type Width = _enc::Full;
    }
    const _: () = _enc::normalizes::<patients::email, _enc::Here>();
    impl _enc::Declares<patients::email> for Patient {
        type As = patients::email;
    }
    static FIELD_PHONE: _enc::Field = _enc::declare::<
        patients::phone,
        _enc::Here,
    >("patients.phone", "patients")
        .primary_key(&[<patients::id as _enc::Column>::NAME])
        .padding(32);
    impl _enc::EncryptedColumn for patients::phone {
        type Class = _enc::Class<
            {
                <Option<
                    Encrypted<String, patients::phone>,
                > as _enc::FieldOf<Self>>::CLASS
            },
        >;
        type Binding = _enc::Unbound;
        type Layers = _enc::LayersIf<
            {
                <Option<
                    Encrypted<String, patients::phone>,
                > as _enc::FieldOf<Self>>::TWO_LAYERS
            },
        >;
        fn field() -> &'static _enc::Field {
            &FIELD_PHONE
        }
    }
    impl _enc::Declares<patients::phone> for Patient {
        type As = patients::phone;
    }
    static FIELD_CHART: _enc::Field = _enc::declare::<
        patients::chart,
        _enc::Here,
    >("patients.chart", "patients")
        .primary_key(&[<patients::id as _enc::Column>::NAME])
        .binding(_enc::Binding::Columns(&[<patients::id as _enc::Column>::NAME]));
    impl _enc::EncryptedColumn for patients::chart {
        type Class = _enc::Class<
            { <Sealed<Json<Chart>, patients::chart> as _enc::BoundFieldOf<Self>>::CLASS },
        >;
        type Binding = _enc::Bound;
        type Layers = _enc::LayersIf<
            {
                <Sealed<
                    Json<Chart>,
                    patients::chart,
                > as _enc::BoundFieldOf<Self>>::TWO_LAYERS
            },
        >;
        fn field() -> &'static _enc::Field {
            &FIELD_CHART
        }
    }
    impl _enc::Declares<patients::chart> for Patient {
        type As = patients::chart;
    }
    impl _enc::EncryptedModel for Patient {
        fn fields() -> &'static [&'static _enc::Field] {
            static FIELDS: &[&_enc::Field] = &[&FIELD_EMAIL, &FIELD_PHONE, &FIELD_CHART];
            FIELDS
        }
    }
    impl _enc::Reseal for Patient {
        type Declared = Self;
        fn is_stale(&self) -> ::core::result::Result<bool, _enc::ValueError> {
            _enc::any_stale(&[&self.email, &self.phone, &self.chart])
        }
    }
    impl Patient {
        /// The blind index `domain` of `email`.
        #[allow(dead_code)]
        pub const EMAIL_DOMAIN: _enc::NamedIndex<patients::email, 1> = _enc::NamedIndex::new();
    }
};
