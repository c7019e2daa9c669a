import CBPF
import Glibc
import Linux

/// What was made of a socket's misses.
package struct MissCounts: Hashable, Sendable {
    package var admitted: UInt64
    package var refused: UInt64
}

// How many misses a socket is told of. A port's misses go to a socket of its own, so that is the
// port's budget; packets of flows that the kernel has never come by.

extension VIFPrograms {
    /// Makes a socket ask the program. Until it has a budget everything passes.
    ///
    /// - Returns: the name by which budgets are given.
    package func guardSocket(_ descriptor: Int32, named name: String) throws(BPFError) -> UInt64 {
        var cookie: UInt64 = 0
        var size = socklen_t(MemoryLayout<UInt64>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 else {
            throw failure("name", name)
        }
        var program = missBudget
        let programSize = socklen_t(MemoryLayout<Int32>.size)
        guard setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_BPF, &program, programSize) == 0 else {
            throw failure("attach \(Self.missBudgetName) to", name)
        }
        return cookie
    }

    private func failure(_ operation: String, _ name: String) -> BPFError {
        BPFError(
            operation, place: "upcall socket of \(name)", code: ErrorCode(rawValue: errno))
    }

    /// Sets how many misses a socket is told of.
    ///
    /// - Parameters:
    ///   - perSecond: at least 1.
    ///   - burst: at once, at least 1.
    package func setBudget(
        perSecond: Int64, burst: Int64, of socket: UInt64
    ) throws(BPFError) {
        precondition(perSecond > 0 && burst > 0)
        var budget = budgets[socket] ?? vif_budget()
        budget.interval = max(1, 1_000_000_000 / UInt64(perSecond))
        budget.tolerance = budget.interval * UInt64(burst - 1)
        try budgets.set(socket, to: budget)
    }

    /// From now on the socket is told of every miss.
    package func removeBudget(of socket: UInt64) { budgets.remove(socket) }

    package func misses(of socket: UInt64) -> MissCounts? {
        budgets[socket].map { MissCounts(admitted: $0.admitted, refused: $0.refused) }
    }
}
