//! What changed, brought over to the user's files: all or nothing.

use super::*;

#[test]
fn what_does_not_fit_changes_nothing() {
    let check = |name: &str, user: &dyn Fn(&Lab)| {
        let lab = Lab::new();
        let tree = lab.add_tree().unwrap();
        lab.write(tree.root.join("a.txt"), numbers(1..=11));
        lab.write(tree.root.join("aa-fits-and-comes-first"), "1\n");
        lab.write(tree.root.join("new/file"), "n\n");
        lab.write(tree.root.join("dir-or-file"), "n\n");
        user(&lab);
        let before = content(&lab.root);
        let patch = lab.patch(&tree);
        let error = lab.repository().apply_patch(&patch, false).unwrap_err();
        assert!(
            matches!(error, Error::DoesNotApply { .. }),
            "{name}: {error}"
        );
        assert!(content(&lab.root) == before, "{name}: a file was written");
    };
    check("the same lines", &|lab| lab.write("a.txt", numbers(2..=12)));
    check("a file that is gone", &|lab| lab.remove("a.txt"));
    check("a file in the way", &|lab| lab.write("new/file", "mine\n"));
    check("a file as directory", &|lab| lab.write("new", "mine\n"));
    check("a directory as file", &|lab| {
        lab.write("dir-or-file/mine", "m\n");
    });
    #[cfg(unix)]
    check("a link that leads out", &|lab| {
        fs::create_dir(lab.base.join("outside")).unwrap();
        std::os::unix::fs::symlink("../outside", lab.root.join("new")).unwrap();
    });
}

#[test]
fn files_and_directories_may_change_places() {
    let lab = Lab::new();
    lab.write("file", "f\n");
    lab.write("dir/deep/1", "1\n");
    lab.write("dir/2", "2\n");
    lab.commit("second");
    let tree = lab.add_tree().unwrap();
    let at = |path: &str| tree.root.join(path);
    lab.remove(at("file"));
    lab.write(at("file/new"), "n\n");
    fs::remove_dir_all(at("dir")).unwrap();
    lab.write(at("dir"), "d\n");
    lab.write("dir/deep/mine", "m\n");
    let before = content(&lab.root);
    let patch = lab.patch(&tree);
    let error = lab.repository().apply_patch(&patch, false).unwrap_err();
    assert!(error.to_string().contains("`dir/deep/mine`"), "{error}");
    assert_eq!(content(&lab.root), before);
    lab.remove("dir/deep/mine");
    lab.bring_over(&tree);
    assert_eq!(content(&lab.root), content(&tree.root));
}
