import CLinux
import CNetlink
import Datapath
import Glibc

/// A rate limit that flows can refer to (OVS_METER_*).
package struct Meter: Hashable, Sendable {
    package enum Unit: Hashable, Sendable {
        case packetsPerSecond
        case kilobitsPerSecond
    }

    /// Drops what exceeds `rate`; both numbers in the meter's unit.
    package struct Band: Hashable, Sendable {
        package var rate: UInt32
        package var burst: UInt32

        package init(rate: UInt32, burst: UInt32) {
            self.rate = rate
            self.burst = burst
        }
    }

    package var unit: Unit
    package var bands: [Band]

    package init(unit: Unit, bands: [Band]) {
        self.unit = unit
        self.bands = bands
    }
}

/// How many meters a datapath takes.
package struct MeterLimits: Hashable, Sendable {
    package var meters: UInt32 = 0
    package var bands: UInt32 = 0
}

extension DatapathControl {
    /// Zeroes where the kernel has no meters.
    package func meterLimits(of datapath: KernelDatapath) throws(NetlinkError) -> MeterLimits {
        var limits = MeterLimits()
        guard families.meter != nil else { return limits }
        let message = try request(OVS_METER_CMD_FEATURES, datapath)
        try socket.exchange("meter limits", place: datapath.name, message) { answer in
            guard let header = DatapathHeader(answer) else { return }
            for attribute in header.attributes {
                switch attribute.type {
                case Int(OVS_METER_ATTR_MAX_METERS.rawValue):
                    limits.meters = attribute.value() ?? 0
                case Int(OVS_METER_ATTR_MAX_BANDS.rawValue): limits.bands = attribute.value() ?? 0
                default: break
                }
            }
        }
        return limits
    }

    /// Creates or changes a meter.
    package func setMeter(
        _ id: UInt32, to meter: Meter, in datapath: KernelDatapath
    ) throws(NetlinkError) {
        var message = try request(OVS_METER_CMD_SET, datapath)
        message.put(Int(OVS_METER_ATTR_ID.rawValue), id)
        if meter.unit == .kilobitsPerSecond { message.putFlag(Int(OVS_METER_ATTR_KBPS.rawValue)) }
        message.nest(Int(OVS_METER_ATTR_BANDS.rawValue)) { message in
            for band in meter.bands { message.put(band) }
        }
        try socket.exchange("meter set", place: "\(datapath.name)/\(id)", message)
    }

    package func deleteMeter(_ id: UInt32, in datapath: KernelDatapath) throws(NetlinkError) {
        var message = try request(OVS_METER_CMD_DEL, datapath)
        message.put(Int(OVS_METER_ATTR_ID.rawValue), id)
        try socket.exchange("meter delete", place: "\(datapath.name)/\(id)", message)
    }

    /// What a meter has seen; nil if there is no such meter.
    package func meterStatistics(
        _ id: UInt32, in datapath: KernelDatapath
    ) throws(NetlinkError) -> FlowStatistics? {
        var message = try request(OVS_METER_CMD_GET, datapath)
        message.put(Int(OVS_METER_ATTR_ID.rawValue), id)
        var statistics: FlowStatistics?
        do {
            try socket.exchange("meter get", place: "\(datapath.name)/\(id)", message) {
                statistics = FlowStatistics(meter: $0)
            }
        } catch {
            if error.code == .noSuchEntry { return nil }
            throw error
        }
        return statistics
    }

    private func request(
        _ command: ovs_meter_cmd, _ datapath: KernelDatapath
    ) throws(NetlinkError) -> ControlMessage {
        guard let family = families.meter else {
            throw NetlinkError("meter", cause: .refused(.notSupported, text: "no such family"))
        }
        return ControlMessage(
            family: family, command: UInt8(command.rawValue), version: UInt8(OVS_METER_VERSION),
            flags: 0, header: ovs_header(dp_ifindex: datapath.index))
    }
}

extension ControlMessage {
    fileprivate mutating func put(_ band: Meter.Band) {
        nest(Int(OVS_BAND_ATTR_UNSPEC.rawValue)) { message in
            message.put(
                Int(OVS_BAND_ATTR_TYPE.rawValue), UInt32(OVS_METER_BAND_TYPE_DROP.rawValue))
            message.put(Int(OVS_BAND_ATTR_RATE.rawValue), band.rate)
            message.put(Int(OVS_BAND_ATTR_BURST.rawValue), band.burst)
        }
    }
}

extension FlowStatistics {
    init?(meter message: MessageView) {
        guard let header = DatapathHeader(message) else { return nil }
        self.init()
        for attribute in header.attributes {
            switch attribute.type {
            case Int(OVS_METER_ATTR_STATS.rawValue):
                guard let counts = attribute.value(ovs_flow_stats.self) else { break }
                packets = counts.n_packets
                bytes = counts.n_bytes
            case Int(OVS_METER_ATTR_USED.rawValue): used = attribute.value()
            default: break
            }
        }
    }
}
