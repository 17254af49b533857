//! What is asked of Claude, and the command line and standard input that say so.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cc_core::{Failure, FailureClass, ThreadId};
use serde_json::{Map, Value, json};

use crate::{ProjectSettings, UserSettings};

/// One request to Claude.
#[derive(Clone, Debug)]
pub struct Request {
    /// The directory Claude works in; absolute.
    pub cwd: PathBuf,
    /// What to do. Goes through standard input: an argument is bounded at 128 KiB and shows in `ps`.
    pub prompt: String,
    /// Replaces Claude's own system prompt.
    pub system_prompt: Option<String>,
    /// What is said after Claude's system prompt, its own or ours.
    pub append_system_prompt: Option<String>,
    /// What Claude can do with git.
    pub git: GitAccess,
    /// What Claude may use.
    pub tools: Tools,
    /// A server whose tools Claude may use too. Without it there is no run.
    pub server: Option<McpServer>,
    /// Whose configuration Claude gets; only for [`Tools::Write`].
    pub configuration: Configuration,
    /// The JSON schema of the structured output that is asked for.
    pub schema: Option<Value>,
    /// The model, verbatim; Claude's default where absent.
    pub model: Option<String>,
    /// The effort, verbatim; the model's default where absent.
    pub effort: Option<String>,
    /// Variables of ours that pass although their names look like those of secrets; `*` is any text.
    pub pass_env: Vec<String>,
    /// Variables of Claude and its commands, besides what passes of ours.
    pub env: Vec<(OsString, OsString)>,
    /// A directory whose programs Claude finds before all others.
    pub programs: Option<PathBuf>,
    /// What becomes of the conversation.
    pub thread: Thread,
    /// Where the settings of the run are while it lasts: they may hold secrets, which arguments would
    /// show. A temporary file where absent.
    pub settings_file: Option<PathBuf>,
    /// How long the run may take.
    pub limits: Limits,
    /// How many turns the run may take.
    pub max_turns: Option<u32>,
    /// What the run may cost in US dollars. Claude looks after each request, so it may cost more.
    pub max_budget_usd: Option<f64>,
}

/// What Claude may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tools {
    /// Nothing: one answer from what the prompt holds.
    None,
    /// Reading and searching the files of the working directory.
    ///
    /// Under `dontAsk` without a rule for them, `Read` and `Grep` stay in it and follow no link out of it
    /// (40 tries on each of 2.1.197, 2.1.260, 2.1.330 and 2.1.332). `Glob` is missing because it lists
    /// the names of any directory on 2.1.197, and a shell because it reads any file.
    ReadOnly,
    /// What [`Tools::ReadOnly`] allows, and running commands in the operating system's sandbox, which can
    /// write these directories alone and has no network. Without a sandbox there is no run.
    ReadAndRun(Vec<PathBuf>),
    /// Changing files of the working directory as well, and running commands.
    Write(Sandbox),
}

/// What Claude can do with git. Hooks and the file system monitor are always off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GitAccess {
    /// Nothing: it finds no repository.
    #[default]
    Nothing,
    /// Whatever git can.
    Full,
}

/// A program that offers tools over the Model Context Protocol; Claude starts it in its own directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct McpServer {
    /// Its name: the tools are called `mcp__NAME__TOOL`. Letters and digits only.
    pub name: &'static str,
    /// The program; absolute.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
}

impl McpServer {
    /// The argument that has Claude start it.
    fn config_arg(&self) -> OsString {
        let Self {
            name,
            command,
            args,
        } = self;
        let config = json!({"mcpServers": {*name: {"command": command, "args": args}}});
        valued("--mcp-config", &config.to_string())
    }

    /// The rule that lets Claude use its tools without asking.
    fn rule(&self) -> String {
        format!("mcp__{}", self.name)
    }
}

/// Where the commands that Claude runs are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// In the operating system's sandbox: writes in the working directory only, no network beyond
    /// these hosts. Without a sandbox there is no run.
    On {
        /// The hosts that may be reached, such as `crates.io` or `*.npmjs.org`.
        allowed_domains: Vec<String>,
        /// What is not written although it lies in the working directory; absolute, there or not.
        read_only: Vec<PathBuf>,
        /// What may be written besides the working directory; absolute.
        writable: Vec<PathBuf>,
    },
    /// Nowhere: they have all rights of the user.
    Off,
}

