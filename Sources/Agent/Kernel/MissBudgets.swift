// How many misses each port may have the agent hear of: kept by a program at the port's socket, so
// that what is too much costs the agent nothing. Where there is no program the datapath thread keeps
// the same budget (`DatapathLoop+Budget`).

import AgentCore
import BPF
import LogicalFlow

final class MissBudgets {
    private struct Socket {
        let port: UpcallPort
        /// By which the program knows it; nil if it does not.
        var cookie: UInt64?
        var limit: ControlLimits.Limit?
        /// How many refused misses were told.
        var told: UInt64 = 0
    }

    private let programs: VIFPrograms
    /// By kernel port.
    private var sockets: [UInt32: Socket] = [:]
    /// Why a port's misses are not counted in the kernel, by kernel port.
    private(set) var failures: [UInt32: String] = [:]
    /// Refused misses that were not handed over yet, by kernel port.
    private var untold: [UInt32: UInt64] = [:]

    init(_ programs: VIFPrograms) { self.programs = programs }

    var programNumber: UInt32 { programs.missBudgetNumber }

    func change(_ changes: PortChanges) {
        for vport in changes.removed { remove(vport) }
        for port in changes.added {
            remove(port.vport)
            sockets[port.vport] = Socket(port: port)
        }
    }

    private func remove(_ vport: UInt32) {
        failures[vport] = nil
        collect(vport)
        if let cookie = sockets.removeValue(forKey: vport)?.cookie {
            programs.removeBudget(of: cookie)
        }
    }

    /// Gives these ports their budgets and takes those of all others.
    ///
    /// - Returns: the ports that have theirs in the kernel.
    func follow(_ limits: [UInt32: ControlLimits.Limit]) -> Set<UInt32> {
        var held: Set<UInt32> = []
        for (vport, socket) in sockets.sorted(by: { $0.key < $1.key }) {
            do throws(BPFError) {
                failures[vport] = nil
                if try follow(vport, socket, limits[vport]) { held.insert(vport) }
            } catch {
                failures[vport] = "\(error)"
                if let cookie = socket.cookie { programs.removeBudget(of: cookie) }
                sockets[vport]?.limit = nil
                sockets[vport]?.told = 0
            }
        }
        return held
    }

    private func follow(
        _ vport: UInt32, _ old: Socket, _ limit: ControlLimits.Limit?
    ) throws(BPFError) -> Bool {
        guard limit != old.limit else { return limit != nil }
        var socket = old
        if let limit {
            let cookie: UInt64
            if let known = socket.cookie {
                cookie = known
            } else {
                cookie = try programs.guardSocket(
                    socket.port.socket.rawDescriptor, named: socket.port.name)
            }
            socket.cookie = cookie
            try programs.setBudget(perSecond: limit.perSecond, burst: limit.burst, of: cookie)
        } else if let cookie = socket.cookie, socket.limit != nil {
            collect(vport)
            programs.removeBudget(of: cookie)
            socket.told = 0
        }
        socket.limit = limit
        sockets[vport] = socket
        return limit != nil
    }

    func budget(_ vport: UInt32) -> (limit: ControlLimits.Limit, counts: MissCounts)? {
        guard let socket = sockets[vport], let limit = socket.limit, let cookie = socket.cookie,
            let counts = programs.misses(of: cookie)
        else { return nil }
        return (limit, counts)
    }

    /// Misses beyond the budget since this was asked last, by kernel port.
    func takeRefused() -> [UInt32: UInt64] {
        for vport in sockets.keys { collect(vport) }
        defer { untold = [:] }
        return untold
    }

    private func collect(_ vport: UInt32) {
        guard let socket = sockets[vport], let cookie = socket.cookie,
            let refused = programs.misses(of: cookie)?.refused, refused > socket.told
        else { return }
        untold[vport, default: 0] += refused - socket.told
        sockets[vport]?.told = refused
    }
}
