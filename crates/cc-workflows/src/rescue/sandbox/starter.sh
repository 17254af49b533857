#!/bin/sh
# Claude Code starts this as `bwrap`. It starts the real one with fewer rights: without secrets in the
# environment, without capabilities, and with what is closed mounted over all that Claude Code mounts.
# In front stand: bwrap, here, root, real_root, in_place, shadow, shown, closed, opened, hidden, emptied, passed.
# SCRUB

# A command in the sandbox that starts a sandbox of its own.
[ -z "$SANDBOX_RUNTIME" ] || exec "$bwrap" "$@"

# To show what it does about capabilities, it needs no workspace.
if [ "$1" = --prove ]; then
    shift
    root='' closed='' shadow='' shown='' opened='' in_place='' hidden='' emptied=''
fi

# In the place of a workspace that was moved away can be a link that leads elsewhere.
if [ -n "$root" ] && [ "$(cd "$root" && pwd -P)" != "$real_root" ]; then
    echo "bwrap: another directory is in the place of $root" >&2
    exit 1
fi

# Sets `missing` to the first part of a path that does not exist.
first_missing() {
    missing=$1
    while [ ! -d "${missing%/*}" ]; do missing=${missing%/*}; done
}

IFS='
'
set -f
is_call=
all=" $* "
all=$(printf %s "$all" | tr '\n' ' ')
for arg do
    shift
    if [ -z "$is_call" ] && [ "$arg" = -- ]; then
        is_call=1
        set -- "$@" --unshare-user --cap-drop ALL
        # A root without capabilities cannot be root in a namespace within.
        [ "$(id -u)" != 0 ] || set -- "$@" --uid 65534 --gid 65534
        for path in $in_place; do
            case $all in
            *" --bind $path $path "*) ;;
            *) [ ! -d "$path" ] || set -- "$@" --bind "$path" "$path" ;;
            esac
        done
        # In the place of the real one: its own, then what is seen of the real one.
        from=
        for path in $shadow; do
            [ -z "$from" ] || set -- "$@" --bind "$from" "$path"
            [ -z "$from" ] && from=$path || from=
        done
        for path in $shown; do
            [ -z "$from" ] || set -- "$@" --ro-bind "$from" "$path"
            [ -z "$from" ] && from=$path || from=
        done
        for path in $closed; do
            if [ -L "$path" ]; then
                continue
            elif [ -e "$path" ]; then
                set -- "$@" --ro-bind "$path" "$path"
            else
                # As Claude Code does it: over a name an empty file, over what leads there a directory.
                first_missing "$path"
                if [ -L "$missing" ]; then
                    continue
                elif [ "$missing" = "$path" ]; then
                    set -- "$@" --ro-bind /dev/null "$path"
                else
                    set -- "$@" --tmpfs "$missing" --remount-ro "$missing"
                fi
            fi
        done
        for path in $opened; do
            [ ! -e "$path" ] || [ -L "$path" ] || set -- "$@" --bind "$path" "$path"
        done
        for path in $hidden; do
            [ ! -f "$path" ] || set -- "$@" --ro-bind /dev/null "$path"
        done
        for path in $emptied; do
            [ ! -d "$path" ] || set -- "$@" --tmpfs "$path"
        done
    fi
    set -- "$@" "$arg"
done
if [ -n "$is_call" ]; then
    : > "$here/used"
elif [ "$*" != --version ]; then
    echo "bwrap: a call without a command: $*" >&2
    exit 1
fi
exec "$bwrap" "$@"
