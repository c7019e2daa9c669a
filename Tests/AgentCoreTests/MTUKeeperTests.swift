import AgentCore
import OVSDBModel
import Schemas
import Testing
import Wire

/// A bridge's devices in a kernel that keeps what it is asked to, within a device's limits.
private struct MTUHost {
    var keeper = MTUKeeper()
    var devices: [String: KernelInterface] = [:]
    /// What was asked of the kernel, "NAME MTU".
    private(set) var asked: [String] = []
    var largest: [String: Int] = [:]
    /// Of devices that take an MTU and have another one afterwards.
    var stubborn: [String: Int] = [:]
    var rows: [(bridge: String, row: OVS.Interface)] = []

    init(_ rows: [OVS.Interface]) {
        for row in rows { add(row) }
    }

    mutating func add(_ row: OVS.Interface, to bridge: String = "br-int", mtu: Int = 1500) {
        rows.append((bridge, row))
        devices[row.name] = KernelInterface(
            name: row.name, vport: UInt32(rows.count), interfaceIndex: rows.count,
            address: .zero, mtu: mtu, isUp: true, hasCarrier: true)
    }

    mutating func request(_ mtu: Int?, of name: String) {
        for index in rows.indices where rows[index].row.name == name {
            rows[index].row.mtuRequest = mtu
        }
    }

    private var plan: BridgePlan {
        let interfaces = rows.enumerated().map { (RowUUID(high: 2, low: UInt64($0)), $1) }
        let ports = interfaces.map { uuid, _ in (RowUUID(high: 3, low: uuid.low), uuid) }
        let bridges = Set(rows.map(\.bridge)).sorted().enumerated().map { index, name in
            let owned = interfaces.filter { $0.1.bridge == name }
                .map { RowUUID(high: 3, low: $0.0.low) }
            return (RowUUID(high: 1, low: UInt64(index)), OVS.Bridge(name: name, ports: owned))
        }
        return BridgePlan(
            .init(
                bridges: bridges,
                port: { port in
                    ports.first { $0.0 == port }.map {
                        OVS.Port(name: "p\(port.low)", interfaces: [$0.1])
                    }
                },
                interface: { uuid in interfaces.first { $0.0 == uuid }?.1.row }))
    }

    /// - Returns: the devices that were altered.
    @discardableResult
    mutating func keep() -> [String] {
        var asked: [String] = []
        let (largest, stubborn) = (largest, stubborn)
        let altered = keeper.keep(plan, &devices) { device, mtu in
            asked.append("\(device.name) \(mtu)")
            if mtu > largest[device.name] ?? 65535 {
                return .refused("EINVAL (mtu greater than device maximum)")
            }
            return .has(stubborn[device.name] ?? mtu)
        }
        self.asked = asked
        return altered
    }
}

@Suite struct MTUKeeperTests {
    private static func interface(
        _ name: String, _ mtu: Int? = nil, type: String = ""
    ) -> OVS.Interface {
        OVS.Interface(name: name, type: type, mtuRequest: mtu)
    }

    @Test func aDeviceGetsWhatItsRowAsksFor() {
        var host = MTUHost([
            Self.interface("tap0", 1442), Self.interface("int0", 1300, type: "internal"),
            Self.interface("tap1"),
        ])
        #expect(host.keep() == [])
        #expect(host.asked.sorted() == ["int0 1300", "tap0 1442"])
        #expect(host.devices["tap0"]?.mtu == 1442)
        #expect(host.devices["int0"]?.mtu == 1300)
        #expect(host.devices["tap1"]?.mtu == 1500)
        #expect(host.keep() == [])
        #expect(host.asked == [])
        #expect(host.keeper.problems == [])
    }

    /// A patch port and a tunnel have no device.
    @Test func whatHasNoDeviceIsNotAsked() {
        var host = MTUHost([Self.interface("g", 1400, type: "geneve")])
        host.devices["g"] = nil
        #expect(host.keep() == [])
        #expect(host.asked == [])
    }

    @Test func whatSomebodyElseChangesIsSetAgain() {
        var host = MTUHost([Self.interface("tap0", 1442)])
        host.keep()
        host.devices["tap0"]?.mtu = 1500
        #expect(host.keep() == ["tap0"])
        #expect(host.devices["tap0"]?.mtu == 1442)
        // A device that was made anew is not one that was altered.
        host.devices["tap0"]?.mtu = 1500
        host.devices["tap0"]?.interfaceIndex = 99
        #expect(host.keep() == [])
        #expect(host.asked == ["tap0 1442"])
        // Nor is one whose row asks for something else now.
        host.request(1400, of: "tap0")
        #expect(host.keep() == [])
        #expect(host.asked == ["tap0 1400"])
        // Nothing is asked for any more: what is there stays.
        host.request(nil, of: "tap0")
        host.devices["tap0"]?.mtu = 9000
        #expect(host.keep() == [])
        #expect(host.asked == [])
    }

