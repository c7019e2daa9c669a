import Datapath
import Pipeline
import Wire

// A frozen state as bytes, field by field, most significant byte first:
//
//     place      1 kind (0: a table), 4 datapath, 1 pipeline, 1 table
//     condition  1 flags, 2 zone (if a flag says that there is one), 2 recirculations
//     registers  2 bits of the words that are not zero, 8 for each of these
//     mirrored   1 count; for each 4 + 4 port, 1 kind of receiver, and the receiver
//
// The property that must hold: what was written is read as the same state, by the same layout of the
// key's words (`RecirculationHeader.layout`); anything else is read as nothing. Whoever changes a
// field of `FrozenState` changes this and raises `RecirculationHeader.version`. Another kind of receiver
// needs none: an older program begins a file that has it anew.

extension FrozenState {
    fileprivate struct Flags: OptionSet {
        let rawValue: UInt8
        static let isTracked = Flags(rawValue: 1)
        static let hasZone = Flags(rawValue: 2)
        static let isCleared = Flags(rawValue: 4)
        static let hasHash = Flags(rawValue: 8)
        static let arrivedByTunnel = Flags(rawValue: 16)
        static let all: Flags = [.isTracked, .hasZone, .isCleared, .hasHash, .arrivedByTunnel]
    }

    private static let tableKind: UInt8 = 0

    // MARK: - Writing

    /// Appends the state; false if it has more than any bytes can say.
    package func append(to bytes: inout [UInt8]) -> Bool {
        guard let trips = UInt16(exactly: condition.recirculations),
            let copies = UInt8(exactly: condition.mirrored.count)
        else { return false }
        switch place {
        case .table(let stage):
            bytes.append(Self.tableKind)
            bytes.append(UInt64(stage.datapath.value), width: 4)
            bytes.append(stage.stage.pipeline.rawValue)
            bytes.append(UInt8(stage.stage.table))
        }
        bytes.append(condition.flags.rawValue)
        if let zone = condition.zone { bytes.append(UInt64(zone), width: 2) }
        bytes.append(UInt64(trips), width: 2)
        appendRegisters(to: &bytes)
        bytes.append(copies)
        if copies > 0 { appendMirrored(to: &bytes) }
        return true
    }

    private func appendRegisters(to bytes: inout [UInt8]) {
        var present: UInt64 = 0
        for (word, value) in registers.enumerated() where value != 0 {
            present |= 1 << UInt64(word)
        }
        bytes.append(present, width: 2)
        for value in registers where value != 0 { bytes.append(value, width: 8) }
    }

    private func appendMirrored(to bytes: inout [UInt8]) {
        let copies = condition.mirrored.map { receiver, port in
            var bytes: [UInt8] = []
            bytes.append(UInt64(port.datapath), width: 4)
            bytes.append(UInt64(port.port), width: 4)
            receiver.append(to: &bytes)
            return bytes
        }
        // A dictionary has no order.
        for copy in copies.sorted(by: { $0.lexicographicallyPrecedes($1) }) { bytes += copy }
    }

    // MARK: - Reading

    /// Nil for anything but the bytes of one state.
    package init?(bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard reader.uint8() == Self.tableKind, let stage = LogicalStage(&reader),
            let condition = Condition(&reader), let registers = Self.registers(&reader)
        else { return nil }
        self.init(place: .table(stage), registers: registers, condition: condition)
        guard let copies = reader.uint8() else { return nil }
        for _ in 0..<copies {
            guard let datapath = reader.uint32(), let port = reader.uint32(),
                let receiver = PortMirror.Receiver(&reader)
            else { return nil }
            self.condition.mirrored[receiver] = PortReference(datapath: datapath, port: port)
        }
        guard self.condition.mirrored.count == Int(copies), reader.left == 0 else { return nil }
    }

