//! A folder that `codex plugin marketplace add` takes: the plugin with the programs beside it, for who does not want
//! the installer. Codex asks for each command and for the hooks itself then.

use cc_plugin::{Bundle, File, HooksFrom, Shell};

use super::archive::{self, Entry};
use super::commands::Done;
use super::release::{PROGRAMS, Release, Target, VERSION};

/// What the model is told where the path of the program stands; the path of the skill is what it knows.
const CLI: &str = "PLUGIN/bin/cc-cli";

/// Stands above the commands of each skill.
const NOTE: &str = "`PLUGIN` stands for the directory of this plugin, two directories above the one of this file: \
    write its absolute path.\n";

/// Writes a folder for each target, as an archive.
pub(super) fn write(release: &Release, made: &[&Target]) -> Done {
    for target in made {
        let name = format!("cc-marketplace-{VERSION}-{}", target.triple);
        let list = cc_plugin::marketplace(cc_plugin::NAME).into_bytes();
        let mut entries = vec![Entry::file(
            format!("{name}/.agents/plugins/marketplace.json"),
            list,
        )];
        for file in files(target) {
            entries.push(Entry::file(
                format!("{name}/plugins/cc/{}", file.path),
                file.content.into_owned(),
            ));
        }
        for program in PROGRAMS {
            let path = format!("{name}/plugins/cc/bin/{program}{}", target.suffix());
            entries.push(Entry::program(path, release.program(target, program)?));
        }
        let kind = if target.is_windows() { "zip" } else { "tar.gz" };
        archive::write(
            &release.out.join(format!("{name}.{kind}")),
            entries,
            release.time,
            release.pack,
        )?;
    }
    Ok(())
}

fn files(target: &Target) -> Vec<File> {
    let suffix = target.suffix();
    let bundle = Bundle {
        cli: &format!("{CLI}{suffix}"),
        // Codex puts the directory of its copy here, whose path may have spaces.
        hooks: &format!("\"${{PLUGIN_ROOT}}/bin/cc-hooks{suffix}\""),
        hooks_from: HooksFrom::Plugin,
        shell: match target.is_windows() {
            true => Shell::PowerShell,
            false => Shell::Posix,
        },
    };
    let mut files = bundle.files();
    for file in files
        .iter_mut()
        .filter(|file| file.path.ends_with("/SKILL.md"))
    {
        let text = String::from_utf8_lossy(&file.content);
        let with_note = text.replacen("\n\n", &format!("\n\n{NOTE}\n"), 1);
        file.content = with_note.into_bytes().into();
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skills_quote_for_the_shell_of_their_system_wherever_they_are_made() {
        for target in &super::super::release::TARGETS {
            let files = files(target);
            let skill = |file: &&cc_plugin::File| file.path == "skills/rescue/SKILL.md";
            let text =
                String::from_utf8_lossy(&files.iter().find(skill).unwrap().content).into_owned();
            assert_eq!(text.contains("`''`"), target.is_windows(), "{text}");
        }
    }

    #[test]
    fn skills_say_where_the_program_is_and_hooks_name_it_by_a_variable() {
        let files = files(&super::super::release::TARGETS[0]);
        let skills: Vec<_> = files
            .iter()
            .filter(|file| file.path.ends_with("/SKILL.md"))
            .collect();
        assert_eq!(skills.len(), cc_plugin::SKILLS.len());
        for skill in skills {
            let text = String::from_utf8_lossy(&skill.content);
            let (head, body) = text.split_once(NOTE).expect("a note");
            assert!(
                head.starts_with("---\n") && head.contains("\n---\n# "),
                "{}",
                skill.path
            );
            assert!(
                body.contains("    PLUGIN/bin/cc-cli codex "),
                "{}",
                skill.path
            );
        }
        let hooks = files
            .iter()
            .find(|file| file.path == cc_plugin::HOOKS)
            .unwrap();
        let hooks = String::from_utf8_lossy(&hooks.content);
        assert!(
            hooks.contains(r#""\"${PLUGIN_ROOT}/bin/cc-hooks\" stop""#),
            "{hooks}"
        );
    }
}
