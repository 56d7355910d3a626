# shellcheck shell=bash disable=SC2154 # the variables of the other files
# What people and scripts ask of a running cluster.

status() {
    local name process
    printf '%-8s  %-10s  %-8s  %s\n' NAME ADDRESS PROCESS STATE
    for name in "${names[@]}"; do
        process=$(process_state "$name")
        printf '%-8s  %-10s  %-8s  %s\n' "$name" "${address[$name]}" "$process" "$(describe "$name" "$process")"
    done
}

process_state() { # NAME
    local pid
    pid=$(processes "$name" | head -n 1)
    if [[ -z $pid ]]; then
        echo none
    elif grep -q '^State:.T' "/proc/$pid/status" 2> /dev/null; then
        echo paused
    else
        echo running
    fi
}

describe() { # NAME PROCESS
    local state='' peers
    case $2:$1 in
        running:etcd) state=$(serves etcd && echo healthy || echo "not healthy") ;;
        running:pg*) state=$(describe_postgresql "$1") ;;
        running:haproxy) state=$(describe_haproxy) ;;
        running:node*) state=$(serves "$1" && echo ready || echo "not ready") ;;
    esac
    peers=$(cuts "$1" | paste -sd ' ')
    echo "${state:--}${peers:+; cut from $peers}"
}

describe_postgresql() { # NAME
    local answer standbys
    # Patroni's answer has the status of the role that was asked for, but its body in any.
    answer=$(curl --silent --noproxy '*' --max-time 3 "http://${address[$1]}:8008/patroni") || { echo "no answer"; return; }
    if has_role "$1" primary; then
        standbys=$(jq -r '[.replication[]? | "\(.application_name) is \(.sync_state)"] | join(", ")' <<< "$answer")
        echo "primary; ${standbys:-no standby}"
    elif has_role "$1" sync; then
        echo "synchronous standby"
    else
        jq -r '"\(.role), \(.state)"' <<< "$answer"
    fi
}

# Which servers HAProxy sends anybody to.
describe_haproxy() {
    local database public
    database=$(served_by database) || { echo "no answer"; return; }
    public=$(served_by public)
    echo "database: ${database:-nobody}; public: ${public:-nobody}"
}

served_by() { # database|public
    show "http://${address[haproxy]}:8404/;csv" \
        | awk -F, -v proxy="$1" '$1 == proxy && $2 != "FRONTEND" && $2 != "BACKEND" && $18 ~ /^UP/ { print $2 }' | paste -sd ' '
}

await_whole() { # SECONDS
    await "$1" "the cluster to be whole" is_whole
}

is_whole() {
    serves etcd && has_standby && [[ $(served_by database) == "$(primary)" ]] || return
    # A cluster that was started with --database-only has no nodes.
    [[ ! -e $folder/mintmark.binary ]] || has_all_nodes
}

# By their own word as well, since HAProxy hears of a death a moment later.
has_all_nodes() {
    local name
    for name in "${nodes[@]}"; do
        serves "$name" || return
    done
    [[ $(served_by public) == "${nodes[*]}" ]]
}
