# shellcheck shell=bash
# Between hypervisors, on a network of network.sh: kinds of encapsulation, addresses of the underlay,
# the outer headers. Each check configures what it needs and takes it away. Uses base.sh.

# tunnel_setting HYPERVISOR KEY=VALUE...: external_ids of the hypervisor.
tunnel_setting() {
    local number=$1 pair
    shift
    for pair in "$@"; do vsctl "$number" set open . "external-ids:$pair"; done
}

tunnels_as_usual() {
    local number
    for number in 1 2; do
        tunnel_setting $number ovn-encap-type=geneve "ovn-encap-ip=192.0.2.$number"
        vsctl $number remove open . external-ids ovn-encap-tos external-ids ovn-encap-df_default \
            external-ids ovn-encap-ip-default
    done
    eventually 20 encaps_are 2 && hv_sync
}

encaps_are() { [ "$(ovn-sbctl -t 5 --bare --columns=_uuid list Encap | grep -c .)" = "$1" ]; }

# tunnelled PATTERN COMMAND...: runs it; the underlay has carried such packets, ten at least, and no
# other ones of a tunnel. DETAIL: how many of each.
tunnelled() {
    local pattern=$1 all those result=0
    shift
    capture tunnel hv1 u1 udp port 6081 or udp port 4789
    "$@" || result=1
    end_capture tunnel
    all=$(tcpdump -nvr "$NETWORK/tunnel.pcap" 2>/dev/null | paste -sd ' ' |
        sed 's/ [0-9:.]* IP/\n&/g' | grep -cE '(6081|4789): ' || true)
    those=$(tcpdump -nvr "$NETWORK/tunnel.pcap" 2>/dev/null | paste -sd ' ' |
        sed 's/ [0-9:.]* IP/\n&/g' | grep -cE "$pattern" || true)
    DETAIL="${DETAIL:-no answer}, $those of $all packets"
    [ "$those" -ge 10 ] && [ "$those" = "$all" ] && [ $result = 0 ]
}

device_is_gone() { ! ip -n "hv$1" link show "$2"; }

# Both kinds on both: the better one is used; only the other one on hv2: that one. The device of a kind
# that nobody uses any more goes.
several_kinds_of_tunnels() {
    local result=0 number
    tunnel_setting 1 ovn-encap-type=geneve,vxlan
    tunnel_setting 2 ovn-encap-type=vxlan,geneve
    eventually 20 encaps_are 4 && hv_sync && eventually 20 reachable vm11 "$(workload_ip vm12)" || result=1
    tunnelled '6081: ' ping_works vm11 "$(workload_ip vm12)" || result=1
    tunnel_setting 2 ovn-encap-type=vxlan
    eventually 20 encaps_are 3 && hv_sync && eventually 20 reachable vm11 "$(workload_ip vm12)" || result=1
    tunnelled '4789: ' ping_works vm11 "$(workload_ip vm12)" || result=1
    ping_works vm11 "$(workload_ip6 vm22)" || result=1
    tunnels_as_usual && eventually 20 reachable vm11 "$(workload_ip vm12)" || result=1
    for number in 1 2; do
        eventually 10 device_is_gone $number vxlan_sys_4789 ||
            { DETAIL="hv$number keeps vxlan_sys_4789"; result=1; }
    done
    return $result
}

# The underlay is an IPv6 network.
tunnels_over_ipv6() {
    local result=0 number
    for number in 1 2; do
        ip -n "hv$number" addr add "2001:db8::$number/64" dev "u$number" nodad
        tunnel_setting $number "ovn-encap-ip=2001:db8::$number"
    done
    hv_sync && eventually 20 reachable vm11 "$(workload_ip vm12)" || result=1
    tunnelled '2001:db8::[12]\.?[0-9]* > 2001:db8::[12].*6081: ' \
        ping_works vm11 "$(workload_ip vm12)" || result=1
    ping_works vm11 "$(workload_ip6 vm22)" || result=1
    tunnels_as_usual && eventually 20 reachable vm11 "$(workload_ip vm12)" || result=1
    for number in 1 2; do ip -n "hv$number" addr del "2001:db8::$number/64" dev "u$number"; done
    return $result
}

