# shellcheck shell=bash
# Where the logical network meets the physical one, on a network of network.sh: bridges, VLANs,
# nested ports, gateways; tunnels are in physical_tunnels.sh, the stock controller of VTEPs in
# physical_vtep.sh, rates in physical_shaping.sh.
# Each check configures what it needs and takes it away. Uses base.sh.
#
#     lan: a switch of the machine's own kernel, with a port for each
#       hv1 p1 in br-ex      hv2 p2 in br-ex      outside eth0, eth0.100 (VLAN 100)
#
# The host outside has 10.0.S.100 and 02:00:00:00:0S:64 on the networks of logical switch S.

OUTSIDE_VLAN=100
PORT_PHYSICAL=7010

## The physical network

add_physical_network() {
    local number
    modprobe -q bridge || true
    modprobe -q 8021q || true
    new_namespace lan
    ip -n lan link add lan type bridge
    ip -n lan link set lan up
    for number in 1 2; do
        ip link add "p$number" netns "hv$number" type veth peer name "h$number" netns lan
        ip -n "hv$number" link set "p$number" up
        ip -n lan link set "h$number" master lan up
        vsctl "$number" add-br br-ex -- add-port br-ex "p$number" -- \
            set open . external-ids:ovn-bridge-mappings=physnet:br-ex
    done
    new_namespace outside
    ip link add eth0 netns outside type veth peer name out netns lan
    ip -n lan link set out master lan up
    ip -n outside link set eth0 address 02:00:00:00:00:64 up
    ip -n outside link add link eth0 name "eth0.$OUTSIDE_VLAN" type vlan id "$OUTSIDE_VLAN"
    ip -n outside link set "eth0.$OUTSIDE_VLAN" up
}

# outside_address INTERFACE ADDRESS, no_outside_address INTERFACE ADDRESS
outside_address() { ip -n outside addr add "$2" dev "$1"; }
no_outside_address() {
    ip -n outside addr del "$2" dev "$1"
    ip -n outside neigh flush all
}

# provider_switch SWITCH [TAG]: a logical switch on the physical network.
provider_switch() {
    ovn-nbctl -t 30 --may-exist ls-add "$1" -- \
        lsp-add "$1" "$1-net" ${2:+"" "$2"} -- lsp-set-type "$1-net" localnet -- \
        lsp-set-addresses "$1-net" unknown -- lsp-set-options "$1-net" network_name=physnet
}

# provider_workloads NUMBER [TAG]: switch sNUMBER on the physical network, a workload on each host.
provider_workloads() {
    local name
    provider_switch "s$1" "${2:-}"
    for name in "vm${1}1" "vm${1}2"; do
        logical_port "$name"
        workload "$name" "${name:3:1}"
    done
    hv_sync
    for name in "vm${1}1" "vm${1}2"; do
        ovn-nbctl -t 30 wait-until Logical_Switch_Port "$name" up=true || return 1
    done
}

remove_provider_workloads() {
    local number
    for number in 1 2; do
        detach "vm$1$number" "$number"
        ip netns del "vm$1$number"
    done
    ovn-nbctl -t 30 --wait=hv ls-del "s$1"
}

## Nested ports

# nested_interface NAMESPACE VLAN MAC ADDRESS
nested_interface() {
    ip -n "$1" link add link eth0 name "eth0.$2" type vlan id "$2"
    ip -n "$1" link set "eth0.$2" address "$3" up
    ip -n "$1" addr add "$4" dev "eth0.$2"
}

# container NAME WORKLOAD VLAN: a namespace behind a tag of the workload's interface, with the
# addresses of container NAME of switch s5.
container() {
    local address=10.0.5.${1:1}
    new_namespace "$1"
    ip -n "$2" link add link eth0 name "$1" type vlan id "$3"
    ip -n "$2" link set "$1" netns "$1"
    ip -n "$1" link set "$1" address "02:00:00:00:05:${1:1}" up
    ip -n "$1" addr add "$address/24" dev "$1"
    ip -n "$1" route add default via 10.0.5.1
}

