import Netlink
import UnixControl

/// The datapath and its ports, in the form of ovs-dpctl(8) `show`.
enum DatapathList {
    static func text(
        _ driver: KernelDriver, hasStatistics: Bool
    ) throws(ControlError) -> String {
        do {
            var lines = counters(try driver.refreshed())
            for port in try driver.kernelPorts() {
                let kind = kind(of: port, driver)
                lines.append(
                    "  port \(port.number): \(port.name)" + (kind.map { " (\($0))" } ?? ""))
                if hasStatistics { lines += statistics(port.statistics) }
            }
            return lines.joined(separator: "\n")
        } catch {
            throw ControlError("\(error)")
        }
    }

    private static func counters(_ datapath: KernelDatapath) -> [String] {
        let counters = datapath.statistics
        return [
            "system@\(datapath.name):",
            "  lookups: hit:\(counters.hits) missed:\(counters.misses) lost:\(counters.lost)",
            "  flows: \(counters.flows)",
            "  masks: hit:\(counters.maskHits) total:\(counters.masks) hit/pkt:"
                + ratio(counters.maskHits, counters.hits + counters.misses),
        ]
    }

    /// What a datapath does not count of a port is shown as a question mark, as stock does.
    static func statistics(_ port: PortStatistics) -> [String] {
        [
            "    RX packets:\(port.receivedPackets) errors:\(port.receiveErrors) "
                + "dropped:\(port.receiveDrops) overruns:? frame:?",
            "    TX packets:\(port.sentPackets) errors:\(port.sendErrors) "
                + "dropped:\(port.sendDrops) aborted:? carrier:?",
            "    collisions:?",
            "    RX bytes:\(amount(port.receivedBytes))  TX bytes:\(amount(port.sentBytes))",
        ]
    }

    /// Bytes, and a rounded form behind them if they are many: `2097152 (2.0 MiB)`.
    static func amount(_ bytes: UInt64) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB"]
        var (scale, unit) = (UInt64(1024), 0)
        guard bytes >= scale else { return "\(bytes)" }
        while unit + 1 < units.count, bytes / scale >= 1024 {
            scale *= 1024
            unit += 1
        }
        let tenths = bytes / (scale / 128) * 10 / 128
        return "\(bytes) (\(tenths / 10).\(tenths % 10) \(units[unit]))"
    }

    /// What stands in parentheses after a port's name. The shared tunnel devices are ordinary devices
    /// for the kernel; stock tools tell them by their link.
    private static func kind(of port: KernelPort, _ driver: KernelDriver) -> String? {
        if let tunnel = driver.ports.tunnels.first(where: { $0.value == port.number }) {
            return "\(tunnel.key): packet_type=ptap"
        }
        return switch port.kind {
        case .internal: "internal"
        case .device: nil
        default: "\(port.kind)"
        }
    }

    /// With two digits after the point.
    private static func ratio(_ dividend: UInt64, _ divisor: UInt64) -> String {
        guard divisor > 0 else { return "0.00" }
        let hundredths = dividend * 100 / divisor
        let fraction = hundredths % 100
        return "\(hundredths / 100)." + (fraction < 10 ? "0\(fraction)" : "\(fraction)")
    }
}
