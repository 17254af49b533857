//! A loopback HTTP/1.1 server whose replies can be late, slow, silent or cut short.
//!
//! Blocking, with one thread for each connection: a handler reads from top to bottom like the script it
//! plays, and cutting a connection is a function call.

mod gone;
mod incoming;
mod reply;

use std::collections::HashMap;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use incoming::Incoming;

pub use gone::Gone;
pub use incoming::Request;
pub use reply::Reply;

/// A running server; dropping it closes every connection and joins every thread.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct Server {
    address: SocketAddr,
    open: Arc<Mutex<Open>>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Open {
    stopped: bool,
    next: u64,
    connections: HashMap<u64, TcpStream>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Listens on a free port of 127.0.0.1; `handler` answers each request on its connection's thread.
    ///
    /// # Panics
    /// When the port cannot be opened.
    pub fn start<H>(handler: H) -> Self
    where
        H: Fn(&Request, &mut Reply) -> Result<(), Gone> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port can be opened");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let open = Arc::new(Mutex::new(Open::default()));
        let handler = Arc::new(handler);
        let accepting = thread::spawn({
            let open = Arc::clone(&open);
            move || accept(&listener, &open, &handler)
        });
        Self {
            address,
            open,
            accepting: Some(accepting),
        }
    }

    /// The address as a base URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        {
            let mut open = lock(&self.open);
            open.stopped = true;
            for connection in open.connections.values() {
                let _ = connection.shutdown(Shutdown::Both);
            }
        }
        // `accept` cannot be interrupted, only answered.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
        let threads = std::mem::take(&mut lock(&self.open).threads);
        for thread in threads {
            let _ = thread.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept<H>(listener: &TcpListener, open: &Arc<Mutex<Open>>, handler: &Arc<H>)
where
    H: Fn(&Request, &mut Reply) -> Result<(), Gone> + Send + Sync + 'static,
{
    for stream in listener.incoming() {
        let mut guard = lock(open);
        if guard.stopped {
            return;
        }
        let Ok((stream, twin)) = stream.and_then(|s| s.try_clone().map(|twin| (s, twin))) else {
            continue;
        };
        let id = guard.next;
        guard.next += 1;
        guard.connections.insert(id, twin);
        guard.threads.retain(|thread| !thread.is_finished());
        let (open, handler) = (Arc::clone(open), Arc::clone(handler));
        guard.threads.push(thread::spawn(move || {
            let _ = serve(stream, handler.as_ref());
            lock(&open).connections.remove(&id);
        }));
    }
}

fn serve<H>(stream: TcpStream, handler: &H) -> Result<(), Gone>
where
    H: Fn(&Request, &mut Reply) -> Result<(), Gone>,
{
    stream.set_nodelay(true)?;
    let mut incoming = Incoming::of(stream.try_clone()?);
    let mut reply = Reply::on(stream);
    while reply.may_follow() {
        let request = incoming.request()?;
        handler(&request, &mut reply)?;
    }
    reply.close()
}
