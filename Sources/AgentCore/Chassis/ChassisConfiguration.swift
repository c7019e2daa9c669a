// What a host's administrator says about this chassis, read once from Open_vSwitch.external_ids.
//
// Every key may carry the suffix "-NAME" of the chassis; the suffixed key wins, so that several
// agents can share one database (ovn-controller(8), "Configuration"). A value that can't be used
// is reported by key and text and its default stands in; nothing else of the configuration is lost.

import Schemas
import Wire

/// A tunnel encapsulation that this agent speaks, best first.
package enum EncapsulationType: String, Sendable, CaseIterable, Comparable {
    case geneve, vxlan

    package static func < (left: Self, right: Self) -> Bool {
        left.preference < right.preference
    }

    /// The larger is taken when two chassis share several.
    package var preference: Int {
        switch self {
        case .geneve: 2
        case .vxlan: 1
        }
    }

    /// Bytes that the encapsulation puts above an inner IP packet over IPv4.
    package var overhead: Int {
        switch self {
        case .geneve: 38
        case .vxlan: 30
        }
    }
}

/// The type of service (RFC 2474) that outer packets have.
package enum TunnelService: Hashable, Sendable {
    case fixed(UInt8)
    /// That of the inner packet, if it is an IP packet.
    case inherited

    package static let standard = TunnelService.fixed(0)
}

/// A configuration value, or a part of one, that was refused.
package struct ConfigurationProblem: Hashable, Sendable, CustomStringConvertible {
    /// As it is spelled in the database, with the chassis' suffix if that one counts.
    package let key: String
    package let value: String
    package let reason: String

    package init(key: String, value: String, reason: String) {
        self.key = key
        self.value = value
        self.reason = reason
    }

    package var description: String {
        "Open_vSwitch.external_ids:\(key) \"\(value)\": \(reason)"
    }
}

package struct ChassisConfiguration: Hashable, Sendable {
    package struct Encapsulation: Hashable, Sendable {
        package let type: EncapsulationType
        package let address: IPAddress
        package let isDefault: Bool
    }

    /// The chassis name: the command line's, or `system-id`. Nil: the agent waits.
    package var name: String?
    package var hostname: String
    package var southboundRemotes: String?
    /// Milliseconds; 0 switches probing off.
    package var southboundProbeInterval: Int
    package var integrationBridge: String
    package var monitorsEverything: Bool
    package var encapsulations: [Encapsulation]
    package var encapsulationChecksum: Bool
    package var encapsulationService: TunnelService
    /// Whether outer packets may not be fragmented.
    package var encapsulationIsWhole: Bool
    package var transportZones: [String]
    package var isInterconnection: Bool
    package var cleansUpOnExit: Bool
    /// An extension: whether eBPF programs may help.
    package var usesEBPF: Bool
    /// Conntrack zones that this agent may use.
    package var zoneRange: ClosedRange<UInt16>
    /// The longest distance of announcements, milliseconds; nil for the first few only.
    package var longestAnnouncement: Milliseconds?
    /// The longest distance of questions to next hops, milliseconds; nil for the first few only.
    package var longestProbe: Milliseconds?
    /// Whether only what a northd of this release says is followed.
    package var matchesNorthdVersion: Bool
    /// From work to the look at memory that may be given back; nil for the program's own.
    package var trimDelay: Milliseconds?
    /// Physical network name -> bridge name.
    package var bridgeMappings: [String: String]
    /// Physical network name -> the address that routers' packets have there.
    package var chassisAddresses: [String: MACAddress]
    /// The keys that Chassis.other_config repeats verbatim.
    package var mirroredKeys: [String: String]
    package var problems: [ConfigurationProblem]
}

extension ChassisConfiguration {
    /// Keys copied unchanged to Chassis.other_config, with the value they have when absent.
    package static let mirrored: [(key: String, absent: String)] = [
        ("ovn-bridge-mappings", ""), ("ovn-chassis-mac-mappings", ""), ("ovn-cms-options", ""),
        ("ovn-enable-lflow-cache", "true"), ("ovn-evpn-local-ip", ""),
        ("ovn-evpn-vxlan-ports", ""), ("ovn-limit-lflow-cache", ""),
        ("ovn-memlimit-lflow-cache-kb", ""), ("ovn-monitor-all", "false"),
        ("ovn-trim-limit-lflow-cache", ""), ("ovn-trim-timeout-ms", ""),
        ("ovn-trim-wmark-perc-lflow-cache", ""),
    ]

