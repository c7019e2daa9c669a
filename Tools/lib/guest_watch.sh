# shellcheck shell=bash
# Looks whether a guest still runs: one that stands still as a whole can't say so, and would use up all the time of
# whoever waits for it. Its init writes `alive` in the control directory every 20 seconds (guest/init-root).

# Exit status of a guest that was ended because it stood still.
FROZEN=126
WATCH_INTERVAL=15

# watch_guest PID CONTROL SECONDS: ends the QEMU of this process when the guest has written nothing for so long.
# The time is counted in looks: a machine that has been asleep itself is no reason.
watch_guest() {
    local pid=$1 control=$2 looks=$(($3 / WATCH_INTERVAL)) left last='' now
    left=$looks
    while kill -0 "$pid" 2>/dev/null; do
        sleep $WATCH_INTERVAL >/dev/null 2>&1
        now=$(stat -c %y "$control/alive" 2>/dev/null) || now=''
        left=$((left - 1))
        [ "$now" = "$last" ] || left=$looks
        last=$now
        [ "$left" -le 0 ] || continue
        : >"$control/frozen"
        describe_frozen "$pid" "$control" >&2 || true
        stop_process "$pid"
    done
}

# What the processors are at, as the emulator sees it and as the kernel does: it takes an NMI for the end
# (unknown_nmi_panic) and says so on its console.
describe_frozen() {
    local pid=$1 control=$2 thread
    say "the guest stands still; its emulator's threads (name, state, clock ticks) and registers:"
    for thread in /proc/"$(pgrep -P "$pid" | head -n 1)"/task/*/stat; do
        awk '{ print $2, $3, $14 + $15 }' "$thread"
    done
    "$GUEST_LIB/ask_monitor.py" "$control/monitor" "info cpus" "info registers -a" nmi |
        grep -v '^\(FPR\|XMM\|YMM\|FCW\|DR\|ES\|CS\|SS\|DS\|FS\|GS\|LDT\|TR\|GDT\|IDT\)'
    sleep 10
    say "the end of its console:"
    tail -n 150 "$control/console"
}
