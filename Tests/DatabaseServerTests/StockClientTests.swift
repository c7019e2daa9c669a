import Glibc
import Linux
import Testing

/// Stock programs on our server.
@Suite(.enabled(if: Programs.haveStock, Programs.stockIsMissing))
struct StockClientTests {
    @Test func theCommandLinesWork() async throws {
        let server = try await ServerProcess.started(
            schemas: [
                Programs.northboundSchema, Programs.southboundSchema, Programs.switchSchema,
            ])
        try await server.nbctl("init")
        try await server.nbctl(
            "ls-add", "s1", "--", "lsp-add", "s1", "p1", "--", "lsp-set-addresses", "p1",
            "00:00:00:00:00:01 10.0.0.1")
        let shown = try await server.nbctl("show")
        #expect(shown.contains("port p1"))
        #expect(shown.contains("addresses: [\"00:00:00:00:00:01 10.0.0.1\"]"))
        try await output("ovn-sbctl", "--db=\(server.remote)", "init")
        try await output(
            "ovn-sbctl", "--db=\(server.remote)", "chassis-add", "hv1", "geneve", "192.0.2.1")
        let chassis = try await output("ovn-sbctl", "--db=\(server.remote)", "show")
        #expect(chassis.contains("Chassis hv1"))
        #expect(chassis.contains("ip: \"192.0.2.1\""))
        try await output("ovs-vsctl", "--db=\(server.remote)", "--no-wait", "init")
        try await output("ovs-vsctl", "--db=\(server.remote)", "--no-wait", "add-br", "br0")
        #expect(try await output("ovs-vsctl", "--db=\(server.remote)", "list-br") == "br0\n")
    }

    @Test func theDatabaseClientWorks() async throws {
        let server = try await ServerProcess.started()
        try await server.nbctl("ls-add", "s1")
        #expect(
            try await output("ovsdb-client", "list-dbs", server.remote)
                == "OVN_Northbound\n_Server\n")
        #expect(
            try await output(
                "ovsdb-client", "-f", "csv", "--no-headings", "dump", server.remote,
                "OVN_Northbound", "Logical_Switch", "name") == "Logical_Switch table\ns1\n")
        try await output(
            "ovsdb-client", "wait", server.remote, "OVN_Northbound", "connected")
        #expect(
            try await output(
                "ovsdb-client", "transact", server.remote,
                """
                ["OVN_Northbound", {"op": "select", "table": "Logical_Switch",
                 "where": [["name", "==", "s1"]], "columns": ["name"]}]
                """) == "[{\"rows\":[{\"name\":\"s1\"}]}]\n")
        #expect(
            try await output("ovsdb-client", "get-schema-version", server.remote)
                .split(separator: ".").count == 3)
        let backup = try await output(
            "ovsdb-client", "backup", server.remote, "OVN_Northbound")
        #expect(backup.hasPrefix("OVSDB JSON "))
    }

    @Test(arguments: [
        ("monitor", ""), ("monitor-cond", "'[[\"name\",\"!=\",\"hidden\"]]'"),
        ("monitor-cond-since", "00000000-0000-0000-0000-000000000000 '[]'"),
    ])
    func monitorsFollow(command: String, condition: String) async throws {
        let server = try await ServerProcess.started()
        try await server.nbctl("ls-add", "s1", "--", "ls-add", "hidden")
        let monitor = try BackgroundProgram(
            "ovsdb-client -f csv --no-headings \(command) \(server.remote) OVN_Northbound "
                + "\(condition) Logical_Switch name",
            in: server.directory, name: "monitor")
        try await wait(for: "the initial rows") { monitor.output.contains("initial,s1") }
        try await server.nbctl("ls-add", "s2")
        try await server.nbctl("set", "logical_switch", "s2", "name=s3")
        try await server.nbctl("ls-del", "s1")
        try await wait(for: "the deletion") { monitor.output.contains("delete,") }
        let text = monitor.output
        #expect(text.contains("insert,s2"))
        #expect(text.contains(command == "monitor" ? "new,s3" : "modify,s3"))
        #expect(text.contains("hidden") == !condition.contains("hidden"))
    }

    @Test func locksPassOn() async throws {
        let server = try await ServerProcess.started()
        var owner: BackgroundProgram? = try BackgroundProgram(
            "ovsdb-client lock \(server.remote) the_lock", in: server.directory, name: "owner")
        try await wait(for: "the lock") { owner?.output.contains("\"locked\":true") == true }
        let waiter = try BackgroundProgram(
            "ovsdb-client lock \(server.remote) the_lock", in: server.directory, name: "waiter")
        try await wait(for: "the refusal") { waiter.output.contains("\"locked\":false") }
        owner = nil
        try await wait(for: "the hand-over") { waiter.output.contains("locked\n[\"the_lock\"]") }
    }

    @Test(.enabled(if: access("/usr/bin/ovn-northd", X_OK) == 0, "ovn-central is not installed"))
    func northdRunsOnOurDatabases() async throws {
        let server = try await ServerProcess.started(
            schemas: [Programs.northboundSchema, Programs.southboundSchema])
        let northd = try BackgroundProgram(
            "exec ovn-northd --ovnnb-db=\(server.remote) --ovnsb-db=\(server.remote) "
                + "--unixctl=\(server.directory)/northd.ctl",
            in: server.directory, name: "northd")
        try await server.nbctl(
            "--wait=sb", "ls-add", "s1", "--", "lsp-add", "s1", "p1", "--", "lsp-set-addresses",
            "p1", "00:00:00:00:00:01 10.0.0.1")
        try await server.nbctl("--wait=sb", "sync")
        let flows = try await output("ovn-sbctl", "--db=\(server.remote)", "lflow-list", "s1")
        #expect(flows.contains("00:00:00:00:00:01"))
        let bindings = try await output(
            "ovn-sbctl", "--db=\(server.remote)", "--bare", "--columns=logical_port", "list",
            "Port_Binding")
        #expect(bindings == "p1\n")
        #expect(try await server.appctl("memory/show").contains("monitors:"))
        withExtendedLifetime(northd) {}
    }
}