# Two containers on one switch, in workloads of two hosts, behind tags of their own. They reach each
# other, the workloads around them, and the workloads go on as before.
nested_ports_work() {
    local result=0
    logical_switch 5
    ovn-nbctl -t 30 lsp-add s5 c11 vm11 10 -- lsp-set-addresses c11 "02:00:00:00:05:11 10.0.5.11" -- \
        lsp-add s5 c12 vm12 20 -- lsp-set-addresses c12 "02:00:00:00:05:12 10.0.5.12" -- \
        lsp-set-port-security c11 "02:00:00:00:05:11 10.0.5.11"
    container c11 vm11 10
    container c12 vm12 20
    hv_sync && ovn-nbctl -t 30 wait-until Logical_Switch_Port c11 up=true &&
        ovn-nbctl -t 30 wait-until Logical_Switch_Port c12 up=true || result=1
    ping_works c11 10.0.5.12 || result=1
    # Through the router, to a workload elsewhere and to those around the containers.
    ping_works c11 "$(workload_ip vm22)" && ping_works c12 "$(workload_ip vm11)" &&
        ping_works c12 "$(workload_ip vm12)" || result=1
    ping_works vm11 "$(workload_ip vm12)" || result=1
    ip -n c11 link del c11
    ip -n c12 link del c12
    ovn-nbctl -t 30 --wait=hv ls-del s5 -- lrp-del r-s5
    ping_works vm11 "$(workload_ip vm22)" && return $result
}

# One port with two VLANs, of which northd makes a port each.
trunk_port_works() {
    local result=0 vlan
    for vlan in 10 20; do
        ovn-nbctl -t 30 ls-add "t$vlan" -- lsp-add "t$vlan" "far$vlan" vm12 "$vlan" -- \
            lsp-set-addresses "far$vlan" "02:00:00:00:06:$vlan 10.$vlan.0.2"
        nested_interface vm11 "$vlan" "$(workload_mac vm11)" "10.$vlan.0.1/24"
        nested_interface vm12 "$vlan" "02:00:00:00:06:$vlan" "10.$vlan.0.2/24"
    done
    ovn-nbctl -t 30 --wait=hv set Logical_Switch_Port vm11 'options:trunk="10:t10,20:t20"'
    ping_works vm11 10.10.0.2 && ping_works vm11 10.20.0.2 || result=1
    ping_works vm11 "$(workload_ip vm12)" || result=1
    ovn-nbctl -t 30 --wait=hv remove Logical_Switch_Port vm11 options trunk -- \
        ls-del t10 -- ls-del t20
    for vlan in 10 20; do
        ! inside vm11 ping -n -c 1 -W 1 "10.$vlan.0.2" >/dev/null || result=1
        ip -n vm11 link del "eth0.$vlan"
        ip -n vm12 link del "eth0.$vlan"
    done
    return $result
}

## Provider networks

# reaches_outside NUMBER INTERFACE [TAG]: workloads of both hosts on switch sNUMBER and the host
# outside reach each other, and nothing of it is in a tunnel.
reaches_outside() {
    local result=0 address=10.0.$1.100 tunnelled
    outside_address "$2" "$address/24"
    provider_workloads "$1" "${3:-}" || result=1
    capture tunnel hv1 u1 udp port 6081
    ping_works "vm${1}1" "$address" && ping_works "vm${1}2" "$address" &&
        ping_works outside "$(workload_ip "vm${1}1")" &&
        ping_works "vm${1}1" "$(workload_ip "vm${1}2")" || result=1
    end_capture tunnel
    tunnelled=$(count tunnel "10\\.0\\.$1\\.")
    DETAIL="$DETAIL, $tunnelled packets in the tunnel"
    [ "$tunnelled" = 0 ] || result=1
    remove_provider_workloads "$1"
    no_outside_address "$2" "$address/24"
    return $result
}

