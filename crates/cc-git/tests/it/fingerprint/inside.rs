//! Submodules and other repositories inside this one.

use super::*;

#[test]
fn repositories_inside_this_one() {
    let (lab, other) = (Lab::new(), Lab::new());
    let url = other.root.to_str().unwrap();
    lab.git(["submodule", "--quiet", "add", url, "sub"]);
    lab.commit("with a submodule");
    lab.git(["init", "--quiet", "nested"]);
    assert_eq!(changes(&lab, || ()), None);
    for dir in ["sub", "nested"] {
        let inside = |name: &str| format!("{dir}/{name}");
        for content in ["1\n", "2\n"] {
            check(
                &lab,
                || lab.write(inside("a.txt"), content),
                &[&inside("a.txt")],
            );
            check(
                &lab,
                || lab.write(inside("new"), content),
                &[&inside("new")],
            );
        }
        let root = lab.root.join(dir);
        let committed = changes(&lab, || {
            lab.git_in(&root, ["add", "--all"]);
            lab.git_in(&root, ["commit", "--quiet", "-m", "inside"]);
        });
        let committed = committed.unwrap();
        assert!(names(&committed.files).contains(&dir.to_owned()) && !committed.head_moved);
    }
    let gone = || fs::remove_dir_all(lab.root.join("nested")).unwrap();
    check(&lab, gone, &["nested"]);
    lab.git(["submodule", "--quiet", "deinit", "--force", "sub"]);
    assert_eq!(changes(&lab, || ()), None);
}

#[test]
#[cfg(unix)]
fn programs_of_a_repository_inside_are_not_run() {
    let (lab, other) = (Lab::new(), Lab::new());
    let marker = lab.base.join("marker");
    lab.git([
        "submodule",
        "--quiet",
        "add",
        other.root.to_str().unwrap(),
        "sub",
    ]);
    lab.commit("with a submodule");
    let sub = lab.root.join("sub");
    let program = format!("touch {}; cat", marker.display());
    for name in ["filter.x.clean", "filter.x.process", "core.fsmonitor"] {
        lab.git_in(&sub, ["config", name, &program]);
    }
    lab.git_in(&sub, ["config", "filter.x.required", "true"]);
    lab.write("sub/.gitattributes", "* filter=x\n");
    let text = numbers(1..=10).replace('1', "2");
    check(&lab, || lab.write("sub/a.txt", text), &["sub/a.txt"]);
    assert!(!marker.exists());
    lab.try_git(&lab.root, ["status"]);
    assert!(marker.exists(), "plain git does not fall into the trap");
}

#[test]
fn only_so_many_repositories_inside_are_looked_into() {
    let lab = Lab::new();
    for n in 0..40 {
        let inner = format!("inner{n:02}");
        fs::create_dir(lab.root.join(&inner)).unwrap();
        lab.git_in(&lab.root.join(&inner), ["init", "--quiet"]);
        lab.write(format!("{inner}/new"), "new\n");
    }
    let before = take(&lab);
    lab.write("inner31/new", "edited\n");
    lab.write("inner32/new", "edited\n");
    let changes = take(&lab).changes_since(&before).unwrap();
    assert_eq!(names(&changes.files), ["inner31/new"]);
}

#[test]
fn a_broken_repository_inside_hides_nothing_else() {
    let lab = Lab::new();
    fs::create_dir(lab.root.join("inner")).unwrap();
    lab.git_in(&lab.root.join("inner"), ["init", "--quiet"]);
    lab.write("inner/new", "new\n");
    let whole = take(&lab);
    lab.write("inner/.git/index", "no index");
    let broken = take(&lab);
    assert_eq!(
        names(&broken.changes_since(&whole).unwrap().files),
        ["inner"]
    );
    lab.write("a.txt", "edited\n");
    let changes = take(&lab).changes_since(&broken).unwrap();
    assert_eq!(names(&changes.files), ["a.txt"]);
}
