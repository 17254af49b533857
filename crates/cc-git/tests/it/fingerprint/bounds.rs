//! What is read, what is remembered, and how much of it.

use super::*;

#[test]
fn nothing_is_written() {
    let lab = lab();
    set_modified(&lab.root.join("a.txt"), UNIX_EPOCH);
    let before = snapshot(&lab.root);
    let first = take(&lab);
    take_after(&lab, Some(&first));
    assert!(snapshot(&lab.root) == before);
    lab.git(["status"]);
    assert!(
        snapshot(&lab.root) != before,
        "plain git refreshes the index"
    );
}

#[test]
fn digests_are_used_again_only_where_the_stamp_was_not_fresh() {
    let lab = lab();
    let now = Clock::System.now();
    let old = take_at(&lab, None, now.plus(Duration::from_secs(60)));
    let fresh = take_at(&lab, None, now);
    // A digest that no file has shows whether it was used again.
    let forged = |fingerprint: &Fingerprint| {
        let mut json = serde_json::to_value(fingerprint).unwrap();
        let entries = json["paths"]["each"].as_array_mut().unwrap();
        let entry = entries.iter_mut().find(|entry| entry["path"] == "new");
        entry.unwrap()["seen"]["file"]["digest"] = "0".repeat(32).into();
        serde_json::from_value::<Fingerprint>(json).unwrap()
    };
    let (old, fresh) = (forged(&old), forged(&fresh));
    assert_eq!(take_after(&lab, Some(&old)).changes_since(&old), None);
    let reread = take_after(&lab, Some(&fresh)).changes_since(&fresh);
    assert_eq!(names(&reread.unwrap().files), ["new"]);
    // Another file of the same name, size and time is read whatever the time.
    lab.remove("new");
    lab.write("new", "NEW\n");
    let reread = take_after(&lab, Some(&old)).changes_since(&old);
    assert_eq!(names(&reread.unwrap().files), ["new"]);
}

#[test]
#[cfg(unix)]
fn the_index_is_read_again_only_where_it_is_another_one() {
    let lab = lab().with_calls_noted();
    let later = Clock::System.now().plus(Duration::from_secs(60));
    let repository = lab.repository();
    let next = |previous: Option<&Fingerprint>| {
        lab.calls();
        let fingerprint = repository.fingerprint(previous, later).unwrap();
        (fingerprint, lab.calls().contains(&"ls-files".to_owned()))
    };
    let (first, read) = next(None);
    assert!(read);
    let (second, read) = next(Some(&first));
    assert!(!read && second == first);
    lab.git(["update-index", "--assume-unchanged", "a.txt"]);
    let (third, read) = next(Some(&second));
    assert!(read);
    lab.write("a.txt", "x");
    let (fourth, read) = next(Some(&third));
    assert!(!read);
    assert_eq!(
        names(&fourth.changes_since(&third).unwrap().files),
        ["a.txt"]
    );
    // A fresh index could become another one and look the same.
    let (fresh, _) = (
        repository.fingerprint(None, Clock::System.now()).unwrap(),
        lab.calls(),
    );
    assert!(next(Some(&fresh)).1);
}

#[test]
fn writes_within_the_same_tick_are_noticed() {
    let lab = lab();
    let modified = UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for name in ["edited", "new", "a.txt"] {
        let path = lab.root.join(name);
        let mut before = take(&lab);
        for round in 0..20u8 {
            // In place, of the same size and time of modification, as fast as it goes.
            fs::write(&path, [b'a' + round; 4]).unwrap();
            set_modified(&path, modified);
            let after = take_after(&lab, Some(&before));
            let changes = after.changes_since(&before);
            assert_eq!(names(&changes.unwrap().files), [name], "round {round}");
            before = after;
        }
    }
}

#[test]
fn a_large_file_is_known_by_its_stamp() {
    let lab = lab();
    let path = lab.root.join("large");
    let large = File::create(&path).unwrap();
    large.set_len(40 << 20).unwrap();
    let later = Clock::System.now().plus(Duration::from_secs(60));
    let before = take_at(&lab, None, later);
    assert_eq!(
        take_at(&lab, Some(&before), later).changes_since(&before),
        None
    );
    set_modified(&path, UNIX_EPOCH);
    let after = take_at(&lab, Some(&before), later);
    assert_eq!(
        names(&after.changes_since(&before).unwrap().files),
        ["large"]
    );
    // One that was just written could change again and look the same.
    let fresh = take(&lab);
    assert_eq!(
        names(&take(&lab).changes_since(&fresh).unwrap().files),
        ["large"]
    );
}

#[test]
fn too_many_files_shrink_to_a_digest() {
    let lab = lab();
    for number in 0..10_001 {
        lab.write(format!("many/{number}"), "1");
    }
    let nameless = |edit: &dyn Fn()| {
        let changes = changes(&lab, edit).expect("an edit is a change");
        let unknown = Changes {
            is_unknown: true,
            ..Changes::default()
        };
        assert_eq!(changes, unknown);
    };
    assert_eq!(changes(&lab, || ()), None);
    let text = serde_json::to_string(&take(&lab)).unwrap();
    assert!(text.len() < 300, "{text}");
    nameless(&|| lab.write("many/7", "2"));
    nameless(&|| lab.write("many/more", "2"));
    nameless(&|| drop(lab.git(["add", "many/8"])));
    let fewer = || fs::remove_dir_all(lab.root.join("many")).unwrap();
    nameless(&fewer);
}

#[test]
fn many_changes_are_counted() {
    let lab = lab();
    let many = || {
        for number in 0..130 {
            lab.write(format!("many/{number:03}"), "1");
        }
    };
    let changes = changes(&lab, many).unwrap();
    assert_eq!((changes.files.len(), changes.more), (100, 30));
    assert_eq!(changes.files[99].to_string(), "many/099");
}
