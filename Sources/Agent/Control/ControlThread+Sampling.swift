import AgentCore

extension ControlThread {
    /// Who gets samples: told to the exporters at once, to the flows with the next snapshot.
    func followSampling(_ system: LocalSystem) {
        let pass = SamplingPass(
            system, local.replica, kernelWithoutLocalSamples: releaseWithoutLocalSamples)
        stand(.sampling, pass.problems)
        collectorSets = pass.sets
        let wanted = SamplingConfiguration(
            exporters: pass.exporters,
            interfaces: pass.exporters.isEmpty ? [:] : driver.sampledInterfaces)
        guard wanted != sampling else { return }
        sampling = wanted
        sampler.configure(wanted)
    }
}
