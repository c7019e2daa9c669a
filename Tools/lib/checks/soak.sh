# shellcheck shell=bash
# Random changes of the configuration under traffic, on a network of network.sh, for SOAK_SECONDS
# (180; 2700 with Tools/test --long). SOAK_SEED repeats the order of the changes. The agent of hv1 is
# killed and started now and then; that of hv2 lives through all of it, and its memory is watched.
# Uses base.sh and rules.sh.

SOAK_SECONDS=${SOAK_SECONDS:-$([ -n "${OVN_LONG:-}" ] && echo 2700 || echo 180)}
SOAK_SEED=${SOAK_SEED:-$((RANDOM * 32768 + RANDOM))}
# Seconds between looks at everything.
SOAK_INTERVAL=${SOAK_INTERVAL:-30}
# Bytes that an agent's memory may grow by from the second to the last third of the time: so many
# hundredths of it, and so many KiB.
SOAK_GROWTH_HUNDREDTHS=5 SOAK_GROWTH=4096
# Flows of the kernel that may be left, beside those of the beginning, when nobody talks.
SOAK_SPARE_FLOWS=10
# Of a hundred pings of workloads that nothing was done to so many may stay without an answer.
SOAK_LOST_HUNDREDTHS=2

# Every so many changes one is the death of an agent.
SOAK_RESTART=20

SOAK_CHANGES=0
declare -A SOAK_BASE_FLOWS=() SOAK_BASE_FILES=()

## The network

# Beside the usual one: a third workload on switch s1, which comes and goes, and switch s9 behind a
# gateway port on hv1, so that addresses can be translated.
soak_begin() {
    rules_begin || return 1
    logical_port vm13
    workload vm13 1
    logical_switch 9
    logical_port vm92
    workload vm92 2
    nb lrp-set-gateway-chassis r-s9 hv1
    hv_sync && eventually 30 reachable vm13 "$(workload_ip vm12)" &&
        eventually 30 reachable vm21 "$(workload_ip vm92)" || return 1
    soak_quiet
    local number
    for number in 1 2; do
        SOAK_BASE_FLOWS[$number]=$(soak_flow_count $number)
        SOAK_BASE_FILES[$number]=$(soak_files $number)
    done
    DETAIL="flows ${SOAK_BASE_FLOWS[1]} and ${SOAK_BASE_FLOWS[2]}, files ${SOAK_BASE_FILES[*]}"
}

# Nobody talks, for longer than a flow lives without packets.
soak_quiet() { sleep 13; }

soak_flow_count() { kernel_flows "$1" | grep -c . || true; }
soak_pid() { daemon_pid "controller$1"; }
# An agent that is started again inherits the pipes of `talk` from the shell of the checks.
soak_files() { find "/proc/$(soak_pid "$1")/fd" -mindepth 1 ! -lname '*/talk.*' 2>/dev/null | wc -l; }
soak_memory() { awk '/^VmRSS/ { print $2 }' "/proc/$(soak_pid "$1")/status"; }

## Traffic

# Those that nothing is done to, on one host, across hosts and through the gateway; and one pair in
# the midst of the changes.
soak_traffic() {
    background honest-near vm21 ping -n -i 0.25 -W 2 "$(workload_ip vm22)"
    background honest-far vm22 ping -n -i 0.25 -W 2 "$(workload_ip vm92)"
    background honest-6 vm22 ping -n -i 0.25 -W 2 "$(workload_ip6 vm21)"
    background wild vm11 ping -n -i 0.1 -W 1 "$(workload_ip vm12)"
}

# Sent and answered of a ping that has ended.
soak_answers() {
    awk '/packets transmitted/ { print $1, $4 }' "$NETWORK/$1.out"
}

soak_end_traffic() {
    local name
    for name in honest-near honest-far honest-6 wild; do
        kill -INT "$(cat "$NETWORK/$name.pid")" 2>/dev/null || true
        wait "$(cat "$NETWORK/$name.pid")" 2>/dev/null || true
    done
}

## Changes

