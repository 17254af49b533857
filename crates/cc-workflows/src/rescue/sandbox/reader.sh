#!/bin/sh
# Claude Code starts this as `bwrap` in a review. Of what it asks for only what is no mount is passed on: a command
# sees the system, the tools of the user and the workspace, and writes in its own directories alone.
# In front stand: bwrap, here, root, real_root, masked, seen, workspace, covered, writable, home, temporary, scratch, passed.
# SCRUB

if [ "$*" = --version ]; then exec "$bwrap" --version; fi

IFS='
'
set -f
state=option
for arg do
    shift
    case $state in
    command) set -- "$@" "$arg" && continue ;;
    keep2) state=keep1 && set -- "$@" "$arg" && continue ;;
    keep1) state=option && set -- "$@" "$arg" && continue ;;
    drop2) state=drop1 && continue ;;
    drop1) state=option && continue ;;
    esac
    case $arg in
    --setenv)
        set -- "$@" "$arg"
        state=keep2
        ;;
    --unsetenv | --sync-fd | --info-fd | --json-status-fd | --seccomp | --add-seccomp-fd)
        set -- "$@" "$arg"
        state=keep1
        ;;
    --new-session | --die-with-parent | --unshare-*)
        set -- "$@" "$arg"
        ;;
    --bind | --bind-try | --ro-bind | --ro-bind-try | --dev-bind | --dev-bind-try | --symlink | --chmod)
        state=drop2
        ;;
    --tmpfs | --dir | --dev | --proc | --mqueue | --remount-ro | --cap-add | --cap-drop | --uid | --gid | --perms | --size)
        state=drop1
        ;;
    --)
        state=command
        set -- "$@" --unshare-user --unshare-net --unshare-pid --unshare-ipc --cap-drop ALL
        # A root without capabilities cannot be root in a namespace within.
        [ "$(id -u)" != 0 ] || set -- "$@" --uid 65534 --gid 65534
        set -- "$@" --ro-bind / / --dev /dev --proc /proc
        for path in $masked; do
            [ ! -d "$path" ] || set -- "$@" --tmpfs "$path"
        done
        for path in $home; do set -- "$@" --dir "$path"; done
        for path in $seen $workspace; do
            [ ! -e "$path" ] || set -- "$@" --ro-bind "$path" "$path"
        done
        for path in $covered; do
            if [ -d "$path" ]; then
                set -- "$@" --tmpfs "$path"
            elif [ -f "$path" ]; then
                set -- "$@" --ro-bind /dev/null "$path"
            fi
        done
        for path in $writable; do set -- "$@" --bind "$path" "$path"; done
        # In place of Claude Code's own, in which are the sockets of its proxy; but for where it reads from.
        set -- "$@" --bind "$scratch" "$temporary"
        set +f
        for path in "$temporary"/claude-*; do
            [ ! -d "$path" ] || set -- "$@" --bind "$path" "$path"
        done
        set -f
        set -- "$@" --
        ;;
    *)
        echo "bwrap: a call in an unknown form: $arg" >&2
        exit 1
        ;;
    esac
done
if [ "$state" != command ]; then
    echo "bwrap: a call without a command" >&2
    exit 1
fi
# In the place of a workspace that was moved away can be a link that leads elsewhere.
if [ -n "$root" ] && [ "$(cd "$root" && pwd -P)" != "$real_root" ]; then
    echo "bwrap: another directory is in the place of $root" >&2
    exit 1
fi
: > "$here/used"
exec "$bwrap" "$@"
