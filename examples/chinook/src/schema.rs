//! The views over what the script made, and the encrypted tables. `tables/` makes both, for each database.

diesel::table! {
    plain_customers (customer_id) {
        customer_id -> Integer,
        first_name -> Text,
        last_name -> Text,
        country -> Nullable<Text>,
        address -> Nullable<Text>,
        phone -> Nullable<Text>,
        email -> Text,
        support_rep_id -> Nullable<Integer>,
    }
}

diesel::table! {
    plain_employees (employee_id) {
        employee_id -> Integer,
        first_name -> Text,
        last_name -> Text,
        title -> Nullable<Text>,
        address -> Nullable<Text>,
        phone -> Nullable<Text>,
        email -> Nullable<Text>,
    }
}

diesel::table! {
    invoices (invoice_id) {
        invoice_id -> Integer,
        customer_id -> Integer,
        day -> Text,
        total -> Double,
    }
}

diesel::table! {
    customers (customer_id) {
        customer_id -> Integer,
        first_name -> Text,
        last_name -> Text,
        country -> Nullable<Text>,
        address -> Nullable<Binary>,
        phone -> Nullable<Binary>,
        email -> Binary,
        support_rep_id -> Nullable<Integer>,
    }
}

diesel::table! {
    employees (employee_id) {
        employee_id -> Integer,
        first_name -> Text,
        last_name -> Text,
        title -> Nullable<Text>,
        address -> Nullable<Binary>,
        phone -> Nullable<Binary>,
        email -> Nullable<Binary>,
    }
}

diesel::joinable!(invoices -> customers (customer_id));
diesel::joinable!(customers -> employees (support_rep_id));
diesel::allow_tables_to_appear_in_same_query!(invoices, customers, employees);