/// Whose configuration Claude gets.
///
/// It reads none of the repository's settings itself: with `--setting-sources` without `project` and `local`,
/// 2.1.197 to 2.1.332 load no hooks, servers, skills or variables from it, and no instructions either.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// Whether it loads the user's own.
    pub user: bool,
    /// Whether it reads the plain instructions of the working directory: `CLAUDE.md` and the rules beside it.
    /// They cannot run anything.
    pub instructions: bool,
    /// What it is given of the repository's settings.
    pub project: Option<ProjectConfiguration>,
}

/// What a run is given of a repository's settings; they can run programs and set Claude's environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectConfiguration {
    /// The settings.
    pub settings: ProjectSettings,
    /// A directory in the form of a plugin, with the hooks, skills and commands; nobody else can write it.
    pub plugin: PathBuf,
    /// Whether there are skills or commands.
    pub has_skills: bool,
    /// The file that says how the servers are started, if there are any.
    pub servers: Option<PathBuf>,
}

impl Configuration {
    fn sources(&self) -> &'static str {
        if self.user { "user" } else { "" }
    }

    fn has_skills(&self) -> bool {
        self.project
            .as_ref()
            .is_some_and(|project| project.has_skills)
    }

    fn has_hooks(&self) -> bool {
        let project = self.project.as_ref();
        project.is_some_and(|project| !project.settings.hooks.is_empty())
    }

    /// The arguments for the working directory at `cwd`.
    ///
    /// What an additional directory holds besides instructions is not loaded, and it is the one that Claude
    /// works in anyway. Nothing that a plugin holds but its hooks and skills is there.
    fn args(&self, cwd: &Path) -> Vec<OsString> {
        let mut args = vec!["--strict-mcp-config".into()];
        if !self.has_skills() {
            args.push("--disable-slash-commands".into());
        }
        if self.instructions {
            args.push(with_path("--add-dir", cwd));
        }
        let Some(project) = &self.project else {
            return args;
        };
        args.push(with_path("--plugin-dir", &project.plugin));
        // The files of a skill may be read where they are.
        if let Some(dir) = project.plugin.to_str() {
            args.push(valued("--allowedTools", &format!("Read(/{dir}/**)")));
        }
        if let Some(file) = &project.servers {
            args.push(with_path("--mcp-config", file));
            let names = project.settings.servers.keys();
            args.extend(names.map(|name| valued("--allowedTools", &format!("mcp__{name}"))));
        }
        args
    }
}

/// Has Claude read the instructions in the directories of `--add-dir`.
pub(crate) const WITH_INSTRUCTIONS: (&str, &str) =
    ("CLAUDE_CODE_ADDITIONAL_DIRECTORIES_CLAUDE_MD", "1");

impl Tools {
    fn names(&self, configuration: &Configuration) -> &'static str {
        match self {
            Tools::None => "",
            Tools::ReadOnly => "Read,Grep",
            Tools::ReadAndRun(_) => "Read,Grep,Bash",
            Tools::Write(_) if configuration.has_skills() => {
                "Read,Glob,Grep,Bash,Edit,Write,NotebookEdit,Skill"
            }
            Tools::Write(_) => "Read,Glob,Grep,Bash,Edit,Write,NotebookEdit",
        }
    }

    fn permission_mode(&self) -> &'static str {
        match self {
            Tools::None | Tools::ReadOnly | Tools::ReadAndRun(_) => "dontAsk",
            Tools::Write(_) => "acceptEdits",
        }
    }

    /// Adds what these tools need. Every type in it must be right: Claude 2.1.197 and 2.1.260 ignore
    /// all settings otherwise, and run without a sandbox.
    fn add_settings(
        &self,
        cwd: &Path,
        configuration: &Configuration,
        settings: &mut Map<String, Value>,
    ) {
        if matches!(self, Tools::Write(_)) && !configuration.has_hooks() {
            settings.insert("disableAllHooks".into(), true.into());
        }
        let sandbox = match self {
            Tools::Write(Sandbox::On {
                allowed_domains,
                read_only,
                writable,
            }) => sandbox(allowed_domains, &texts(read_only), &texts(writable)),
            // `.` would not mean the working directory here (measured on 2.1.330).
            Tools::ReadAndRun(writable) => {
                let cwd = cwd.to_owned();
                sandbox(&[], &texts(std::slice::from_ref(&cwd)), &texts(writable))
            }
            Tools::None | Tools::ReadOnly | Tools::Write(Sandbox::Off) => return,
        };
        settings.insert("sandbox".into(), sandbox);
    }
}

