import Linux

/// How an agent was started.
package struct AgentConfiguration: Sendable {
    /// The local Open_vSwitch database, a connection method.
    package var database: String
    /// The `-n` option.
    package var chassisName: String?
    package var options: DaemonOptions

    package init(database: String, chassisName: String?, options: DaemonOptions) {
        self.database = database
        self.chassisName = chassisName
        self.options = options
    }

    /// Where a run finds what the recirculation numbers of the run before stand for.
    package var recirculationPath: String {
        "\(options.directories.run)/\(options.program).recirculations"
    }
}
