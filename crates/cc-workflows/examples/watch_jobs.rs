//! Prints what the running jobs of this repository do, until they have ended: `watch_jobs`.

#![expect(clippy::print_stdout, reason = "an example prints what it sees")]

use std::error::Error;
use std::thread;
use std::time::Duration;

use cc_core::Env;
use cc_jobs::RunProgress;
use cc_workflows::Project;

fn main() -> Result<(), Box<dyn Error>> {
    let project = Project::open(&Env::from_process()?)?;
    loop {
        let all = project.jobs(&[])?;
        let jobs = all.jobs.iter();
        let running: Vec<_> = jobs.filter(|job| job.state().is_active()).collect();
        if running.is_empty() {
            println!("no job is running");
            return Ok(());
        }
        for job in running {
            let store = all.project_of(job).store;
            match RunProgress::read(&store.dir().progress(&job.id)) {
                Some(run) => println!("{}: {:?} {}", job.id, run.phase, run.detail),
                None => println!("{}: {}", job.id, job.state().phase()),
            }
        }
        thread::sleep(Duration::from_millis(500));
    }
}