    /// - Parameters:
    ///   - externalIDs: Open_vSwitch.external_ids.
    ///   - commandLineName: the `-n` option, which wins over `system-id`.
    ///   - hostname: what the system calls itself, the default of the key `hostname`.
    package init(
        externalIDs: [String: String], commandLineName: String? = nil, hostname: String
    ) {
        let name = commandLineName ?? externalIDs["system-id"].flatMap { $0.isEmpty ? nil : $0 }
        var reader = KeyReader(externalIDs: externalIDs, suffix: name)
        self.name = name
        self.hostname = reader.string("hostname") ?? hostname
        southboundRemotes = reader.string("ovn-remote")
        southboundProbeInterval = reader.probeInterval("ovn-remote-probe-interval")
        integrationBridge = reader.string("ovn-bridge") ?? "br-int"
        monitorsEverything = reader.flag("ovn-monitor-all", default: false)
        encapsulationChecksum = reader.flag("ovn-encap-csum", default: true)
        encapsulationService = reader.service("ovn-encap-tos")
        encapsulationIsWhole = reader.flag("ovn-encap-df_default", default: true)
        transportZones = reader.list("ovn-transport-zones")
        isInterconnection = reader.flag("ovn-is-interconn", default: false)
        cleansUpOnExit = reader.flag("ovn-cleanup-on-exit", default: true)
        usesEBPF = reader.flag("ovn-ebpf", default: true)
        zoneRange = reader.zones("ct-zone-range")
        longestAnnouncement = reader.seconds("garp-max-timeout-sec").map { $0 * 1000 }
        longestProbe = reader.probeDistance("arp-nd-max-timeout-sec")
        matchesNorthdVersion = reader.flag("ovn-match-northd-version", default: false)
        trimDelay = reader.milliseconds("ovn-trim-timeout-ms")
        bridgeMappings = reader.pairs("ovn-bridge-mappings")
        chassisAddresses = reader.addresses("ovn-chassis-mac-mappings")
        encapsulations = reader.encapsulations()
        mirroredKeys = [:]
        for (key, absent) in Self.mirrored { mirroredKeys[key] = reader.string(key) ?? absent }
        reader.refuseUnsupported()
        problems = reader.problems
    }
}

extension ChassisConfiguration {
    /// What a northd says its version is that this chassis shall not follow; nil for one that it may.
    package func foreignVersion(of global: SB.SBGlobal?) -> String? {
        guard matchesNorthdVersion else { return nil }
        let version = global?.options["northd_internal_version"] ?? ""
        return version == Release.internalVersion ? nil : version
    }
}

/// Reads keys with the chassis suffix rule and collects what could not be used.
private struct KeyReader {
    let externalIDs: [String: String]
    let suffix: String?
    var problems: [ConfigurationProblem] = []

    init(externalIDs: [String: String], suffix: String?) {
        self.externalIDs = externalIDs
        self.suffix = suffix
    }

    func string(_ key: String) -> String? {
        if let suffix, let own = externalIDs["\(key)-\(suffix)"] { return own }
        return externalIDs[key]
    }

    mutating func flag(_ key: String, default absent: Bool) -> Bool {
        switch string(key) {
        case nil: return absent
        case "true": return true
        case "false": return false
        case .some(let other):
            refuse(key, other, "neither \"true\" nor \"false\"")
            return absent
        }
    }

    func list(_ key: String) -> [String] {
        (string(key) ?? "").split(separator: ",").map { $0.trimmed }.filter { !$0.isEmpty }
    }

