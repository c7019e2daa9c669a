# shellcheck shell=bash
# Two hypervisors in two network namespaces, joined by a veth pair as underlay, each with its
# own kernel datapath; two logical switches on one distributed router; four workloads, each in
# a namespace of its own. Any part may be run by the stock programs or by ours:
#
#     STACK=ours|stock           what the four below default to
#     DB NORTHD HV1 HV2          the databases, northd, each hypervisor's agent
#     OVN_PROGRAMS=DIR           where our programs are      [.build-install/release]
#     OVN_SCHEMAS=DIR            the schemas of all databases
#                                [ours or Debian's, as northd or the agent is]
#
#     namespace hv1                         namespace hv2
#       u1 192.0.2.1  ------ underlay ------  u2 192.0.2.2
#       vm11 on s1, vm21 on s2                vm12 on s1, vm22 on s2
#
#     vmSH is the workload of switch S on hypervisor H:
#       02:00:00:00:0S:1H  10.0.S.1H  fd00:S::1H
#
# Everything that is started or created is undone when the script ends.

STACK=${STACK:-ours}
DB=${DB:-$STACK} NORTHD=${NORTHD:-$STACK} HV1=${HV1:-$STACK} HV2=${HV2:-$STACK}
OVN_PROGRAMS=${OVN_PROGRAMS:-$RELEASE_PROGRAMS}

# Where databases, sockets, logs and captures of this network are.
NETWORK=
NETWORK_MODULES=(openvswitch vport-geneve geneve veth nf_conntrack)

PRODUCTS=(ovsdb-server ovn-northd ovn-controller ovn-appctl)

network_needs_build() { [[ " $DB $NORTHD $HV1 $HV2 " == *" ours "* ]]; }

# Builds our programs where OVN_PROGRAMS expects them, unless the caller has set it elsewhere.
build_programs() {
    local product log
    [ "$OVN_PROGRAMS" = "$RELEASE_PROGRAMS" ] || return 0
    make_temporary log
    say "building (the first time takes some minutes)"
    for product in "${PRODUCTS[@]}"; do
        build_release "$product" >"$log/build" 2>&1 ||
            { grep -E 'error:' "$log/build" >&2 || tail -n 20 "$log/build" >&2; die "the build failed"; }
    done
}

# Can this machine build the network without a guest kernel?
can_build_network() {
    [ "$(id -u)" = 0 ] || return 1
    [ -d /sys/module/openvswitch ] || modprobe -qn openvswitch 2>/dev/null
}

# network_in_guest [VM_OPTION...] -- COMMAND...: with everything that chooses the network.
network_in_guest() {
    local variable arguments=(-m 3G -t 7200)
    for variable in STACK DB NORTHD HV1 HV2 OVN_PROGRAMS OVN_SCHEMAS OVN_CHECKS CHECKS; do
        [ -z "${!variable:-}" ] || arguments+=(-e "$variable=${!variable}")
    done
    [ -z "${OVN_CHECKS:-}" ] || arguments+=(-s "$(dirname "$OVN_CHECKS")")
    say "this kernel has no openvswitch, or we are not root: using the guest kernel"
    "$ROOT/Tools/vm" "${arguments[@]}" "$@"
}

# Sets NETWORK and loads what the kernel needs.
network_prepare() {
    local module namespace
    [ "$(id -u)" = 0 ] || die "building the network needs root"
    need ip ovn-nbctl ovn-sbctl ovs-vsctl ovs-dpctl ovsdb-tool tcpdump ping python3
    for module in "${NETWORK_MODULES[@]}"; do
        modprobe -q "$module" || true
    done
    for namespace in hv1 hv2 vm11 vm12 vm21 vm22; do
        [ ! -e "/run/netns/$namespace" ] || die "a network namespace $namespace exists already"
    done
    make_temporary NETWORK
    ! network_needs_build || "$ROOT/Tools/write-schemas" "$NETWORK/schemas"
    export OVN_NB_DB=unix:$NETWORK/nb.sock OVN_SB_DB=unix:$NETWORK/sb.sock
    export OVS_RUNDIR=$NETWORK OVN_RUNDIR=$NETWORK OVS_LOGDIR=$NETWORK OVN_LOGDIR=$NETWORK \
        OVS_DBDIR=$NETWORK OVN_DBDIR=$NETWORK OVS_SYSCONFDIR=$NETWORK OVN_SYSCONFDIR=$NETWORK
}

