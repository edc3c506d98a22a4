//! A connection with a server: the protocol, version 3, with simple queries.

use super::address::{Place, PostgresAddress};
use crate::engine::EngineError;
use bytes::BytesMut;
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::{DataRowBody, ErrorFields, Message, RowDescriptionBody};
use postgres_protocol::message::frontend;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

/// The bytes that one read asks for.
const READ_BYTES: usize = 16 << 10;

/// Either kind of stream.
trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A connection.
pub(super) struct Client {
    stream: Box<dyn Stream>,
    received: BytesMut,
    process: i32,
}

/// What a text of statements gave: the rows of the last that has some, and how many rows they touched together.
#[derive(Default)]
pub(super) struct Reply {
    /// The types of the columns, by PostgreSQL's numbers; nothing if there was no result.
    pub(super) columns: Option<Vec<u32>>,
    pub(super) rows: Vec<Vec<Option<String>>>,
    pub(super) count: u64,
}

impl Client {
    /// A connection with one of the server's databases, with settings. Errors: that the server cannot be reached, and
    /// its refusal.
    pub(super) fn connect(
        address: &PostgresAddress,
        database: &str,
        settings: &[(&str, &str)],
    ) -> Result<Self, EngineError> {
        let mut client = Self {
            stream: open(&address.place).map_err(EngineError::outside)?,
            received: BytesMut::new(),
            process: 0,
        };
        let parameters = [
            ("user", address.user.as_str()),
            ("database", database),
            ("client_encoding", "UTF8"),
        ];
        let parameters = parameters.into_iter().chain(settings.iter().copied());
        client.send(|out| frontend::startup_message(parameters, out))?;
        client.authenticate(address)?;
        loop {
            match client.receive()? {
                Message::BackendKeyData(key) => client.process = key.process_id(),
                Message::ReadyForQuery(_) => return Ok(client),
                Message::ErrorResponse(body) => return Err(error_of(body.fields())),
                _ => {}
            }
        }
    }

    /// The number of the server's process for it.
    pub(super) fn process(&self) -> i32 {
        self.process
    }

    /// Runs a text of statements. Errors: the server's, after which the connection can go on; those of the connection,
    /// after which it cannot.
    pub(super) fn run(&mut self, sql: &str) -> Result<Reply, EngineError> {
        self.send(|out| frontend::query(sql, out))?;
        let mut reply = Reply::default();
        let mut failed = None;
        loop {
            match self.receive()? {
                Message::RowDescription(body) => {
                    reply.columns = Some(types_of(&body)?);
                    reply.rows.clear();
                }
                Message::DataRow(body) => reply.rows.push(row_of(&body)?),
                Message::CommandComplete(body) => {
                    let tag = body.tag().map_err(EngineError::outside)?;
                    let count = tag.rsplit(' ').next().and_then(|n| n.parse().ok());
                    reply.count += count.unwrap_or(0_u64);
                }
                Message::ErrorResponse(body) => failed = Some(error_of(body.fields())),
                Message::CopyInResponse(_) => {
                    let reason = "scripts bring no data for COPY";
                    self.send(|out| frontend::copy_fail(reason, out))?;
                }
                Message::CopyOutResponse(_) => {
                    failed = Some(EngineError::outside("COPY … TO STDOUT is not read here"));
                }
                Message::ReadyForQuery(_) => return failed.map_or(Ok(reply), Err),
                _ => {}
            }
        }
    }

    /// Says who comes, in the way that the server asks for.
    fn authenticate(&mut self, address: &PostgresAddress) -> Result<(), EngineError> {
        let password = address.password.as_deref().map(str::as_bytes);
        let password =
            || password.ok_or_else(|| EngineError::outside("the server wants a password"));
        loop {
            match self.receive()? {
                Message::AuthenticationOk => return Ok(()),
                Message::AuthenticationCleartextPassword => {
                    let password = password()?;
                    self.send(|out| frontend::password_message(password, out))?;
                }
                Message::AuthenticationMd5Password(body) => {
                    let hash = md5_hash(address.user.as_bytes(), password()?, body.salt());
                    self.send(|out| frontend::password_message(hash.as_bytes(), out))?;
                }
                Message::AuthenticationSasl(_) => self.scram(password()?)?,
                Message::ErrorResponse(body) => return Err(error_of(body.fields())),
                _ => {
                    let message = "the server wants a way of authentication that is not known here";
                    return Err(EngineError::outside(message));
                }
            }
        }
    }