    /// `NET:BRIDGE,…`
    mutating func pairs(_ key: String) -> [String: String] {
        var result: [String: String] = [:]
        for element in list(key) {
            let parts = element.split(separator: ":", maxSplits: 1).map { $0.trimmed }
            guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
                refuse(key, element, "not of the form NETWORK:BRIDGE")
                continue
            }
            result[parts[0]] = parts[1]
        }
        return result
    }

    /// `NET:MAC,…`
    mutating func addresses(_ key: String) -> [String: MACAddress] {
        let read = ChassisAddresses(parsing: string(key) ?? "")
        for element in read.refused { refuse(key, element, "not of the form NETWORK:MAC") }
        return read.byNetwork
    }

    /// A number of seconds; nil for none.
    mutating func seconds(_ key: String) -> Int64? {
        guard let text = string(key), !text.isEmpty else { return nil }
        guard let value = UInt32(text) else {
            refuse(key, text, "not a number of seconds")
            return nil
        }
        return value == 0 ? nil : Int64(value)
    }

    /// A number of milliseconds; nil for none.
    mutating func milliseconds(_ key: String) -> Milliseconds? {
        guard let text = string(key), !text.isEmpty else { return nil }
        guard let value = UInt32(text) else {
            refuse(key, text, "not a number of milliseconds")
            return nil
        }
        return Milliseconds(value)
    }

    /// A number of seconds as milliseconds, of which zero is none.
    mutating func probeDistance(_ key: String) -> Milliseconds? {
        guard let text = string(key), !text.isEmpty else { return NextHopProbes.standardLongest }
        guard let value = UInt32(text) else {
            refuse(key, text, "not a number of seconds")
            return NextHopProbes.standardLongest
        }
        return value == 0 ? nil : Milliseconds(value) * 1000
    }

    mutating func probeInterval(_ key: String) -> Int {
        let standard = 5000
        guard let text = string(key) else { return standard }
        guard let value = UInt32(text) else {
            refuse(key, text, "not a number of milliseconds")
            return standard
        }
        return value == 0 ? 0 : max(Int(value), 1000)
    }

    /// The cross product of `ovn-encap-type` and `ovn-encap-ip`, best type first.
    mutating func encapsulations() -> [ChassisConfiguration.Encapsulation] {
        var types: [EncapsulationType] = []
        for text in list("ovn-encap-type") {
            guard let type = EncapsulationType(rawValue: text) else {
                refuse("ovn-encap-type", text, "unknown encapsulation")
                continue
            }
            if !types.contains(type) { types.append(type) }
        }
        var addresses: [IPAddress] = []
        for text in list("ovn-encap-ip") {
            guard let address = IPAddress(parsing: text) else {
                refuse("ovn-encap-ip", text, "not an IP address")
                continue
            }
            if !addresses.contains(address) { addresses.append(address) }
        }
        let preferred = defaultAddress(among: addresses)
        return types.sorted(by: >).flatMap { type in
            addresses.map { .init(type: type, address: $0, isDefault: $0 == preferred) }
        }
    }

    private mutating func defaultAddress(among addresses: [IPAddress]) -> IPAddress? {
        guard let text = string("ovn-encap-ip-default"), !text.isEmpty else { return nil }
        guard let address = IPAddress(parsing: text), addresses.contains(address) else {
            refuse("ovn-encap-ip-default", text, "not one of ovn-encap-ip")
            return nil
        }
        return address
    }

    /// "inherit", or a number as ovs-vswitchd.conf.db(5) has it in Interface.options:tos; the bits of
    /// congestion notification are not the configuration's.
    mutating func service(_ key: String) -> TunnelService {
        guard let text = string(key), !text.isEmpty else { return .standard }
        if text == "inherit" { return .inherited }
        let number = text.hasPrefix("0x") ? UInt8(text.dropFirst(2), radix: 16) : UInt8(text)
        guard let number else {
            refuse(key, text, "neither \"inherit\" nor a number of 8 bits")
            return .standard
        }
        return .fixed(number & 0xfc)
    }

    /// "LOW-HIGH", 1...65535.
    mutating func zones(_ key: String) -> ClosedRange<UInt16> {
        let whole = 1...UInt16.max
        guard let text = string(key), !text.isEmpty else { return whole }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
            .map { UInt16($0.trimmed) }
        guard ends.count == 2, let low = ends[0], let high = ends[1], low >= 1, low <= high else {
            refuse(key, text, "no range of zones")
            return whole
        }
        return low...high
    }

    /// Keys of ovn-controller(8) that ask for what is not there, and the values that ask for
    /// nothing. Silence would let an administrator believe that they work.
    private static let unsupported: [(reason: String, keys: [String], harmless: Set<String>)] = [
        (
            "not supported",
            ["dynamic-routing-port-mapping", "ovn-evpn-local-ip", "ovn-evpn-vxlan-ports"], []
        ),
        ("not supported", ["ovn-bridge-datapath-type"], ["system"]),
        (
            "without effect: there is no OpenFlow connection",
            [
                "ovn-bridge-remote", "ovn-bridge-remote-probe-interval",
                "ovn-openflow-probe-interval", "ovn-ofctrl-wait-before-clear",
            ], []
        ),
        (
            "without effect: the compiled flows are kept once, and all of them are needed",
            [
                "ovn-limit-lflow-cache", "ovn-memlimit-lflow-cache-kb",
                "ovn-trim-limit-lflow-cache", "ovn-trim-wmark-perc-lflow-cache",
            ], []
        ),
        (
            "without effect: the compiled flows are what packets are held against",
            ["ovn-enable-lflow-cache"], ["true"]
        ),
        (
            "without effect: all chassis share a tunnel device",
            ["ovn-enable-flow-based-tunnels"], ["true"]
        ),
        (
            "without effect: packets leave with the address of the port's encapsulation",
            ["ovn-set-local-ip"], ["true"]
        ),
    ]

    mutating func refuseUnsupported() {
        for (reason, keys, harmless) in Self.unsupported {
            for key in keys {
                guard let value = string(key), !value.isEmpty, !harmless.contains(value) else {
                    continue
                }
                refuse(key, value, reason)
            }
        }
    }

    private mutating func refuse(_ key: String, _ value: String, _ reason: String) {
        let own = suffix.map { "\(key)-\($0)" }.flatMap { externalIDs[$0] == nil ? nil : $0 }
        problems.append(.init(key: own ?? key, value: value, reason: reason))
    }
}

extension StringProtocol {
    /// The text without blanks at its ends.
    var trimmed: String {
        var view = Substring(self)
        while let first = view.first, first.isWhitespace { view.removeFirst() }
        while let last = view.last, last.isWhitespace { view.removeLast() }
        return String(view)
    }
}
