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

# function_row MODE NAME NUMBER: the operation that describes it; a tap has one port. FUNCTION_CHECK
# is JSON of its health check's row, if it has one.
FUNCTION_CHECK=
function_row() {
    local more=
    [ "$1" = vtap ] || more=",\"outport\":[\"uuid\",\"$(uuid_of Logical_Switch_Port "$2-o")\"]"
    [ -z "$FUNCTION_CHECK" ] || more+=',"health_check":["named-uuid","probes"]'
    printf '{"op":"insert","table":"Network_Function","uuid-name":"%s","row":{"name":"%s","id":%s,"inport":["uuid","%s"]%s}}' \
        "$2" "$2" "$3" "$(uuid_of Logical_Switch_Port "$2-i")" "$more"
}

# chain MODE FALLBACK DIRECTION FUNCTION...: what vm11 sends or gets of ICMP passes one of them.
chain() {
    local mode=$1 fallback=$2 direction=$3 port=inport name number=0 rows=() names=()
    shift 3
    [ "$direction" = from-lport ] || port=outport
    [ -z "$FUNCTION_CHECK" ] || rows+=("{\"op\":\"insert\",
        \"table\":\"Network_Function_Health_Check\",\"uuid-name\":\"probes\",\"row\":$FUNCTION_CHECK}")
    for name in "$@"; do
        number=$((number + 1))
        rows+=("$(function_row "$mode" "$name" $number)")
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
        '{"op":"delete","table":"Network_Function","where":[]}' \
        '{"op":"delete","table":"Network_Function_Health_Check","where":[]}' >/dev/null
    hv_sync
}

# passes_function NAME WANTED FROM ADDRESS: five pings are answered, and so many packets of each
# direction, from or to vm11, come into the function by its two ports.
passes_function() {
    local name=$1 wanted=$2 result=0 found client=${IP[vm11]//./\\.}
    reaches "$3" "$4"
    capture function-i "$name" ethi -Q in icmp
    capture function-o "$name" etho -Q in icmp
    ping_works "$3" "$4" || result=1
    sleep 0.3
    end_capture function-i
    end_capture function-o
    found="$(count function-i "$client.*echo request") $(count function-i "$client.*echo reply")"
    found+=" $(count function-o "$client.*echo request") $(count function-o "$client.*echo reply")"
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

# A tap gets copies of both directions by its one port, and gives nothing back.
taps_get_copies() {
    local result=0
    ip -n "$1" link set bridge down
    chain vtap fail-open from-lport "$1" && passes_function "$1" "5 5 0 0" vm11 "$2" || result=1
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

# chosen NAME
chosen() {
    local active function
    active=$(nb_transact '{"op":"select","table":"Network_Function_Group","where":[],
        "columns":["network_function_active"]}' | grep -oP '"uuid","\K[0-9a-f-]{36}')
    function=$(nb_transact "{\"op\":\"select\",\"table\":\"Network_Function\",
        \"where\":[[\"name\",\"==\",\"$1\"]],\"columns\":[\"_uuid\"]}" | grep -oP '"uuid","\K[0-9a-f-]{36}')
    [ -n "$active" ] && [ "$active" = "$function" ]
}

# Probes go through the functions; the first that lets them through is used, and kept.
functions_are_probed() {
    local result=0
    nb_hv set NB_Global . 'options:svc_monitor_mac="02:00:00:00:88:01"' \
        'options:svc_monitor_mac_dst="02:00:00:00:88:02"' options:svc_monitor_ip=169.254.100.10 \
        options:svc_monitor_ip_dst=169.254.100.11
    FUNCTION_CHECK='{"name":"probes","options":["map",[["interval","1"],["timeout","1"],
        ["success_count","1"],["failure_count","2"]]]}'
    chain inline fail-close from-lport fn1 fn2 || result=1
    FUNCTION_CHECK=
    { eventually 30 chosen fn1 && passes_function fn1 "5 0 0 5" vm11 "$1"; } || result=1
    ip -n fn1 link set bridge down
    { eventually 30 chosen fn2 && passes_function fn2 "5 0 0 5" vm11 "$1"; } || result=1
    ip -n fn1 link set bridge up
    sleep 4
    chosen fn2 || { DETAIL="what works is not kept; $DETAIL"; result=1; }
    unchain
    return $result
}

port_status() {
    nb_transact '{"op":"select","table":"Logical_Switch_Port_Health_Check","where":[],
        "columns":["status"]}' | grep -q "\"$1\""
}

# A port's own check says how it is, for whoever reads it.
ports_are_probed() {
    local result=0
    nb_transact '{"op":"insert","table":"Logical_Switch_Port_Health_Check","uuid-name":"probe","row":{
        "protocol":"icmp","src_ip":"10.0.1.250","options":["map",[["interval","1"],["timeout","1"],
        ["success_count","1"],["failure_count","2"]]]}}' \
        '{"op":"mutate","table":"Logical_Switch_Port","where":[["name","==","vm12"]],
        "mutations":[["health_checks","insert",["named-uuid","probe"]]]}' >/dev/null
    eventually 30 port_status online || { DETAIL="not online"; result=1; }
    inside vm12 sysctl -qw net.ipv4.icmp_echo_ignore_all=1
    eventually 30 port_status offline || { DETAIL+=" not offline"; result=1; }
    inside vm12 sysctl -qw net.ipv4.icmp_echo_ignore_all=0
    eventually 30 port_status online || { DETAIL+=" not online again"; result=1; }
    nb_transact '{"op":"update","table":"Logical_Switch_Port","where":[],"row":{
        "health_checks":["set",[]]}}' >/dev/null
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
    check "a second function is there" plug_function fn2 1
    check "functions are probed" functions_are_probed "${IP[vm12]}"
    check "ports are probed" ports_are_probed
    unplug_function fn1 1
    unplug_function fn2 1
    check "a function is elsewhere" plug_function fn3 2
    check "requests pass a function elsewhere" requests_pass_function fn3 "${IP[vm12]}"
    check "deliveries pass a function elsewhere" deliveries_pass_function fn3 vm12
    unplug_function fn3 2
    checks_of_flows
}
