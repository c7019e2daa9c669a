import Glibc
import Testing

/// The guest kernel has what every other kernel suite takes for granted.
@Suite(.serialized, .enabled(if: getenv("OVN_VM") != nil))
struct KernelRigTests {
    @Test(arguments: ["openvswitch", "vport-geneve", "geneve", "nf_conntrack", "act_ct", "cls_bpf"])
    func moduleLoads(_ module: String) {
        let result = Repository.run("modprobe \(module)")
        #expect(result.status == 0, "\(result.output)")
    }

    @Test func networkNamespacesWork() {
        let result = Repository.run("ip netns add rig && ip netns exec rig true; ip netns del rig")
        #expect(result.status == 0, "\(result.output)")
    }
}
