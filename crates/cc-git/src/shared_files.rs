//! What Git keeps in the directory that the working trees of a repository share, and what our stand-ins for
//! that directory have of it: the [view](crate::view) that our own calls get, and the
//! [shadow](crate::shadow) that commands of an isolated rescue get.

/// A file or directory there.
#[derive(Debug)]
pub(crate) struct SharedFile {
    pub(crate) name: &'static str,
    /// Whether a view has a link to it. It has a configuration of its own, and no hooks.
    pub(crate) in_view: bool,
    pub(crate) in_shadow: InShadow,
}

/// What a shadow has of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InShadow {
    /// Nothing.
    Nothing,
    /// A copy, which may change.
    Copy,
    /// The real one under this name, for reading only.
    Shown(&'static str),
}

const fn file(name: &'static str, in_view: bool, in_shadow: InShadow) -> SharedFile {
    SharedFile {
        name,
        in_view,
        in_shadow,
    }
}

/// What one of them has. What is missing in a repository is missing there as well.
pub(crate) const SHARED_FILES: [SharedFile; 13] = [
    file("HEAD", true, InShadow::Copy),
    file("config", false, InShadow::Copy),
    file("config.worktree", false, InShadow::Copy),
    file("info", true, InShadow::Copy),
    file("lfs", false, InShadow::Shown("lfs")),
    file("logs", true, InShadow::Nothing),
    file("modules", false, InShadow::Shown("modules")),
    file("objects", true, InShadow::Shown(REAL_OBJECTS)),
    file("packed-refs", true, InShadow::Copy),
    file("refs", true, InShadow::Copy),
    // No isolated rescue starts in a repository with it.
    file("reftable", true, InShadow::Nothing),
    file("shallow", true, InShadow::Copy),
    // A shadow has the one that it is for.
    file("worktrees", true, InShadow::Nothing),
];

/// A shadow has new objects of its own, so the real ones have another name in it.
pub(crate) const REAL_OBJECTS: &str = "real-objects";
