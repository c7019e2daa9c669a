// Both databases, northds that compete for the lock, agents and a CMS, on one thread and under one
// seed. Whatever can happen next is a choice of the scheduler: which message arrives, which
// program gets the processor, when a disk has written, what breaks.
//
// Properties that hold:
// - a stream delivers in order or ends; nothing else is promised to anyone;
// - time only passes where the scheduler lets it, and no program waits for another one's time;
// - `settle` ends all faults: what must hold of a quiet cluster can be asked afterwards.

import Northd
import OVSDBEngine
import OVSDBModel
import OVSDBSession
import Schemas

package final class SimulatedCluster {
    package struct Size: Sendable {
        package var northds = 2
        package var agents = 2
        /// Whether the northds divide the flows.
        package var divides = false

        package init(northds: Int = 2, agents: Int = 2, divides: Bool = false) {
            self.northds = northds
            self.agents = agents
            self.divides = divides
        }
    }

    let random: SharedRandom
    package private(set) var now: Int64 = 0
    let northbound: SimulatedServer
    let southbound: SimulatedServer
    /// The CMS, and somebody who watches the Southbound database.
    let management: SimulatedClient
    package let observer: SimulatedClient
    package internal(set) var northds: [SimulatedNorthd] = []
    package internal(set) var agents: [SimulatedAgent] = []
    let size: Size
    private let state: StickyState
    /// What happened, for comparing runs.
    package private(set) var journal: [String] = []

    package init(
        seed: UInt64, _ size: Size = Size(), northbound contents: Database? = nil,
        state: StickyState = StickyState()
    ) {
        random = SharedRandom(seed: seed)
        self.size = size
        self.state = state
        northbound = SimulatedServer(contents ?? Database(schema: NB.schema), random: random)
        southbound = SimulatedServer(Database(schema: SB.schema), random: random)
        management = Self.everything(of: NB.schema, "cms", northbound, random)
        observer = Self.everything(of: SB.schema, "observer", southbound, random)
        management.start(now: now)
        observer.start(now: now)
        for _ in 0..<size.northds { startNorthd() }
        for number in 0..<size.agents { startAgent(number, attached: []) }
    }

    private static func everything(
        of schema: DatabaseSchema, _ name: String, _ server: SimulatedServer,
        _ random: SharedRandom
    ) -> SimulatedClient {
        var configuration = ClientConfiguration(
            schema: schema, tables: schema.tables.map { .init($0.name) }, remotes: [schema.name])
        configuration.indexes = Northd.indexes(of: schema == NB.schema ? .northbound : .southbound)
        return SimulatedClient(name, configuration, server: server, seed: random.random.next())
    }

    func startNorthd() {
        let northd = SimulatedNorthd(
            northbound: northbound, southbound: southbound, state: state,
            divides: size.divides, seed: random.random.next())
        northds.append(northd)
        northd.start(now: now)
    }

    func startAgent(_ number: Int, attached: Set<String>) {
        let agent = SimulatedAgent(
            "hv\(number)", number: number, attached: attached, server: southbound,
            random: random)
        if agents.indices.contains(number) {
            agents[number] = agent
        } else {
            agents.append(agent)
        }
        agent.start(now: now)
    }

    /// Whether the CMS wants the flows to be divided.
    package var isDivided: Bool {
        let options = management.replica.only(NB.NBGlobal.self)?.row.options
        return options?[DivisionMember.option] == "true"
    }

    /// Whether the Southbound database says that it has all that the CMS has said.
    var isCovered: Bool {
        guard management.isQuiet else { return false }
        let number = management.replica.only(NB.NBGlobal.self)?.row.nbCfg
        return number == observer.replica.only(SB.SBGlobal.self)?.row.nbCfg
    }

    func note(_ event: String) { journal.append(event) }

    /// Everything that is refused is somebody's mistake.
    package var refusals: [String] {
        northds.flatMap(\.refusals) + agents.flatMap(\.refusals)
    }
}

// MARK: - Scheduling

extension SimulatedCluster {
    typealias Choice = (name: String, act: () -> Void)

    var clients: [SimulatedClient] {
        [management, observer] + northds.flatMap(\.connections) + agents.map(\.client)
    }

    /// What happens besides the work of the programs.
    package enum Mix: Sendable {
        /// Edits, and all kinds of faults.
        case faults
        /// Edits, and northds that die and start.
        case takeovers
        case edits
    }

    /// Lets `count` things happen.
    package func run(steps count: Int, _ mix: Mix = .faults) {
        for _ in 0..<count {
            if mix != .edits, random.random.oneIn(40) {
                if mix == .faults { fault() } else { replaceActiveNorthd() }
            } else if random.random.oneIn(10) {
                edit()
            } else if !act() {
                passTime()
            }
        }
    }

    /// Lets the cluster come to rest: no more edits or faults.
    /// - Returns: false if it doesn't.
    package func settle(limit: Int = 20_000) -> Bool {
        if northds.isEmpty { startNorthd() }
        var quiet = 0
        for _ in 0..<limit {
            if act() {
                quiet = 0
                continue
            }
            guard hasDeadline, quiet < Self.quietRounds else { return true }
            quiet += 1
            passTime()
        }
        return false
    }

