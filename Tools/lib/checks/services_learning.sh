# shellcheck shell=bash
# What packets teach: stations behind unknown ports, neighbours of routers, parents of virtual
# ports, and what forgers can't do. Uses services.sh; vm13 as in services_groups.sh.

## Stations

STATION=02:00:00:00:77:01 OTHER_STATION=02:00:00:00:77:02

# anything_goes vmSN...: ports that take unknown addresses, without port security.
anything_goes() {
    local name words=()
    for name in "$@"; do
        words+=(-- lsp-set-addresses "$name" "$(workload_mac "$name") $(workload_ip "$name") \
$(workload_ip6 "$name")" unknown -- lsp-set-port-security "$name")
    done
    nb --wait=hv "${words[@]}"
}

# as_usual vmSN...: undoes it.
as_usual() {
    local name addresses words=()
    for name in "$@"; do
        addresses="$(workload_mac "$name") $(workload_ip "$name") $(workload_ip6 "$name")"
        words+=(-- lsp-set-addresses "$name" "$addresses" -- \
            lsp-set-port-security "$name" "$addresses")
    done
    nb --wait=hv "${words[@]}"
}

# station_is MAC PORT: where the Southbound has it; PORT empty: nowhere.
station_is() {
    local wanted=
    [ -z "$2" ] || wanted=$(port_column "$2" tunnel_key)
    [ "$(ovn-sbctl -t 5 --bare --columns=port_key find FDB "mac=\"$1\"")" = "$wanted" ]
}

# speak vmSN MAC: a packet of a station behind the port.
speak() { send "$1" "$2" ff:ff:ff:ff:ff:ff 10.0.1.77 255.255.255.255 7104 1; }

# delivered MAC TO NOT_TO: three packets of vm11 for the station reach only one port.
delivered() {
    local found
    capture right "$2" eth0 -Q in udp port 7105
    capture wrong "$3" eth0 -Q in udp port 7105
    send vm11 "$(workload_mac vm11)" "$1" "$(workload_ip vm11)" 10.0.1.77 7105
    eventually 10 counts right 7105 3
    end_capture right
    end_capture wrong
    found="$(count right 7105) right, $(count wrong 7105) elsewhere"
    same "3 right, 0 elsewhere" "$found"
}

stations_are_learned() {
    local result=0
    anything_goes vm12 vm13
    speak vm13 $STATION
    speak vm13 $OTHER_STATION
    eventually 10 station_is $STATION vm13 || { DETAIL="first not learned"; result=1; }
    eventually 10 station_is $OTHER_STATION vm13 || { DETAIL="second not learned"; result=1; }
    hv_sync
    delivered $STATION vm13 vm12 || result=1
    return $result
}

stations_move() {
    speak vm12 $STATION
    eventually 10 station_is $STATION vm12 || { DETAIL="still behind vm13"; return 1; }
    hv_sync
    delivered $STATION vm12 vm13
}

stations_leave_with_their_port() {
    as_usual vm12 vm13
    eventually 10 station_is $STATION "" && eventually 10 station_is $OTHER_STATION ""
}

## Neighbours

# A host with addresses that nobody has configured, behind vm13, on a router port.
NEIGHBOUR=10.0.1.78 NEIGHBOUR6=fd00:1::78

# neighbour_is ADDRESS MAC: what the Southbound knows of it; MAC empty: nothing.
neighbour_is() {
    [ "$(ovn-sbctl -t 5 --bare --columns=mac find MAC_Binding "ip=\"$1\"")" = "$2" ]
}

add_neighbour() {
    anything_goes vm13
    ip -n vm13 addr add $NEIGHBOUR/24 dev eth0
    ip -n vm13 addr add $NEIGHBOUR6/64 dev eth0 nodad
    ip -n vm13 link set eth0 address $STATION
}

neighbour_mac() { inside vm13 cat /sys/class/net/eth0/address; }

remove_neighbour() {
    ip -n vm13 addr del $NEIGHBOUR/24 dev eth0
    ip -n vm13 addr del $NEIGHBOUR6/64 dev eth0
    ip -n vm13 link set eth0 address "$(workload_mac vm13)"
    as_usual vm13
}

# The router asks for what it doesn't know, keeps the packet meanwhile, and remembers.
routers_ask() {
    local result=0 mac=$STATION
    ping_works vm22 "$NEIGHBOUR" && ping_works vm22 "$NEIGHBOUR6" || result=1
    neighbour_is $NEIGHBOUR $mac && neighbour_is $NEIGHBOUR6 $mac || result=1
    return $result
}

