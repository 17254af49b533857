//! The Git server: seven reads of a repository as tools of the Model Context Protocol, over standard
//! input and output. A Claude that may only read is given it instead of a shell.
//!
//! What the tools read is in `cc-git` (`lookup.rs`); here are their names and how they are asked for.

mod stdio;

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use cc_core::Env;
use cc_core::text::one_line;
use cc_git::{Git, Lookup, Repository};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation,
    JsonObject, ListToolsResult, PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
    ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::{Semaphore, oneshot};

use crate::error::{CliError, CliResult, ExitStatus};

/// The most reads at the same time, each of which starts Git.
const AT_ONCE: usize = 4;

/// Serves the repository of the current directory until standard input ends; calls of Git keep their files in
/// the data directory `data`.
pub(crate) fn serve(env: &Env, data: Option<&Path>) -> CliResult {
    let failed = |error: &dyn Display| {
        CliError::new(
            ExitStatus::Failure,
            format!("the Git server ended: {error}"),
        )
    };
    // At the end of the input, rmcp waits for answers that are on their way, with a timer.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(|error| failed(&error))?;
    // Claude has no variables of Codex, which would lead to that directory.
    let data = data.map(|data| ("CC_DATA_DIR".into(), data.into()));
    let server = GitServer {
        env: Arc::new(env.without_git_vars().with_vars(data)),
        free: Semaphore::new(AT_ONCE),
    };
    runtime.block_on(async {
        let input = stdio::Input::open().map_err(|error| failed(&error))?;
        let running = server.serve((input, stdio::StandardOutput)).await;
        let running = running.map_err(|error| failed(&error))?;
        running.waiting().await.map_err(|error| failed(&error))?;
        Ok(ExitStatus::Success)
    })
}

struct GitServer {
    env: Arc<Env>,
    free: Semaphore,
}

/// One tool: what Claude is told of it, and what a call of it means.
struct GitTool {
    name: &'static str,
    description: &'static str,
    schema: fn() -> Value,
    parse: fn(Value) -> Result<Lookup, serde_json::Error>,
}

impl GitTool {
    const fn new<Q: JsonSchema + DeserializeOwned>(
        name: &'static str,
        description: &'static str,
        parse: fn(Value) -> Result<Lookup, serde_json::Error>,
    ) -> Self {
        Self {
            name,
            description,
            schema: cc_workflows::schema::of::<Q>,
            parse,
        }
    }

    fn described(&self) -> Tool {
        let schema = match (self.schema)() {
            Value::Object(schema) => in_short(schema),
            _ => JsonObject::new(),
        };
        Tool::new(self.name, self.description, Arc::new(schema))
            .with_annotations(ToolAnnotations::new().read_only(true))
    }
}

/// The schema without what a model does not need: every byte is in every request.
fn in_short(mut schema: JsonObject) -> JsonObject {
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for property in properties.into_iter().flat_map(|all| all.values_mut()) {
        let Some(fields) = property.as_object_mut() else {
            continue;
        };
        fields.retain(|name, _| name != "default" && name != "minimum");
        // An optional text is left out, not null.
        if let Some(kind) = fields.get("type").and_then(|kinds| kinds.get(0)).cloned() {
            fields.insert("type".into(), kind);
        }
    }
    schema.remove("description");
    schema
}

macro_rules! tools {
    ($($name:literal $variant:ident($query:ident): $description:literal;)*) => {
        [$(GitTool::new::<cc_git::$query>(
            $name,
            $description,
            |arguments| serde_json::from_value(arguments).map(Lookup::$variant),
        )),*]
    };
}

static TOOLS: [GitTool; 7] = tools! {
    "status" Status(StatusQuery): "Show the branch, and the files that are changed, staged or untracked.";
    "diff" Diff(DiffQuery): "Show the changes between HEAD and the working tree, or between other states.";
    "log" Log(LogQuery): "Show commits, newest first.";
    "show" Show(ShowQuery): "Show a commit with its diff, or a file or directory as it was in a commit.";
    "blame" Blame(BlameQuery): "Show which commit last changed each line of a file.";
    "grep" Grep(GrepQuery): "Search the files of a commit.";
    "ls-files" LsFiles(LsFilesQuery): "List the files that Git tracks.";
};

impl ServerHandler for GitServer {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("cc-git", env!("CARGO_PKG_VERSION")))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools = TOOLS.iter().map(GitTool::described).collect();
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let tool = TOOLS.iter().find(|tool| tool.name == request.name);
        let tool = tool.ok_or_else(|| {
            let name = one_line(&request.name, 80);
            ErrorData::invalid_params(format!("there is no tool `{name}`"), None)
        })?;
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let answer = match (tool.parse)(arguments) {
            Ok(lookup) => self.look_up(lookup).await,
            Err(error) => Err(error.to_string()),
        };
        Ok(match answer {
            Ok(page) => CallToolResult::success(vec![ContentBlock::text(page)]),
            Err(error) => CallToolResult::error(vec![ContentBlock::text(error)]),
        }
        .into())
    }
}

impl GitServer {
    async fn look_up(&self, lookup: Lookup) -> Result<String, String> {
        let _permit = self.free.acquire().await;
        let env = Arc::clone(&self.env);
        let (tell, told) = oneshot::channel();
        // Not in a pool of threads: that panics, or waits without end, where the system allows no more of them.
        let thread = thread::Builder::new().spawn(move || {
            let repository = Git::locate(&env).and_then(|git| Repository::discover(git, &env.cwd));
            let answer = repository.and_then(|repository| repository.look_up(&lookup));
            // Nobody listens any more if the call was cancelled.
            let _ = tell.send(answer.map_err(|error| error.to_string()));
        });
        match thread {
            Ok(_) => told
                .await
                .unwrap_or_else(|_| Err("the lookup failed".to_owned())),
            Err(error) => Err(format!("cannot start a thread: {error}")),
        }
    }
}