    /// Timers that find nothing to do, one after the other, until nothing more is expected.
    private static let quietRounds = 8

    /// Does one of the things that can happen now; false if only time can pass.
    func act() -> Bool {
        let choices = choices
        guard !choices.isEmpty else { return false }
        let choice = choices[random.random.number(choices.count)]
        journal.append(choice.name)
        choice.act()
        return true
    }

    private var choices: [Choice] {
        var result: [Choice] = []
        for server in [northbound, southbound] {
            if server.canStore {
                let what = "\(server.database) stores \(server.nextToStore)"
                result.append((what, { server.store(now: self.now) }))
            }
            if server.canFinishJob {
                result.append(("\(server.database) prints", { server.finishJob(now: self.now) }))
            }
        }
        for client in clients { addChoices(client, &result) }
        for (number, northd) in northds.enumerated() where northd.isDue {
            result.append(("northd \(number)", { northd.step(now: self.now) }))
        }
        for agent in agents {
            if agent.isDue { result.append((agent.name, { agent.step(now: self.now) })) }
            if agent.canAcknowledge {
                result.append(("\(agent.name) acknowledges", { agent.acknowledge() }))
            }
        }
        return result
    }

    private func addChoices(_ client: SimulatedClient, _ result: inout [Choice]) {
        if client.canConnect {
            result.append(("\(client.name) connects", { client.connect(now: self.now) }))
        }
        if client.canReachServer {
            result.append(("\(client.name) says", { client.carryToServer(now: self.now) }))
        }
        if client.canReachClient {
            let cut = random.random.oneIn(4) ? 1 + random.random.number(200) : nil
            result.append(
                ("\(client.name) hears", { client.carryToClient(cut: cut, now: self.now) }))
        }
    }

    private var deadlines: [Int64] {
        clients.compactMap(\.deadline) + northds.compactMap(\.deadline)
            + agents.compactMap(\.deadline) + [northbound, southbound].compactMap(\.deadline)
    }

    private var hasDeadline: Bool { !deadlines.isEmpty }

    /// Time passes until something is due.
    func passTime() {
        guard let next = deadlines.min() else { return }
        now = max(now + 1, next)
        journal.append("time")
        for client in clients { client.timer(now: now) }
        for server in [northbound, southbound] { server.timer(now: now) }
        for agent in agents { agent.timer(now: now) }
        for northd in northds where northd.deadline.map({ $0 <= now }) == true {
            northd.step(now: now)
        }
    }
}

// MARK: - Faults

extension SimulatedCluster {
    /// One of the things that may go wrong.
    private func fault() {
        if size.divides, random.random.oneIn(2) { return disturbMembers() }
        switch random.random.number(12) {
        case 0...5: breakConnection()
        case 6...7: stopNorthd()
        case 8: if northds.count < size.northds { startNorthd() }
        case 9: restartAgent()
        case 10: refuseConnection()
        default:
            let server = random.random.oneIn(2) ? northbound : southbound
            journal.append("\(server.database) restarts")
            server.restart(now: now)
        }
    }

    private func breakConnection() {
        let candidates = clients.filter(\.isConnected)
        guard let client = candidates.randomElement(using: &random.random) else { return }
        journal.append("\(client.name) is cut off")
        client.breakConnection(now: now)
    }

    private func refuseConnection() {
        let candidates = clients.filter(\.canConnect)
        guard let client = candidates.randomElement(using: &random.random) else { return }
        journal.append("\(client.name) is refused")
        client.refuse(now: now)
    }

    /// The active one is the more interesting victim.
    private func stopNorthd() {
        let victims = northds.filter(\.isActive) + northds
        guard let victim = victims.first else { return startNorthd() }
        kill(victim)
    }

    /// A member or the holder dies, and mostly another one comes; or the division ends or begins.
    func disturbMembers(switches: Bool = true) {
        if switches, random.random.oneIn(5) { return switchDivision() }
        let victims = random.random.oneIn(3) ? northds.filter(\.isActive) : northds
        if let victim = victims.randomElement(using: &random.random) { kill(victim) }
        if northds.isEmpty || !random.random.oneIn(3) { startNorthd() }
    }

    func kill(_ northd: SimulatedNorthd) {
        journal.append("a northd dies")
        northds.removeAll { $0 === northd }
        northd.die(now: now)
    }

    package func killActiveNorthd() { for northd in northds where northd.isActive { kill(northd) } }

    private func replaceActiveNorthd() {
        killActiveNorthd()
        if northds.count < size.northds { startNorthd() }
    }

    private func restartAgent() {
        guard !agents.isEmpty else { return }
        let number = random.random.number(agents.count)
        let old = agents[number]
        journal.append("\(old.name) restarts")
        old.die(now: now)
        startAgent(number, attached: old.attached)
    }
}
