//! Database URLs without their passwords, and messages without them.

/// The password of `scheme://user:password@host/..`, as it is spelled there.
pub(crate) fn password(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    // A password may hold an `@` that nobody encoded.
    let user = rest.rsplit_once('@').map_or(authority, |(user, _)| user);
    let in_front = rest.contains('@').then(|| user.split_once(':')).flatten().map(|(_, password)| password);
    in_front.or_else(|| parameter(rest)).filter(|password| !password.is_empty())
}

/// The password among the parameters of a URL: `?password=..`.
fn parameter(rest: &str) -> Option<&str> {
    let (_, parameters) = rest.split_once('?')?;
    parameters.split('&').find_map(|parameter| parameter.strip_prefix("password="))
}

/// `text` with every password of `url` replaced.
pub(crate) fn redact(text: &str, url: &str) -> String {
    match password(url) {
        Some(password) => text.replace(password, "[password]"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_wherever_a_url_has_it() {
        for (url, expected) in [
            ("postgres://ada@db/clinic", None),
            ("postgres://ada:pw@db/clinic", Some("pw")),
            ("mysql://root:p%40w@[::1]:3306/clinic", Some("p%40w")),
            ("mysql://root:p/w@x@db/clinic", Some("p/w@x")),
            ("postgres:///clinic?host=/run&password=pw&x=1", Some("pw")),
            ("postgres://ada:@db/clinic", None),
            ("clinic.db", None),
            ("sqlite://clinic.db", None),
        ] {
            assert_eq!(password(url), expected, "{url}");
        }
        let url = "postgres://ada:pw@db/clinic";
        assert_eq!(
            redact("cannot connect to postgres://ada:pw@db", url),
            "cannot connect to postgres://ada:[password]@db"
        );
    }
}
