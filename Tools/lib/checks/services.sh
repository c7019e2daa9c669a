# shellcheck shell=bash
# What the agents answer themselves, asked by stock clients on a network of network.sh: addresses,
# names, advertisements, groups, health checks, logs. Topics are in services_*.sh.
# Each check configures what it needs and takes it away. Uses base.sh.

# background NAME NAMESPACE COMMAND...: runs it until end_background NAME; its output is in NAME.out.
background() {
    local name=$1 namespace=$2
    shift 2
    ip netns exec "$namespace" "$@" >"$NETWORK/$name.out" 2>&1 </dev/null &
    echo $! >"$NETWORK/$name.pid"
    at_exit stop_process $!
}

end_background() {
    local pid
    pid=$(cat "$NETWORK/$1.pid")
    stop_process "$pid"
    wait "$pid" 2>/dev/null || true
}

# was_told NAME PATTERN [COUNT]: whether the program's output has so many such lines. For `eventually`.
was_told() { [ "$(grep -cE "$2" "$NETWORK/$1.out")" -ge "${3:-1}" ]; }

# nb_transact OPERATION...: for tables and columns that Debian's ovn-nbctl doesn't know.
nb_transact() {
    local IFS=,
    ovsdb-client -t 10 transact "$OVN_NB_DB" "[\"OVN_Northbound\",$*]"
}

# port_column PORT COLUMN: what the Southbound says of a port.
port_column() { ovn-sbctl -t 5 --bare --columns="$2" find Port_Binding "logical_port=$1"; }

# same WANTED FOUND: DETAIL says what was found.
same() {
    DETAIL=$2
    [ "$1" = "$2" ] && return
    DETAIL="found: $2; not: $1"
    return 1
}

checks_services() {
    check "the network is up" eventually 20 reachable vm11 "$(workload_ip vm22)"
    checks_addresses
    checks_names
    checks_health
    check "a second receiver joins" add_second_receiver
    checks_groups
    checks_learning
    checks_sampling
    checks_of_flows
}