# pick WORD...: sets PICKED to one of them.
pick() {
    local all=("$@")
    PICKED=${all[RANDOM % $#]}
}

# Each makes, or takes back, something of its kind; what it is about is chosen at random. Failing is
# allowed: what is to be taken back may not be there.
soak_acl() {
    local match action number=$((RANDOM % 6))
    pick "udp.dst == 900$number" "tcp.dst == 8081 && ip4.src == \$soak$((number % 3))" \
        "ip4.dst == 10.0.1.1$number && icmp4" "ip" "tcp && tcp.dst == {8080, 8081}"
    match=$PICKED
    pick allow-related allow-related drop reject allow-stateless
    action=$PICKED
    [ "$match" != ip ] || action=allow-related
    pick to-lport from-lport
    if [ $((RANDOM % 3)) = 0 ]; then nb acl-del s1 "$PICKED"
    else nb --may-exist acl-add s1 "$PICKED" $((1000 + number)) "$match" "$action"; fi
}

soak_set() {
    local set=soak$((RANDOM % 3)) address="10.0.$((1 + RANDOM % 2)).$((RANDOM % 250))"
    case $((RANDOM % 3)) in
    0) nb remove Address_Set "$set" addresses "\"$address\"" ;;
    *) nb add Address_Set "$set" addresses "\"$address\"" ;;
    esac
}

soak_balancer() {
    local number=$((RANDOM % 4))
    if [ $((RANDOM % 3)) = 0 ]; then nb --if-exists lb-del "soak$number"; return; fi
    pick "$(workload_ip vm12):8080" "$(workload_ip vm22):8080" \
        "$(workload_ip vm12):8080,$(workload_ip vm22):8081"
    nb --may-exist lb-add "soak$number" "172.16.1.$number:80" "$PICKED" tcp
    pick ls-lb-add lr-lb-add
    if [ "$PICKED" = ls-lb-add ]; then nb --may-exist ls-lb-add s1 "soak$number"
    else nb --may-exist lr-lb-add r "soak$number"; fi
}

soak_route() {
    local prefix=203.0.113.$((RANDOM % 8))/32
    if [ $((RANDOM % 2)) = 0 ]; then nb --if-exists lr-route-del r "$prefix"
    else nb --may-exist lr-route-add r "$prefix" "10.0.1.1$((1 + RANDOM % 3))"; fi
}

soak_nat() {
    if [ $((RANDOM % 2)) = 0 ]; then
        nb lr-nat-del r "$(pick snat dnat_and_snat && echo "$PICKED")"
    elif [ $((RANDOM % 2)) = 0 ]; then nb --may-exist lr-nat-add r snat 10.0.9.1 10.0.1.0/24
    else nb --may-exist lr-nat-add r dnat_and_snat "10.0.9.5$((RANDOM % 5))" "$(workload_ip vm11)"; fi
}

soak_port() {
    local from=1 to=2
    case $((RANDOM % 4)) in
    0) nb lsp-set-enabled vm13 disabled ;;
    1) nb lsp-set-enabled vm13 enabled ;;
    2)
        ip -n hv1 link show vm13 >/dev/null 2>&1 || from=2 to=1
        move vm13 $from $to
        ;;
    3)
        ip -n hv1 link show vm13 >/dev/null 2>&1 || from=2
        detach vm13 $from
        attach vm13 $from
        ;;
    esac
}

soak_addresses() {
    if [ $((RANDOM % 2)) = 0 ]; then
        nb lsp-set-addresses vm13 "$(workload_mac vm13) $(workload_ip vm13)" unknown -- \
            lsp-set-port-security vm13
    else restore_addresses vm13; fi
}

soak_switch() {
    if [ $((RANDOM % 2)) = 0 ]; then nb --if-exists ls-del s7 -- --if-exists lrp-del r-s7
    else
        logical_switch 7 || true
        nb --may-exist lsp-add s7 nobody
    fi
}

soak_restart() {
    kill_agent 1 || true
    sleep 0.$((RANDOM % 10))
    restart_agent 1
}

# One change, and a few questions whose answers depend on what is configured at the moment.
soak_step() {
    local kinds=(acl acl set set balancer route nat port port addresses switch) kind
    pick "${kinds[@]}"
    kind=$PICKED
    [ $((SOAK_CHANGES % SOAK_RESTART)) != 5 ] || kind=restart
    printf '%s %s\n' "$(date +%T)" "$kind" >>"$NETWORK/soak.changes"
    "soak_$kind" >>"$NETWORK/soak.out" 2>&1 || true
    SOAK_CHANGES=$((SOAK_CHANGES + 1))
    pick vm11 vm12 vm22
    local from=$PICKED
    pick tcp udp
    local kind=$PICKED
    pick "$(workload_ip vm12)" "$(workload_ip vm21)" 172.16.1.1 "$(workload_ip6 vm22)"
    ask "$from" -w 0.3 "$kind" "$PICKED" "${TALK_PORTS[RANDOM % 2]}" >/dev/null
}

## What must be true all the time

# soak_holds HYPERVISOR: what an agent says of itself, at a moment without changes.
soak_holds() {
    local report
    report=$(agent_command "$1" debug/check-flows) || { echo "hv$1: $report"; return; }
    [[ ${report%%$'\n'*} == *", 0 differ" ]] || echo "hv$1: $report"
    report=$(agent_command "$1" status/problems)
    [ -z "$report" ] || echo "hv$1: $report"
    report=$(agent_command "$1" self-check/show)
    ! grep -qE '^[^ ].*: [1-9]' <<<"$report" || echo "hv$1: $report"
}