/// The settings of a sandbox without which there is no run.
fn sandbox(domains: &[String], read_only: &[&str], writable: &[&str]) -> Value {
    json!({
        "enabled": true,
        "failIfUnavailable": true,
        "allowUnsandboxedCommands": false,
        "autoAllowBashIfSandboxed": true,
        "network": {"allowedDomains": domains},
        "filesystem": {"denyWrite": read_only, "allowWrite": writable},
    })
}

/// What becomes of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thread {
    /// It is not kept and cannot be resumed.
    NotKept,
    /// It is kept under this id, which must be a new UUID.
    New(ThreadId),
    /// It goes on with the thread of this id. Claude 2.1.330 does so from any directory: that the
    /// thread belongs to the workspace is for the caller to see to.
    Resume(ThreadId),
}

/// How long a run may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Without a byte on standard output.
    pub idle: Duration,
    /// In all.
    pub total: Duration,
}

/// Claude 2.1.330 takes exactly this many bytes on standard input and refuses one more.
const PROMPT_BYTES: usize = 10 * 1024 * 1024;

/// Without this rule `acceptEdits` refuses every command that Claude cannot check before it runs: loops,
/// `$(…)`, `"$HOME"`. The sandbox does not depend on that check. Measured on 2.1.197, 2.1.260, 2.1.330
/// and 2.1.332: with the rule, writes outside still fail and `dangerouslyDisableSandbox` has no effect.
const ALLOW_COMMANDS: &str = "Bash";

/// Keeps a prompt that begins with `/` from being a command to Claude itself.
const PLAIN_TEXT: &str = "Task:\n";

impl Request {
    /// A request with an empty prompt, no tools and no thread, which may take an hour.
    pub fn new(cwd: impl Into<PathBuf>) -> Self {
        Self {
            cwd: cwd.into(),
            prompt: String::new(),
            system_prompt: None,
            append_system_prompt: None,
            git: GitAccess::Nothing,
            tools: Tools::None,
            server: None,
            configuration: Configuration::default(),
            schema: None,
            model: None,
            effort: None,
            pass_env: Vec::new(),
            env: Vec::new(),
            programs: None,
            thread: Thread::NotKept,
            settings_file: None,
            limits: Limits {
                idle: Duration::from_secs(600),
                total: Duration::from_secs(3_600),
            },
            max_turns: None,
            max_budget_usd: None,
        }
    }

    /// The settings for the run, on top of those that are loaded.
    pub(crate) fn settings(&self, user: &UserSettings) -> Map<String, Value> {
        let mut settings = user.settings.clone();
        self.tools
            .add_settings(&self.cwd, &self.loaded(), &mut settings);
        if let Tools::Write(Sandbox::On { read_only, .. }) = &self.tools {
            let rules = read_only
                .iter()
                .flat_map(|path| deny_rules(&self.cwd, path));
            settings.insert(
                "permissions".into(),
                json!({"deny": rules.collect::<Vec<_>>()}),
            );
        }
        settings
    }

