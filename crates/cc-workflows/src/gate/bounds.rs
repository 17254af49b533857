//! How often the gate may work: without limits it would burn money and trap people.

use cc_core::{SessionId, Time};
use cc_jobs::settings::GateSettings;
use cc_jobs::spending::DAY;

use super::history::HistoryEntry;
use super::outcome::Refusal;

/// Whether the turn may be blocked again.
pub(super) fn rounds(gate: &GateSettings, blocked: u32) -> Result<(), Refusal> {
    match blocked < gate.max_rounds {
        true => Ok(()),
        false => Err(Refusal::Rounds { blocked }),
    }
}

/// Whether another check is allowed after those of the past. Entries later than `now`, from before the
/// clock was set back, do not count.
pub(super) fn frequency(
    gate: &GateSettings,
    past: &[HistoryEntry],
    session: &SessionId,
    now: Time,
) -> Result<(), Refusal> {
    let past = || past.iter().filter(|entry| entry.at <= now);
    let of_session = || past().filter(|entry| entry.session_id == *session);
    let today = past().filter(|entry| entry.at.until(now) < DAY);
    let resting = |entry: &HistoryEntry| entry.at.until(now) < gate.cooldown;
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    if of_session().any(resting) {
        return Err(Refusal::Cooldown {
            rest: gate.cooldown,
        });
    }
    let checks = number(of_session().count());
    if checks >= gate.max_per_session {
        return Err(Refusal::Session { checks });
    }
    let checks = number(today.count());
    if checks >= gate.max_per_day {
        return Err(Refusal::Day { checks });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::gate::history::TurnOutcome;

    const NOW: i64 = 1_800_000_000_000;

    /// A check by `session` that many seconds before now.
    fn check_by(session: &str, ago: i64) -> HistoryEntry {
        HistoryEntry {
            at: Time::from_millis(NOW - ago * 1_000),
            session_id: SessionId::parse(session).unwrap(),
            turn_id: None,
            outcome: TurnOutcome::Allowed,
            reason: String::new(),
            job_id: None,
            cost_usd: None,
            duration_ms: 0,
        }
    }

    fn refused(gate: &GateSettings, past: &[HistoryEntry]) -> Option<String> {
        let session = SessionId::parse("s").unwrap();
        let refusal = frequency(gate, past, &session, Time::from_millis(NOW)).err()?;
        Some(refusal.to_string())
    }

    #[test]
    fn each_bound_holds_at_its_number() {
        let gate = GateSettings {
            max_per_session: 2,
            max_per_day: 4,
            ..GateSettings::default()
        };
        assert_eq!(refused(&gate, &[]), None);
        assert_eq!(refused(&gate, &[check_by("s", 9)]), None);
        let two = [check_by("s", 100_000), check_by("s", 9)];
        let session = "it has checked this session 2 times (gate.max_per_session)";
        assert_eq!(refused(&gate, &two).as_deref(), Some(session));
        let four = ["a", "b", "c", "d"].map(|other| check_by(other, 86_399));
        let day = "it has checked this workspace 4 times in 24 hours (gate.max_per_day)";
        assert_eq!(refused(&gate, &four).as_deref(), Some(day));
        let yesterday = ["a", "b", "c", "d"].map(|other| check_by(other, 86_400));
        assert_eq!(refused(&gate, &yesterday), None);
    }

    #[test]
    fn it_rests_after_a_check_of_this_session() {
        let gate = GateSettings {
            cooldown: Duration::from_secs(60),
            ..GateSettings::default()
        };
        assert!(refused(&gate, &[check_by("s", 59)]).is_some());
        assert_eq!(refused(&gate, &[check_by("s", 60)]), None);
        assert_eq!(refused(&gate, &[check_by("other", 1)]), None);
        assert_eq!(
            refused(&gate, &[check_by("s", -1)]),
            None,
            "the clock went back"
        );
    }

    #[test]
    fn a_turn_is_blocked_so_often_and_no_more() {
        let gate = GateSettings::default();
        assert_eq!(rounds(&gate, 0), Ok(()));
        assert_eq!(rounds(&gate, 1), Err(Refusal::Rounds { blocked: 1 }));
        let never = GateSettings {
            max_rounds: 0,
            ..gate
        };
        assert_eq!(rounds(&never, 0), Err(Refusal::Rounds { blocked: 0 }));
    }
}
