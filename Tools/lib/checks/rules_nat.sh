# shellcheck shell=bash
# Translation of addresses, and load balancers of routers, on a network of network.sh. Uses rules.sh.
#
#     s1, s2 - r - (s9)   r's port to s9 is on hv1 alone; vm92 is outside, on hv2
#
#     s1, s2 - r - (j) - g - s8   g is on hv1 alone; vm82 is outside, on hv2

OUTSIDE=10.0.9.1 OUTSIDE6=fd00:9::1
# Addresses of s9 that belong to nobody, for translations.
FLOATING=10.0.9.50 FLOATING6=fd00:9::50

# router_port ROUTER SWITCH MAC_NUMBER NETWORK...: joins them.
router_port() {
    nb lrp-add "$1" "$1-$2" "00:00:00:00:ff:$3" "${@:4}" -- lsp-add "$2" "$2-$1" -- \
        lsp-set-type "$2-$1" router -- lsp-set-addresses "$2-$1" router -- \
        lsp-set-options "$2-$1" "router-port=$1-$2"
}

# outside_workload vmSH HYPERVISOR: bound, able to talk, and reached.
outside_workload() {
    logical_port "$1" && workload "$1" "$2" || return 1
    IP[$1]=$(workload_ip "$1") IP6[$1]=$(workload_ip6 "$1") MAC[$1]=$(workload_mac "$1")
    nb wait-until Logical_Switch_Port "$1" up=true && serve "$1"
}

nat_begin() {
    nb ls-add s9 && router_port r s9 09 $OUTSIDE/24 $OUTSIDE6/64 &&
        nb_hv lrp-set-gateway-chassis r-s9 hv1 && outside_workload vm92 2 &&
        eventually 20 reaches vm11 "${IP[vm92]}" && eventually 20 reaches vm92 "${IP6[vm21]}"
}

nat_end() {
    detach vm92 2
    nb_hv ls-del s9 -- lrp-del r-s9
}

# sees ADDRESS FROM TO [OPTION...]: TO is asked by TCP and UDP and sees the address as the asker.
sees() {
    says "$1" "$2" -f 1 tcp "$3" 8080 && says "$1" "$2" -f 1 udp "$3" 8080
}

# Many addresses behind one, of both families; errors come back to the one who is concerned.
nat_source() {
    nb lr-nat-add r snat $OUTSIDE 10.0.1.0/24 && nb_hv lr-nat-add r snat $FLOATING6 fd00:1::/64 &&
        sees $OUTSIDE vm11 "${IP[vm92]}" && sees $FLOATING6 vm12 "${IP6[vm92]}" &&
        sees "${IP[vm21]}" vm21 "${IP[vm92]}" && says refused vm11 udp "${IP[vm92]}" 9 &&
        says refused vm12 udp "${IP6[vm92]}" 9 && reaches vm12 -s 20000 "${IP[vm92]}" &&
        says 20000 vm12 -s 20000 -f 4 udp "${IP[vm92]}" 8080
}

# One address for one workload, both ways; and the router answers for it by itself.
nat_floating() {
    nb lr-nat-add r dnat_and_snat $FLOATING "${IP[vm21]}" &&
        nb_hv lr-nat-add r dnat_and_snat $FLOATING6 "${IP6[vm12]}" &&
        sees $FLOATING vm21 "${IP[vm92]}" && sees $FLOATING6 vm12 "${IP6[vm92]}" &&
        both_say vm21 vm92 $FLOATING 8080 && both_say vm12 vm92 $FLOATING6 8080 &&
        says refused vm92 udp $FLOATING 9 && reaches vm92 -s 20000 $FLOATING &&
        says 20000 vm92 -s 20000 -f 4 udp $FLOATING6 8080
}

# Workloads inside reach each other and themselves by their outer addresses.
nat_inside() {
    nb lr-nat-add r dnat_and_snat $FLOATING "${IP[vm21]}" &&
        nb_hv lr-nat-add r dnat_and_snat 10.0.9.51 "${IP[vm12]}" -- lr-nat-add r snat $OUTSIDE 10.0.0.0/16 &&
        says vm21 vm12 tcp $FLOATING 8080 && says 10.0.9.51 vm12 -f 1 tcp $FLOATING 8080 &&
        says $OUTSIDE vm11 -f 1 tcp $FLOATING 8080 && says vm21 vm21 tcp $FLOATING 8080 &&
        says $FLOATING vm21 -f 1 tcp $FLOATING 8080 && reaches vm21 10.0.9.51
}