# floods_once FROM TO: three packets of FROM for everybody arrive three times at TO and outside, and
# don't come back.
floods_once() {
    local place summary=()
    capture far "$2" eth0 -Q in udp port $PORT_PHYSICAL
    capture outside outside eth0 -Q in udp port $PORT_PHYSICAL
    capture sender "$1" eth0 -Q in udp port $PORT_PHYSICAL
    send "$1" "$(workload_mac "$1")" ff:ff:ff:ff:ff:ff "$(workload_ip "$1")" 255.255.255.255 \
        $PORT_PHYSICAL
    eventually 5 counts far $PORT_PHYSICAL 3 || true
    eventually 5 counts outside $PORT_PHYSICAL 3 || true
    sleep 0.5
    for place in far outside sender; do
        end_capture $place
        summary+=("$(count $place $PORT_PHYSICAL)")
    done
    DETAIL="3 sent: ${summary[0]} and ${summary[1]} arrived, ${summary[2]} came back"
    [ "${summary[*]}" = "3 3 0" ]
}

provider_flood_is_once() {
    local result=0
    provider_workloads 4 || result=1
    outside_address eth0 10.0.4.100/24
    eventually 20 reachable vm41 10.0.4.100 || result=1
    floods_once vm41 vm42 || result=1
    remove_provider_workloads 4
    no_outside_address eth0 10.0.4.100/24
    return $result
}

# A station that an operator has put behind q1 outlives a flush; our agent hears it under the name of
# ovs-vswitchd too.
station_stays_put() {
    local table ask=(agent_command 1) put="[0-9] +$OUTSIDE_VLAN +02:00:00:00:00:77 +static"
    if [ "$(hypervisor_kind 1)" = ours ]; then ask=(in_hypervisor 1 ovs-appctl -t ovs-vswitchd); fi
    "${ask[@]}" fdb/add br-ex q1 "$OUTSIDE_VLAN" 02:00:00:00:00:77 >/dev/null || return 1
    "${ask[@]}" fdb/flush br-ex >/dev/null || return 1
    table=$("${ask[@]}" fdb/show br-ex)
    [[ $table =~ $put ]] || { DETAIL="not listed: $table"; return 1; }
    "${ask[@]}" fdb/del br-ex "$OUTSIDE_VLAN" 02:00:00:00:00:77 >/dev/null || return 1
    table=$("${ask[@]}" fdb/show br-ex)
    [[ ! $table =~ $put ]] || { DETAIL="still there: $table"; return 1; }
}

# A port of the bridge with a tag of its own, without any logical network: a switch.
bridge_switches() {
    local result=0 table station="[0-9] +$OUTSIDE_VLAN +02:00:00:00:00:64 +[0-9]"
    new_namespace vlan
    ip link add eth0 netns vlan type veth peer name q1 netns hv1
    ip -n hv1 link set q1 up
    ip -n vlan link set eth0 up
    ip -n vlan addr add 10.0.66.1/24 dev eth0
    outside_address "eth0.$OUTSIDE_VLAN" 10.0.66.100/24
    vsctl 1 add-port br-ex q1 tag=$OUTSIDE_VLAN
    ping_works vlan 10.0.66.100 && ping_works outside 10.0.66.1 || result=1
    # The other hypervisor has seen none of it but the first question: the switches have learned.
    capture other hv2 p2 icmp or vlan and icmp
    ping_works outside 10.0.66.1 || result=1
    end_capture other
    # What it has learned, as operators ask for it.
    table=$(agent_command 1 fdb/show br-ex)
    [[ $table =~ $station ]] || { DETAIL="the bridge lists: $table"; result=1; }
    agent_command 1 fdb/flush br-ex >/dev/null || result=1
    table=$(agent_command 1 fdb/show br-ex)
    [[ ! $table =~ $station ]] || { DETAIL="still listed: $table"; result=1; }
    station_stays_put || result=1
    ping_works outside 10.0.66.1 || result=1
    vsctl 1 set Port q1 tag=200
    ping_fails outside 10.0.66.1 || { DETAIL="answers on another VLAN"; result=1; }
    vsctl 1 del-port br-ex q1
    no_outside_address "eth0.$OUTSIDE_VLAN" 10.0.66.100/24
    return $result
}

## Routers on a provider network

