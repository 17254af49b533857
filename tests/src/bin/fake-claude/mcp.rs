//! The MCP servers of a run: started and greeted as the real Claude does, so that a run without its server
//! looks like one.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// The servers that `--mcp-config` names; they end with this.
pub(crate) struct Servers(Vec<(String, Option<Server>)>);

struct Server {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    tools: Vec<String>,
}

impl Servers {
    /// Starts them; one that does not answer is failed.
    pub(crate) fn start(config: Option<&str>) -> Self {
        let config: Value = config.map_or(Value::Null, |config| {
            serde_json::from_str(config).expect("the configuration of servers is JSON")
        });
        let servers = config["mcpServers"].as_object().into_iter().flatten();
        let start = |(name, how): (&String, &Value)| (name.clone(), Server::start(how).ok());
        Self(servers.map(start).collect())
    }

    /// Adds them and their tools to an `init` event.
    pub(crate) fn add_to(&self, event: &mut Value) {
        if event["subtype"] != "init" {
            return;
        }
        let state = |(name, server): &(String, Option<Server>)| {
            let status = server.as_ref().map_or("failed", |_| "connected");
            json!({"name": name, "status": status})
        };
        event["mcp_servers"] = self.0.iter().map(state).collect();
        let Some(tools) = event["tools"].as_array_mut() else {
            return;
        };
        for (name, server) in &self.0 {
            let offered = server.iter().flat_map(|server| &server.tools);
            tools.extend(offered.map(|tool| json!(format!("mcp__{name}__{tool}"))));
        }
    }
}

impl Server {
    fn start(how: &Value) -> io::Result<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let command = text(&how["command"]).ok_or(io::ErrorKind::InvalidInput)?;
        let args = how["args"].as_array().into_iter().flatten();
        let mut child = Command::new(command)
            .args(args.filter_map(text))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut server = Self {
            input: child.stdin.take(),
            output: BufReader::new(output),
            child,
            tools: Vec::new(),
        };
        server.ask(json!({"id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "fake-claude", "version": "1"},
        }}))?;
        server.tell(json!({"method": "notifications/initialized"}))?;
        let listed = server.ask(json!({"id": 1, "method": "tools/list"}))?;
        let tools = listed["result"]["tools"].as_array().into_iter().flatten();
        server.tools = tools.filter_map(|tool| text(&tool["name"])).collect();
        Ok(server)
    }

    fn tell(&mut self, mut message: Value) -> io::Result<()> {
        message["jsonrpc"] = "2.0".into();
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(input, "{message}")
    }

    fn ask(&mut self, message: Value) -> io::Result<Value> {
        let id = message["id"].clone();
        self.tell(message)?;
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let answer: Value = serde_json::from_str(&line)?;
            if answer["id"] == id {
                return Ok(answer);
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
