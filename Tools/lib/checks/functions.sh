# shellcheck shell=bash
# Network functions: what rules name passes through a pair of ports behind which somebody looks at
# it. A function here is a namespace whose two ports are a bridge. Uses rules.sh, services.sh, ports.sh.

# plug_function NAME HYPERVISOR: a namespace with the ports NAME-i and NAME-o of s1.
plug_function() {
    local name=$1 side
    new_namespace "$name"
    ip -n "$name" link add bridge type bridge
    inside "$name" sysctl -qw net.ipv6.conf.all.disable_ipv6=1
    for side in i o; do
        ip link add "$name-$side" netns "hv$2" type veth peer name "eth$side" netns "$name"
        ip -n "hv$2" link set "$name-$side" up
        ip -n "$name" link set "eth$side" master bridge
        ip -n "$name" link set "eth$side" up
        attach "$name-$side" "$2"
    done
    ip -n "$name" link set bridge up
    nb lsp-add s1 "$name-i" -- lsp-add s1 "$name-o" -- set Logical_Switch_Port "$name-i" \
        options:is-nf=true "options:nf-linked-port=$name-o" options:receive_multicast=false \
        options:lsp_learn_fdb=false -- set Logical_Switch_Port "$name-o" options:is-nf=true \
        "options:nf-linked-port=$name-i" options:receive_multicast=false options:lsp_learn_fdb=false
    up "$name-i" && up "$name-o"
}

unplug_function() {
    local side
    for side in i o; do
        detach "$1-$side" "$2"
        ip -n "hv$2" link del "$1-$side"
        nb lsp-del "$1-$side"
    done
}

uuid_of() { ovn-nbctl -t 10 --bare --columns=_uuid find "$1" "name=$2"; }

# function_row NAME NUMBER: the operation that describes it, as @NAME for the group.
function_row() {
    printf '{"op":"insert","table":"Network_Function","uuid-name":"%s","row":{"name":"%s","id":%s,"inport":["uuid","%s"],"outport":["uuid","%s"]}}' \
        "$1" "$1" "$2" "$(uuid_of Logical_Switch_Port "$1-i")" "$(uuid_of Logical_Switch_Port "$1-o")"
}

# chain MODE FALLBACK DIRECTION FUNCTION...: what vm11 sends or gets of ICMP passes one of them.
chain() {
    local mode=$1 fallback=$2 direction=$3 port=inport name number=0 rows=() names=()
    shift 3
    [ "$direction" = from-lport ] || port=outport
    for name in "$@"; do
        number=$((number + 1))
        rows+=("$(function_row "$name" $number)")
        names+=("[\"named-uuid\",\"$name\"]")
    done
    rows+=("{\"op\":\"insert\",\"table\":\"Network_Function_Group\",\"uuid-name\":\"group\",\"row\":{
        \"name\":\"chain\",\"id\":1,\"mode\":\"$mode\",\"fallback\":\"$fallback\",
        \"network_function\":[\"set\",[$(IFS=,; echo "${names[*]}")]]}}")
    rows+=("{\"op\":\"insert\",\"table\":\"ACL\",\"uuid-name\":\"rule\",\"row\":{\"priority\":1002,
        \"direction\":\"$direction\",\"match\":\"$port == \\\"vm11\\\" && ip4\",
        \"action\":\"allow-related\",\"network_function_group\":[\"named-uuid\",\"group\"]}}")
    rows+=('{"op":"mutate","table":"Logical_Switch","where":[["name","==","s1"]],
        "mutations":[["acls","insert",["named-uuid","rule"]]]}')
    nb_transact "${rows[@]}" >"$NETWORK/chain.out"
    grep -q '"error"' "$NETWORK/chain.out" && { DETAIL=$(cat "$NETWORK/chain.out"); return 1; }
    hv_sync
}

unchain() {
    nb acl-del s1
    nb_transact '{"op":"delete","table":"Network_Function_Group","where":[]}' \
        '{"op":"delete","table":"Network_Function","where":[]}' >/dev/null
    hv_sync
}

# passes_function NAME WANTED FROM ADDRESS: five pings are answered, and so many packets of each
# direction come into the function by its two ports.
passes_function() {
    local name=$1 wanted=$2 result=0 found
    reaches "$3" "$4"
    capture function-i "$name" ethi -Q in icmp
    capture function-o "$name" etho -Q in icmp
    ping_works "$3" "$4" || result=1
    sleep 0.3
    end_capture function-i
    end_capture function-o
    found="$(count function-i 'echo request') $(count function-i 'echo reply')"
    found+=" $(count function-o 'echo request') $(count function-o 'echo reply')"
    [ "$found" = "$wanted" ] || { result=1; DETAIL="at its ports: $found; not: $wanted; $DETAIL"; }
    return $result
}

# Requests of vm11 go in by the function's first port, and replies to them by its second one.
requests_pass_function() {
    local result=0
    chain inline fail-close from-lport "$1" && passes_function "$1" "5 0 0 5" vm11 "$2" || result=1
    unchain
    return $result
}

# What comes to vm11 goes in by the second port.
deliveries_pass_function() {
    local result=0
    chain inline fail-close to-lport "$1" && passes_function "$1" "0 5 5 0" "$2" "${IP[vm11]}" ||
        result=1
    unchain
    return $result
}

# A tap gets copies, and what it does with them is nobody's business.
taps_get_copies() {
    local result=0
    ip -n "$1" link set bridge down
    chain vtap fail-open from-lport "$1" && passes_function "$1" "5 0 0 0" vm11 "$2" || result=1
    ip -n "$1" link set bridge up
    unchain
    return $result
}

# With no function that works the group says whether packets pass.
group_without_function() {
    local result=0
    chain inline fail-open from-lport && reaches vm11 "$1" || result=1
    unchain
    chain inline fail-close from-lport && ping_fails vm11 "$1" || result=1
    unchain
    return $result
}

checks_functions() {
    check "workloads pass no function yet" rules_begin
    check "a function is there" plug_function fn1 1
    check "requests pass a function" requests_pass_function fn1 "${IP[vm12]}"
    check "requests to a router pass a function" requests_pass_function fn1 "${IP[vm22]}"
    check "deliveries pass a function" deliveries_pass_function fn1 vm12
    check "a tap gets copies" taps_get_copies fn1 "${IP[vm12]}"
    check "a group without functions decides" group_without_function "${IP[vm12]}"
    unplug_function fn1 1
    check "a function is elsewhere" plug_function fn2 2
    check "requests pass a function elsewhere" requests_pass_function fn2 "${IP[vm12]}"
    check "deliveries pass a function elsewhere" deliveries_pass_function fn2 vm12
    unplug_function fn2 2
    checks_of_flows
}