# eventually SECONDS COMMAND...: repeats it until it succeeds.
eventually() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# program KIND NAME: the path of a program, ours or the stock one.
program() {
    local path
    if [ "$1" = ours ]; then path=$OVN_PROGRAMS/$2; else path=$(command -v "$2" || true); fi
    [ -x "$path" ] || die "there is no program $2 ($1${path:+: $path})"
    printf '%s\n' "$path"
}

# schema KIND NAME: the file with a schema, ours or the stock one.
schema() {
    local path directories=("${OVN_SCHEMAS:-}" /usr/share/ovn /usr/share/openvswitch)
    [ "$1" = stock ] || directories=("${OVN_SCHEMAS:-$NETWORK/schemas}")
    for path in "${directories[@]}"; do
        if [ -e "$path/$2.ovsschema" ]; then
            printf '%s\n' "$path/$2.ovsschema"
            return
        fi
    done
    die "there is no $2.ovsschema ($1)"
}

# daemon NAME COMMAND...: starts it in the background; its process id is in NAME.pid. The
# command is a program, not a function: a shell between us and it would be what gets stopped.
# It goes before other programs, as OVN's packages and our units start theirs.
daemon() {
    local name=$1
    shift
    nice -n -10 "$@" >"$NETWORK/$name.out" 2>&1 </dev/null &
    echo $! >"$NETWORK/$name.pid"
    at_exit stop_process $!
}

daemon_pid() { cat "$NETWORK/$1.pid"; }

# resident_memory NAME...: kilobytes of those of the daemons that are there.
resident_memory() {
    local name total=0
    for name in "$@"; do
        [ -e "$NETWORK/$name.pid" ] || continue
        total=$((total + $(awk '$1 == "VmRSS:" { print $2 }' "/proc/$(daemon_pid "$name")/status")))
    done
    echo "$total"
}

# Is it still there, and does its socket exist?
daemon_answers() { kill -0 "$(daemon_pid "$1")" && [ -S "$2" ]; }

daemon_ready() {
    eventually 30 daemon_answers "$1" "$2" && return
    tail -n 20 "$NETWORK/$1.out" "$NETWORK/$1.log" >&2 2>/dev/null || true
    die "$1 did not start"
}

log_options() { printf '%s\n' "--log-file=$NETWORK/$1.log" -vconsole:off; }

# database NAME KIND SCHEMA_FILE [COMMAND_PREFIX...]: an ovsdb-server with one database.
database() {
    ovsdb-tool create "$NETWORK/$1.db" "$3"
    serve_database "$1" "$2" "${@:4}"
}

# serve_database NAME KIND [COMMAND_PREFIX...]: an ovsdb-server with the database that is there.
serve_database() {
    local name=$1 kind=$2 server options
    shift 2
    server=$(program "$kind" ovsdb-server)
    mapfile -t options < <(log_options "$name")
    daemon "$name" "$@" "$server" "${options[@]}" "--remote=punix:$NETWORK/$name.sock" \
        "--unixctl=$NETWORK/$name.ctl" "$NETWORK/$name.db"
    daemon_ready "$name" "$NETWORK/$name.sock"
}

network_start_center() {
    local options
    database nb "$DB" "$(schema "$NORTHD" ovn-nb)"
    database sb "$DB" "$(schema "$NORTHD" ovn-sb)"
    ovn-nbctl -t 30 init
    ovn-sbctl -t 30 init
    mapfile -t options < <(log_options northd)
    daemon northd "$(program "$NORTHD" ovn-northd)" "${options[@]}" "--ovnnb-db=$OVN_NB_DB" \
        "--ovnsb-db=$OVN_SB_DB" "--unixctl=$NETWORK/northd.ctl"
    daemon_ready northd "$NETWORK/northd.ctl"
    network_start_client
}

# One ovn-nbctl stays and does what the others are asked (OVN_NB_DAEMON, ovn-nbctl(8)): a start that reads the
# whole database costs as much as most checks.
network_start_client() {
    local options
    mapfile -t options < <(log_options nbctl)
    OVN_NB_DAEMON=$(ovn-nbctl --detach "${options[@]}" "--pidfile=$NETWORK/nbctl.pid" \
        "--unixctl=$NETWORK/nbctl.ctl") || die "ovn-nbctl does not stay"
    export OVN_NB_DAEMON
    at_exit stop_process "$(daemon_pid nbctl)"
}

