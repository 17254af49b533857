
for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/\1/p'); do
    eval "case \$name in $passed) continue ;; esac"
    case $name in
    ANTHROPIC_* | *TOKEN* | *SECRET* | *PASSW* | *PASSPHRASE* | *CREDENTIAL* | *_KEY | *APIKEY* | *_HEADERS | *_AUTH)
        unset "$name"
        ;;
    esac
done