# provider_router: switch s7 on VLAN 100, behind a gateway port of the router on hv1.
provider_router() {
    provider_switch s7 $OUTSIDE_VLAN
    ovn-nbctl -t 30 lrp-add r r-s7 00:00:00:00:ff:07 10.0.7.1/24 -- \
        lsp-add s7 s7-r -- lsp-set-type s7-r router -- lsp-set-addresses s7-r router -- \
        lsp-set-options s7-r router-port=r-s7 nat-addresses=router -- \
        lrp-set-gateway-chassis r-s7 hv1 -- lr-nat-add r snat 10.0.7.1 10.0.1.0/24
    outside_address "eth0.$OUTSIDE_VLAN" 10.0.7.100/24
}

remove_provider_router() {
    ovn-nbctl -t 30 --wait=hv lr-nat-del r -- lrp-del r-s7 -- ls-del s7
    no_outside_address "eth0.$OUTSIDE_VLAN" 10.0.7.100/24
}

# Workloads of both hosts reach the host outside under the router's address.
provider_gateway_translates() {
    local result=0 sources
    provider_router
    hv_sync && eventually 20 reachable vm11 10.0.7.100 || result=1
    capture outside outside "eth0.$OUTSIDE_VLAN" -Q in icmp
    ping_works vm11 10.0.7.100 && ping_works vm12 10.0.7.100 || result=1
    end_capture outside
    sources=$(captured outside | awk '/echo request/' | grep -oE '10\.0\.[0-9]+\.[0-9]+ >' |
        sort -u | paste -sd ' ')
    DETAIL="${DETAIL:-no answer}, seen from ${sources% >}"
    [ "$sources" = "10.0.7.1 >" ] || result=1
    ping_works outside 10.0.7.1 || result=1
    remove_provider_router
    return $result
}

# floating_address [central|distributed]: the host outside reaches vm12 under an address of the
# provider network; a distributed one is served by the host of the workload.
floating_address() {
    local result=0 tunnelled arguments=()
    provider_router
    [ "$1" = central ] || arguments=(vm12 02:00:00:00:07:12)
    ovn-nbctl -t 30 lr-nat-add r dnat_and_snat 10.0.7.12 "$(workload_ip vm12)" "${arguments[@]}"
    hv_sync && eventually 20 reachable outside 10.0.7.12 || result=1
    capture tunnel hv1 u1 udp port 6081
    ping_works outside 10.0.7.12 && ping_works vm12 10.0.7.100 || result=1
    end_capture tunnel
    tunnelled=$(count tunnel 'ICMP echo')
    DETAIL="${DETAIL:-no answer}, $tunnelled packets in the tunnel"
    if [ "$1" = central ]; then [ "$tunnelled" -ge 20 ]; else [ "$tunnelled" = 0 ]; fi || result=1
    ping_works vm11 10.0.7.12 || result=1
    remove_provider_router
    return $result
}

# gratuitous ARP of a workload that has come, and of the router's address behind its gateway: the
# switches outside learn where both are.
provider_hears_announcements() {
    local workload router result=0
    provider_router
    hv_sync
    capture outside outside "eth0.$OUTSIDE_VLAN" -Q in arp
    ovn-nbctl -t 30 lsp-add s7 vm71 -- lsp-set-addresses vm71 "$(workload_mac vm71) 10.0.7.11"
    workload vm71 1
    eventually 20 counts outside 'Request who-has 10.0.7.11 .*tell 10.0.7.11' 1 || result=1
    eventually 20 counts outside 'Request who-has 10.0.7.1 .*tell 10.0.7.1,' 1 || result=1
    end_capture outside
    workload=$(count outside 'who-has 10.0.7.11 .*tell 10.0.7.11')
    router=$(count outside 'who-has 10.0.7.1 .*tell 10.0.7.1,')
    DETAIL="$workload of the workload, $router of the router"
    detach vm71 1
    remove_provider_router
    return $result
}

## Gateways