# Two addresses on hv1: a port is reached by the one that its interface asks for, or by that of its
# configuration, others by the default.
ports_choose_their_tunnel() {
    local result=0
    ip -n hv1 addr add 192.0.2.11/24 dev u1
    tunnel_setting 1 ovn-encap-ip=192.0.2.1,192.0.2.11 ovn-encap-ip-default=192.0.2.1
    vsctl 1 set Interface vm11 external_ids:encap-ip=192.0.2.11
    eventually 20 encaps_are 3 && hv_sync && eventually 20 reachable vm12 "$(workload_ip vm11)" || result=1
    tunnelled '> 192.0.2.(11|2)\.6081: ' ping_works vm12 "$(workload_ip vm11)" || result=1
    [ "$(count tunnel '> 192.0.2.11.6081')" -ge 5 ] || { DETAIL="$DETAIL, none to the port's address"; result=1; }
    tunnelled '> 192.0.2.[12]\.6081: ' ping_works vm22 "$(workload_ip vm21)" || result=1
    vsctl 1 remove Interface vm11 external_ids encap-ip
    ovn-nbctl -t 30 --wait=hv set Logical_Switch_Port vm21 options:requested-encap-ip=192.0.2.11
    tunnelled '> 192.0.2.(11|2)\.6081: ' ping_works vm22 "$(workload_ip vm21)" || result=1
    [ "$(count tunnel '> 192.0.2.11.6081')" -ge 5 ] || { DETAIL="$DETAIL, none to the requested address"; result=1; }
    ovn-nbctl -t 30 --wait=hv remove Logical_Switch_Port vm21 options requested-encap-ip
    tunnels_as_usual && eventually 20 reachable vm12 "$(workload_ip vm11)" || result=1
    ip -n hv1 addr del 192.0.2.11/24 dev u1
    return $result
}

# Type of service and the bit against fragments of outer packets.
outer_headers_are_as_configured() {
    local result=0 number
    tunnelled 'tos 0x0,.*flags \[DF\].*6081: ' ping_works vm11 "$(workload_ip vm12)" || result=1
    for number in 1 2; do tunnel_setting $number ovn-encap-tos=0x28 ovn-encap-df_default=false; done
    hv_sync || result=1
    sleep 1
    tunnelled 'tos 0x28,.*flags \[none\].*6081: ' ping_works vm11 "$(workload_ip vm12)" || result=1
    for number in 1 2; do tunnel_setting $number ovn-encap-tos=inherit; done
    hv_sync || result=1
    sleep 1
    tunnelled 'tos 0xb8,.*6081: ' marked_ping vm11 "$(workload_ip vm12)" || result=1
    tunnels_as_usual && return $result
}

# Hosts without a zone in common have no tunnel.
zones_divide_hosts() {
    local result=0 number
    for number in 1 2; do tunnel_setting $number "ovn-transport-zones=z$number"; done
    hv_sync
    eventually 10 unreachable vm11 "$(workload_ip vm12)" || { DETAIL="a tunnel between zones"; result=1; }
    ping_works vm11 "$(workload_ip vm21)" || result=1
    tunnel_setting 2 ovn-transport-zones=z2,z1
    hv_sync
    eventually 10 reachable vm11 "$(workload_ip vm12)" || { DETAIL="no tunnel in a zone"; result=1; }
    for number in 1 2; do vsctl $number remove open . external_ids ovn-transport-zones; done
    hv_sync && eventually 10 reachable vm11 "$(workload_ip vm12)" || result=1
    return $result
}

unreachable() { ! reachable "$@"; }

marked_ping() {
    inside "$1" ping -n -c 5 -i 0.2 -W 5 -Q 0xb8 "$2" >"$NETWORK/marked.out" || return 1
    DETAIL="as the inner ones"
}

## Packets that are too big for a tunnel

# narrow_underlay MTU: of both hosts.
narrow_underlay() {
    local number
    for number in 1 2; do ip -n "hv$number" link set "u$number" mtu "$1"; done
}

