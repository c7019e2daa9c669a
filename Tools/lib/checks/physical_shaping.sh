# shellcheck shell=bash
# What ports may send to the physical network, and queues that an administrator gives a device.
# Uses base.sh, physical.sh.

# kernel_has HYPERVISOR DEVICE PATTERN, kernel_lacks …: of its queueing disciplines and classes.
kernel_has() {
    { in_hypervisor "$1" tc qdisc show dev "$2" && in_hypervisor "$1" tc class show dev "$2"; } |
        grep -E "$3" >/dev/null
}
kernel_lacks() { ! kernel_has "$@"; }

# sent_per_second FROM TO: sets RATE to the kilobits per second of TCP that arrive.
sent_per_second() {
    local report server
    RATE=0
    ip netns exec "$2" iperf3 -s -1 >"$NETWORK/iperf.server" 2>&1 &
    server=$!
    at_exit stop_process $server
    eventually 10 eval "inside $2 ss -ltn | grep -q :5201" || return 1
    report=$(inside "$1" iperf3 -c "$3" -t 3 -f k 2>&1) || { DETAIL=$report; kill $server; return 1; }
    wait $server || true
    RATE=$(awk '/receiver/ { sub(/\..*/, "", $(NF - 2)); print $(NF - 2) }' <<<"$report")
}

# A workload may send two megabits per second to the host outside; another one has no limit, and to
# its neighbour the first has none either. The queue goes when the limit does.
port_is_shaped() {
    local result=0 limited free
    ovn-nbctl -t 30 --wait=hv set Logical_Switch_Port vm91 options:qos_max_rate=2000000 \
        options:qos_burst=200000
    eventually 10 kernel_has 1 p1 'class htb 1:2 .*ceil 2Mbit' || { DETAIL="no class"; result=1; }
    eventually 20 reachable vm91 10.0.9.100 || result=1
    sent_per_second vm91 outside 10.0.9.100 || result=1
    limited=$RATE
    sent_per_second vm92 outside 10.0.9.100 || result=1
    free=$RATE
    DETAIL="${DETAIL:-} $limited kbit/s with a limit of 2000, $free without"
    [ "$limited" -gt 1000 ] && [ "$limited" -lt 2800 ] && [ "$free" -gt 8000 ] || result=1
    kernel_lacks 2 p2 htb || { DETAIL+=", and hv2 has queues"; result=1; }
    ovn-nbctl -t 30 --wait=hv remove Logical_Switch_Port vm91 options qos_max_rate -- \
        remove Logical_Switch_Port vm91 options qos_burst
    eventually 10 kernel_lacks 1 p1 htb || { DETAIL+=", the queue stays"; result=1; }
    [ -z "$(vsctl 1 --bare --columns=_uuid list qos)$(vsctl 1 --bare --columns=_uuid list queue)" ] ||
        { DETAIL+=", rows stay"; result=1; }
    return $result
}

# The port to the physical network may have a rate too: all of the switch share it.
network_is_shaped() {
    local result=0
    ovn-nbctl -t 30 --wait=hv set Logical_Switch_Port s9-net options:qos_max_rate=3000000 \
        options:qos_burst=300000
    eventually 10 kernel_has 1 p1 'class htb .*ceil 3Mbit' || { DETAIL="no class"; result=1; }
    eventually 20 reachable vm91 10.0.9.100 || result=1
    sent_per_second vm91 outside 10.0.9.100 || result=1
    DETAIL="${DETAIL:-} $RATE kbit/s with a limit of 3000"
    [ "$RATE" -gt 1500 ] && [ "$RATE" -lt 4200 ] || result=1
    ovn-nbctl -t 30 --wait=hv remove Logical_Switch_Port s9-net options qos_max_rate -- \
        remove Logical_Switch_Port s9-net options qos_burst
    eventually 10 kernel_lacks 1 p1 htb || { DETAIL+=", the queue stays"; result=1; }
    return $result
}

# Each port has its own queue. One that goes takes its queue along and leaves the other's; the agent
# finds its own again after a restart, and puts right what somebody has changed.
queues_follow_ports() {
    local result=0
    move vm92 2 1
    ovn-nbctl -t 30 --wait=hv set Logical_Switch_Port vm91 options:qos_max_rate=2000000 -- \
        set Logical_Switch_Port vm92 options:qos_max_rate=4000000
    eventually 10 kernel_has 1 p1 'ceil 4Mbit' || { DETAIL="no class"; result=1; }
    kernel_has 1 p1 'ceil 2Mbit' || { DETAIL="one class"; result=1; }
    kill_agent 1 || true
    in_hypervisor 1 tc class change dev p1 parent 1:fffe classid 1:2 htb rate 1mbit ceil 9mbit
    restart_agent 1
    eventually 20 kernel_has 1 p1 'ceil 2Mbit' || { DETAIL="the class is not put right"; result=1; }
    detach vm91 1
    eventually 10 kernel_lacks 1 p1 'ceil 2Mbit' || { DETAIL+=" the queue stays"; result=1; }
    kernel_has 1 p1 'ceil 4Mbit' || { DETAIL+=" the other queue went"; result=1; }
    detach vm92 1
    eventually 10 kernel_lacks 1 p1 htb || { DETAIL+=" the discipline stays"; result=1; }
    attach vm91 1
    ovn-nbctl -t 30 --wait=hv remove Logical_Switch_Port vm91 options qos_max_rate
    return $result
}

