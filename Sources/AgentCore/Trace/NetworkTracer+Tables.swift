import Datapath
import LogicalFlow
import Pipeline
import Wire

// What actions ask of tables beside the flows: neighbours, stations, port security, and services
// whose answer is assumed.

extension NetworkTracer {
    mutating func evaluate(
        _ function: Action.Function, _ field: FieldRange, _ execution: inout Execution
    ) {
        switch function {
        case .lookupNeighbour(_, let port, let address, let ethernet):
            lookUp(field, port, address, ethernet, &execution)
        case .lookupNeighbourAddress(_, let port, let address):
            lookUp(field, port, address, nil, &execution)
        case .checkEVPNNeighbour(let address):
            execution.nodes.append(
                .action,
                "/* EVPN ARP lookup for \(execution.address(in: address)): "
                    + "not available in trace. */")
            execution.write(field, 0)
        case .lookupFDB(let port, let ethernet):
            lookUpStation(field, port, ethernet, &execution)
        case .getFDB(let ethernet):
            let port = network.stations[execution.station(in: ethernet)] ?? 0
            execution.write(field, UInt128(port))
        case .getRemoteFDB:
            execution.nodes.append(
                .output, "/* The remote FDB table is different per each chassis. */")
        case .check(let check): evaluate(check, field, &execution)
        case .checkPacketLarger, .connection: break
        default: serve(function, field, &execution)
        }
    }

    // MARK: - Neighbours

    func getNeighbour(
        _ port: FieldRange, _ address: FieldRange, _ execution: inout Execution
    ) {
        let known = neighbour(port, address, execution)
        execution.nodes.append(
            .action, known.map { "/* MAC binding to \($0). */" } ?? "/* No MAC binding. */")
        execution.packet[.ethernetDestination] = known?.bits ?? 0
        execution.nodes.append(.modification, "eth.dst = \(MACAddress(known?.bits ?? 0))")
    }

    /// Whether the neighbour is known, by this Ethernet address if one is given.
    private func lookUp(
        _ field: FieldRange, _ port: FieldRange, _ address: FieldRange, _ ethernet: FieldRange?,
        _ execution: inout Execution
    ) {
        let known = neighbour(port, address, execution)
        var isKnown = known != nil
        if let ethernet, let known {
            isKnown = execution.read(ethernet) == UInt128(known.bits)
        }
        execution.write(field, isKnown ? 1 : 0)
        let binding = ethernet == nil ? "MAC binding" : "MAC binding to \(known ?? .zero)"
        execution.nodes.append(
            .action, isKnown ? "/* \(binding) found. */" : "/* lookup failed - No MAC binding. */")
    }

    private func neighbour(
        _ port: FieldRange, _ address: FieldRange, _ execution: Execution
    ) -> MACAddress? {
        network.neighbours[
            NeighbourKey(
                port: execution.port(in: port), address: execution.address(in: address))]
    }

    // MARK: - Stations

    private func lookUpStation(
        _ field: FieldRange, _ port: FieldRange, _ ethernet: FieldRange,
        _ execution: inout Execution
    ) {
        let station = execution.station(in: ethernet)
        let isKnown = network.stations[station] == execution.port(in: port).port
        execution.write(field, isKnown ? 1 : 0)
        execution.nodes.append(
            .action,
            isKnown
                ? "/* MAC lookup for \(station.address) found in FDB. */"
                : "/* lookup mac failed in mac learning table. */")
    }

    // MARK: - Checks

    private mutating func evaluate(
        _ check: Action.Check, _ field: FieldRange, _ execution: inout Execution
    ) {
        switch check {
        case .inPortSecurity, .outPortSecurity:
            let fails = translator.fails(check, execution.packet, execution, network.snapshot)
            execution.write(field, fails ? 1 : 0)
        case .loadBalancerHairpin: checkHairpin(field, isReply: false, &execution)
        case .loadBalancerHairpinReply: checkHairpin(field, isReply: true, &execution)
        case .ecmpNextHopMAC, .ecmpNextHop, .loadBalancerAffinity: break
        }
    }

    // MARK: - Services

    private func serve(
        _ function: Action.Function, _ field: FieldRange, _ execution: inout Execution
    ) {
        switch function {
        case .putDHCPOptions, .putDHCPv6Options:
            execution.nodes.append(.failure, Self.requestAssumption)
            execution.nodes.append(.modification, function.description)
        case .putRouterAdvertisementOptions:
            execution.nodes.append(.modification, function.description)
        case .checkDHCPRelayRequest: execution.nodes.append(.failure, Self.requestAssumption)
        case .checkDHCPRelayResponse:
            execution.nodes.append(.failure, Self.replyAssumption)
            execution.packet[.ipv4Destination] = 0xffff_ffff
            execution.packet[.ethernetDestination] = MACAddress.broadcast.bits
        default:
            execution.write(field, 0)
            execution.nodes.append(.failure, "*** dns_lookup action not implemented")
            return
        }
        if !field.isRegister { execution.nodes.append(.modification, "\(field) = 1") }
        execution.write(field, 1)
    }

    private static let requestAssumption =
        "/* We assume that this packet is DHCPDISCOVER or DHCPREQUEST. */"
    private static let replyAssumption =
        "/* We assume that this packet is DHCPOFFER or DHCPACK with the broadcast flag set; "
        + "without it, it goes to the address in its DHCP header. */"
}

extension Execution {
    func address(in field: FieldRange) -> IPAddress {
        let value = read(field)
        return field.width == 128
            ? .v6(IPv6Address(value)) : .v4(IPv4Address(UInt32(truncatingIfNeeded: value)))
    }

    func station(in field: FieldRange) -> LearnedAddressKey {
        LearnedAddressKey(
            datapath: datapath,
            address: MACAddress(UInt64(truncatingIfNeeded: read(field))))
    }
}

extension Translator {
    /// Whether a port's security stops a packet, by the rules that the datapath follows.
    mutating func fails(
        _ check: Action.Check, _ packet: FlowKey, _ execution: Execution,
        _ snapshot: TranslationSnapshot
    ) -> Bool {
        key.start(packet)
        key.load(.datapath, UInt64(execution.datapath))
        key.load(.inport, packet[.inport])
        key.load(.outport, packet[.outport])
        return check == .inPortSecurity
            ? failsInputSecurity(snapshot) : failsOutputSecurity(snapshot)
    }
}