# Only what is sent to the address is translated.
nat_destination() {
    nb_hv lr-nat-add r dnat $FLOATING "${IP[vm21]}" -- lr-nat-add r dnat $FLOATING6 "${IP6[vm12]}" &&
        both_say vm21 vm92 $FLOATING 8080 && both_say vm12 vm92 $FLOATING6 8080 &&
        sees "${IP[vm21]}" vm21 "${IP[vm92]}" && says "${IP[vm92]}" vm92 -f 1 tcp $FLOATING 8080
}

# The ports that a translation may use.
nat_ports() {
    nb_hv --portrange lr-nat-add r snat $OUTSIDE 10.0.1.0/24 '' '' 3000-3010 2>/dev/null ||
        nb_hv --portrange lr-nat-add r snat $OUTSIDE 10.0.1.0/24 3000-3010 || return 1
    DETAIL=$(ask vm11 -n 3 -f 2 tcp "${IP[vm92]}" 8080)
    [[ "$DETAIL " =~ ^(30(0[0-9]|10)\ )+$ ]]
}

# Translated are only those who talk to certain addresses, or all but those.
nat_exceptions() {
    nb create Address_Set name=partners "addresses=\"${IP[vm92]}\"" >/dev/null &&
        nb lr-nat-add r snat $OUTSIDE 10.0.1.0/24 &&
        nb_hv lr-nat-update-ext-ip r snat 10.0.1.0/24 partners &&
        sees $OUTSIDE vm11 "${IP[vm92]}" &&
        nb_hv set Address_Set partners 'addresses="10.0.9.99"' && sees "${IP[vm11]}" vm11 "${IP[vm92]}" || return 1
    nb lr-nat-del r && nb lr-nat-add r snat $OUTSIDE 10.0.1.0/24 &&
        nb_hv --is-exempted lr-nat-update-ext-ip r snat 10.0.1.0/24 partners &&
        sees $OUTSIDE vm11 "${IP[vm92]}" &&
        nb_hv add Address_Set partners addresses "\"${IP[vm92]}\"" && sees "${IP[vm11]}" vm11 "${IP[vm92]}"
}

# Any condition on the packet.
nat_conditions() {
    knows NAT match || return 0
    nb_hv lr-nat-add r snat $OUTSIDE 10.0.1.0/24 && nb_columns NAT type snat '{"match": "tcp.dst == 8080"}' &&
        says $OUTSIDE vm11 -f 1 tcp "${IP[vm92]}" 8080 && says "${IP[vm11]}" vm11 -f 1 tcp "${IP[vm92]}" 8081
}

# Addresses are exchanged without tracking anything.
nat_stateless() {
    forget_connections
    nb_hv --stateless lr-nat-add r dnat_and_snat $FLOATING "${IP[vm21]}" &&
        sees $FLOATING vm21 "${IP[vm92]}" && both_say vm21 vm92 $FLOATING 8080 &&
        is_not_tracked 1 "dst=$FLOATING"
}

# Errors about what a workload has sent outside quote it as it was sent.
nat_stateless_errors() {
    nb_hv --stateless lr-nat-add r dnat_and_snat $FLOATING "${IP[vm21]}" &&
        says refused vm21 udp "${IP[vm92]}" 9 && sees $FLOATING vm21 "${IP[vm92]}"
}

# One zone for both kinds of translation, or two.
nat_zones() {
    local result=0 common
    nb_hv lr-nat-add r dnat_and_snat $FLOATING "${IP[vm21]}" -- lr-nat-add r snat $OUTSIDE 10.0.1.0/24 || return 1
    for common in true false; do
        nb_hv set NB_Global . options:use_common_zone=$common
        both_say vm21 vm92 $FLOATING 8080 && sees $OUTSIDE vm12 "${IP[vm92]}" &&
            says vm21 vm12 tcp $FLOATING 8080 || result=1
    done
    nb_hv remove NB_Global . options use_common_zone
    return $result
}

