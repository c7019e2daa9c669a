# shellcheck shell=bash
# What a router knows of neighbours on a physical network, and which addresses it has. Uses physical.sh.

# binding_age ADDRESS: seconds since a neighbour was confirmed; fails without one.
binding_age() {
    local stamp
    stamp=$(ovn-sbctl -t 5 --bare --columns=timestamp find MAC_Binding "ip=\"$1\"" | head -n 1)
    [ -n "$stamp" ] && echo $(($(date +%s) - stamp / 1000))
}

# oldest_binding ADDRESS SECONDS: the highest age that it has in that time; fails if it goes.
oldest_binding() {
    local end=$((SECONDS + $2)) age oldest=0
    while [ "$SECONDS" -lt "$end" ]; do
        age=$(binding_age "$1") || { echo gone; return 1; }
        [ "$age" -le "$oldest" ] || oldest=$age
        sleep 0.5
    done
    echo "$oldest"
}

# A neighbour that is only sent to is asked before its entry goes, and stays as long as it answers.
listeners_are_asked() {
    local result=0 sender oldest asked
    provider_router
    nb lr-nat-del r
    ip -n outside route add blackhole 10.0.1.0/24
    nb_hv set Logical_Router r options:mac_binding_age_threshold=8
    capture outside outside "eth0.$OUTSIDE_VLAN" -Q in arp
    ip netns exec vm11 ping -n -q -i 0.5 -W 1 10.0.7.100 >/dev/null 2>&1 &
    sender=$!
    at_exit stop_process $sender
    eventually 15 binding_age 10.0.7.100 >/dev/null || { DETAIL="never known"; result=1; }
    oldest=$(oldest_binding 10.0.7.100 25) || result=1
    end_capture outside
    asked=$(captured outside | grep -c '> 02:00:00:00:00:64.*Request who-has 10.0.7.100 .*tell 10.0.7.1')
    DETAIL="at most $oldest s old, asked $asked times"
    [ "$asked" -ge 3 ] || result=1
    stop_process $sender
    wait $sender 2>/dev/null
    eventually 90 forgotten 10.0.7.100 || { DETAIL="$DETAIL, it never goes"; result=1; }
    nb clear Logical_Router r options
    ip -n outside route del blackhole 10.0.1.0/24
    nb lr-nat-add r snat 10.0.7.1 10.0.1.0/24
    remove_provider_router
    return $result
}

forgotten() { ! binding_age "$1" >/dev/null; }

## Next hops

# uplink NAME NUMBER: a gateway outside with its own Ethernet address, and a host behind it.
uplink() {
    new_namespace "$1"
    ip link add eth0 netns "$1" type veth peer name "$1" netns lan
    ip -n lan link set "$1" master lan up
    ip -n "$1" link set eth0 address "02:00:00:00:00:7$2" up
    ip -n "$1" addr add "10.0.7.10$2/24" dev eth0
    ip -n "$1" addr add "fd00:7::10$2/64" dev eth0
    ip -n "$1" addr add "10.99.0.$2/32" dev lo
    ip -n "$1" addr add "fd00:99::$2/128" dev lo
    ip -n "$1" route add 10.0.0.0/16 via 10.0.7.1 src "10.99.0.$2"
    ip -n "$1" route add fd00:1::/64 via fd00:7::1 src "fd00:99::$2"
}

# remembered NUMBER: connections that carry an uplink's address.
remembered() {
    agent_command 1 dpctl/dump-conntrack | grep -c "labels=0x2000000007${1}00000000" || true
}

remembered_is() {
    local found
    found="$(remembered 1) $(remembered 2)"
    DETAIL="connections by next hop: $found"
    [ "$found" = "$1" ]
}

next_hops_are_known() {
    DETAIL="known: $(ovsdb-client transact "$OVN_SB_DB" '["OVN_Southbound", {"op": "select", "where": [],
        "table": "ECMP_Nexthop", "columns": ["mac", "nexthop"]}]')"
    [ "$(grep -o '02:00:00:00:00:7' <<<"$DETAIL" | wc -l)" = 4 ]
}

next_hops_take_their_own() {
    local number
    for number in 1 2; do
        ping_works "up$number" "$(workload_ip vm11)" &&
            ping_works "up$number" "$(workload_ip6 vm11)" || return 1
    done
    remembered_is "2 2" || return 1
    nb_hv lr-route-del gr 10.99.0.0/24 10.0.7.101
    eventually 10 remembered_is "1 2" || return 1
    nb_hv lr-route-del gr fd00:99::/64 fd00:7::101
    eventually 10 remembered_is "0 2" || return 1
    ping_works up2 "$(workload_ip vm11)" && ping_works up2 "$(workload_ip6 vm11)"
}

