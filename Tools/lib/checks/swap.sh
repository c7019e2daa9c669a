# shellcheck shell=bash
# A hypervisor changes from the stock programs to ours and back, with one local database, while it
# forwards: begins with STACK=stock. Uses base.sh.

# Packets per second of the ping that counts what is lost, and how many may be on the way to ours.
SWAP_RATE=100 SWAP_LOSS=100
SWAP_PING='' SWAP_TRANSFER='' LOST='' SENT='' GAP=''

# Both ends of what is measured go through connection tracking; nobody else gets to vm22.
swap_rules() {
    ovn-nbctl -t 30 acl-add s1 from-lport 1001 'inport == "vm11" && ip' allow-related -- \
        acl-add s2 to-lport 1001 "outport == \"vm22\" && ip4.src == $(workload_ip vm11)" allow-related -- \
        acl-add s2 to-lport 1000 'outport == "vm22" && ip' drop
    hv_sync && ping_works vm11 "$(workload_ip vm22)"
}

# ended NAME: a daemon that was asked to end has done so.
ended() {
    eventually 20 has_ended "$1" || return 1
    wait "$(daemon_pid "$1")" 2>/dev/null || true
}

# leave: hv1's programs go as they go for an upgrade: its chassis stays registered, and the kernel goes
# on by the flows that it has.
leave() {
    in_hypervisor 1 ovn-appctl -t "$(controller_socket 1)" exit --restart && ended controller1 ||
        return 1
    [ "$HV1" = ours ] || { ovs-appctl -t "$NETWORK/vswitchd1.ctl" exit && ended vswitchd1; }
}

swap_ping() {
    ip netns exec vm11 ping -n -D -i "$(awk "BEGIN { print 1 / $SWAP_RATE }")" -W 1 \
        "$(workload_ip vm22)" >"$NETWORK/swap.ping" 2>&1 &
    SWAP_PING=$!
    at_exit stop_process $SWAP_PING
}

# swap_transfer SECONDS: TCP at a rate that leaves the processors to others.
swap_transfer() {
    receives_once vm22 || return 1
    ip netns exec vm11 iperf3 -c "$(workload_ip vm22)" -t "$1" -b 20M -f m \
        >"$NETWORK/swap.client" 2>&1 &
    SWAP_TRANSFER=$!
    at_exit stop_process $SWAP_TRANSFER
}

# Sets LOST, SENT and GAP, the longest time without an answer in milliseconds.
swap_losses() {
    kill -INT $SWAP_PING
    wait $SWAP_PING || true
    read -r SENT LOST < <(awk '/transmitted/ { print $1, $1 - $4 }' "$NETWORK/swap.ping")
    GAP=$(awk -F'[][]' '/bytes from/ { if (last && $2 - last > gap) gap = $2 - last; last = $2 }
        END { printf "%d", gap * 1000 }' "$NETWORK/swap.ping")
}

# changes_to KIND: hv1 is run by the programs of that kind from now on.
changes_to() {
    local begin took rate
    LOST=''
    swap_transfer 30 && swap_ping || return 1
    sleep 2
    begin=$(milliseconds)
    leave || { DETAIL="$HV1 does not leave"; return 1; }
    HV1=$1
    start_agent 1
    hv_sync || { DETAIL="$1 does not catch up"; return 1; }
    took=$(($(milliseconds) - begin))
    wait $SWAP_TRANSFER || { DETAIL="the transfer broke: $(tail -n 1 "$NETWORK/swap.client")"; return 1; }
    swap_losses
    rate=$(awk '/receiver/ { print $(NF - 2), $(NF - 1) }' "$NETWORK/swap.client")
    DETAIL="$LOST of $SENT lost, $GAP ms without an answer, transfer at $rate, caught up after $took ms"
    [ -n "$LOST" ] && [ -n "$rate" ]
}

changes_to_ours() { changes_to ours && [ "$LOST" -lt $SWAP_LOSS ]; }

checks_of_swapped() {
    check "new flows, same switch ($1)" ping_works vm11 "$(workload_ip6 vm12)"
    check "new flows, routed ($1)" ping_works vm12 "$(workload_ip vm21)"
    check "new connections through the rules ($1)" ping_works vm11 "$(workload_ip vm22)"
    check "and none against them ($1)" ping_fails vm12 "$(workload_ip vm22)"
}

checks_swap() {
    check "stateful rules on both hosts" swap_rules
    check "the stock programs give way to ours" changes_to_ours
    checks_of_swapped ours
    checks_of_flows
    check "ours give way to the stock programs" changes_to stock
    checks_of_swapped stock
    check "and again to ours" changes_to_ours
    checks_of_swapped "ours again"
    checks_of_flows
}
