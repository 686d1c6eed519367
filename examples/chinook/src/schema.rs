//! Chinook's tables as its script makes them, and the encrypted ones.

diesel::table! {
    #[sql_name = "Customer"]
    plain_customers (customer_id) {
        #[sql_name = "CustomerId"]
        customer_id -> Integer,
        #[sql_name = "FirstName"]
        first_name -> Text,
        #[sql_name = "LastName"]
        last_name -> Text,
        #[sql_name = "Country"]
        country -> Nullable<Text>,
        #[sql_name = "Address"]
        address -> Nullable<Text>,
        #[sql_name = "Phone"]
        phone -> Nullable<Text>,
        #[sql_name = "Email"]
        email -> Text,
        #[sql_name = "SupportRepId"]
        support_rep_id -> Nullable<Integer>,
    }
}

diesel::table! {
    #[sql_name = "Employee"]
    plain_employees (employee_id) {
        #[sql_name = "EmployeeId"]
        employee_id -> Integer,
        #[sql_name = "FirstName"]
        first_name -> Text,
        #[sql_name = "LastName"]
        last_name -> Text,
        #[sql_name = "Title"]
        title -> Nullable<Text>,
        #[sql_name = "Address"]
        address -> Nullable<Text>,
        #[sql_name = "Phone"]
        phone -> Nullable<Text>,
        #[sql_name = "Email"]
        email -> Nullable<Text>,
    }
}

diesel::table! {
    #[sql_name = "Invoice"]
    invoices (invoice_id) {
        #[sql_name = "InvoiceId"]
        invoice_id -> Integer,
        #[sql_name = "CustomerId"]
        customer_id -> Integer,
        #[sql_name = "InvoiceDate"]
        date -> Text,
        #[sql_name = "Total"]
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

diesel::joinable!(invoices -> plain_customers (customer_id));
diesel::joinable!(invoices -> customers (customer_id));
diesel::joinable!(customers -> employees (support_rep_id));
diesel::allow_tables_to_appear_in_same_query!(invoices, plain_customers, plain_employees, customers, employees);
