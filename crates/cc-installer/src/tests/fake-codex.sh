#!/bin/sh
# A Codex as far as the installer sees one. The file `codex-mode` in CODEX_HOME says what it lacks.
set -u
mode=$(cat "$CODEX_HOME/codex-mode" 2>/dev/null)
cache="$CODEX_HOME/plugins/cache/cc-local/cc/0.1.0"
config="$CODEX_HOME/config.toml"
root="$CODEX_HOME/cc/marketplace"
echo "$*" >> "$CODEX_HOME/calls"

lacks() { case " $mode " in *" no-$1 "*) return 0 ;; *) return 1 ;; esac }
is() { case " $mode " in *" $1 "*) return 0 ;; *) return 1 ;; esac }
take() {
    if is stale && [ -d "$cache" ]; then return; fi
    mkdir -p "$cache" && rm -rf "$cache" && cp -R "$root/plugins/cc" "$cache"
    if is spoils; then echo x > "$cache/x"; fi
    grep -q 'plugins."cc@cc-local"' "$config" 2>/dev/null ||
        printf '\n[plugins."cc@cc-local"]\nenabled = true\n' >> "$config"
}
drop() {
    rm -rf "$cache"
    sed -i -e '/^$/{N;/plugins."cc@cc-local"/{N;d}}' "$config"
}
command_of() { sed -n "s/.*\"command\": \"\(.* $1\)\".*/\1/p" "$2" | head -1; }
entry() { # event word key file plugin
    command=$(command_of "$2" "$4")
    [ -n "$command" ] || return 0
    trust=untrusted
    grep -q "$3" "$config" 2>/dev/null && trust=trusted
    printf '%s{"key":"%s","eventName":"%s","command":"%s","pluginId":%s,"sourcePath":"%s","enabled":true,"currentHash":"sha256:%s","trustStatus":"%s"}' \
        "$comma" "$3" "$1" "$command" "$5" "$4" "$2" "$trust"
    comma=,
}
hooks() {
    comma=
    printf '{"data":[{"hooks":['
    if ! lacks plugin-hooks && [ -f "$cache/hooks/hooks.json" ]; then
        entry stop stop 'cc@cc-local:hooks/hooks.json:stop:0:0' "$cache/hooks/hooks.json" '"cc@cc-local"'
        entry sessionStart session-start 'cc@cc-local:hooks/hooks.json:session_start:0:0' "$cache/hooks/hooks.json" '"cc@cc-local"'
    fi
    if [ -f "$CODEX_HOME/hooks.json" ]; then
        sed 's/"command":"/"command": "/' "$CODEX_HOME/hooks.json" > "$CODEX_HOME/spaced"
        path="$CODEX_HOME/hooks.json"
        command=$(command_of stop "$CODEX_HOME/spaced")
        [ -n "$command" ] && printf '{"key":"%s:stop:0:0","eventName":"stop","command":"%s","sourcePath":"%s","enabled":true,"currentHash":"sha256:u","trustStatus":"%s"}' \
            "$path" "$command" "$path" "$(grep -q "$path:stop:0:0" "$config" && echo trusted || echo untrusted)"
    fi
    printf '],"warnings":[],"errors":[]}]}'
}
unknown() { printf '{"id":%s,"error":{"code":-32600,"message":"Invalid request: unknown variant `%s`, expected one of"}}\n' "$id" "$method"; }
result() { printf '{"id":%s,"result":%s}\n' "$id" "$1"; }

case "$*" in
"features list") echo "codex_hooks   under development  $(is flag-off && ! grep -q 'codex_hooks = true' "$config" && echo false || echo true)" ;;
"plugin add --help") ! lacks cli ;;
"plugin marketplace add "*) ! lacks cli ;;
"plugin add cc@cc-local") take ;;
"plugin remove cc@cc-local") drop ;;
"plugin marketplace remove cc-local") ;;
app-server)
    if is hangs; then exec sleep 300; fi
    while read -r line; do
        echo "$line" >> "$CODEX_HOME/calls"
        id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
        method=$(printf '%s' "$line" | sed -n 's/.*"method":"\([^"]*\)".*/\1/p')
        case "$method" in
        initialize) result "{\"userAgent\":\"x/9.9.$(is newer && echo 10 || echo 9) (Test)\"}" ;;
        initialized) ;;
        plugin/list) if lacks rpc; then unknown; else result '{"marketplaces":[]}'; fi ;;
        marketplace/*) if lacks marketplaces; then unknown; else result '{}'; fi ;;
        plugin/read)
            if lacks rpc; then unknown
            elif [ -d "$cache" ]; then result '{"plugin":{"summary":{"id":"cc@cc-local","installed":true,"enabled":true}}}'
            else result '{"plugin":{"summary":{"id":"cc@cc-local","installed":false,"enabled":false}}}'; fi ;;
        plugin/install) if is dies; then kill -9 $$; fi; take; result '{}' ;;
        plugin/uninstall) drop; result '{}' ;;
        hooks/list) if lacks hooks-list; then unknown; else result "$(hooks)"; fi ;;
        config/batchWrite)
            if ! is trustless; then
                printf '%s' "$line" | grep -o '"[^"]*:[a-z_]*:[0-9]:[0-9]":{"trusted_hash":"[^"]*"}' |
                    sed 's/^\("[^"]*"\):{"trusted_hash":\("[^"]*"\)}/\n[hooks.state.\1]\ntrusted_hash = \2/' >> "$config"
            fi
            result '{"status":"ok"}' ;;
        *) unknown ;;
        esac
    done ;;
*) exit 2 ;;
esac
