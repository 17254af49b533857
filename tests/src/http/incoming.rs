//! Reads requests from a connection.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpStream;

use super::gone::Gone;

/// One request, read completely.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, as sent.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, without transfer coding.
    pub body: Vec<u8>,
}

pub(super) struct Incoming {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Incoming {
    pub(super) fn of(stream: TcpStream) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    /// The next request; blocks until it is complete.
    pub(super) fn request(&mut self) -> Result<Request, Gone> {
        let (mut request, chunked) = loop {
            if let Some((head, length)) = parse_head(&self.buffer)? {
                self.buffer.drain(..length);
                break head;
            }
            self.fill()?;
        };
        if chunked {
            while let Some(chunk) = self.chunk()? {
                request.body.extend(chunk);
            }
        } else {
            let length = request.headers.get("content-length");
            let length = length
                .map_or(Ok(0), |text| text.parse())
                .map_err(|_| Gone)?;
            request.body = self.take(length)?;
        }
        Ok(request)
    }

    /// The next chunk of a chunked body; `None` after the last.
    fn chunk(&mut self) -> Result<Option<Vec<u8>>, Gone> {
        let size = loop {
            match httparse::parse_chunk_size(&self.buffer).map_err(|_| Gone)? {
                httparse::Status::Complete((length, size)) => {
                    self.buffer.drain(..length);
                    break usize::try_from(size).map_err(|_| Gone)?;
                }
                httparse::Status::Partial => self.fill()?,
            }
        };
        let chunk = self.take(size)?;
        self.take(2)?;
        Ok((size > 0).then_some(chunk))
    }

    fn take(&mut self, length: usize) -> Result<Vec<u8>, Gone> {
        while self.buffer.len() < length {
            self.fill()?;
        }
        let rest = self.buffer.split_off(length);
        Ok(std::mem::replace(&mut self.buffer, rest))
    }

    fn fill(&mut self) -> Result<(), Gone> {
        let mut part = [0; 64 * 1024];
        let length = self.stream.read(&mut part)?;
        if length == 0 {
            return Err(Gone);
        }
        self.buffer.extend_from_slice(&part[..length]);
        Ok(())
    }
}

/// The head of a request, whether its body is chunked, and the head's length; `None` while incomplete.
#[expect(
    clippy::type_complexity,
    reason = "private, and taken apart at its one call"
)]
fn parse_head(bytes: &[u8]) -> Result<Option<((Request, bool), usize)>, Gone> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(bytes).map_err(|_| Gone)? else {
        return Ok(None);
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers: BTreeMap<_, _> = head
        .headers
        .iter()
        .map(|h| (h.name.to_ascii_lowercase(), text(h.value)))
        .collect();
    let chunked = headers
        .get("transfer-encoding")
        .is_some_and(|v| v.contains("chunked"));
    let request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        path: head.path.unwrap_or_default().to_owned(),
        headers,
        body: Vec::new(),
    };
    Ok(Some(((request, chunked), length)))
}
