/// What the programs say about themselves.
package enum SoftwareVersion {
    package static let number = "0.1.0"

    /// The line of `--version` and of the control command `version`.
    package static func line(program: String) -> String {
        "\(program) (swift-ovn) \(number)"
    }
}
