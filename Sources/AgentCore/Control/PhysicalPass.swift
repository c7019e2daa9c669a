// Collects from the Southbound replica what the physical view is made of.

import LogicalFlow
import OVSDBModel
import OVSDBSession
import Schemas
import Wire

package struct PhysicalPass {
    /// The tables that are read.
    package static let tables: [any TypedRow.Type] = [
        SB.PortBinding.self, SB.DatapathBinding.self, SB.Chassis.self, SB.Encap.self,
        SB.MulticastGroup.self, SB.MACBinding.self, SB.StaticMACBinding.self, SB.FDB.self,
        SB.LogicalDPGroup.self, SB.LoadBalancer.self, SB.Mirror.self, SB.Meter.self,
        SB.MeterBand.self, SB.SBGlobal.self,
    ]

    package let inputs: PhysicalInputs
    package let datapaths: LocalDatapaths

    /// What is not in rows.
    package struct Host: Hashable, Sendable {
        package var configuration: ChassisConfiguration
        /// Nil before the chassis has its row.
        package var identity: ChassisIdentity?
        package var claims: [RowUUID: PortClaim]
        package var interfaces: LocalInterfaces
        package var kernel: KernelPorts
        package var bridges: [ProviderBridge] = []
        /// Devices that mirrors copy to, by the mirror's name.
        package var mirrorPorts: [String: UInt32] = [:]
        package var activated: Set<PortReference> = []

        package init(
            configuration: ChassisConfiguration, identity: ChassisIdentity?,
            claims: [RowUUID: PortClaim], interfaces: LocalInterfaces, kernel: KernelPorts
        ) {
            self.configuration = configuration
            self.identity = identity
            self.claims = claims
            self.interfaces = interfaces
            self.kernel = kernel
        }
    }

    package init(_ everything: Replica, _ host: Host) {
        let replica = everything.limited(to: Self.tables)
        let (configuration, claims, kernel) = (host.configuration, host.claims, host.kernel)
        let ports = replica.rows(SB.PortBinding.self)
        datapaths = Self.localDatapaths(ports, claims: claims)
        let local = datapaths.rows
        var inputs = PhysicalInputs()
        inputs.ownChassis = host.identity?.row
        inputs.claims = claims
        inputs.interfaces = host.interfaces
        inputs.transportZones = configuration.transportZones
        inputs.bridgeMappings = configuration.bridgeMappings
        inputs.bridges = host.bridges
        inputs.chassisAddresses = configuration.chassisAddresses
        inputs.activated = host.activated
        inputs.mirrorPorts = host.mirrorPorts
        inputs.mirrorDevices = kernel.mirrors
        for mirror in replica.rows(SB.Mirror.self) { inputs.mirrors[mirror.uuid] = mirror.row }
        inputs.ports = ports.filter { local.contains($0.row.datapath) }.map { ($0.uuid, $0.row) }
        for datapath in replica.rows(SB.DatapathBinding.self) where local.contains(datapath.uuid) {
            inputs.datapaths[datapath.uuid] = datapath.row
        }
        for chassis in replica.rows(SB.Chassis.self) { inputs.chassis[chassis.uuid] = chassis.row }
        for encap in replica.rows(SB.Encap.self) { inputs.encaps[encap.uuid] = encap.row }
        inputs.devices = Self.devices(configuration, kernel)
        inputs.groups = replica.rows(SB.MulticastGroup.self).map(\.row)
            .filter { local.contains($0.datapath) }
        inputs.neighbours = replica.rows(SB.MACBinding.self).map(\.row)
            .filter { local.contains($0.datapath) }
        inputs.staticNeighbours = replica.rows(SB.StaticMACBinding.self).map(\.row)
            .filter { local.contains($0.datapath) }
        inputs.learnedAddresses = replica.rows(SB.FDB.self).map(\.row)
        inputs.loadBalancers = Self.loadBalancers(replica, local)
        inputs.meters = Self.meters(replica)
        let options = replica.only(SB.SBGlobal.self)?.row.options ?? [:]
        inputs.registers = RegisterLayout(options: options)
        inputs.dropSampling = DropSampling(options: options)
        inputs.alwaysTunnels = options["always_tunnel"] == "true"
        inputs.limits = ControlLimits(parsing: options["control_limits"] ?? "")
        self.inputs = inputs
    }

    private static func loadBalancers(
        _ replica: Replica, _ local: Set<RowUUID>
    ) -> [(row: SB.LoadBalancer, datapaths: Set<RowUUID>)] {
        var localMembers: [RowUUID: Set<RowUUID>] = [:]
        for group in replica.rows(SB.LogicalDPGroup.self) {
            localMembers[group.uuid] = local.intersection(group.row.datapaths)
        }
        return replica.rows(SB.LoadBalancer.self).compactMap { found in
            let row = found.row
            var datapaths: Set<RowUUID> = []
            for group in [row.datapathGroup, row.lsDatapathGroup, row.lrDatapathGroup] {
                guard let members = group.flatMap({ localMembers[$0] }) else { continue }
                // Most have one group, whose members need not be copied.
                if datapaths.isEmpty { datapaths = members } else { datapaths.formUnion(members) }
            }
            for datapath in row.datapaths where local.contains(datapath) {
                datapaths.insert(datapath)
            }
            return datapaths.isEmpty ? nil : (row, datapaths)
        }
    }

    private static func meters(_ replica: Replica) -> [String: MeterRate] {
        var result: [String: MeterRate] = [:]
        for meter in replica.rows(SB.Meter.self) {
            let bands = meter.row.bands.compactMap { replica[SB.MeterBand.self, $0] }
            guard let band = bands.min(by: { $0.rate < $1.rate }) else { continue }
            result[meter.row.name] = MeterRate(
                meter.row.unit == "pktps" ? .packetsPerSecond : .kilobitsPerSecond,
                rate: UInt32(clamping: band.rate), burst: UInt32(clamping: band.burstSize))
        }
        return result
    }

    private static func localDatapaths(
        _ ports: [Identified<SB.PortBinding>], claims: [RowUUID: PortClaim]
    ) -> LocalDatapaths {
        var crossings: [RowUUID: [SB.PortBinding]] = [:]
        var byName: [String: SB.PortBinding] = [:]
        for port in ports where port.row.type == "patch" || port.row.type == "l3gateway" {
            crossings[port.row.datapath, default: []].append(port.row)
            byName[port.row.logicalPort] = port.row
        }
        return LocalDatapaths(
            held: ports.filter { claims[$0.uuid] != nil }.map(\.row.datapath),
            portsOf: { crossings[$0] ?? [] }, named: { byName[$0] })
    }

    private static func devices(
        _ configuration: ChassisConfiguration, _ kernel: KernelPorts
    ) -> [EncapsulationType: TunnelDevice] {
        var result: [EncapsulationType: TunnelDevice] = [:]
        for (kind, vport) in kernel.tunnels {
            let own = configuration.encapsulations.filter { $0.type == kind }
            let ordered = own.filter(\.isDefault) + own.filter { !$0.isDefault }
            result[kind] = TunnelDevice(
                vport: vport, localAddresses: ordered.map(\.address),
                doesNotFragment: configuration.encapsulationIsWhole,
                service: configuration.encapsulationService)
        }
        return result
    }
}
