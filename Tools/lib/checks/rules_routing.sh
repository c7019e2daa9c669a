# shellcheck shell=bash
# Routes, policies and what routers answer themselves, on a network of network.sh. Uses rules.sh.
#
#     s1, s2 - r = q - s3      r has a peer port for each of q and p, without a switch between:
#              r = p - s3      10.7.0.1 - 10.7.0.2 (q), 10.7.0.5 - 10.7.0.6 (p)
#
# The workload of s3 is vm31; q is its router. Which way a packet took is seen in a trace: its
# second hop is q's address or p's.

BY_Q=10.7.0.2 BY_P=10.7.0.6 BY_Q6=fd00:7::2 BY_P6=fd00:7:1::2

# peer_routers A B NUMBER NETWORK_A NETWORK_B NETWORK6_A NETWORK6_B
peer_routers() {
    nb lrp-add "$1" "$1-$2" "00:00:00:00:fe:${3}1" "$4" "$6" "peer=$2-$1" -- \
        lrp-add "$2" "$2-$1" "00:00:00:00:fe:${3}2" "$5" "$7" "peer=$1-$2"
}

routing_begin() {
    nb ls-add s3 -- lr-add q -- lr-add p &&
        peer_routers r q 1 10.7.0.1/30 $BY_Q/30 fd00:7::1/64 $BY_Q6/64 &&
        peer_routers r p 2 10.7.0.5/30 $BY_P/30 fd00:7:1::1/64 $BY_P6/64 &&
        router_port q s3 03 10.0.3.1/24 fd00:3::1/64 && router_port p s3 33 10.0.3.3/24 fd00:3::3/64 &&
        nb lr-route-add q 10.0.0.0/16 10.7.0.1 -- lr-route-add q fd00::/16 fd00:7::1 -- \
            lr-route-add p 10.0.0.0/16 10.7.0.5 -- lr-route-add p fd00::/16 fd00:7:1::1 &&
        outside_workload vm31 1
}

routing_end() {
    detach vm31 1
    nb_hv ls-del s3 -- lr-del q -- lr-del p -- lrp-del r-q -- lrp-del r-p
}

# routed FUNCTION...: without r's routes afterwards.
routed() {
    local result=0
    wiped "$@" || result=1
    nb_hv lr-route-del r || result=1
    return $result
}

# way FROM TO [-6]: the second hops of some packets that differ in their port.
way() {
    inside "$1" traceroute ${3:+"$3"} -n -q 8 -N 1 -w 2 -f 2 -m 2 "$2" 2>/dev/null |
        awk 'NR > 1' | grep -oE '(10\.[0-9]+\.[0-9]+\.[0-9]+|fd00:[0-9a-f:]+)' | sort -u | paste -sd ' '
}

# goes EXPECTED FROM TO [-6]
goes() {
    local seen
    seen=$(way "${@:2}")
    [ "$seen" = "$1" ] && return
    DETAIL="$2 to $3 by '$seen' instead of '$1'"
    return 1
}

# The longest prefix decides; both families.
route_prefixes() {
    nb_hv lr-route-add r 10.0.0.0/16 $BY_P -- lr-route-add r 10.0.3.0/24 $BY_Q -- \
        lr-route-add r fd00:3::/64 $BY_Q6 &&
        goes $BY_Q vm11 "${IP[vm31]}" && goes $BY_Q6 vm12 "${IP6[vm31]}" -6 &&
        both_say vm31 vm12 "${IP[vm31]}" 8080 && both_say vm11 vm31 "${IP6[vm11]}" 8080 &&
        nb_hv lr-route-add r "${IP[vm31]}/32" $BY_P && goes $BY_P vm11 "${IP[vm31]}" &&
        nb_hv lr-route-del r "${IP[vm31]}/32" && goes $BY_Q vm11 "${IP[vm31]}"
}

# Who sends decides.
route_by_source() {
    nb_hv lr-route-add r 10.0.3.0/24 $BY_Q -- --policy=src-ip lr-route-add r "${IP[vm12]}/32" $BY_P &&
        goes $BY_Q vm11 "${IP[vm31]}" && goes $BY_P vm12 "${IP[vm31]}" && says vm31 vm12 tcp "${IP[vm31]}" 8080
}

# What is to be thrown away, between more and less specific routes.
route_discard() {
    nb_hv lr-route-add r 10.0.3.0/24 $BY_Q -- lr-route-add r "${IP[vm31]}/32" discard &&
        blocked vm11 "${IP[vm31]}" && reaches vm11 10.0.3.1 &&
        nb_hv lr-route-del r "${IP[vm31]}/32" && reaches vm11 "${IP[vm31]}"
}