# An address of no network of the router, that the outside has a route for.
nat_foreign_address() {
    local result=0
    nb_hv lr-nat-add r dnat_and_snat 172.31.0.5 "${IP[vm21]}"
    inside vm92 ip route replace 172.31.0.0/24 via $OUTSIDE
    both_say vm21 vm92 172.31.0.5 8080 && sees 172.31.0.5 vm21 "${IP[vm92]}" || result=1
    inside vm92 ip route del 172.31.0.0/24
    return $result
}

# The gateway's own limit is told to who sends more, inside of a translation too.
nat_path_mtu() {
    local result=0
    nb lr-nat-add r snat $OUTSIDE 10.0.1.0/24 && nb_hv set Logical_Router_Port r-s9 options:gateway_mtu=1300 &&
        too_big vm11 "${IP[vm92]}" 'mtu = 1300' && too_big vm11 "${IP6[vm92]}" 'mtu.1300' &&
        says vm92 vm11 tcp "${IP[vm92]}" 8080 || result=1
    nb_hv remove Logical_Router_Port r-s9 options gateway_mtu
    inside vm11 ip route flush cache
    inside vm11 ip -6 route flush cache
    return $result
}

# What an expression names may be longer.
nat_path_exceptions() {
    local result=0
    knows Logical_Router_Port options || return 0
    nb_hv set Logical_Router_Port r-s9 options:gateway_mtu=1300 options:gateway_mtu_bypass=icmp4 &&
        reaches vm11 -M "do" -s 1400 "${IP[vm92]}" && too_big vm11 "${IP6[vm92]}" 'mtu.1300' || result=1
    nb_hv remove Logical_Router_Port r-s9 options gateway_mtu -- remove Logical_Router_Port r-s9 options gateway_mtu_bypass
    inside vm11 ip -6 route flush cache
    return $result
}

# A daemon beside the router speaks for it: it has the router's addresses, and gets what is for its
# protocol, also what is refused elsewhere.
daemon_speaks_for_router() {
    local result=0
    outside_workload vm93 1 && DETAIL=$(talk serve vm93 179) && [ "$DETAIL" = ready ] || return 1
    ip -n vm93 addr flush dev eth0
    ip -n vm93 link set eth0 address 00:00:00:00:ff:09
    ip -n vm93 addr add $OUTSIDE/24 dev eth0
    ip -n vm93 addr add $OUTSIDE6/64 dev eth0 nodad
    nb lsp-set-port-security vm93 -- lsp-set-addresses vm93 unknown
    says refused vm92 tcp $OUTSIDE 179 && nb_hv set Logical_Router_Port r-s9 \
        options:routing-protocol-redirect=vm93 options:routing-protocols=BGP &&
        says vm93 vm92 tcp $OUTSIDE 179 && says vm93 vm92 tcp $OUTSIDE6 179 &&
        says refused vm92 tcp $OUTSIDE 8080 && reaches vm92 $OUTSIDE || result=1
    nb_hv remove Logical_Router_Port r-s9 options routing-protocol-redirect -- \
        remove Logical_Router_Port r-s9 options routing-protocols
    detach vm93 1
    nb_hv lsp-del vm93
    return $result
}

# A router's translations have so many connections and not more.
router_zone_is_limited() {
    local result=0 user=r_snat
    [ "$HV1" = ours ] || return 0
    nb lr-nat-add r snat $OUTSIDE 10.0.1.0/24 && nb_hv set Logical_Router r options:ct-zone-limit=4 || return 1
    forget_connections
    burst_of vm11 "${IP[vm92]}" 8080 12
    DETAIL="$(in_zone 1 "$user") of 4"
    [ "$DETAIL" = "4 of 4" ] || result=1
    nb_hv remove Logical_Router r options ct-zone-limit
    forget_connections
    burst_of vm11 "${IP[vm92]}" 8080 12
    DETAIL+=", $(in_zone 1 "$user") of 12"
    [ "$DETAIL" = "4 of 4, 12 of 12" ] || result=1
    return $result
}