# is_told FROM TO: of a packet that a tunnel can't take the sender hears which one it could.
is_told() {
    local answer
    answer=$(inside "$1" ping -n -c 3 -i 0.3 -W 2 -M "do" -s 1400 "$2" 2>&1) || true
    DETAIL="$1 to $2: $(grep -oE 'mtu ?[=:] ?[0-9]+' <<<"$answer" | sort -u | paste -sd ' ')"
    # 1400 less Ethernet, IPv4, UDP and Geneve with an option of eight bytes.
    grep -qE 'mtu ?[=:] ?1342' <<<"$answer"
}

# On a switch, and from one network to another.
tunnels_tell_their_size() {
    local result=0
    narrow_underlay 1400
    is_told vm11 "$(workload_ip vm12)" && is_told vm11 "$(workload_ip6 vm12)" &&
        is_told vm11 "$(workload_ip vm22)" && is_told vm11 "$(workload_ip6 vm22)" || result=1
    reachable vm11 "$(workload_ip vm22)" >/dev/null || { DETAIL="nothing passes"; result=1; }
    narrow_underlay 1700
    for workload in vm11 vm12 vm21 vm22; do
        ip -n $workload route flush cache
        ip -n $workload -6 route flush cache
    done
    return $result
}

# Between a port on two hosts and one beside it packets take the tunnel, though both reach the
# physical network.
tunnels_tell_ports_on_two_hosts() {
    local result=0
    provider_workloads 6 || result=1
    nb_hv lsp-set-options vm61 requested-chassis=hv1,hv2
    another_workload twin 2 vm61
    eventually 10 is_on_both vm61 || { DETAIL="not on both"; result=1; }
    hv_sync
    eventually 10 reachable vm61 "$(workload_ip vm62)" || result=1
    narrow_underlay 1400
    is_told vm61 "$(workload_ip vm62)" && is_told vm62 "$(workload_ip vm61)" || result=1
    narrow_underlay 1700
    no_other_workload twin 2
    remove_provider_workloads 6
    return $result
}

is_on_both() {
    [ -n "$(ovn-sbctl -t 5 --bare --columns=additional_chassis find Port_Binding "logical_port=$1")" ]
}

## A hardware VTEP

VTEP_STATION=02:00:00:00:01:77

# Beside hv2 a switch speaks VXLAN with hv1; ovn-controller-vtep's rows are written by hand.
vtep_begin() {
    local datapath
    tunnel_setting 1 ovn-encap-type=geneve,vxlan
    nb_hv lsp-add s1 v -- lsp-set-type v vtep -- lsp-set-addresses v unknown -- \
        lsp-set-options v vtep-physical-switch=sw vtep-logical-switch=ls
    datapath=$(ovn-sbctl -t 5 --bare --columns=tunnel_key find Datapath_Binding external_ids:name=s1)
    ip -n hv2 addr add 192.0.2.9/24 dev u2
    new_namespace station
    ip -n hv2 link add eth0 netns station type vxlan id "$datapath" local 192.0.2.9 \
        remote 192.0.2.1 dstport 4789
    ip -n station link set eth0 address $VTEP_STATION mtu 1400 up
    ip -n station addr add 10.0.1.77/24 dev eth0
    ip -n station route add default via 10.0.1.1
    ovn-sbctl -t 5 chassis-add sw vxlan 192.0.2.9 -- set Chassis sw other_config:is-vtep=true -- \
        lsp-bind v sw
    ovn-sbctl -t 5 create FDB "mac=\"$VTEP_STATION\"" "dp_key=$datapath" \
        "port_key=$(ovn-sbctl -t 5 --bare --columns=tunnel_key find Port_Binding logical_port=v)" >/dev/null
    hv_sync
}

vtep_end() {
    ovn-sbctl -t 5 lsp-unbind v -- chassis-del sw -- --all destroy FDB -- --all destroy MAC_Binding
    ip netns del station
    ip -n hv2 addr del 192.0.2.9/24 dev u2
    nb lsp-del v
    tunnels_as_usual
}

# Both ways, first packets to everybody included; what it floods is not passed on to another host.
vtep_stations_are_reached() {
    local passed
    vtep_begin && eventually 20 reachable station "$(workload_ip vm11)" || return 1
    ip -n vm11 neigh flush all
    ping_works vm11 10.0.1.77 && ping_works station "$(workload_ip vm11)" || return 1
    capture passed vm12 eth0 -Q in arp
    inside station arping -q -c 2 -w 3 -I eth0 10.0.1.99 || true
    sleep 1
    end_capture passed
    passed=$(count passed 'who-has 10.0.1.99')
    DETAIL="$DETAIL, $passed of its questions passed on"
    [ "$passed" = 0 ]
}

