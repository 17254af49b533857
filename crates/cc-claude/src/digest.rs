//! Folds the events of one run into its outcome, in bounded memory.
//!
//! [`OutcomeBuilder::on`] takes each event as it comes and says what to show; [`OutcomeBuilder::conclude`] decides
//! how the run ended once its process is gone. Only a result event decides that Claude answered.
//!
//! A run may give several results: 2.1.330 answers the end of a background task in a turn of its
//! own, whose result would hide the review that was asked for. Such a result is marked with
//! `origin.kind` on 2.1.330; where a version has no marks, a turn is taken for such an answer if
//! it began after a task ended whose tool call was over before.

mod answer;
mod calls;
mod conclude;
mod failure;
mod tally;
#[cfg(test)]
mod tests;
mod text;

use cc_core::text::{head, one_line};
use cc_core::{AccountLimit, ThreadId, Usage};

use crate::observer::{LINE, Progress};
use crate::outcome::Incomplete;
use crate::stream::event::{
    Assistant, Block, BlockStart, Init, Retry, Text, ToolInput, TurnResult, User,
};
use crate::stream::event::{ClaudeEvent, STRUCTURED_OUTPUT};

use self::answer::TurnAnswer;
use self::calls::Calls;
use self::failure::FailureHints;
use self::tally::Tally;
use self::text::Texts;

/// The most bytes of one [`Progress::Text`].
const PROGRESS_TEXT: usize = 64 << 10;

/// What is known of a run so far.
#[derive(Debug, Default)]
pub(crate) struct OutcomeBuilder {
    structured: bool,
    /// The MCP server that the run needs.
    server: Option<&'static str>,
    started: bool,
    thread: Option<ThreadId>,
    model: Option<String>,
    version: Option<String>,
    schema_refused: bool,
    /// The server's status, if it is not connected.
    server_missing: Option<String>,
    texts: Texts,
    calls: Calls,
    tally: Tally,
    /// The tokens of the messages so far, before a result tells them.
    used: Usage,
    hints: FailureHints,
    /// Whether a task in the background ended, so that the next turn answers that.
    notified: bool,
    results: u64,
    answer: Option<TurnAnswer>,
    /// The last structured output that Claude tried to give, as JSON.
    tried: Option<String>,
    /// What Claude Code said last of the account.
    limit: Option<AccountLimit>,
    /// The first line that could not be read.
    unreadable: Option<String>,
    /// The size of the last line that was too long, in bytes: it may have been the result.
    oversized: Option<u64>,
}

impl OutcomeBuilder {
    /// A run that has not started. `structured` is whether it was given a schema, `server` the MCP server that
    /// it needs.
    pub(crate) fn new(structured: bool, server: Option<&'static str>) -> Self {
        Self {
            structured,
            server,
            ..Self::default()
        }
    }

