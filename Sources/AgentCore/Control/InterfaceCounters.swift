// What Interface.statistics shows: the device's own counters, under the names of
// ovs-vswitchd.conf.db(5). They change with every packet, so they stay apart from what decides
// about ports.

package struct InterfaceCounters: Hashable, Sendable {
    package var receivedPackets: UInt64 = 0
    package var sentPackets: UInt64 = 0
    package var receivedBytes: UInt64 = 0
    package var sentBytes: UInt64 = 0
    package var receiveDrops: UInt64 = 0
    package var sendDrops: UInt64 = 0
    package var receiveErrors: UInt64 = 0
    package var sendErrors: UInt64 = 0
    package var checksumErrors: UInt64 = 0
    package var frameErrors: UInt64 = 0
    package var receiveOverruns: UInt64 = 0
    package var receiveMisses: UInt64 = 0
    package var collisions: UInt64 = 0

    package init() {}

    /// The column. A counter beyond what an integer of the database holds stands at its end.
    package var column: [String: Int] {
        [
            "rx_packets": receivedPackets, "tx_packets": sentPackets, "rx_bytes": receivedBytes,
            "tx_bytes": sentBytes, "rx_dropped": receiveDrops, "tx_dropped": sendDrops,
            "rx_errors": receiveErrors, "tx_errors": sendErrors, "rx_crc_err": checksumErrors,
            "rx_frame_err": frameErrors, "rx_over_err": receiveOverruns,
            "rx_missed_errors": receiveMisses, "collisions": collisions,
        ].mapValues { Int(clamping: $0) }
    }

    /// The column of a patch port, of which nothing else is counted.
    package var patchColumn: [String: Int] {
        column.filter { ["rx_packets", "tx_packets", "rx_bytes", "tx_bytes"].contains($0.key) }
    }
}
