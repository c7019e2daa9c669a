/// What northd and the agents of one release say of themselves.
package enum Release {
    /// `northd_internal_version`: release of the contract, schema, own revision. A chassis that is
    /// told to (`ovn-match-northd-version`) follows only a northd that says the same.
    package static let internalVersion = "26.03.90-\(SB.schema.version)-swift.1"
}
