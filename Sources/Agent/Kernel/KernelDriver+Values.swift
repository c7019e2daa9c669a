import AgentCore
import Netlink

// The kernel's terms in those of the agent's core, which knows no netlink.

extension InterfaceCounters {
    init(_ statistics: LinkStatistics) {
        self.init()
        receivedPackets = statistics.receivedPackets
        sentPackets = statistics.sentPackets
        receivedBytes = statistics.receivedBytes
        sentBytes = statistics.sentBytes
        receiveDrops = statistics.receiveDrops
        sendDrops = statistics.sendDrops
        receiveErrors = statistics.receiveErrors
        sendErrors = statistics.sendErrors
        checksumErrors = statistics.checksumErrors
        frameErrors = statistics.frameErrors
        receiveOverruns = statistics.receiveOverruns
        receiveMisses = statistics.receiveMisses
        collisions = statistics.collisions
    }
}

extension InterfaceDriver {
    init(_ driver: LinkDriver) {
        self.init(
            name: driver.name, version: driver.version, firmware: driver.firmware,
            speed: driver.speed, isFullDuplex: driver.isFullDuplex)
    }
}
