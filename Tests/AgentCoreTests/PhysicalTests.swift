import AgentCore
import Testing
import Wire

@Suite struct PortSecurityEntryTests {
    @Test func addressesWithAndWithoutLengths() throws {
        let entry = try PortSecurityEntry(
            parsing: "02:00:00:00:00:01 10.0.0.5/24 10.0.1.0/24 2001:db8::5 2001:db8:1::/64")
        #expect(entry.mac == MACAddress(0x02_0000_0000_01))
        #expect(entry.ipv4.map { "\($0.allowed)" } == ["10.0.0.5", "10.0.1.0/24"])
        #expect(entry.ipv4.map(\.broadcast?.description) == ["10.0.0.255", "10.0.1.255"])
        #expect(entry.ipv6.map { "\($0.allowed)" } == ["2001:db8::5", "2001:db8:1::/64"])
    }

    @Test func virtualRouterAddresses() throws {
        let entry = try PortSecurityEntry(
            parsing: "VRRPv3 02:00:00:00:00:01 00:00:5e:00:01:05 00:00:5e:00:02:06 10.0.0.1")
        #expect(entry.vrrp4 == [MACAddress(0x0000_5e00_0105)])
        #expect(entry.vrrp6 == [MACAddress(0x0000_5e00_0206)])
        #expect(entry.ipv4.count == 1)
    }

    @Test func rangesOfVirtualRouters() throws {
        let all4 = (0...255 as ClosedRange<UInt64>).map { MACAddress(0x0000_5e00_0100 + $0) }
        let all6 = (0...255 as ClosedRange<UInt64>).map { MACAddress(0x0000_5e00_0200 + $0) }
        let any = try PortSecurityEntry(parsing: "VRRPv3 02:00:00:00:00:01 10.0.0.1")
        #expect(any.vrrp4 == all4 && any.vrrp6 == all6)
        let some = try PortSecurityEntry(
            parsing: "VRRPv3 02:00:00:00:00:01 00:00:5e:00:01:00/40 00:00:5e:00:02:04/46")
        #expect(some.vrrp4 == all4)
        #expect(some.vrrp6 == Array(all6[4..<8]))
    }

    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1"), ("02:00:00:00:00:01 10.0.0", "10.0.0"),
        ("02:00:00:00:00:01 10.0.0.1/33", "10.0.0.1/33"),
        ("VRRPv3 02:00:00:00:00:01 02:00:00:00:00:02", "02:00:00:00:00:02"),
        ("VRRPv3 02:00:00:00:00:01 00:00:5e:00:01:05/40", "00:00:5e:00:01:05/40"),
        ("VRRPv3 02:00:00:00:00:01 00:00:5e:00:01:00", "00:00:5e:00:01:00"),
        ("VRRPv3 02:00:00:00:00:01 00:00:5e:00:01:00/39", "00:00:5e:00:01:00/39"),
    ])
    func aMalformedEntryNamesTheToken(entry: String, token: String) {
        #expect(throws: PortSecurityEntry.Malformed.self) {
            try PortSecurityEntry(parsing: entry)
        }
    }
}

@Suite struct PhysicalViewTests {
    @Test func changesNameWhatDiffers() {
        var old = PhysicalView()
        let reference = PortReference(datapath: 1, port: 2)
        old.ports[reference] = PhysicalPort(reference: reference, name: "a", place: .nowhere)
        old.inputs[7] = reference
        var new = old
        new.ports[reference] = PhysicalPort(
            reference: reference, name: "a", place: .here(vport: 7))
        new.inputs[7] = nil
        new.routers.insert(9)
        let neighbour = NeighbourKey(port: reference, address: .v4(IPv4Address(1)))
        new.neighbours[neighbour] = MACAddress(5)
        #expect(
            new.changes(from: old) == [
                .port(reference), .input(vport: 7), .router(datapath: 9), .neighbour(neighbour),
            ])
        #expect(new.changes(from: new).isEmpty)
    }
}

@Suite struct PortNumbersTests {
    @Test func numbersStayAndWishesAreHeard() {
        var numbers = PortNumbers()
        #expect(numbers.number(for: "a") == 1)
        #expect(numbers.number(for: "b", requested: 7) == 7)
        #expect(numbers.number(for: "c", requested: 7, existing: 3) == 3)
        #expect(numbers.number(for: "a", requested: 9) == 1)
        #expect(numbers.number(for: "d", existing: 65534) == 2)
        numbers.release("b")
        #expect(numbers.number(for: "e", existing: 7) == 7)
    }
}

@Suite struct LearningQueueTests {
    private let one = PacketSource(vport: 1)

    @Test func entriesComeWhenDueOncePerKey() {
        var queue = LearningQueue<Int, String>()
        queue.learn(1, "first", from: one, now: 100, delay: 40)
        queue.learn(2, "at once", from: one, now: 110, delay: 0)
        queue.learn(1, "second", from: one, now: 120, delay: 50)
        #expect(queue.takeDue(now: 110).map(\.value) == ["at once"])
        #expect(queue.deadline == 140)
        #expect(queue.takeDue(now: 139).isEmpty)
        #expect(queue.takeDue(now: 140).map(\.value) == ["second"])
        #expect(queue.isEmpty)
    }

    @Test func aFloodIsBoundedAndCounted() {
        var queue = LearningQueue<Int, Int>(limits: .init(entries: 10))
        queue.learn(-1, 1, from: PacketSource(vport: 2), now: 0, delay: 1)
        for key in 0..<1000 { queue.learn(key, key, from: one, now: 0, delay: 1) }
        queue.learn(995, 33, from: one, now: 0, delay: 1)
        #expect(queue.count == 10)
        #expect(queue.dropped == 991)
        let due = queue.takeDue(now: 1)
        #expect(due.contains { $0.key == 995 && $0.value == 33 })
        #expect(due.contains { $0.key == -1 }, "of somebody else")
    }

    @Test func aTokenBucketRefills() {
        var bucket = TokenBucket(ratePerSecond: 10, burst: 2, now: 0)
        #expect((0..<5).map { _ in bucket.take(now: 0) } == [true, true, false, false, false])
        #expect(bucket.take(now: 99) == false)
        #expect(bucket.take(now: 100) == true)
        #expect(bucket.take(now: 100) == false)
    }
}
