# shellcheck shell=bash
# The checks on the network of network.sh. Each is a function that succeeds or fails and may
# leave a remark in DETAIL; `check` runs it and prints a row. They ask the network only: stock
# clients, packets and captures, never the program under test.

CHECKS_FAILED=0
CHECKS_RUN=0
DETAIL=

# Port numbers of the packets that frame.py sends, one for each question.
PORT_BROADCAST=7001 PORT_UNKNOWN=7002 PORT_HONEST=7003 PORT_FALSE_MAC=7004 PORT_FALSE_IP=7005 \
    PORT_FALSE_IP6=7006

# check DESCRIPTION FUNCTION ARGUMENT...
check() {
    local description=$1 verdict=ok begin=${EPOCHREALTIME/./} took
    shift
    DETAIL=
    CHECKS_RUN=$((CHECKS_RUN + 1))
    if ! "$@"; then
        verdict=FAILED
        CHECKS_FAILED=$((CHECKS_FAILED + 1))
    fi
    took=$(((${EPOCHREALTIME/./} - begin) / 1000))
    DETAIL=${DETAIL:-took $took ms}
    printf '  %-6s  %-48s  %s\n' "$verdict" "$description" "$DETAIL"
    [ -z "${OVN_CHECKS:-}" ] ||
        printf '%s\t%s\t%s\t%s ms\n' "$verdict" "$description" "$DETAIL" "$took" >>"$OVN_CHECKS"
}

milliseconds() { date +%s%3N; }

# has_ended NAME: the process whose id is in NAME.pid.
has_ended() { ! kill -0 "$(cat "$NETWORK/$1.pid")"; }

# idle_time MILLISECONDS: how long a megaflow without packets stays.
idle_time() {
    vsctl 1 set open . "other_config:max-idle=$1"
    vsctl 2 set open . "other_config:max-idle=$1"
}

# nb ARGUMENT...: ovn-nbctl with a limit in time.
nb() { ovn-nbctl -t 60 "$@"; }

## Reachability