# Another address for the same neighbour is believed when it says so itself.
neighbours_change() {
    ip -n vm13 link set eth0 address $OTHER_STATION
    inside vm13 arping -q -c 1 -A -I eth0 $NEIGHBOUR
    eventually 10 neighbour_is $NEIGHBOUR $OTHER_STATION || { DETAIL="not believed"; return 1; }
    hv_sync
    ping_works vm22 "$NEIGHBOUR"
}

# Without `always_learn_from_arp_request` a request of a stranger for somebody else teaches nothing;
# one of a neighbour that the router has asked for says where it is now.
requests_teach_less() {
    local result=0 other=$OTHER_STATION
    [ "$(neighbour_mac)" != "$other" ] || other=$STATION
    ovn-sbctl -t 5 --all destroy MAC_Binding
    nb --wait=hv set Logical_Router r options:always_learn_from_arp_request=false
    inside vm13 arping -q -c 1 -w 2 -I eth0 -s $NEIGHBOUR 10.0.1.99 || true
    sleep 1
    neighbour_is $NEIGHBOUR "" || { DETAIL="learned from a request for somebody else"; result=1; }
    ping_works vm22 $NEIGHBOUR || result=1
    neighbour_is $NEIGHBOUR "$(neighbour_mac)" || { DETAIL="not learned from the answer"; result=1; }
    ip -n vm13 link set eth0 address "$other"
    inside vm13 arping -q -c 1 -w 2 -I eth0 -s $NEIGHBOUR 10.0.1.99 || true
    eventually 10 neighbour_is $NEIGHBOUR "$other" || { DETAIL="not learned that it moved"; result=1; }
    nb --wait=hv clear Logical_Router r options
    return $result
}

# An address of the neighbour that no router has asked for.
STRANGER=10.0.1.79

# With `mac_binding_only_if_asked` an announcement teaches nothing, an answer does: on both hosts, for the
# question is made at vm22's and the answer comes up at vm13's.
only_answers_teach() {
    local result=0
    ip -n vm13 addr add $STRANGER/24 dev eth0
    nb --wait=hv set Logical_Router r options:mac_binding_only_if_asked=true
    answers_teach || result=1
    nb --wait=hv clear Logical_Router r options
    ip -n vm13 addr del $STRANGER/24 dev eth0
    return $result
}

answers_teach() {
    inside vm13 arping -q -c 2 -A -I eth0 $STRANGER
    sleep 2
    neighbour_is $STRANGER "" || { DETAIL="learned from an announcement"; return 1; }
    reaches vm22 $STRANGER || return 1
    neighbour_is $STRANGER "$(neighbour_mac)" || { DETAIL="not learned from the answer"; return 1; }
    ovn-sbctl -t 5 --all destroy MAC_Binding
    reaches vm22 $NEIGHBOUR6 && neighbour_is $NEIGHBOUR6 "$(neighbour_mac)"
}

# What is used stays, what isn't goes.
neighbours_age() {
    local result=0 echo
    ping_works vm22 $NEIGHBOUR || result=1
    ip netns exec vm13 ping -n -q -i 0.5 -W 1 "$(workload_ip vm22)" -I $NEIGHBOUR \
        >/dev/null 2>&1 &
    echo=$!
    at_exit stop_process $echo
    nb --wait=hv set Logical_Router r options:mac_binding_age_threshold=8
    sleep 20
    neighbour_is $NEIGHBOUR "$(neighbour_mac)" || { DETAIL="a used one goes"; result=1; }
    stop_process $echo
    wait $echo 2>/dev/null
    eventually 40 neighbour_is $NEIGHBOUR "" || { DETAIL="it never goes"; result=1; }
    nb --wait=hv clear Logical_Router r options
    return $result
}

## Forgers

# What forgers get: addresses at once and per second, and megabytes of the agent.
FORGERS_BURST=1500 FORGERS_RATE=120 FORGERS_MEMORY=96