# Somebody outside joins a group of the inside, over the gateway's hypervisor.
groups_cross_gateway() {
    local result=0 name
    nb_hv set Logical_Switch s1 other_config:mcast_snoop=true other_config:mcast_querier=false -- \
        set Logical_Switch s9 other_config:mcast_snoop=true other_config:mcast_querier=false -- \
        set Logical_Router r options:mcast_relay=true || return 1
    member outside vm92 "$GROUP" && eventually 20 heard outside vm12 "$GROUP" &&
        eventually 20 heard outside vm11 "$GROUP" || result=1
    end_background outside
    nb remove Logical_Router r options mcast_relay
    for name in s1 s9; do nb_hv clear Logical_Switch $name other_config; done
    return $result
}

# The number of a router in tunnels.
router_key_is_chosen() {
    local result=0
    nb_hv set Logical_Router r options:requested-tnl-key=888 || return 1
    capture keys hv1 u1 udp port 6081
    eventually 10 reaches vm12 "${IP[vm92]}" || result=1
    end_capture keys
    tcpdump -nvr "$NETWORK/keys.pcap" 2>/dev/null >"$NETWORK/keys.out"
    grep -q 'vni 0x378' "$NETWORK/keys.out" || { DETAIL="another key"; result=1; }
    nb_hv remove Logical_Router r options requested-tnl-key
    eventually 10 reaches vm12 "${IP[vm92]}" || result=1
    return $result
}

# too_big FROM TO PATTERN
too_big() {
    local answer
    answer=$(inside "$1" ping -n -c 3 -i 0.3 -W 2 -M "do" -s 1400 "$2" 2>&1) || true
    grep -qE "$3" <<<"$answer" && return
    DETAIL="$1 to $2: no '$3'"
    return 1
}

## Load balancers of routers

# Callers from outside; the second server is on the other hypervisor.
lb_router() {
    nb lb-add out4 10.0.9.100:80 "$(servers 8080 vm11 vm22)" tcp -- lr-lb-add r out4 -- \
        lb-add out6 '[fd00:9::100]:80' "$(servers6 8080 vm11 vm22)" udp &&
        nb_hv lr-lb-add r out6 &&
        says "vm11 vm22" vm92 -n 16 tcp 10.0.9.100 80 && says "vm11 vm22" vm92 -n 16 udp fd00:9::100 80 &&
        says "${IP[vm92]}" vm92 -f 1 tcp 10.0.9.100 80
}

# All pieces of a datagram go the same way.
lb_router_fragments() {
    nb lb-add out4 10.0.9.100:80 "$(servers 8080 vm11 vm22)" udp -- lr-lb-add r out4 -- \
        lb-add out6 '[fd00:9::100]:80' "$(servers6 8080 vm11 vm22)" udp && nb_hv lr-lb-add r out6 &&
        says 20000 vm92 -n 4 -s 20000 -f 4 udp 10.0.9.100 80 &&
        says 20000 vm92 -n 4 -s 20000 -f 4 udp fd00:9::100 80
}

## Rules with connections, a balancer and a translation on one way

# Callers inside, on both hypervisors; the server is outside and sees the router.
large_way_out() {
    nb lb-add out4 "$VIP:80" "${IP[vm92]}:8080" udp -- ls-lb-add s1 out4 -- \
        lb-add out6 "[$VIP6]:80" "[${IP6[vm92]}]:8080" udp -- ls-lb-add s1 out6 -- \
        lb-add plain4 $PLAIN "${IP[vm92]}" -- ls-lb-add s1 plain4 -- \
        lb-add plain6 $PLAIN6 "${IP6[vm92]}" -- ls-lb-add s1 plain6 -- \
        lr-nat-add r snat $OUTSIDE 10.0.1.0/24 -- lr-nat-add r snat $FLOATING6 fd00:1::/64 && closed_ports
}

# Whole addresses too, so that pings are balanced.
PLAIN=172.16.0.11 PLAIN6=fd00:16::11

