// What recirculation numbers stand for, in a mapped file that outlives the process, so that the next
// run understands the flows behind connection tracking that it finds in the kernel.
//
// The file is a help, never a condition: without it, or with a bad one, the agent goes on as if there
// were none, and what it can't write now only the next run misses.

import AgentCore
import Linux

final class RecirculationFile {
    /// What an earlier run has left.
    struct Kept {
        var records: [RecirculationRecord] = []
        /// The last epoch of a run that has written the file; zero if there was none.
        var epoch: UInt32 = 0
    }

    let path: String
    private let header: RecirculationHeader
    /// Nil until it is opened, and if it can't be.
    private var file: SharedFile?
    private var ledger = RecirculationLedger()
    /// The file can't grow any more.
    private var isFull = false

    private static let longest = RecirculationRecord.offset(RecirculationLedger.Limits.records)

    init(_ path: String, place: RecirculationPlace) {
        self.path = path
        header = RecirculationHeader(place: place)
    }

    // MARK: - Of the run before

    /// Opens the file and reads it; a bad one is emptied.
    ///
    /// - Parameter newest: the last epoch of which the kernel has flows.
    /// - Parameter problem: hears what is wrong with the file, in one line.
    func open(flowsUntil newest: UInt32, problem: (String) -> Void) -> Kept {
        do throws(SystemError) {
            file = try SharedFile.open(path, limit: Self.longest)
            do throws(RecirculationFault) {
                if let found = try read(flowsUntil: newest) { return found }
            } catch {
                problem("\(path): \(error): flows behind connection tracking are made anew")
            }
            try create()
        } catch {
            file = nil
            problem("recirculation states are not kept for the next run: \(error)")
        }
        return Kept()
    }

    /// - Returns: nil if nothing was written yet.
    private func read(flowsUntil newest: UInt32) throws(RecirculationFault) -> Kept? {
        let capacity = try checkedCapacity()
        guard capacity > 0, let epoch = try header.epoch(of: bytes(at: 0), flowsUntil: newest)
        else { return nil }
        var kept = Kept(epoch: epoch)
        var taken: [UInt32: Int] = [:]
        for place in 0..<capacity {
            let bytes = bytes(at: RecirculationRecord.offset(place))
            guard let record = try RecirculationRecord.read(bytes, record: place) else { continue }
            guard taken.updateValue(place, forKey: record.number) == nil else {
                throw .twice(record: place)
            }
            kept.records.append(record)
        }
        ledger = RecirculationLedger(capacity: capacity, taken: taken)
        return kept
    }

    /// How many records the file has; zero if it is empty.
    private func checkedCapacity() throws(RecirculationFault) -> Int {
        guard let length = try? file?.length, length > 0 else { return 0 }
        guard length <= Self.longest else { throw .tooLong(bytes: length) }
        let capacity = length / RecirculationRecord.size - 1
        guard length % RecirculationRecord.size == 0, RecirculationLedger.allows(capacity) else {
            throw .cutShort(bytes: length)
        }
        return capacity
    }

    private func bytes(at offset: Int) -> [UInt8] {
        file?.bytes(at: offset, count: RecirculationRecord.size) ?? []
    }

    private func create() throws(SystemError) {
        ledger = RecirculationLedger()
        try file?.clear()
        try file?.grow(to: RecirculationRecord.offset(RecirculationLedger.Limits.first))
        ledger.grow(to: RecirculationLedger.Limits.first)
        file?.write(header.bytes, at: 0)
    }

    // MARK: - Of this run

    /// Takes the file over: from now on it has what this run writes.
    ///
    /// - Parameter numbers: those of the states that stay.
    func begin(epoch: UInt32, keeping numbers: Set<UInt32>) {
        for number in ledger.numbers where !numbers.contains(number) { forget(number) }
        file?.publish(RecirculationRecord.mark(epoch), at: RecirculationHeader.epochOffset)
    }

    /// Writes a state; when this returns, it outlives the process.
    func keep(_ record: RecirculationRecord, problem: (String) -> Void) {
        guard file != nil, let bytes = record.bytes, let place = place(for: record.number, problem)
        else { return }
        let offset = RecirculationRecord.offset(place)
        file?.write(bytes, at: offset)
        file?.publish(RecirculationRecord.mark(record.number), at: offset)
    }

    func forget(_ number: UInt32) {
        guard let place = ledger.release(number) else { return }
        file?.publish(0, at: RecirculationRecord.offset(place))
    }

    private func place(for number: UInt32, _ problem: (String) -> Void) -> Int? {
        if let place = ledger.take(for: number) { return place }
        guard !isFull, let capacity = ledger.larger else { return nil }
        do {
            try file?.grow(to: RecirculationRecord.offset(capacity))
        } catch {
            isFull = true
            problem("recirculation states of new flows are not kept for the next run: \(error)")
            return nil
        }
        ledger.grow(to: capacity)
        return ledger.take(for: number)
    }
}

extension AgentConfiguration {
    /// Where a run finds what the recirculation numbers of the run before stand for.
    var recirculationPath: String {
        "\(options.directories.run)/\(options.program).recirculations"
    }
}