# set_route NEXT_HOP OPTION=VALUE: for the route of r that leads there.
set_route() {
    nb_hv set Logical_Router_Static_Route \
        "$(nb --bare --columns=_uuid find Logical_Router_Static_Route "nexthop=\"$1\"")" "options:$2"
}

# A network that the router is in goes before a route to it, unless the route says otherwise; a route
# that says that it is one of those goes before other routes.
route_origins() {
    nb_hv lr-route-add r 10.0.2.0/24 $BY_Q && reaches vm11 "${IP[vm21]}" &&
        set_route $BY_Q override-connected=true && goes $BY_Q vm11 "${IP[vm21]}" || return 1
    nb_hv lr-route-del r -- lr-route-add r 10.0.3.0/24 $BY_Q -- --ecmp lr-route-add r 10.0.3.0/24 $BY_P &&
        set_route $BY_P origin=connected && goes $BY_P vm11 "${IP[vm31]}"
}

# unnumbered_port NAME MAC PEER: JSON of a router port without networks.
unnumbered_port() {
    echo "{\"op\": \"insert\", \"table\": \"Logical_Router_Port\", \"uuid-name\": \"$1\",
        \"row\": {\"name\": \"$1\", \"mac\": \"$2\", \"peer\": \"$3\", \"networks\": [\"set\", []]}},
        {\"op\": \"mutate\", \"table\": \"Logical_Router\", \"where\": [[\"name\", \"==\", \"${1%%_*}\"]],
        \"mutations\": [[\"ports\", \"insert\", [\"set\", [[\"named-uuid\", \"$1\"]]]]]}"
}

# Between ports without any address but that of their link: both families.
route_unnumbered() {
    local result=0 hop=fe80::200:ff:fe00:fe42
    nb_transact "$(unnumbered_port r_bare 00:00:00:00:fe:41 q_bare)" \
        "$(unnumbered_port q_bare 00:00:00:00:fe:42 r_bare)" >/dev/null &&
        nb_hv --id=@four create Logical_Router_Static_Route ip_prefix=10.0.3.0/24 "nexthop=\"$hop\"" \
            output_port=r_bare -- add Logical_Router r static_routes @four -- --id=@six create \
            Logical_Router_Static_Route 'ip_prefix="fd00:3::/64"' "nexthop=\"$hop\"" output_port=r_bare -- \
            add Logical_Router r static_routes @six >/dev/null &&
        both_say vm31 vm11 "${IP[vm31]}" 8080 && both_say vm31 vm12 "${IP6[vm31]}" 8080 || result=1
    nb_hv --if-exists lrp-del r_bare -- --if-exists lrp-del q_bare
    return $result
}

# Several next hops share connections; without one of them the other has all.
route_shared() {
    nb_hv lr-route-add r 10.0.3.0/24 $BY_Q -- --ecmp lr-route-add r 10.0.3.0/24 $BY_P -- \
        lr-route-add r fd00:3::/64 $BY_Q6 -- --ecmp lr-route-add r fd00:3::/64 $BY_P6 &&
        shared_way vm11 && says vm31 vm12 -n 6 tcp "${IP[vm31]}" 8080 &&
        says vm31 vm11 -n 6 udp "${IP6[vm31]}" 8080 && says 20000 vm11 -s 20000 -f 4 udp "${IP[vm31]}" 8080 &&
        nb_hv lr-route-del r 10.0.3.0/24 $BY_Q && goes $BY_P vm11 "${IP[vm31]}"
}

shared_way() { eventually 10 goes "$BY_Q $BY_P" "$1" "${IP[vm31]}"; }

# Chosen fields choose the next hop; one that discards discards.
route_hash() {
    local seen
    knows Logical_Router_Static_Route selection_fields || return 0
    nb_hv lr-route-add r 10.0.3.0/24 $BY_Q -- --ecmp lr-route-add r 10.0.3.0/24 $BY_P &&
        nb_columns Logical_Router_Static_Route ip_prefix 10.0.3.0/24 '{"selection_fields": ["set", ["ip_src", "ip_dst"]]}' ||
        return 1
    reaches vm11 "${IP[vm31]}"
    seen=$(way vm11 "${IP[vm31]}")
    DETAIL="by $seen"
    [ "$seen" = $BY_Q ] || [ "$seen" = $BY_P ]
}

route_shared_discard() {
    nb_hv lr-route-add r 10.0.3.0/24 $BY_Q -- --id=@route create Logical_Router_Static_Route \
        ip_prefix=10.0.3.0/24 nexthop=discard -- add Logical_Router r static_routes @route >/dev/null &&
        blocked vm11 "${IP[vm31]}" && reaches vm11 "${IP[vm22]}"
}

# Ports of the router have tables of their own.
route_tables() {
    local result=0
    nb_hv lr-route-add r 10.0.3.0/24 $BY_Q -- --route-table=other lr-route-add r 10.0.3.0/24 $BY_P -- \
        set Logical_Router_Port r-s2 options:route_table=other &&
        goes $BY_Q vm11 "${IP[vm31]}" && goes $BY_P vm21 "${IP[vm31]}" || result=1
    nb_hv remove Logical_Router_Port r-s2 options route_table
    return $result
}

# IPv4 to a next hop of IPv6.
route_across_families() {
    nb_hv --id=@route create Logical_Router_Static_Route ip_prefix=10.0.3.0/24 "nexthop=\"$BY_P6\"" \
        output_port=r-p -- add Logical_Router r static_routes @route >/dev/null && says vm31 vm11 tcp "${IP[vm31]}" 8080 &&
        goes $BY_P vm11 "${IP[vm31]}"
}

# A route that names a port: the target is asked for there, as a neighbour.
route_by_port() {
    local result=0
    nb lsp-set-port-security vm21 -- lsp-set-addresses vm21 "${MAC[vm21]} ${IP[vm21]} ${IP6[vm21]}" unknown
    inside vm21 ip addr add 10.88.0.5/32 dev eth0
    nb_hv --id=@route create Logical_Router_Static_Route ip_prefix=10.88.0.0/24 'nexthop=""' \
        output_port=r-s2 -- add Logical_Router r static_routes @route >/dev/null || result=1
    says vm21 vm11 tcp 10.88.0.5 8080 && says vm21 vm12 udp 10.88.0.5 8080 || result=1
    inside vm21 ip addr del 10.88.0.5/32 dev eth0
    restore_addresses vm21
    return $result
}

# Two routers send a packet to each other until its time is over, and say so. (A packet with more
# time than that ends too, by the limit of what one packet may cost.)
route_loop() {
    nb_hv lr-route-add r 10.77.0.0/16 $BY_Q -- lr-route-add q 10.77.0.0/16 10.7.0.1 -- \
        lr-route-add r fd00:77::/64 $BY_Q6 -- lr-route-add q fd00:77::/64 fd00:7::1 || return 1
    expires vm11 10.77.0.1 'Time to live exceeded' && expires vm12 fd00:77::1 'Time exceeded' &&
        blocked vm11 10.77.0.1 && loop_is_named
    local result=$?
    nb_hv lr-route-del q 10.77.0.0/16 -- lr-route-del q fd00:77::/64
    return $result
}

# Who asks why it goes nowhere hears of the router, and that it was too much for one packet.
loop_is_named() {
    [ "$HV1" = ours ] || return 0
    eventually 5 eval "agent_command 1 drops/show | grep -E 'too many (tables|copies|trips).*datapath=\"[rq]\"'" && return
    DETAIL="no line of the loop: $(agent_command 1 drops/show | head -n 3 | paste -sd '|')"
    return 1
}

expires() {
    local answer
    answer=$(inside "$1" ping -n -c 2 -W 5 -t 8 "$2" 2>&1) || true
    [[ $answer == *$3* ]] && return
    DETAIL="no '$3' from $2"
    return 1
}

# A neighbour that is configured isn't asked for.
route_static_neighbour() {
    local result=0
    inside vm21 ip addr add 10.0.2.77/24 dev eth0
    inside vm21 sysctl -qw net.ipv4.conf.eth0.arp_ignore=8
    nb lsp-set-port-security vm21
    blocked vm11 10.0.2.77 && nb_hv static-mac-binding-add r-s2 10.0.2.77 "${MAC[vm21]}" &&
        says vm21 vm11 tcp 10.0.2.77 8080 && says vm21 vm12 udp 10.0.2.77 8080 || result=1
    inside vm21 sysctl -qw net.ipv4.conf.eth0.arp_ignore=0
    inside vm21 ip addr del 10.0.2.77/24 dev eth0
    restore_addresses vm21
    return $result
}

## Policies

policy_verdicts() {
    nb_hv lr-route-add r 10.0.3.0/24 $BY_Q -- lr-policy-add r 10 "ip4.src == ${IP[vm11]}" reroute $BY_P -- \
        lr-policy-add r 20 "ip4.dst == 10.0.2.0/24 && udp.dst == 8080" drop -- \
        lr-policy-add r 30 "ip4.src == ${IP[vm12]} && udp.dst == 8080" allow &&
        goes $BY_P vm11 "${IP[vm31]}" && goes $BY_Q vm12 "${IP[vm31]}" &&
        says nobody vm11 udp "${IP[vm22]}" 8080 && says vm22 vm12 udp "${IP[vm22]}" 8080 &&
        says vm22 vm12 udp "${IP[vm22]}" 8081 && nb_hv lr-policy-del r 10 && goes $BY_Q vm11 "${IP[vm31]}"
}

policy_shared() {
    nb_hv lr-route-add r 10.0.3.0/24 $BY_Q -- lr-policy-add r 10 "ip4.src == ${IP[vm11]}" reroute $BY_Q,$BY_P &&
        shared_way vm11 && goes $BY_Q vm12 "${IP[vm31]}" && says vm31 vm11 -n 6 tcp "${IP[vm31]}" 8080
}

policy_six() {
    nb_hv lr-route-add r fd00:3::/64 $BY_Q6 -- lr-policy-add r 10 "ip6.src == ${IP6[vm11]} && ip6.dst == fd00:3::/64" reroute $BY_P6 -- \
        lr-policy-add r 20 'ip6 && udp.dst == 8081' drop &&
        goes $BY_P6 vm11 "${IP6[vm31]}" -6 && goes $BY_Q6 vm12 "${IP6[vm31]}" -6 &&
        says nobody vm11 udp "${IP6[vm22]}" 8081 && says vm22 vm11 udp "${IP6[vm22]}" 8080
}

# Policies of a chain count for packets that were sent there.
policy_chains() {
    knows Logical_Router_Policy jump_chain || return 0
    nb lr-policy-add r 100 "ip4.src == ${IP[vm11]}" drop -- \
        lr-policy-add r 50 'ip4 && udp.dst == 8080' drop -- lr-policy-add r 40 'ip4' allow &&
        nb_columns Logical_Router_Policy priority 100 '{"action": "jump", "jump_chain": "inner"}' &&
        nb_columns Logical_Router_Policy priority 50 '{"chain": "inner"}' || return 1
    says nobody vm11 udp "${IP[vm22]}" 8080 && says vm22 vm11 udp "${IP[vm22]}" 8081 &&
        says vm22 vm12 udp "${IP[vm22]}" 8080
}

# A policy that names the port that packets leave by.
policy_port() {
    local port
    knows Logical_Router_Policy output_port || return 0
    port=$(nb --bare --columns=_uuid find Logical_Router_Port name=r-p)
    nb_hv lr-route-add r 10.0.3.0/24 $BY_Q -- lr-policy-add r 10 "ip4.src == ${IP[vm11]}" reroute $BY_P &&
        nb_columns Logical_Router_Policy priority 10 "{\"output_port\": [\"uuid\", \"$port\"]}" &&
        goes $BY_P vm11 "${IP[vm31]}" && goes $BY_Q vm12 "${IP[vm31]}"
}

# A mark that the host's own tools see.
policy_mark() {
    nb_hv lr-policy-add r 10 "ip4.src == ${IP[vm11]}" allow pkt_mark=77 || return 1
    marked vm21 1 77 vm11 vm12
}

# marked vmSN HYPERVISOR MARK FROM OTHER: packets that reach its interface from FROM have the mark,
# those from OTHER don't.
marked() {
    local counted
    in_hypervisor "$2" tc qdisc add dev "$1" clsact
    in_hypervisor "$2" tc filter add dev "$1" egress prio 1 handle "$3" fw action ok
    inside "$4" ping -n -c 3 -i 0.2 -W 2 "${IP[$1]}" >/dev/null
    inside "$5" ping -n -c 2 -i 0.2 -W 2 "${IP[$1]}" >/dev/null
    counted=$(in_hypervisor "$2" tc -s filter show dev "$1" egress | grep -oP 'Sent \d+ bytes \K\d+')
    in_hypervisor "$2" tc qdisc del dev "$1" clsact
    DETAIL="${counted:-0} marked packets"
    [ "${counted:-0}" = 3 ]
}

## What routers do themselves

router_refuses() {
    both_say refused vm11 10.0.1.1 8080 && both_say refused vm12 fd00:1::1 8080 &&
        both_say refused vm11 10.0.2.1 8080
}

# By its address on the link a router answers and forwards.
router_link_local() {
    local result=0
    reaches vm11 fe80::200:ff:fe00:ff01%eth0 || return 1
    inside vm12 ip -6 route replace default via fe80::200:ff:fe00:ff01 dev eth0
    inside vm12 ip -6 neigh flush dev eth0
    says vm21 vm12 tcp "${IP6[vm21]}" 8080 || result=1
    inside vm12 ip -6 route replace default via fd00:1::1
    return $result
}

# Frames of no protocol that a router knows reach stations and end at routers.
router_ends_other_protocols() {
    local rest=88b5000102030405060708090a0b0c0d0e0f seen
    seen=$(printf '00%.0s' {1..40})
    nb_hv lsp-set-port-security vm11 -- lsp-set-port-security vm12
    capture here vm12 eth0 -Q in ether proto 0x88b5
    capture there vm21 eth0 -Q in ether proto 0x88b5
    raw vm11 "ff:ff:ff:ff:ff:ff${MAC[vm11]}$rest$seen" "00:00:00:00:ff:01${MAC[vm11]}$rest$seen" \
        "${MAC[vm12]}${MAC[vm11]}$rest$seen"
    eventually 5 counts here 0x88b5 2 || true
    end_capture here
    end_capture there
    DETAIL="$(count here 0x88b5) at a station, $(count there 0x88b5) behind the router"
    restore_addresses vm11
    restore_addresses vm12
    [ "$DETAIL" = "2 at a station, 0 behind the router" ] && reaches vm11 "${IP[vm21]}"
}

router_disabled() {
    local result=0
    nb_hv lrp-set-enabled r-s2 disabled && blocked vm11 "${IP[vm21]}" && blocked vm22 10.0.2.1 &&
        reaches vm11 10.0.1.1 || result=1
    nb_hv lrp-set-enabled r-s2 enabled && reaches vm11 "${IP[vm21]}" || result=1
    nb_hv set Logical_Router r enabled=false && blocked vm11 "${IP[vm21]}" || result=1
    nb_hv set Logical_Router r enabled=true && reaches vm11 "${IP[vm21]}" || result=1
    return $result
}

# Ports that are joined to themselves or to nobody harm no other.
router_peers_are_odd() {
    local result=0
    nb_hv lrp-add r r-odd 00:00:00:00:fe:91 10.99.1.1/24 peer=r-odd -- \
        lrp-add r r-none 00:00:00:00:fe:92 10.99.2.1/24 peer=nobody || return 1
    reaches vm11 "${IP[vm22]}" && both_say vm21 vm12 "${IP[vm21]}" 8080 || result=1
    nb_hv lrp-del r-odd -- lrp-del r-none
    return $result
}

# What a router has learned at a port leaves with it.
neighbours_leave() {
    local datapath
    nb --wait=sb lrp-add r r-gone 00:00:00:00:fe:93 10.99.3.1/24 || return 1
    datapath=$(ovn-sbctl -t 5 --bare --columns=datapath find Port_Binding logical_port=r-gone)
    ovn-sbctl -t 5 create MAC_Binding logical_port=r-gone ip=10.99.3.2 'mac="02:00:00:00:99:93"' \
        "datapath=$datapath" >/dev/null || return 1
    neighbour_is 10.99.3.2 02:00:00:00:99:93 || return 1
    nb_hv lrp-del r-gone
    eventually 10 neighbour_is 10.99.3.2 ''
}

checks_rules_routing() {
    check "three routers are joined" routing_begin
    check "the longest prefix decides" routed route_prefixes
    check "a route by source" routed route_by_source
    check "a route that discards" routed route_discard
    check "routes by their origin" routed route_origins
    check "ports without networks" routed route_unnumbered
    check "routes share connections" routed route_shared
    check "a port's own table of routes" routed route_tables
    check "a next hop of the other family" routed route_across_families
    check "a route that names a port" routed route_by_port
    check "a configured neighbour" routed route_static_neighbour
    check "policies allow, drop and send elsewhere" routed policy_verdicts
    check "a policy shares connections" routed policy_shared
    check "a policy marks packets" routed policy_mark
    check "a router refuses what is for itself" router_refuses
    check "a router's link-local address" router_link_local
    check "other protocols end at a router" router_ends_other_protocols
    check "a loop ends and says so" routed route_loop
    check "policies of IPv6" routed policy_six
    check "chains of policies" routed policy_chains
    check "chosen fields choose the next hop" routed route_hash
    check "one of several next hops discards" routed route_shared_discard
    check "a policy names its port" routed policy_port
    check "odd peers harm nobody" router_peers_are_odd
    check "neighbours leave with their port" neighbours_leave
    check "a disabled router and a disabled port" router_disabled
    check "the routers are taken away" routing_end
}
