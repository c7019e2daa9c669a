# shellcheck shell=bash
# Samples: what a rule or a drop says is copied reaches a collector of IPFIX on hv1's host (ipfix.py).
# Uses services.sh and services_health.sh. Debian's tools know neither the tables of samples nor all
# columns of collector sets, so rows are written as transactions.

COLLECTOR_SET=5

# collect: a collector, and the set of hv1 that sends to it.
collect() {
    local PEER
    peer ipfix.py 127.0.0.1 4242
    background collector hv1 "${PEER[@]}"
    eventually 20 was_told collector listening || { DETAIL="no collector"; return 1; }
    vsctl 1 -- --id=@bridge get Bridge br-int -- \
        --id=@ipfix create IPFIX targets='"127.0.0.1:4242"' -- \
        create Flow_Sample_Collector_Set id=$COLLECTOR_SET bridge=@bridge ipfix=@ipfix >/dev/null &&
        hv_sync
}

no_collector() {
    end_background collector
    vsctl 1 -- --all destroy Flow_Sample_Collector_Set
    hv_sync
}

# conf_transact NUMBER OPERATION...: on a hypervisor's database.
conf_transact() {
    local number=$1 IFS=,
    shift
    ovsdb-client -t 10 transact "unix:$NETWORK/conf$number.sock" "[\"Open_vSwitch\",$*]"
}

# sampled_rule PROBABILITY: a rule on UDP from vm11 to port 8081 whose new connections are sampled as
# point 1001 of application 42, and what belongs to them as point 1002 of application 43.
sampled_rule() {
    nb_transact '{"op":"insert","table":"Sample_Collector","uuid-name":"collector","row":{
            "id":1,"name":"c1","probability":'"$1"',"set_id":'$COLLECTOR_SET'}}' \
        '{"op":"insert","table":"Sampling_App","row":{"type":"acl-new","id":42}}' \
        '{"op":"insert","table":"Sampling_App","row":{"type":"acl-est","id":43}}' \
        '{"op":"insert","table":"Sample","uuid-name":"new","row":{"metadata":1001,
            "collectors":["named-uuid","collector"]}}' \
        '{"op":"insert","table":"Sample","uuid-name":"est","row":{"metadata":1002,
            "collectors":["named-uuid","collector"]}}' \
        '{"op":"insert","table":"ACL","uuid-name":"rule","row":{"action":"allow-related",
            "direction":"from-lport","priority":1001,"match":"inport == \"vm11\" && udp.dst == 8081",
            "sample_new":["named-uuid","new"],"sample_est":["named-uuid","est"]}}' \
        '{"op":"mutate","table":"Logical_Switch","where":[["name","==","s1"]],
            "mutations":[["acls","insert",["named-uuid","rule"]]]}' >/dev/null
    hv_sync
}

no_sampled_rule() {
    nb --wait=hv acl-del s1
    nb_transact '{"op":"delete","table":"Sample_Collector","where":[]}' \
        '{"op":"delete","table":"Sampling_App","where":[]}' >/dev/null
    hv_sync
}

# listen COMMAND...: starts something on port 8081 of vm12, and waits for it.
listen() {
    "$@"
    eventually 20 inside vm12 grep -q ':1F91 ' /proc/net/udp
}

# datagrams NUMBER: from one port of vm11 to vm12, each sent when the one before has come back.
datagrams() {
    # shellcheck disable=SC2016
    inside vm11 timeout 60 bash -c 'exec 3<>"/dev/udp/$1/8081"
        for ((number = 0; number < $2; number++)); do echo q >&3; head -c 2 <&3 >/dev/null; done' \
        - "$(workload_ip vm12)" "$1"
}

# records PATTERN: the collector's lines since forget_records.
OLD_RECORDS=0
records() { tail -n "+$((OLD_RECORDS + 1))" "$NETWORK/collector.out" | grep -E "$1" || true; }

forget_records() { OLD_RECORDS=$(wc -l <"$NETWORK/collector.out"); }

# has_records PATTERN NUMBER: for `eventually`.
has_records() { [ "$(records "$1" | wc -l)" -ge "$2" ]; }

# packets_of PATTERN: how many packets its records stand for.
packets_of() { records "$1" | grep -oP ' packets=\K[0-9]+' | awk '{ sum += $1 } END { print sum + 0 }'; }

# One packet opens the connection; four more and five answers belong to it.
sampled_connections() {
    local result=0 new est answer key
    forget_records
    sampled_rule 65535
    listen echo_server vm12
    datagrams 5 || { DETAIL="the datagrams were not answered"; result=1; }
    eventually 5 has_records 'app=43 .* point=1002 ' 9 || true
    end_background echo.vm12
    key=$(ovn-sbctl -t 5 --bare --columns=tunnel_key find Datapath_Binding external_ids:name=s1)
    new="app=42 datapath=$key point=1001 port=vm11 proto=17 src=10.0.1.11 dst=10.0.1.12 .*dport=8081"
    est="app=43 datapath=$key point=1002 .*src=10.0.1.11 dst=10.0.1.12 .*dport=8081"
    answer="app=43 datapath=$key point=1002 port=genev_sys_6081 .*src=10.0.1.12 dst=10.0.1.11 .*sport=8081"
    same "new 1, established 4, answers 5, others 0" "new $(packets_of "$new"), established \
$(packets_of "$est"), answers $(packets_of "$answer"), others \
$(records 'point=' | grep -cvE "$new|$est|$answer")" || result=1
    no_sampled_rule
    return $result
}

