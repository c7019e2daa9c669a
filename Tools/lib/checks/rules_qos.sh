# shellcheck shell=bash
# Marks, rates and copies of packets, on a network of network.sh. Uses rules.sh.

# see_service FROM TO PORT: adds to SEEN the type of service of a question as its receiver gets it.
# (No function that captures may run in a shell of its own, whose end would end the network.)
see_service() {
    capture marked "$2" eth0 -Q in udp port "$3"
    ask "$1" udp "${IP[$2]}" "$3" >/dev/null
    eventually 3 counts marked "\.$3" 1 || true
    end_capture marked
    SEEN+=" $(tcpdump -nvr "$NETWORK/marked.pcap" 2>/dev/null | grep -m 1 -oP 'tos \K0x[0-9a-f]+')"
}

# Marks by direction and by importance, on one switch and through the router.
qos_marks() {
    SEEN=
    nb qos-add s1 from-lport 100 'inport == "vm11" && udp' dscp=46 -- \
        qos-add s1 from-lport 200 'inport == "vm11" && udp.dst == 8081' dscp=10 &&
        nb_hv qos-add s2 to-lport 100 'outport == "vm22" && udp.dst == 8081' dscp=12 || return 1
    see_service vm11 vm12 8080
    see_service vm11 vm21 8080
    see_service vm11 vm12 8081
    see_service vm12 vm22 8081
    see_service vm12 vm11 8080
    DETAIL="types of service:$SEEN"
    [ "$SEEN" = " 0xb8 0xb8 0x28 0x30 0x0" ]
}

# Far more than the rate is offered; what arrives is not far above it, and the rest is untouched.
qos_rate() {
    nb_hv qos-add s1 from-lport 100 'inport == "vm11" && udp.dst == 8080' rate=400 burst=100 || return 1
    burst vm11 vm12 8080
    DETAIL="$SEEN of 100 packets above the rate"
    [ "$SEEN" -gt 0 ] && [ "$SEEN" -lt 60 ] || return 1
    burst vm11 vm12 8081
    DETAIL+=", $SEEN of 100 others"
    [ "$SEEN" = 100 ]
}

# burst FROM TO PORT: SEEN is how many of 100 packets of 1200 bytes arrive.
burst() {
    local text
    capture burst "$2" eth0 -Q in udp port "$3"
    text=$(printf '%1200s' x)
    # shellcheck disable=SC2016
    inside "$1" bash -c 'for n in {1..100}; do echo "$1" >&3; done 3>"/dev/udp/$0"' "${IP[$2]}/$3" "$text" 2>/dev/null
    sleep 0.5
    end_capture burst
    SEEN=$(count burst "\.$3")
}

# A mark that the host's own tools see.
qos_packet_mark() {
    knows QoS action || return 0
    nb_hv qos-add s1 from-lport 100 'inport == "vm11" && ip4' dscp=1 &&
        nb_columns QoS priority 100 '{"action": ["map", [["mark", 77]]]}' && marked vm21 1 77 vm11 vm12
}

## Limits

# burst_of FROM ADDRESS PORT COUNT: a new socket each time, so that each packet is a connection.
burst_of() { ask "$1" -n "$4" -w 0.02 udp "$2" "$3" >/dev/null; }

# in_zone HYPERVISOR USER: how many connections there are in the zone of that user.
in_zone() {
    local zone
    zone=$(agent_command "$1" ct-zone-list | awk -v user="$2" '$1 == user { print $2 }')
    tracked "$1" "zone=$zone(,|\$)" | grep -c . || true
}

# A port and a router have so many connections and not more.
zones_are_limited() {
    local result=0
    [ "$HV1" = ours ] || return 0
    nb acl-add s1 to-lport 1001 'outport == "vm11" && udp' allow-related -- acl-add s1 to-lport 1 ip drop -- \
        set Logical_Switch_Port vm11 options:ct-zone-limit=4 && hv_sync || return 1
    forget_connections
    burst_of vm12 "${IP[vm11]}" 8080 12
    DETAIL="$(in_zone 1 vm11) of 4"
    [ "$DETAIL" = "4 of 4" ] || result=1
    nb_hv remove Logical_Switch_Port vm11 options ct-zone-limit -- set Logical_Switch s1 other_config:ct-zone-limit=6
    forget_connections
    burst_of vm12 "${IP[vm11]}" 8080 12
    DETAIL+=", $(in_zone 1 vm11) of 6"
    [ "$DETAIL" = "4 of 4, 6 of 6" ] || result=1
    nb_hv remove Logical_Switch s1 other_config ct-zone-limit
    forget_connections
    burst_of vm12 "${IP[vm11]}" 8080 12
    DETAIL+=", $(in_zone 1 vm11) of 12"
    [ "$DETAIL" = "4 of 4, 6 of 6, 12 of 12" ] || result=1
    return $result
}

