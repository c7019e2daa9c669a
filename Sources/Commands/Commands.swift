/// How a command-line program ends.
package struct CommandOutcome: Equatable, Sendable {
    package var output = ""
    package var errorOutput = ""
    package var status: Int32 = 0

    package init(output: String = "", errorOutput: String = "", status: Int32 = 0) {
        self.output = output
        self.errorOutput = errorOutput
        self.status = status
    }
}
