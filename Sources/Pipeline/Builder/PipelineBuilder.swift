import LogicalFlow

// Compiles logical flows into snapshots, change by change.
//
// Problem: a chassis has up to millions of flows and sees small changes all the time. Property: after any
// sequence of edits, `commit` yields a snapshot that answers as one built from scratch would, at a cost
// that follows the change: a text is parsed once however many flows have it, a changed flow rebuilds one
// table of one stage of its datapath or group, a changed address set one set, a changed port the flows
// that name it.
//
// Edits only note what is to be done; `commit` does it in the order names, matches, tables.

/// One owner at a time; the snapshots may be used anywhere.
package final class PipelineBuilder {
    let names = NameRegistry()
    let matches = MatchRegistry()
    let programs = ProgramRegistry()
    var rules = RuleRegistry()
    var scopes = ScopeRegistry()
    /// Flows whose texts mention template variables, as they came.
    var templated: [RowIdentifier: FlowRecord] = [:]
    var variables: [String: String] = [:]
    /// Why flows aren't installed, for those that aren't.
    package internal(set) var problems: [RowIdentifier: String] = [:]
    private var revision: UInt64 = 0
    private let lineage = PipelineSnapshot.Lineage()
    private var history: [PipelineDelta] = []
    /// Matches that were compiled again, for tests of proportion.
    private(set) var recompilations = 0

    package init() {}

    /// The snapshot of all edits so far.
    package func commit() -> PipelineSnapshot {
        let changedNames = names.changedNames
        let dirty = matches.takeAffected(names)
        for match in dirty { recompile(match) }
        rules.note(touched: matches.touched(names))
        scopes.rebuild(names)
        revision += 1
        remember(rules.takeChanges(), changedNames)
        let parts = publish()
        rules.collect()
        names.collect()
        return PipelineSnapshot(
            revision: revision, parts, history: history, lineage: lineage)
    }

    private func publish() -> PipelineSnapshot.Parts {
        PipelineSnapshot.Parts(
            rules: rules.publish(), names: names.publishNames(),
            addressSets: names.withSets { $0.publish() },
            portGroups: names.withGroups { $0.publish() },
            memberships: names.withGroups { $0.publishMemberships() },
            scopes: scopes.publishScopes(),
            datapaths: scopes.publishDatapaths(), datapathIndexes: scopes.publishIndexes())
    }

    /// Nil for flows is too many of them: nothing is known of what was before.
    private func remember(_ flows: [Stage: [RuleChange]]?, _ changedNames: Set<UInt32>) {
        guard revision > 1, let flows else {
            history = []
            return
        }
        history.append(
            PipelineDelta(
                revision: revision, rules: flows, names: changedNames,
                datapaths: scopes.changedDatapaths))
        history.removeFirst(max(0, history.count - PipelineLimits.history))
    }
}

// MARK: - Flows

extension PipelineBuilder {
    /// Adds a flow, or replaces the one with its identifier.
    package func add(_ flow: FlowRecord) {
        remove(flow.id)
        switch expand(flow) {
        case .success(let expanded): install(expanded)
        case .failure(let problem): problems[flow.id] = problem.text
        }
    }

    package func remove(_ id: RowIdentifier) {
        problems[id] = nil
        templated[id] = nil
        guard let rule = rules.remove(id) else { return }
        matches.release(rule.match, by: rule.index, names)
        programs.release(rule.program, names)
        scopes.remove(rule)
    }

    private struct Problem: Error {
        let text: String
    }

    /// Whether any flow mentions a template variable.
    package var hasTemplates: Bool { !templated.isEmpty }

    /// Template variables that flows mention and that have no value, in order.
    package var missingVariables: [String] {
        Set(
            templated.values.flatMap {
                Template.variables(in: $0.match) + Template.variables(in: $0.actions)
            }.filter { variables[$0] == nil }
        ).sorted()
    }

    private func expand(_ flow: FlowRecord) -> Result<FlowRecord, Problem> {
        let used =
            Template.variables(in: flow.match) + Template.variables(in: flow.actions)
        guard !used.isEmpty else { return .success(flow) }
        templated[flow.id] = flow
        if let missing = used.first(where: { variables[$0] == nil }) {
            return .failure(Problem(text: "template variable \(missing) has no value"))
        }
        guard case .text(let match) = Template.expand(flow.match, variables),
            case .text(let actions) = Template.expand(flow.actions, variables)
        else { return .success(flow) }
        return .success(
            FlowRecord(
                id: flow.id, stage: flow.stage, priority: flow.priority, scope: flow.scope,
                match: match, actions: actions, translatesTransport: flow.translatesTransport,
                helper: flow.helper, controllerMeter: flow.controllerMeter))
    }

