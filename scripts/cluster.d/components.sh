# shellcheck shell=bash disable=SC2154 # the variables of the other files
# The components: their names and addresses, and how their processes are started, found and ended.

readonly postgresqls=(pg1 pg2)
readonly nodes=(node1 node2 node3)
readonly names=(etcd "${postgresqls[@]}" haproxy "${nodes[@]}")

# haproxy.cfg and patroni.yml hold some of them, too.
readonly network=10.83.0
declare -rA address=(
    [host]=$network.1 [etcd]=$network.10 [pg1]=$network.11 [pg2]=$network.12 [haproxy]=$network.20
    [node1]=$network.31 [node2]=$network.32 [node3]=$network.33
)

# Seconds that a component may take until it serves.
declare -rA limit=([etcd]=30 [pg1]=120 [pg2]=120 [haproxy]=15 [node1]=60 [node2]=60 [node3]=60)

namespace() { # NAME
    printf 'mintmark-%s' "$1"
}

# Sets `folder` to that of the cluster that runs.
find_folder() {
    [[ -L $pointer ]] && folder=$(readlink "$pointer")
}

check_names() { # NAME...
    local name
    (($# > 0)) || misused "say which component: ${names[*]}"
    for name in "$@"; do
        [[ " ${names[*]} " == *" $name "* ]] || misused "there is no component '$name'; there are: ${names[*]}"
    done
}

# The processes of a component and of nothing else that was started in its namespace. PostgreSQL's are those of its user, since
# they outlive Patroni.
processes() { # NAME
    local pids
    pids=$(ip netns pids "$(namespace "$1")" 2> /dev/null) || return 0
    if [[ $1 == pg* ]]; then
        grep -Fx "$pids" < <(find /proc -maxdepth 1 -user postgres -name '[0-9]*' -printf '%f\n' 2> /dev/null) || true
    elif [[ -n $pids && -n ${folder-} && -e $folder/pids/$1 ]]; then
        grep -Fx "$pids" "$folder/pids/$1" || true
    fi
}

is_running() { # NAME
    [[ -n $(processes "$1") ]]
}

# launch NAME COMMAND...: in the background, in its namespace, with its output in its log.
launch() {
    local name=$1
    shift
    # Without the caller's environment, since all of these programs take settings from it.
    setsid ip netns exec "$(namespace "$name")" env --ignore-environment --chdir "$folder" HOME="$folder" \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@" < /dev/null >> "$folder/logs/$name.log" 2>&1 &
    # All of them replace themselves by what they run, so this is the program's own.
    echo "$!" > "$folder/pids/$name"
    # Only then is it where `processes` looks for it.
    until is_running "$name" || ! kill -0 "$!" 2> /dev/null; do
        sleep 0.02
    done
}

start_component() { # NAME
    ! is_running "$1" || return 0
    case $1 in
        etcd) start_etcd ;;
        pg*) start_postgresql "$1" ;;
        haproxy) start_haproxy ;;
        node*) start_node "$1" ;;
    esac
}

serves() { # NAME
    case $1 in
        etcd) fetch "http://${address[etcd]}:2379/health" ;;
        pg*) fetch "http://${address[$1]}:8008/health" ;;
        haproxy) fetch "http://${address[haproxy]}:8404/ready" ;;
        node*) fetch "http://${address[$1]}:8080/readyz" ;;
    esac
}

# Whether the answer's status is 200.
fetch() { # URL
    show "$1" > /dev/null
}

# The same, and prints the answer.
show() { # URL
    curl --silent --fail --noproxy '*' --max-time 3 "$1"
}

await_component() { # NAME
    await "${limit[$1]}" "$1" served_by_living "$1"
}

served_by_living() { # NAME
    if ! is_running "$1"; then
        tail -n 20 "$folder/logs/$1.log" >&2
        fail "$1 ended; its log is $folder/logs/$1.log"
    fi
    serves "$1"
}

# await SECONDS WHAT COMMAND...: until the command succeeds.
await() {
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        ((SECONDS < end)) || fail "waited in vain for $what; the logs are in $folder/logs"
        sleep 0.2
    done
}

signal() { # SIGNAL NAME...
    local name sent=$1 pids=()
    for name in "${@:2}"; do
        mapfile -t -O "${#pids[@]}" pids < <(processes "$name")
    done
    # A process may end by itself meanwhile.
    ((${#pids[@]} == 0)) || kill -s "$sent" "${pids[@]}" 2> /dev/null || true
}

# Again and again, since a process may start another between being seen and being killed.
kill_components() { # NAME...
    while any_running "$@"; do
        signal KILL "$@"
    done
}

any_running() { # NAME...
    local name
    for name in "$@"; do
        ! is_running "$name" || return 0
    done
    return 1
}

# SIGTERM to the program alone: Patroni ends its PostgreSQL itself, and tells etcd.
ask_to_end() { # NAME...
    local name pid
    for name in "$@"; do
        signal CONT "$name"
        pid=$(processes "$name" | grep -Fx "$(cat "$folder/pids/$name" 2> /dev/null)" || true)
        [[ -z $pid ]] || kill -s TERM "$pid" 2> /dev/null || true
    done
}

terminate() { # NAME...
    ask_to_end "$@"
    await 90 "the end of $*" ended "$@"
}

ended() { # NAME...
    ! any_running "$@"
}

# With its time limit, beyond which it is killed.
terminate_within() { # SECONDS NAME...
    local end=$((SECONDS + $1))
    shift
    [[ -z ${folder-} ]] || ask_to_end "$@"
    while any_running "$@" && ((SECONDS < end)); do
        sleep 0.1
    done
    kill_components "$@"
}

run() { # [--no-wait] NAME...
    local name wait=yes
    if [[ ${1-} == --no-wait ]]; then
        wait=''
        shift
    fi
    check_names "$@"
    for name in "$@"; do
        start_component "$name"
    done
    [[ -n $wait ]] || return 0
    for name in "$@"; do
        await_component "$name"
    done
}
