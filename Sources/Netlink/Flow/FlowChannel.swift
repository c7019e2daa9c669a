import CLinux
import Datapath
import Glibc
import Linux

// Flows and packets of one datapath, many in one system call. The kernel handles the messages of
// a datagram in order, within the call that sends it, and answers an error to any message but a
// success only where it is asked for. So only the last message of a batch asks; when its answer
// is there, every other one has been done or refused.

/// Puts, deletes, lists flows and executes packets. One owner, a thread may have its own.
package struct FlowChannel: ~Copyable {
    /// How much goes into one system call.
    package enum Limits {
        package static let batchOperations = 64
        /// Below the kernel's default for a datagram (net.core.wmem_default, 212992).
        static let batchBytes = 196_608
        static let datagramBytes = 65536
    }

    package let datapath: KernelDatapath
    private let families: DatapathFamilies
    private var socket: MessageSocket
    private let request: MessageBuffer
    private let answer: MessageBuffer
    private let encoder = OperationEncoder()
    private let decoder = FlowDecoder()
    private var sequence: UInt32 = 0

    /// Opens a channel in the network namespace of the calling thread, which must be the one that
    /// the datapath is in, as must be that of whoever uses it.
    package static func open(
        _ datapath: KernelDatapath, _ families: DatapathFamilies
    ) throws(NetlinkError) -> FlowChannel {
        let socket = try MessageSocket.open(protocolNumber: NETLINK_GENERIC)
        return FlowChannel(datapath: datapath, families: families, socket: socket)
    }

    private init(
        datapath: KernelDatapath, families: DatapathFamilies, socket: consuming MessageSocket
    ) {
        self.datapath = datapath
        self.families = families
        self.socket = socket
        request = MessageBuffer(count: Limits.batchBytes)
        answer = MessageBuffer(count: Limits.datagramBytes)
    }

    /// Does the operations in order and tells what became of each, at the same place.
    ///
    /// When an exchange breaks, the outcome of what it was about and was not answered is unknown
    /// (`FlowOutcome.isUnknown`), and so is that of what comes behind, which is not tried any more.
    /// Nothing is sent twice.
    package mutating func perform(_ operations: [FlowOperation]) -> [FlowOutcome] {
        var outcomes = [FlowOutcome](repeating: FlowOutcome(), count: operations.count)
        var next = 0
        while next < operations.count {
            do throws(NetlinkError) {
                next = try performBatch(operations, from: next, &outcomes)
            } catch {
                for index in next..<operations.count where outcomes[index] == FlowOutcome() {
                    outcomes[index].failure = error.cause
                }
                break
            }
        }
        return outcomes
    }

    /// Sends as many operations as fit and returns where to go on.
    private mutating func performBatch(
        _ operations: [FlowOperation], from start: Int, _ outcomes: inout [FlowOutcome]
    ) throws(NetlinkError) -> Int {
        var writer = MessageWriter(request.memory)
        let firstSequence = sequence &+ 1
        var offsets: [(index: Int, offset: Int)] = []
        var index = start
        while index < operations.count, offsets.count < Limits.batchOperations {
            let offset = writer.used
            let number = firstSequence &+ UInt32(offsets.count)
            if let obstacle = operations[index].obstacle {
                outcomes[index].failure = obstacle
            } else if encode(operations[index], number, &writer) {
                offsets.append((index, offset))
            } else if offsets.isEmpty {
                outcomes[index].failure = .tooLarge
            } else {
                break
            }
            index += 1
        }
        guard let last = offsets.last else { return index }
        writer.addFlag(NLM_F_ACK, toMessageAt: last.offset)
        sequence = firstSequence &+ UInt32(offsets.count - 1)
        try exchange("flow batch", writer.bytes) { message, decoder in
            let position = Int(message.sequence &- firstSequence)
            guard position < offsets.count else { return }
            outcomes[offsets[position].index].take(message, decoder)
        }
        return index
    }

    private func encode(
        _ operation: FlowOperation, _ number: UInt32, _ writer: inout MessageWriter
    ) -> Bool {
        encoder.encode(
            operation, families: families, datapathIndex: datapath.index, sequence: number,
            into: &writer)
    }

    /// Sends and hands over every answer up to the one to the last message.
    ///
    /// The kernel handles the messages within `send`, whose failure (ENOBUFS: no memory for the
    /// datagram) means that it has none of them; a signal can't end it halfway. What `receive` fails
    /// with (ENOBUFS: an answer found no room or no memory) means that they are done or refused, and
    /// nobody hears which.
    private mutating func exchange(
        _ operation: String, _ bytes: UnsafeRawBufferPointer,
        _ onAnswer: (MessageView, borrowing FlowDecoder) -> Void
    ) throws(NetlinkError) {
        do throws(SystemError) {
            try socket.send(bytes)
            while let datagram = try socket.receive(into: answer.memory) {
                for message in MessageReader(datagram) {
                    onAnswer(message, decoder)
                    let ends = message.type == NLMSG_ERROR || message.type == NLMSG_DONE
                    if ends, message.sequence == sequence { return }
                }
            }
            throw SystemError("receive", code: .tryAgain)
        } catch {
            renew()
            throw NetlinkError(operation, place: datapath.name, from: error)
        }
    }

    /// After a broken exchange answers may still come, and the kernel goes on with a list and refuses
    /// another one meanwhile: a new socket has nothing of that. Without one the old one stays, which
    /// passes over what answers other requests.
    private mutating func renew() {
        do throws(NetlinkError) {
            socket = try MessageSocket.open(protocolNumber: NETLINK_GENERIC)
        } catch {}
    }
}