# ping_works FROM ADDRESS: five of five come back. DETAIL: the first round trip, which the slow
# path serves, and the median of the others, which the kernel's flow cache serves.
ping_works() {
    local output times
    output=$(inside "$1" ping -n -c 5 -i 0.2 -W 10 "$2" 2>&1) || true
    mapfile -t times < <(grep -oP 'time=\K[0-9.]+' <<<"$output")
    if [ ${#times[@]} != 5 ]; then
        DETAIL="${#times[@]} of 5 answers from $2"
        return 1
    fi
    DETAIL="first ${times[0]} ms, then $(median "${times[@]:1}") ms"
}

median() { printf '%s\n' "$@" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

ping_fails() { ! inside "$1" ping -n -c 2 -i 0.2 -W 1 "$2" >/dev/null; }

# route_shows FROM TARGET ROUTER [-6]: two hops, the first of them the router.
route_shows() {
    local hops
    hops=$(inside "$1" traceroute ${4:+"$4"} -n -q 1 -w 3 -m 4 "$2" 2>/dev/null |
        awk 'NR > 1 { print $2 }' | paste -sd ' ')
    DETAIL="hops: $hops"
    [ "$hops" = "$3 $2" ]
}

## Captures

# KiB that wait for tcpdump. It takes 64 for a packet, so with its own 2048 it loses some of a burst of more than 32.
CAPTURE_BUFFER=32768

# capture NAME NAMESPACE INTERFACE [OPTION...]: begins one; it is listening on return.
capture() {
    local name=$1
    ip netns exec "$2" tcpdump -Z root -U --immediate-mode -B "$CAPTURE_BUFFER" -ni "$3" -w "$NETWORK/$name.pcap" \
        "${@:4}" >/dev/null 2>"$NETWORK/$name.tcpdump" &
    echo $! >"$NETWORK/$name.tcpdump.pid"
    at_exit stop_process $!
    eventually 20 grep -q listening "$NETWORK/$name.tcpdump"
}

end_capture() {
    local pid
    pid=$(cat "$NETWORK/$1.tcpdump.pid")
    kill -INT "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
}

captured() { tcpdump -ner "$NETWORK/$1.pcap" 2>/dev/null; }

# count NAME PATTERN: how many captured packets match.
count() { captured "$1" | grep -cE "$2" || true; }

# counts NAME PATTERN NUMBER: for `eventually`.
counts() { [ "$(count "$1" "$2")" -ge "$3" ]; }

# The interpreter itself: what PATH has may be a script around it, which takes long in the guest.
PYTHON=

# peer PROGRAM ARGUMENT...: sets PEER to the words that run a program of Tools/lib.
peer() {
    PYTHON=${PYTHON:-$(python3 -c 'import sys; print(sys.executable)')}
    PEER=("$PYTHON" -S "$ROOT/Tools/lib/$1" "${@:2}")
}

# send FROM SOURCE_MAC TARGET_MAC SOURCE_IP TARGET_IP PORT
send() {
    local from=$1 PEER
    shift
    peer frame.py eth0 "$@"
    inside "$from" "${PEER[@]}"
}

# raw FROM HEX...: whole Ethernet frames, colons allowed.
raw() {
    local from=$1
    shift
    PYTHON=${PYTHON:-$(python3 -c 'import sys; print(sys.executable)')}
    inside "$from" "$PYTHON" -S -c 'import socket, sys
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind(("eth0", 0))
for frame in sys.argv[1:]: link.send(bytes.fromhex(frame.replace(":", "")))' "$@"
}

## Neighbours

# resolved_locally FROM TARGET ROUTER PATTERN: with empty neighbour tables a workload reaches
# another one and the router, and the tunnel carried none of the questions to everybody. (Later the
# kernel asks the neighbour itself whether it is still there, and only that one can answer.)
resolved_locally() {
    local questions echoes
    inside "$1" ip neigh flush all
    capture neighbours hv1 u1 udp port 6081
    if ! ping_works "$1" "$2" || ! ping_works "$1" "$3"; then
        end_capture neighbours
        return 1
    fi
    eventually 5 counts neighbours 'echo request' 5
    end_capture neighbours
    questions=$(count neighbours "$4")
    echoes=$(count neighbours 'echo request')
    DETAIL="$echoes requests and $questions neighbour packets on the tunnel"
    [ "$echoes" -ge 5 ] && [ "$questions" = 0 ]
}

## Flooding

# flooded_once PORT TARGET_MAC TARGET_IP: three packets for everybody cross the tunnel three
# times, although two workloads of the other hypervisor get each of them.
flooded_once() {
    local place summary=() sent="\\.$1: "
    capture tunnel hv2 u2 udp port 6081
    capture first vm12 eth0 -Q in udp port "$1"
    capture second vm13 eth0 -Q in udp port "$1"
    capture sender vm11 eth0 -Q in udp port "$1"
    send vm11 "$(workload_mac vm11)" "$2" "$(workload_ip vm11)" "$3" "$1"
    eventually 5 counts first "$sent" 3 || true
    eventually 5 counts second "$sent" 3 || true
    sleep 0.3
    for place in tunnel first second sender; do
        end_capture "$place"
        summary+=("$(count "$place" "$sent")")
    done
    DETAIL="3 sent: tunnel ${summary[0]}, receivers ${summary[1]} and ${summary[2]}, back ${summary[3]}"
    [ "${summary[*]}" = "3 3 3 0" ]
}

# A second workload of s1 on hv2, for the time of a check.
add_second_receiver() {
    logical_port vm13
    workload vm13 2
    hv_sync && ovn-nbctl -t 30 wait-until Logical_Switch_Port vm13 up=true &&
        eventually 20 reachable vm11 "$(workload_ip vm13)"
}

broadcast_once() { flooded_once $PORT_BROADCAST ff:ff:ff:ff:ff:ff 255.255.255.255; }

# Both receivers take unknown addresses, so nothing may filter what they get.
unknown_once() {
    local port result=0
    for port in vm12 vm13; do
        ovn-nbctl -t 30 lsp-set-addresses "$port" \
            "$(workload_mac $port) $(workload_ip $port) $(workload_ip6 $port)" unknown -- \
            lsp-set-port-security "$port"
    done
    hv_sync || return 1
    flooded_once $PORT_UNKNOWN 02:00:00:00:99:99 10.0.1.99 || result=1
    for port in vm12 vm13; do restore_addresses "$port"; done
    hv_sync || return 1
    return $result
}

restore_addresses() {
    local addresses
    addresses="$(workload_mac "$1") $(workload_ip "$1") $(workload_ip6 "$1")"
    ovn-nbctl -t 30 lsp-set-addresses "$1" "$addresses" -- lsp-set-port-security "$1" "$addresses"
}

## Port security

# only_honest_passes PORT SOURCE_MAC SOURCE_IP TARGET_IP: packets with a false source don't
# arrive, honest ones sent after them do.
only_honest_passes() {
    local honest false_ones
    capture receiver vm12 eth0 -Q in udp
    send vm11 "$2" "$(workload_mac vm12)" "$3" "$4" "$1"
    send vm11 "$(workload_mac vm11)" "$(workload_mac vm12)" "$(workload_ip vm11)" \
        "$(workload_ip vm12)" $PORT_HONEST
    eventually 5 counts receiver $PORT_HONEST 3 || true
    end_capture receiver
    honest=$(count receiver "\.$PORT_HONEST")
    false_ones=$(count receiver "\.$1")
    DETAIL="$honest of 3 honest and $false_ones of 3 false packets arrived"
    [ "$honest" = 3 ] && [ "$false_ones" = 0 ]
}

false_mac_dropped() {
    only_honest_passes $PORT_FALSE_MAC 02:00:00:00:66:66 "$(workload_ip vm11)" "$(workload_ip vm12)"
}

false_ip_dropped() {
    only_honest_passes $PORT_FALSE_IP "$(workload_mac vm11)" 10.0.1.66 "$(workload_ip vm12)"
}

false_ip6_dropped() {
    only_honest_passes $PORT_FALSE_IP6 "$(workload_mac vm11)" fd00:1::66 "$(workload_ip6 vm12)"
}

## Changes

disabled_port_stops() {
    local target begin
    target=$(workload_ip vm12)
    begin=$(milliseconds)
    ovn-nbctl -t 30 --wait=hv lsp-set-enabled vm12 disabled || return 1
    DETAIL="in force after $(($(milliseconds) - begin)) ms"
    ping_fails vm11 "$target" && ping_fails vm12 "$(workload_ip vm11)"
}

enabled_port_works() {
    local begin
    begin=$(milliseconds)
    ovn-nbctl -t 30 --wait=hv lsp-set-enabled vm12 enabled || return 1
    eventually 10 reachable vm11 "$(workload_ip vm12)" || return 1
    DETAIL="again after $(($(milliseconds) - begin)) ms"
    ping_works vm11 "$(workload_ip vm12)" && ping_works vm11 "$(workload_ip6 vm12)"
}

# move vmSN FROM TO: as a live migration does, without the memory.
move() {
    detach "$1" "$2" || return 1
    ip -n "hv$2" link set "$1" netns "hv$3" || return 1
    ip -n "hv$3" link set "$1" up
    attach "$1" "$3"
}

bound_to() {
    [ "$(ovn-sbctl -t 5 --bare --columns=name list Chassis \
        "$(ovn-sbctl -t 5 --bare --columns=chassis find Port_Binding "logical_port=$1")")" = "hv$2" ]
}

# moved_port_works FROM TO: vm21, seen from its own switch, from the other one and back.
moved_port_works() {
    local begin address
    address=$(workload_ip vm21)
    begin=$(milliseconds)
    move vm21 "$1" "$2" || return 1
    eventually 20 bound_to vm21 "$2" || { DETAIL="still bound elsewhere"; return 1; }
    eventually 20 reachable vm11 "$address" || { DETAIL="not reachable"; return 1; }
    begin=$(($(milliseconds) - begin))
    ping_works vm11 "$address" && ping_works vm22 "$address" &&
        ping_works vm21 "$(workload_ip6 vm12)" || return 1
    DETAIL="reachable after $begin ms"
}

# A switch of its own with a workload on each hypervisor, used and then deleted: its rows leave
# the Southbound database and its flows the kernels.
deleted_switch_leaves_nothing() {
    local key begin
    logical_switch 3 && logical_port vm31 && logical_port vm32 || return 1
    workload vm31 1
    workload vm32 2
    hv_sync && eventually 20 reachable vm31 "$(workload_ip vm32)" || return 1
    ping_works vm31 "$(workload_ip vm32)" && ping_works vm31 "$(workload_ip vm12)" || return 1
    key=$(ovn-sbctl -t 5 --bare --columns=tunnel_key find Datapath_Binding external_ids:name=s3)
    switch_has_flows "$key" || { DETAIL="no flow seen while it was there"; return 1; }
    silence vm31 vm32
    begin=$(milliseconds)
    ovn-nbctl -t 30 --wait=hv ls-del s3 -- lrp-del r-s3 || return 1
    eventually 30 switch_has_no_rows || { DETAIL="rows stay in the Southbound database"; return 1; }
    eventually 30 switch_has_no_flows "$key" || { DETAIL="flows stay in the kernel"; return 1; }
    DETAIL="clean after $(($(milliseconds) - begin)) ms"
    detach vm31 1
    detach vm32 2
}

# Interfaces that send nothing any more: what a kernel says by itself would need new flows.
silence() {
    local name
    for name in "$@"; do ip -n "$name" link set eth0 down; done
}

switch_has_no_rows() {
    [ -z "$(ovn-sbctl -t 5 --bare --columns=_uuid find Datapath_Binding external_ids:name=s3)" ] &&
        [ -z "$(ovn-sbctl -t 5 --bare --columns=_uuid find Port_Binding logical_port=vm31)" ] &&
        ! ovn-sbctl -t 5 lflow-list 2>/dev/null | grep -q '"vm3[12]"'
}

# switch_flows KEY: kernel flows of its ports or with its key in a tunnel header.
switch_flows() {
    local number
    for number in 1 2; do kernel_flows "$number" --names; done |
        grep -E "vm31|vm32|tun_id=$(printf '0x%x' "$1")[,/)]"
}

switch_has_flows() { [ -n "$(switch_flows "$1")" ]; }
switch_has_no_flows() { [ -z "$(switch_flows "$1")" ]; }

## Restart

# agent_name NUMBER: the process whose death the kernel's flows must survive.
agent_name() {
    if [ "$(hypervisor_kind "$1")" = stock ]; then echo "vswitchd$1"; else echo "controller$1"; fi
}

kill_agent() {
    local pid
    pid=$(daemon_pid "$(agent_name "$1")")
    kill -KILL "$pid" && wait "$pid" 2>/dev/null
    ! kill -0 "$pid" 2>/dev/null
}

restart_agent() {
    if [ "$(hypervisor_kind "$1")" = stock ]; then start_vswitchd "$1"
    else start_controller "$1" "$(program ours ovn-controller)"; fi
}

# router_neighbour vmSN STATE: what the workload knows of its router, as certain or as usual. (A
# neighbour in doubt is asked again, and nobody answers while the agent is dead.)
router_neighbour() {
    ip -n "$1" neigh replace "10.0.${1:2:1}.1" lladdr "00:00:00:00:ff:0${1:2:1}" dev eth0 nud "$2"
}

# killed_agent_loses_nothing: 100 packets per second over cached flows, and in the middle of them
# the agent of hv1 dies; ours also comes back meanwhile. (The stock one throws the flows away when
# it starts, so it comes back afterwards.)
killed_agent_loses_nothing() {
    local target answers kind ping
    target=$(workload_ip vm22)
    kind=$(hypervisor_kind 1)
    reachable vm11 "$target" >/dev/null || return 1
    router_neighbour vm11 permanent && router_neighbour vm22 permanent || return 1
    ip netns exec vm11 ping -n -q -c 600 -i 0.01 -W 2 "$target" >"$NETWORK/restart.ping" 2>&1 &
    ping=$!
    at_exit stop_process $ping
    sleep 1
    kill_agent 1 || true
    sleep 1
    [ "$kind" = stock ] || restart_agent 1
    wait $ping || true
    [ "$kind" = ours ] || restart_agent 1
    router_neighbour vm11 reachable
    router_neighbour vm22 reachable
    answers=$(awk '/received/ { print $4 }' "$NETWORK/restart.ping")
    DETAIL="$answers of 600 answers"
    [ "$answers" = 600 ]
}

restarted_agent_works() {
    local begin
    begin=$(milliseconds)
    eventually 30 reachable vm11 "$(workload_ip6 vm12)" || { DETAIL="not reachable"; return 1; }
    eventually 30 reachable vm12 "$(workload_ip6 vm21)" || { DETAIL="not reachable"; return 1; }
    DETAIL="new flows after $(($(milliseconds) - begin)) ms"
    ping_works vm11 "$(workload_ip6 vm21)" && ping_works vm21 "$(workload_ip vm12)" && hv_sync
}

# fellow FROM TO STATE: what a workload knows of another one of its switch, as router_neighbour.
fellow() {
    ip -n "$1" neigh replace "$(workload_ip "$2")" lladdr "$(workload_mac "$2")" dev eth0 nud "$3"
}

# busy_recirculations HYPERVISOR: identifier and packets of each megaflow of packets that have come
# back from connection tracking, if it has served some packets.
busy_recirculations() {
    kernel_flows "$1" -m | sed -nE \
        's/^ *ufid:([0-9a-f-]+),.*recirc_id\((0x)?0*[1-9a-f][0-9a-f]*\).* packets:([0-9]+),.*/\1 \3/p' |
        awk '$2 >= 10' | sort
}

# recirculations_stay HYPERVISOR BEFORE: they are all there, and have not begun to count anew.
recirculations_stay() {
    local before after kept
    before=$(grep -c . <<<"$2") || true
    after=$(kernel_flows "$1" -m | sed -nE 's/^ *ufid:([0-9a-f-]+),.* packets:([0-9]+),.*/\1 \2/p' | sort)
    kept=$(join <(echo "$2") <(echo "$after") | awk '$3 >= $2' | wc -l)
    DETAIL="$kept of $before flows behind connection tracking kept"
    [ "$before" -ge 2 ] && [ "$kept" = "$before" ]
}

# killed_agent_keeps_connections HYPERVISOR: TCP goes on through a stateful rule while the agent dies and
# comes back. Ours also keeps the flows behind connection tracking. (The stock one begins anew.)
killed_agent_keeps_connections() {
    local result=0
    ovn-nbctl -t 30 acl-add s1 to-lport 1001 'outport == "vm12" && tcp' allow-related -- \
        acl-add s1 to-lport 1000 'outport == "vm12" && ip4' drop
    fellow vm11 vm12 permanent && fellow vm12 vm11 permanent
    hv_sync && connection_survives "$1" || result=1
    fellow vm11 vm12 reachable && fellow vm12 vm11 reachable
    ovn-nbctl -t 30 --wait=hv acl-del s1
    return $result
}

connection_survives() {
    local transfer flows kind rate report
    kind=$(hypervisor_kind "$1")
    receives_once vm12 || { DETAIL="no receiver"; return 1; }
    ip netns exec vm11 iperf3 -c "$(workload_ip vm12)" -t 25 -b 5M -l 1000 -f m \
        >"$NETWORK/kept.client" 2>&1 &
    transfer=$!
    at_exit stop_process $transfer
    sleep 4
    flows=$(busy_recirculations "$1")
    kill_agent "$1" || true
    sleep 1
    restart_agent "$1"
    hv_sync || { DETAIL="the agent does not catch up"; return 1; }
    if [ "$kind" = ours ]; then
        recirculations_stay "$1" "$flows" || { printf '%s\n' "$flows" >"$NETWORK/kept.flows"; return 1; }
        report="$DETAIL, "
    fi
    wait $transfer || { DETAIL="the transfer broke: $(tail -n 1 "$NETWORK/kept.client")"; return 1; }
    rate=$(awk '/receiver/ { print $(NF - 2), $(NF - 1) }' "$NETWORK/kept.client")
    DETAIL="${report:-}transfer at $rate"
    [ -n "$rate" ] && [ "${rate%%.*}" != 0 ]
}

## Throughput

# receives_once vmSN: a receiver of TCP, for one transfer.
receives_once() {
    ip netns exec "$1" iperf3 -s -1 -I "$NETWORK/iperf.pid" >"$NETWORK/iperf.server" 2>&1 &
    at_exit stop_process $!
    eventually 10 eval "inside $1 ss -ltn | grep -q :5201"
}

# throughput FROM TO: TCP for five seconds. DETAIL: megabits per second at the receiver.
throughput() {
    local target report
    target=$(workload_ip "$2")
    receives_once "$2" || return 1
    report=$(inside "$1" iperf3 -c "$target" -t 5 -f m 2>&1) || { DETAIL=$report; return 1; }
    DETAIL=$(awk '/receiver/ { print $(NF - 2), $(NF - 1) }' <<<"$report")
    [ -n "$DETAIL" ] && [ "${DETAIL%%.*}" != "0 Mbits/sec" ]
}

## All of them

checks_reachability() {
    check "same switch, across hosts" ping_works vm11 "$(workload_ip vm12)"
    check "same switch, across hosts, IPv6" ping_works vm11 "$(workload_ip6 vm12)"
    check "routed, across hosts" ping_works vm11 "$(workload_ip vm22)"
    check "routed, across hosts, IPv6" ping_works vm11 "$(workload_ip6 vm22)"
    check "routed, on one host" ping_works vm11 "$(workload_ip vm21)"
    check "routed, on one host, IPv6" ping_works vm11 "$(workload_ip6 vm21)"
    check "back, routed, across hosts" ping_works vm22 "$(workload_ip vm11)"
    check "back, routed, across hosts, IPv6" ping_works vm22 "$(workload_ip6 vm11)"
    check "the router answers" ping_works vm11 10.0.1.1
    check "the router answers, IPv6" ping_works vm11 fd00:1::1
    check "the router's far port answers" ping_works vm11 10.0.2.1
    check "the router shows in a trace" route_shows vm11 "$(workload_ip vm22)" 10.0.1.1
    check "the router shows in a trace, IPv6" \
        route_shows vm11 "$(workload_ip6 vm22)" fd00:1::1 -6
}

checks_switching() {
    check "ARP is answered locally" \
        resolved_locally vm11 "$(workload_ip vm12)" 10.0.1.1 '> ff:ff:ff:ff:ff:ff, ethertype ARP'
    check "ND is answered locally" resolved_locally vm11 "$(workload_ip6 vm12)" fd00:1::1 \
        '> 33:33:[0-9a-f:]*, ethertype IPv6.*neighbor solicitation'
    check "a second receiver joins" add_second_receiver
    check "broadcast crosses the tunnel once" broadcast_once
    check "an unknown destination crosses it once" unknown_once
    check "a false source MAC is dropped" false_mac_dropped
    check "a false source IP is dropped" false_ip_dropped
    check "a false source IPv6 is dropped" false_ip6_dropped
}

checks_changes() {
    check "a disabled port is cut off" disabled_port_stops
    check "an enabled port is back" enabled_port_works
    check "a port moved to the other host works" moved_port_works 1 2
    check "a port moved back works" moved_port_works 2 1
    check "a deleted switch leaves no flow" deleted_switch_leaves_nothing
}

## The agent's own opinion

# flows_hold HYPERVISOR: every flow in the kernel does with a packet of its own what a fresh
# translation would do with it.
flows_hold() {
    local report
    inside vm11 ping -n -c 2 -i 0.2 -W 3 "$(workload_ip vm22)" >/dev/null || return 1
    report=$(agent_command "$1" debug/check-flows) || { DETAIL=$report; return 1; }
    DETAIL=${report%%$'\n'*}
    [[ $DETAIL =~ ^[1-9][0-9]*\ flows\ checked,\ 0\ differ$ ]] && return
    printf '%s\n' "$report" >"$NETWORK/check-flows$1.out"
    return 1
}

# no_flow_from WORKLOAD: prints those that there are.
no_flow_from() { ! kernel_flows 1 | grep "src=$(workload_mac "$1")"; }

# A flow that may stay for minutes goes as soon as half a second is enough.
idle_flows_go() {
    local result=0
    idle_time 600000
    reachable vm12 "$(workload_ip vm11)" || { DETAIL="no answer"; result=1; }
    ! no_flow_from vm11 >/dev/null || { DETAIL="no flow serves the answers"; result=1; }
    idle_time 500
    eventually 20 no_flow_from vm11 || { DETAIL="stays: $(no_flow_from vm11 | head -n 1)"; result=1; }
    idle_time 10000
    return $result
}

# Only ours have an opinion about their flows.
checks_of_flows() {
    local number
    check "idle flows go as the local database says" idle_flows_go
    for number in 1 2; do
        [ "$(hypervisor_kind "$number")" != ours ] ||
            check "hv$number's flows are as translated afresh" flows_hold "$number"
    done
}

checks_all() {
    checks_reachability
    checks_switching
    checks_changes
    checks_features
    checks_of_flows
    check "a killed agent loses no packet" killed_agent_loses_nothing
    check "new flows work after its restart" restarted_agent_works
    check "a killed agent keeps connections" killed_agent_keeps_connections 1
    check "a killed agent keeps connections, the receiver's" killed_agent_keeps_connections 2
    check "TCP throughput across hosts, routed" throughput vm11 vm22
    check "TCP throughput on one host, routed" throughput vm11 vm21
}