/// The library that Neutron uses, out of a virtual environment beside the build.
@Suite(.serialized, .enabled(if: Programs.haveStock, Programs.stockIsMissing))
struct OVSDBAppTests {
    private static let script = """
        import sys
        from ovsdbapp.backend.ovs_idl import connection
        from ovsdbapp.schema.ovn_northbound import impl_idl
        idl = connection.OvsdbIdl.from_server(sys.argv[1], 'OVN_Northbound')
        api = impl_idl.OvnNbApiIdlImpl(connection.Connection(idl, timeout=20))
        with api.transaction(check_error=True) as txn:
            txn.add(api.ls_add('s1', external_ids={'k': 'v'}))
            txn.add(api.lsp_add('s1', 'p1'))
            txn.add(api.lsp_set_addresses('p1', ['00:00:00:00:00:01 10.0.0.1']))
        api.db_set('Logical_Switch', 's1', ('other_config', {'a': 'b'})).execute(check_error=True)
        api.db_remove('Logical_Switch', 's1', 'external_ids', 'k').execute(check_error=True)
        switch = api.ls_get('s1').execute(check_error=True)
        print(switch.name, switch.other_config, switch.external_ids, [p.name for p in switch.ports])
        api.ls_del('s1').execute(check_error=True)
        print(api.ls_list().execute(check_error=True))
        """

    @Test func neutronsLibraryWorks() async throws {
        guard let python = try await environment() else { return }
        let server = try await ServerProcess.started()
        let result = try await output(python, "-c", Self.script, server.remote)
        #expect(result == "s1 {'a': 'b'} {} ['p1']\n[]\n")
    }

    /// The interpreter of the environment; nil, with the reason printed, if there can be none.
    private func environment() async throws -> String? {
        let path = "\(Programs.directory)/ovsdbapp-environment"
        let python = "\(path)/bin/python3"
        let probe = [python, "-c", "import ovsdbapp"]
        if access(python, X_OK) == 0, try await run(probe).status == 0 { return python }
        let steps = [
            ["python3", "-m", "venv", path],
            [python, "-m", "pip", "install", "--quiet", "ovsdbapp"], probe,
        ]
        for step in steps {
            let child = try await run(["timeout", "240"] + step)
            if child.status == 0 { continue }
            print("skipped: \(step.joined(separator: " ")): \(child.output)")
            return nil
        }
        return python
    }
}