    private static func registers(_ reader: inout ByteReader) -> [UInt64]? {
        guard let present = reader.uint16(), present >> FlowKey.firstKernelWord == 0 else {
            return nil
        }
        var registers = [UInt64](repeating: 0, count: FlowKey.firstKernelWord)
        for word in registers.indices where present >> word & 1 != 0 {
            guard let high = reader.uint32(), let low = reader.uint32() else { return nil }
            registers[word] = UInt64(high) << 32 | UInt64(low)
            if registers[word] == 0 { return nil }
        }
        return registers
    }
}

extension FrozenState.Condition {
    fileprivate var flags: FrozenState.Flags {
        var flags: FrozenState.Flags = []
        if isTracked { flags.insert(.isTracked) }
        if zone != nil { flags.insert(.hasZone) }
        if isCleared { flags.insert(.isCleared) }
        if hasHash { flags.insert(.hasHash) }
        if arrivedByTunnel { flags.insert(.arrivedByTunnel) }
        return flags
    }

    /// All but who has had copies.
    fileprivate init?(_ reader: inout ByteReader) {
        self.init()
        guard let bits = reader.uint8() else { return nil }
        let flags = FrozenState.Flags(rawValue: bits)
        guard flags.isSubset(of: .all) else { return nil }
        if flags.contains(.hasZone) {
            guard let zone = reader.uint16() else { return nil }
            self.zone = zone
        }
        guard let trips = reader.uint16() else { return nil }
        isTracked = flags.contains(.isTracked)
        isCleared = flags.contains(.isCleared)
        hasHash = flags.contains(.hasHash)
        arrivedByTunnel = flags.contains(.arrivedByTunnel)
        recirculations = Int(trips)
    }
}

extension LogicalStage {
    fileprivate init?(_ reader: inout ByteReader) {
        guard let datapath = reader.uint32(),
            let pipeline = reader.uint8().flatMap({ Stage.Pipeline(rawValue: $0) }),
            let table = reader.uint8(), table < PipelineLimits.tables
        else { return nil }
        self.init(DatapathKey(datapath), Stage(pipeline, Int(table)))
    }
}

extension PortMirror.Receiver {
    private enum Kind: UInt8 {
        case port, tunnelIPv4, tunnelIPv6, erspanIPv4, erspanIPv6

        var isERSPAN: Bool { self == .erspanIPv4 || self == .erspanIPv6 }
        var isIPv4: Bool { self == .tunnelIPv4 || self == .erspanIPv4 }
    }

    fileprivate func append(to bytes: inout [UInt8]) {
        switch self {
        case .port(let vport):
            bytes.append(Kind.port.rawValue)
            bytes.append(UInt64(vport), width: 4)
        case .tunnel(let vport, let remote, let key):
            bytes.append((remote.v4 == nil ? Kind.tunnelIPv6 : .tunnelIPv4).rawValue)
            Self.append(vport, key, remote, to: &bytes)
        case .erspan(let vport, let remote, let index):
            bytes.append((remote.v4 == nil ? Kind.erspanIPv6 : .erspanIPv4).rawValue)
            Self.append(vport, index, remote, to: &bytes)
        }
    }

    private static func append(
        _ vport: UInt32, _ number: UInt32, _ remote: IPAddress, to bytes: inout [UInt8]
    ) {
        bytes.append(UInt64(vport), width: 4)
        bytes.append(UInt64(number), width: 4)
        switch remote {
        case .v4(let address): bytes.append(address)
        case .v6(let address): bytes.append(address)
        }
    }

    fileprivate init?(_ reader: inout ByteReader) {
        guard let kind = reader.uint8().flatMap({ Kind(rawValue: $0) }),
            let vport = reader.uint32()
        else { return nil }
        if kind == .port {
            self = .port(vport)
            return
        }
        guard let number = reader.uint32() else { return nil }
        let remote: IPAddress? =
            kind.isIPv4
            ? reader.ipv4Address().map { .v4($0) } : reader.ipv6Address().map { .v6($0) }
        guard let remote else { return nil }
        self =
            kind.isERSPAN
            ? .erspan(vport: vport, remote: remote, index: number)
            : .tunnel(vport: vport, remote: remote, key: number)
    }
}