extension FlowOutcome {
    fileprivate mutating func take(_ message: MessageView, _ decoder: borrowing FlowDecoder) {
        if message.type == UInt16(NLMSG_ERROR) {
            guard let answer = Acknowledgement(message) else {
                failure = .malformed("acknowledgement too short")
                return
            }
            if answer.code != 0 {
                failure = .refused(ErrorCode(rawValue: answer.code), text: answer.text)
            }
        } else {
            statistics = decoder.decode(message)?.statistics
        }
    }
}

// MARK: - Lists

extension FlowChannel {
    /// How much of each flow a list tells.
    package enum Detail: Sendable {
        case whole
        /// The identifier and the counters. A flow without identifier comes with its key.
        case terse
    }

    /// Hands over every flow of the datapath. Flows that are put or deleted meanwhile may be told
    /// twice or not at all.
    package mutating func forEachFlow(
        _ detail: Detail = .whole, _ body: (FlowRecord) -> Void
    ) throws(NetlinkError) {
        var writer = MessageWriter(request.memory)
        beginRequest(&writer, OVS_FLOW_CMD_GET, NLM_F_DUMP)
        if detail == .terse {
            let omitted =
                OVS_UFID_F_OMIT_KEY | OVS_UFID_F_OMIT_MASK | OVS_UFID_F_OMIT_ACTIONS
            writer.put(Int(OVS_FLOW_ATTR_UFID_FLAGS.rawValue), UInt32(omitted))
        }
        try finish("flow list", &writer) { message, decoder in
            if let record = decoder.decode(message) { body(record) }
        }
    }

    /// The flow with this identifier, or nil.
    package mutating func flow(
        _ id: FlowID
    ) throws(NetlinkError) -> FlowRecord? {
        var writer = MessageWriter(request.memory)
        beginRequest(&writer, OVS_FLOW_CMD_GET, NLM_F_ACK)
        id.put(into: &writer)
        var found: FlowRecord?
        do {
            try finish("flow get", &writer) { message, decoder in
                found = decoder.decode(message)
            }
        } catch {
            if error.code == .noSuchEntry { return nil }
            throw error
        }
        return found
    }

    /// Deletes every flow of the datapath.
    package mutating func deleteAllFlows() throws(NetlinkError) {
        var writer = MessageWriter(request.memory)
        beginRequest(&writer, OVS_FLOW_CMD_DEL, NLM_F_ACK)
        try finish("flow delete all", &writer) { _, _ in }
    }

    private mutating func beginRequest(
        _ writer: inout MessageWriter, _ command: ovs_flow_cmd, _ flags: Int32
    ) {
        sequence &+= 1
        _ = writer.begin(type: families.flow, flags: NLM_F_REQUEST | flags, sequence: sequence)
        writer.putDatapathHeader(
            command: UInt8(command.rawValue), version: UInt8(OVS_FLOW_VERSION),
            datapathIndex: datapath.index)
    }

    private mutating func finish(
        _ operation: String, _ writer: inout MessageWriter,
        _ onFlow: (MessageView, borrowing FlowDecoder) -> Void
    ) throws(NetlinkError) {
        guard writer.end() else {
            throw NetlinkError(operation, place: datapath.name, cause: .tooLarge)
        }
        let current = sequence
        let family = families.flow
        var failure: NetlinkError.Cause?
        try exchange(operation, writer.bytes) { message, decoder in
            guard message.sequence == current else { return }
            if message.type == family {
                onFlow(message, decoder)
            } else {
                failure = message.failure
            }
        }
        if let failure { throw NetlinkError(operation, place: datapath.name, cause: failure) }
    }
}

extension MessageView {
    /// The refusal in an NLMSG_ERROR, or in an NLMSG_DONE of a list that broke off.
    fileprivate var failure: NetlinkError.Cause? {
        if type == UInt16(NLMSG_DONE) {
            let code = payload.count >= 4 ? payload.loadUnaligned(as: Int32.self) : 0
            return code < 0 ? .refused(ErrorCode(rawValue: -(code + 1) + 1), text: "") : nil
        }
        guard type == UInt16(NLMSG_ERROR) else { return nil }
        guard let answer = Acknowledgement(self) else { return .malformed("too short") }
        return answer.code == 0
            ? nil : .refused(ErrorCode(rawValue: answer.code), text: answer.text)
    }
}