# vm11 and vm12 open connections, and nobody opens one to them but to UDP port 8080 and by pings.
closed_ports() {
    nb_hv acl-add s1 to-lport 1001 'outport == {"vm11", "vm12"} && ip' drop -- \
        acl-add s1 to-lport 1002 'outport == {"vm11", "vm12"} && udp.dst == 8080' allow-related -- \
        acl-add s1 to-lport 1002 'outport == {"vm11", "vm12"} && (icmp4.type == 8 || icmp6.type == 128)' allow-related -- \
        acl-add s1 from-lport 1001 'inport == {"vm11", "vm12"} && ip' allow-related
}

large_goes_out() {
    local name
    large_way_out && says $OUTSIDE vm11 -f 1 udp "$VIP" 80 && says $FLOATING6 vm12 -f 1 udp "$VIP6" 80 || return 1
    for name in vm11 vm12; do
        says 20000 $name -n 3 -s 20000 -f 4 udp "$VIP" 80 && says 20000 $name -n 3 -s 20000 -f 4 udp "$VIP6" 80 &&
            reaches $name -s 20000 $PLAIN && reaches $name -s 20000 $PLAIN6 || return 1
    done
}

# A caller outside: the router balances, and rules with connections guard the servers.
large_comes_in() {
    nb lb-add in4 10.0.9.100:80 "$(servers 8080 vm11 vm12)" udp -- lr-lb-add r in4 -- \
        lb-add in6 '[fd00:9::100]:80' "$(servers6 8080 vm11 vm12)" udp -- lr-lb-add r in6 -- \
        lb-add plain4 10.0.9.101 "${IP[vm12]}" -- lr-lb-add r plain4 -- \
        lb-add plain6 fd00:9::101 "${IP6[vm12]}" -- lr-lb-add r plain6 -- \
        lr-nat-add r snat $OUTSIDE 10.0.1.0/24 -- lr-nat-add r dnat_and_snat $FLOATING "${IP[vm11]}" && closed_ports &&
        says 20000 vm92 -n 4 -s 20000 -f 4 udp 10.0.9.100 80 && says 20000 vm92 -n 4 -s 20000 -f 4 udp fd00:9::100 80 &&
        reaches vm92 -s 20000 10.0.9.101 && reaches vm92 -s 20000 fd00:9::101 &&
        says 20000 vm92 -s 20000 -f 4 udp $FLOATING 8080 && reaches vm92 -s 20000 $FLOATING &&
        says nobody vm92 -s 20000 udp $FLOATING 8081
}

# The router's own address as the virtual one, also for those who have no server.
lb_router_own_address() {
    nb_hv lb-add own $OUTSIDE:80 "$(servers 8080 vm11 vm22)" tcp -- lr-lb-add r own &&
        says "vm11 vm22" vm92 -n 16 tcp $OUTSIDE 80 &&
        reaches vm92 $OUTSIDE || return 1
    nb_hv lb-add empty 10.0.9.100:80 '' tcp -- set Load_Balancer empty options:reject=true -- lr-lb-add r empty &&
        says refused vm92 tcp 10.0.9.100 80
}

# Who asks for a virtual address hears of the router if that is wanted.
lb_neighbours() {
    nb_hv lb-add out4 10.0.9.100:80 "$(servers 8080 vm11)" tcp -- set Load_Balancer out4 \
        options:neighbor_responder=none -- lr-lb-add r out4 && answers '' vm92 10.0.9.100 &&
        nb_hv set Load_Balancer out4 options:neighbor_responder=all && answers 00:00:00:00:ff:09 vm92 10.0.9.100
}

# Connections from outside to a server that is taken away are cut.
lb_router_flush() {
    local result=0
    nb_hv lb-add out4 10.0.9.100:80 "$(servers 8080 vm11)" udp -- set Load_Balancer out4 options:ct_flush=true -- \
        lr-lb-add r out4 && conversation vm92 udp 10.0.9.100 80 && last_answer_is vm11 || return 1
    nb_hv set Load_Balancer out4 "vips:\"10.0.9.100:80\"=\"$(servers 8080 vm22)\"" &&
        eventually 5 last_answer_is vm22 || result=1
    end_conversation
    return $result
}