    /// The arguments after the program's name, with the file that holds the settings of the run.
    ///
    /// A value from outside follows `=`, so that one that begins with `-` stays a value.
    pub(crate) fn args(&self, user: &UserSettings, settings: Option<&Path>) -> Vec<OsString> {
        let configuration = self.loaded();
        let mut args: Vec<OsString> = [
            "-p",
            "--output-format",
            "stream-json",
            "--verbose",
            "--include-partial-messages",
            "--setting-sources",
            configuration.sources(),
            "--permission-mode",
            self.tools.permission_mode(),
            "--tools",
            self.tools.names(&configuration),
        ]
        .map(OsString::from)
        .into();
        args.extend(configuration.args(&self.cwd));
        args.extend(self.server.iter().map(McpServer::config_arg));
        args.extend(self.allowed_arg());
        args.push(match &self.thread {
            Thread::NotKept => "--no-session-persistence".into(),
            Thread::New(id) => valued("--session-id", id.as_str()),
            Thread::Resume(id) => valued("--resume", id.as_str()),
        });
        let values = [
            ("--system-prompt", self.system_prompt.clone()),
            ("--append-system-prompt", self.append_system_prompt.clone()),
            ("--json-schema", self.schema.as_ref().map(schema_text)),
            ("--max-turns", self.max_turns.map(|turns| turns.to_string())),
            (
                "--max-budget-usd",
                self.max_budget_usd.map(|dollars| dollars.to_string()),
            ),
            ("--model", self.model.clone()),
            ("--effort", self.effort.clone().or(user.effort.clone())),
        ];
        args.extend(settings.map(settings_arg));
        let denied = user.denied.iter();
        args.extend(denied.map(|rule| valued("--disallowedTools", rule)));
        args.extend(
            values
                .into_iter()
                .filter_map(|(name, value)| Some(valued(name, &value?))),
        );
        args
    }

    /// The tools that need no question: commands, and those of the server.
    fn allowed_arg(&self) -> Option<OsString> {
        let runs = matches!(self.tools, Tools::ReadAndRun(_) | Tools::Write(_));
        let server = self.server.as_ref().map(McpServer::rule);
        let allowed: Vec<_> = runs
            .then(|| ALLOW_COMMANDS.to_owned())
            .into_iter()
            .chain(server)
            .collect();
        (!allowed.is_empty()).then(|| valued("--allowedTools", &allowed.join(",")))
    }

    /// What is loaded: a run that may only read gets none of it.
    pub(crate) fn loaded(&self) -> Configuration {
        match self.tools {
            Tools::None | Tools::ReadOnly | Tools::ReadAndRun(_) => Configuration::default(),
            Tools::Write(_) => self.configuration.clone(),
        }
    }

    /// What goes to standard input.
    ///
    /// # Errors
    /// [`FailureClass::PromptTooLong`] when Claude would refuse to read it.
    pub fn stdin(&self) -> Result<Cow<'_, str>, Failure> {
        let text = if is_slash_command(&self.prompt) {
            Cow::Owned(format!("{PLAIN_TEXT}{}", self.prompt))
        } else {
            Cow::Borrowed(self.prompt.as_str())
        };
        if text.len() > PROMPT_BYTES {
            return Err(Failure::new(
                FailureClass::PromptTooLong,
                format!(
                    "the prompt has {} bytes, claude reads at most {PROMPT_BYTES}",
                    text.len()
                ),
            ));
        }
        Ok(text)
    }
}

/// The rules that keep Claude's own tools from writing a path of the working directory and what is below;
/// outside they write nothing. Measured on 2.1.197 to 2.1.332: a rule counts through links and `..`, too.
fn deny_rules(cwd: &Path, path: &Path) -> Vec<String> {
    let Some(name) = path.strip_prefix(cwd).ok().and_then(Path::to_str) else {
        return Vec::new();
    };
    let mut pattern = String::new();
    for c in name.chars() {
        if "\\*?[]!#".contains(c) {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    vec![format!("Edit({pattern})"), format!("Edit({pattern}/**)")]
}

/// Claude cannot be given a path that is not valid Unicode, and cannot name it either.
fn texts(paths: &[PathBuf]) -> Vec<&str> {
    paths.iter().filter_map(|path| path.to_str()).collect()
}

/// The argument that names a settings file.
pub(crate) fn settings_arg(file: &Path) -> OsString {
    with_path("--settings", file)
}

fn with_path(name: &str, path: &Path) -> OsString {
    let mut arg = OsString::from(format!("{name}="));
    arg.push(path);
    arg
}

fn valued(name: &str, value: &str) -> OsString {
    format!("{name}={value}").into()
}

/// White space before the slash shields it in Claude 2.1.330; that is not relied upon.
fn is_slash_command(prompt: &str) -> bool {
    prompt
        .trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}')
        .starts_with('/')
}

/// `schema` on one line without `$schema`: Claude's validator refuses the drafts 2019-09 and 2020-12.
fn schema_text(schema: &Value) -> String {
    let mut schema = schema.clone();
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
    }
    schema.to_string()
}

#[cfg(test)]
mod tests;
