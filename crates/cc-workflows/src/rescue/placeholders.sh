# Sourced by Claude Code before each sandboxed command, in bash or zsh.
# The sandbox mounts /dev/null over files that must not appear, and empty directories. Git would list, add
# or remove them, so they are added to the user's own excludes, for the commands of this shell.
cc_is_empty_dir() { [ -d "$1" ] && [ -z "$(ls -A "$1")" ]; }
cc_exclude_placeholders() {
    local root point found='' own file
    while read -r _ _ _ root point _; do
        case $point in "$CC_SANDBOX_ROOT"/.git/*) continue ;; "$CC_SANDBOX_ROOT"/*) ;; *) continue ;; esac
        if [ "$root" = /null ] || cc_is_empty_dir "$(printf %b "$point")"; then
            # Special characters, and those that the kernel writes as octal digits, match any.
            point=${point#"$CC_SANDBOX_ROOT"}
            point=${point//\\[0-7][0-7][0-7]/?}
            found="$found${point//[\[\]*]/?}
"
        fi
    done < /proc/self/mountinfo
    [ -n "$found" ] || return 0
    own=$(git config --path core.excludesFile) || own=${XDG_CONFIG_HOME:-$HOME/.config}/git/ignore
    file=$CC_SCRATCH/git-excludes.$$
    { cat "$own" && echo; printf %s "$found"; } > "$file"
    mv -f "$file" "${file%.*}" || return 0
    : "${GIT_CONFIG_COUNT:=0}"
    export "GIT_CONFIG_KEY_$GIT_CONFIG_COUNT=core.excludesFile"
    export "GIT_CONFIG_VALUE_$GIT_CONFIG_COUNT=${file%.*}"
    export GIT_CONFIG_COUNT=$((GIT_CONFIG_COUNT + 1))
}
cc_exclude_placeholders 2> /dev/null
unset -f cc_exclude_placeholders cc_is_empty_dir