# protected_by TABLE ROW PROTOCOL: the agents' part in it has a rate of two packets per second, five at once.
protected_by() {
    nb --id=@band create Meter_Band action=drop rate=2 burst_size=5 -- \
        create Meter name=scarce unit=pktps bands=@band >/dev/null &&
        nb_hv --id=@copp create Copp name=scarce "meters={$3=scarce}" -- set "$1" "$2" copp=@copp >/dev/null
}

# A router refuses what is for itself as often as its meter says; what the kernel does alone is free.
control_is_metered() {
    local answered
    protected_by Logical_Router r icmp4-error || return 1
    answered=$(inside vm11 ping -n -q -c 100 -i 0.01 -W 2 -t 1 "${IP[vm22]}" 2>&1 |
        grep -oP '\+\K[0-9]+(?= errors)') || true
    DETAIL="${answered:-0} of 100 are told of their end"
    [ "${answered:-0}" -ge 4 ] && [ "${answered:-0}" -le 60 ] && reaches vm11 "${IP[vm22]}" && reaches vm11 10.0.1.1
}

## Copies

# Copies to a port of the overlay, which is on the other hypervisor; rules choose among packets.
mirror_to_port() {
    local mirror rule
    knows Mirror_Rule match || return 0
    mirror=$(create_row Mirror '{"name": "copies", "type": "lport", "sink": "vm22", "index": 0, "filter": "both"}') || return 1
    nb_hv set Logical_Switch_Port vm11 "mirror_rules=$mirror" || return 1
    capture copies vm22 eth0 -Q in
    says vm21 vm11 udp "${IP[vm21]}" 8080
    eventually 3 counts copies '\.8080' 2 || true
    end_capture copies
    DETAIL="$(count copies "10.0.1.11.*8080: UDP") questions and $(count copies "8080 > 10.0.1.11") answers copied"
    [ "$DETAIL" = "1 questions and 1 answers copied" ]
}

# Rules of a mirror choose by match, the highest priority first; what none matches is copied.
mirror_chooses() {
    local mirror
    knows Mirror_Rule match || return 0
    mirror=$(ovsdb-client transact "$OVN_NB_DB" '["OVN_Northbound",
        {"op":"insert","table":"Mirror_Rule","uuid-name":"skip",
         "row":{"match":"udp.dst == 8080","action":"skip","priority":20}},
        {"op":"insert","table":"Mirror_Rule","uuid-name":"copy",
         "row":{"match":"udp","action":"mirror","priority":10}},
        {"op":"insert","table":"Mirror","row":{"name":"copies","type":"lport","sink":"vm22","index":0,
         "filter":"from-lport","mirror_rules":["set",[["named-uuid","skip"],["named-uuid","copy"]]]}}]' |
        grep -oE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' | tail -n 1)
    nb_hv set Logical_Switch_Port vm11 "mirror_rules=$mirror" || return 1
    capture copies vm22 eth0 -Q in
    says vm21 vm11 udp "${IP[vm21]}" 8080 && says vm21 vm11 udp "${IP[vm21]}" 8081 &&
        reaches vm11 "${IP[vm21]}"
    eventually 3 counts copies '10\.0\.1\.11.*8081: UDP' 1 || true
    sleep 0.3
    end_capture copies
    DETAIL="8080: $(count copies '\.8080'), 8081: $(count copies '\.8081'), pings: $(count copies 'ICMP')"
    [ "$DETAIL" = "8080: 0, 8081: 1, pings: 1" ]
}