# Looks at everything, and writes what is wrong to soak.wrong.
soak_look() {
    local number
    hv_sync || echo "the hypervisors don't catch up" >>"$NETWORK/soak.wrong"
    for number in 1 2; do
        soak_holds $number >>"$NETWORK/soak.wrong"
        eventually 10 reachable vm21 "$(workload_ip vm22)" ||
            echo "vm21 does not reach vm22" >>"$NETWORK/soak.wrong"
        printf '%s %s %s %s\n' $number "$(soak_memory $number)" "$(soak_files $number)" \
            "$(soak_flow_count $number)" >>"$NETWORK/soak.samples"
    done
}

soak_churn() {
    local end=$((SECONDS + SOAK_SECONDS)) look=$((SECONDS + SOAK_INTERVAL)) set
    RANDOM=$((SOAK_SEED % 32768))
    : >"$NETWORK/soak.wrong"
    : >"$NETWORK/soak.samples"
    for set in soak0 soak1 soak2; do nb create Address_Set name=$set >/dev/null; done
    soak_traffic
    while [ $SECONDS -lt $end ]; do
        soak_step
        [ $SECONDS -ge $look ] || continue
        soak_look
        look=$((SECONDS + SOAK_INTERVAL))
    done
    soak_look
    DETAIL="seed $SOAK_SEED, $SOAK_CHANGES changes in $SOAK_SECONDS s"
    [ ! -s "$NETWORK/soak.wrong" ] && return
    DETAIL="$DETAIL: $(grep -c . "$NETWORK/soak.wrong") complaints"
    sort "$NETWORK/soak.wrong" | uniq -c | head -n 40
    return 1
}

# All of them together, so that one lost packet of a short run is no verdict.
soak_honest_are_answered() {
    local name sent=0 answered=0 counts
    soak_end_traffic
    for name in honest-near honest-far honest-6; do
        read -ra counts < <(soak_answers $name)
        sent=$((sent + counts[0])) answered=$((answered + counts[1]))
        DETAIL="${DETAIL:+$DETAIL, }$name ${counts[1]} of ${counts[0]}"
    done
    [ $(((sent - answered) * 100)) -le $((sent * SOAK_LOST_HUNDREDTHS)) ]
}

# column NUMBER: of the samples of hv2, whose agent has lived through all.
soak_column() { awk -v column="$1" '$1 == 2 { print $column }' "$NETWORK/soak.samples"; }

# The median of the second third of the samples, and of the last.
soak_memory_is_flat() {
    local samples third middle last
    mapfile -t samples < <(soak_column 2)
    third=$((${#samples[@]} / 3))
    [ $third -gt 0 ] || { DETAIL="too few samples"; return 1; }
    middle=$(median "${samples[@]:third:third}")
    last=$(median "${samples[@]: -third}")
    DETAIL="from ${samples[0]} over $middle to $last KiB"
    [ $((last - middle)) -le $((middle * SOAK_GROWTH_HUNDREDTHS / 100 + SOAK_GROWTH)) ]
}

# Back to the configuration of the beginning.
soak_restore() {
    local from=1
    nb --if-exists ls-del s7 -- --if-exists lrp-del r-s7 -- lsp-set-enabled vm13 enabled
    nb lr-route-del r
    restore_addresses vm13
    ip -n hv1 link show vm13 >/dev/null 2>&1 || from=2
    attach vm13 $from
    wipe && eventually 30 reachable vm11 "$(workload_ip vm13)"
}

soak_leaves_nothing() {
    local number flows files result=0
    soak_quiet
    for number in 1 2; do
        flows=$(soak_flow_count $number) files=$(soak_files $number)
        DETAIL="${DETAIL:+$DETAIL, }hv$number: $flows flows, $files files"
        [ "$flows" -le $((SOAK_BASE_FLOWS[$number] + SOAK_SPARE_FLOWS)) ] || result=1
        [ "$files" -le $((SOAK_BASE_FILES[$number] + 1)) ] || result=1
    done
    return $result
}

checks_soak() {
    check "a network for random changes" soak_begin
    check "under changes all is right all the time" soak_churn
    check "whom nothing was done to is answered" soak_honest_are_answered
    check "an agent's memory does not grow" soak_memory_is_flat
    check "the configuration of the beginning works" soak_restore
    check "no flow and no descriptor is left" soak_leaves_nothing
    checks_of_flows
}
