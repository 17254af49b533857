//! What PowerShell reads: the installer, completions and the command lines of skills. It is in no registry itself, so only
//! the grammar is checked.

use std::fs;
use std::path::Path;
use std::process::Command;

use cc_plugin::{Bundle, File, HooksFrom, Shell};

use super::super::archive;
use super::super::commands::{Done, said_by};
use super::super::python;
use super::super::release::{Release, Target};

/// Reads a script by the grammar, and names what does not fit.
const READ: &str = "
import sys, tree_sitter, tree_sitter_powershell
with open(sys.argv[1], 'rb') as file:
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language())).parse(file.read())
def read(node):
    if node.is_error or node.is_missing:
        print(f'line {node.start_point.row + 1}: {node.type}')
    for child in node.children:
        read(child)
read(tree.root_node)
";

/// A text of a user, of which a shell would make something else without quotes.
const TEXT: &str = "what if it's $HOME, `x`, @(y) or {z}; #1 & 2 > 3 | [4]";

pub(super) fn check(release: &Release, target: &Target) -> Done {
    let packages = ["tree-sitter==0.26.0", "tree-sitter-powershell==0.26.4"];
    let Ok(bin) = python::environment(release, "dist-grammars", &packages) else {
        println!("not checked: scripts of PowerShell (no Python that makes environments)");
        return Ok(());
    };
    let python = bin.join("python");
    let installer = fs::read(release.root.join("packaging/install.ps1"))?;
    let mut scripts = vec![("install.ps1".to_owned(), installer)];
    let assets = archive::read(&release.out.join(target.archive()))?;
    let completions = assets.into_iter();
    let completions = completions.filter(|entry| entry.path.contains("/share/powershell/"));
    scripts.extend(completions.map(|entry| (entry.path, without_where(&entry.content))));
    if scripts.len() == 1 {
        return Err("the archive has no completions for PowerShell".into());
    }
    scripts.push((
        "the skills".to_owned(),
        command_lines(Shell::PowerShell)?.into(),
    ));
    for (name, script) in &scripts {
        let found = faults(&python, script)?;
        if !found.is_empty() {
            return Err(format!("{name} does not fit the grammar of PowerShell:\n{found}").into());
        }
    }
    if faults(&python, command_lines(Shell::Posix)?.as_bytes())?.is_empty() {
        return Err("the grammar of PowerShell takes the quotes of another shell".into());
    }
    println!("{} scripts fit the grammar of PowerShell", scripts.len());
    Ok(())
}

/// The grammar does not know that a method can be called with a block alone.
fn without_where(script: &[u8]) -> Vec<u8> {
    let script = String::from_utf8_lossy(script);
    let plain = script.replace(".Where{", " | Where-Object {");
    plain.into_bytes()
}

/// What does not fit in a script, a line for each.
fn faults(python: &Path, script: &[u8]) -> Done<String> {
    let dir = tempfile::tempdir()?;
    let file = dir.path().join("script.ps1");
    fs::write(&file, script)?;
    said_by(Command::new(python).args(["-c", READ]).arg(&file))
}

/// The command lines of all skills, with a text quoted as the skill says.
fn command_lines(shell: Shell) -> Done<String> {
    let bundle = Bundle {
        cli: r"C:\Users\dev\.codex\cc\bin\cc-cli.exe",
        hooks: "cc-hooks",
        hooks_from: HooksFrom::Plugin,
        shell,
    };
    let files = bundle.files().into_iter();
    let skills = files.filter(|file| file.path.ends_with("/SKILL.md"));
    let lines = skills.map(|skill| lines_of(&skill, bundle.cli).ok_or(skill.path));
    Ok(lines.collect::<Result<String, _>>()?)
}

/// The command lines of a skill, of which there are some.
fn lines_of(skill: &File, cli: &str) -> Option<String> {
    let text = String::from_utf8_lossy(&skill.content);
    let quote = text.split_once("a single quote inside as `");
    let quote = quote.and_then(|(_, rest)| Some(rest.split_once('`')?.0));
    let takes_text = text.contains("FOCUS") || text.contains("TASK");
    let quoted = TEXT.replace('\'', if takes_text { quote? } else { "" });
    let indented = text.lines().filter_map(|line| line.strip_prefix("    "));
    let inline = text.split('`').skip(1).step_by(2);
    let commands = indented.chain(inline).filter(|code| code.starts_with(cli));
    let line = |command: &str| {
        let filled = command.replace("FOCUS", &quoted).replace("TASK", &quoted);
        filled + "\n"
    };
    let lines: String = commands.map(line).collect();
    (!lines.is_empty()).then_some(lines)
}
