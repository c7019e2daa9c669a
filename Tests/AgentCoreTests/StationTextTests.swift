import AgentCore
import Testing
import Wire

/// The form in which ovs-vswitchd(8) lists a bridge's stations, which scripts read.
@Suite struct StationTextTests {
    @Test func theColumnsAreThoseOfTheHeading() {
        #expect(StationText.heading == " port  VLAN  MAC                Age")
        let station = StationKey(bridge: "br", vlan: 100, address: MACAddress(0x0200_0000_0064))
        #expect(
            StationText.line(port: "3", station: station, age: 12_999)
                == "    3   100  02:00:00:00:00:64   12")
        #expect(
            StationText.line(port: "LOCAL", station: station, age: 0)
                == "LOCAL   100  02:00:00:00:00:64    0")
    }
}