# A router's balancer serves its switches, where the deployment wants it.
lb_router_in_switches() {
    local result=0
    nb lb-add inner "$VIP:80" "$(servers 8080 vm12)" tcp -- set NB_Global . options:install_ls_lb_from_router=true &&
        nb_hv lr-lb-add r inner && says vm12 vm11 tcp "$VIP" 80 && says vm12 vm22 tcp "$VIP" 80 || result=1
    nb_hv remove NB_Global . options install_ls_lb_from_router
    return $result
}

checks_rules_nat() {
    check "a router gets a gateway" nat_begin
    check "one address for many" wiped nat_source
    check "floating addresses" wiped nat_floating
    check "translated workloads reach each other" wiped nat_inside
    check "a translated destination" wiped nat_destination
    check "a translation has its ports" wiped nat_ports
    check "a translation has a condition" wiped nat_conditions
    check "translation without state" wiped nat_stateless
    check "errors without state" wiped nat_stateless_errors
    check "translations share a zone or don't" wiped nat_zones
    check "a floating address of another network" wiped nat_foreign_address
    check "a router balances" wiped lb_router
    check "addresses that are not translated" wiped nat_exceptions
    check "a gateway tells its packet size" wiped nat_path_mtu
    check "a router balances its own address" wiped lb_router_own_address
    check "exceptions from a gateway's packet size" wiped nat_path_exceptions
    check "a router's key is chosen" router_key_is_chosen
    check "a daemon speaks for a router" daemon_speaks_for_router
    check "a router's zone has its limit" wiped router_zone_is_limited
    check "groups cross a gateway" groups_cross_gateway
    check "a balancer's address has an answer if wanted" wiped lb_neighbours
    check "connections from outside to a lost server are cut" wiped lb_router_flush
    check "a router's balancer serves its switches" wiped lb_router_in_switches
    [ "$NORTHD" = stock ] ||
        check "a router balances large datagrams" wiped lb_router_fragments
    check "large datagrams go out through everything" wiped large_goes_out
    check "large datagrams come in through everything" wiped large_comes_in
    check "the gateway is taken away" nat_end
}

## A router that is on one hypervisor

gateway_begin() {
    nb ls-add j -- ls-add s8 -- create Logical_Router name=g options:chassis=hv1 >/dev/null &&
        router_port r j 71 10.8.0.1/24 fd00:80::1/64 && router_port g j 72 10.8.0.2/24 fd00:80::2/64 &&
        router_port g s8 08 10.0.8.1/24 fd00:8::1/64 && gateway_routes && outside_workload vm82 2 &&
        eventually 20 reaches vm11 "${IP[vm82]}" && eventually 20 reaches vm82 "${IP6[vm22]}"
}

gateway_routes() {
    nb lr-route-add r 10.0.8.0/24 10.8.0.2 -- lr-route-add r fd00:8::/64 fd00:80::2 -- \
        lr-route-add g 10.0.0.0/16 10.8.0.1 -- lr-route-add g fd00::/16 fd00:80::1
}

gateway_end() {
    detach vm82 2
    nb_hv lr-del g -- ls-del j -- ls-del s8 -- lrp-del r-j -- lr-route-del r
}

gateway_source() {
    nb lr-nat-add g snat 10.0.8.1 10.0.0.0/16 && nb_hv lr-nat-add g snat fd00:8::60 fd00:2::/64 &&
        sees 10.0.8.1 vm12 "${IP[vm82]}" && sees fd00:8::60 vm21 "${IP6[vm82]}" &&
        sees "${IP6[vm11]}" vm11 "${IP6[vm82]}" && says refused vm11 udp "${IP[vm82]}" 9 &&
        says 20000 vm11 -s 20000 -f 4 udp "${IP[vm82]}" 8080
}

# Zones may be chosen.
gateway_zone() {
    local result=0
    nb lr-nat-add g snat 10.0.8.1 10.0.0.0/16 &&
        nb_hv set Logical_Router g options:snat-ct-zone=777 && sees 10.0.8.1 vm12 "${IP[vm82]}" &&
        is_tracked 1 'zone=777' || result=1
    nb_hv remove Logical_Router g options snat-ct-zone
    return $result
}