# resident HYPERVISOR: megabytes of its agent.
resident() { awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$(cat "$NETWORK/controller$1.pid")/status"; }

# Thousands of addresses of either family behind one port: rows come of them at that port's rate, the agent
# does not grow with them, and everybody else is served.
forgers_are_bounded() {
    local result=0 rows others most before begin=$SECONDS target PEER
    anything_goes vm13
    before=$(resident 2)
    for target in 10.0.1.1 fd00:1::1; do
        peer forge.py eth0 10000 $target
        inside vm13 "${PEER[@]}" || result=1
        ping_works vm11 "$(workload_ip vm22)" && ping_works vm11 "$(workload_ip6 vm22)" || result=1
    done
    rows=$(ovn-sbctl -t 20 --bare --columns=_uuid list FDB | grep -c .)
    others=$(ovn-sbctl -t 20 --bare --columns=_uuid list MAC_Binding | grep -c .)
    most=$((FORGERS_BURST + FORGERS_RATE * (SECONDS - begin)))
    DETAIL="of 20000 addresses $rows stations and $others neighbours are kept ($most are right), $before to $(resident 2) MB"
    [ "$rows" -le $most ] && [ "$others" -le $most ] || result=1
    [ "$HV2" = stock ] || [ $(($(resident 2) - before)) -le $FORGERS_MEMORY ] || result=1
    speak vm13 $STATION
    as_usual vm13
    ovn-sbctl -t 20 --all destroy MAC_Binding -- --all destroy FDB
    hv_sync || result=1
    return $result
}

## Virtual ports

# virtual_port_is PARENT HYPERVISOR
virtual_port_is() {
    [ "$(port_column virtual virtual_parent)" = "$1" ] && bound_to virtual "$2"
}

# An address that moves between two ports belongs to the one that announced it last.
virtual_port_moves() {
    local result=0 address=10.0.1.50
    nb lsp-add s1 virtual -- lsp-set-type virtual virtual -- \
        lsp-set-addresses virtual "02:00:00:00:50:01 $address" -- \
        set Logical_Switch_Port virtual options:virtual-ip=$address \
        options:virtual-parents='"vm11,vm12"' -- \
        lsp-set-port-security vm11 -- lsp-set-port-security vm12
    nb --wait=hv sync
    ip -n vm12 addr add $address/32 dev eth0
    inside vm12 arping -q -c 1 -A -I eth0 $address
    eventually 10 virtual_port_is vm12 2 || { DETAIL="not behind vm12"; result=1; }
    hv_sync
    eventually 10 reachable vm22 $address || { DETAIL="not reachable"; result=1; }
    ip -n vm12 addr del $address/32 dev eth0
    ip -n vm11 addr add $address/32 dev eth0
    sleep 1.1
    inside vm11 arping -q -c 1 -A -I eth0 $address
    eventually 10 virtual_port_is vm11 1 || { DETAIL="not behind vm11"; result=1; }
    hv_sync
    eventually 10 reachable vm22 $address || { DETAIL="not reachable again"; result=1; }
    ip -n vm11 addr del $address/32 dev eth0
    nb lsp-del virtual
    as_usual vm11 vm12
    return $result
}

## Localports

# Each host has its own station behind the same port, and nobody's packets cross the tunnel.
localports_are_local() {
    local result=0 number found=()
    nb --wait=hv lsp-add s1 local -- lsp-set-type local localport -- \
        lsp-set-addresses local "02:00:00:00:60:01 10.0.1.60"
    for number in 1 2; do
        new_namespace "local$number"
        ip link add "l$number" netns "hv$number" type veth peer name eth0 netns "local$number"
        ip -n "hv$number" link set "l$number" up
        ip -n "local$number" link set eth0 address 02:00:00:00:60:01 up
        ip -n "local$number" addr add 10.0.1.60/24 dev eth0
        vsctl "$number" add-port br-int "l$number" -- \
            set Interface "l$number" external_ids:iface-id=local
        capture "local$number" "local$number" eth0 -Q in icmp
    done
    hv_sync
    ping_works vm11 10.0.1.60 && ping_works vm12 10.0.1.60 || result=1
    for number in 1 2; do
        end_capture "local$number"
        found+=("$(captured "local$number" | grep 'echo request' |
            grep -oE '10\.0\.1\.1[0-9] >' | sort -u | paste -sd ' ')")
        vsctl "$number" del-port br-int "l$number"
        ip netns del "local$number"
    done
    [ $result = 0 ] && { same "10.0.1.11 >,10.0.1.12 >" "${found[0]},${found[1]}" || result=1; }
    nb --wait=hv lsp-del local
    return $result
}

checks_learning() {
    check "stations behind a port are learned" stations_are_learned
    check "a station moves" stations_move
    check "stations leave with their port's freedom" stations_leave_with_their_port
    add_neighbour
    check "a router asks for what it doesn't know" routers_ask
    check "a neighbour changes its address" neighbours_change
    check "requests teach only of those the router knows" requests_teach_less
    if [ "$NORTHD $HV1 $HV2" = "ours ours ours" ]; then
        check "a router may learn answers only" only_answers_teach
    fi
    check "neighbours age unless used" neighbours_age
    remove_neighbour
    check "a virtual port follows its address" virtual_port_moves
    check "a localport is local" localports_are_local
    check "forgers are bounded" forgers_are_bounded
}