# Connections that came by one of two next hops go with its route, the others stay.
next_hops_take_connections_along() {
    local result=0 number
    provider_switch s7
    nb set NB_Global . options:ecmp_nexthop_monitor_enable=true -- lr-add gr -- set Logical_Router gr options:chassis=hv1 -- \
        lrp-add gr gr-s7 00:00:00:00:ff:07 10.0.7.1/24 fd00:7::1/64 -- \
        lsp-add s7 s7-gr -- lsp-set-type s7-gr router -- lsp-set-addresses s7-gr router -- \
        lsp-set-options s7-gr router-port=gr-s7 -- \
        ls-add join -- lrp-add r r-join 00:00:00:00:ff:0a 100.64.0.1/24 fd00:64::1/64 -- \
        lsp-add join join-r -- lsp-set-type join-r router -- lsp-set-addresses join-r router -- \
        lsp-set-options join-r router-port=r-join -- \
        lrp-add gr gr-join 00:00:00:00:ff:0b 100.64.0.2/24 fd00:64::2/64 -- \
        lsp-add join join-gr -- lsp-set-type join-gr router -- lsp-set-addresses join-gr router -- \
        lsp-set-options join-gr router-port=gr-join -- \
        lr-route-add r 10.99.0.0/24 100.64.0.2 -- lr-route-add gr 10.0.0.0/16 100.64.0.1 -- \
        lr-route-add r fd00:99::/64 fd00:64::2 -- lr-route-add gr fd00:1::/64 fd00:64::1
    for number in 1 2; do
        uplink "up$number" $number
        nb --ecmp-symmetric-reply lr-route-add gr 10.99.0.0/24 "10.0.7.10$number"
        nb --ecmp-symmetric-reply lr-route-add gr fd00:99::/64 "fd00:7::10$number"
    done
    hv_sync
    eventually 60 next_hops_are_known && next_hops_take_their_own || result=1
    nb remove NB_Global . options ecmp_nexthop_monitor_enable -- lr-route-del r 10.99.0.0/24 -- lr-route-del r fd00:99::/64 -- lrp-del r-join -- lr-del gr -- \
        ls-del join -- ls-del s7
    for number in 1 2; do ip -n "up$number" link del eth0; done
    hv_sync && return $result
}

## Addresses that a router's port takes

given_to() { nb --bare --columns=dynamic_addresses list Logical_Switch_Port "$1"; }

# A port of a switch gives a router's port its addresses as it gives them to workloads.
router_ports_take_addresses() {
    local result=0 router station
    nb ls-add s8 -- set Logical_Switch s8 other_config:subnet=10.0.8.0/24 -- \
        lsp-add s8 s8-r -- lsp-set-type s8-r router -- lsp-set-addresses s8-r dynamic -- \
        lsp-set-options s8-r router-port=r-s8 -- lsp-add s8 vm81 -- lsp-set-addresses vm81 dynamic
    hv_sync
    router=$(given_to s8-r) station=$(given_to vm81)
    nb lrp-add r r-s8 "${router% *}" "${router#* }/24"
    new_namespace vm81
    ip link add vm81 netns hv1 type veth peer name eth0 netns vm81
    ip -n hv1 link set vm81 up
    ip -n vm81 link set eth0 address "${station% *}" up
    ip -n vm81 addr add "${station#* }/24" dev eth0
    ip -n vm81 route add default via "${router#* }"
    attach vm81 1
    hv_sync && eventually 20 reachable vm81 "${router#* }" || result=1
    ping_works vm81 "$(workload_ip vm12)" || result=1
    DETAIL="${router#* } and ${station#* }, ${DETAIL:-no answer}"
    [ "$(printf '%s\n' "${router#* }" "${station#* }" | sort | paste -sd ' ')" = "10.0.8.2 10.0.8.3" ] ||
        result=1
    detach vm81 1
    ip netns del vm81
    nb_hv lrp-del r-s8 -- ls-del s8
    return $result
}

checks_of_neighbours() {
    check "a router's port takes its address" router_ports_take_addresses
    check "a neighbour that only listens is asked" listeners_are_asked
    [ "$NORTHD $HV1" != "ours ours" ] ||
        check "connections go with their next hop" next_hops_take_connections_along
}