    /// RFC 5802, without channel binding, since nothing is encrypted.
    fn scram(&mut self, password: &[u8]) -> Result<(), EngineError> {
        let mut scram = ScramSha256::new(password, ChannelBinding::unsupported());
        self.send(|out| frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), out))?;
        loop {
            match self.receive()? {
                Message::AuthenticationSaslContinue(body) => {
                    scram.update(body.data()).map_err(EngineError::outside)?;
                    self.send(|out| frontend::sasl_response(scram.message(), out))?;
                }
                Message::AuthenticationSaslFinal(body) => {
                    return scram.finish(body.data()).map_err(EngineError::outside);
                }
                Message::ErrorResponse(body) => return Err(error_of(body.fields())),
                _ => return Err(EngineError::outside("the server broke off SCRAM")),
            }
        }
    }

    fn send(
        &mut self,
        write: impl FnOnce(&mut BytesMut) -> io::Result<()>,
    ) -> Result<(), EngineError> {
        let mut out = BytesMut::new();
        let sent = write(&mut out).and_then(|()| self.stream.write_all(&out));
        sent.map_err(EngineError::outside)
    }

    /// The next message.
    fn receive(&mut self) -> Result<Message, EngineError> {
        loop {
            let message = Message::parse(&mut self.received).map_err(EngineError::outside)?;
            if let Some(message) = message {
                return Ok(message);
            }
            let held = self.received.len();
            self.received.resize(held + READ_BYTES, 0);
            let read = self.stream.read(&mut self.received[held..]);
            self.received.truncate(held + *read.as_ref().unwrap_or(&0));
            if read.map_err(EngineError::outside)? == 0 {
                return Err(EngineError::outside("the server closed the connection"));
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Who is told nothing finds out by itself.
        let _ = self.send(|out| {
            frontend::terminate(out);
            Ok(())
        });
    }
}

fn open(place: &Place) -> io::Result<Box<dyn Stream>> {
    let at = |e: io::Error, place: String| io::Error::new(e.kind(), format!("{place}: {e}"));
    match place {
        Place::Socket(path) => match UnixStream::connect(path) {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) => Err(at(error, path.display().to_string())),
        },
        Place::Network(host, port) => {
            let connected = TcpStream::connect((host.as_str(), *port))
                .and_then(|stream| stream.set_nodelay(true).map(|()| stream));
            match connected {
                Ok(stream) => Ok(Box::new(stream)),
                Err(error) => Err(at(error, format!("{host}:{port}"))),
            }
        }
    }
}

fn types_of(body: &RowDescriptionBody) -> Result<Vec<u32>, EngineError> {
    let types = body.fields().map(|field| Ok(field.type_oid()));
    types.collect().map_err(EngineError::outside)
}

fn row_of(body: &DataRowBody) -> Result<Vec<Option<String>>, EngineError> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let cells = body
        .ranges()
        .map(|range| Ok(range.map(|range| text(&body.buffer()[range]))));
    cells.collect().map_err(EngineError::outside)
}

/// The error that fields describe.
fn error_of(mut fields: ErrorFields<'_>) -> EngineError {
    let mut error = EngineError::outside("the server failed without a message");
    while let Ok(Some(field)) = fields.next() {
        let text = String::from_utf8_lossy(field.value_bytes()).into_owned();
        match field.type_() {
            b'C' => error.sqlstate = Some(text),
            b'M' => error.message = text,
            _ => {}
        }
    }
    error
}