gateway_destination() {
    nb lr-nat-add g dnat 10.0.8.50 "${IP[vm12]}" && nb lr-nat-add g dnat_and_snat 10.0.8.51 "${IP[vm21]}" &&
        nb_hv lr-nat-add g dnat_and_snat fd00:8::51 "${IP6[vm21]}" &&
        both_say vm12 vm82 10.0.8.50 8080 && both_say vm21 vm82 10.0.8.51 8080 &&
        both_say vm21 vm82 fd00:8::51 8080 && sees 10.0.8.51 vm21 "${IP[vm82]}" &&
        sees fd00:8::51 vm21 "${IP6[vm82]}" && says refused vm82 udp 10.0.8.51 9
}

# Who is translated on its way in gets the router's address too, so that answers come back to it.
gateway_forced_source() {
    local result=0
    nb lr-nat-add g dnat 10.0.8.50 "${IP[vm12]}" -- lb-add web 10.0.8.60:80 "$(servers 8080 vm11)" tcp -- \
        lr-lb-add g web -- lb-add plain 10.0.8.61:80 "$(servers 8080 vm22)" tcp -- lr-lb-add g plain -- \
        set Load_Balancer plain options:skip_snat=true &&
        nb_hv set Logical_Router g options:dnat_force_snat_ip=10.8.0.2 options:lb_force_snat_ip=10.8.0.2 &&
        says 10.8.0.2 vm82 -f 1 tcp 10.0.8.50 8080 && says 10.8.0.2 vm82 -f 1 tcp 10.0.8.60 80 &&
        says "${IP[vm82]}" vm82 -f 1 tcp 10.0.8.61 80 &&
        nb_hv set Logical_Router g options:lb_force_snat_ip=router_ip &&
        says 10.8.0.2 vm82 -f 1 tcp 10.0.8.60 80 || result=1
    nb_hv remove Logical_Router g options dnat_force_snat_ip -- remove Logical_Router g options lb_force_snat_ip
    return $result
}

gateway_balances() {
    nb lb-add four 10.0.8.60:80 "$(servers 8080 vm12 vm21)" tcp -- lr-lb-add g four &&
        nb_hv lb-add six '[fd00:8::60]:80' "$(servers6 8080 vm12 vm21)" udp -- lr-lb-add g six -- \
            lb-add plain 10.0.8.61 "${IP[vm11]},${IP[vm22]}" -- lr-lb-add g plain -- \
            lb-add sticky 10.0.8.62:80 "$(servers 8080 vm12 vm21 vm22)" tcp -- lr-lb-add g sticky -- \
            set Load_Balancer sticky options:affinity_timeout=60 &&
        says "vm12 vm21" vm82 -n 16 tcp 10.0.8.60 80 && says "vm12 vm21" vm82 -n 16 udp fd00:8::60 80 &&
        says "vm11 vm22" vm82 -n 16 udp 10.0.8.61 8081 && reaches vm82 10.0.8.61 || return 1
    DETAIL=$(ask vm82 -n 10 tcp 10.0.8.62 80)
    [[ $DETAIL =~ ^vm[0-9]+$ ]]
}

gateway_commits_all() {
    local result=0
    knows ACL tier || return 0
    nb lr-nat-add g snat 10.0.8.1 10.0.1.0/24 && nb_hv set Logical_Router g options:ct-commit-all=true &&
        sees 10.0.8.1 vm11 "${IP[vm82]}" && sees "${IP[vm21]}" vm21 "${IP[vm82]}" &&
        is_tracked 1 "src=${IP[vm21]},dst=${IP[vm82]}" || result=1
    nb_hv remove Logical_Router g options ct-commit-all
    return $result
}

# Neighbours hear of addresses that they could not know.
gateway_tells_routes() {
    knows NAT options || return 0
    nb_hv lb-add far 172.31.9.10:80 "$(servers 8080 vm82)" tcp -- set Load_Balancer far options:add_route=true \
        options:neighbor_responder=all -- lr-lb-add g far && says vm82 vm11 tcp 172.31.9.10 80 && nb lr-lb-del g -- lb-del far -- \
        lr-nat-add g dnat_and_snat 172.31.9.9 "${IP[vm82]}" &&
        nb_columns NAT external_ip 172.31.9.9 '{"options": ["map", [["add_route", "true"]]]}' &&
        says vm82 vm11 tcp 172.31.9.9 8080
}