# Several mirrors of one port, each of its own kind and direction.
mirrors_of_all_kinds() {
    local mirror
    knows Mirror_Rule match || return 0
    mirror=$(create_row Mirror '{"name": "replies", "type": "lport", "sink": "vm22", "index": 0, "filter": "to-lport"}') || return 1
    nb mirror-add requests gre 7 from-lport 192.0.2.2 && nb_hv set Logical_Switch_Port vm11 "mirror_rules=$mirror" -- \
        lsp-attach-mirror vm11 requests || return 1
    capture requests hv1 u1 proto 47
    capture replies vm22 eth0 -Q in
    reaches vm11 "${IP[vm21]}"
    eventually 3 counts requests 'echo request' 1 || true
    eventually 3 counts replies 'echo reply' 1 || true
    end_capture requests
    end_capture replies
    DETAIL="$(count requests 'echo request') and $(count requests 'echo reply') to the collector,"
    DETAIL+=" $(count replies 'echo request') and $(count replies 'echo reply') to the port"
    [ "$DETAIL" = "1 and 0 to the collector, 0 and 1 to the port" ]
}

# create_row TABLE JSON: prints its UUID.
create_row() {
    ovsdb-client transact "$OVN_NB_DB" "[\"OVN_Northbound\", {\"op\": \"insert\", \"table\": \"$1\", \"row\": $2}]" |
        grep -oE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
}

# Copies of both directions to an interface of the host, one for each packet.
mirror_to_interface() {
    local mirror result=0
    [ "$HV1" = ours ] || return 0
    knows Mirror_Rule match || return 0
    ip -n hv1 link add watch1 type dummy
    ip -n hv1 link set watch1 up
    vsctl 1 add-port br-int watch1 -- set Interface watch1 external_ids:mirror-id=watch
    mirror=$(create_row Mirror '{"name": "copies", "type": "local", "sink": "watch", "index": 0, "filter": "both"}') || return 1
    nb set Logical_Switch_Port vm21 "mirror_rules=$mirror" &&
        nb_hv set Logical_Switch_Port vm11 "mirror_rules=$mirror" || return 1
    capture copies hv1 watch1
    says vm21 vm11 udp "${IP[vm21]}" 8080 && says vm22 vm11 udp "${IP[vm22]}" 8080 || result=1
    eventually 3 counts copies '\.8080' 4 || true
    end_capture copies
    DETAIL="$(count copies "8080: UDP") questions and $(count copies "8080 > 10.0.1.11") answers copied"
    [ "$DETAIL" = "2 questions and 2 answers copied" ] || result=1
    vsctl 1 del-port br-int watch1
    ip -n hv1 link del watch1
    return $result
}

# copied_in_tunnel TYPE PATTERN: copies of an echo request and its answer go to a collector outside of the
# overlay, and are captured.
copied_in_tunnel() {
    nb mirror-add copies "$1" 7 from-lport 192.0.2.2 && nb_hv lsp-attach-mirror vm11 copies || return 1
    capture copies hv1 u1 proto 47
    reaches vm11 "${IP[vm21]}"
    eventually 3 counts copies "$2" 1 || true
    end_capture copies
}

mirror_to_collector() {
    copied_in_tunnel gre 'echo request' || return 1
    DETAIL="$(count copies 'key=0x7,.*echo request') requests, $(count copies 'echo reply') replies copied"
    [ "$DETAIL" = "1 requests, 0 replies copied" ]
}

# With ERSPAN's header, version 1 (0x88be), behind that of GRE.
mirror_to_analyser() {
    copied_in_tunnel erspan '88be' || return 1
    DETAIL="$(count copies '88be') requests copied"
    [ "$DETAIL" = "1 requests copied" ]
}

checks_rules_qos() {
    check "packets are marked for their service" wiped qos_marks
    check "packets above a rate are dropped" wiped qos_rate
    check "packets are marked for the host" wiped qos_packet_mark
    check "zones have their limits" wiped zones_are_limited
    check "meters protect the agent" wiped control_is_metered
    check "a port's packets are copied to another" wiped mirror_to_port
    check "a port's packets are copied to an interface" wiped mirror_to_interface
    check "a port's packets are copied to a collector" wiped mirror_to_collector
    check "a port's packets are copied to a collector of ERSPAN" wiped mirror_to_analyser
    check "rules of a mirror choose what is copied" wiped mirror_chooses
    check "a port's mirrors may be of all kinds" wiped mirrors_of_all_kinds
}
