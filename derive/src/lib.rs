//! The derive of diesel-encrypted.