    private func install(_ flow: FlowRecord) {
        let program: ProgramRegistry.Entry
        do {
            program = try programs.retain(flow.program, names)
        } catch {
            problems[flow.id] = "error parsing actions \(quoted(flow.actions)): \(error)"
            return
        }
        let text = MatchText(
            text: flow.match, prerequisites: program.prerequisites,
            translatesTransport: flow.translatesTransport)
        let match: MatchRegistry.Entry
        do {
            match = try matches.retain(text, names)
        } catch {
            programs.release(program, names)
            problems[flow.id] = "error parsing match \(quoted(flow.match)): \(error)"
            return
        }
        let rule = rules.add(flow, match, program, scopes.index(of: flow.scope))
        scopes.retain(rule.scope)
        scopes.add(rule, match.compiled)
    }

    private func recompile(_ match: MatchRegistry.Entry) {
        let old = match.compiled
        matches.recompile(match, names)
        recompilations += 1
        for index in match.rules {
            guard let rule = rules[index] else { continue }
            rules.note(rule, was: old)
            scopes.remove(rule, old)
            scopes.add(rule, match.compiled)
        }
    }
}

// MARK: - Ports

extension PipelineBuilder {
    /// Adds a port, or replaces the one with its name.
    package func setPort(_ port: PortRecord) {
        let isNew = names.index(of: port.name).flatMap { names.names[Int($0)]?.port } == nil
        let index = names.retain(port.name)
        names.update(index) { $0.port = port }
        if !isNew { names.release(index) }
    }

    package func removePort(_ name: String) {
        guard let index = names.index(of: name), names.names[Int(index)]?.port != nil else {
            return
        }
        names.update(index) { $0.port = nil }
        names.release(index)
    }

    package func setMulticastGroup(_ name: String, in datapath: DatapathKey, key: UInt32) {
        let index = names.retain(name)
        let isNew = names.names[Int(index)]?.groups[datapath.value] == nil
        names.update(index) { $0.groups[datapath.value] = key }
        if !isNew { names.release(index) }
    }

    package func removeMulticastGroup(_ name: String, in datapath: DatapathKey) {
        guard let index = names.index(of: name),
            names.names[Int(index)]?.groups[datapath.value] != nil
        else { return }
        names.update(index) { $0.groups[datapath.value] = nil }
        names.release(index)
    }

    /// Sets the members of the Southbound row `name`, which is `<datapath key>_<group>`.
    package func setPortGroup(_ name: String, ports: Set<String>) {
        let old = Set(names.groups.members(name))
        updatePortGroup(name, adding: ports.subtracting(old), removing: old.subtracting(ports))
    }

    package func updatePortGroup(
        _ name: String, adding added: Set<String>, removing removed: Set<String>
    ) {
        let old = Set(names.groups.members(name))
        let new = added.subtracting(old)
        let gone = removed.intersection(old).subtracting(added)
        for port in new.sorted() {
            names.setMembership(names.retain(port), of: name, true)
        }
        names.withGroups { $0.update(name, adding: new, removing: gone, names) }
        for port in gone.sorted() { leave(name, port) }
    }

    package func removePortGroup(_ name: String) {
        let members = names.groups.members(name)
        names.withGroups { $0.remove(name) }
        for port in members.sorted() { leave(name, port) }
    }

    private func leave(_ group: String, _ port: String) {
        guard let index = names.index(of: port) else { return }
        names.setMembership(index, of: group, false)
        names.release(index)
    }
}

// MARK: - Sets, groups, variables

extension PipelineBuilder {
    /// Sets the members of an address set. Texts that are no constants are left out.
    package func setAddressSet(_ name: String, _ addresses: some Sequence<String>) {
        names.withSets { $0.set(name, Set(addresses.compactMap(Number.init(parsing:)))) }
    }

    package func updateAddressSet(
        _ name: String, adding added: some Sequence<String>,
        removing removed: some Sequence<String>
    ) {
        names.withSets {
            $0.update(
                name, adding: added.compactMap(Number.init(parsing:)),
                removing: removed.compactMap(Number.init(parsing:)))
        }
    }

    package func removeAddressSet(_ name: String) { names.withSets { $0.remove(name) } }

    /// Sets the members of a datapath group; without members it is gone.
    package func setDatapathGroup(_ id: RowIdentifier, _ members: Set<DatapathKey>) {
        scopes.setGroup(id, members)
    }

    /// Sets the values of the chassis' template variables.
    package func setTemplateVariables(_ new: [String: String]) {
        let changed = Set(variables.keys).union(new.keys).filter { variables[$0] != new[$0] }
        variables = new
        guard !changed.isEmpty else { return }
        for flow in templated.values.sorted(by: { $0.id < $1.id }) {
            let used =
                Template.variables(in: flow.match) + Template.variables(in: flow.actions)
            if used.contains(where: changed.contains) { add(flow) }
        }
    }
}

extension Number {
    /// A member of an address set: one numeric constant.
    fileprivate init?(parsing text: String) {
        let tokens = Lexer.tokens(of: text)
        guard tokens.count == 1, case .number(let number) = tokens[0] else { return nil }
        self = number
    }
}
