# shellcheck shell=bash
# Multicast: who has joined a group gets its packets, on its own switch and behind the router.
# Uses services.sh. vm13 is a second workload of s1 on hv2 that joins nothing (add_second_receiver).

PORT_GROUP=7101
GROUP=239.1.2.3 GROUP6=ff1e::123

# member NAME vmSN GROUP: joins until end_background NAME.
member() {
    local PEER
    peer group.py join eth0 "$3" $PORT_GROUP
    background "$1" "$2" "${PEER[@]}"
    eventually 20 was_told "$1" joined
}

# tell vmSN GROUP TEXT
tell() {
    local PEER
    peer group.py send eth0 "$2" $PORT_GROUP "$3"
    inside "$1" "${PEER[@]}"
}

# heard MEMBER FROM GROUP: a packet that is sent there arrives. For `eventually`.
heard() {
    tell "$2" "$3" "from $2"
    sleep 0.2
    was_told "$1" "^from $2"
}

# snoop SWITCH WORD...: multicast options of a switch.
snoop() {
    local name=$1
    shift
    nb --wait=hv set Logical_Switch "$name" other_config:mcast_snoop=true \
        other_config:mcast_querier=false "${@/#/other_config:}"
}

stop_snooping() { nb --wait=hv clear Logical_Switch "$1" other_config; }

# group_rows GROUP: chassis and protocols of those who know it; `known` from a stock northd, whose
# schema has neither.
group_rows() {
    local columns=(address chassis_name protocol) shown=2-
    [ "$NORTHD" = ours ] || columns=(address) shown=1
    ovsdb-client -t 5 --no-headings --format=csv --data=bare dump "$OVN_SB_DB" OVN_Southbound \
        IGMP_Group "${columns[@]}" | grep -F "$1" | cut -d , -f $shown | sed "s/^$1\$/known/" |
        paste -sd ' '
}

# group_is GROUP ROWS: what group_rows says; a stock northd's are taken as said if there are any.
group_is() {
    local found
    found=$(group_rows "$1")
    if [ "$found" = known ]; then [ -n "$2" ]; else [ "$found" = "$2" ]; fi
}

# only_members_hear GROUP PROTOCOL: vm12 and nobody else gets packets of vm11, until it leaves.
only_members_hear() {
    local result=0 foreign
    member member vm12 "$1" || return 1
    eventually 20 group_is "$1" "hv2,$2" || { DETAIL="known: $(group_rows "$1")"; result=1; }
    capture stranger vm13 eth0 -Q in udp port $PORT_GROUP
    eventually 20 heard member vm11 "$1" || { DETAIL="${DETAIL-} not heard"; result=1; }
    end_capture stranger
    foreign=$(count stranger "$PORT_GROUP")
    [ "$foreign" = 0 ] || { DETAIL="$foreign packets elsewhere"; result=1; }
    end_background member
    eventually 20 group_is "$1" "" || { DETAIL="not left: $(group_rows "$1")"; result=1; }
    return $result
}

# Who speaks version 1 says nothing when it leaves, and is forgotten after a while.
silent_members_are_forgotten() {
    local result=0
    snoop s1 mcast_idle_timeout=15
    multicast_version 1 0
    member member vm12 $GROUP || result=1
    eventually 20 group_is $GROUP "hv2,IGMPv1" || { DETAIL="known: $(group_rows $GROUP)"; result=1; }
    eventually 20 heard member vm11 $GROUP || { DETAIL="${DETAIL-} not heard"; result=1; }
    end_background member
    sleep 1
    group_is $GROUP "hv2,IGMPv1" || { DETAIL="${DETAIL-} left at once"; result=1; }
    eventually 40 group_is $GROUP "" || { DETAIL="${DETAIL-} not forgotten"; result=1; }
    multicast_version 0 0
    snoop s1
    nb --wait=hv remove Logical_Switch s1 other_config mcast_idle_timeout
    return $result
}

# multicast_version VERSION4 VERSION6: what vm12's kernel speaks; 0 is its own choice.
multicast_version() {
    inside vm12 sysctl -qw "net.ipv4.conf.eth0.force_igmp_version=$1" \
        "net.ipv6.conf.eth0.force_mld_version=$2"
}

# A group that nobody has joined reaches nobody, or everybody where that is wanted.
unregistered_groups() {
    local result=0 before
    capture stranger vm13 eth0 -Q in udp port $PORT_GROUP
    tell vm11 239.9.9.9 one
    sleep 1
    before=$(count stranger "$PORT_GROUP")
    snoop s1 mcast_flood_unregistered=true
    eventually 20 flooded_now || result=1
    end_capture stranger
    DETAIL="$before before, $(count stranger "$PORT_GROUP") after"
    [ "$before" = 0 ] || result=1
    snoop s1 mcast_flood_unregistered=false
    return $result
}

flooded_now() {
    tell vm11 239.9.9.9 two
    sleep 0.2
    counts stranger $PORT_GROUP 1
}