    /// Applies an event; returns what to show of it.
    pub(crate) fn on(&mut self, event: &ClaudeEvent<'_>) -> Option<Progress> {
        match event {
            ClaudeEvent::Init(init) => self.on_init(init),
            ClaudeEvent::Assistant(said) => self.on_assistant(said),
            ClaudeEvent::User(user) => {
                self.on_user(user);
                let thinks = !user.subagent && !user.tool_results.is_empty();
                thinks.then_some(Progress::Thinking)
            }
            ClaudeEvent::MessageStart { subagent, usage } => {
                self.used.add(*usage);
                let abandoned = !subagent && self.texts.message_starts();
                Some(match abandoned {
                    true => Progress::Rewriting,
                    false => self.used(),
                })
            }
            ClaudeEvent::BlockStart(BlockStart::Thinking) => Some(Progress::Thinking),
            ClaudeEvent::BlockStart(BlockStart::Answer) => Some(Progress::Answering),
            ClaudeEvent::TextDelta(text) => {
                let held = self.held();
                self.texts.write(text, held);
                Some(Progress::Writing(text.clone().into_owned()))
            }
            ClaudeEvent::MessageDelta {
                subagent,
                stop_reason,
                output_tokens,
            } => {
                self.used.output_tokens = self.used.output_tokens.saturating_add(*output_tokens);
                if !subagent {
                    self.texts.message_ends(stop_reason.as_deref());
                }
                Some(self.used())
            }
            ClaudeEvent::Retry(retry) => {
                self.hints.retry(retry);
                Some(shown_retry(retry))
            }
            ClaudeEvent::PermissionDenied { tool, id } => self.on_denial(tool.as_deref()?, id),
            ClaudeEvent::TaskStarted {
                kind,
                tool_use_id,
                description,
            } => self.on_task(kind, tool_use_id, description),
            ClaudeEvent::TaskEnded { tool_use_id } => {
                let id = tool_use_id.as_deref().unwrap_or_default();
                // A call that still waits will get its result in this turn.
                self.notified |= !self.calls.is_pending(id);
                None
            }
            ClaudeEvent::Fallback { from, to, trigger } => {
                self.model = to.as_deref().map(name).or(self.model.take());
                Some(Progress::Note(format!(
                    "model {} instead of {}: {}",
                    short(to),
                    short(from),
                    short(trigger)
                )))
            }
            ClaudeEvent::Refusal => {
                self.hints.declined = true;
                Some(Progress::Note("the model declined to answer".into()))
            }
            ClaudeEvent::Information { content } => {
                let content = line(content);
                (!content.is_empty()).then_some(Progress::Note(content))
            }
            ClaudeEvent::Compacting => Some(Progress::Note("compacting the conversation".into())),
            ClaudeEvent::RateLimit {
                rejected,
                resets_at,
                window,
                used,
            } => {
                self.limit = Some(AccountLimit {
                    reached: *rejected,
                    resets_at: *resets_at,
                    window: window.as_deref().map(|it| one_line(it, 40)),
                    used: *used,
                });
                self.hints.rate_limit(*rejected, *resets_at);
                rejected.then(|| Progress::Note("the usage limit is reached".into()))
            }
            ClaudeEvent::Result(result) => {
                self.on_result(result);
                Some(Progress::Used {
                    usage: self.tally.tokens(),
                    cost_usd: self.tally.cost_usd(),
                })
            }
            ClaudeEvent::Unreadable { bytes, excerpt } => self.on_unreadable(*bytes, excerpt),
            ClaudeEvent::Oversized { bytes } => {
                self.oversized = Some(*bytes);
                Some(Progress::Note(format!(
                    "a line of {bytes} bytes is too long to read"
                )))
            }
            ClaudeEvent::Other => None,
        }
    }

    /// What the messages so far have used.
    fn used(&self) -> Progress {
        Progress::Used {
            usage: self.used,
            cost_usd: self.tally.cost_usd(),
        }
    }

    fn on_denial(&mut self, tool: &str, id: &Option<Text<'_>>) -> Option<Progress> {
        let denial = self.calls.refuse(id.as_deref().unwrap_or_default(), tool)?;
        Some(Progress::Denied {
            tool: denial.tool,
            detail: denial.detail,
        })
    }

    /// A task that is no subagent's, or whose call was shown, is not shown.
    fn on_task(
        &mut self,
        kind: &Option<Text<'_>>,
        call: &Option<Text<'_>>,
        description: &Option<Text<'_>>,
    ) -> Option<Progress> {
        let known = self
            .calls
            .starts_subagent(call.as_deref().unwrap_or_default());
        let new = kind.as_deref() == Some("local_agent") && !known;
        new.then(|| Progress::Subagent {
            description: line(description),
        })
    }

    /// The first is shown.
    fn on_unreadable(&mut self, bytes: u64, excerpt: &str) -> Option<Progress> {
        if self.unreadable.is_some() {
            return None;
        }
        self.unreadable = Some(excerpt.to_owned());
        let note = format!("a line of {bytes} bytes is not JSON: {excerpt}");
        Some(Progress::Note(one_line(&note, LINE)))
    }

    /// Whether a turn is over. The process may go on: end of output says when the run is.
    pub(crate) fn saw_result(&self) -> bool {
        self.results > 0
    }

    /// Whether Claude silently dropped the schema it was given, as 2.1.197 does with one that its
    /// validator does not know: there will be no structured output.
    pub(crate) fn schema_refused(&self) -> bool {
        self.schema_refused
    }

    /// Whether Claude runs without the server that it needs: it has not asked the model anything yet.
    pub(crate) fn server_missing(&self) -> bool {
        self.server_missing.is_some()
    }

    fn look_for_server(&mut self, init: &Init<'_>) {
        let Some(wanted) = self.server else { return };
        let server = init.servers.iter().find(|server| server.name == wanted);
        let status = server.map_or("missing", |server| &server.status);
        if status != "connected" {
            self.server_missing = Some(one_line(status, 60));
        }
    }

    fn on_init(&mut self, init: &Init<'_>) -> Option<Progress> {
        self.begin_turn();
        let session = init.session_id.as_deref();
        self.thread = session
            .and_then(|id| ThreadId::parse(id).ok())
            .or(self.thread.take());
        self.model = init.model.as_deref().map(name).or(self.model.take());
        self.version = init.version.as_deref().map(name).or(self.version.take());
        let offered = |tools: &Vec<Text<'_>>| tools.iter().any(|tool| tool == STRUCTURED_OUTPUT);
        self.schema_refused |= self.structured && !init.tools.as_ref().is_none_or(offered);
        self.look_for_server(init);
        if std::mem::replace(&mut self.started, true) {
            return None;
        }
        Some(Progress::Started {
            thread: self.thread.clone(),
            model: self.model.clone(),
            version: self.version.clone(),
        })
    }