# Of the packets that get to vm12 a third is sampled, give or take five times what chance does; each
# stands for three.
probability_is_kept() {
    local result=0 before arrived number packets
    sampled_rule 21845
    small_flood 1 && sleep 2
    forget_records
    before=$(unwanted)
    small_flood 600 || result=1
    sleep 2
    arrived=$(($(unwanted) - before))
    eventually 20 has_records 'point=1001 ' $((arrived / 3 - 60)) || true
    sleep 2
    number=$(records 'point=1001 ' | wc -l) packets=$(packets_of 'point=1001 ')
    no_sampled_rule
    DETAIL="$number samples of $arrived packets stand for $packets"
    [ $result = 0 ] && [ "$arrived" -gt 300 ] && [ "$packets" = $((3 * number)) ] &&
        [ "$number" -gt $((arrived / 3 - 60)) ] && [ "$number" -lt $((arrived / 3 + 60)) ]
}

# unwanted: datagrams that vm12 had no socket for.
# shellcheck disable=SC2016
unwanted() { inside vm12 awk '/^Udp: [0-9]/ { print $3 }' /proc/net/snmp; }

# A collector that wants nothing has nothing, and nothing is lost.
nothing_is_wanted() {
    local result=0
    forget_records
    sampled_rule 0
    listen echo_server vm12
    datagrams 2 || { DETAIL="the datagrams were not answered"; result=1; }
    end_background echo.vm12
    sleep 1
    no_sampled_rule
    [ $result = 0 ] && same "0" "$(records 'point=' | wc -l)"
}

# small_flood NUMBER: datagrams that nobody answers.
small_flood() {
    local PEER
    peer ipfix.py
    inside vm11 timeout 60 "$PYTHON" -S -c 'import socket, sys, time
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.bind(("10.0.1.11", 8083))
for _ in range(int(sys.argv[1])):
    client.sendto(b"q", ("10.0.1.12", 8081))
    time.sleep(0.002)' "$1"
}

# dropped_at: the logical flow of the first record of a drop: its stage.
dropped_at() {
    local point prefix
    point=$(records 'dropped=1 ' | grep -oP ' point=\K[0-9]+' | head -n 1)
    printf -v prefix '%08x' "${point:-0}"
    ovn-sbctl -t 5 --bare --columns=_uuid,external_ids list Logical_Flow | grep -A 1 "^$prefix" |
        grep -oP 'stage-name=\K\w+' | head -n 1
}

# What is dropped says where: the record's point is the logical flow.
drops_are_sampled() {
    local result=0 app=$1 key
    forget_records
    nb acl-add s1 from-lport 1002 'inport == "vm11" && udp.dst == 8082' drop
    nb_hv set NB_Global . options:debug_drop_collector_set=$COLLECTOR_SET \
        options:debug_drop_domain_id=3
    key=$(ovn-sbctl -t 5 --bare --columns=tunnel_key find Datapath_Binding external_ids:name=s1)
    inside vm11 bash -c 'echo q >/dev/udp/10.0.1.12/8082'
    eventually 10 has_records "app=$app datapath=$key .*dport=8082 .*dropped=1 " 1 ||
        { DETAIL="no record: $(records . | tail -n 2)"; result=1; }
    [ $result = 1 ] || same ls_in_acl_action "$(dropped_at)" || result=1
    nb_hv remove NB_Global . options debug_drop_collector_set debug_drop_domain_id -- acl-del s1
    return $result
}

# The application "drop" goes before the option.
drops_have_an_application() {
    local result=0
    nb_transact '{"op":"insert","table":"Sampling_App","row":{"type":"drop","id":44}}' >/dev/null
    drops_are_sampled 44 || result=1
    nb_transact '{"op":"delete","table":"Sampling_App","where":[]}' >/dev/null
    return $result
}

# problem_says PATTERN: what hv1's agent lists as wrong.
problem_says() { agent_command 1 status/problems | grep -q "$1"; }

# What can't be followed is told by its row; the collector that can be has its records.
collectors_are_told_of() {
    local result=0
    conf_transact 1 '{"op":"update","table":"IPFIX","where":[],"row":{"targets":["set",[
            "127.0.0.1:4242","127.0.0.1:4243","collector.example"]]}}' \
        '{"op":"update","table":"Flow_Sample_Collector_Set","where":[],"row":{"local_group_id":10}}' \
        >/dev/null
    eventually 10 problem_says "Set $COLLECTOR_SET: IPFIX target \"collector.example\" is no address" ||
        { DETAIL="no word of the misspelt one"; result=1; }
    problem_says "Set $COLLECTOR_SET: local_group_id 10 gets no samples: kernel .* has no action psample" ||
        { DETAIL="no word of the group"; result=1; }
    sampled_connections || result=1
    grep -q "Set $COLLECTOR_SET: IPFIX collector: send 127.0.0.1:4243: Connection refused" \
        "$NETWORK/controller1.log" || { DETAIL="no word of the dead one"; result=1; }
    agent_command 1 ipfix/show | grep -q "id   $COLLECTOR_SET: flows=.* sampled pkts=[1-9]" ||
        { DETAIL="$(agent_command 1 ipfix/show)"; result=1; }
    return $result
}

checks_sampling() {
    [ "$HV1" = ours ] || return 0
    check "a collector of samples is there" collect
    check "sampled connections reach the collector" sampled_connections
    check "samples keep their probability" probability_is_kept
    check "a probability of zero samples nothing" nothing_is_wanted
    check "drops are sampled by their flow" drops_are_sampled 3
    check "drops are sampled for their application" drops_have_an_application
    check "collectors that can't be reached are told of" collectors_are_told_of
    no_collector
}
