# shellcheck shell=bash
# Rules of switches and routers, on a network of network.sh: filtering, balancing, translation,
# routes and policies, rates, mirrors. One file for each topic; here is what they share.
#
# A check is `wiped FUNCTION`: the function configures what it needs, looks at packets, and what it
# has configured is taken away, however it ended. Uses base.sh.

# What the workloads' servers listen on.
TALK_PORTS=(8080 8081)

declare -A IP=() IP6=() MAC=()

## Configuration

# The hypervisors have it when this returns.
nb_hv() { ovn-nbctl -t 60 --wait=hv "$@"; }

# uuid_of TABLE NAME: of the row in the Northbound database.
uuid_of() { nb --bare --columns=_uuid find "$1" "name=$2"; }

# nb_columns TABLE COLUMN VALUE ROW: columns that are younger than the stock ovn-nbctl, in all rows
# whose COLUMN is VALUE. ROW is JSON as in RFC 7047.
nb_columns() {
    local reply value="\"$3\""
    [[ ! $3 =~ ^[0-9]+$ ]] || value=$3
    reply=$(ovsdb-client transact "$OVN_NB_DB" "[\"OVN_Northbound\", {\"op\": \"update\",
        \"table\": \"$1\", \"where\": [[\"$2\", \"==\", $value]], \"row\": $4}]") || return 1
    [[ $reply != *error* ]] || { DETAIL=$reply; return 1; }
    hv_sync
}

# knows TABLE COLUMN: does this Northbound schema have it? Else the check is not for this release.
knows() {
    ovsdb-client list-columns "$OVN_NB_DB" OVN_Northbound "$1" 2>/dev/null | grep -qw "$2" && return
    DETAIL="not in this release"
    return 1
}

wiped() {
    local result=0
    "$@" || result=1
    wipe || { DETAIL="${DETAIL:-} (and the wiping failed)"; result=1; }
    return $result
}

# Everything but switches, routers and ports.
wipe() {
    local commands=() item
    for item in $(nb --bare --columns=name list Logical_Switch); do
        commands+=(-- acl-del "$item" -- qos-del "$item"
            -- clear Logical_Switch "$item" load_balancer load_balancer_group copp)
    done
    for item in $(nb --bare --columns=name list Logical_Router); do
        commands+=(-- lr-policy-del "$item" -- lr-nat-del "$item"
            -- clear Logical_Router "$item" load_balancer load_balancer_group copp)
    done
    for item in Load_Balancer Load_Balancer_Group Port_Group Meter Copp \
        Chassis_Template_Var Static_MAC_Binding; do
        commands+=(-- --all destroy "$item")
    done
    # A translation that goes still holds its sets of addresses while it does.
    nb mirror-del "${commands[@]}" && nb_hv --all destroy Address_Set
}

## Conversations

# One process talks for all workloads (talk.py), over two pipes.
talk_begin() {
    mkfifo "$NETWORK/talk.commands" "$NETWORK/talk.answers"
    python3 "$ROOT/Tools/lib/talk.py" <"$NETWORK/talk.commands" >"$NETWORK/talk.answers" \
        2>"$NETWORK/talk.out" &
    at_exit stop_process $!
    exec {TALK_COMMANDS}>"$NETWORK/talk.commands" {TALK_ANSWERS}<"$NETWORK/talk.answers"
}

# talk COMMAND ARGUMENT...: gives its answer.
talk() {
    local answer
    echo "$*" >&"$TALK_COMMANDS"
    read -r -t 300 answer <&"$TALK_ANSWERS" || answer="the talking process is gone"
    echo "$answer"
}

# serve vmSN...: they answer questions on TALK_PORTS until the script ends.
serve() {
    local name
    for name in "$@"; do
        DETAIL=$(talk serve "$name" "${TALK_PORTS[@]}")
        [ "$DETAIL" = ready ] || return 1
    done
}

