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

## Load balancers of routers

# Callers from outside; the second server is on the other hypervisor.
lb_router() {
    nb lb-add out4 10.0.9.100:80 "$(servers 8080 vm11 vm22)" tcp -- lr-lb-add r out4 -- \
        lb-add out6 '[fd00:9::100]:80' "$(servers6 8080 vm11 vm22)" udp &&
        nb_hv lr-lb-add r out6 &&
        says "vm11 vm22" vm92 -n 16 tcp 10.0.9.100 80 && says "vm11 vm22" vm92 -n 16 udp fd00:9::100 80 &&
        says "${IP[vm92]}" vm92 -f 1 tcp 10.0.9.100 80
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
    check "translations share a zone or don't" wiped nat_zones
    check "a floating address of another network" wiped nat_foreign_address
    check "a router balances" wiped lb_router
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

checks_rules_gateway() {
    check "a gateway router is joined" gateway_begin
    check "a gateway router hides addresses" wiped gateway_source
    check "a gateway router's zone is chosen" wiped gateway_zone
    check "a gateway router lets callers in" wiped gateway_destination
    check "the gateway router is taken away" gateway_end
}
