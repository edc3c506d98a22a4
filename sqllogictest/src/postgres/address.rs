//! Where a server is, and as whom to come.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The address of a PostgreSQL server, as `libpq` writes it: `host=/run/postgresql user=me dbname=test`, or
/// `postgresql://me:secret@localhost:5432/test`. Known are `host`, `port`, `user`, `password` and `dbname`; a host that
/// begins with `/` is the directory of a Unix socket. There is no encryption.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    pub(super) place: Place,
    pub(super) user: String,
    pub(super) password: Option<String>,
    /// The database from which those of scripts are created.
    pub(super) database: String,
}

/// How the server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A Unix socket.
    Socket(PathBuf),
    /// A host and a port.
    Network(String, u16),
}

/// The parts, as far as they are said.
#[derive(Default)]
struct Parts {
    host: Option<String>,
    port: Option<String>,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
}

impl fmt::Debug for PostgresAddress {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresAddress")
            .field("place", &self.place)
            .field("user", &self.user)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl FromStr for PostgresAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = Parts::default();
        let schemes = ["postgresql://", "postgres://"];
        match schemes.iter().find_map(|s| text.strip_prefix(s)) {
            Some(rest) => parts.read_url(rest)?,
            None => parts.read_words(text)?,
        }
        parts.finish()
    }
}

impl Parts {
    fn set(&mut self, key: &str, value: String) -> Result<(), String> {
        let part = match key {
            "host" => &mut self.host,
            "port" => &mut self.port,
            "user" => &mut self.user,
            "password" => &mut self.password,
            "dbname" => &mut self.database,
            _ => return Err(format!("the address has an unknown part: {key}")),
        };
        *part = Some(value);
        Ok(())
    }

    /// `user:password@host:port/dbname?key=value&…`, each part percent-encoded, and each may be missing.
    fn read_url(&mut self, rest: &str) -> Result<(), String> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match login.split_once(':') {
            Some((user, password)) => (user, password),
            None => (login, ""),
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port),
            _ => (place, ""),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let parts = [
            ("user", user),
            ("password", password),
            ("host", host),
            ("port", port),
            ("dbname", database),
        ];
        for (key, value) in parts {
            if !value.is_empty() {
                self.set(key, decode(value)?)?;
            }
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair
                .split_once('=')
                .ok_or_else(|| format!("the address has a part without a value: {pair}"))?;
            self.set(key, decode(value)?)?;
        }
        Ok(())
    }

    /// `key=value` with blanks between; a value may be in quotes, and a backslash makes the next character itself.
    fn read_words(&mut self, text: &str) -> Result<(), String> {
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let (key, after) = rest
                .split_once('=')
                .ok_or_else(|| format!("the address has a part without a value: {rest}"))?;
            let after = after.trim_start();
            let is_quoted = after.starts_with('\'');
            let mut letters = after.char_indices().skip(usize::from(is_quoted));
            let mut value = String::new();
            let mut end = None;
            while let Some((at, letter)) = letters.next() {
                match letter {
                    '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
                    '\'' if is_quoted => end = Some(at + 1),
                    letter if !is_quoted && letter.is_whitespace() => end = Some(at),
                    letter => value.push(letter),
                }
                if end.is_some() {
                    break;
                }
            }
            if is_quoted && end.is_none() {
                return Err("the address has a quote that does not end".to_owned());
            }
            self.set(key.trim_end(), value)?;
            rest = after[end.unwrap_or(after.len())..].trim_start();
        }
        Ok(())
    }

    fn finish(self) -> Result<PostgresAddress, String> {
        let port = self.port.as_deref().unwrap_or("5432");
        let port: u16 = port
            .parse()
            .map_err(|_| format!("the address has no right port: {port}"))?;
        let host = self.host.ok_or("the address has no host")?;
        let user = self.user.ok_or("the address has no user")?;
        let place = match host.starts_with('/') {
            true => Place::Socket(PathBuf::from(host).join(format!(".s.PGSQL.{port}"))),
            false => Place::Network(host, port),
        };
        Ok(PostgresAddress {
            place,
            database: self.database.unwrap_or_else(|| user.clone()),
            user,
            password: self.password,
        })
    }
}

/// The text behind percent-encoding.
fn decode(text: &str) -> Result<String, String> {
    let wrong = || format!("the address has a wrong percent-encoding: {text}");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || {
            let digit = rest.next().map(char::from)?.to_digit(16)?;
            u8::try_from(digit).ok()
        };
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(wrong());
        };
        bytes.push(high * 16 + low);
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> PostgresAddress {
        text.parse().unwrap()
    }

    #[test]
    fn both_ways_of_writing_say_the_same() {
        let socket = address("host=/run/pg user = me dbname='my \\'db'");
        assert_eq!(socket.place, Place::Socket("/run/pg/.s.PGSQL.5432".into()));
        assert_eq!(
            (socket.user.as_str(), socket.database.as_str()),
            ("me", "my 'db")
        );
        assert_eq!(socket, address("postgresql://me@%2Frun%2Fpg/my%20%27db"));
        assert_eq!(socket, address("postgres:///my%20'db?host=/run/pg&user=me"));
        let network = address("postgresql://me:se%40cret@[::1]:5433");
        assert_eq!(network.place, Place::Network("::1".to_owned(), 5433));
        assert_eq!(
            (network.password.as_deref(), network.database.as_str()),
            (Some("se@cret"), "me")
        );
        assert!(!format!("{network:?}").contains("cret"));
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, told) in [
            ("user=me", "no host"),
            ("host=/x", "no user"),
            ("host=/x user=me port=x", "no right port: x"),
            ("host=/x user=me sslmode=require", "unknown part: sslmode"),
            ("host=/x user='me", "quote"),
            ("host=/x me", "without a value: me"),
            ("postgresql://me@%2/", "percent-encoding"),
        ] {
            let error = text.parse::<PostgresAddress>().unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
