# shellcheck shell=bash disable=SC2154 # the variables of the other files
# One bridge, and a namespace for each component whose only link leads to it.

readonly bridge=mintmark0

make_network() {
    local name
    if ! ip link show "$bridge" > /dev/null 2>&1; then
        ip link add "$bridge" type bridge forward_delay 0
        ip address add "${address[host]}/24" dev "$bridge"
        ip link set "$bridge" up
    fi
    for name in "${names[@]}"; do
        [[ -e /run/netns/$(namespace "$name") ]] || make_namespace "$name"
    done
}

make_namespace() { # NAME
    local space link=mm-$1
    space=$(namespace "$1")
    ip netns add "$space"
    # Left by a start that was interrupted.
    ip link delete "$link" 2> /dev/null || true
    ip link add "$link" type veth peer name eth0 netns "$space"
    ip link set "$link" master "$bridge" up
    ip -n "$space" address add "${address[$1]}/24" dev eth0
    ip -n "$space" link set eth0 up
    ip -n "$space" link set lo up
}

# With every process in it: a command of `exec` would keep the namespace alive.
remove_network() {
    local name space pids
    for name in "${names[@]}"; do
        space=$(namespace "$name")
        [[ -e /run/netns/$space ]] || continue
        mapfile -t pids < <(ip netns pids "$space")
        ((${#pids[@]} == 0)) || kill -s KILL "${pids[@]}" 2> /dev/null || true
        # Also where the namespace itself lives a moment longer.
        ip link delete "mm-$name" 2> /dev/null || true
        ip netns delete "$space"
    done
    ip link delete "$bridge" 2> /dev/null || true
}

# Dropped, not refused: nobody is told, as with a cable that was pulled. One table for each cut.
cut_link() { # NAME database|OTHER
    local ours theirs peer=$2
    if [[ $peer == database ]]; then
        # Both ports, since a PostgreSQL can be cut off as well as a client of it.
        ours='tcp dport 5432 drop; tcp sport 5432 drop;'
        theirs=$ours
    elif [[ -n ${address[$peer]-} && $peer != "$1" ]]; then
        ours="ip daddr ${address[$peer]} drop;"
        theirs="ip saddr ${address[$peer]} drop;"
    else
        misused "cut: '$peer' is neither database nor another component"
    fi
    ip netns exec "$(namespace "$1")" nft -f - << END
table inet cut_$peer
delete table inet cut_$peer
table inet cut_$peer {
    chain input { type filter hook input priority 0; $theirs }
    chain output { type filter hook output priority 0; $ours }
}
END
}

# What NAME is cut from, one a line.
cuts() { # NAME
    ip netns exec "$(namespace "$1")" nft list tables 2> /dev/null | sed -n 's/^table inet cut_//p'
}

heal_links() { # NAME [database|OTHER]
    local peer
    for peer in $(cuts "$1"); do
        [[ ${2-$peer} != "$peer" ]] || ip netns exec "$(namespace "$1")" nft delete table inet "cut_$peer"
    done
}