# The switch asks in a router's place, both ways, and a member that is asked goes on being known.
switch_asks() {
    local result=0
    member member vm12 $GROUP || return 1
    capture questions vm12 eth0 -Q in igmp or ip6
    snoop s1 mcast_querier=true mcast_query_interval=2 mcast_eth_src='"02:00:00:00:00:99"' \
        mcast_ip4_src=10.0.1.250 mcast_ip6_src='"fe80::99"'
    eventually 20 counts questions '02:00:00:00:00:99 > 01:00:5e:00:00:01.*10.0.1.250 > 224.0.0.1: igmp query v3' 2 ||
        { DETAIL="no IGMP query"; result=1; }
    eventually 20 counts questions '02:00:00:00:00:99 > 33:33:00:00:00:01.*fe80::99 > ff02::1.*multicast listener query v2' 1 ||
        { DETAIL="no MLD query"; result=1; }
    end_capture questions
    end_background member
    return $result
}

# A table of one group: the one that was confirmed longest ago makes room. The workload's own groups
# of IPv6 may come in between.
table_is_bounded() {
    local try
    snoop s1 mcast_table_size=1
    for try in 1 2 3; do
        one_makes_room && return
        echo "try $try: $DETAIL"
    done
    return 1
}

one_makes_room() {
    local result=0
    member first vm12 $GROUP || result=1
    eventually 10 group_is $GROUP "hv2,IGMPv3" || result=1
    member second vm12 239.1.2.4 || result=1
    eventually 10 group_is 239.1.2.4 "hv2,IGMPv3" || result=1
    eventually 10 group_is $GROUP "" || result=1
    DETAIL="$(ovn-sbctl -t 5 --bare --columns=address list IGMP_Group | paste -sd ' ')"
    ovn-sbctl -t 5 ip-multicast-flush s1
    eventually 10 group_is 239.1.2.4 "" || { DETAIL="not flushed"; result=1; }
    end_background first
    end_background second
    return $result
}

# Ports may want every group, or what others ask for, as a router outside does.
ports_want_everything() {
    local result=0
    nb --wait=hv set Logical_Switch_Port vm13 options:mcast_flood=true
    member member vm12 $GROUP || result=1
    capture all vm13 eth0 -Q in udp port $PORT_GROUP
    eventually 20 heard member vm11 $GROUP || result=1
    eventually 5 counts all "$PORT_GROUP" 1 || { DETAIL="nothing of the group"; result=1; }
    tell vm11 239.8.8.8 other
    eventually 5 counts all '239.8.8.8' 1 || { DETAIL="nothing of other groups"; result=1; }
    end_capture all
    end_background member
    nb --wait=hv clear Logical_Switch_Port vm13 options -- \
        set Logical_Switch_Port vm13 options:mcast_flood_reports=true
    capture all vm13 eth0 -Q in igmp
    member member vm12 $GROUP || result=1
    eventually 20 counts all "igmp.*report" 1 || { DETAIL="no reports"; result=1; }
    end_capture all
    end_background member
    nb --wait=hv clear Logical_Switch_Port vm13 options
    return $result
}

# A port of a router may want every group, whoever is behind it.
router_port_wants_everything() {
    local result=0
    stop_snooping s2
    nb --wait=hv set Logical_Router_Port r-s2 options:mcast_flood=true
    capture behind vm22 eth0 -Q in udp port $PORT_GROUP
    eventually 20 flooded_behind || { DETAIL="nothing arrives"; result=1; }
    end_capture behind
    nb --wait=hv remove Logical_Router_Port r-s2 options mcast_flood
    snoop s2
    return $result
}

flooded_behind() {
    tell vm11 239.9.9.8 all
    sleep 0.2
    counts behind 239.9.9.8 1
}

# relayed GROUP: the member is on another switch and another host.
relayed() {
    local result=0
    member member vm22 "$1" || return 1
    eventually 30 heard member vm11 "$1" || result=1
    end_background member
    return $result
}

start_relay() {
    snoop s1
    snoop s2
    nb --wait=hv set Logical_Router r options:mcast_relay=true
}

stop_relay() {
    nb clear Logical_Router r options
    stop_snooping s2
}

checks_groups() {
    snoop s1
    check "IGMPv3: only members hear" only_members_hear $GROUP IGMPv3
    check "MLDv2: only members hear" only_members_hear $GROUP6 MLDv2
    multicast_version 2 1
    check "IGMPv2: only members hear" only_members_hear $GROUP IGMPv2
    check "MLDv1: only members hear" only_members_hear $GROUP6 MLDv1
    multicast_version 0 0
    check "IGMPv1: only members hear, until they are silent" silent_members_are_forgotten
    check "unregistered groups are not flooded" unregistered_groups
    check "a switch asks for members" switch_asks
    check "ports may want everything" ports_want_everything
    check "the table of groups is bounded" table_is_bounded
    stop_snooping s1
    snoop s1
    start_relay
    check "a router relays groups" relayed $GROUP
    check "a router relays groups, IPv6" relayed $GROUP6
    check "a router's port may want everything" router_port_wants_everything
    stop_relay
    stop_snooping s1
}