# ask FROM ARGUMENT...: prints who answered (talk.py).
ask() { talk ask "$@"; }

# says EXPECTED FROM ARGUMENT...: what `ask` prints is that. It waits less where nobody should answer.
says() {
    local answer wait=5
    [ "$1" != nobody ] || wait=1
    answer=$(ask "$2" -w $wait "${@:3}")
    [ "$answer" = "$1" ] && return
    DETAIL="$2 asked ${*:3}: '$answer' instead of '$1'"
    return 1
}

# both_say EXPECTED FROM ADDRESS PORT: TCP and UDP.
both_say() { says "$1" "$2" tcp "$3" "$4" && says "$1" "$2" udp "$3" "$4"; }

# On a busy machine the questions for a neighbour may take longer than a packet waits for them.
reaches() {
    local try
    for try in 1 2 3; do
        inside "$1" ping -n -c 1 -W 5 "${@:2}" >/dev/null && return
        echo "try $try: $1 does not reach ${*:2}"
    done
    DETAIL="$1 does not reach ${*:2}"
    return 1
}

blocked() {
    ! inside "$1" ping -n -c 1 -W 1 "${@:2}" >/dev/null && return
    DETAIL="$1 reaches ${*:2}"
    return 1
}

# conversation FROM tcp|udp ADDRESS PORT: begins one that goes on until end_conversation.
conversation() {
    local answer
    rm -f "$NETWORK/conversation"
    answer=$(talk keep "$1" "$NETWORK/conversation" "${@:2}")
    [ "$answer" = ready ] || { DETAIL="$1 to ${*:2}: $answer"; return 1; }
    goes_on
}

end_conversation() { talk end >/dev/null; }

answers_heard() { if [ -e "$NETWORK/conversation" ]; then wc -l <"$NETWORK/conversation"; else echo 0; fi; }

more_answers() { [ "$(answers_heard)" -gt "$1" ]; }

# Answers keep coming. (TCP asks again ever later while it was cut off.)
goes_on() {
    eventually 15 more_answers "$(($(answers_heard) + 2))" && return
    DETAIL="the connection does not go on"
    return 1
}

# On a busy machine answers that have passed may be heard later. A connection that goes on has some each second.
stands_still() {
    local heard try
    sleep 0.3
    for try in 1 2 3; do
        heard=$(answers_heard)
        sleep 1
        [ "$(answers_heard)" = "$heard" ] && return
        echo "try $try: the connection goes on"
    done
    DETAIL="the connection goes on"
    return 1
}

# Who gave the last answer.
last_answer() { tail -n 1 "$NETWORK/conversation" | cut -d ' ' -f 1; }
last_answer_is() {
    local found
    found=$(last_answer)
    [ "$found" = "$1" ] && return
    DETAIL="$found answers instead of $1"
    return 1
}

## What the kernel tracks

# tracked HYPERVISOR PATTERN: its connections that match.
tracked() { in_hypervisor "$1" ovs-dpctl dump-conntrack 2>/dev/null | grep -E "$2"; }

forget_connections() {
    local number
    for number in 1 2; do in_hypervisor $number ovs-dpctl flush-conntrack; done
}

is_tracked() { tracked "$@" >/dev/null && return; DETAIL="no connection matches $2"; return 1; }
is_not_tracked() { ! tracked "$@" >/dev/null && return; DETAIL="connections match $2"; return 1; }

## All of them

rules_begin() {
    local name
    for name in vm11 vm12 vm21 vm22; do
        IP[$name]=$(workload_ip $name) IP6[$name]=$(workload_ip6 $name) MAC[$name]=$(workload_mac $name)
    done
    talk_begin && serve vm11 vm12 vm21 vm22
}

checks_rules() {
    check "workloads answer questions" rules_begin
    checks_rules_acl
    checks_rules_lb
    checks_rules_nat
    checks_rules_gateway
    checks_rules_routing
    checks_rules_qos
    checks_of_flows
}
