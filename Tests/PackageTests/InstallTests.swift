import Testing

/// What Tools/install lays out, and whether systemd understands it.
struct InstallTests {
    @Test(.enabled(if: Repository.run("command -v systemd-analyze").status == 0))
    func systemdAcceptsTheUnits() {
        let result = Repository.run("Tools/lib/verify_units")
        #expect(result.status == 0)
        #expect(result.output == "", "every line is a complaint of systemd")
    }

    /// The check above sees a key that systemd doesn't know and a program that isn't installed.
    @Test(
        .enabled(if: Repository.run("command -v systemd-analyze").status == 0),
        arguments: [
            ("s/^Type=notify/Tpye=notify/", "Tpye"), ("s|/ovn-northd |/ovn-nrthd |", "ovn-nrthd"),
        ])
    func systemdComplainsOfABrokenUnit(edit: String, complaint: String) {
        let result = Repository.run(
            """
            copy=$(mktemp -d) && mkdir "$copy/Sources" &&
                cp -r Tools README.md LICENSE Docs "$copy" &&
                cp -r Sources/Schemas "$copy/Sources" &&
                sed -i '\(edit)' "$copy/Tools/systemd/swift-ovn-northd.service" &&
                "$copy/Tools/lib/verify_units"; rm -rf "$copy"
            """)
        #expect(result.output.contains(complaint), "\(result.output)")
    }

    @Test func everyDaemonIsWatched() {
        let units = Repository.files(under: "Tools/systemd", withSuffix: ".service")
        #expect(units.count >= 5)
        for unit in units {
            let lines = Repository.lines(of: unit)
            #expect(lines.contains("Type=notify"), "\(unit)")
            #expect(lines.contains { $0.hasPrefix("WatchdogSec=") }, "\(unit)")
            #expect(lines.contains { $0.hasPrefix("CapabilityBoundingSet=") }, "\(unit)")
            #expect(lines.contains("NoNewPrivileges=yes"), "\(unit)")
        }
    }

    /// The files are what ovsdb-tool needs; that they equal the published ones is for SchemasTests.
    @Test(.enabled(if: Repository.run("command -v ovsdb-tool").status == 0))
    func schemasMakeDatabases() {
        let result = Repository.run(
            """
            directory=$(mktemp -d) && Tools/write-schemas "$directory" &&
                for name in ovn-nb ovn-sb vswitch; do
                    ovsdb-tool create "$directory/$name.db" "$directory/$name.ovsschema" || exit
                done; status=$?; rm -rf "$directory"; exit $status
            """)
        #expect(result.status == 0, "\(result.output)")
    }
}