new_namespace() {
    ip netns add "$1"
    at_exit ip netns del "$1"
    ip -n "$1" link set lo up
    ip netns exec "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 \
        net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0
}

network_underlay() {
    local number
    new_namespace hv1
    new_namespace hv2
    ip link add u1 netns hv1 type veth peer name u2 netns hv2
    for number in 1 2; do
        ip -n "hv$number" addr add "192.0.2.$number/24" dev "u$number"
        ip -n "hv$number" link set "u$number" mtu 1700 up
    done
}

# Sets PREFIX to the words that make a program run on a hypervisor.
hypervisor_prefix() {
    PREFIX=(ip netns exec "hv$1" env "OVS_RUNDIR=$NETWORK/run$1" "OVN_RUNDIR=$NETWORK/run$1")
}

# in_hypervisor NUMBER COMMAND...
in_hypervisor() {
    local PREFIX
    hypervisor_prefix "$1"
    "${PREFIX[@]}" "${@:2}"
}

# vsctl NUMBER ARGUMENT...: ovs-vsctl on the hypervisor's database, with a limit in time.
vsctl() {
    local number=$1
    shift
    in_hypervisor "$number" ovs-vsctl -t 30 "--db=unix:$NETWORK/conf$number.sock" "$@"
}

hypervisor_kind() { if [ "$1" = 1 ]; then echo "$HV1"; else echo "$HV2"; fi; }

network_add_hypervisor() {
    local number=$1 kind PREFIX
    kind=$(hypervisor_kind "$number")
    mkdir -p "$NETWORK/run$number"
    hypervisor_prefix "$number"
    database "conf$number" "$kind" "$(schema "$kind" vswitch)" "${PREFIX[@]}"
    vsctl "$number" --no-wait init
    vsctl "$number" --no-wait set open . "external-ids:system-id=hv$number" \
        "external-ids:hostname=hv$number" "external-ids:ovn-remote=$OVN_SB_DB" \
        external-ids:ovn-encap-type=geneve "external-ids:ovn-encap-ip=192.0.2.$number"
    start_agent "$number"
}

# start_agent NUMBER: the programs between the local database and the kernel.
start_agent() {
    local number=$1 kind
    kind=$(hypervisor_kind "$number")
    [ "$kind" = ours ] || start_vswitchd "$number"
    start_controller "$number" "$(program "$kind" ovn-controller)"
}

start_vswitchd() {
    local number=$1 options PREFIX
    hypervisor_prefix "$number"
    mapfile -t options < <(log_options "vswitchd$number")
    daemon "vswitchd$number" "${PREFIX[@]}" "$(program stock ovs-vswitchd)" "${options[@]}" \
        "--unixctl=$NETWORK/vswitchd$number.ctl" "unix:$NETWORK/conf$number.sock"
    daemon_ready "vswitchd$number" "$NETWORK/vswitchd$number.ctl"
}

start_controller() {
    local number=$1 options PREFIX
    hypervisor_prefix "$number"
    mapfile -t options < <(log_options "controller$number")
    daemon "controller$number" "${PREFIX[@]}" "$2" "${options[@]}" \
        "--pidfile=$NETWORK/run$number/ovn-controller.pid" "unix:$NETWORK/conf$number.sock"
    daemon_ready "controller$number" "$(controller_socket "$number")"
}

# The controller's control socket, where the stock one has it when nothing else is said.
controller_socket() {
    echo "$NETWORK/run$1/ovn-controller.$(daemon_pid "controller$1").ctl"
}

# The control socket of whatever program owns the hypervisor's kernel datapath.
datapath_socket() {
    if [ "$(hypervisor_kind "$1")" = stock ]; then
        echo "$NETWORK/vswitchd$1.ctl"
    else
        controller_socket "$1"
    fi
}

# agent_command NUMBER COMMAND...: asks that program, by our ovn-appctl or the stock one.
agent_command() {
    local number=$1 tool
    shift
    if [ "$(hypervisor_kind "$number")" = ours ]; then tool=$(program ours ovn-appctl)
    else tool=$(program stock ovs-appctl); fi
    in_hypervisor "$number" "$tool" -t "$(datapath_socket "$number")" "$@"
}