    fn begin_turn(&mut self) {
        let is_first = self.results == 0 && !self.texts.has_open_turn();
        let notified = std::mem::take(&mut self.notified);
        self.texts.begin(notified && !is_first);
    }

    fn on_assistant(&mut self, said: &Assistant<'_>) -> Option<Progress> {
        if said.subagent {
            return match &said.block {
                Some(Block::ToolUse { id, name, input }) => self.on_call(id, name, input),
                _ => None,
            };
        }
        if let Some(reason) = &said.stop_reason {
            self.texts.message_ends(Some(reason));
        }
        if let Some(error) = &said.error {
            // The text is Claude Code's own and comes again in the result.
            self.hints.api_error(error);
            return None;
        }
        self.hints.answered();
        match said.block.as_ref()? {
            Block::ToolUse { id, name, input } => self.on_call(id, name, input),
            Block::Text(text) => {
                if !self.texts.has_open_turn() {
                    self.begin_turn();
                }
                let held = self.held();
                self.texts.push(text, held);
                let shown = head(text, PROGRESS_TEXT);
                (!shown.trim().is_empty()).then(|| Progress::Text(shown.to_owned()))
            }
        }
    }

    /// The bytes of the answer of an earlier turn.
    fn held(&self) -> usize {
        self.answer.as_ref().map_or(0, TurnAnswer::bytes)
    }

    fn on_call(&mut self, id: &str, name: &str, input: &ToolInput<'_>) -> Option<Progress> {
        self.calls.begin(id, name, input);
        if !input.raw.is_empty() {
            self.tried = Some(input.raw.clone().into_owned());
        }
        Some(if input.starts_subagent {
            Progress::Subagent {
                description: line(&input.subject),
            }
        } else {
            Progress::Tool {
                name: one_line(&calls::shown_name(name), LINE),
                detail: calls::detail(input),
            }
        })
    }

    fn on_user(&mut self, user: &User<'_>) {
        for result in &user.tool_results {
            let id = result.id.as_deref().unwrap_or_default();
            self.calls.end(id, result);
        }
        if !user.subagent {
            self.texts.user(user);
        }
    }

    fn on_result(&mut self, result: &TurnResult<'_>) {
        self.tally.add(result);
        result
            .denials
            .iter()
            .for_each(|call| self.calls.refused(call));
        let said = result.result.as_deref().unwrap_or_default();
        let failure = failure::of_turn(result, &self.hints);
        if failure.is_some() {
            self.texts.keep_unfinished();
        }
        let turn = self.texts.end(said);
        self.hints.end_turn();
        self.results += 1;
        let is_marked = result.origin.is_some() || result.index.is_some();
        let mut answer = TurnAnswer {
            notification: if is_marked {
                result.origin.as_deref() == Some("task-notification")
            } else {
                turn.notification
            },
            text: turn.text,
            earlier: turn.earlier,
            cut: turn.cut,
            incomplete: result.stop_reason.as_deref().and_then(Incomplete::of),
            structured: result.structured.clone(),
            failure,
        };
        if answer.text.is_empty() && answer.failure.is_none() {
            answer.text = head(said, text::LIMIT).to_owned();
            answer.cut = (said.len() - answer.text.len()) as u64;
        }
        self.answer = Some(match self.answer.take() {
            None => answer,
            Some(old) => {
                let (chosen, other_text) = old.or_newer(answer);
                if chosen.text.trim().is_empty() {
                    self.texts.narrate(other_text);
                }
                chosen
            }
        });
    }
}

fn shown_retry(retry: &Retry<'_>) -> Progress {
    let error = short(&retry.error);
    Progress::Retry {
        attempt: retry.attempt,
        of: retry.of,
        delay: retry.delay,
        reason: match retry.status {
            Some(status) => format!("{error} ({status})"),
            None => error,
        },
    }
}

fn line(text: &Option<Text<'_>>) -> String {
    one_line(text.as_deref().unwrap_or_default(), LINE)
}

/// A value of the stream, short enough for a sentence.
fn short(text: &Option<Text<'_>>) -> String {
    match text.as_deref() {
        Some(text) => one_line(text, 60),
        None => "unknown".into(),
    }
}

/// A name of a model or version.
fn name(text: &str) -> String {
    one_line(text, 120)
}