# A layer 2 gateway on hv1: a workload of hv2 reaches the host outside through the tunnel.
l2_gateway_works() {
    local result=0 tunnelled
    ovn-nbctl -t 30 ls-add s3 -- lsp-add s3 s3-gw -- lsp-set-type s3-gw l2gateway -- \
        lsp-set-addresses s3-gw unknown -- \
        lsp-set-options s3-gw network_name=physnet l2gateway-chassis=hv1
    outside_address eth0 10.0.3.100/24
    logical_port vm32
    workload vm32 2
    hv_sync && eventually 20 reachable vm32 10.0.3.100 || result=1
    capture tunnel hv1 u1 udp port 6081
    ping_works vm32 10.0.3.100 && ping_works outside "$(workload_ip vm32)" || result=1
    end_capture tunnel
    tunnelled=$(count tunnel 'ICMP echo')
    DETAIL="${DETAIL:-no answer}, $tunnelled packets in the tunnel"
    [ "$tunnelled" -ge 20 ] || result=1
    detach vm32 2
    ovn-nbctl -t 30 --wait=hv ls-del s3
    no_outside_address eth0 10.0.3.100/24
    return $result
}

# A router of its own on hv1 between the distributed one and the physical network.
gateway_router_works() {
    local result=0
    provider_switch s7
    ovn-nbctl -t 30 lr-add gr -- set Logical_Router gr options:chassis=hv1 -- \
        lrp-add gr gr-s7 00:00:00:00:ff:07 10.0.7.1/24 -- \
        lsp-add s7 s7-gr -- lsp-set-type s7-gr router -- lsp-set-addresses s7-gr router -- \
        lsp-set-options s7-gr router-port=gr-s7 -- \
        ls-add join -- lrp-add r r-join 00:00:00:00:ff:0a 100.64.0.1/24 -- \
        lsp-add join join-r -- lsp-set-type join-r router -- lsp-set-addresses join-r router -- \
        lsp-set-options join-r router-port=r-join -- \
        lrp-add gr gr-join 00:00:00:00:ff:0b 100.64.0.2/24 -- \
        lsp-add join join-gr -- lsp-set-type join-gr router -- lsp-set-addresses join-gr router -- \
        lsp-set-options join-gr router-port=gr-join -- \
        lr-route-add r 10.0.7.0/24 100.64.0.2 -- lr-route-add gr 10.0.0.0/16 100.64.0.1 -- \
        lr-nat-add gr snat 10.0.7.1 10.0.1.0/24 -- \
        lr-nat-add gr dnat_and_snat 10.0.7.12 "$(workload_ip vm12)"
    outside_address eth0 10.0.7.100/24
    hv_sync && eventually 20 reachable vm11 10.0.7.100 || result=1
    ping_works vm11 10.0.7.100 && ping_works vm12 10.0.7.100 &&
        ping_works outside 10.0.7.12 || result=1
    ovn-nbctl -t 30 --wait=hv lr-route-del r 10.0.7.0/24 -- lrp-del r-join -- lr-del gr -- \
        ls-del join -- ls-del s7
    no_outside_address eth0 10.0.7.100/24
    return $result
}

checks_of_nesting() {
    check "nested ports are reached by their tags" nested_ports_work
    [ "$NORTHD" != ours ] || check "a trunk port carries its VLANs" trunk_port_works
}

checks_of_provider_networks() {
    check "a switch reaches the physical network" reaches_outside 6 eth0
    check "a switch reaches a VLAN of it" \
        reaches_outside 8 "eth0.$OUTSIDE_VLAN" $OUTSIDE_VLAN
    check "a broadcast goes over it once" provider_flood_is_once
    check "a bridge is a switch with VLANs" bridge_switches
    check "a gateway translates onto it" provider_gateway_translates
    check "a floating address is reached from it" floating_address central
    check "a distributed address is served at the workload" floating_address distributed
    check "what appears is announced on it" provider_hears_announcements
}

checks_of_gateways() {
    check "a layer 2 gateway joins a switch to it" l2_gateway_works
    check "a gateway router is on its chassis" gateway_router_works
}

checks_physical() {
    add_physical_network
    checks_of_nesting
    checks_of_provider_networks
    checks_of_gateways
    checks_of_tags
    checks_of_neighbours
    checks_of_shaping
    checks_of_vtep_controller
    checks_of_tunnels
    checks_of_flows
}