# Routers that don't know each other ask.
gateway_asks_routers() {
    local result=0
    nb_hv set Logical_Router r options:dynamic_neigh_routers=true -- \
        set Logical_Router g options:dynamic_neigh_routers=true || return 1
    eventually 10 both_say vm82 vm12 "${IP[vm82]}" 8080 || result=1
    neighbour_is 10.8.0.2 00:00:00:00:ff:72 || { DETAIL="not asked"; result=1; }
    nb_hv remove Logical_Router r options dynamic_neigh_routers -- \
        remove Logical_Router g options dynamic_neigh_routers
    return $result
}

# What comes unasked to an address of a translation ends.
gateway_keeps_addresses() {
    nb_hv lr-nat-add g snat 10.0.8.50 10.0.0.0/16 && sees 10.0.8.50 vm12 "${IP[vm82]}" &&
        blocked vm82 10.0.8.50 && says nobody vm82 udp 10.0.8.50 8080
}

# Translated on the way to a next hop of the other family.
gateway_across_families() {
    local result=0
    ip -n vm82 addr add 10.97.0.1/32 dev lo
    nb lsp-set-port-security vm82 -- lr-nat-add g snat 10.0.8.1 10.0.0.0/16 -- --id=@route create Logical_Router_Static_Route \
        ip_prefix=10.97.0.0/24 "nexthop=\"${IP6[vm82]}\"" output_port=g-s8 -- add Logical_Router g static_routes @route \
        >/dev/null && nb_hv lr-route-add r 10.97.0.0/24 10.8.0.2 && sees 10.0.8.1 vm12 10.97.0.1 || result=1
    nb_hv lr-route-del r 10.97.0.0/24 -- lr-route-del g 10.97.0.0/24
    ip -n vm82 addr del 10.97.0.1/32 dev lo
    return $result
}

# Answers go back to whom the question came from, though two share the way there.
gateway_answers_alike() {
    local result=0 name
    outside_workload vm83 2 && nb lsp-set-port-security vm82 -- lsp-set-port-security vm83 || return 1
    for name in vm82 vm83; do
        ip -n $name addr add 10.99.0.1/32 dev lo
        ip -n $name route add 10.0.0.0/16 via 10.0.8.1 src 10.99.0.1
    done
    nb lr-route-add r 10.99.0.0/24 10.8.0.2 -- --ecmp-symmetric-reply lr-route-add g 10.99.0.0/24 "${IP[vm82]}" &&
        nb_hv --ecmp-symmetric-reply lr-route-add g 10.99.0.0/24 "${IP[vm83]}" &&
        eventually 10 says 10.99.0.1 vm83 -f 1 tcp "${IP[vm12]}" 8080 &&
        says 10.99.0.1 vm82 -n 8 -f 1 tcp "${IP[vm12]}" 8080 && says 10.99.0.1 vm83 -n 8 -f 1 tcp "${IP[vm12]}" 8080 || result=1
    nb_hv lr-route-del r 10.99.0.0/24 -- lr-route-del g 10.99.0.0/24
    for name in vm82 vm83; do
        ip -n $name route del 10.0.0.0/16
        ip -n $name addr del 10.99.0.1/32 dev lo
    done
    detach vm83 2
    nb_hv lsp-del vm83
    return $result
}

checks_rules_gateway() {
    check "a gateway router is joined" gateway_begin
    check "a gateway router hides addresses" wiped gateway_source
    check "a gateway router's zone is chosen" wiped gateway_zone
    check "a gateway router lets callers in" wiped gateway_destination
    check "a gateway router stands for callers" wiped gateway_forced_source
    check "a gateway router balances" wiped gateway_balances
    check "a gateway router tracks everything" wiped gateway_commits_all
    check "routers ask for each other" gateway_asks_routers
    check "a gateway router keeps its addresses" wiped gateway_keeps_addresses
    check "a gateway router's neighbours hear of addresses" wiped gateway_tells_routes
    check "translated to a next hop of the other family" wiped gateway_across_families
    check "answers go back where the question came from" gateway_answers_alike
    check "the gateway router is taken away" gateway_end
}