# A discipline that an administrator has made stays, and the problem is told.
foreign_queues_stay() {
    local result=0 problems
    in_hypervisor 1 tc qdisc add dev p1 root handle 7: pfifo limit 99
    ovn-nbctl -t 30 --wait=hv set Logical_Switch_Port vm91 options:qos_max_rate=2000000
    eventually 10 problem_told 1 'Port p1: .*p1.*pfifo 7:' || result=1
    problems=$(agent_command 1 status/problems)
    DETAIL="told: $problems"
    kernel_has 1 p1 'pfifo 7: root' || { DETAIL="it is gone"; result=1; }
    ovn-nbctl -t 30 --wait=hv remove Logical_Switch_Port vm91 options qos_max_rate
    kernel_has 1 p1 'pfifo 7: root' || { DETAIL="it is gone at the end"; result=1; }
    in_hypervisor 1 tc qdisc del dev p1 root
    return $result
}

problem_told() { agent_command "$1" status/problems | grep -E "$2" >/dev/null; }

# An administrator limits the device of a workload (Port.qos, ovs-vswitchd.conf.db(5)).
device_has_queues() {
    local result=0
    vsctl 2 -- set Port vm12 qos=@q -- --id=@q create QoS type=linux-htb \
        other-config:max-rate=3000000 queues:0=@n -- \
        --id=@n create Queue other-config:max-rate=3000000 >/dev/null
    eventually 10 kernel_has 2 vm12 'class htb 1:1 .*ceil 3Mbit' || { DETAIL="no class"; result=1; }
    sent_per_second vm11 vm12 "$(workload_ip vm12)" || result=1
    DETAIL="$RATE kbit/s with a limit of 3000"
    [ "$RATE" -gt 1500 ] && [ "$RATE" -lt 4200 ] || result=1
    agent_command 2 qos/show vm12 | grep 'tx_packets: [1-9]' >/dev/null ||
        { DETAIL+=", nothing is counted"; result=1; }
    vsctl 2 -- clear Port vm12 qos -- --all destroy QoS -- --all destroy Queue
    eventually 10 kernel_lacks 2 vm12 htb || { DETAIL+=", the queue stays"; result=1; }
    return $result
}

has_police() { in_hypervisor 1 tc filter show dev vm11 ingress 2>/dev/null | grep -E "$1" >/dev/null; }
has_no_police() { ! has_police police; }

# echoes_of_fifty: prints how many of fifty large packets of vm11 are answered.
echoes_of_fifty() {
    inside vm11 ping -n -q -c 50 -i 0.01 -s 1400 -W 2 "$(workload_ip vm21)" | awk '/received/ { print $4 }'
}

# What a workload sends is limited where it comes in, beside filters that are there: of a burst a part
# arrives, and afterwards everything again.
interface_is_policed() {
    local result=0 limited free
    reachable vm11 "$(workload_ip vm21)" >/dev/null || true
    in_hypervisor 1 tc qdisc add dev vm11 clsact 2>/dev/null || true
    in_hypervisor 1 tc filter add dev vm11 ingress pref 5000 protocol ip matchall action ok
    vsctl 1 set Interface vm11 ingress_policing_rate=80 ingress_policing_burst=100
    eventually 10 has_police 'police .*rate 80Kbit' || { DETAIL="no limit"; result=1; }
    limited=$(echoes_of_fifty)
    vsctl 1 set Interface vm11 ingress_policing_rate=0 ingress_policing_burst=0 ingress_policing_kpkts_rate=1
    eventually 10 has_police 'pkts_rate 1000' || { DETAIL="no limit of packets"; result=1; }
    has_police 'pref 5000' || { DETAIL="a filter of others is gone"; result=1; }
    vsctl 1 set Interface vm11 ingress_policing_kpkts_rate=0
    eventually 10 has_no_police || { DETAIL="the limit stays"; result=1; }
    free=$(echoes_of_fifty)
    in_hypervisor 1 tc filter del dev vm11 ingress pref 5000
    DETAIL="${DETAIL:-$limited of 50 with a limit, $free without}"
    [ "$limited" -ge 3 ] && [ "$limited" -le 45 ] && [ "$free" = 50 ] || result=1
    return $result
}

checks_of_shaping() {
    check "an interface may send so much" interface_is_policed
    modprobe -q sch_htb || true
    outside_address eth0 10.0.9.100/24
    provider_workloads 9
    check "a port keeps to its rate" port_is_shaped
    check "a network keeps to its rate" network_is_shaped
    check "queues follow their ports" queues_follow_ports
    check "others' queues stay" foreign_queues_stay
    check "a device keeps to its rate" device_has_queues
    remove_provider_workloads 9
    no_outside_address eth0 10.0.9.100/24
}