    @Test func aRefusalIsNamedAndNotRepeated() {
        var host = MTUHost([Self.interface("tap0", 9000), Self.interface("tap1", 1400)])
        host.largest["tap0"] = 1500
        host.keep()
        let problem =
            "Interface tap0: its MTU can't be 9000: EINVAL (mtu greater than device maximum)"
        #expect(host.keeper.problems == [problem])
        #expect(host.devices["tap0"]?.mtu == 1500)
        #expect(host.devices["tap1"]?.mtu == 1400)
        #expect(host.keep() == [])
        #expect(host.asked == [])
        #expect(host.keeper.problems == [problem])
        // The device has become another.
        host.largest["tap0"] = nil
        host.devices["tap0"]?.interfaceIndex = 99
        #expect(host.keep() == [])
        #expect(host.devices["tap0"]?.mtu == 9000)
        #expect(host.keeper.problems == [])
    }

    @Test func aRefusedRequestIsForgottenWithTheRequest() {
        var host = MTUHost([Self.interface("tap0", 9000)])
        host.largest["tap0"] = 1500
        host.keep()
        host.request(1400, of: "tap0")
        host.keep()
        #expect(host.devices["tap0"]?.mtu == 1400)
        #expect(host.keeper.problems == [])
        host.request(9000, of: "tap0")
        host.keep()
        #expect(host.keeper.problems.count == 1)
        host.request(nil, of: "tap0")
        host.keep()
        #expect(host.keeper.problems == [])
    }

    /// A driver may take a value and have another one afterwards.
    @Test func aDeviceThatKeepsAnotherIsNamed() {
        var host = MTUHost([Self.interface("tap0", 1600)])
        host.stubborn["tap0"] = 1504
        host.keep()
        #expect(
            host.keeper.problems == [
                "Interface tap0: its MTU can't be 1600: the device keeps 1504"
            ])
        #expect(host.devices["tap0"]?.mtu == 1504)
        #expect(host.keep() == [])
        #expect(host.asked == [])
    }

    // MARK: - Internal devices

    @Test func internalDevicesFollowTheSmallestPort() {
        var host = MTUHost([
            Self.interface("br-int", type: "internal"), Self.interface("int0", type: "internal"),
            Self.interface("tap0", 1442), Self.interface("tap1"),
        ])
        host.keep()
        #expect(host.devices["br-int"]?.mtu == 1442)
        #expect(host.devices["int0"]?.mtu == 1442)
        #expect(host.devices["tap1"]?.mtu == 1500)
        // Other bridges' ports are no measure.
        host.add(Self.interface("br-ex", type: "internal"), to: "br-ex")
        host.add(Self.interface("eth0"), to: "br-ex", mtu: 9000)
        host.keep()
        #expect(host.devices["br-ex"]?.mtu == 9000)
        #expect(host.devices["br-int"]?.mtu == 1442)
        // Up again with the smallest port.
        host.request(1480, of: "tap0")
        host.keep()
        #expect(host.devices["br-int"]?.mtu == 1480)
    }

    @Test func aBridgeWithoutOtherPortsHasTheStandard() {
        var host = MTUHost([])
        host.add(Self.interface("br-int", type: "internal"), mtu: 9000)
        host.keep()
        #expect(host.devices["br-int"]?.mtu == 1500)
    }

    @Test func anAdministratorMayHaveLessButNotMore() {
        var host = MTUHost([
            Self.interface("br-int", type: "internal"), Self.interface("tap0"),
        ])
        host.keep()
        host.devices["br-int"]?.mtu = 1300
        #expect(host.keep() == [])
        #expect(host.devices["br-int"]?.mtu == 1300)
        host.devices["br-int"]?.mtu = 2000
        #expect(host.keep() == ["br-int"])
        #expect(host.devices["br-int"]?.mtu == 1500)
        // A device that comes later is brought down, not up.
        host.add(Self.interface("int0", type: "internal"), mtu: 1000)
        host.add(Self.interface("int1", type: "internal"), mtu: 4000)
        #expect(host.keep() == [])
        #expect(host.devices["int0"]?.mtu == 1000)
        #expect(host.devices["int1"]?.mtu == 1500)
    }

    /// A request on an internal device makes it a measure for the others.
    @Test func aRequestOfAnInternalDeviceCounts() {
        var host = MTUHost([
            Self.interface("br-int", type: "internal"),
            Self.interface("mp0", 1400, type: "internal"), Self.interface("tap0"),
        ])
        host.keep()
        #expect(host.devices["mp0"]?.mtu == 1400)
        #expect(host.devices["br-int"]?.mtu == 1400)
    }
}