# kernel_flows NUMBER: the kernel's megaflows, asked of the kernel itself by a stock tool.
kernel_flows() { in_hypervisor "$1" ovs-dpctl dump-flows "${@:2}"; }

network_logical_topology() {
    local switch
    ovn-nbctl -t 30 lr-add r
    for switch in 1 2; do logical_switch "$switch"; done
}

# logical_switch NUMBER: sNUMBER on the router, with its gateway addresses.
logical_switch() {
    local s=$1
    ovn-nbctl -t 30 ls-add "s$s" -- \
        lrp-add r "r-s$s" "00:00:00:00:ff:0$s" "10.0.$s.1/24" "fd00:$s::1/64" -- \
        lsp-add "s$s" "s$s-r" -- lsp-set-type "s$s-r" router -- \
        lsp-set-addresses "s$s-r" router -- lsp-set-options "s$s-r" "router-port=r-s$s"
}

workload_mac() { echo "02:00:00:00:0${1:2:1}:1${1:3:1}"; }
workload_ip() { echo "10.0.${1:2:1}.1${1:3:1}"; }
workload_ip6() { echo "fd00:${1:2:1}::1${1:3:1}"; }

# logical_port vmSN: the port, with its addresses and port security.
logical_port() {
    local addresses
    addresses="$(workload_mac "$1") $(workload_ip "$1") $(workload_ip6 "$1")"
    ovn-nbctl -t 30 lsp-add "s${1:2:1}" "$1" -- lsp-set-addresses "$1" "$addresses" -- \
        lsp-set-port-security "$1" "$addresses"
}

# workload vmSN HYPERVISOR: its namespace, and its interface bound there.
workload() {
    local name=$1 number=$2 s=${1:2:1}
    new_namespace "$name"
    ip link add "$name" netns "hv$number" type veth peer name eth0 netns "$name"
    ip -n "hv$number" link set "$name" up
    ip -n "$name" link set eth0 address "$(workload_mac "$name")" up
    ip -n "$name" addr add "$(workload_ip "$name")/24" dev eth0
    ip -n "$name" addr add "$(workload_ip6 "$name")/64" dev eth0 nodad
    ip -n "$name" route add default via "10.0.$s.1"
    ip -n "$name" route add default via "fd00:$s::1"
    attach "$name" "$number"
}

# attach vmSN HYPERVISOR, detach vmSN HYPERVISOR: plug and unplug its interface.
attach() {
    vsctl "$2" --may-exist add-port br-int "$1" -- set Interface "$1" "external_ids:iface-id=$1"
}

detach() { vsctl "$2" --if-exists del-port br-int "$1"; }

inside() { ip netns exec "$@"; }

network_workloads() {
    local s h
    for s in 1 2; do
        for h in 1 2; do
            logical_port "vm$s$h"
            workload "vm$s$h" "$h"
        done
    done
}

hypervisors_known() { [ "$(ovn-sbctl -t 5 --bare --columns=name list Chassis | grep -c .)" = 2 ]; }

# hv_sync: returns when both hypervisors have what the Northbound database says.
hv_sync() { ovn-nbctl -t 60 --wait=hv sync; }

reachable() { inside "$1" ping -n -c 1 -W 1 "$2"; }

network_settle() {
    local name
    eventually 60 hypervisors_known || die "the two hypervisors did not register themselves"
    hv_sync || die "the hypervisors did not catch up with the Northbound database"
    for name in vm11 vm12 vm21 vm22; do
        ovn-nbctl -t 30 wait-until Logical_Switch_Port "$name" up=true || die "$name is not up"
    done
}

# Builds the whole network; says what it does on standard error.
network_start() {
    network_prepare
    say "databases ($DB) and northd ($NORTHD)"
    network_start_center
    network_underlay
    say "hypervisor hv1 ($HV1)"
    network_add_hypervisor 1
    say "hypervisor hv2 ($HV2)"
    network_add_hypervisor 2
    say "two switches, a router and four workloads"
    network_logical_topology
    network_workloads
    network_settle
}

# The end of every log, for when something went wrong.
network_logs() {
    local log
    for log in "$NETWORK"/*.log "$NETWORK"/*.out; do
        [ -s "$log" ] || continue
        echo "--- $(basename "$log")"
        tail -n "${1:-15}" "$log"
    done
}
