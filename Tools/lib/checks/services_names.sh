# shellcheck shell=bash
# Names: what the Southbound's DNS rows know is answered on the spot, the rest goes on to the server
# that was asked. Uses services.sh.

# look_up SERVER WORD...: dig in vm11, what it says in short.
look_up() { inside vm11 dig +short +time=5 +tries=2 "@$1" "${@:2}" 2>&1 | paste -sd ' '; }

# A real server on the other switch, and some names for s1.
serve_names() {
    local PEER
    peer names.py "$(workload_ip vm22)" "$(workload_ip6 vm22)"
    background names vm22 "${PEER[@]}"
    nb --wait=hv -- --id=@names create DNS 'records:vm12.ovn.example="10.0.1.12 fd00:1::12"' \
        records:only4.ovn.example=10.0.1.44 \
        'records:12.1.0.10.in-addr.arpa=vm12.ovn.example' -- \
        --id=@owned create DNS records:own.ovn.example=10.0.1.45 external_ids:owned=yes -- \
        set Logical_Switch s1 dns_records=@names,@owned >/dev/null
    # Debian's ovn-nbctl doesn't know the column.
    [ "$NORTHD" = stock ] || nb_transact '{"op":"update","table":"DNS",
        "where":[["external_ids","includes",["map",[["owned","yes"]]]]],
        "row":{"options":["map",[["ovn-owned","true"]]]}}' >/dev/null
    hv_sync
    eventually 20 eval "inside vm22 ss -lun | grep -q '10.0.2.12:53'"
}

stop_names() {
    end_background names
    nb --wait=hv clear Logical_Switch s1 dns_records -- --all destroy DNS
}

names_are_answered() {
    local server=$1 found=()
    found+=("$(look_up "$server" vm12.ovn.example A)" "$(look_up "$server" VM12.ovn.EXAMPLE AAAA)")
    found+=("$(look_up "$server" -x 10.0.1.12)" "$(look_up "$server" +noedns vm12.ovn.example A)")
    same "10.0.1.12|fd00:1::12|vm12.ovn.example.|10.0.1.12" "$(IFS='|'; echo "${found[*]}")"
}

# What the rows don't say is asked of the server; of a name that is ours alone it is not.
other_names_go_on() {
    local server=$1 found=()
    found+=("$(look_up "$server" www.example A)" "$(look_up "$server" only4.ovn.example AAAA)")
    found+=("$(look_up "$server" own.ovn.example A)")
    [ "$NORTHD" = stock ] || found+=("$(inside vm11 dig +time=5 +tries=1 "@$server" \
        own.ovn.example AAAA | grep -oE 'status: [A-Z]+')")
    same "192.0.2.53|2001:db8::53|10.0.1.45${found[3]+|status: REFUSED}" "$(IFS='|'; echo "${found[*]}")"
}

# What the agent answers is no packet that rules refuse. Where nothing is tracked they refuse the
# server's answers; where connections are, an answer belongs to its question.
names_pass_rules() {
    local result=0
    nb --wait=hv acl-add s1 to-lport 1001 'outport == "vm11" && udp' drop
    names_are_answered "$1" || result=1
    if inside vm11 dig +short +time=1 +tries=1 "@$1" www.example A | grep -q 192.0.2.53; then
        DETAIL="the rule refuses nothing"
        result=1
    fi
    nb --wait=hv acl-add s1 to-lport 1001 'outport == "vm11" && tcp' allow-related
    names_are_answered "$1" || result=1
    nb --wait=hv acl-del s1
    return $result
}

# read_counters HYPERVISOR NAME...: what its agent has counted so far.
read_counters() {
    local number=$1 name
    shift
    for name in "$@"; do agent_command "$number" coverage/read-counter "$name"; done | paste -sd ' '
}

# Questions are counted by what they ask for and by what becomes of them.
questions_are_counted() {
    local names=(dns_query_total dns_query_type_a dns_query_type_aaaa dns_cache_hit dns_cache_miss
        dns_response_sent) before after index found=()
    [ "$HV1" = ours ] || return 0
    read -ra before < <(read_counters 1 "${names[@]}")
    look_up "$1" vm12.ovn.example A >/dev/null
    look_up "$1" vm12.ovn.example AAAA >/dev/null
    look_up "$1" www.example A >/dev/null
    read -ra after < <(read_counters 1 "${names[@]}")
    for index in "${!names[@]}"; do found+=($((after[index] - before[index]))); done
    same "3 2 1 2 1 2" "${found[*]}"
}

checks_names() {
    check "a name server is there" serve_names
    check "names are answered" names_are_answered "$(workload_ip vm22)"
    check "names are answered, IPv6" names_are_answered "$(workload_ip6 vm22)"
    check "other names go on to the server" other_names_go_on "$(workload_ip vm22)"
    check "other names go on to the server, IPv6" other_names_go_on "$(workload_ip6 vm22)"
    check "questions for names are counted" questions_are_counted "$(workload_ip vm22)"
    check "answers of names pass rules" names_pass_rules "$(workload_ip vm22)"
    stop_names
}