# A router's gateway port answers a VTEP's station, and hears what it announces.
vtep_stations_reach_a_gateway() {
    local result=0
    nb_hv lrp-set-gateway-chassis r-s1 hv1
    eventually 20 reachable station 10.0.1.1 && ping_works station "$(workload_ip vm21)" || result=1
    ovn-sbctl -t 5 --all destroy MAC_Binding
    inside station arping -q -c 2 -w 3 -U -I eth0 10.0.1.77 || true
    eventually 10 binding_is_of 10.0.1.77 $VTEP_STATION || { DETAIL="not learned"; result=1; }
    nb_hv lrp-del-gateway-chassis r-s1 hv1
    return $result
}

binding_is_of() { [ "$(ovn-sbctl -t 5 --bare --columns=mac find MAC_Binding "ip=$1")" = "$2" ]; }

vtep_works_and_goes() {
    vtep_end && hv_sync && eventually 20 reachable vm11 "$(workload_ip vm12)" &&
        ping_works vm11 "$(workload_ip vm22)"
}

checks_of_vteps() {
    check "a VTEP's stations are reached" vtep_stations_are_reached
    check "a VTEP's stations reach a gateway" vtep_stations_reach_a_gateway
    check "the VTEP is taken away" vtep_works_and_goes
}

## Another integration bridge

# to_bridge BRIDGE vmSN...: of hv1.
to_bridge() {
    local name bridge=$1
    shift
    for name in "$@"; do
        vsctl 1 --if-exists del-port "$name" -- add-port "$bridge" "$name" -- \
            set Interface "$name" "external_ids:iface-id=$name"
    done
}

# The integration bridge may get another name: what is plugged into the new one works.
integration_bridge_changes() {
    local result=0
    provider_workloads 6 || result=1
    vsctl 1 set open . external_ids:ovn-bridge=br-new
    vsctl 1 br-exists br-new || { DETAIL="it is not made"; result=1; }
    to_bridge br-new vm11 vm61
    hv_sync
    eventually 20 bound_to vm11 1 || { DETAIL="the new one is not looked at"; result=1; }
    eventually 10 is_released vm21 || { DETAIL="the old one is looked at"; result=1; }
    eventually 10 reachable vm11 "$(workload_ip vm22)" && ping_works vm11 "$(workload_ip vm12)" &&
        ping_works vm61 "$(workload_ip vm62)" || result=1
    [ "$(vsctl 1 list-ports br-new | grep -c patch-br-new-to-s6-net)" = 1 ] &&
        [ "$(vsctl 1 list-ports br-int | grep -c patch-)" = 0 ] || result=1
    vsctl 1 remove open . external_ids ovn-bridge
    to_bridge br-int vm11 vm61
    vsctl 1 del-br br-new
    hv_sync && eventually 20 bound_to vm21 1 && eventually 10 reachable vm21 "$(workload_ip vm12)" &&
        eventually 10 reachable vm11 "$(workload_ip vm12)" || result=1
    remove_provider_workloads 6
    return $result
}

checks_of_tunnels() {
    # The station's own tunnel needs the port that hv2's would have.
    checks_of_vteps
    check "several kinds of tunnels" several_kinds_of_tunnels
    check "tunnels over IPv6" tunnels_over_ipv6
    check "a port chooses its tunnel" ports_choose_their_tunnel
    check "transport zones divide hosts" zones_divide_hosts
    # The stock agent does not take a change of these at once.
    [ "$HV1 $HV2" != "ours ours" ] ||
        check "outer headers are as configured" outer_headers_are_as_configured
    [ "$NORTHD $HV1 $HV2" != "ours ours ours" ] ||
        check "a tunnel tells its packet size" tunnels_tell_their_size
    [ "$NORTHD $HV1 $HV2" != "ours ours ours" ] ||
        check "a tunnel tells a port on two hosts" tunnels_tell_ports_on_two_hosts
    check "another integration bridge" integration_bridge_changes
}
